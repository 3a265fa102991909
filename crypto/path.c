/* SPDX-License-Identifier: ISC */
/*
 * path.c - path validation, RFC 5280 section 6; names are in path_names.c.
 *
 * wolfSSL reads certificates and verifies signatures.  Its own validation
 * keeps what it has seen, in memory without a bound, and looks at the fences
 * of the direct issuer only, so that is not used.
 */
#include <string.h>

#include "der.h"
#include "path_impl.h"
#include "pem.h"

enum {
    RSA_LEAST_BITS = 2048,
    RSA_MOST_BITS = 4096,
    SIGNATURES_MAX = 12 /* verified for one peer; beyond: unknown CA */
};

/* Certificates as read, the leaf first; the path goes from path[0], the leaf,
 * to path[depth - 1], the root. */
struct walk {
    const struct path_question *q;
    struct crypto_mem *mem;
    DecodedCert *cert[PATH_CERTS_MAX + 1];
    DecodedCert *path[PATH_CERTS_MAX + 1];
    unsigned n, depth, signatures;
};

static const struct path_answer good = {0};

static struct path_answer no(uint8_t code, const char *why)
{
    return (struct path_answer){.alert = code, .why = why};
}

DecodedCert *path_read(struct crypto_mem *mem, struct span der)
{
    DecodedCert *c = crypto_mem_get(mem, sizeof(*c));
    int answer;

    if (!c)
        return NULL;
    wc_InitDecodedCert(c, der.p, (word32)der.n, mem);
    answer = ParseCert(c, CERT_TYPE, NO_VERIFY, NULL);
    /* an unknown critical extension is its own error, told later */
    if (answer == 0 || answer == WC_NO_ERR_TRACE(ASN_CRIT_EXT_E))
        return c;
    wc_FreeDecodedCert(c);
    crypto_mem_put(c);
    return NULL;
}

void path_forget(DecodedCert *c)
{
    if (!c)
        return;
    wc_FreeDecodedCert(c);
    crypto_mem_put(c);
}

bool path_is_for(struct crypto_mem *mem, struct span der, const char *host)
{
    DecodedCert *c = path_read(mem, der);
    bool is = c && path_has_host(c, host);

    path_forget(c);
    return is;
}

bool path_has_key(struct crypto_mem *mem, struct span der, struct span key)
{
    DecodedCert *c = path_read(mem, der);
    bool is = c && wc_CheckPrivateKeyCert(key.p, (word32)key.n, c, 0, mem) == 1;

    path_forget(c);
    return is;
}

static bool same_der(const DecodedCert *c, struct span der)
{
    return c->maxIdx == der.n && memcmp(c->source, der.p, der.n) == 0;
}

/* Named as the issuer, and not of another key by its own words. */
static bool may_be_issuer(const DecodedCert *c, const DecodedCert *issuer)
{
    if (memcmp(c->issuerHash, issuer->subjectHash, KEYID_SIZE) != 0)
        return false;
    return !c->extAuthKeyIdSet || !issuer->extSubjKeyIdSet ||
           memcmp(c->extAuthKeyId, issuer->extSubjKeyId, KEYID_SIZE) == 0;
}

static bool signed_by(struct walk *w, const DecodedCert *c,
                      const DecodedCert *issuer)
{
    SignatureCtx ctx;
    int answer;

    if (w->signatures++ >= SIGNATURES_MAX)
        return false;
    InitSignatureCtx(&ctx, w->mem, INVALID_DEVID);
    answer = ConfirmSignature(
        &ctx, c->source + c->certBegin, c->sigIndex - c->certBegin,
        issuer->publicKey, issuer->pubKeySize, issuer->keyOID, c->signature,
        c->sigLength, c->signatureOID, c->source + c->sigParamsIndex,
        c->sigParamsLength, NULL);
    FreeSignatureCtx(&ctx);
    return answer == 0;
}

bool path_signed(struct crypto_mem *mem, const DecodedCert *by,
                 struct span body, struct span signature, word32 algorithm)
{
    SignatureCtx ctx;
    int answer;

    InitSignatureCtx(&ctx, mem, INVALID_DEVID);
    answer = ConfirmSignature(&ctx, body.p, (word32)body.n, by->publicKey,
                              by->pubKeySize, by->keyOID, signature.p,
                              (word32)signature.n, algorithm, NULL, 0, NULL);
    FreeSignatureCtx(&ctx);
    return answer == 0;
}

/* ECDSA and RSA with SHA-2, and Ed25519: nothing that can be forged today. */
static bool signature_is_modern(word32 oid)
{
    switch (oid) {
    case CTC_SHA256wRSA:
    case CTC_SHA384wRSA:
    case CTC_SHA512wRSA:
    case CTC_RSASSAPSS:
    case CTC_SHA256wECDSA:
    case CTC_SHA384wECDSA:
    case CTC_SHA512wECDSA:
    case CTC_ED25519:
        return true;
    default:
        return false;
    }
}

static struct path_answer bad_signature(const DecodedCert *c)
{
    return no(ALERT_BAD_CERTIFICATE,
              signature_is_modern(c->signatureOID)
                  ? "a signature is wrong"
                  : "a certificate is signed with SHA-1, or in a way unknown");
}

static unsigned rsa_bits(const DecodedCert *c)
{
    const byte *modulus;
    word32 at = 0, n = 0, e = 0;
    const byte *exponent;

    if (wc_RsaPublicKeyDecode_ex(c->publicKey, &at, c->pubKeySize, &modulus, &n,
                                 &exponent, &e) != 0)
        return 0;
    while (n && *modulus == 0) {
        modulus++;
        n--;
    }
    return n ? 8 * n - (unsigned)__builtin_clz(*modulus) + 24 : 0;
}

static const char *key_fault(const DecodedCert *c)
{
    unsigned bits;

    switch (c->keyOID) {
    case RSAk:
    case RSAPSSk:
        bits = rsa_bits(c);
        if (bits < RSA_LEAST_BITS)
            return "a key of RSA has less than 2048 bits";
        return bits > RSA_MOST_BITS ? "a key of RSA has more than 4096 bits"
                                    : NULL;
    case ECDSAk:
        return c->pkCurveOID == ECC_SECP256R1_OID ||
                       c->pkCurveOID == ECC_SECP384R1_OID
                   ? NULL
                   : "a key is of a curve that is not P-256 or P-384";
    case ED25519k:
        return NULL;
    default:
        return "a key is of an unknown kind";
    }
}

static bool date_of(const byte *date, int n, int64_t *out)
{
    struct span in = {date, n > 0 ? (size_t)n : 0};
    struct der d;

    return date && der_next(&in, &d) && der_time(&d, out);
}

struct path_answer path_dates(const DecodedCert *c, int64_t now)
{
    int64_t from, until;

    if (now <= 0)
        return no(ALERT_CERTIFICATE_EXPIRED, "the clock is not set");
    if (!date_of(c->beforeDate, c->beforeDateLen, &from) ||
        !date_of(c->afterDate, c->afterDateLen, &until))
        return no(ALERT_BAD_CERTIFICATE, "a certificate has no proper dates");
    if (now < from)
        return no(ALERT_CERTIFICATE_EXPIRED, "a certificate is not valid yet");
    if (now > until)
        return no(ALERT_CERTIFICATE_EXPIRED, "a certificate has expired");
    return good;
}

/* What a root's own signature is made with is of no concern: it is believed
 * without. */
static struct path_answer check_one(const struct walk *w, const DecodedCert *c,
                                    bool is_root)
{
    const char *fault = key_fault(c);
    struct path_answer a;

    if (c->version != WOLFSSL_X509_V3)
        return no(ALERT_BAD_CERTIFICATE, "a certificate is not of version 3");
    if (c->criticalExt)
        return no(ALERT_UNSUPPORTED_CERTIFICATE,
                  "a certificate has an unknown critical extension");
    a = path_dates(c, w->q->now_s);
    if (a.alert)
        return a;
    if (!is_root && !signature_is_modern(c->signatureOID))
        return bad_signature(c);
    if (c->extPolicyConstRxpSet)
        return no(ALERT_UNSUPPORTED_CERTIFICATE,
                  "a certificate demands policies, which are not looked at");
    return fault ? no(ALERT_BAD_CERTIFICATE, fault) : good;
}

/* Extended key usage of a CA binds what is below it, as all verifiers have it,
 * though RFC 5280 does not say so. */
static bool fits_purpose(const struct walk *w, const DecodedCert *c)
{
    byte wanted = w->q->server ? EXTKEYUSE_SERVER_AUTH : EXTKEYUSE_CLIENT_AUTH;

    return !c->extExtKeyUsageSet ||
           (c->extExtKeyUsage & (EXTKEYUSE_ANY | wanted)) != 0;
}

/* `below`: certificates of CAs between it and the leaf, without those that
 * name themselves as issuer. */
static struct path_answer check_ca(const struct walk *w, const DecodedCert *c,
                                   unsigned below)
{
    if (!c->isCA)
        return no(ALERT_UNKNOWN_CA, "an issuer is no CA");
    if (c->extKeyUsageSet && !(c->extKeyUsage & KEYUSE_KEY_CERT_SIGN))
        return no(ALERT_UNKNOWN_CA, "a CA's key may not sign certificates");
    if (c->pathLengthSet && below > c->pathLength)
        return no(ALERT_UNKNOWN_CA, "the path is longer than a CA allows");
    if (!fits_purpose(w, c))
        return no(ALERT_UNSUPPORTED_CERTIFICATE,
                  "a CA is not for this purpose");
    return good;
}

static struct path_answer check_leaf(const struct walk *w, const DecodedCert *c)
{
    if (!fits_purpose(w, c))
        return no(ALERT_UNSUPPORTED_CERTIFICATE,
                  w->q->server ? "the certificate is not for servers"
                               : "the certificate is not for clients");
    if (c->extKeyUsageSet && !(c->extKeyUsage & KEYUSE_DIGITAL_SIG))
        return no(ALERT_UNSUPPORTED_CERTIFICATE,
                  "the certificate's key is not for signatures");
    if (w->q->host && !path_has_host(c, w->q->host))
        return no(ALERT_BAD_CERTIFICATE, "the certificate is for another name");
    return good;
}

static struct path_answer check_path(const struct walk *w)
{
    struct path_answer a;
    unsigned below = 0;

    for (unsigned i = 0; i < w->depth; i++) {
        const DecodedCert *c = w->path[i];

        a = check_one(w, c, i > 0 && i + 1 == w->depth);
        if (!a.alert && i > 0) {
            a = check_ca(w, c, below);
            below += memcmp(c->issuerHash, c->subjectHash, KEYID_SIZE) != 0;
        }
        for (unsigned up = i + 1; !a.alert && up < w->depth; up++)
            if (!path_within(w->path[up], c))
                a = no(ALERT_BAD_CERTIFICATE,
                       "a name is outside of what its CA may certify");
        if (a.alert)
            return a;
    }
    return check_leaf(w, w->path[0]);
}

/* The root that signed `c`, which ends the path; read into the last place. */
static bool step_to_root(struct walk *w, const DecodedCert *c,
                         struct path_answer *a)
{
    for (unsigned i = 0; i < w->q->trust->n; i++) {
        const struct path_anchor *anchor = &w->q->trust->anchors[i];
        DecodedCert *root;

        if (memcmp(anchor->name, c->issuerHash, KEYID_SIZE) != 0 ||
            !(root = path_read(w->mem, anchor->der)))
            continue;
        if (may_be_issuer(c, root)) {
            if (signed_by(w, c, root)) {
                w->cert[PATH_CERTS_MAX] = root;
                w->path[w->depth++] = root;
                return true;
            }
            *a = bad_signature(c);
        }
        path_forget(root);
    }
    return false;
}

/* Another one that the peer showed. */
static DecodedCert *step(struct walk *w, const DecodedCert *c,
                         struct path_answer *a)
{
    for (unsigned i = 1; i < w->n; i++) {
        DecodedCert *issuer = w->cert[i];
        bool taken = false;

        for (unsigned k = 0; k < w->depth; k++)
            taken = taken || w->path[k] == issuer;
        if (taken || !may_be_issuer(c, issuer))
            continue;
        if (signed_by(w, c, issuer))
            return issuer;
        *a = bad_signature(c);
    }
    return NULL;
}

/* From the leaf upwards to a root; what cannot be part of it is left out. */
static struct path_answer build(struct walk *w)
{
    struct path_answer a = no(ALERT_UNKNOWN_CA, "no trusted CA issued it");
    DecodedCert *c = w->cert[0];

    for (unsigned i = 0; i < w->q->trust->n; i++)
        if (same_der(c, w->q->trust->anchors[i].der)) {
            w->path[w->depth++] = c;
            return good; /* trusted itself */
        }
    if (memcmp(c->issuerHash, c->subjectHash, KEYID_SIZE) == 0 && w->n == 1)
        a = no(ALERT_UNKNOWN_CA, "the certificate is its own issuer");
    while (c && w->depth < PATH_CERTS_MAX) {
        w->path[w->depth++] = c;
        if (step_to_root(w, c, &a))
            return good;
        c = step(w, c, &a);
    }
    return a;
}

struct path_answer path_check(const struct path_question *q,
                              struct crypto_mem *mem, const struct span *certs,
                              unsigned n)
{
    struct walk w = {.q = q, .mem = mem};
    struct path_answer a = good;

    if (n == 0 || n > PATH_CERTS_MAX)
        return no(ALERT_BAD_CERTIFICATE, "too many certificates, or none");
    for (; w.n < n && !a.alert; w.n++)
        if (!(w.cert[w.n] = path_read(mem, certs[w.n])))
            a = no(ALERT_BAD_CERTIFICATE, "a certificate cannot be read");
    if (!a.alert)
        a = build(&w);
    if (!a.alert)
        a = check_path(&w);
    if (!a.alert && w.depth > 1)
        a.issuer = (struct span){w.path[1]->source, w.path[1]->maxIdx};
    for (unsigned i = 0; i <= PATH_CERTS_MAX; i++)
        path_forget(w.cert[i]);
    return a;
}
