/* SPDX-License-Identifier: ISC */
/* Reassembly and fragmentation, both families. */
#include "../lib/suite.h"
#include "rig.h"

#include <wire/udp.h>

static struct out o, whole;
static struct ipaddr peer6, us6;

static struct {
    unsigned n;
    size_t len;
    uint8_t data[65536];
} got;

static void on_udp(const struct udp_dgram *d, void *user)
{
    (void)user;
    got.n++;
    got.len = d->data.n;
    memcpy(got.data, d->data.p, d->data.n);
}

static void open_rig(struct rig *r)
{
    uint16_t port = 9;
    struct ipaddr peer = ip4_addr(PEER4);

    rig_open(r, NULL);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(r);
    rig_meet(r, &peer, PEER_MAC);
    rig_meet(r, &peer6, PEER_MAC);
    got.n = 0;
    ck_assert_int_eq(udp_bind(r->net, &port, on_udp, NULL), OK);
}

/* The datagram to be cut: UDP to port 9 with n bytes. */
static void make(bool v4, size_t n)
{
    static uint8_t data[65536];

    for (size_t i = 0; i < n; i++)
        data[i] = (uint8_t)(i * 31 >> 3);
    whole.n = 0;
    if (v4)
        put_udp4(&whole, PEER4, 7, OUR4, 9, data, n);
    else
        put_udp6(&whole, &peer6, 7, &us6, 9, data, n);
}

/* Bytes [at, at+n) of its payload as a fragment, in `o`. */
static void make_fragment(bool v4, uint32_t id, size_t at, size_t n, bool more,
                          uint8_t tos)
{
    size_t hdr = v4 ? IP4_BYTES : IP6_BYTES;

    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, v4 ? ETH_IP4 : ETH_IP6);
    if (v4) {
        struct ip4_hdr h = {.src = PEER4,
                            .dst = OUR4,
                            .total_len = (uint16_t)(IP4_BYTES + n),
                            .id = (uint16_t)id,
                            .frag = (uint16_t)(at / 8 | (more ? IP4_MF : 0u)),
                            .tos = tos,
                            .ttl = 64,
                            .proto = IPPROTO_UDP_};

        ip4_emit(o.b + o.n, &h);
        o.n += IP4_BYTES;
    } else {
        put_ip6(&o, &peer6, &us6, IP6_NH_FRAGMENT, 64, IP6_FRAG_BYTES + n);
        o.b[ETH_BYTES + 1] = (uint8_t)(tos << 4);
        ip6_frag_emit(o.b + o.n, IPPROTO_UDP_, (uint16_t)at, more, id);
        o.n += IP6_FRAG_BYTES;
    }
    put_bytes(&o, whole.b + ETH_BYTES + hdr + at, n);
}

static void put_in(struct rig *r, bool v4, uint32_t id, size_t at, size_t n,
                   bool more)
{
    make_fragment(v4, id, at, n, more, 0);
    rig_in(r, &o);
}

static size_t payload(bool v4)
{
    return whole.n - ETH_BYTES - (v4 ? IP4_BYTES : IP6_BYTES);
}

static void check_got(bool v4)
{
    size_t skip = ETH_BYTES + (v4 ? IP4_BYTES : IP6_BYTES) + UDP_BYTES;

    ck_assert_uint_eq(got.n, 1);
    ck_assert_uint_eq(got.len, whole.n - skip);
    ck_assert_mem_eq(got.data, whole.b + skip, got.len);
    got.n = 0;
}

START_TEST(test_fragments_in_any_order)
{
    static const uint8_t order[][4] = {
        {0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    bool v4 = _i;
    struct rig r;

    open_rig(&r);
    make(v4, 3000);
    for (uint32_t k = 0; k < ARRAY_LEN(order); k++) {
        for (unsigned i = 0; i < 4; i++) {
            size_t at = order[k][i] * 800u;
            bool last = order[k][i] == 3;

            ck_assert_uint_eq(got.n, 0);
            put_in(&r, v4, k, at, last ? payload(v4) - at : 800, !last);
        }
        check_got(v4);
    }
    ck_assert_uint_eq(r.net->count.reassembled, 4);
    ck_assert_uint_eq(r.net->frags.in_use, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_largest_datagram)
{
    bool v4 = _i;
    size_t n = v4 ? 65507 : 65527, step = 1480, at = 0;
    struct rig r;

    open_rig(&r);
    make(v4, n);
    for (at = 0; at + step < payload(v4); at += step)
        put_in(&r, v4, 5, at, step, true);
    put_in(&r, v4, 5, at, payload(v4) - at, false);
    check_got(v4);
    rig_close(&r);
}
END_TEST

START_TEST(test_repeated_fragment_is_harmless)
{
    bool v4 = _i;
    struct rig r;

    open_rig(&r);
    make(v4, 1600);
    put_in(&r, v4, 1, 0, 800, true);
    put_in(&r, v4, 1, 0, 800, true);
    put_in(&r, v4, 1, 800, payload(v4) - 800, false);
    check_got(v4);
    rig_close(&r);
}
END_TEST

START_TEST(test_overlap_ends_the_datagram)
{
    static const struct {
        uint16_t at, n;
        bool more;
    } bad[] = {{792, 808, true}, {400, 80, true}, {8, 8, true},
               {0, 808, true},   {0, 792, true},  {720, 888, false},
               {1600, 80, true}};
    bool v4 = _i;
    struct rig r;

    open_rig(&r);
    make(v4, 2400);
    for (uint32_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint64_t before = drops(&r, frag_overlap);

        put_in(&r, v4, i, 0, 800, true);
        put_in(&r, v4, i, 1600, 48, false);
        put_in(&r, v4, i, bad[i].at, bad[i].n, bad[i].more);
        ck_assert_uint_eq(drops(&r, frag_overlap), before + 1);
        put_in(&r, v4, i, 800, 800, true); /* would have completed it */
        ck_assert_uint_eq(got.n, 0);
        ck_assert_uint_eq(r.net->frags.blocks, 0);
    }
    rig_wait(&r, 61 * NS_PER_SEC);
    ck_assert_uint_eq(r.net->frags.in_use, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_impossible_fragments)
{
    bool v4 = _i;
    struct rig r;

    open_rig(&r);
    make(v4, 60000);
    put_in(&r, v4, 1, 0, 801, true);     /* not a multiple of 8 */
    put_in(&r, v4, 1, 65528, 80, false); /* beyond the largest */
    put_in(&r, v4, 1, 80, 0, true);
    ck_assert_uint_eq(drops(&r, frag_bad), 3);
    ck_assert_uint_eq(r.net->frags.in_use, 0);
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

START_TEST(test_timeout_tells_who_sent_the_first_fragment)
{
    bool v4 = _i;
    const struct rig_frame *f;
    struct ipaddr peer = ip4_addr(PEER4);
    struct rig r;

    open_rig(&r);
    make(v4, 3000);
    put_in(&r, v4, 1, 0, 800, true);
    put_in(&r, v4, 2, 800, 800, true); /* of this one the first is missing */
    rig_wait(&r, 59 * NS_PER_SEC);
    ck_assert_ptr_null(rig_next(&r));
    rig_meet(&r, &peer, PEER_MAC);
    rig_meet(&r, &peer6, PEER_MAC);
    rig_wait(&r, 2 * NS_PER_SEC);
    ck_assert_uint_eq(drops(&r, frag_timeout), 2);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->b[v4 ? 34 : 54], v4 ? ICMP4_TIME : ICMP6_TIME);
    ck_assert_uint_eq(f->b[v4 ? 35 : 55], 1);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_flood_of_fragments_is_bounded)
{
    bool v4 = _i;
    struct rig r;

    open_rig(&r);
    make(v4, 60000);
    for (uint32_t i = 0; i < 4000; i++) {
        put_in(&r, v4, i, (size_t)(i % 70) * 800, 800, true);
        ck_assert_uint_le(r.net->frags.in_use, DGRAMS_MAX);
        ck_assert_uint_le(r.net->frags.blocks, r.net->frags.blocks_max);
        rig_forget(&r);
    }
    ck_assert_uint_gt(drops(&r, frag_full), 3000);
    make(v4, 1600); /* an honest one still gets through */
    put_in(&r, v4, 99999, 0, 800, true);
    put_in(&r, v4, 99999, 800, payload(v4) - 800, false);
    check_got(v4);
    rig_wait(&r, 70 * NS_PER_SEC);
    ck_assert_uint_eq(r.net->frags.blocks, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_many_tiny_fragments_are_given_up)
{
    bool v4 = _i;
    struct rig r;

    open_rig(&r);
    make(v4, 4000);
    for (unsigned i = 0; i <= FRAGS_MAX; i++)
        put_in(&r, v4, 1, 8 + i * 16, 8, true);
    ck_assert_uint_eq(drops(&r, frag_full), 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_no_blocks_left)
{
    bool v4 = _i;
    struct rig r;

    open_rig(&r);
    make(v4, 3000);
    r.tx_blocks.blocks.fail_after = 0;
    put_in(&r, v4, 1, 0, 800, true);
    ck_assert_uint_eq(drops(&r, frag_full), 1);
    ck_assert_uint_eq(r.net->frags.in_use, 0);
    r.tx_blocks.blocks.fail_after = -1;
    rig_close(&r);
}
END_TEST

START_TEST(test_atomic_fragment_rfc_6946)
{
    struct rig r;

    open_rig(&r);
    make(false, 100);
    put_in(&r, false, 1, 0, payload(false), false);
    check_got(false);
    ck_assert_uint_eq(r.net->count.reassembled, 0);
    rig_close(&r);
}
END_TEST

/* However deep, it would be unpacked by recursion. */
START_TEST(test_fragment_within_a_fragment_is_dropped)
{
    struct rig r;

    open_rig(&r);
    make(false, 100);
    for (unsigned n = 1; n <= 30; n++) {
        o.n = 0;
        put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP6);
        put_ip6(&o, &peer6, &us6, IP6_NH_FRAGMENT, 64,
                n * IP6_FRAG_BYTES + 108);
        for (unsigned i = 1; i <= n; i++) {
            ip6_frag_emit(o.b + o.n, i < n ? IP6_NH_FRAGMENT : IPPROTO_UDP_, 0,
                          false, i);
            o.n += IP6_FRAG_BYTES;
        }
        put_bytes(&o, whole.b + ETH_BYTES + IP6_BYTES, 108);
        rig_in(&r, &o);
        ck_assert_uint_eq(got.n, 1);
        ck_assert_uint_eq(drops(&r, frag_bad), n - 1);
    }
    rig_close(&r);
}
END_TEST

START_TEST(test_first_fragment_without_transport_header_rfc_7112)
{
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP6);
    put_ip6(&o, &peer6, &us6, IP6_NH_FRAGMENT, 64, 16);
    ip6_frag_emit(o.b + o.n, IP6_NH_OPTIONS, 0, true, 1);
    o.n += IP6_FRAG_BYTES;
    put_bytes(&o, "\x11\1\1\4\0\0\0\0", 8);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, frag_bad), 1);
    f = rig_next(&r);
    ck_assert(f && f->b[54] == ICMP6_PARAM && f->b[55] == ICMP6_CODE_CHAIN);
    rig_close(&r);
}
END_TEST

/* What an option asks for is asked of who has the whole datagram. */
START_TEST(test_option_in_fragments_is_judged_in_the_whole)
{
    static const uint8_t opt[] = {17, 0, 0x9e, 4, 0, 0, 0, 0};
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    for (unsigned i = 0; i < 2; i++) {
        o.n = 0;
        put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP6);
        put_ip6(&o, &peer6, &us6, IP6_NH_FRAGMENT, 64, i ? 16 : 24);
        ip6_frag_emit(o.b + o.n, IP6_NH_OPTIONS, i ? 16 : 0, !i, 1);
        o.n += IP6_FRAG_BYTES;
        put_bytes(&o, opt, 8);
        if (i == 0)
            put_bytes(&o, "\0\7\0\11\0\20\0\0", 8);
        rig_in(&r, &o);
        ck_assert_uint_eq(drops(&r, frag_bad), 0);
    }
    ck_assert_uint_eq(drops(&r, ip6_option), 1);
    f = rig_next(&r);
    ck_assert(f && f->b[54] == ICMP6_PARAM && f->b[55] == ICMP6_CODE_OPTION);
    ck_assert_uint_eq(be32(f->b + 58), 42);
    rig_close(&r);
}
END_TEST

START_TEST(test_sent_datagrams_are_cut_and_come_together_again)
{
    bool v4 = _i;
    static uint8_t data[65527];
    size_t n = v4 ? 65507 : 65527, have = 0;
    struct udp_dgram d = {.data = {data, n}};
    struct rig r;

    for (size_t i = 0; i < n; i++)
        data[i] = (uint8_t)(i * 13 >> 2);
    open_rig(&r);
    d.local.port = 9;
    d.remote = (struct endpoint){
        .addr = v4 ? ip4_addr(PEER4) : peer6, .port = 7, .netif = 1};
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    whole.n = 0;
    for (const struct rig_frame *f; (f = rig_next(&r));) {
        size_t hdr = v4 ? 34 : 62;
        uint16_t frag = be16(f->b + (v4 ? 20 : 56));
        size_t at = v4 ? (frag & IP4_OFFSET) * 8u : frag & 0xfff8u;

        ck_assert(frame_is_sound(f));
        ck_assert_uint_le(f->n, 1514);
        memcpy(o.b + at, f->b + hdr, f->n - hdr);
        have += f->n - hdr;
    }
    ck_assert_uint_eq(have, n + UDP_BYTES);
    ck_assert_mem_eq(o.b + UDP_BYTES, data, n);
    ck_assert_uint_eq(r.net->count.fragmented, 1);
    rig_close(&r);
}
END_TEST

/* What the fragments' codepoints make of the datagram's; -1: nothing. */
static int joined(struct rig *r, bool v4, uint8_t first, uint8_t then)
{
    static uint32_t id = 700;
    struct pkt *p;
    struct ip_rx rx;

    make_fragment(v4, ++id, 0, 800, true, first);
    rig_put(r, &o);
    make_fragment(v4, id, 800, payload(v4) - 800, false, then);
    rig_put(r, &o);
    p = r->net->udp.sock[0].rx.head;
    if (p)
        memcpy(&rx, p->hdr, sizeof(rx));
    rig_turn(r);
    ck_assert_uint_eq(got.n, p != NULL);
    got.n = 0;
    return p ? rx.tos : -1;
}

START_TEST(test_ecn_of_fragments_rfc_3168_5_3)
{
    enum { NOT_ECT, ECT1, ECT0, CE, NEVER };
    /* rows: the first fragment; columns: the other one */
    static const int want[4][4] = {{NOT_ECT, NOT_ECT, NOT_ECT, -1},
                                   {ECT1, ECT1, ECT1, CE},
                                   {ECT0, ECT0, ECT0, CE},
                                   {-1, CE, CE, CE}};
    bool v4 = _i;
    struct rig r;

    open_rig(&r);
    make(v4, 1500);
    for (uint8_t a = 0; a < NEVER; a++)
        for (uint8_t b = 0; b < NEVER; b++)
            ck_assert_int_eq(joined(&r, v4, a, b), want[a][b]);
    ck_assert_uint_eq(drops(&r, frag_bad), 2);
    rig_close(&r);
}
END_TEST

RUN_CASES("frag", LOOP(test_fragments_in_any_order, 0, 2),
          LOOP(test_largest_datagram, 0, 2),
          LOOP(test_repeated_fragment_is_harmless, 0, 2),
          LOOP(test_overlap_ends_the_datagram, 0, 2),
          LOOP(test_impossible_fragments, 0, 2),
          LOOP(test_timeout_tells_who_sent_the_first_fragment, 0, 2),
          LOOP(test_flood_of_fragments_is_bounded, 0, 2),
          LOOP(test_many_tiny_fragments_are_given_up, 0, 2),
          LOOP(test_no_blocks_left, 0, 2),
          LOOP(test_ecn_of_fragments_rfc_3168_5_3, 0, 2),
          LOOP(test_sent_datagrams_are_cut_and_come_together_again, 0, 2),
          TEST(test_atomic_fragment_rfc_6946),
          TEST(test_fragment_within_a_fragment_is_dropped),
          TEST(test_first_fragment_without_transport_header_rfc_7112),
          TEST(test_option_in_fragments_is_judged_in_the_whole))
