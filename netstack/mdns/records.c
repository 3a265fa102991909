/* SPDX-License-Identifier: ISC */
/*
 * records.c - see core.h: the records that we have, and writing them.
 */
#include <base/fmt.h>

#include "core.h"

void mdns_label(const struct mdns *m, char out[DNS_LABEL_MAX + 1])
{
    size_t n = 0;

    for (const char *p = m->host; *p && *p != '.' && n < MDNS_LABEL_MAX; p++) {
        char c = *p;
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c >= '0' && c <= '9');

        out[n++] = fits ? c : '-';
    }
    out[n] = 0;
    if (m->suffix > 1)
        fmt(out + n, DNS_LABEL_MAX + 1 - n, "-%u", m->suffix);
}

static void make_name(struct dns_name *out, const char *label, const char *type)
{
    char text[256];

    fmt(text, sizeof(text), "%s%s%s%slocal", label, *label ? "." : "", type,
        *type ? "." : "");
    if (!dns_name_from(out, span_of(text)))
        out->n = 0; /* like no other */
}

void mdns_name(const struct mdns *m, unsigned i, struct dns_name *out)
{
    char label[DNS_LABEL_MAX + 1];

    mdns_label(m, label);
    make_name(out, label, i ? m->service[i - 1].type : "");
}

static void add(struct mdns_record *r, const void *bytes, size_t n)
{
    memcpy(r->data + r->n, bytes, n);
    r->n += (unsigned)n;
}

static void add_name(struct mdns_record *r, const struct dns_name *name)
{
    r->named = true;
    r->head = r->n;
    add(r, name->b, name->n);
}

/* The `k`th address that `set` is about. */
static const struct ipaddr *address(const struct mdns_addrs *a, unsigned set,
                                    unsigned k)
{
    if (set >= MDNS_REVERSE)
        return k == 0 && set - MDNS_REVERSE < a->n
                   ? &a->addr[set - MDNS_REVERSE]
                   : NULL;
    for (unsigned i = 0; i < a->n; i++)
        if (ipaddr_is_v4(&a->addr[i]) == (set == MDNS_A) && k-- == 0)
            return &a->addr[i];
    return NULL;
}

static bool host_record(const struct mdns *m, const struct mdns_addrs *addrs,
                        unsigned set, unsigned k, struct mdns_record *r)
{
    const struct ipaddr *a = address(addrs, set, k);
    char text[DNS_REVERSE_BYTES];
    struct dns_name host;

    if (!a)
        return false;
    r->unique = true;
    r->ttl = MDNS_HOST_TTL_S;
    mdns_name(m, 0, &host);
    if (set >= MDNS_REVERSE) {
        dns_reverse(text, a);
        r->type = DNS_PTR;
        add_name(r, &host);
        return dns_name_from(&r->owner, span_of(text));
    }
    r->owner = host;
    r->type = set == MDNS_A ? DNS_A : DNS_AAAA;
    add(r, a->b + (set == MDNS_A ? 12 : 0), set == MDNS_A ? 4 : 16);
    return true;
}

static bool service_record(const struct mdns *m, unsigned i, unsigned set,
                           struct mdns_record *r)
{
    const struct mdns_service *s = &m->service[i];
    uint8_t head[6] = {0};
    struct dns_name name;

    if (i >= m->nservices)
        return false;
    r->ttl = MDNS_TTL_S;
    r->type = DNS_PTR;
    switch (set) {
    case MDNS_ENUM:
        make_name(&r->owner, "_services._dns-sd._udp", "");
        make_name(&name, "", s->type);
        add_name(r, &name);
        break;
    case MDNS_PTR:
        make_name(&r->owner, "", s->type);
        mdns_name(m, i + 1, &name);
        add_name(r, &name);
        break;
    case MDNS_SRV:
        mdns_name(m, i + 1, &r->owner);
        r->type = DNS_SRV;
        r->unique = true;
        r->ttl = MDNS_HOST_TTL_S;
        put_be16(head + 4, s->port);
        add(r, head, sizeof(head));
        mdns_name(m, 0, &name);
        add_name(r, &name);
        break;
    default:
        mdns_name(m, i + 1, &r->owner);
        r->type = DNS_TXT;
        r->unique = true;
        add(r, s->txt.p, s->txt.n); /* one byte of zero at least: 6763 6.1 */
    }
    return true;
}

/* RFC 6762 6.1: the types that a name has, in a bitmap. */
static void nothing_else(const struct mdns *m, const struct mdns_addrs *addrs,
                         unsigned i, struct mdns_record *r)
{
    uint8_t map[2 + 5] = {0, 1};

    mdns_name(m, i, &r->owner);
    r->type = DNS_NSEC;
    r->unique = true;
    r->ttl = MDNS_HOST_TTL_S;
    add_name(r, &r->owner);
    if (i) {
        map[2 + DNS_TXT / 8] |= 0x80 >> DNS_TXT % 8;
        map[2 + DNS_SRV / 8] |= 0x80 >> DNS_SRV % 8;
    } else {
        if (address(addrs, MDNS_A, 0))
            map[2 + DNS_A / 8] |= 0x80 >> DNS_A % 8;
        if (address(addrs, MDNS_AAAA, 0))
            map[2 + DNS_AAAA / 8] |= 0x80 >> DNS_AAAA % 8;
    }
    map[1] = map[6] ? 5 : map[5] ? 4 : 1;
    r->named = false; /* it does not end with it: written in full */
    if (r->n + 2u + map[1] <= sizeof(r->data))
        add(r, map, 2u + map[1]);
}

bool mdns_record(const struct mdns *m, const struct mdns_addrs *addrs,
                 unsigned set, unsigned k, struct mdns_record *r)
{
    r->named = r->unique = false;
    r->n = r->head = 0;
    if (set < MDNS_SERVICE)
        return host_record(m, addrs, set, k, r);
    if (k > 0)
        return false;
    if (set < MDNS_SETS)
        return service_record(m, (set - MDNS_SERVICE) / MDNS_SERVICE_SETS,
                              (set - MDNS_SERVICE) % MDNS_SERVICE_SETS, r);
    if (set > MDNS_NSEC + m->nservices)
        return false;
    nothing_else(m, addrs, set - MDNS_NSEC, r);
    return true;
}

static bool put_record(const struct mdns_record *r, uint32_t ttl, bool flush,
                       struct dns_out *o)
{
    struct dns_out before = *o;
    struct dns_name name;
    size_t length;

    dns_put_name(o, &r->owner);
    dns_put16(o, r->type);
    dns_put16(o, r->unique && flush ? 0x8000 | DNS_CLASS_IN : DNS_CLASS_IN);
    dns_put32(o, r->ttl < ttl ? r->ttl : ttl);
    length = o->n;
    dns_put16(o, 0);
    if (r->named) {
        name.n = (uint8_t)(r->n - r->head);
        memcpy(name.b, r->data + r->head, name.n);
        dns_put(o, r->data, r->head);
        dns_put_name(o, &name);
    } else {
        dns_put(o, r->data, r->n);
    }
    if (o->full) {
        *o = before;
        o->full = true;
        return false;
    }
    put_be16(o->p + length, (uint16_t)(o->n - length - 2));
    return true;
}

unsigned mdns_put_sets(const struct mdns *m, const struct mdns_addrs *addrs,
                       uint32_t sets, uint32_t ttl, bool flush,
                       struct dns_out *o)
{
    struct mdns_record r;
    unsigned n = 0;

    for (unsigned set = 0; set < MDNS_ALL; set++)
        for (unsigned k = 0;
             sets >> set & 1 && mdns_record(m, addrs, set, k, &r); k++)
            n += put_record(&r, ttl, flush, o);
    return n;
}
