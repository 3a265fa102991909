/* SPDX-License-Identifier: ISC */
/* What must not get in: each frame is dropped for its own reason, and nothing
 * is answered. */
#include "../lib/suite.h"
#include "rig.h"

#include <base/csum.h>
#include <wire/udp.h>

static struct out o;

/* Puts the frame in and checks that exactly `reason` has counted it. */
#define DROPPED(r, reason)                                                     \
    do {                                                                       \
        uint64_t before_ = all_drops(r), this_ = drops(r, reason);             \
                                                                               \
        rig_in(r, &o);                                                         \
        ck_assert_uint_eq(drops(r, reason), this_ + 1);                        \
        ck_assert_uint_eq(all_drops(r), before_ + 1);                          \
        ck_assert_ptr_null(rig_next(r));                                       \
    } while (0)

#define ADD_DROP(kind, field, labels, help) +r->net->count.field
static uint64_t all_drops(struct rig *r)
{
    return 0 NET_DROPS(ADD_DROP);
}

static void good4(void)
{
    o.n = 0;
    put_echo4(&o, PEER4, OUR4, 32);
}

/* After a change of the IPv4 header. */
static void sum4(void)
{
    uint8_t *ip = o.b + ETH_BYTES;
    unsigned n = (ip[0] & 15u) * 4;

    put_be16(ip + 10, 0);
    put_be16(ip + 10, (uint16_t)~csum_fold(csum_add(0, ip, n, false)));
}

START_TEST(test_ethernet)
{
    struct rig r;

    rig_open(&r, NULL);
    good4();
    o.n = 13;
    DROPPED(&r, frame_short);
    o.n = 0;
    DROPPED(&r, frame_short);
    good4();
    mac_put(o.b, OTHER_MAC);
    DROPPED(&r, other_mac);
    good4();
    mac_put(o.b, UINT64_C(0x01005e7f0001)); /* a group we are not in */
    DROPPED(&r, other_mac);
    good4();
    mac_put(o.b + 6, RIG_MAC);
    DROPPED(&r, own_mac);
    good4();
    mac_put(o.b + 6, MAC_BROADCAST);
    DROPPED(&r, source_mac);
    good4();
    put_be16(o.b + 12, ETH_VLAN);
    DROPPED(&r, vlan);
    good4();
    put_be16(o.b + 12, 0x88cc);
    DROPPED(&r, ethertype);
    rig_close(&r);
}
END_TEST

START_TEST(test_ip4_headers)
{
    struct rig r;
    uint8_t *ip = o.b + ETH_BYTES;

    rig_open(&r, NULL);
    good4();
    ip[0] = 0x65;
    DROPPED(&r, ip4_header);
    good4();
    ip[0] = 0x44;
    DROPPED(&r, ip4_header);
    good4();
    ip[0] = 0x4f; /* options that are not in the total length */
    put_be16(ip + 2, 40);
    DROPPED(&r, ip4_header);
    good4();
    o.n = ETH_BYTES + 19;
    DROPPED(&r, ip4_header);
    good4();
    put_be16(ip + 2, (uint16_t)(o.n - ETH_BYTES + 1));
    sum4();
    DROPPED(&r, ip4_length);
    good4();
    put_be16(ip + 2, 19);
    DROPPED(&r, ip4_header);
    good4();
    ip[8]++;
    DROPPED(&r, ip4_checksum);
    rig_close(&r);
}
END_TEST

/* An echo request with up to three bytes of its header wrong. */
static void damaged4(uint32_t *seed)
{
    uint8_t *ip = o.b + ETH_BYTES;

    good4();
    for (unsigned n = (*seed >> 28) % 4; n; n--) {
        *seed = *seed * 1664525 + 1013904223;
        ip[(*seed >> 8) % 20] = (uint8_t)(*seed >> 16);
    }
    *seed = *seed * 1664525 + 1013904223;
    if (*seed >> 30)
        sum4();
}

START_TEST(test_the_short_way_of_ip4_decides_as_the_long_one)
{
    struct rig a, b;
    uint32_t seed = 1;
    unsigned answers = 0;

    rig_open(&a, NULL);
    rig_open(&b, NULL);
    for (unsigned i = 0; i < 20000; i++) {
        const struct rig_frame *fa, *fb;

        a.now = b.now += 10 * NS_PER_MS;
        damaged4(&seed);
        b.net->nif[0].addr4 = 0; /* no datagram is plain to it */
        rig_in(&a, &o);
        rig_in(&b, &o);
        ck_assert_mem_eq(&a.net->count, &b.net->count, sizeof(a.net->count));
        do {
            fa = rig_next(&a);
            fb = rig_next(&b);
            ck_assert(!fa == !fb);
            answers += fa != NULL;
            if (fa)
                ck_assert_mem_eq(fa->b, fb->b, fa->n);
        } while (fa);
        rig_forget(&a);
        rig_forget(&b);
    }
    ck_assert_uint_gt(answers, 1000);
    ck_assert_uint_gt(all_drops(&a), 2000);
    rig_wait(&a, 120 * NS_PER_SEC); /* fragments of nothing are given up */
    rig_wait(&b, 120 * NS_PER_SEC);
    rig_close(&a);
    rig_close(&b);
}
END_TEST

START_TEST(test_ip4_option_rules)
{
    struct rig r;
    uint8_t *ip = o.b + ETH_BYTES;
    struct ipaddr peer = ip4_addr(PEER4);

    rig_open(&r, NULL);
    rig_meet(&r, &peer, PEER_MAC);
    good4(); /* the echo request is taken for options and payload */
    ip[0] = 0x46;
    memcpy(ip + 20, "\x83\3\4\0", 4);
    sum4();
    DROPPED(&r, ip4_source_route);
    memcpy(ip + 20, "\7\5\4\0", 4);
    sum4();
    DROPPED(&r, ip4_options);
    /* Harmless ones are passed over, and the datagram is taken. */
    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP4);
    put_ip4(&o, PEER4, OUR4, IPPROTO_ICMP4, 12);
    put_bytes(&o, "\1\1\1\0\10\0\0\0\0\0\0\0", 12);
    ip[0] = 0x46;
    sum4();
    fix_csum4(&o, ETH_BYTES + 24, 2, false);
    rig_in(&r, &o);
    ck_assert_uint_eq(r.net->count.echoes, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_ip4_sources_that_cannot_be)
{
    static const uint32_t bad[] = {IP(127, 0, 0, 1),
                                   IP(224, 0, 0, 1),
                                   IP(240, 1, 2, 3),
                                   UINT32_MAX,
                                   IP(10, 0, 0, 255),
                                   OUR4,
                                   0,
                                   IP(0, 1, 2, 3)};
    struct rig r;

    rig_open(&r, NULL);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        o.n = 0;
        put_echo4(&o, bad[i], OUR4, 32);
        DROPPED(&r, martian);
    }
    rig_close(&r);
}
END_TEST

START_TEST(test_ip4_destinations_that_are_not_ours)
{
    static const uint32_t bad[] = {OTHER4, IP(127, 0, 0, 1), IP(224, 0, 0, 5),
                                   IP(192, 0, 2, 1), 0};
    struct rig r;

    rig_open(&r, NULL);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        o.n = 0;
        put_echo4(&o, PEER4, bad[i], 32);
        DROPPED(&r, not_ours);
    }
    good4();
    mac_put(o.b, MAC_BROADCAST); /* RFC 1122 3.3.6 */
    DROPPED(&r, link_broadcast);
    rig_close(&r);
}
END_TEST

START_TEST(test_broadcast_echo_is_not_answered)
{
    struct rig r;

    rig_open(&r, NULL);
    o.n = 0;
    put_echo4(&o, PEER4, IP(10, 0, 0, 255), 32);
    mac_put(o.b, MAC_BROADCAST);
    DROPPED(&r, icmp_ignored);
    rig_close(&r);
}
END_TEST

static struct ipaddr peer6, us6;

static void good6(void)
{
    o.n = 0;
    put_echo6(&o, &peer6, &us6, 32);
}

START_TEST(test_ip6_headers)
{
    struct rig r;
    uint8_t *ip = o.b + ETH_BYTES;

    rig_open(&r, NULL);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(&r);
    good6();
    ip[0] = 0x45;
    DROPPED(&r, ip6_header);
    good6();
    o.n = ETH_BYTES + 39;
    DROPPED(&r, ip6_header);
    good6();
    put_be16(ip + 4, 41);
    DROPPED(&r, ip6_length);
    rig_close(&r);
}
END_TEST

START_TEST(test_ip6_addresses_that_cannot_be)
{
    static const char *const bad_src[] = {"ff02::1", "::1", "::ffff:10.0.0.1"};
    static const char *const bad_dst[] = {"fe80::77", "ff02::2",
                                          "::", "ff02::1:ff99:9999"};
    static const char *const odd_dst[] = {"::ffff:10.0.0.2", "::1"};
    struct rig r;

    rig_open(&r, NULL);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(&r);
    for (unsigned i = 0; i < ARRAY_LEN(bad_src); i++) {
        struct ipaddr src = rig_addr(bad_src[i]);

        o.n = 0;
        put_echo6(&o, &src, &us6, 8);
        DROPPED(&r, martian);
    }
    o.n = 0;
    put_echo6(&o, &us6, &us6, 8);
    DROPPED(&r, martian);
    for (unsigned i = 0; i < ARRAY_LEN(bad_dst); i++) {
        struct ipaddr dst = rig_addr(bad_dst[i]);

        o.n = 0;
        put_echo6(&o, &peer6, &dst, 8);
        mac_put(o.b, RIG_MAC);
        DROPPED(&r, not_ours);
    }
    for (unsigned i = 0; i < ARRAY_LEN(odd_dst); i++) {
        struct ipaddr dst = rig_addr(odd_dst[i]);

        o.n = 0;
        put_udp6(&o, &peer6, 1, &dst, 9, "x", 1);
        DROPPED(&r, martian);
        o.b[ETH_BYTES + 6] = IPPROTO_TCP_; /* the short way in */
        DROPPED(&r, martian);
    }
    peer6 = (struct ipaddr){{0}}; /* unspecified: for NDP alone */
    good6();
    DROPPED(&r, martian);
    o.n = 0;
    put_udp6(&o, &peer6, 1, &us6, 2, "x", 1);
    DROPPED(&r, martian);
    rig_close(&r);
}
END_TEST

/* An IPv6 datagram with these extension headers before an echo request. */
static void with_ext(uint8_t first, const void *ext, size_t n)
{
    size_t l4;

    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP6);
    put_ip6(&o, &peer6, &us6, first, 64, n + 16);
    put_bytes(&o, ext, n);
    l4 = o.n;
    put_bytes(&o, "\x80\0\0\0abcdefghijkl", 16);
    fix_csum6(&o, l4, 2);
}

static void open_ext(struct rig *r)
{
    rig_open(r, NULL);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(r);
    rig_meet(r, &peer6, PEER_MAC);
}

START_TEST(test_ip6_extension_headers)
{
    struct rig r;
    const struct rig_frame *f;
    uint8_t many[9 * 8];

    open_ext(&r);
    with_ext(0, "\x3c\0\1\4\0\0\0\0\x3a\0\1\4\0\0\0\0", 16);
    rig_in(&r, &o);
    ck_assert_uint_eq(r.net->count.echoes, 1);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));

    with_ext(43, "\x3a\0\0\1\0\0\0\0", 8); /* segments left */
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, ip6_source_route), 1);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->b[54], ICMP6_PARAM);
    ck_assert_uint_eq(be32(f->b + 58), 42);

    with_ext(60, "\x3a\1\1\4\0\0\0\0", 8);
    put_be16(o.b + ETH_BYTES + 4, 8);
    DROPPED(&r, ip6_extension);
    for (unsigned i = 0; i < 9; i++)
        memcpy(many + i * 8,
               i == 8 ? "\x3a\0\1\4\0\0\0\0" : "\x3c\0\1\4\0\0\0\0", 8);
    with_ext(60, many, sizeof(many));
    DROPPED(&r, ip6_extension);
    with_ext(59, "", 0); /* no next header: nothing is wrong with it */
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    with_ext(200, "", 0);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, protocol), 1);
    f = rig_next(&r);
    ck_assert(f && f->b[54] == ICMP6_PARAM && f->b[55] == ICMP6_CODE_NEXT);
    ck_assert_uint_eq(be32(f->b + 58), 6);
    rig_close(&r);
}
END_TEST

/* What is done with an unknown option stands in its first two bits. */
START_TEST(test_ip6_options_say_how_to_pass_them_over)
{
    const struct rig_frame *f;
    struct ipaddr us;
    struct rig r;

    open_ext(&r);
    us = us6;
    with_ext(60, "\x3a\0\x9e\4\0\0\0\0", 8); /* 10: discard and tell */
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, ip6_option), 1);
    f = rig_next(&r);
    ck_assert(f && f->b[54] == ICMP6_PARAM && f->b[55] == ICMP6_CODE_OPTION);
    ck_assert_uint_eq(be32(f->b + 58), 42);
    us6 = rig_addr("ff02::1"); /* to a group, too: RFC 4443 2.4 (e.3) */
    with_ext(60, "\x3a\0\x9e\4\0\0\0\0", 8);
    mac_put(o.b, UINT64_C(0x333300000001));
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f) && f->b[54] == ICMP6_PARAM);
    with_ext(60, "\x3a\0\xde\4\0\0\0\0", 8); /* 11: but not this */
    mac_put(o.b, UINT64_C(0x333300000001));
    DROPPED(&r, ip6_option);
    us6 = us;
    with_ext(60, "\x3a\0\x5e\4\0\0\0\0", 8); /* 01: discard in silence */
    DROPPED(&r, ip6_option);
    rig_close(&r);
}
END_TEST

START_TEST(test_udp_lengths_and_checksums)
{
    struct rig r;

    rig_open(&r, NULL);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(&r);
    o.n = 0;
    put_udp4(&o, PEER4, 1, OUR4, 2, "abc", 3);
    put_be16(o.b + 38, 12); /* UDP length beyond IP's */
    DROPPED(&r, udp_length);
    put_be16(o.b + 38, 7);
    DROPPED(&r, udp_length);
    o.n = 0;
    put_udp4(&o, PEER4, 1, OUR4, 2, "abc", 3);
    o.b[43] ^= 1;
    DROPPED(&r, udp_checksum);
    o.n = 0;
    put_udp6(&o, &peer6, 1, &us6, 2, "abc", 3);
    put_be16(o.b + 60, 0); /* RFC 8200 8.1: IPv6 may not go without */
    DROPPED(&r, udp_checksum);
    o.n = 0;
    put_udp4(&o, PEER4, 1, OUR4, 2, "abc", 3);
    put_be16(o.b + 40, 0); /* IPv4 may */
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, udp_no_port), 1);
    rig_wait(&r, 4 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_icmp_checksums)
{
    struct rig r;

    rig_open(&r, NULL);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(&r);
    good4();
    o.b[o.n - 1] ^= 1;
    DROPPED(&r, icmp_checksum);
    good6();
    o.b[o.n - 1] ^= 1;
    DROPPED(&r, icmp_checksum);
    o.n = 0;
    put_echo4(&o, PEER4, OUR4, 0);
    put_be16(o.b + 16, 27); /* one byte less than a header */
    sum4();
    DROPPED(&r, icmp_short);
    rig_close(&r);
}
END_TEST

/* 20,000 frames with bytes changed at random: nothing breaks, all memory is
 * back, and a good one is answered after. */
START_TEST(test_mutated_frames_are_survived)
{
    struct rig r;
    static const uint8_t seed[32] = {3};
    struct ipaddr peer = ip4_addr(PEER4);
    struct rng rng;
    uint64_t echoes;

    rng_seed(&rng, seed);
    rig_open(&r, NULL);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(&r);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned changes = 1 + rng_below(&rng, 6);

        if (i & 1)
            good4();
        else if (i & 2)
            good6();
        else
            with_ext(0, "\x2c\0\1\4\0\0\0\0\x3a\0\0\1\0\0\0\7", 16);
        r.split = i & 4 ? 0 : 1 + rng_below(&rng, 300);
        while (changes--)
            o.b[12 + rng_below(&rng, (uint32_t)o.n - 12)] =
                (uint8_t)rng_u32(&rng);
        if (i & 8)
            o.n -= rng_below(&rng, (uint32_t)o.n);
        rig_in(&r, &o);
        rig_forget(&r);
        r.now += NS_PER_MS;
    }
    rig_wait(&r, 100 * NS_PER_SEC);
    rig_forget(&r);
    rig_meet(&r, &peer, PEER_MAC);
    echoes = r.net->count.echoes;
    good4();
    rig_in(&r, &o);
    ck_assert_uint_eq(r.net->count.echoes, echoes + 1);
    rig_close(&r);
}
END_TEST

RUN_TESTS("input", PANICS(), test_ethernet, test_ip4_headers,
          test_the_short_way_of_ip4_decides_as_the_long_one,
          test_ip4_option_rules, test_ip4_sources_that_cannot_be,
          test_ip4_destinations_that_are_not_ours,
          test_broadcast_echo_is_not_answered, test_ip6_headers,
          test_ip6_addresses_that_cannot_be, test_ip6_extension_headers,
          test_ip6_options_say_how_to_pass_them_over,
          test_udp_lengths_and_checksums, test_icmp_checksums,
          test_mutated_frames_are_survived)
