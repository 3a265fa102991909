/* SPDX-License-Identifier: ISC */
/*
 * ocsp.c - an answer is believed when the issuer has signed it, or one whom the
 * issuer has named for it; when it is about this certificate; and when it is
 * fresh.
 */
#include "ocsp.h"

#include <string.h>

#include "path_impl.h"
#include "x509_impl.h"

/* What of an answer counts. */
struct answer {
    struct der signed_part, algorithm, signature, certs;
    struct der responses;
};

/* Of one certificate. */
struct single {
    struct der hash, name, key, serial, status;
    int64_t from_s, until_s; /* until_s 0: not said */
};

static const struct path_answer good = {0};

static struct path_answer no(const char *why)
{
    return (struct path_answer){.alert = ALERT_BAD_STATUS_RESPONSE, .why = why};
}

static bool read_data(struct answer *a)
{
    struct span in = a->signed_part.body;
    struct der d;

    der_take(&in, DER_CONTEXT_OF, &d); /* version */
    if (!der_next(&in, &d) ||          /* who has signed: found by trying */
        (d.tag != (DER_CONTEXT_OF | 1) && d.tag != (DER_CONTEXT_OF | 2)))
        return false;
    return der_take(&in, DER_TIME, &d) &&
           der_take(&in, DER_SEQUENCE, &a->responses);
}

/* OCSPResponse down to BasicOCSPResponse (RFC 6960 4.2.1). */
static const char *read_answer(struct span in, struct answer *a)
{
    static const uint8_t basic[] = {0x2b, 6, 1, 5, 5, 7, 48, 1, 1};
    struct der d, kind;

    *a = (struct answer){0};
    if (!der_take(&in, DER_SEQUENCE, &d) || in.n)
        return "the OCSP answer is not to be read";
    in = d.body;
    if (!der_take(&in, DER_ENUMERATED, &d) || d.body.n != 1)
        return "the OCSP answer is not to be read";
    if (d.body.p[0] != 0)
        return "the OCSP responder had no answer";
    if (!der_take(&in, DER_CONTEXT_OF, &d) ||
        !der_take(&d.body, DER_SEQUENCE, &d) || !der_next(&d.body, &kind) ||
        !der_is_oid(&kind, basic, sizeof(basic)) ||
        !der_take(&d.body, DER_OCTETS, &d) ||
        !der_take(&d.body, DER_SEQUENCE, &d) ||
        !der_take(&d.body, DER_SEQUENCE, &a->signed_part) ||
        !der_take(&d.body, DER_SEQUENCE, &a->algorithm) ||
        !der_take(&d.body, DER_BITS, &a->signature) ||
        a->signature.body.n < 2 || a->signature.body.p[0] != 0 || !read_data(a))
        return "the OCSP answer is not to be read";
    if (der_take(&d.body, DER_CONTEXT_OF, &a->certs) &&
        !der_take(&a->certs.body, DER_SEQUENCE, &a->certs))
        return "the OCSP answer is not to be read";
    return NULL;
}

static bool read_single(struct span *in, struct single *s)
{
    struct der one, id, d;

    *s = (struct single){0};
    if (!der_take(in, DER_SEQUENCE, &one) ||
        !der_take(&one.body, DER_SEQUENCE, &id) ||
        !der_take(&id.body, DER_SEQUENCE, &s->hash) ||
        !der_take(&id.body, DER_OCTETS, &s->name) ||
        !der_take(&id.body, DER_OCTETS, &s->key) ||
        !der_take(&id.body, DER_INTEGER, &s->serial) ||
        !der_next(&one.body, &s->status) ||
        !der_take(&one.body, DER_TIME, &d) || !der_time(&d, &s->from_s))
        return false;
    return !der_take(&one.body, DER_CONTEXT_OF, &d) ||
           (der_next(&d.body, &d) && der_time(&d, &s->until_s));
}

static bool hash_is(struct span bytes, const struct der *hash)
{
    uint8_t own[WC_SHA256_DIGEST_SIZE];

    return hash->body.n == sizeof(own) &&
           wc_Sha256Hash(bytes.p, (word32)bytes.n, own) == 0 &&
           memcmp(own, hash->body.p, sizeof(own)) == 0;
}

/* By serial number, of an issuer whose key has signed the answer; its names
 * hashed by SHA-256 are compared too, those by SHA-1 prove nothing. */
static bool is_about(const struct single *s, const struct x509_parts *cert,
                     const struct x509_parts *issuer)
{
    static const uint8_t sha256[] = {0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1};
    struct span in = s->hash.body, key = issuer->key.body;
    struct der oid, bits;

    if (s->serial.body.n != cert->serial.body.n ||
        memcmp(s->serial.body.p, cert->serial.body.p, s->serial.body.n) != 0 ||
        !der_next(&in, &oid))
        return false;
    if (!der_is_oid(&oid, sha256, sizeof(sha256)))
        return true;
    if (!der_next(&key, &bits) || !der_take(&key, DER_BITS, &bits) ||
        bits.body.n < 1)
        return false;
    bits.body.p++;
    bits.body.n--;
    return hash_is(issuer->subject.whole, &s->name) &&
           hash_is(bits.body, &s->key);
}

static word32 algorithm_of(const struct der *d)
{
    static const struct {
        uint8_t n, oid[9];
        word32 is;
    } known[] = {
        {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11}, CTC_SHA256wRSA},
        {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12}, CTC_SHA384wRSA},
        {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13}, CTC_SHA512wRSA},
        {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2}, CTC_SHA256wECDSA},
        {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3}, CTC_SHA384wECDSA},
        {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4}, CTC_SHA512wECDSA},
        {3, {0x2b, 0x65, 0x70}, CTC_ED25519}};
    struct span in = d->body;
    struct der oid;

    if (!der_next(&in, &oid))
        return 0;
    for (unsigned i = 0; i < ARRAY_LEN(known); i++)
        if (der_is_oid(&oid, known[i].oid, known[i].n))
            return known[i].is;
    return 0;
}

static bool signed_by(struct crypto_mem *mem, const struct answer *a,
                      const DecodedCert *by)
{
    struct span signature = {a->signature.body.p + 1, a->signature.body.n - 1};
    word32 algorithm = algorithm_of(&a->algorithm);

    return algorithm &&
           path_signed(mem, by, a->signed_part.whole, signature, algorithm);
}

/* RFC 6960 4.2.2.2: named by the issuer itself, for this alone. */
static bool is_delegate(struct crypto_mem *mem, const DecodedCert *c,
                        const DecodedCert *issuer, int64_t now_s)
{
    struct span body = {c->source + c->certBegin, c->sigIndex - c->certBegin};
    struct span signature = {c->signature, c->sigLength};

    return memcmp(c->issuerHash, issuer->subjectHash, KEYID_SIZE) == 0 &&
           c->extExtKeyUsageSet && (c->extExtKeyUsage & EXTKEYUSE_OCSP_SIGN) &&
           !path_dates(c, now_s).alert &&
           path_signed(mem, issuer, body, signature, c->signatureOID);
}

static bool signed_by_delegate(struct crypto_mem *mem, const struct answer *a,
                               const DecodedCert *issuer, int64_t now_s)
{
    struct span certs = a->certs.body;
    bool good_one = false;
    struct der d;

    for (unsigned i = 0; i < OCSP_CERTS_MAX && !good_one; i++) {
        DecodedCert *c;

        if (!der_take(&certs, DER_SEQUENCE, &d))
            break;
        c = path_read(mem, d.whole);
        good_one =
            c && is_delegate(mem, c, issuer, now_s) && signed_by(mem, a, c);
        path_forget(c);
    }
    return good_one;
}

static struct path_answer check_single(const struct single *s, int64_t now_s)
{
    int64_t until = s->until_s ? s->until_s : s->from_s + OCSP_AGE_S;

    if (now_s + OCSP_SKEW_S < s->from_s || now_s - OCSP_SKEW_S > until)
        return no("the OCSP answer is stale");
    if (s->status.tag == (DER_CONTEXT_OF | 1))
        return (struct path_answer){.alert = ALERT_CERTIFICATE_REVOKED,
                                    .why = "the certificate is revoked"};
    return s->status.tag == DER_CONTEXT
               ? good
               : no("the OCSP responder does not know the certificate");
}

static struct path_answer find_single(const struct answer *a,
                                      const struct ocsp_question *q)
{
    struct span in = a->responses.body;
    struct x509_parts cert, issuer;
    struct single s;

    if (!x509_parts(q->cert, &cert) || !x509_parts(q->issuer, &issuer))
        return no("the OCSP answer is for nobody");
    while (read_single(&in, &s))
        if (is_about(&s, &cert, &issuer))
            return check_single(&s, q->now_s);
    return no("the OCSP answer is for another certificate");
}

struct path_answer ocsp_check(const struct ocsp_question *q,
                              struct crypto_mem *mem)
{
    DecodedCert *issuer;
    struct answer a;
    const char *why;
    bool believed;

    if (q->answer.n > OCSP_BYTES_MAX)
        return no("the OCSP answer is too long");
    if ((why = read_answer(q->answer, &a)))
        return no(why);
    if (!(issuer = path_read(mem, q->issuer)))
        return no("the OCSP answer is for nobody");
    believed = signed_by(mem, &a, issuer) ||
               signed_by_delegate(mem, &a, issuer, q->now_s);
    path_forget(issuer);
    return believed ? find_single(&a, q)
                    : no("the OCSP answer's signature is wrong");
}

bool ocsp_must_staple(struct span cert)
{
    static const uint8_t oid[] = {0x2b, 6, 1, 5, 5, 7, 1, 24};
    struct x509_parts parts;
    struct der value, list, feature;

    if (!x509_parts(cert, &parts) ||
        !x509_extension(&parts, oid, sizeof(oid), &value) ||
        !der_take(&value.body, DER_SEQUENCE, &list))
        return false;
    while (der_take(&list.body, DER_INTEGER, &feature))
        if (feature.body.n == 1 && feature.body.p[0] == 5)
            return true;
    return false;
}
