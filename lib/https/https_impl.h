/* SPDX-License-Identifier: ISC */
/*
 * https_impl.h - what the files of lib/https share.
 */
#ifndef HTTPS_IMPL_H
#define HTTPS_IMPL_H

#include <billet/https.h>
#include <billet/tls.h>
#include <billet/x509.h>

enum {
    PEM_BYTES = 16 << 10, /* of a chain, or of a key; beyond: refused */
    CERT_DAYS = 365,      /* of one made here; made anew at two thirds */
    HSTS_BYTES = 64
};

/* Where a certificate and its key come from. */
struct identity {
    struct env *env;
    bool from_keys, from_files; /* neither: it is made */
    uint64_t renew_s;     /* of one made here, seconds since 1970; 0: never */
    uint8_t *chain, *key; /* PEM_BYTES each; wiped after each use */
    struct mspan work;    /* for x509_make() */
    struct x509_pair pair;
};

struct https {
    struct env *env;
    struct http *http;
    struct http2 *http2;
    struct tls *tls; /* NULL: without */
    struct identity identity;
    unsigned certificates, /* how many there are */
        replacing;         /* which of them, from 0 */
    struct timer timer;
    uint64_t asked_again; /* of machine_hangups(), seen */
    char hsts[HSTS_BYTES];
};

/* Bytes of the arena for it. */
size_t identity_bytes(void);
/* Finds out which of the sources it is.  False, and the log says why, when
 * they make no sense. */
bool identity_start(struct identity *, struct env *);
/* Reads, or makes, what `use` is then called with.  NULL, or what is wrong. */
const char *identity_with(struct identity *,
                          const char *(*use)(void *user,
                                             const struct tls_identity *),
                          void *user);
/* The `n`th one of the owner's, from 2 to TLS_IDENTITIES_MAX: the files
 * `tls-cert-n` and `tls-key-n`.  *found: whether there is any of the two. */
const char *identity_more(struct identity *, unsigned n, bool *found,
                          const char *(*use)(void *user,
                                             const struct tls_identity *),
                          void *user);

/* Base64 (RFC 4648 4 or 5), blanks and padding left out of account, in place
 * of `text`.  0: it is none, or longer than `out`. */
size_t identity_base64(const char *text, struct mspan out);

#endif
