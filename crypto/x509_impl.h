/* SPDX-License-Identifier: ISC */
/*
 * x509_impl.h - what the files share that make keys and certificates.
 */
#ifndef CRYPTO_X509_IMPL_H
#define CRYPTO_X509_IMPL_H

#include <billet/x509.h>
#include <wolfssl/internal.h>

#include "der.h"
#include "mem.h"

enum { X509_SPKI_BYTES = 640, X509_TBS_BYTES = 3072, X509_HASH_BYTES = 48 };

struct x509_key {
    bool is_rsa, is_set;
    union {
        ecc_key ecc;
        RsaKey rsa;
    };
};

/* What one call needs; all of it is in `work`, and wiped at its end. */
struct bench {
    struct crypto_mem mem;
    WC_RNG rng;
    struct x509_key key, signer;
    uint8_t spki[X509_SPKI_BYTES], tbs[X509_TBS_BYTES];
    uint8_t signature[X509_SIGNATURE_BYTES];
};

/* NULL: no randomness. */
struct bench *bench_open(struct mspan work);
void bench_close(struct bench *, struct mspan work);

const char *key_make(struct bench *, struct x509_key *, enum x509_algorithm);
/* PKCS#8, PKCS#1 and SEC1. */
const char *key_read(struct bench *, struct x509_key *, struct span der);
/* P-256, made of this secret number; false: it is none of the curve. */
bool key_from(struct bench *, struct x509_key *, const uint8_t secret[32]);
/* As PKCS#1 or SEC1; 0: it does not fit. */
size_t key_write(struct x509_key *, struct mspan out);
/* SubjectPublicKeyInfo. */
size_t key_public(struct x509_key *, struct mspan out);
/* AlgorithmIdentifier of its signatures. */
struct span key_algorithm(const struct x509_key *);
/* As certificates have it; 0: it cannot. */
size_t key_sign(struct bench *, struct x509_key *, struct span message,
                uint8_t out[X509_SIGNATURE_BYTES]);

/* Where a certificate has what. */
struct x509_parts {
    struct der tbs, serial, issuer, dates, subject, key, extensions;
};
bool x509_parts(struct span cert, struct x509_parts *);
/* extnValue of one of them. */
bool x509_extension(const struct x509_parts *, const uint8_t *oid, size_t n,
                    struct der *out);

#endif
