/* SPDX-License-Identifier: ISC */
/*
 * mdns_case.h - a responder for multicast DNS on a NIC: what it says, and what
 * it is asked.
 */
#ifndef MDNS_CASE_H
#define MDNS_CASE_H

#include "pair.h"

#include <mdns/core.h>

#define GROUP4 IP(224, 0, 0, 251)
#define MS     NS_PER_MS

static struct out o;
static struct rig r;

/* A message that was sent, IPv4 unless it says otherwise. */
struct said {
    bool v4, multicast;
    uint16_t port; /* to */
    struct span msg;
};

static inline bool next_said(struct said *s)
{
    const struct rig_frame *f;

    while ((f = rig_next(&r))) {
        unsigned l4 = be16(f->b + 12) == ETH_IP4 ? 34 : 54;

        s->v4 = l4 == 34;
        if (f->b[s->v4 ? 23 : 20] != IPPROTO_UDP_ ||
            be16(f->b + l4) != MDNS_PORT)
            continue;
        ck_assert(frame_is_sound(f));
        ck_assert_uint_eq(f->b[s->v4 ? 22 : 21], 255); /* 11 */
        s->multicast = f->b[0] & 1;
        s->port = be16(f->b + l4 + 2);
        s->msg = (struct span){f->b + l4 + 8, f->n - l4 - 8};
        return true;
    }
    return false;
}

/* The same of IPv4 alone. */
static inline bool next4(struct said *s)
{
    while (next_said(s))
        if (s->v4)
            return true;
    return false;
}

/* Records of one type in a section (0: answers, 1: authority, 2: others). */
static inline unsigned count(const struct said *s, unsigned section,
                             uint16_t type, struct dns_rr *last)
{
    size_t at = DNS_HDR_BYTES;
    unsigned n = 0;
    struct dns_name name;
    struct dns_rr rr;

    for (unsigned i = be16(s->msg.p + 4); i > 0; i--) {
        ck_assert(dns_name_read(&name, s->msg, &at));
        at += 4;
    }
    for (unsigned k = 0; k < 3; k++)
        for (unsigned i = be16(s->msg.p + 6 + 2 * k); i > 0; i--) {
            ck_assert(dns_rr_read(&rr, s->msg, &at));
            if (k != section || rr.type != type)
                continue;
            n++;
            if (last)
                *last = rr;
        }
    ck_assert_uint_eq(at, s->msg.n);
    return n;
}

static inline bool owned_by(const struct dns_rr *rr, const char *text)
{
    struct dns_name name;

    ck_assert(dns_name_from(&name, span_of(text)));
    return dns_name_eq(&rr->owner, &name);
}

/* A message being written by the test. */
static uint8_t m[4096];
static struct dns_out w;

static inline void begin(uint16_t flags)
{
    memset(m, 0, DNS_HDR_BYTES);
    put_be16(m + 2, flags);
    w = (struct dns_out){.p = m, .n = DNS_HDR_BYTES, .max = sizeof(m)};
}

static inline void put_name(const char *text)
{
    struct dns_name name;

    ck_assert(dns_name_from(&name, span_of(text)));
    dns_put_name(&w, &name);
}

static inline void question(const char *name, uint16_t type, bool unicast)
{
    put_name(name);
    dns_put16(&w, type);
    dns_put16(&w, unicast ? 0x8001 : 1);
    put_be16(m + 4, (uint16_t)(be16(m + 4) + 1));
}

static inline void record(unsigned section, const char *name, uint16_t type,
                          uint32_t ttl, const void *data, size_t n)
{
    uint8_t *counter = m + 6 + 2 * section;

    put_name(name);
    dns_put16(&w, type);
    dns_put16(&w, 1);
    dns_put32(&w, ttl);
    dns_put16(&w, (uint16_t)n);
    dns_put(&w, data, n);
    put_be16(counter, (uint16_t)(be16(counter) + 1));
}

static inline void record4(unsigned section, const char *name, uint32_t ttl,
                           uint32_t addr)
{
    uint8_t b[4];

    put_be32(b, addr);
    record(section, name, DNS_A, ttl, b, 4);
}

static inline void in_from(uint32_t src, uint16_t port, uint32_t dst)
{
    o.n = 0;
    put_udp4(&o, src, port, dst, MDNS_PORT, m, w.n);
    if (dst == GROUP4)
        memcpy(o.b, "\x01\x00\x5e\x00\x00\xfb", 6);
    rig_in(&r, &o);
}

static inline void in(void)
{
    in_from(PEER4, MDNS_PORT, GROUP4);
}

static inline void ask(const char *name, uint16_t type)
{
    begin(0);
    question(name, type, false);
    in();
}

static inline void open_raw(void)
{
    struct ipaddr peer = ip4_addr(PEER4);

    rig_open(&r, NULL);
    rig_meet(&r, &peer, PEER_MAC);
    r.net->mdns.on = true;
    mdns_add(r.net, &r.net->nif[0]);
    net_wake_at(r.net, r.now);
}

/* Known by its name, and nothing said for a while. */
static inline void open_known(void)
{
    struct ipaddr peer = ip4_addr(PEER4);

    open_raw();
    ck_assert_int_eq(mdns_publish(r.net, "_http._tcp", 80, SPAN("\6path=/")),
                     OK);
    rig_wait(&r, 40 * NS_PER_SEC);
    rig_meet(&r, &peer, PEER_MAC);
    rig_forget(&r);
}

#endif
