/* SPDX-License-Identifier: ISC */
/*
 * ca.h - a CA and the certificates below it, made at boot or given, and made
 * anew before they end.
 */
#ifndef PINATA_CA_H
#define PINATA_CA_H

#include <billet/loop.h>
#include <billet/x509.h>

enum { CA_PEM_BYTES = 4096, GIVEN_BYTES = 16384, SIDES = 3 };

struct authority {
    enum x509_algorithm algorithm; /* of the keys that are made */
    struct x509_pair pair;         /* its key is wiped unless it was given */
    struct x509_pair leaf[SIDES];  /* only while they are made */
    /* As PEM: the present one, and the one before, which may be lent. */
    char pem[2][CA_PEM_BYTES];
    size_t pem_n[2];
    unsigned now; /* which of the two */
    bool given, given_leaf[SIDES];
    uint64_t life_s, renew_at_s, end_s; /* since 1970 */
    struct timer timer;
    struct mspan work; /* X509_WORK_BYTES */
    const char *name;  /* of the servers */
    const char *about; /* what is wrong, if something is */
    char *text;        /* GIVEN_BYTES, what is read; wiped after */
};

#endif
