/* SPDX-License-Identifier: ISC */
/*
 * test_wire.c - the simulation's own eyes: does it see what is wrong, and does
 * its link do what it says?
 */
#include "../unit/lib/suite.h"
#include "lan.h"

#include <base/bytes.h>
#include <base/pool.h>

enum { ETH = 14, TCP_BYTES = 20, PAYLOAD = 5000, MSS = 1400, FAMILIES = 2 };

struct cut {
    unsigned frames;
    size_t bytes;
    uint8_t payload[PAYLOAD];
    const char *fault;
    struct span frame; /* the last one */
    uint8_t copy[2048];
};

static size_t header_bytes(bool v4)
{
    return (size_t)ETH + (v4 ? 20 : 40) + TCP_BYTES;
}

/* Ethernet, IP and TCP headers for `payload` bytes, checksums left open. */
static size_t headers(uint8_t *f, bool v4, size_t payload)
{
    size_t ip = v4 ? 20 : 40;
    uint8_t *p = f + ETH, *tcp = p + ip;

    memset(f, 0, header_bytes(v4));
    f[0] = f[6] = 2;
    put_be16(f + 12, v4 ? 0x0800 : 0x86dd);
    p[0] = v4 ? 0x45 : 0x60;
    put_be16(p + (v4 ? 2 : 4), (uint16_t)(TCP_BYTES + payload + (v4 ? ip : 0)));
    p[v4 ? 8 : 7] = 64;
    p[v4 ? 9 : 6] = 6;
    p[v4 ? 12 : 8] = p[v4 ? 16 : 24] = 10;
    p[v4 ? 15 : 23] = 1;
    p[v4 ? 19 : 39] = 2;
    put_be16(tcp, 1000);
    put_be16(tcp + 2, 80);
    put_be32(tcp + 4, 0xfffffff0); /* wraps within the payload */
    tcp[12] = 5 << 4;
    tcp[13] = 0x19; /* FIN, PSH, ACK */
    return header_bytes(v4);
}

static void collect(struct span frame, void *user)
{
    struct cut *c = user;
    bool v4 = be16(frame.p + 12) == 0x0800;
    size_t head = header_bytes(v4), n = frame.n - head;
    const uint8_t *tcp = frame.p + head - TCP_BYTES;

    c->fault = c->fault ? c->fault : wire_fault(frame, WIRE_MTU);
    ck_assert_uint_eq(be32(tcp + 4), (uint32_t)(0xfffffff0 + c->bytes));
    ck_assert_uint_le(c->bytes + n, PAYLOAD);
    memcpy(c->payload + c->bytes, frame.p + head, n);
    ck_assert_uint_eq(tcp[13], c->bytes + n == PAYLOAD ? 0x19 : 0x10);
    memcpy(c->copy, frame.p, frame.n);
    c->frame = (struct span){c->copy, frame.n};
    c->bytes += n;
    c->frames++;
}

static const uint8_t payload[PAYLOAD] = {1, 2, 3, [PAYLOAD - 1] = 9};

static void never(struct buf *b)
{
    (void)b;
}

/* A segment of the size of PAYLOAD, cut by MSS. */
static void cut(struct cut *c, bool v4)
{
    static uint8_t memory[8192];
    struct arena a;
    struct pool pool;
    struct buf buf = {.refs = 1, .free = never};
    struct pkt *p;
    uint8_t head[128];
    size_t n = headers(head, v4, PAYLOAD);

    memset(c, 0, sizeof(*c));
    arena_init(&a, (struct mspan){memory, sizeof(memory)});
    ck_assert(pool_init(&pool, "pkts", &a, sizeof(*p), 1, 16));
    p = pkt_get(&pool);
    memcpy(pkt_push(p, (unsigned)n), head, n);
    ck_assert(pkt_add_frag(p, &buf, payload, PAYLOAD));
    p->flags = (uint16_t)(PKT_CSUM_PARTIAL | (v4 ? PKT_GSO4 : PKT_GSO6));
    p->gso_size = MSS;
    p->gso_hdr = (uint16_t)n;
    p->csum_start = (uint16_t)(n - TCP_BYTES);
    p->csum_off = 16;
    ck_assert_pstr_eq(wire_cut(p, collect, c), NULL);
    pkt_put(p);
}

START_TEST(test_a_large_segment_is_cut_into_good_frames)
{
    struct cut c;

    cut(&c, _i);
    ck_assert_pstr_eq(c.fault, NULL);
    ck_assert_uint_eq(c.frames, (PAYLOAD + MSS - 1) / MSS);
    ck_assert_uint_eq(c.bytes, PAYLOAD);
    ck_assert_mem_eq(c.payload, payload, PAYLOAD);
}
END_TEST

/* What no checksum covers in IPv6: traffic class, flow label, hop limit. */
static bool uncovered(bool v4, size_t at, unsigned bit)
{
    return at < 12 || (!v4 && ((at == ETH && bit < 4) ||
                               (at > ETH && at < ETH + 4) || at == ETH + 7));
}

START_TEST(test_any_changed_bit_is_seen)
{
    struct cut c;
    uint8_t *f;

    cut(&c, _i);
    f = c.copy;
    for (size_t at = 0; at < c.frame.n; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            f[at] ^= (uint8_t)(1u << bit);
            if (!uncovered(_i, at, bit))
                ck_assert_msg(wire_fault(c.frame, WIRE_MTU), "%zu.%u", at, bit);
            f[at] ^= (uint8_t)(1u << bit);
        }
}
END_TEST

START_TEST(test_any_cut_length_is_seen)
{
    struct cut c;

    cut(&c, _i);
    for (size_t n = 0; n < c.frame.n; n++)
        ck_assert(wire_fault((struct span){c.copy, n}, WIRE_MTU));
    ck_assert_pstr_eq(wire_fault(c.frame, 100), "a frame over the MTU");
    c.copy[c.frame.n] = 1;
    ck_assert_pstr_eq(
        wire_fault((struct span){c.copy, c.frame.n + 1}, WIRE_MTU),
        "padding that is not zero");
}
END_TEST

struct ear {
    struct port port;
    unsigned heard, changed;
    ns_t now, last;
    struct span want;
};

static void hear(struct port *p, struct span frame)
{
    struct ear *e = p->user;

    e->heard++;
    e->changed += memcmp(frame.p, e->want.p, frame.n) != 0;
    e->last = e->now;
}

/* 10,000 frames over such a link. */
static void talk(struct lan *l, struct ear *to, const struct lan_quality *q,
                 uint64_t seed)
{
    struct port from = {.mac = {4}};
    struct cut c;

    cut(&c, true);
    memset(to, 0, sizeof(*to));
    to->port = (struct port){.mac = {2}, .arrive = hear, .user = to};
    to->want = c.frame;
    lan_open(l, q, seed);
    lan_plug(l, &from);
    lan_plug(l, &to->port);
    for (unsigned i = 0; i < 10000; i++)
        lan_send(&from, c.frame, i);
    while (lan_deadline(l) != NS_NEVER) {
        to->now = lan_deadline(l);
        lan_deliver(l, to->now);
    }
    ck_assert_str_eq(l->fault, "");
    lan_close(l);
}

START_TEST(test_a_perfect_link_loses_nothing)
{
    struct lan_quality q = {.delay = 5};
    struct lan l;
    struct ear e;

    talk(&l, &e, &q, 1);
    ck_assert_uint_eq(e.heard, 10000);
    ck_assert_uint_eq(e.changed, 0);
    ck_assert_uint_eq(e.last, 9999 + 5);
}
END_TEST

START_TEST(test_a_bad_link_does_what_it_says)
{
    struct lan_quality q = {
        .loss_ppm = 100000, .dup_ppm = 50000, .corrupt_ppm = 20000};
    struct lan l;
    struct ear e;

    talk(&l, &e, &q, 2);
    ck_assert_uint_eq(e.heard, 10000 - l.lost + l.doubled);
    ck_assert(l.lost > 900 && l.lost < 1100);
    ck_assert(l.doubled > 380 && l.doubled < 520);
    ck_assert_uint_eq(e.changed, l.changed);
    ck_assert(l.changed > 130 && l.changed < 250);
}
END_TEST

START_TEST(test_a_slow_link_takes_its_time_and_its_queue_ends)
{
    struct lan_quality q = {.bits_per_sec = 1000000};
    struct lan l;
    struct ear e;
    ns_t each;

    talk(&l, &e, &q, 3);
    each = e.want.n * 8 * 1000;
    ck_assert_uint_eq(e.last, 10000 * each);
    q.queue = 100 * each;
    talk(&l, &e, &q, 3);
    ck_assert_uint_eq(e.heard + l.overflowed, 10000);
    ck_assert(e.heard >= 100 && e.heard <= 102);
}
END_TEST

START_TEST(test_the_hash_knows_bytes_and_time)
{
    struct lan_quality q = {.delay = 5, .loss_ppm = 10000};
    struct lan a, b;
    struct ear e;

    talk(&a, &e, &q, 4);
    talk(&b, &e, &q, 4);
    ck_assert_uint_eq(a.hash, b.hash);
    ck_assert_uint_eq(a.lost, b.lost);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *t = tcase_create("wire");

    tcase_add_loop_test(t, test_a_large_segment_is_cut_into_good_frames, 0,
                        FAMILIES);
    tcase_add_loop_test(t, test_any_changed_bit_is_seen, 0, FAMILIES);
    tcase_add_loop_test(t, test_any_cut_length_is_seen, 0, FAMILIES);
    tcase_add_test(t, test_a_perfect_link_loses_nothing);
    tcase_add_test(t, test_a_bad_link_does_what_it_says);
    tcase_add_test(t, test_a_slow_link_takes_its_time_and_its_queue_ends);
    tcase_add_test(t, test_the_hash_knows_bytes_and_time);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
