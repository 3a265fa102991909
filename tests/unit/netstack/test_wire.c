/* SPDX-License-Identifier: ISC */
/*
 * Every parser: what is emitted is parsed back; what is cut anywhere, or has
 * any bytes changed, is never read beyond its end (under ASan).
 */
#include "../lib/suite.h"
#include "chew.h"

#include <wire/arp.h>
#include <wire/icmp6.h>
#include <wire/ndp.h>
#include <wire/udp.h>

static bool parse_eth(struct span in)
{
    struct eth_hdr h;

    return eth_parse(&h, in);
}

START_TEST(test_eth)
{
    struct eth_hdr h = {.dst = UINT64_C(0x0102030405ff),
                        .src = UINT64_C(0xa2a3a4a5a6a7),
                        .type = ETH_IP6},
                   back;
    uint8_t b[ETH_BYTES];

    eth_emit(b, &h);
    ck_assert_uint_eq(b[0], 1);
    ck_assert_uint_eq(b[5], 0xff);
    ck_assert_uint_eq(b[6], 0xa2);
    ck_assert(eth_parse(&back, (struct span){b, sizeof(b)}));
    ck_assert(back.dst == h.dst && back.src == h.src && back.type == h.type);
    ck_assert(!exactly(parse_eth, b, 13));
    chew(parse_eth, b, sizeof(b));
}
END_TEST

static bool parse_arp(struct span in)
{
    struct arp_msg m;

    return arp_parse(&m, in);
}

START_TEST(test_arp)
{
    struct arp_msg m = {.op = ARP_REPLY,
                        .sender_mac = UINT64_C(0x112233445566),
                        .target_mac = UINT64_C(0x665544332211),
                        .sender = 0x0a000001,
                        .target = 0x0a000002},
                   back;
    uint8_t b[ARP_BYTES];

    arp_emit(b, &m);
    ck_assert(arp_parse(&back, (struct span){b, sizeof(b)}));
    ck_assert(back.op == m.op && back.sender == m.sender &&
              back.target == m.target && back.sender_mac == m.sender_mac &&
              back.target_mac == m.target_mac);
    ck_assert(!exactly(parse_arp, b, ARP_BYTES - 1));
    chew(parse_arp, b, sizeof(b));
    b[7] = 3; /* no such operation */
    ck_assert(!exactly(parse_arp, b, ARP_BYTES));
}
END_TEST

static bool parse_ip4(struct span in)
{
    struct ip4_hdr h;

    if (!ip4_parse(&h, in))
        return false;
    (void)ip4_csum_ok(in.p, h.hdr_len);
    (void)ip4_options(
        (struct span){in.p + IP4_BYTES, (size_t)h.hdr_len - IP4_BYTES});
    return true;
}

START_TEST(test_ip4)
{
    struct ip4_hdr h = {.src = 0xc0000201,
                        .dst = 0xc6336401,
                        .total_len = 20,
                        .id = 7,
                        .frag = IP4_DF,
                        .hdr_len = 20,
                        .tos = 0x10,
                        .ttl = 64,
                        .proto = 17},
                   back;
    uint8_t b[60] = {0};

    ip4_emit(b, &h);
    ck_assert(ip4_csum_ok(b, 20));
    ck_assert(ip4_parse(&back, (struct span){b, 20}));
    ck_assert(back.src == h.src && back.dst == h.dst && back.id == h.id &&
              back.total_len == h.total_len && back.frag == h.frag &&
              back.hdr_len == h.hdr_len && back.tos == h.tos &&
              back.ttl == h.ttl && back.proto == h.proto);
    for (unsigned i = 0; i < 160; i++) { /* any one bit is noticed */
        b[i / 8] ^= (uint8_t)(1 << i % 8);
        ck_assert(!ip4_csum_ok(b, 20));
        b[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    b[0] = 0x4f;
    b[3] = 60;
    ck_assert(exactly(parse_ip4, b, 60));
    ck_assert(!exactly(parse_ip4, b, 59));
    chew(parse_ip4, b, 60);
    b[0] = 0x44;
    ck_assert(!exactly(parse_ip4, b, 60));
    b[0] = 0x65;
    ck_assert(!exactly(parse_ip4, b, 60));
}
END_TEST

START_TEST(test_ip4_options)
{
    static const uint8_t skip[] = {1, 7, 4, 0, 1, 0, 131, 3},
                         route[] = {1, 1, 131, 3, 4}, strict[] = {137, 3, 4},
                         zero[] = {7, 0}, one[] = {7, 1}, over[] = {7, 4, 0},
                         cut[] = {1, 7};

    ck_assert_int_eq(ip4_options((struct span){skip, sizeof(skip)}),
                     IP4_OPTIONS_SKIP); /* behind the end nothing counts */
    ck_assert_int_eq(ip4_options((struct span){route, sizeof(route)}),
                     IP4_OPTIONS_ROUTE);
    ck_assert_int_eq(ip4_options((struct span){strict, sizeof(strict)}),
                     IP4_OPTIONS_ROUTE);
    ck_assert_int_eq(ip4_options((struct span){zero, sizeof(zero)}),
                     IP4_OPTIONS_BAD);
    ck_assert_int_eq(ip4_options((struct span){one, sizeof(one)}),
                     IP4_OPTIONS_BAD);
    ck_assert_int_eq(ip4_options((struct span){over, sizeof(over)}),
                     IP4_OPTIONS_BAD);
    ck_assert_int_eq(ip4_options((struct span){cut, sizeof(cut)}),
                     IP4_OPTIONS_BAD);
}
END_TEST

static bool parse_ip6(struct span in)
{
    struct ip6_hdr h;
    struct ip6_walk w = {.at = IP6_BYTES, .next_at = 6, .hop_by_hop_ok = true};
    enum ip6_walk_end end;

    if (!ip6_parse(&h, in))
        return false;
    w.next = h.next;
    end = ip6_walk(&w, in);
    if (end == IP6_WALK_UPPER)
        ck_assert_uint_le(w.at, in.n);
    return end == IP6_WALK_UPPER;
}

/* Hop-by-hop with padding, destination options with an unknown one to skip,
 * a routing header that is used up, then UDP. */
static size_t chain(uint8_t *b)
{
    static const uint8_t ext[] = {
        IP6_NH_OPTIONS,
        0,
        1,
        2,
        0,
        0,
        0,
        0, /* PadN */
        IP6_NH_ROUTING,
        1,
        0x1e,
        4,
        1,
        2,
        3,
        4,
        0,
        0,
        1,
        4,
        0,
        0,
        0,
        0,
        17,
        0,
        4,
        0,
        0,
        0,
        0,
        0, /* no more */
    };
    struct ip6_hdr h = {.src = {{0x20, 1}},
                        .dst = {{0x20, 2}},
                        .payload_len = sizeof(ext) + 8,
                        .next = IP6_NH_HOP_BY_HOP,
                        .hop_limit = 64,
                        .tclass = 0xb8};

    ip6_emit(b, &h);
    memcpy(b + IP6_BYTES, ext, sizeof(ext));
    memset(b + IP6_BYTES + sizeof(ext), 0, 8);
    return IP6_BYTES + sizeof(ext) + 8;
}

START_TEST(test_ip6_and_its_extension_headers)
{
    uint8_t b[128];
    size_t n = chain(b);
    struct ip6_hdr h;

    ck_assert(ip6_parse(&h, (struct span){b, n}));
    ck_assert_uint_eq(h.tclass, 0xb8);
    ck_assert_uint_eq(h.hop_limit, 64);
    chew(parse_ip6, b, n);
}
END_TEST

static enum ip6_walk_end walk(const uint8_t *ext, size_t n, uint8_t first,
                              struct ip6_walk *w)
{
    uint8_t *copy = malloc(n ? n : 1);
    enum ip6_walk_end end;

    memcpy(copy, ext, n);
    *w = (struct ip6_walk){.next = first, .hop_by_hop_ok = true};
    end = ip6_walk(w, (struct span){copy, n});
    free(copy);
    return end;
}

START_TEST(test_ip6_walk_says_why_it_stops)
{
    static const uint8_t late[] = {0, 0, 1, 4, 0, 0, 0, 0,
                                   6, 0, 1, 4, 0, 0, 0, 0},
                         route[] = {6, 0, 0, 1, 0, 0, 0, 0},
                         option[] = {6, 0, 0x9e, 4, 0, 0, 0, 0},
                         lies[] = {6, 0, 1, 5, 0, 0, 0, 0},
                         beyond[] = {6, 1, 1, 4, 0, 0, 0, 0},
                         frag[] = {17, 0, 0x12, 0x31, 1, 2, 3, 4};
    uint8_t deep[8 * 9];
    struct ip6_walk w;

    ck_assert_int_eq(walk(late, sizeof(late), 60, &w), IP6_WALK_BAD);
    ck_assert_uint_eq(w.at, 0); /* the field that says hop-by-hop */
    ck_assert_int_eq(walk(route, sizeof(route), 43, &w), IP6_WALK_ROUTE);
    ck_assert_uint_eq(w.at, 2);
    ck_assert_int_eq(walk(option, sizeof(option), 60, &w), IP6_WALK_OPTION);
    ck_assert_uint_eq(w.at, 2);
    ck_assert_uint_eq(w.code, 2);
    ck_assert_int_eq(walk(lies, sizeof(lies), 60, &w), IP6_WALK_BAD);
    ck_assert_int_eq(walk(beyond, sizeof(beyond), 60, &w), IP6_WALK_BAD);
    ck_assert_int_eq(walk(frag, sizeof(frag), 44, &w), IP6_WALK_FRAGMENT);
    ck_assert_uint_eq(w.frag_off, 0x1230);
    ck_assert(w.more);
    ck_assert_uint_eq(w.frag_id, 0x01020304);
    for (unsigned i = 0; i < 9; i++)
        memcpy(deep + i * 8, "\x3c\0\1\4\0\0\0\0", 8);
    ck_assert_int_eq(walk(deep, sizeof(deep), 60, &w), IP6_WALK_DEEP);
    deep[56] = 6; /* eight are allowed */
    ck_assert_int_eq(walk(deep, sizeof(deep), 60, &w), IP6_WALK_UPPER);
    ck_assert_uint_eq(w.at, 64);
}
END_TEST

static bool parse_udp(struct span in)
{
    struct udp_hdr h;

    return udp_parse(&h, in, in.n);
}

START_TEST(test_udp)
{
    static const uint8_t b[12] = {0x12, 0x34, 0, 53, 0, 12};
    uint8_t lie[12];

    chew(parse_udp, b, sizeof(b));
    ck_assert(!exactly(parse_udp, b, 11)); /* says more than there is */
    memcpy(lie, b, 12);
    lie[5] = 7; /* less than its own header */
    ck_assert(!exactly(parse_udp, lie, 12));
}
END_TEST

static bool parse_quote4(struct span in)
{
    struct icmp4_quote q;

    return icmp4_quote_parse(&q, in);
}

static bool parse_quote6(struct span in)
{
    struct icmp6_quote q;

    return icmp6_quote_parse(&q, in);
}

START_TEST(test_icmp_quotes)
{
    struct ip4_hdr h = {.src = 1, .dst = 2, .total_len = 1500, .proto = 6};
    uint8_t b[128];
    size_t n;

    ip4_emit(b, &h);
    memset(b + 20, 9, 8);
    chew(parse_quote4, b, 28);
    ck_assert(!exactly(parse_quote4, b, 27));
    h.frag = 5; /* of a later fragment there are no ports to see */
    ip4_emit(b, &h);
    ck_assert(!exactly(parse_quote4, b, 28));
    n = chain(b);
    chew(parse_quote6, b, n);
    ck_assert(!exactly(parse_quote6, b, n - 1));
}
END_TEST

static bool parse_ndp(struct span in)
{
    struct ndp_msg m;

    return ndp_parse(&m, in);
}

static size_t advertisement(uint8_t *b)
{
    static const uint8_t ra[] = {
        NDP_RA, 0, 0, 0, 64, 0x08, 7, 8, 0, 0, 0x75, 0x30, 0, 0, 3, 0xe8,
        /* source address */
        1, 1, 2, 0, 0, 0, 0, 1,
        /* MTU */
        5, 1, 0, 0, 0, 0, 5, 0xdc,
        /* prefix 2001:db8:1::/64, both flags */
        3, 4, 64, 0xc0, 0, 0, 0x0e, 0x10, 0, 0, 7, 8, 0, 0, 0, 0, 0x20, 1, 0xd,
        0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        /* route 2001:db8:2::/48, high */
        24, 2, 48, 0x08, 0, 0, 2, 0, 0x20, 1, 0xd, 0xb8, 0, 2, 0, 0,
        /* a name server */
        25, 3, 0, 0, 0, 0, 1, 0, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0x53,
        /* something from the future */
        99, 1, 0, 0, 0, 0, 0, 0};

    memcpy(b, ra, sizeof(ra));
    return sizeof(ra);
}

START_TEST(test_ndp_router_advertisement)
{
    uint8_t b[256];
    size_t n = advertisement(b);
    struct ndp_msg m;

    ck_assert(ndp_parse(&m, (struct span){b, n}));
    ck_assert_uint_eq(m.lladdr, UINT64_C(0x020000000001));
    ck_assert_uint_eq(m.lifetime_s, 1800);
    ck_assert_uint_eq(m.pref, NDP_PREF_HIGH);
    ck_assert_uint_eq(m.reachable_ms, 30000);
    ck_assert_uint_eq(m.retrans_ms, 1000);
    ck_assert_uint_eq(m.mtu, 1500);
    ck_assert_uint_eq(m.nprefixes, 1);
    ck_assert(m.prefix[0].on_link && m.prefix[0].autonomous);
    ck_assert_uint_eq(m.prefix[0].valid_s, 3600);
    ck_assert_uint_eq(m.nroutes, 1);
    ck_assert_uint_eq(m.route[0].bits, 48);
    ck_assert_uint_eq(m.nservers, 1);
    ck_assert_uint_eq(m.server[0].b[15], 0x53);
    ck_assert_uint_eq(m.server_s[0], 256);
    chew(parse_ndp, b, n);
    b[17] = 0; /* an option without a length would never end */
    ck_assert(!exactly(parse_ndp, b, n));
    n = advertisement(b);
    b[1] = 1; /* a code that is not 0 */
    ck_assert(!exactly(parse_ndp, b, n));
}
END_TEST

START_TEST(test_ndp_bounds_what_one_message_brings)
{
    uint8_t b[16 + 33 * 32] = {NDP_RA};
    struct ndp_msg m;

    for (unsigned i = 0; i < 33; i++) {
        uint8_t *p = b + 16 + i * 32;

        p[0] = 3;
        p[1] = 4;
        p[2] = 64;
    }
    ck_assert(ndp_parse(&m, (struct span){b, sizeof(b)}));
    ck_assert_uint_eq(m.nprefixes, NDP_PREFIXES_MAX);
    for (unsigned i = 0; i < 132; i++) {
        b[16 + i * 8] = 200;
        b[17 + i * 8] = 1;
    }
    ck_assert(!ndp_parse(&m, (struct span){b, sizeof(b)}));
}
END_TEST

START_TEST(test_ndp_neighbour_messages)
{
    struct ipaddr target = {{0xfe, 0x80, [15] = 1}};
    struct ndp_msg m;
    uint8_t b[NDP_NS_BYTES];

    ck_assert_uint_eq(ndp_ns_emit(b, &target, 0x0200000000aa), 32);
    chew(parse_ndp, b, 32);
    ck_assert(ndp_parse(&m, (struct span){b, 32}));
    ck_assert(m.has_lladdr && m.lladdr == 0x0200000000aa);
    ck_assert_uint_eq(ndp_ns_emit(b, &target, 0), 24);
    ck_assert(ndp_parse(&m, (struct span){b, 24}) && !m.has_lladdr);
    ck_assert_uint_eq(
        ndp_na_emit(b, &target, 5, NDP_NA_SOLICITED | NDP_NA_OVERRIDE), 32);
    ck_assert(ndp_parse(&m, (struct span){b, 32}));
    ck_assert(m.solicited && m.override_ && !m.router && m.lladdr == 5);
    target.b[0] = 0xff; /* a group is no neighbour */
    ndp_ns_emit(b, &target, 0);
    ck_assert(!exactly(parse_ndp, b, 24));
}
END_TEST

RUN_TESTS("wire", PANICS(), test_eth, test_arp, test_ip4, test_ip4_options,
          test_ip6_and_its_extension_headers, test_ip6_walk_says_why_it_stops,
          test_udp, test_icmp_quotes, test_ndp_router_advertisement,
          test_ndp_bounds_what_one_message_brings, test_ndp_neighbour_messages)
