/* SPDX-License-Identifier: ISC */
/* ICMP and ICMPv6: what is answered, what must not be, how often; and what
 * errors about our own packets do. */
#include "../lib/suite.h"
#include "rig.h"

#include <wire/udp.h>

static struct out o;
static struct ipaddr peer6, us6;

static void open_rig(struct rig *r)
{
    struct ipaddr peer = ip4_addr(PEER4);

    rig_open(r, NULL);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(r);
    rig_meet(r, &peer, PEER_MAC);
    rig_meet(r, &peer6, PEER_MAC);
}

static size_t hdr(bool v4)
{
    return ETH_BYTES + (v4 ? IP4_BYTES : IP6_BYTES);
}

static void to_closed_port(bool v4, size_t n)
{
    static const uint8_t data[1400];

    o.n = 0;
    if (v4)
        put_udp4(&o, PEER4, 1000, OUR4, 2000, data, n);
    else
        put_udp6(&o, &peer6, 1000, &us6, 2000, data, n);
}

START_TEST(test_large_echo_comes_back_whole)
{
    bool v4 = _i;
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    for (size_t n = 0; n <= 1400; n += 100) {
        o.n = 0;
        if (v4)
            put_echo4(&o, PEER4, OUR4, n);
        else
            put_echo6(&o, &peer6, &us6, n);
        r.split = n % 300 ? 0 : 50;
        rig_in(&r, &o);
        f = rig_next(&r);
        ck_assert(f && frame_is_sound(f));
        ck_assert_uint_eq(f->n, o.n);
        ck_assert_mem_eq(f->b + hdr(v4) + 4, o.b + hdr(v4) + 4,
                         o.n - hdr(v4) - 4);
    }
    rig_close(&r);
}
END_TEST

START_TEST(test_echo_beyond_the_mtu_is_answered_in_fragments)
{
    bool v4 = _i;
    size_t have = 0;
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    r.dev.mtu = 9000; /* it comes in one piece... */
    o.n = 0;
    if (v4)
        put_echo4(&o, PEER4, OUR4, 5000);
    else
        put_echo6(&o, &peer6, &us6, 5000);
    r.split = 2000;
    rig_in(&r, &o);
    while ((f = rig_next(&r))) {
        ck_assert(frame_is_sound(f));
        ck_assert_uint_le(f->n, 1514);
        have += f->n - hdr(v4) - (v4 ? 0 : IP6_FRAG_BYTES);
    }
    ck_assert_uint_eq(have, 5008); /* ...and goes back in several */
    rig_close(&r);
}
END_TEST

START_TEST(test_port_unreachable_quotes_the_datagram)
{
    bool v4 = _i;
    const struct rig_frame *f;
    size_t at = hdr(v4) + ICMP_BYTES;
    struct rig r;

    open_rig(&r);
    to_closed_port(v4, 1200);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->b[hdr(v4)], v4 ? ICMP4_UNREACH : ICMP6_UNREACH);
    ck_assert_uint_eq(f->b[hdr(v4) + 1],
                      v4 ? ICMP4_CODE_PORT : ICMP6_CODE_PORT);
    ck_assert_uint_eq(be32(f->b + hdr(v4) + 4), 0);
    /* RFC 1812 4.3.2.3, RFC 4443 2.4 (c): as much as fits. */
    ck_assert_uint_eq(f->n - ETH_BYTES, v4 ? 576 : 1280);
    ck_assert_mem_eq(f->b + at, o.b + ETH_BYTES, f->n - at);
    rig_close(&r);
}
END_TEST

START_TEST(test_no_error_where_it_is_forbidden)
{
    static const uint8_t error4[] = {3, 3, 0, 0, 0, 0, 0, 0};
    struct ipaddr all = rig_addr("ff02::1");
    struct rig r;

    open_rig(&r);
    o.n = 0; /* to a broadcast address: RFC 1122 3.2.2 */
    put_udp4(&o, PEER4, 1000, UINT32_MAX, 2000, "x", 1);
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    o.n = 0; /* to a group: RFC 4443 2.4 (e.3) */
    put_udp6(&o, &peer6, 1000, &all, 2000, "x", 1);
    mac_put(o.b, UINT64_C(0x333300000001));
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    ck_assert_uint_eq(drops(&r, udp_no_port), 2);
    to_closed_port(false, 1); /* in a frame to a group: (e.4) */
    mac_put(o.b, UINT64_C(0x333300000001));
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    ck_assert_uint_eq(drops(&r, udp_no_port), 3);
    o.n = 0; /* about an error */
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP4);
    put_ip4(&o, PEER4, OUR4, IPPROTO_ICMP4, sizeof(error4));
    put_bytes(&o, error4, sizeof(error4));
    fix_csum4(&o, 34, 2, false);
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_errors_are_rate_limited)
{
    bool v4 = _i;
    struct rig r;
    unsigned n = 0;

    open_rig(&r);
    for (unsigned i = 0; i < 400; i++) {
        to_closed_port(v4, 10);
        rig_in(&r, &o);
    }
    while (rig_next(&r))
        n++;
    ck_assert_uint_ge(n, ICMP_BURST / ICMP_COST_MAX);
    ck_assert_uint_le(n, ICMP_BURST);
    ck_assert_uint_eq(r.net->count.icmp_errors_limited, 400 - n);
    rig_forget(&r);
    for (unsigned i = 0; i < 10000; i++) { /* ten seconds of it */
        r.now += NS_PER_MS;
        to_closed_port(v4, 10);
        rig_in(&r, &o);
        n += rig_next(&r) != NULL;
        rig_forget(&r);
        if (i % 1000 == 0) {
            struct ipaddr peer = ip4_addr(PEER4);

            rig_meet(&r, &peer, PEER_MAC);
            rig_meet(&r, &peer6, PEER_MAC);
        }
    }
    ck_assert_uint_ge(n, 900);
    ck_assert_uint_le(n, 1200);
    rig_close(&r);
}
END_TEST

START_TEST(test_other_protocols)
{
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP4);
    put_ip4(&o, PEER4, OUR4, 132, 8);
    put_bytes(&o, "SCTPSCTP", 8);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && f->b[34] == ICMP4_UNREACH && f->b[35] == ICMP4_CODE_PROTO);
    ck_assert_uint_eq(drops(&r, protocol), 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_multicast_echo_is_answered_by_ipv6)
{
    struct ipaddr all = rig_addr("ff02::1");
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    o.n = 0;
    put_echo6(&o, &peer6, &all, 10);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_mem_eq(f->b + 22, us6.b, 16); /* from one address, not all */
    rig_close(&r);
}
END_TEST

/* An error about a UDP datagram from our port 9 to `dst`. */
static void too_big4(struct rig *r, uint32_t src, uint16_t mtu, uint32_t dst)
{
    size_t l4;

    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP4);
    put_ip4(&o, PEER4, OUR4, IPPROTO_ICMP4, 8 + 28);
    l4 = o.n;
    put_bytes(&o, "\3\4\0\0\0\0\0\0", 8);
    put_be16(o.b + l4 + 6, mtu);
    put_ip4(&o, src, dst, IPPROTO_UDP_, 1480);
    put_bytes(&o, "\0\11\0\7\5\xc8\0\0", 8);
    fix_csum4(&o, l4, 2, false);
    rig_in(r, &o);
}

static void too_big6(struct rig *r, const struct ipaddr *src, uint32_t mtu,
                     const struct ipaddr *dst)
{
    size_t l4;

    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP6);
    put_ip6(&o, &peer6, &us6, IPPROTO_ICMP6, 64, 8 + 48);
    l4 = o.n;
    put_bytes(&o, "\2\0\0\0\0\0\0\0", 8);
    put_be32(o.b + l4 + 4, mtu);
    put_ip6(&o, src, dst, IPPROTO_UDP_, 64, 1480);
    put_bytes(&o, "\0\11\0\7\5\xc8\0\0", 8);
    fix_csum6(&o, l4, 2);
    rig_in(r, &o);
}

static void ignore(const struct udp_dgram *d, void *user)
{
    (void)d;
    (void)user;
}

static uint16_t mtu_to(struct rig *r, const struct ipaddr *dst)
{
    struct ip_path path = {.dst = *dst, .netif = 1};

    ck_assert_int_eq(ip_path_find(r->net, &path), OK);
    return path.mtu;
}

START_TEST(test_too_big_narrows_the_path_for_a_while)
{
    struct ipaddr far4 = ip4_addr(IP(192, 0, 2, 1)), far6 = rig_addr("fe80::9");
    uint16_t port = 9;
    struct rig r;

    open_rig(&r);
    ck_assert_int_eq(udp_bind(r.net, &port, ignore, NULL), OK);
    too_big4(&r, OUR4, 1400, ip4_of(&far4));
    too_big6(&r, &us6, 1300, &far6);
    ck_assert_uint_eq(mtu_to(&r, &far4), 1400);
    ck_assert_uint_eq(mtu_to(&r, &far6), 1300);
    too_big4(&r, OUR4, 100, ip4_of(&far4));   /* nobody is that narrow */
    too_big6(&r, &us6, PMTU_MIN6 - 1, &far6); /* RFC 8201 4: discarded */
    ck_assert_uint_eq(mtu_to(&r, &far4), PMTU_MIN4);
    ck_assert_uint_eq(mtu_to(&r, &far6), 1300);
    ck_assert_uint_eq(drops(&r, icmp_ignored), 1);
    too_big6(&r, &us6, PMTU_MIN6, &far6);
    ck_assert_uint_eq(mtu_to(&r, &far6), PMTU_MIN6);
    ip_pmtu_update(r.net, &far4, 1400, r.now); /* never wider by a message */
    ck_assert_uint_eq(mtu_to(&r, &far4), PMTU_MIN4);
    rig_wait(&r, 601 * NS_PER_SEC);
    ck_assert_uint_eq(mtu_to(&r, &far4), 1500);
    ck_assert_uint_eq(mtu_to(&r, &far6), 1500);
    ck_assert_uint_eq(r.net->pmtu.n, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_too_big_about_what_we_did_not_send)
{
    struct ipaddr far4 = ip4_addr(IP(192, 0, 2, 1)), far6 = rig_addr("fe80::9");
    uint16_t port = 9;
    struct rig r;

    open_rig(&r);
    too_big4(&r, OUR4, 1400, ip4_of(&far4)); /* port 9 is not ours */
    too_big6(&r, &us6, 1300, &far6);
    ck_assert_int_eq(udp_bind(r.net, &port, ignore, NULL), OK);
    too_big4(&r, OTHER4, 1400, ip4_of(&far4)); /* nor is that address */
    too_big6(&r, &peer6, 1300, &far6);
    too_big4(&r, OUR4, 1500, ip4_of(&far4)); /* so it would have fitted */
    too_big6(&r, &us6, 1520, &far6);
    ck_assert_uint_eq(r.net->count.pmtu_updates, 0);
    ck_assert_uint_eq(mtu_to(&r, &far4), 1500);
    ck_assert_uint_eq(mtu_to(&r, &far6), 1500);
    ck_assert_uint_eq(drops(&r, icmp_ignored), 2);
    rig_close(&r);
}
END_TEST

/* About an echo that we have answered to `dst`. */
static void echo_too_big(struct rig *r, const struct ipaddr *dst, uint32_t mtu)
{
    size_t l4;

    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP6);
    put_ip6(&o, &peer6, &us6, IPPROTO_ICMP6, 64, 8 + 48);
    l4 = o.n;
    put_bytes(&o, "\2\0\0\0\0\0\0\0", 8);
    put_be32(o.b + l4 + 4, mtu);
    put_ip6(&o, &us6, dst, IPPROTO_ICMP6, 64, 1408);
    put_bytes(&o, "\x81\0\0\0\0\1\0\1", 8);
    fix_csum6(&o, l4, 2);
    rig_in(r, &o);
}

START_TEST(test_echoes_find_the_mtu_of_their_path)
{
    struct ipaddr other6 = rig_addr("fe80::5");
    struct rig r;

    open_rig(&r);
    echo_too_big(&r, &peer6, 1300); /* none was answered */
    o.n = 0;
    put_echo6(&o, &peer6, &us6, 1000); /* none that could be too big */
    rig_in(&r, &o);
    echo_too_big(&r, &peer6, 1300);
    ck_assert_uint_eq(mtu_to(&r, &peer6), 1500);
    o.n = 0;
    put_echo6(&o, &peer6, &us6, 1400);
    rig_in(&r, &o);
    echo_too_big(&r, &other6, 1300); /* not to that one */
    echo_too_big(&r, &peer6, 1279);
    ck_assert_uint_eq(r.net->count.pmtu_updates, 0);
    echo_too_big(&r, &peer6, 1300);
    ck_assert_uint_eq(mtu_to(&r, &peer6), 1300);
    rig_forget(&r);
    o.n = 0;
    put_echo6(&o, &peer6, &us6, 1400);
    rig_in(&r, &o);
    ck_assert_uint_eq(rig_next(&r)->b[ETH_BYTES + 6], IP6_NH_FRAGMENT);
    ck_assert_ptr_nonnull(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_narrow_paths_are_bounded)
{
    struct ipaddr a;
    struct rig r;

    open_rig(&r);
    for (uint32_t i = 0; i < 1000; i++) {
        r.now += NS_PER_MS;
        a = ip4_addr(IP(192, 0, 0, 0) + i);
        ip_pmtu_update(r.net, &a, 1300, r.now);
        ck_assert_uint_le(r.net->pmtu.n, PMTU_MAX);
        ck_assert_uint_eq(r.net->count.full__paths > 0, i >= PMTU_MAX);
    }
    ck_assert_uint_eq(mtu_to(&r, &a), 1300);
    a = ip4_addr(IP(192, 0, 0, 0));
    ck_assert_uint_eq(mtu_to(&r, &a), 1500);
    rig_close(&r);
}
END_TEST

START_TEST(test_redirects_are_not_obeyed)
{
    struct ipaddr far4 = ip4_addr(IP(192, 0, 2, 1)), hop;
    struct ip_path path = {.dst = far4};
    size_t l4;
    struct rig r;

    open_rig(&r);
    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP4);
    put_ip4(&o, PEER4, OUR4, IPPROTO_ICMP4, 8 + 28);
    l4 = o.n;
    put_bytes(&o, "\5\1\0\0\12\0\0\3", 8);
    put_ip4(&o, OUR4, ip4_of(&far4), IPPROTO_UDP_, 8);
    put_bytes(&o, "\0\11\0\7\0\10\0\0", 8);
    fix_csum4(&o, l4, 2, false);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, icmp_ignored), 1);
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert(route_next_hop(r.net, &path, &hop));
    ck_assert_uint_eq(ip4_of(&hop), PEER4);
    rig_close(&r);
}
END_TEST

RUN_CASES("icmp", LOOP(test_large_echo_comes_back_whole, 0, 2),
          LOOP(test_echo_beyond_the_mtu_is_answered_in_fragments, 0, 2),
          LOOP(test_port_unreachable_quotes_the_datagram, 0, 2),
          LOOP(test_errors_are_rate_limited, 0, 2),
          TEST(test_no_error_where_it_is_forbidden), TEST(test_other_protocols),
          TEST(test_multicast_echo_is_answered_by_ipv6),
          TEST(test_too_big_narrows_the_path_for_a_while),
          TEST(test_too_big_about_what_we_did_not_send),
          TEST(test_echoes_find_the_mtu_of_their_path),
          TEST(test_narrow_paths_are_bounded),
          TEST(test_redirects_are_not_obeyed))
