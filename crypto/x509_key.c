/* SPDX-License-Identifier: ISC */
/*
 * x509_key.c - keys that certificates are made of: made, read, written, and
 * what they sign.
 */
#include <string.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include "x509_impl.h"

static const uint8_t rsa_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                  0x0d, 0x01, 0x01, 0x01};
static const uint8_t ec_oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t p256_oid[] = {0x2a, 0x86, 0x48, 0xce,
                                   0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384_oid[] = {0x2b, 0x81, 0x04, 0x00, 0x22};

/* AlgorithmIdentifiers: RSA (PKCS#1 v1.5) and ECDSA with SHA-256, ECDSA with
 * SHA-384. */
static const uint8_t rsa_sha256[] = {0x30, 0x0d, 0x06, 0x09, 0x2a,
                                     0x86, 0x48, 0x86, 0xf7, 0x0d,
                                     0x01, 0x01, 0x0b, 0x05, 0x00};
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t ecdsa_sha384[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x03};
/* DigestInfo up to the hash (RFC 8017 9.2). */
static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                      0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                      0x01, 0x05, 0x00, 0x04, 0x20};

struct bench *bench_open(struct mspan work)
{
    struct bench *b = (struct bench *)(void *)work.p;

    ASSERT(work.n >= X509_WORK_BYTES && (uintptr_t)work.p % 16 == 0);
    memset(b, 0, sizeof(*b));
    crypto_mem_init(
        &b->mem, (struct mspan){work.p + sizeof(*b), work.n - sizeof(*b)}, 1);
    return wc_InitRng_ex(&b->rng, &b->mem, INVALID_DEVID) == 0 ? b : NULL;
}

static void forget(struct x509_key *k)
{
    if (k->is_set && k->is_rsa)
        wc_FreeRsaKey(&k->rsa);
    else if (k->is_set)
        wc_ecc_free(&k->ecc);
}

void bench_close(struct bench *b, struct mspan work)
{
    if (b) {
        forget(&b->key);
        forget(&b->signer);
    }
    crypto_wipe(work.p, work.n);
}

static bool start(struct bench *b, struct x509_key *k, bool rsa)
{
    forget(k);
    k->is_rsa = rsa;
    k->is_set = true;
    return (rsa ? wc_InitRsaKey_ex(&k->rsa, &b->mem, INVALID_DEVID)
                : wc_ecc_init_ex(&k->ecc, &b->mem, INVALID_DEVID)) == 0;
}

const char *key_make(struct bench *b, struct x509_key *k,
                     enum x509_algorithm algorithm)
{
    bool rsa = algorithm != X509_P256;
    int bits = algorithm == X509_RSA2048   ? 2048
               : algorithm == X509_RSA3072 ? 3072
                                           : 4096;

    if (start(b, k, rsa) &&
        (rsa ? wc_MakeRsaKey(&k->rsa, bits, WC_RSA_EXPONENT, &b->rng)
             : wc_ecc_make_key_ex(&b->rng, 32, &k->ecc, ECC_SECP256R1)) == 0)
        return NULL;
    return "a key cannot be made";
}

bool key_from(struct bench *b, struct x509_key *k, const uint8_t secret[32])
{
    return start(b, k, false) &&
           wc_ecc_import_private_key_ex(secret, 32, NULL, 0, &k->ecc,
                                        ECC_SECP256R1) == 0 &&
           wc_ecc_make_pub_ex(&k->ecc, NULL, &b->rng) == 0 &&
           wc_ecc_check_key(&k->ecc) == 0;
}

/* Its public half is worked out, not believed. */
const char *key_read(struct bench *b, struct x509_key *k, struct span der)
{
    word32 at = 0;

    if (start(b, k, false) &&
        wc_EccPrivateKeyDecode(der.p, &at, &k->ecc, (word32)der.n) == 0)
        return wc_ecc_make_pub_ex(&k->ecc, NULL, &b->rng) == 0 &&
                       (k->ecc.dp->size == 32 || k->ecc.dp->size == 48)
                   ? NULL
                   : "the private key is of no curve that is spoken here";
    at = 0;
    if (start(b, k, true) &&
        wc_RsaPrivateKeyDecode(der.p, &at, &k->rsa, (word32)der.n) == 0)
        return wc_RsaEncryptSize(&k->rsa) >= 256 &&
                       wc_RsaEncryptSize(&k->rsa) <= 512
                   ? NULL
                   : "the private key of RSA has not 2048 to 4096 bits";
    return "the private key cannot be read";
}

static void put_number(struct der_out *d, const mp_int *n)
{
    uint8_t bytes[X509_SIGNATURE_BYTES];
    int count = mp_unsigned_bin_size(n);

    if (count > (int)sizeof(bytes) ||
        mp_to_unsigned_bin_len(n, bytes, count) != 0)
        d->full = true;
    else
        der_put_integer(d, bytes, (size_t)count);
    crypto_wipe(bytes, sizeof(bytes));
}

static size_t write_rsa(RsaKey *k, struct mspan out)
{
    const mp_int *n[] = {&k->u, &k->dQ, &k->dP, &k->q,
                         &k->p, &k->d,  &k->e,  &k->n};
    struct der_out d = der_out(out);

    for (unsigned i = 0; i < ARRAY_LEN(n); i++)
        put_number(&d, n[i]);
    der_put_integer(&d, (const uint8_t *)"", 1);
    der_wrap(&d, DER_SEQUENCE, d.total);
    return der_end(&d);
}

static void put_curve(struct der_out *d, const ecc_key *k)
{
    if (k->dp->size == 32)
        der_put(d, DER_OID, p256_oid, sizeof(p256_oid));
    else
        der_put(d, DER_OID, p384_oid, sizeof(p384_oid));
}

size_t key_write(struct x509_key *k, struct mspan out)
{
    uint8_t secret[MAX_ECC_BYTES];
    struct der_out d = der_out(out);
    word32 n = sizeof(secret);
    size_t end = d.at;

    if (k->is_rsa)
        return write_rsa(&k->rsa, out);
    put_curve(&d, &k->ecc);
    der_wrap(&d, DER_CONTEXT_OF, end);
    if (wc_ecc_export_private_only(&k->ecc, secret, &n) != 0)
        return 0;
    der_put(&d, DER_OCTETS, secret, n);
    der_put_integer(&d, (const uint8_t *)"\1", 1);
    der_wrap(&d, DER_SEQUENCE, end);
    crypto_wipe(secret, sizeof(secret));
    return der_end(&d);
}

size_t key_public(struct x509_key *k, struct mspan out)
{
    struct der_out d = der_out(out);
    uint8_t point[1 + 2 * MAX_ECC_BYTES];
    word32 n = sizeof(point);
    size_t end = d.at;

    if (k->is_rsa) {
        put_number(&d, &k->rsa.e);
        put_number(&d, &k->rsa.n);
        der_wrap(&d, DER_SEQUENCE, end);
    } else {
        if (wc_ecc_export_x963(&k->ecc, point, &n) != 0)
            return 0;
        der_raw(&d, point, n);
    }
    der_raw(&d, "", 1); /* no unused bits */
    der_wrap(&d, DER_BITS, end);
    end = d.at;
    if (k->is_rsa) {
        der_put(&d, 0x05, NULL, 0);
        der_put(&d, DER_OID, rsa_oid, sizeof(rsa_oid));
    } else {
        put_curve(&d, &k->ecc);
        der_put(&d, DER_OID, ec_oid, sizeof(ec_oid));
    }
    der_wrap(&d, DER_SEQUENCE, end);
    der_wrap(&d, DER_SEQUENCE, d.total);
    return der_end(&d);
}

struct span key_algorithm(const struct x509_key *k)
{
    if (k->is_rsa)
        return (struct span){rsa_sha256, sizeof(rsa_sha256)};
    return k->ecc.dp->size == 32
               ? (struct span){ecdsa_sha256, sizeof(ecdsa_sha256)}
               : (struct span){ecdsa_sha384, sizeof(ecdsa_sha384)};
}

size_t key_sign(struct bench *b, struct x509_key *k, struct span message,
                uint8_t out[X509_SIGNATURE_BYTES])
{
    bool wide = !k->is_rsa && k->ecc.dp->size == 48;
    uint8_t info[sizeof(sha256_info) + X509_HASH_BYTES];
    uint8_t *hash = info + sizeof(sha256_info);
    word32 n = X509_SIGNATURE_BYTES;
    int signature;

    memcpy(info, sha256_info, sizeof(sha256_info));
    if ((wide ? wc_Sha384Hash(message.p, (word32)message.n, hash)
              : wc_Sha256Hash(message.p, (word32)message.n, hash)) != 0)
        return 0;
    if (!k->is_rsa)
        return wc_ecc_sign_hash(hash, wide ? 48 : 32, out, &n, &b->rng,
                                &k->ecc) == 0
                   ? n
                   : 0;
    wc_RsaSetRNG(&k->rsa, &b->rng);
    signature = wc_RsaSSL_Sign(info, sizeof(sha256_info) + 32, out, n, &k->rsa,
                               &b->rng);
    return signature > 0 ? (size_t)signature : 0;
}
