/* SPDX-License-Identifier: ISC */
/*
 * x509.h - certificates of one's own making: a CA, servers and clients, with
 * ECDSA keys on P-256.
 */
#ifndef BILLET_X509_H
#define BILLET_X509_H

#include <billet/base.h>

enum x509_kind { X509_CA, X509_SERVER, X509_CLIENT };

enum {
    X509_CERT_BYTES = 1024,
    X509_KEY_BYTES = 192,
    X509_NAMES_MAX = 8,
    X509_DIGEST_BYTES = 32,
    X509_WORK_BYTES = 64 << 10
};

/* DER.  Wipe it with x509_wipe() when others have copies. */
struct x509_pair {
    uint8_t cert[X509_CERT_BYTES], key[X509_KEY_BYTES];
    size_t cert_n, key_n;
};

struct x509_wish {
    enum x509_kind kind;
    const char *common;
    const char *names[X509_NAMES_MAX]; /* DNS names that a server has */
    unsigned nnames;
    uint32_t days;  /* valid from a day ago, for clocks differ */
    int64_t life_s; /* from now on; 0: so many days */
    int64_t now_s; /* since 1970; must be known */
    const struct x509_pair *issuer; /* NULL: its own */
};

/* `work` is X509_WORK_BYTES of memory, wiped at the end.  NULL, or why not. */
const char *x509_make(struct x509_pair *out, const struct x509_wish *,
                      struct mspan work);
/* The first certificate of a PEM text, and a PEM key of such a kind; no key
 * when that text is empty. */
const char *x509_read(struct x509_pair *out, struct span cert, struct span key,
                      struct mspan work);
/* The certificate as PEM; 0: `out` is too small. */
size_t x509_pem(const struct x509_pair *, struct mspan out, struct mspan work);
void x509_wipe(struct x509_pair *);
/* SHA-256 of a certificate, DER: what people compare. */
void x509_digest(uint8_t out[X509_DIGEST_BYTES], struct span cert,
                 struct mspan work);

#endif
