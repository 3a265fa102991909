/* SPDX-License-Identifier: ISC */
/*
 * x509_parts.c - where a certificate has what (RFC 5280 4.1), for what does not
 * need to know what it means.
 */
#include <string.h>

#include "pem.h"
#include "x509_impl.h"

bool x509_parts(struct span cert, struct x509_parts *out)
{
    struct der whole, skipped;
    struct span in;

    *out = (struct x509_parts){0};
    if (!der_take(&cert, DER_SEQUENCE, &whole) ||
        !der_take(&whole.body, DER_SEQUENCE, &out->tbs))
        return false;
    in = out->tbs.body;
    der_take(&in, DER_CONTEXT_OF, &skipped); /* version */
    if (!der_take(&in, DER_INTEGER, &out->serial) ||
        !der_take(&in, DER_SEQUENCE, &skipped) || /* algorithm */
        !der_take(&in, DER_SEQUENCE, &out->issuer) ||
        !der_take(&in, DER_SEQUENCE, &out->dates) ||
        !der_take(&in, DER_SEQUENCE, &out->subject) ||
        !der_take(&in, DER_SEQUENCE, &out->key))
        return false;
    while (der_next(&in, &skipped))
        if (skipped.tag == (DER_CONTEXT_OF | 3))
            return der_take(&skipped.body, DER_SEQUENCE, &out->extensions);
    return true;
}

bool x509_extension(const struct x509_parts *parts, const uint8_t *oid,
                    size_t n, struct der *out)
{
    struct span list = parts->extensions.body;
    struct der one, part;

    while (der_take(&list, DER_SEQUENCE, &one)) {
        if (!der_next(&one.body, &part) || !der_is_oid(&part, oid, n))
            continue;
        der_take(&one.body, DER_BOOLEAN, &part); /* critical */
        return der_take(&one.body, DER_OCTETS, out);
    }
    return false;
}

static size_t keep(uint8_t *out, size_t room, struct span bytes)
{
    if (bytes.n > room)
        return 0;
    memcpy(out, bytes.p, bytes.n);
    return bytes.n;
}

static bool read_facts(struct span cert, struct x509_facts *out)
{
    static const uint8_t authority_oid[] = {0x55, 0x1d, 0x23};
    struct x509_parts parts;
    struct der from, until, value, list, id;

    *out = (struct x509_facts){0};
    if (!x509_parts(cert, &parts) || !der_next(&parts.dates.body, &from) ||
        !der_next(&parts.dates.body, &until) ||
        !der_time(&from, &out->from_s) || !der_time(&until, &out->until_s))
        return false;
    out->serial_n = keep(out->serial, sizeof(out->serial), parts.serial.body);
    if (x509_extension(&parts, authority_oid, sizeof(authority_oid), &value) &&
        der_take(&value.body, DER_SEQUENCE, &list) &&
        der_take(&list.body, DER_CONTEXT, &id))
        out->authority_n =
            keep(out->authority, sizeof(out->authority), id.body);
    return true;
}

bool x509_facts(struct span cert, struct x509_facts *out, struct mspan work)
{
    struct mspan der;
    struct pem pem;
    size_t at = 0;

    if (pem_is_der(cert))
        return read_facts(cert, out);
    while (pem_next(cert, &at, &pem) && !pem_is(&pem, "CERTIFICATE"))
        continue;
    if (at == 0 || pem.text.n > work.n)
        return false;
    der = (struct mspan){work.p, pem_bytes(&pem, work.p)};
    return read_facts((struct span){der.p, der.n}, out);
}
