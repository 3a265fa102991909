/* SPDX-License-Identifier: ISC */
/*
 * dns_msg.c - see dns.h: questions and answers.
 */
#include "dns.h"

enum {
    FLAG_RESPONSE = 0x8000,
    FLAG_TRUNCATED = 0x0200,
    FLAG_RECURSE = 0x0100,
    OPCODE = 0x7800
};

unsigned dns_query_emit(uint8_t out[DNS_QUERY_MAX], uint16_t id,
                        const struct dns_name *name, uint16_t type, bool edns)
{
    unsigned n = DNS_HDR_BYTES + name->n + 4u;

    memset(out, 0, DNS_HDR_BYTES);
    put_be16(out, id);
    put_be16(out + 2, FLAG_RECURSE);
    put_be16(out + 4, 1);
    memcpy(out + DNS_HDR_BYTES, name->b, name->n);
    put_be16(out + n - 4, type);
    put_be16(out + n - 2, DNS_CLASS_IN);
    if (!edns)
        return n;
    put_be16(out + 10, 1);
    memset(out + n, 0, DNS_OPT_BYTES);
    put_be16(out + n + 1, DNS_OPT);
    put_be16(out + n + 3, DNS_UDP_BYTES);
    return n + DNS_OPT_BYTES;
}

bool dns_rr_read(struct dns_rr *r, struct span msg, size_t *at)
{
    const uint8_t *p;

    if (!dns_name_read(&r->owner, msg, at) || msg.n - *at < 10)
        return false;
    p = msg.p + *at;
    r->type = be16(p);
    r->class_ = be16(p + 2);
    r->ttl = be32(p + 4);
    r->n = be16(p + 8);
    r->data = *at + 10;
    if (r->n > msg.n - r->data)
        return false;
    *at = r->data + r->n;
    return true;
}

/* RFC 1035 3.3.14: strings, each behind its length. */
static bool strings_fit(const uint8_t *p, size_t n)
{
    size_t at = 0;

    while (at < n)
        at += p[at] + 1u;
    return at == n && n > 0;
}

int dns_rr_data(uint8_t *out, size_t max, struct span msg,
                const struct dns_rr *r)
{
    size_t head = r->type == DNS_MX ? 2 : r->type == DNS_SRV ? 6 : 0;
    size_t at = r->data + head;
    struct dns_name name = {0};

    switch (r->type) {
    case DNS_MX:
    case DNS_SRV:
    case DNS_NS:
    case DNS_CNAME:
    case DNS_PTR:
        if (r->n < head || !dns_name_read(&name, msg, &at) ||
            at != r->data + r->n)
            return -1;
        break;
    case DNS_A:
    case DNS_AAAA:
        if (r->n != (r->type == DNS_A ? 4u : 16u))
            return -1;
        head = r->n;
        break;
    case DNS_TXT:
        if (!strings_fit(msg.p + r->data, r->n))
            return -1;
        head = r->n;
        break;
    default:
        head = r->n;
    }
    if (head + name.n > max)
        return -2;
    memcpy(out, msg.p + r->data, head);
    memcpy(out + head, name.b, name.n);
    return (int)(head + name.n);
}

bool dns_answer_add(struct dns_answer *a, struct span data)
{
    if (a->n == DNS_ADDRS_MAX || data.n + 2 > DNS_DATA_MAX - (size_t)a->bytes)
        return false;
    put_be16(a->data + a->bytes, (uint16_t)data.n);
    memcpy(a->data + a->bytes + 2, data.p, data.n);
    a->bytes = (uint16_t)(a->bytes + data.n + 2);
    a->n++;
    return true;
}

bool dns_answer_next(const struct dns_answer *a, size_t *at, struct span *data)
{
    if (*at >= a->bytes)
        return false;
    *data = (struct span){a->data + *at + 2, be16(a->data + *at)};
    *at += data->n + 2;
    return true;
}

static bool take(struct dns_answer *a, struct span msg, const struct dns_rr *r)
{
    uint8_t data[DNS_DATA_MAX];
    int n = dns_rr_data(data, sizeof(data), msg, r);

    if (n >= 0) /* what does not fit is left off */
        dns_answer_add(a, (struct span){data, (size_t)n});
    return n != -1;
}

/* One pass over the answer section for `owner`: its records, or the name it
 * is an alias of, which then replaces *owner.  Nothing else is looked at, so
 * nobody can tell us more than we asked (RFC 5452 6). */
static bool pass(struct dns_answer *a, struct span msg, size_t at,
                 struct dns_name *owner, uint16_t type, bool *alias)
{
    unsigned n = be16(msg.p + 6);
    struct dns_rr r;

    *alias = false;
    for (unsigned i = 0; i < n && i < DNS_LOOKED_MAX; i++) {
        if (!dns_rr_read(&r, msg, &at)) /* a cut message: what came counts */
            return a->truncated;
        if (r.class_ != DNS_CLASS_IN || !dns_name_eq(&r.owner, owner) ||
            (r.type != type && r.type != DNS_CNAME))
            continue;
        if (r.ttl > INT32_MAX) /* RFC 2181 8 */
            r.ttl = 0;
        a->ttl_s = r.ttl < a->ttl_s ? r.ttl : a->ttl_s;
        if (r.type == type) {
            if (!take(a, msg, &r))
                return false;
            continue;
        }
        *alias = true;
        at = r.data;
        return dns_name_read(owner, msg, &at);
    }
    return true;
}

/* RFC 2308 5: how long it holds that there is nothing: the lesser of the SOA's
 * TTL and its last field.  0 when there is no SOA.  On the way, the upper bits
 * of the error code: RFC 6891 6.1.3. */
static uint32_t nothing(struct dns_answer *a, struct span msg, size_t at)
{
    unsigned n = be16(msg.p + 6), ns = n + be16(msg.p + 8);
    unsigned all = ns + be16(msg.p + 10);
    uint32_t ttl = 0;
    struct dns_rr r;

    for (unsigned i = 0; i < all && i < DNS_LOOKED_MAX; i++) {
        if (!dns_rr_read(&r, msg, &at))
            break;
        if (i >= n && i < ns && r.type == DNS_SOA && r.n >= 22 &&
            r.class_ == DNS_CLASS_IN && r.ttl <= INT32_MAX) {
            uint32_t least = be32(msg.p + r.data + r.n - 4);

            ttl = least < r.ttl ? least : r.ttl;
        }
        if (i >= ns && r.type == DNS_OPT && r.ttl >> 24)
            a->rcode |= DNS_BADVERS;
    }
    return ttl;
}

/* RFC 6891 7: who cannot read the OPT record may answer without a question. */
static bool bare_error(struct span msg)
{
    uint8_t rcode = msg.p[3] & 15;

    return be16(msg.p + 4) == 0 &&
           (rcode == DNS_FORMERR || rcode == DNS_NOTIMP);
}

bool dns_answer_parse(struct dns_answer *a, struct span msg, uint16_t id,
                      const struct dns_name *name, uint16_t type)
{
    struct dns_name owner;
    size_t at = DNS_HDR_BYTES;
    bool alias = true;

    *a = (struct dns_answer){.ttl_s = UINT32_MAX};
    if (msg.n < DNS_HDR_BYTES || be16(msg.p) != id ||
        (be16(msg.p + 2) & (FLAG_RESPONSE | OPCODE)) != FLAG_RESPONSE)
        return false;
    a->rcode = msg.p[3] & 15;
    a->truncated = be16(msg.p + 2) & FLAG_TRUNCATED;
    if (bare_error(msg)) {
        a->cased = true;
        return true;
    }
    if (be16(msg.p + 4) != 1 || !dns_name_read(&owner, msg, &at) ||
        !dns_name_eq(&owner, name) || msg.n - at < 4 ||
        be16(msg.p + at) != type || be16(msg.p + at + 2) != DNS_CLASS_IN)
        return false;
    a->cased = memcmp(owner.b, name->b, name->n) == 0;
    at += 4;
    for (unsigned i = 0; alias && i <= DNS_CNAMES_MAX; i++)
        if (!pass(a, msg, at, &owner, type, &alias))
            return false;
    if (alias) /* a chain without an end */
        return false;
    if (a->n == 0)
        a->ttl_s = nothing(a, msg, at);
    return true;
}
