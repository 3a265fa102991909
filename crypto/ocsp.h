/* SPDX-License-Identifier: ISC */
/*
 * ocsp.h - whether a stapled answer (RFC 6960) says that a certificate is good.
 */
#ifndef CRYPTO_OCSP_H
#define CRYPTO_OCSP_H

#include "path.h"

enum {
    OCSP_BYTES_MAX = 8192, /* of an answer; beyond: refused */
    OCSP_CERTS_MAX = 3,    /* of responders in it; the rest is not looked at */
    OCSP_SKEW_S = 300,     /* clocks differ */
    OCSP_AGE_S = 7 * 86400 /* of one that does not say how long it holds */
};

struct ocsp_question {
    struct span answer, cert, issuer; /* DER */
    int64_t now_s;                    /* since 1970 */
};

/* As path_check(): what to tell the peer. */
struct path_answer ocsp_check(const struct ocsp_question *,
                              struct crypto_mem *);
/* RFC 7633: a certificate that is nothing without a staple. */
bool ocsp_must_staple(struct span cert);

#endif
