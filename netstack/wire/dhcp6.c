/* SPDX-License-Identifier: ISC */
/*
 * dhcp6.c - see dhcp6.h.
 */
#include "dhcp6.h"

#include "dns.h"
#include "ip6.h"

enum {
    HDR_BYTES = 4,
    OPTION_HDR = 4,
    OPTIONS_MAX = 64, /* looked at in one list; more: refused */
    IA_BYTES = 12,    /* before its options; so the next */
    IAADDR_BYTES = 24
};

enum option {
    OPT_CLIENT = 1,
    OPT_SERVER = 2,
    OPT_IA_NA = 3,
    OPT_IAADDR = 5,
    OPT_ORO = 6,
    OPT_PREFERENCE = 7,
    OPT_ELAPSED = 8,
    OPT_STATUS = 13,
    OPT_RAPID = 14,
    OPT_DNS = 23,
    OPT_SEARCH = 24,
    OPT_REFRESH = 32,
    OPT_FQDN = 39,
    OPT_NTP = 56,
    OPT_SOL_MAX_RT = 82,
    OPT_INF_MAX_RT = 83
};

enum { NTP_ADDR = 1 }; /* RFC 5908 4.1; multicast and names: not looked at */

/* A list of options, one after the other. */
struct walk {
    struct span left;
    unsigned n; /* taken so far */
    uint16_t code;
    struct span value;
};

/* False at the end, where `left` is empty unless the list is malformed. */
static bool next(struct walk *w)
{
    size_t len;

    if (w->left.n < OPTION_HDR || w->n++ == OPTIONS_MAX)
        return false;
    w->code = be16(w->left.p);
    len = be16(w->left.p + 2);
    if (len > w->left.n - OPTION_HDR)
        return false;
    w->value = (struct span){w->left.p + OPTION_HDR, len};
    w->left.p += OPTION_HDR + len;
    w->left.n -= OPTION_HDR + len;
    return true;
}

static uint16_t status_of(struct span v, uint16_t before)
{
    return v.n >= 2 ? be16(v.p) : before;
}

static void read_duid(struct dhcp6_duid *d, struct span v)
{
    if (d->n || v.n < 3 || v.n > DHCP6_DUID_MAX)
        return;
    d->n = (uint8_t)v.n;
    memcpy(d->b, v.p, v.n);
}

/* An address that a host can have, from a server that is not confused:
 * RFC 8415 21.6. */
static void read_addr(struct dhcp6_reply *r, struct span v)
{
    struct walk w = {.left = v};
    struct dhcp6_addr a;
    uint16_t status = 0;

    if (v.n < IAADDR_BYTES || r->naddrs == DHCP6_ADDRS_MAX)
        return;
    memcpy(&a.addr, v.p, 16);
    a.preferred_s = be32(v.p + 16);
    a.valid_s = be32(v.p + 20);
    w.left = (struct span){v.p + IAADDR_BYTES, v.n - IAADDR_BYTES};
    while (next(&w))
        if (w.code == OPT_STATUS)
            status = status_of(w.value, status);
    if (w.left.n || status || a.preferred_s > a.valid_s ||
        ip6_is_multicast(&a.addr) || ip6_is_link_local(&a.addr) ||
        ip6_is_unspecified(&a.addr) || ip6_is_loopback(&a.addr) ||
        ipaddr_is_v4(&a.addr))
        return;
    for (unsigned i = 0; i < r->naddrs; i++)
        if (ipaddr_eq(&r->addr[i].addr, &a.addr))
            return;
    r->addr[r->naddrs++] = a;
}

/* RFC 8415 21.4: one with T1 > T2 is as if it were not there. */
static void read_ia(struct dhcp6_reply *r, struct span v, uint32_t iaid)
{
    struct walk w = {.left = v};
    uint32_t t1, t2;

    if (r->has_ia || v.n < IA_BYTES || be32(v.p) != iaid)
        return;
    t1 = be32(v.p + 4);
    t2 = be32(v.p + 8);
    if (t1 > t2 && t2 > 0)
        return;
    r->has_ia = true;
    r->t1_s = t1;
    r->t2_s = t2;
    w.left = (struct span){v.p + IA_BYTES, v.n - IA_BYTES};
    while (next(&w)) {
        if (w.code == OPT_IAADDR)
            read_addr(r, w.value);
        else if (w.code == OPT_STATUS)
            r->ia_status = status_of(w.value, r->ia_status);
    }
    if (w.left.n) /* cut: nothing in it is to be relied upon */
        r->naddrs = 0;
}

static void add_addr(struct ipaddr *to, unsigned *n, unsigned max,
                     const uint8_t *p)
{
    struct ipaddr a;

    memcpy(&a, p, 16);
    if (*n < max && !ip6_is_multicast(&a) && !ip6_is_unspecified(&a))
        to[(*n)++] = a;
}

/* RFC 3646 4: names without compression. */
static void read_search(struct dhcp6_options *o, struct span v)
{
    struct dns_name name;
    size_t at = 0;

    while (at < v.n && dns_name_read(&name, v, &at)) {
        if (name.n < 2 || name.n > DHCP6_SEARCH_MAX - o->nsearch)
            continue;
        memcpy(o->search + o->nsearch, name.b, name.n);
        o->nsearch = (uint8_t)(o->nsearch + name.n);
    }
}

static void read_ntp(struct dhcp6_options *o, struct span v)
{
    struct walk w = {.left = v};

    while (next(&w))
        if (w.code == NTP_ADDR && w.value.n == 16)
            add_addr(o->ntp, &o->nntp, DHCP6_NTP_MAX, w.value.p);
}

static void read_u32(uint32_t *to, struct span v)
{
    if (v.n == 4)
        *to = be32(v.p);
}

static void read_option(struct dhcp6_reply *r, const struct walk *w,
                        uint32_t iaid)
{
    struct span v = w->value;

    switch (w->code) {
    case OPT_CLIENT:
        read_duid(&r->client, v);
        break;
    case OPT_SERVER:
        read_duid(&r->server, v);
        break;
    case OPT_IA_NA:
        read_ia(r, v, iaid);
        break;
    case OPT_PREFERENCE:
        r->preference = v.n == 1 ? v.p[0] : 0;
        break;
    case OPT_STATUS:
        r->status = status_of(v, r->status);
        break;
    case OPT_RAPID:
        r->rapid = v.n == 0;
        break;
    case OPT_DNS:
        for (size_t at = 0; v.n % 16 == 0 && at < v.n; at += 16)
            add_addr(r->options.dns, &r->options.ndns, DHCP6_DNS_MAX, v.p + at);
        break;
    case OPT_SEARCH:
        read_search(&r->options, v);
        break;
    case OPT_NTP:
        read_ntp(&r->options, v);
        break;
    case OPT_REFRESH:
        read_u32(&r->refresh_s, v);
        break;
    case OPT_SOL_MAX_RT:
        read_u32(&r->sol_max_rt_s, v);
        break;
    case OPT_INF_MAX_RT:
        read_u32(&r->inf_max_rt_s, v);
        break;
    default:
        break;
    }
}

bool dhcp6_parse(struct dhcp6_reply *out, struct span in, uint32_t iaid)
{
    struct dhcp6_reply r = {0};
    struct walk w;

    if (in.n < HDR_BYTES ||
        (in.p[0] != DHCP6_ADVERTISE && in.p[0] != DHCP6_REPLY))
        return false;
    r.type = in.p[0];
    r.xid = be32(in.p) & 0xffffff;
    w = (struct walk){.left = {in.p + HDR_BYTES, in.n - HDR_BYTES}};
    while (next(&w))
        read_option(&r, &w, iaid);
    if (w.left.n)
        return false;
    *out = r;
    return true;
}

static uint8_t *put_option(uint8_t *p, uint16_t code, struct span v)
{
    put_be16(p, code);
    put_be16(p + 2, (uint16_t)v.n);
    if (v.n)
        memcpy(p + OPTION_HDR, v.p, v.n);
    return p + OPTION_HDR + v.n;
}

static uint8_t *put_ia(uint8_t *p, const struct dhcp6_message *m)
{
    uint8_t *begin = p;

    put_be16(p, OPT_IA_NA);
    memset(p + OPTION_HDR, 0, IA_BYTES);
    put_be32(p + OPTION_HDR, m->iaid);
    p += OPTION_HDR + IA_BYTES;
    for (unsigned i = 0; i < m->naddrs; i++) {
        uint8_t v[IAADDR_BYTES] = {0};

        memcpy(v, &m->addr[i], 16); /* lifetimes are the server's to say */
        p = put_option(p, OPT_IAADDR, (struct span){v, sizeof(v)});
    }
    put_be16(begin + 2, (uint16_t)(p - begin - OPTION_HDR));
    return p;
}

/* RFC 4704 4: the server is asked to do the updates.  A part of a name has no
 * zero at its end. */
static uint8_t *put_name(uint8_t *p, struct span name)
{
    uint8_t v[1 + DHCP6_HOSTNAME_MAX + 2] = {1};
    struct dns_name wire;

    if (name.n == 0 || name.n > DHCP6_HOSTNAME_MAX ||
        !dns_name_from(&wire, name) || wire.n < 2)
        return p;
    if (!memchr(name.p, '.', name.n))
        wire.n--;
    memcpy(v + 1, wire.b, wire.n);
    return put_option(p, OPT_FQDN, (struct span){v, 1u + wire.n});
}

/* The name goes where it may: RFC 4704 5. */
static uint8_t *put_wanted(uint8_t *p, uint8_t type, struct span name)
{
    static const uint8_t wanted[] = {
        0, OPT_SOL_MAX_RT, 0, OPT_DNS, 0, OPT_SEARCH, 0, OPT_NTP, 0, OPT_FQDN};
    static const uint8_t information[] = {0, OPT_INF_MAX_RT, 0, OPT_REFRESH,
                                          0, OPT_DNS,        0, OPT_SEARCH,
                                          0, OPT_NTP};

    if (type == DHCP6_INFORMATION)
        return put_option(p, OPT_ORO,
                          (struct span){information, sizeof(information)});
    p = put_option(p, OPT_ORO, (struct span){wanted, sizeof(wanted)});
    return put_name(p, name);
}

unsigned dhcp6_emit(uint8_t out[DHCP6_OUT_MAX], const struct dhcp6_message *m)
{
    uint8_t elapsed[2], *p = out + HDR_BYTES;

    put_be32(out, (uint32_t)m->type << 24 | (m->xid & 0xffffff));
    put_be16(elapsed, m->elapsed_cs);
    p = put_option(p, OPT_CLIENT, m->client);
    if (m->server.n)
        p = put_option(p, OPT_SERVER, m->server);
    p = put_option(p, OPT_ELAPSED, (struct span){elapsed, 2});
    if (m->has_ia)
        p = put_ia(p, m);
    if (m->rapid)
        p = put_option(p, OPT_RAPID, (struct span){0});
    if (m->type == DHCP6_SOLICIT || m->type == DHCP6_REQUEST ||
        m->type == DHCP6_RENEW || m->type == DHCP6_REBIND ||
        m->type == DHCP6_INFORMATION)
        p = put_wanted(p, m->type, m->hostname);
    return (unsigned)(p - out);
}
