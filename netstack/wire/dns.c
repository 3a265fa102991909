/* SPDX-License-Identifier: ISC */
/*
 * dns.c - see dns.h.
 */
#include "dns.h"

enum {
    CLASS_IN = 1,
    FLAG_RESPONSE = 0x8000,
    FLAG_TRUNCATED = 0x0200,
    FLAG_RECURSE = 0x0100,
    OPCODE = 0x7800
};

bool dns_name_from(struct dns_name *out, struct span text)
{
    struct dns_name name = {0};
    size_t label = 0; /* where the length byte of this label is */

    if (text.n > 0 && text.p[text.n - 1] == '.')
        text.n--;
    if (text.n == 0 || text.n > DNS_NAME_MAX - 2)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '.') {
            name.b[1 + i] = text.p[i];
            continue;
        }
        if (i == label || i - label > DNS_LABEL_MAX)
            return false;
        name.b[label] = (uint8_t)(i - label);
        label = i + 1;
    }
    if (text.n == label || text.n - label > DNS_LABEL_MAX)
        return false;
    name.b[label] = (uint8_t)(text.n - label);
    name.n = (uint8_t)(text.n + 2);
    *out = name;
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++) /* a length byte is below 'A' */
        if (lower(a->b[i]) != lower(b->b[i]))
            return false;
    return true;
}

bool dns_name_read(struct dns_name *out, struct span msg, size_t *at)
{
    size_t from = *at, limit = *at, n = 0;
    unsigned jumps = 0;

    for (;;) {
        uint8_t len;

        if (from >= msg.n)
            return false;
        len = msg.p[from];
        if (len >> 6 == 3) { /* a pointer, to before where we came from */
            size_t to;

            if (msg.n - from < 2 || jumps == DNS_JUMPS_MAX)
                return false;
            to = (size_t)(be16(msg.p + from) & 0x3fff);
            if (to >= limit)
                return false;
            if (jumps++ == 0)
                *at = from + 2;
            from = limit = to;
            continue;
        }
        if (len > DNS_LABEL_MAX || len >= msg.n - from ||
            n + len + 1u > DNS_NAME_MAX)
            return false;
        memcpy(out->b + n, msg.p + from, len + 1u);
        n += len + 1u;
        from += len + 1u;
        if (len == 0)
            break;
    }
    if (jumps == 0)
        *at = from;
    out->n = (uint8_t)n;
    return true;
}

unsigned dns_query_emit(uint8_t out[DNS_QUERY_MAX], uint16_t id,
                        const struct dns_name *name, uint16_t type)
{
    memset(out, 0, DNS_HDR_BYTES);
    put_be16(out, id);
    put_be16(out + 2, FLAG_RECURSE);
    put_be16(out + 4, 1);
    memcpy(out + DNS_HDR_BYTES, name->b, name->n);
    put_be16(out + DNS_HDR_BYTES + name->n, type);
    put_be16(out + DNS_HDR_BYTES + name->n + 2, CLASS_IN);
    return DNS_HDR_BYTES + name->n + 4u;
}

struct record {
    struct dns_name owner;
    uint16_t type, class_;
    uint32_t ttl;
    size_t data, n;
};

static bool read_record(struct record *r, struct span msg, size_t *at)
{
    const uint8_t *p;

    if (!dns_name_read(&r->owner, msg, at) || msg.n - *at < 10)
        return false;
    p = msg.p + *at;
    r->type = be16(p);
    r->class_ = be16(p + 2);
    r->ttl = be32(p + 4);
    if (r->ttl > INT32_MAX) /* RFC 2181 8 */
        r->ttl = 0;
    r->n = be16(p + 8);
    r->data = *at + 10;
    if (r->n > msg.n - r->data)
        return false;
    *at = r->data + r->n;
    return true;
}

static bool take_address(struct dns_answer *a, const struct record *r,
                         const uint8_t *data)
{
    if (r->n != (r->type == DNS_A ? 4u : 16u))
        return false;
    if (a->n == DNS_ADDRS_MAX)
        return true;
    if (r->type == DNS_A)
        a->addr[a->n] = ipaddr_v4(data[0], data[1], data[2], data[3]);
    else
        memcpy(&a->addr[a->n], data, 16);
    a->n++;
    return true;
}

/* One pass over the answer section for `owner`: its addresses, or the name it
 * is an alias of, which then replaces *owner. */
static bool pass(struct dns_answer *a, struct span msg, size_t at,
                 struct dns_name *owner, uint16_t type, bool *alias)
{
    unsigned n = be16(msg.p + 6);
    struct record r;

    *alias = false;
    for (unsigned i = 0; i < n && i < DNS_RECORDS_MAX; i++) {
        if (!read_record(&r, msg, &at)) /* a cut message: what came counts */
            return a->truncated;
        if (r.class_ != CLASS_IN || !dns_name_eq(&r.owner, owner))
            continue;
        if (r.type == type && !take_address(a, &r, msg.p + r.data))
            return false;
        if (r.type == DNS_CNAME) {
            size_t data = r.data;

            if (!dns_name_read(owner, msg, &data))
                return false;
            *alias = true;
        }
        if (r.type == type || r.type == DNS_CNAME)
            a->ttl_s = r.ttl < a->ttl_s ? r.ttl : a->ttl_s;
        if (*alias)
            return true;
    }
    return true;
}

/* RFC 2308 5: how long it holds that there is nothing: the lesser of the SOA's
 * TTL and its last field.  0 when there is no SOA. */
static uint32_t negative_ttl(struct span msg, size_t at)
{
    unsigned n = be16(msg.p + 6), all = n + be16(msg.p + 8);
    struct record r;

    for (unsigned i = 0; i < all && i < DNS_RECORDS_MAX; i++) {
        if (!read_record(&r, msg, &at))
            return 0;
        if (i >= n && r.type == DNS_SOA && r.class_ == CLASS_IN && r.n >= 22) {
            uint32_t least = be32(msg.p + r.data + r.n - 4);

            return least < r.ttl ? least : r.ttl;
        }
    }
    return 0;
}

bool dns_answer_parse(struct dns_answer *out, struct span msg, uint16_t id,
                      const struct dns_name *name, uint16_t type)
{
    struct dns_answer a = {.ttl_s = UINT32_MAX};
    struct dns_name owner;
    size_t at = DNS_HDR_BYTES;
    bool alias = true;

    if (msg.n < DNS_HDR_BYTES || be16(msg.p) != id ||
        (be16(msg.p + 2) & (FLAG_RESPONSE | OPCODE)) != FLAG_RESPONSE ||
        be16(msg.p + 4) != 1 || !dns_name_read(&owner, msg, &at) ||
        !dns_name_eq(&owner, name) || msg.n - at < 4 ||
        be16(msg.p + at) != type || be16(msg.p + at + 2) != CLASS_IN)
        return false;
    a.rcode = msg.p[3] & 15;
    a.truncated = be16(msg.p + 2) & FLAG_TRUNCATED;
    at += 4;
    for (unsigned i = 0; alias && i <= DNS_CNAMES_MAX; i++)
        if (!pass(&a, msg, at, &owner, type, &alias))
            return false;
    if (alias) /* a chain without an end */
        return false;
    if (a.n == 0)
        a.ttl_s = negative_ttl(msg, at);
    *out = a;
    return true;
}
