/* SPDX-License-Identifier: ISC */
/*
 * x509_raw.c - keys and signatures without certificates, and how they are
 * written.
 */
#include <string.h>

#include <wolfssl/wolfcrypt/ed25519.h>

#include "pem.h"
#include "x509_impl.h"

enum { HALF = X509_ES256_BYTES / 2 };

static const char *read_key(struct bench *b, const struct x509_pair *p,
                            bool p256)
{
    const char *why;

    if (!b)
        return "no random numbers";
    if ((why = key_read(b, &b->key, (struct span){p->key, p->key_n})))
        return why;
    return p256 && (b->key.is_rsa || b->key.ecc.dp->size != HALF)
               ? "the key is not of P-256"
               : NULL;
}

const char *x509_key(struct x509_pair *out, enum x509_algorithm algorithm,
                     struct mspan work)
{
    struct bench *b = bench_open(work);
    const char *why = b ? key_make(b, &b->key, algorithm) : "no random numbers";

    x509_wipe(out);
    if (!why && !(out->key_n = key_write(
                      &b->key, (struct mspan){out->key, sizeof(out->key)})))
        why = "a key cannot be written";
    bench_close(b, work);
    return why;
}

/* The first hash of the seed and a count that is a number of the curve: nearly
 * always the first. */
static const char *derive(struct bench *b, struct x509_pair *out,
                          struct span seed)
{
    static const char what[] = "Billet P-256 key";
    wc_Sha256 hash;

    for (uint8_t count = 0; count < 8; count++) {
        uint8_t secret[WC_SHA256_DIGEST_SIZE];
        bool good =
            wc_InitSha256(&hash) == 0 &&
            wc_Sha256Update(&hash, (const byte *)what, sizeof(what)) == 0 &&
            wc_Sha256Update(&hash, &count, 1) == 0 &&
            wc_Sha256Update(&hash, seed.p, (word32)seed.n) == 0 &&
            wc_Sha256Final(&hash, secret) == 0 && key_from(b, &b->key, secret);

        wc_Sha256Free(&hash);
        crypto_wipe(&hash, sizeof(hash));
        crypto_wipe(secret, sizeof(secret));
        if (good)
            out->key_n =
                key_write(&b->key, (struct mspan){out->key, sizeof(out->key)});
        if (out->key_n)
            return NULL;
    }
    return "a key cannot be made";
}

const char *x509_key_of(struct x509_pair *out, struct span seed,
                        struct mspan work)
{
    struct bench *b = bench_open(work);
    const char *why;

    x509_wipe(out);
    why = b ? derive(b, out, seed) : "no random numbers";
    bench_close(b, work);
    return why;
}

const char *x509_sign(const struct x509_pair *p, struct span message,
                      uint8_t out[X509_ES256_BYTES], struct mspan work)
{
    struct bench *b = bench_open(work);
    const char *why = read_key(b, p, true);
    word32 r = HALF, s = HALF;
    size_t n;

    if (!why && (!(n = key_sign(b, &b->key, message, b->signature)) ||
                 wc_ecc_sig_to_rs(b->signature, (word32)n, out, &r, out + HALF,
                                  &s) != 0))
        why = "the message cannot be signed";
    /* from the right, for a half may be shorter */
    if (!why) {
        memmove(out + X509_ES256_BYTES - s, out + HALF, s);
        memset(out + HALF, 0, HALF - s);
        memmove(out + HALF - r, out, r);
        memset(out, 0, HALF - r);
    }
    bench_close(b, work);
    return why;
}

static bool verify(struct bench *b, const uint8_t *point, struct span message,
                   const uint8_t *signature)
{
    uint8_t x963[1 + X509_ES256_BYTES] = {4};
    uint8_t hash[WC_SHA256_DIGEST_SIZE], der[72];
    ecc_key *key = &b->key.ecc;
    int good = 0;
    size_t n = x509_sign_der(der, signature);

    memcpy(x963 + 1, point, X509_ES256_BYTES);
    if (wc_ecc_init_ex(key, &b->mem, INVALID_DEVID) != 0)
        return false;
    b->key.is_set = true;
    x509_digest(hash, message);
    return n &&
           wc_ecc_import_x963_ex(x963, sizeof(x963), key, ECC_SECP256R1) == 0 &&
           wc_ecc_check_key(key) == 0 &&
           wc_ecc_verify_hash(der, (word32)n, hash, sizeof(hash), &good, key) ==
               0 &&
           good;
}

bool x509_verify(const uint8_t point[X509_ES256_BYTES], struct span message,
                 const uint8_t signature[X509_ES256_BYTES], struct mspan work)
{
    struct bench *b = bench_open(work);
    bool good = b && verify(b, point, message, signature);

    bench_close(b, work);
    return good;
}

bool x509_ed25519_key(uint8_t out[X509_ED25519_BYTES], struct span text)
{
    static const uint8_t spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    uint8_t der[128];
    struct pem pem;
    size_t at = 0, n;

    if (!pem_next(text, &at, &pem))
        pem = (struct pem){.text = text};
    else if (!pem_is(&pem, "PUBLIC KEY"))
        return false;
    n = pem.text.n <= sizeof(der) ? pem_bytes(&pem, der) : 0;
    if (n == sizeof(spki) + X509_ED25519_BYTES &&
        memcmp(der, spki, sizeof(spki)) == 0)
        memcpy(out, der + sizeof(spki), X509_ED25519_BYTES);
    else if (n == X509_ED25519_BYTES)
        memcpy(out, der, X509_ED25519_BYTES);
    else
        return false;
    return true;
}

bool x509_verify_ed25519(const uint8_t key[X509_ED25519_BYTES],
                         struct span message,
                         const uint8_t signature[2 * X509_ED25519_BYTES],
                         struct mspan work)
{
    struct bench *b = bench_open(work);
    ed25519_key k;
    int good = 0;

    if (!b || wc_ed25519_init_ex(&k, &b->mem, INVALID_DEVID) != 0) {
        bench_close(b, work);
        return false;
    }
    if (wc_ed25519_import_public(key, ED25519_PUB_KEY_SIZE, &k) != 0 ||
        wc_ed25519_verify_msg(signature, ED25519_SIG_SIZE, message.p,
                              (word32)message.n, &good, &k) != 0)
        good = 0;
    wc_ed25519_free(&k);
    bench_close(b, work);
    return good == 1;
}

const char *x509_point(const struct x509_pair *p, uint8_t out[X509_ES256_BYTES],
                       struct mspan work)
{
    struct bench *b = bench_open(work);
    const char *why = read_key(b, p, true);
    word32 x = HALF, y = HALF;

    if (!why &&
        wc_ecc_export_public_raw(&b->key.ecc, out, &x, out + HALF, &y) != 0)
        why = "the key cannot be read";
    bench_close(b, work);
    return why;
}

size_t x509_public(const struct x509_pair *p, struct mspan out,
                   struct mspan work)
{
    struct bench *b = bench_open(work);
    size_t n = read_key(b, p, false) ? 0 : key_public(&b->key, out);

    bench_close(b, work);
    return n;
}

size_t x509_sign_der(uint8_t out[72], const uint8_t raw[X509_ES256_BYTES])
{
    struct der_out d = der_out((struct mspan){out, 72});

    der_put_integer(&d, raw + HALF, HALF);
    der_put_integer(&d, raw, HALF);
    der_wrap(&d, DER_SEQUENCE, d.total);
    return der_end(&d);
}

void x509_digest(uint8_t out[32], struct span in)
{
    wc_Sha256 sha; /* wc_Sha256Hash() takes memory, of nobody's */

    wc_InitSha256_ex(&sha, NULL, INVALID_DEVID);
    wc_Sha256Update(&sha, in.p, (word32)in.n);
    wc_Sha256Final(&sha, out);
    wc_Sha256Free(&sha);
}

size_t x509_pem(const struct x509_pair *p, struct mspan out)
{
    return pem_write(out, "CERTIFICATE", (struct span){p->cert, p->cert_n});
}

size_t x509_pem_of(const char *label, struct span der, struct mspan out)
{
    return pem_write(out, label, der);
}

void x509_wipe(struct x509_pair *p)
{
    crypto_wipe(p, sizeof(*p));
}
