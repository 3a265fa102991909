/* SPDX-License-Identifier: ISC */
/*
 * x509.c - certificates made here, and requests for others to make them.
 */
#include <base/civil.h>
#include <billet/net.h>
#include <string.h>

#include "pem.h"
#include "x509_impl.h"

static const uint8_t subject_key_oid[] = {0x55, 0x1d, 0x0e};

enum { KEY_ID_BYTES = 20, SERIAL_BYTES = 16 };

static void put_extension(struct der_out *d, const uint8_t *oid, size_t n,
                          bool critical, size_t end)
{
    der_wrap(d, DER_OCTETS, end);
    if (critical)
        der_put(d, DER_BOOLEAN, "\xff", 1);
    der_put(d, DER_OID, oid, n);
    der_wrap(d, DER_SEQUENCE, end);
}

static const char *put_name(struct der_out *d, const char *name)
{
    struct span text = {(const uint8_t *)name, strlen(name)};
    struct ipaddr a;

    if (text.n == 0 || text.n > X509_NAME_BYTES)
        return "a name is empty, or too long";
    if (!ipaddr_parse(&a, text))
        der_put(d, DER_CONTEXT | 2, text.p, text.n);
    else if (ipaddr_is_v4(&a))
        der_put(d, DER_CONTEXT | 7, a.b + 12, 4);
    else
        der_put(d, DER_CONTEXT | 7, a.b, 16);
    return NULL;
}

/* subjectAltName; critical where there is no subject (RFC 5280 4.2.1.6). */
static const char *put_names(struct der_out *d, const char *const *names,
                             unsigned n, bool critical)
{
    static const uint8_t oid[] = {0x55, 0x1d, 0x11};
    const char *why = NULL;
    size_t end = d->at;

    if (n > X509_NAMES_MAX)
        return "there are too many names";
    for (unsigned i = n; i > 0 && !why; i--)
        why = put_name(d, names[i - 1]);
    if (n == 0 || why)
        return why;
    der_wrap(d, DER_SEQUENCE, end);
    put_extension(d, oid, sizeof(oid), critical, end);
    return NULL;
}

static void put_key_usage(struct der_out *d, bool ca)
{
    static const uint8_t oid[] = {0x55, 0x1d, 0x0f};
    size_t end = d->at;

    der_put(d, DER_BITS, ca ? "\1\6" : "\7\x80", 2); /* signs: all else no */
    put_extension(d, oid, sizeof(oid), true, end);
}

static void put_purpose(struct der_out *d, bool server)
{
    static const uint8_t oid[] = {0x55, 0x1d, 0x25};
    uint8_t purpose[] = {0x2b, 6, 1, 5, 5, 7, 3, server ? 1 : 2};
    size_t end = d->at;

    der_put(d, DER_OID, purpose, sizeof(purpose));
    der_wrap(d, DER_SEQUENCE, end);
    put_extension(d, oid, sizeof(oid), false, end);
}

static void put_constraints(struct der_out *d, bool ca)
{
    static const uint8_t oid[] = {0x55, 0x1d, 0x13};
    size_t end = d->at;

    if (ca) {
        der_put_integer(d, (const uint8_t *)"", 1); /* of leaves only */
        der_put(d, DER_BOOLEAN, "\xff", 1);
    }
    der_wrap(d, DER_SEQUENCE, end);
    put_extension(d, oid, sizeof(oid), true, end);
}

static void put_key_id(struct der_out *d, struct span spki)
{
    uint8_t hash[WC_SHA256_DIGEST_SIZE];
    size_t end = d->at;

    wc_Sha256Hash(spki.p, (word32)spki.n, hash); /* RFC 7093 2 (4) */
    der_put(d, DER_OCTETS, hash, KEY_ID_BYTES);
    put_extension(d, subject_key_oid, sizeof(subject_key_oid), false, end);
}

/* The issuer's key has the name that its own certificate gives it. */
static void put_issuer_key(struct der_out *d, const struct x509_parts *issuer)
{
    static const uint8_t oid[] = {0x55, 0x1d, 0x23};
    struct der value, id;
    size_t end = d->at;

    if (!x509_extension(issuer, subject_key_oid, sizeof(subject_key_oid),
                        &value) ||
        !der_take(&value.body, DER_OCTETS, &id))
        return;
    der_put(d, DER_CONTEXT, id.body.p, id.body.n);
    der_wrap(d, DER_SEQUENCE, end);
    put_extension(d, oid, sizeof(oid), false, end);
}

/* RFC 8737 3. */
static void put_challenge(struct der_out *d, const uint8_t *hash)
{
    static const uint8_t oid[] = {0x2b, 6, 1, 5, 5, 7, 1, 31};
    size_t end = d->at;

    der_put(d, DER_OCTETS, hash, WC_SHA256_DIGEST_SIZE);
    put_extension(d, oid, sizeof(oid), true, end);
}

static void put_common_name(struct der_out *d, const char *common)
{
    static const uint8_t oid[] = {0x55, 0x04, 0x03};
    size_t end = d->at;

    der_put(d, DER_UTF8, common, strlen(common));
    der_put(d, DER_OID, oid, sizeof(oid));
    der_wrap(d, DER_SEQUENCE, end);
    der_wrap(d, DER_SET, end);
    der_wrap(d, DER_SEQUENCE, end);
}

static const char *put_extensions(struct der_out *d, struct span spki,
                                  const struct x509_wish *w,
                                  const struct x509_parts *issuer)
{
    bool ca = w->kind == X509_CA;
    size_t end = d->at;
    const char *why;

    if (w->challenge)
        put_challenge(d, w->challenge);
    if ((why = put_names(d, w->names, w->nnames, false)))
        return why;
    if (w->issuer)
        put_issuer_key(d, issuer);
    put_key_id(d, spki);
    if (!ca)
        put_purpose(d, w->kind == X509_SERVER);
    put_key_usage(d, ca);
    put_constraints(d, ca);
    der_wrap(d, DER_SEQUENCE, end);
    der_wrap(d, DER_CONTEXT_OF | 3, end);
    return NULL;
}

/* TBSCertificate, its last element first. */
static const char *put_body(struct bench *b, struct der_out *d,
                            const struct x509_wish *w,
                            const struct x509_key *by)
{
    size_t n = key_public(&b->key, (struct mspan){b->spki, sizeof(b->spki)});
    struct span algorithm = key_algorithm(by);
    struct x509_parts issuer = {0};
    uint8_t serial[SERIAL_BYTES];
    const char *why;
    size_t end;

    if (w->issuer &&
        !x509_parts((struct span){w->issuer->cert, w->issuer->cert_n}, &issuer))
        return "the issuer's certificate cannot be read";
    if ((why = put_extensions(d, (struct span){b->spki, n}, w, &issuer)))
        return why;
    der_raw(d, b->spki, n);
    put_common_name(d, w->common);
    end = d->at;
    der_put_time(d, w->now_s +
                        (w->life_s ? w->life_s : (int64_t)w->days * CIVIL_DAY));
    der_put_time(d, w->now_s - CIVIL_DAY);
    der_wrap(d, DER_SEQUENCE, end);
    if (w->issuer)
        der_raw(d, issuer.subject.whole.p, issuer.subject.whole.n);
    else
        put_common_name(d, w->common);
    der_raw(d, algorithm.p, algorithm.n);
    if (wc_RNG_GenerateBlock(&b->rng, serial, sizeof(serial)) != 0)
        return "no random numbers";
    serial[0] = (uint8_t)(serial[0] & 0x7f) | 0x40;
    der_put_integer(d, serial, sizeof(serial));
    end = d->at;
    der_put_integer(d, (const uint8_t *)"\2", 1); /* version 3 */
    der_wrap(d, DER_CONTEXT_OF, end);
    der_wrap(d, DER_SEQUENCE, d->total);
    return NULL;
}

/* What `d` holds, with a signature behind it; its length, 0 when it does not
 * fit. */
static size_t sign(struct bench *b, struct x509_key *by, struct der_out *d,
                   struct mspan out)
{
    struct span body = {d->p + d->at, d->total - d->at};
    struct span algorithm = key_algorithm(by);
    struct der_out all = der_out(out);
    size_t n = d->full ? 0 : key_sign(b, by, body, b->signature);
    size_t end = all.at;

    if (n == 0)
        return 0;
    der_raw(&all, b->signature, n);
    der_raw(&all, "", 1); /* no unused bits */
    der_wrap(&all, DER_BITS, end);
    der_raw(&all, algorithm.p, algorithm.n);
    der_raw(&all, body.p, body.n);
    der_wrap(&all, DER_SEQUENCE, end);
    return der_end(&all);
}

static const char *get_keys(struct bench *b, const struct x509_wish *w)
{
    const struct x509_pair *k = w->key, *by = w->issuer;
    const char *why = k ? key_read(b, &b->key, (struct span){k->key, k->key_n})
                        : key_make(b, &b->key, w->algorithm);

    if (why || by)
        return why ? why
                   : key_read(b, &b->signer, (struct span){by->key, by->key_n});
    return NULL;
}

static const char *make(struct bench *b, struct x509_pair *out,
                        const struct x509_wish *w)
{
    struct der_out d = der_out((struct mspan){b->tbs, sizeof(b->tbs)});
    struct x509_key *by = w->issuer ? &b->signer : &b->key;
    const char *why;

    if (strlen(w->common) > X509_COMMON_BYTES)
        return "a name is too long";
    if ((w->life_s <= 0 && w->days == 0) || w->days > X509_DAYS_MAX ||
        w->life_s > INT64_C(86400) * X509_DAYS_MAX || w->now_s < CIVIL_DAY)
        return "it would never be valid";
    if ((why = get_keys(b, w)) || (why = put_body(b, &d, w, by)))
        return why;
    out->key_n = key_write(&b->key, (struct mspan){out->key, sizeof(out->key)});
    out->cert_n = sign(b, by, &d, (struct mspan){out->cert, sizeof(out->cert)});
    return out->key_n && out->cert_n ? NULL
                                     : "the certificate cannot be signed";
}

const char *x509_make(struct x509_pair *out, const struct x509_wish *w,
                      struct mspan work)
{
    struct bench *b = bench_open(work);
    const char *why = b ? make(b, out, w) : "no random numbers";

    bench_close(b, work);
    if (why)
        x509_wipe(out);
    return why;
}

static const char *request(struct bench *b, struct mspan out, size_t *n,
                           const struct x509_pair *p, const char *const *names,
                           unsigned nnames)
{
    static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                  0x0d, 0x01, 0x09, 0x0e};
    struct der_out d = der_out((struct mspan){b->tbs, sizeof(b->tbs)});
    const char *why = key_read(b, &b->key, (struct span){p->key, p->key_n});
    size_t spki;

    if (why || (why = put_names(&d, names, nnames, true)))
        return why;
    spki = key_public(&b->key, (struct mspan){b->spki, sizeof(b->spki)});
    der_wrap(&d, DER_SEQUENCE, d.total);
    der_wrap(&d, DER_SET, d.total);
    der_put(&d, DER_OID, oid, sizeof(oid)); /* extensionRequest */
    der_wrap(&d, DER_SEQUENCE, d.total);
    der_wrap(&d, DER_CONTEXT_OF, d.total);
    der_raw(&d, b->spki, spki);
    der_put(&d, DER_SEQUENCE, NULL, 0); /* the subject */
    der_put_integer(&d, (const uint8_t *)"", 1);
    der_wrap(&d, DER_SEQUENCE, d.total);
    *n = sign(b, &b->key, &d, out);
    return *n ? NULL : "the request does not fit";
}

const char *x509_request(struct mspan out, size_t *n, const struct x509_pair *p,
                         const char *const *names, unsigned nnames,
                         struct mspan work)
{
    struct bench *b = bench_open(work);
    const char *why =
        b ? request(b, out, n, p, names, nnames) : "no random numbers";

    bench_close(b, work);
    return why;
}

/* The first element of what was given. */
static const char *take(uint8_t *to, size_t room, struct mspan from, size_t *n)
{
    struct span in = {from.p, from.n};
    struct der first;

    if (!der_take(&in, DER_SEQUENCE, &first) || first.whole.n > room)
        return "it is no DER, or too long";
    memcpy(to, first.whole.p, first.whole.n);
    *n = first.whole.n;
    return NULL;
}

static const char *read_pair(struct bench *b, struct x509_pair *p)
{
    struct x509_parts parts;
    const char *why = key_read(b, &b->key, (struct span){p->key, p->key_n});
    size_t n;

    if (why)
        return why;
    if (!x509_parts((struct span){p->cert, p->cert_n}, &parts))
        return "the certificate cannot be read";
    n = key_public(&b->key, (struct mspan){b->spki, sizeof(b->spki)});
    return n == parts.key.whole.n && memcmp(parts.key.whole.p, b->spki, n) == 0
               ? NULL
               : "the private key is not that of the certificate";
}

const char *x509_read(struct x509_pair *out, struct span cert, struct span key,
                      struct mspan work)
{
    struct bench *b = bench_open(work);
    size_t most = work.n - sizeof(*b);
    uint8_t *room = work.p + sizeof(*b);
    struct mspan der;
    const char *why = NULL;

    x509_wipe(out);
    MEM_UNPOISON(room, b ? most : 0); /* nothing of `b` is in its heap yet */
    if (!b)
        why = "no random numbers";
    else if (cert.n > most || key.n > most)
        why = "it is too long";
    else if (!(why = pem_chain(cert, 64, room, &der)))
        why = take(out->cert, sizeof(out->cert), der, &out->cert_n);
    if (!why && key.n && !(why = pem_key(key, room, &der)))
        why = take(out->key, sizeof(out->key), der, &out->key_n);
    bench_close(b, work);
    if (!why && key.n && (b = bench_open(work))) {
        why = read_pair(b, out);
        bench_close(b, work);
    }
    if (why)
        x509_wipe(out);
    return why;
}
