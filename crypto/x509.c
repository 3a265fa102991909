/* SPDX-License-Identifier: ISC */
/*
 * x509.c - certificates made here, by wolfSSL's writer.
 */
#include <base/civil.h>
#include <base/fmt.h>
#include <billet/x509.h>
#include <string.h>
#include <wolfssl/internal.h>

#include "mem.h"

/* What one call needs; all of it in `work`. */
struct bench {
    struct crypto_mem mem;
    WC_RNG rng;
    ecc_key key, signer;
    Cert cert;
};

static struct bench *set_up(struct mspan work)
{
    struct bench *b = (struct bench *)(void *)work.p;

    ASSERT(work.n >= X509_WORK_BYTES && (uintptr_t)work.p % 16 == 0);
    memset(b, 0, sizeof(*b));
    crypto_mem_init(
        &b->mem, (struct mspan){work.p + sizeof(*b), work.n - sizeof(*b)}, 1);
    return b;
}

/* UTCTime until 2049, GeneralizedTime from then on (RFC 5280 4.1.2.5). */
static int write_date(byte *out, int64_t unix_s)
{
    uint64_t s = unix_s > 0 ? (uint64_t)unix_s : 0;
    struct civil c = civil_of(s / CIVIL_DAY);
    unsigned day_s = (unsigned)(s % CIVIL_DAY);
    char text[20];
    bool utc = c.year < 2050;
    size_t n =
        fmt(text, sizeof(text), "%04u%02u%02u%02u%02u%02uZ", (unsigned)c.year,
            c.month, c.day, day_s / 3600, day_s / 60 % 60, day_s % 60);

    out[0] = utc ? ASN_UTC_TIME : ASN_GENERALIZED_TIME;
    out[1] = (byte)(utc ? n - 2 : n);
    memcpy(out + 2, utc ? text + 2 : text, out[1]);
    return out[1] + 2;
}

static bool write_names(Cert *cert, const struct x509_wish *w)
{
    size_t at = 0;

    for (unsigned i = 0; i < w->nnames; i++) {
        size_t n = strlen(w->names[i]);

        if (n > 100 || at + n + 4 > 120)
            return false;
        cert->altNames[2 + at++] = ASN_CONTEXT_SPECIFIC | ASN_DNS_TYPE;
        cert->altNames[2 + at++] = (byte)n;
        memcpy(cert->altNames + 2 + at, w->names[i], n);
        at += n;
    }
    if (at == 0)
        return true;
    cert->altNames[0] = ASN_SEQUENCE | ASN_CONSTRUCTED;
    cert->altNames[1] = (byte)at;
    cert->altNamesSz = (int)at + 2;
    return true;
}

/* The issuer's key has the name that its own certificate gives it; wolfSSL
 * would make one up from the key. */
static void set_issuer_key(Cert *cert, const struct x509_pair *issuer)
{
    static const uint8_t id[] = {0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04};
    const uint8_t *p = issuer->cert;

    for (size_t i = 0; i + sizeof(id) + 3 < issuer->cert_n; i++) {
        const uint8_t *value = p + i + sizeof(id);

        if (memcmp(p + i, id, sizeof(id)) != 0)
            continue;
        if (value[1] != 0x04 || value[2] + 2 != value[0] || value[2] > 32 ||
            i + sizeof(id) + 3 + value[2] > issuer->cert_n)
            return;
        memcpy(cert->akid, value + 3, value[2]);
        cert->akidSz = value[2];
        return;
    }
}

static const char *fill(struct bench *b, const struct x509_wish *w)
{
    Cert *cert = &b->cert;
    int err = wc_InitCert_ex(cert, &b->mem, INVALID_DEVID);

    if (strlen(w->common) >= CTC_NAME_SIZE || !write_names(cert, w))
        return "a name is too long";
    memcpy(cert->subject.commonName, w->common, strlen(w->common) + 1);
    cert->sigType = CTC_SHA256wECDSA;
    cert->basicConstSet = 1;
    cert->basicConstCrit = 1;
    cert->isCA = w->kind == X509_CA;
    cert->pathLenSet = w->kind == X509_CA;
    cert->pathLen = 0;
    cert->beforeDateSz = write_date(cert->beforeDate, w->now_s - CIVIL_DAY);
    cert->afterDateSz = write_date(
        cert->afterDate,
        w->now_s + (w->life_s ? w->life_s : (int64_t)w->days * CIVIL_DAY));
    err |= wc_SetKeyUsage(cert, w->kind == X509_CA ? "keyCertSign,cRLSign"
                                                   : "digitalSignature");
    if (w->kind != X509_CA)
        err |= wc_SetExtKeyUsage(cert, w->kind == X509_SERVER ? "serverAuth"
                                                              : "clientAuth");
    err |= wc_SetSubjectKeyIdFromPublicKey_ex(cert, ECC_TYPE, &b->key);
    if (w->issuer) {
        cert->selfSigned = 0;
        err |=
            wc_SetIssuerBuffer(cert, w->issuer->cert, (int)w->issuer->cert_n);
        set_issuer_key(cert, w->issuer);
    }
    return err ? "the certificate cannot be written" : NULL;
}

static const char *sign(struct bench *b, struct x509_pair *out,
                        const struct x509_wish *w)
{
    int n = wc_MakeCert_ex(&b->cert, out->cert, sizeof(out->cert), ECC_TYPE,
                           &b->key, &b->rng);

    if (n > 0)
        n = wc_SignCert_ex(b->cert.bodySz, CTC_SHA256wECDSA, out->cert,
                           sizeof(out->cert), ECC_TYPE,
                           w->issuer ? &b->signer : &b->key, &b->rng);
    if (n <= 0)
        return "the certificate cannot be signed";
    out->cert_n = (size_t)n;
    n = wc_EccKeyToDer(&b->key, out->key, sizeof(out->key));
    if (n <= 0)
        return "the key cannot be written";
    out->key_n = (size_t)n;
    return NULL;
}

const char *x509_make(struct x509_pair *out, const struct x509_wish *w,
                      struct mspan work)
{
    struct bench *b = set_up(work);
    const char *why = "the key cannot be made";
    word32 at = 0;

    *out = (struct x509_pair){0};
    if (wc_InitRng_ex(&b->rng, &b->mem, INVALID_DEVID) == 0 &&
        wc_ecc_init_ex(&b->key, &b->mem, INVALID_DEVID) == 0 &&
        wc_ecc_init_ex(&b->signer, &b->mem, INVALID_DEVID) == 0 &&
        wc_ecc_make_key_ex(&b->rng, 32, &b->key, ECC_SECP256R1) == 0 &&
        (!w->issuer || wc_EccPrivateKeyDecode(w->issuer->key, &at, &b->signer,
                                              (word32)w->issuer->key_n) == 0) &&
        (!w->issuer || wc_ecc_make_pub_ex(&b->signer, NULL, &b->rng) == 0)) {
        why = fill(b, w);
        if (!why)
            why = sign(b, out, w);
    }
    crypto_wipe(work.p, work.n);
    if (why)
        x509_wipe(out);
    return why;
}

static size_t from_pem(struct bench *b, struct span text, int type,
                       struct mspan out)
{
    EncryptedInfo info = {0};
    DerBuffer *der = NULL;
    size_t n = 0;

    if (PemToDer(text.p, (long)text.n, type, &der, &b->mem, &info, NULL) == 0 &&
        der->length <= out.n) {
        n = der->length;
        memcpy(out.p, der->buffer, n);
    }
    FreeDer(&der);
    return n;
}

const char *x509_read(struct x509_pair *out, struct span cert, struct span key,
                      struct mspan work)
{
    struct bench *b = set_up(work);

    out->cert_n = from_pem(b, cert, CERT_TYPE,
                           (struct mspan){out->cert, sizeof(out->cert)});
    out->key_n = 0;
    if (key.n)
        out->key_n = from_pem(b, key, PRIVATEKEY_TYPE,
                              (struct mspan){out->key, sizeof(out->key)});
    crypto_wipe(work.p, work.n);
    return out->cert_n && (out->key_n || !key.n) ? NULL : "it cannot be read";
}

size_t x509_pem(const struct x509_pair *p, struct mspan out, struct mspan work)
{
    int n;

    set_up(work);
    n = wc_DerToPem(p->cert, (word32)p->cert_n, out.p, (word32)out.n,
                    CERT_TYPE);
    return n > 0 ? (size_t)n : 0;
}

void x509_wipe(struct x509_pair *p)
{
    crypto_wipe(p, sizeof(*p));
}

void x509_digest(uint8_t out[X509_DIGEST_BYTES], struct span cert,
                 struct mspan work)
{
    struct bench *b = set_up(work);

    _Static_assert((int)X509_DIGEST_BYTES == (int)WC_SHA256_DIGEST_SIZE,
                   "SHA-256");
    if (wc_Sha256Hash_ex(cert.p, (word32)cert.n, out, &b->mem, INVALID_DEVID) !=
        0)
        memset(out, 0, X509_DIGEST_BYTES);
    crypto_wipe(work.p, work.n);
}
