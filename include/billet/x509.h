/* SPDX-License-Identifier: ISC */
/*
 * x509.h - keys, certificates and signatures of one's own making: a CA, servers
 * and clients, requests for another CA, and what ACME wants signed.
 *
 * Keys are ECDSA's on P-256 or RSA's, DER of SEC1 or PKCS#1, as tls_new() takes
 * them.  Each call works in memory that the caller lends, and leaves nothing of
 * a key there.
 */
#ifndef BILLET_X509_H
#define BILLET_X509_H

#include <billet/base.h>

enum x509_kind { X509_CA, X509_SERVER, X509_CLIENT };

/* RSA keys take long to be made: seconds, with 4096 bits, in which nothing else
 * happens. */
enum x509_algorithm { X509_P256, X509_RSA2048, X509_RSA3072, X509_RSA4096 };

enum {
    X509_CERT_BYTES = 2048,
    X509_KEY_BYTES = 2432, /* RSA-4096's; P-256: 55 */
    X509_NAMES_MAX = 16,
    X509_NAME_BYTES = 253, /* of each; beyond: refused */
    X509_COMMON_BYTES = 64,
    X509_DAYS_MAX = 36500,
    X509_SIGNATURE_BYTES = 512,
    X509_ES256_BYTES = 64,
    X509_DIGEST_BYTES = 32,
    X509_ED25519_BYTES = 32,
    X509_WORK_BYTES = 96 << 10
};

/* DER.  Wipe it with x509_wipe() when others have copies. */
struct x509_pair {
    uint8_t cert[X509_CERT_BYTES], key[X509_KEY_BYTES];
    size_t cert_n, key_n; /* 0: there is none */
};

struct x509_wish {
    enum x509_kind kind;
    enum x509_algorithm algorithm; /* of a new key */
    const char *common;
    const char *names[X509_NAMES_MAX]; /* DNS names, or addresses */
    unsigned nnames;
    uint32_t days;  /* valid from a day ago, for clocks differ */
    int64_t life_s; /* from now on, instead of days; 0: so many days */
    int64_t now_s;  /* since 1970; must be known */
    const struct x509_pair *issuer; /* NULL: its own */
    const struct x509_pair *key;    /* this one's key; NULL: a new one */
    /* SHA-256 of an ACME key authorization: the certificate answers its
     * tls-alpn-01 challenge (RFC 8737), see tls_challenge(); NULL: it does
     * not. */
    const uint8_t *challenge;
};

/* `work` is X509_WORK_BYTES of memory, aligned to 16, wiped at the end.  These
 * return NULL, or why not in words. */
const char *x509_make(struct x509_pair *out, const struct x509_wish *,
                      struct mspan work);
/* The first certificate of a PEM text, or DER of one, and its private key; no
 * key when that text is empty. */
const char *x509_read(struct x509_pair *out, struct span cert, struct span key,
                      struct mspan work);
/* A key without a certificate: a new one... */
const char *x509_key(struct x509_pair *out, enum x509_algorithm,
                     struct mspan work);
/* ...or one of P-256 that is always the same for a seed, which must be as hard
 * to guess as the key is to be. */
const char *x509_key_of(struct x509_pair *out, struct span seed,
                        struct mspan work);
/* A request for a certificate (PKCS#10), DER, without a subject: names and
 * addresses stand beside it, as RFC 8555 7.4 allows. */
const char *x509_request(struct mspan out, size_t *n, const struct x509_pair *,
                         const char *const *names, unsigned nnames,
                         struct mspan work);

/* ECDSA on P-256 with SHA-256, r and s of 32 bytes each: ES256 (RFC 7518
 * 3.4). */
const char *x509_sign(const struct x509_pair *, struct span message,
                      uint8_t out[X509_ES256_BYTES], struct mspan work);
/* By the public key that x509_point() gives. */
bool x509_verify(const uint8_t point[X509_ES256_BYTES], struct span message,
                 const uint8_t signature[X509_ES256_BYTES], struct mspan work);
/* Ed25519 (RFC 8032), by a public key. */
bool x509_verify_ed25519(const uint8_t key[X509_ED25519_BYTES],
                         struct span message,
                         const uint8_t signature[2 * X509_ED25519_BYTES],
                         struct mspan work);
/* That key, of a text: PEM, or base64 of SubjectPublicKeyInfo (RFC 8410) or of
 * its bytes alone.  False: it is none. */
bool x509_ed25519_key(uint8_t out[X509_ED25519_BYTES], struct span text);
/* x and y of the public key, of 32 bytes each. */
const char *x509_point(const struct x509_pair *, uint8_t out[X509_ES256_BYTES],
                       struct mspan work);
/* SubjectPublicKeyInfo of its key, DER; 0: it does not fit, or is no key. */
size_t x509_public(const struct x509_pair *, struct mspan out,
                   struct mspan work);
/* A signature as openssl has it: Ecdsa-Sig-Value (RFC 3279 2.2.3), DER; its
 * length. */
size_t x509_sign_der(uint8_t out[72], const uint8_t raw[X509_ES256_BYTES]);
/* SHA-256: of a certificate, what people compare. */
void x509_digest(uint8_t out[X509_DIGEST_BYTES], struct span);

/* The certificate as PEM; 0: `out` is too small. */
size_t x509_pem(const struct x509_pair *, struct mspan out);
/* DER as PEM: "PRIVATE KEY", "CERTIFICATE REQUEST". */
size_t x509_pem_of(const char *label, struct span der, struct mspan out);
/* What a certificate says of itself. */
struct x509_facts {
    int64_t from_s, until_s;           /* valid, since 1970 */
    uint8_t serial[20], authority[32]; /* the key of its issuer, by name */
    size_t serial_n, authority_n;      /* 0: it has none, or one too long */
};
/* DER of a certificate, or the first of a PEM text; false: it is none. */
bool x509_facts(struct span cert, struct x509_facts *, struct mspan work);
void x509_wipe(struct x509_pair *);

#endif
