/* SPDX-License-Identifier: ISC */
/*
 * dns_rig.h - a stack on the bench, and the test as its name servers.
 */
#ifndef DNS_RIG_H
#define DNS_RIG_H

#include "../lib/suite.h"
#include "rig.h"

#include <base/fmt.h>

enum { S1 = 53, S2 = 54 };
#define SERVER1 IP(10, 0, 0, 53)
#define SERVER2 IP(10, 0, 0, 54)

static struct out o;

static struct {
    unsigned calls, n;
    enum err err;
    struct ipaddr addr[DNS_ADDRS_MAX];
} got;

static inline void on_answer(enum err err, const struct ipaddr *a, unsigned n,
                             void *user)
{
    (void)user;
    got.calls++;
    got.err = err;
    got.n = n;
    memcpy(got.addr, a, n * sizeof(*a));
}

static struct {
    unsigned calls, n;
    enum err err;
    struct dns_record r; /* the first */
    size_t data_n;
    char name[DNS_NAME_TEXT_BYTES];
} records;

static inline void on_records(enum err err, const struct dns_record *a,
                              unsigned n, void *user)
{
    (void)user;
    records.calls++;
    records.err = err;
    records.n = n;
    if (n == 0)
        return;
    records.r = a[0];
    records.data_n = a[0].data.n;
    dns_name_text(records.name, a[0].name);
}

static inline void open_with(struct rig *r, unsigned servers)
{
    struct netif_config c = rig_static();
    struct ipaddr s;

    c.ndns = servers;
    c.dns[0] = ip4_addr(SERVER1);
    c.dns[1] = ip4_addr(SERVER2);
    rig_open(r, &c);
    for (unsigned i = 0; i < servers; i++) {
        s = c.dns[i];
        rig_meet(r, &s, PEER_MAC);
    }
    memset(&got, 0, sizeof(got));
    memset(&records, 0, sizeof(records));
}

/* A question that was sent. */
struct asked {
    uint32_t server;
    uint16_t port, id, type;
    bool edns;
    size_t n; /* without the OPT record */
    uint8_t msg[512];
};

static inline bool next_question(struct rig *r, struct asked *q)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (be16(f->b + 12) == ETH_IP4 && be16(f->b + 36) == DNS_PORT) {
            ck_assert(frame_is_sound(f));
            q->server = be32(f->b + 30);
            q->port = be16(f->b + 34);
            q->n = f->n - 42;
            memcpy(q->msg, f->b + 42, q->n);
            q->edns = be16(q->msg + 10) == 1;
            if (q->edns) {
                q->n -= DNS_OPT_BYTES;
                ck_assert_uint_eq(be16(q->msg + q->n + 1), DNS_OPT);
                ck_assert_uint_eq(be16(q->msg + q->n + 3), DNS_UDP_BYTES);
            }
            put_be16(q->msg + 10, 0);
            q->id = be16(q->msg);
            q->type = be16(q->msg + q->n - 4);
            return true;
        }
    return false;
}

static uint32_t ttl = 60, soa_ttl; /* 0: no SOA */

static inline void reply(struct rig *r, const struct asked *q, const uint8_t *m,
                         size_t n)
{
    o.n = 0;
    put_udp4(&o, q->server, DNS_PORT, OUR4, q->port, m, n);
    rig_in(r, &o);
}

/* Answers with `n` addresses, or with an error code. */
static inline void answer(struct rig *r, const struct asked *q, uint8_t rcode,
                          unsigned n)
{
    uint8_t m[1024];
    size_t at = q->n;

    memcpy(m, q->msg, q->n);
    put_be16(m + 2, (uint16_t)(0x8180 | rcode));
    put_be16(m + 6, (uint16_t)n);
    for (unsigned i = 0; i < n; i++) {
        uint16_t len = q->type == DNS_A ? 4 : 16;

        put_be16(m + at, 0xc00c);
        put_be16(m + at + 2, q->type);
        put_be16(m + at + 4, 1);
        put_be32(m + at + 6, ttl);
        put_be16(m + at + 10, len);
        memset(m + at + 12, 0, len);
        if (q->type == DNS_A)
            put_be32(m + at + 12, IP(192, 0, 2, 1 + i));
        else
            put_be32(m + at + 12, 0x20010db8);
        at += 12u + len;
    }
    if (n == 0 && soa_ttl) {
        put_be16(m + 8, 1);
        memset(m + at, 0, 34);
        m[at + 2] = DNS_SOA;
        m[at + 4] = 1;
        put_be32(m + at + 5, soa_ttl + 100);
        m[at + 10] = 22;
        put_be32(m + at + 29, soa_ttl);
        at += 33;
    }
    reply(r, q, m, at);
}

static inline void ask(struct rig *r, const char *name, struct asked q[2])
{
    struct ipaddr servers[2] = {ip4_addr(SERVER1), ip4_addr(SERVER2)};

    for (unsigned i = 0; i < 2; i++) /* nobody here answers ARP */
        rig_meet(r, &servers[i], PEER_MAC);
    ck_assert_int_eq(dns_resolve(r->net, name, on_answer, NULL), OK);
    rig_turn(r);
    ck_assert(next_question(r, &q[0]) && next_question(r, &q[1]));
    ck_assert_uint_eq(q[0].type, DNS_AAAA);
    ck_assert_uint_eq(q[1].type, DNS_A);
}

static inline void name_number(char out[32], unsigned i)
{
    fmt(out, 32, "host%u.example.com", i);
}

static inline void make_small(struct asked *q)
{
    for (size_t i = DNS_HDR_BYTES; i + 4 < q->n; i++)
        if (q->msg[i] >= 'A' && q->msg[i] <= 'Z')
            q->msg[i] |= 0x20;
}

#endif
