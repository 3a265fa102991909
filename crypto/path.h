/* SPDX-License-Identifier: ISC */
/*
 * path.h - whether a peer's certificates lead to one that is trusted, by RFC
 * 5280 section 6, and are good for what they are used for here.
 *
 * Nothing is kept from one call to the next: what one peer has shown is of no
 * use to another.
 */
#ifndef CRYPTO_PATH_H
#define CRYPTO_PATH_H

#include <billet/base.h>

#include "mem.h"

enum {
    PATH_CERTS_MAX = 6,    /* from the leaf to the one below a root */
    PATH_ANCHORS_MAX = 256 /* beyond: the trust cannot be read */
};

/* A root: its DER, and the hash of its name, to find it by. */
struct path_anchor {
    struct span der;
    uint8_t name[32];
};

struct path_trust {
    struct path_anchor *anchors;
    unsigned n;
};

/* PEM with any number of certificates, or DER of one.  Copies them into `mem`.
 * NULL, or what is wrong. */
const char *path_trust_read(struct path_trust *, struct crypto_mem *,
                            struct span);
void path_trust_free(struct path_trust *);

struct path_question {
    const struct path_trust *trust;
    const char *host; /* name or address the leaf must have; NULL: any */
    bool server;      /* it is a server's certificate, else a client's */
    int64_t now_s;    /* since 1970 */
};

/* What to tell the peer, and the log. */
struct path_answer {
    uint8_t alert; /* RFC 8446 6; 0: it is good */
    const char *why;
    struct span issuer; /* of the first one, when it is good: in the trust, or
                         * among what was shown; empty: trusted itself */
};

/* Whether such a certificate is for `host`, by its alternative names. */
bool path_is_for(struct crypto_mem *, struct span der, const char *host);

/* Whether such a private key, DER, is that of the certificate. */
bool path_has_key(struct crypto_mem *, struct span der, struct span key);

struct path_answer path_check(const struct path_question *, struct crypto_mem *,
                              const struct span *certs, unsigned n);

#endif
