/* SPDX-License-Identifier: ISC */
/*
 * pem.h - PEM (RFC 7468), and what of it is a certificate or a private key.
 */
#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

#include <billet/base.h>

/* Between its marks; text around them is of no concern. */
struct pem {
    struct span label, text;
};

/* The next one from `*at` on, which moves behind it.  False: there is none. */
bool pem_next(struct span text, size_t *at, struct pem *out);
bool pem_is(const struct pem *, const char *label);
/* Bytes of it at `out`, which has room for pem->text.n * 3 / 4; 0: they are no
 * base64, or there are headers. */
size_t pem_bytes(const struct pem *, uint8_t *out);
/* 0: there is no room. */
size_t pem_write(struct mspan out, const char *label, struct span der);

/* Whether it begins as DER does. */
bool pem_is_der(struct span text);
/* DER of the certificates in PEM, one after the other, or of the one in DER; at
 * most `most`.  `room` has text.n bytes at least.  NULL, or why not. */
const char *pem_chain(struct span text, unsigned most, uint8_t *room,
                      struct mspan *out);
/* DER of a private key: PKCS#8, PKCS#1 or SEC1. */
const char *pem_key(struct span text, uint8_t *room, struct mspan *out);

#endif
