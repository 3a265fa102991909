/* SPDX-License-Identifier: ISC */
/*
 * path_impl.h - what the files of path validation share.
 */
#ifndef CRYPTO_PATH_IMPL_H
#define CRYPTO_PATH_IMPL_H

#include <wolfssl/internal.h>

#include "path.h"

/* RFC 8446 6. */
enum {
    ALERT_BAD_CERTIFICATE = 42,
    ALERT_UNSUPPORTED_CERTIFICATE = 43,
    ALERT_CERTIFICATE_REVOKED = 44,
    ALERT_CERTIFICATE_EXPIRED = 45,
    ALERT_UNKNOWN_CA = 48,
    ALERT_INTERNAL_ERROR = 80,
    ALERT_BAD_STATUS_RESPONSE = 113
};

/* NULL: it cannot be read, or there is no memory; path_forget() it. */
DecodedCert *path_read(struct crypto_mem *, struct span der);
void path_forget(DecodedCert *); /* NULL is nothing */
/* Whether it is valid at that time. */
struct path_answer path_dates(const DecodedCert *, int64_t now_s);
/* Whether `by` has signed so; the algorithm as wolfSSL has it. */
bool path_signed(struct crypto_mem *, const DecodedCert *by, struct span body,
                 struct span signature, word32 algorithm);

/* Whether the names of `cert` are within what its issuer's certificate, or one
 * further up, fences in (RFC 5280 4.2.1.10). */
bool path_within(const DecodedCert *issuer, const DecodedCert *cert);
/* RFC 9525: its alternative names only; `host` is a name or an address. */
bool path_has_host(const DecodedCert *, const char *host);

#endif
