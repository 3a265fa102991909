/* SPDX-License-Identifier: ISC */
/*
 * test_ra.c - routers of IPv6: solicited, believed or not, preferred, bounded.
 */
#include "../lib/suite.h"
#include "ra_case.h"

START_TEST(test_router_is_solicited_until_it_answers)
{
    struct netif_config c = rig_static();
    ns_t last = 0, gap = 0;
    unsigned n = 0;
    struct rig r;

    rig_open_raw(&r, &c);
    r.show_rs = true;
    for (unsigned i = 0; i < 20000; i++) {
        rig_wait(&r, S);
        if (!next_ndp(&r, NDP_RS))
            continue;
        if (n > 1 && last - gap < 3000 * S) /* RFC 7559: longer and longer */
            ck_assert_uint_gt(r.now - last, gap / 10 * 15);
        gap = r.now - last;
        last = r.now;
        n++;
        rig_forget(&r);
    }
    ck_assert_uint_ge(n, 10);
    ck_assert_uint_le(n, 20);
    begin_ra(1800);
    send_ra(&r);
    rig_wait(&r, 1000 * S);
    ck_assert_ptr_null(next_ndp(&r, NDP_RS));
    rig_close(&r);
}
END_TEST

START_TEST(test_advertisement_configures_everything)
{
    struct ip_path path = {.dst = rig_addr("2001:db8:ffff::1")},
                   near = {.dst = rig_addr("2001:db8:1::77")};
    struct ifaddr *a;
    struct ipaddr hop;
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    put_bytes(&ra, "\1\1\2\0\0\0\0\1", 8);
    put_bytes(&ra, "\5\1\0\0\0\0\5\x78", 8);
    add_prefix("2001:db8:1::", 64, 0xc0, 3600, 1800);
    put_bytes(&ra, "\x19\3\0\0\0\0\1\0\x20\1\xd\xb8\0\1\0\0\0\0\0\0\0\0\0\x53",
              24);
    put_be32(ra.b + 8, 20000);
    put_be32(ra.b + 12, 500);
    send_ra(&r);
    a = addr_below(&r, "2001:db8:1::");
    ck_assert(a && a->state == ADDR_OPTIMISTIC);
    ck_assert_int_eq(ip_path_find(r.net, &path), OK); /* usable at once */
    ck_assert(ipaddr_eq(&path.src, &a->addr));
    ck_assert_uint_eq(path.mtu, 1400);
    ck_assert(route_next_hop(r.net, &path, &hop));
    ck_assert(ipaddr_eq(&hop, &router));
    ck_assert_int_eq(ip_path_find(r.net, &near), OK);
    ck_assert(route_next_hop(r.net, &near, &hop));
    ck_assert(ipaddr_eq(&hop, &near.dst)); /* on the link */
    ck_assert_uint_eq(r.net->dns.nservers, 1);
    ck_assert_uint_eq(r.net->nif[0].hop_limit6, 61);
    ck_assert_uint_eq(r.net->nif[0].neigh.retrans_ns, 500 * NS_PER_MS);
    ck_assert_uint_ge(r.net->nif[0].neigh.reachable_ns, 10 * S);
    ck_assert_uint_le(r.net->nif[0].neigh.reachable_ns, 30 * S);
    rig_wait(&r, 2 * S);
    ck_assert_int_eq(a->state, ADDR_PREFERRED);
    rig_wait(&r, 300 * S);
    ck_assert_uint_eq(r.net->dns.nservers, 0); /* 256 s: RFC 8106 5.1 */
    rig_wait(&r, 1500 * S);
    ck_assert_int_eq(a->state, ADDR_DEPRECATED);
    ck_assert_int_eq(ip_path_find(r.net, &path), E_UNREACH); /* 1800 s */
    rig_wait(&r, 1900 * S);
    ck_assert_ptr_null(addr_below(&r, "2001:db8:1::"));
    rig_close(&r);
}
END_TEST

START_TEST(test_lifetimes_are_not_cut_short_by_a_forger)
{
    struct ifaddr *a;
    ns_t until;
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    add_prefix("2001:db8:1::", 64, 0xc0, 86400, 86400);
    send_ra(&r);
    a = addr_below(&r, "2001:db8:1::");
    begin_ra(1800);
    add_prefix("2001:db8:1::", 64, 0xc0, 0, 0);
    send_ra(&r);
    ck_assert_uint_ge(a->valid_until, r.now + 7199 * S); /* 5.5.3 (e) 2 */
    ck_assert_uint_le(a->valid_until, r.now + 7200 * S);
    until = a->valid_until;
    rig_wait(&r, 100 * S);
    send_ra(&r);
    ck_assert_uint_eq(a->valid_until, until);
    ck_assert_int_eq(a->state, ADDR_DEPRECATED);
    begin_ra(1800);
    add_prefix("2001:db8:1::", 64, 0xc0, 86400, 86400);
    send_ra(&r);
    ck_assert_uint_ge(a->valid_until, r.now + 86399 * S);
    ck_assert_int_eq(a->state, ADDR_PREFERRED);
    rig_close(&r);
}
END_TEST

START_TEST(test_advertisements_that_must_not_be_believed)
{
    struct ipaddr global = rig_addr("2001:db8::1");
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    o.n = 0;
    put_ndp(&o, &router, &all_nodes, ra.b, ra.n);
    o.b[21] = 254; /* it came through a router */
    rig_in(&r, &o);
    o.n = 0;
    put_ndp(&o, &global, &all_nodes, ra.b, ra.n); /* not link-local */
    rig_in(&r, &o);
    ra.b[1] = 1; /* code */
    send_ra(&r);
    ck_assert_uint_eq(drops(&r, ndp), 3);
    begin_ra(0);
    add_prefix("fe80::", 64, 0xc0, 1000, 1000);
    add_prefix("ff02::", 64, 0xc0, 1000, 1000);
    add_prefix("2001:db8:1::", 63, 0x40, 1000, 1000); /* not a /64 */
    add_prefix("2001:db8:2::", 64, 0x40, 1000, 2000);
    add_prefix("2001:db8:3::", 64, 0x40, 0, 0);
    send_ra(&r);
    ck_assert_uint_eq(r.net->nif[0].naddrs, 2);
    ck_assert_uint_eq(route_defaults(r.net, 1, ORIGIN_RA), 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_flood_of_advertisements_is_bounded)
{
    struct rig r;
    unsigned addrs = 0;

    rig_open(&r, NULL);
    for (uint32_t i = 0; i < 1000; i++) {
        begin_ra(1800);
        router.b[12] = (uint8_t)(i >> 8);
        router.b[13] = (uint8_t)i;
        for (uint32_t k = 0; k < 8; k++) {
            add_prefix("2001:db8::", 64, 0xc0, 86400, 86400);
            put_be16(ra.b + ra.n - 12, (uint16_t)(i * 8 + k));
        }
        send_ra(&r);
        rig_forget(&r);
    }
    for (unsigned i = 0; i < r.net->nif[0].naddrs; i++)
        addrs += r.net->nif[0].addr[i].origin == ORIGIN_RA &&
                 r.net->nif[0].addr[i].state != ADDR_NONE;
    ck_assert_uint_eq(addrs, SLAAC_ADDRS_MAX);
    ck_assert_uint_gt(r.net->count.full__addresses, 0);
    ck_assert_uint_gt(r.net->count.full__routers, 0);
    ck_assert_uint_eq(route_defaults(r.net, 1, ORIGIN_RA), DEFAULT_ROUTERS_MAX);
    ck_assert_uint_le(r.net->routes.n, DEFAULT_ROUTERS_MAX + RA_ROUTES_MAX + 4);
    ck_assert_uint_le(r.net->cache.in_use, r.net->cache.n);
    rig_wait(&r, 5 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_better_and_living_routers_are_preferred)
{
    struct ip_path path = {.dst = rig_addr("2001:db8:ffff::1")};
    struct ipaddr hop, high = rig_addr("fe80::2");
    struct pkt *p;
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    add_prefix("2001:db8:1::", 64, 0xc0, 86400, 86400);
    send_ra(&r);
    begin_ra(1800);
    ra.b[5] = 0x08; /* RFC 4191: high */
    router = high;
    send_ra(&r);
    rig_wait(&r, 2 * S);
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert(route_next_hop(r.net, &path, &hop) && ipaddr_eq(&hop, &high));
    p = pkt_get(&r.pkts); /* it does not answer */
    pkt_push(p, 20);
    ip_send(r.net, &path, IPPROTO_TCP_, p, r.now);
    rig_wait(&r, 4 * S);
    ck_assert(route_next_hop(r.net, &path, &hop) && !ipaddr_eq(&hop, &high));
    send_ra(&r); /* it is back */
    ck_assert(route_next_hop(r.net, &path, &hop) && ipaddr_eq(&hop, &high));
    begin_ra(0); /* and takes its leave */
    ra.b[5] = 0x08;
    router = high;
    send_ra(&r);
    ck_assert(route_next_hop(r.net, &path, &hop) && !ipaddr_eq(&hop, &high));
    rig_close(&r);
}
END_TEST

static void redirect(struct rig *r, const struct ipaddr *from,
                     const struct ipaddr *target, const struct ipaddr *dest)
{
    struct ipaddr us = rig_link_local(r);
    uint8_t b[48] = {NDP_REDIRECT, [40] = 2, 1, 2, 0, 0, 0, 0, 9};

    memcpy(b + 8, target, 16);
    memcpy(b + 24, dest, 16);
    o.n = 0;
    put_ndp(&o, from, &us, b, sizeof(b));
    rig_in(r, &o);
}

START_TEST(test_redirect_by_the_first_hop_is_obeyed)
{
    struct ip_path path = {.dst = rig_addr("2001:db8:ffff::1")};
    struct ipaddr other = rig_addr("fe80::2"), hop, global = path.dst;
    struct neigh_slot *s;
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    add_prefix("2001:db8:1::", 64, 0xc0, 86400, 86400);
    send_ra(&r);
    redirect(&r, &other, &other, &path.dst); /* not the first hop */
    redirect(&r, &router, &global, &router); /* a target that cannot be */
    ck_assert_uint_eq(drops(&r, ndp), 2);
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert(route_next_hop(r.net, &path, &hop) && ipaddr_eq(&hop, &router));
    redirect(&r, &router, &other, &path.dst);
    ck_assert(route_next_hop(r.net, &path, &hop) && ipaddr_eq(&hop, &other));
    s = neigh_find(r.net, 1, &other);
    ck_assert(s && neigh_mac(&s->n) == UINT64_C(0x020000000009));
    rig_wait(&r, 601 * S);
    ck_assert(route_next_hop(r.net, &path, &hop) && ipaddr_eq(&hop, &router));
    redirect(&r, &router, &path.dst, &path.dst); /* it is on the link */
    ck_assert(route_next_hop(r.net, &path, &hop) && ipaddr_eq(&hop, &path.dst));
    rig_wait(&r, 601 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_link_that_comes_back_is_announced_to)
{
    unsigned announced = 0, solicited = 0;
    const struct rig_frame *f;
    struct rig r;

    rig_open(&r, NULL);
    r.show_rs = true;
    begin_ra(1800);
    send_ra(&r);
    r.dev.link_up = false;
    rig_turn(&r);
    r.dev.link_up = true;
    rig_turn(&r);
    rig_wait(&r, 3 * S);
    while ((f = rig_next(&r))) {
        announced += be16(f->b + 12) == ETH_ARP;
        solicited += be16(f->b + 12) == ETH_IP6 && f->b[54] == NDP_RS;
    }
    ck_assert_uint_eq(announced, ACD_ANNOUNCEMENTS);
    ck_assert_uint_eq(solicited, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_none6_is_deaf_and_dumb)
{
    struct netif_config c = {
        .static4 = {.addr = rig_addr("10.0.0.2"), .prefix_bits = 24},
        .none6 = true};
    struct rig r;

    rig_open(&r, &c);
    r.show_rs = true;
    begin_ra(1800);
    send_ra(&r);
    ck_assert_uint_eq(drops(&r, not_configured), 1);
    ck_assert_uint_eq(r.net->nif[0].naddrs, 1);
    rig_wait(&r, 100 * S);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_solicitations_that_must_not_be_answered)
{
    static const struct ipaddr unspecified;
    struct ipaddr peer = rig_addr("fe80::1"), us, group;
    uint8_t b[NDP_NS_BYTES];
    unsigned n;
    struct rig r;

    rig_open(&r, NULL);
    us = rig_link_local(&r);
    group = rig_addr("ff02::1:ff00:0");
    memcpy(group.b + 13, us.b + 13, 3);
    n = ndp_ns_emit(b, &us, PEER_MAC);
    o.n = 0; /* unspecified source with an option: RFC 4861 7.1.1 */
    put_ndp(&o, &unspecified, &group, b, n);
    rig_in(&r, &o);
    o.n = 0; /* hop limit */
    put_ndp(&o, &peer, &group, b, n);
    o.b[21] = 64;
    rig_in(&r, &o);
    n = ndp_ns_emit(b, &us, MAC_BROADCAST);
    o.n = 0; /* no station has that address */
    put_ndp(&o, &peer, &group, b, n);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, ndp), 3);
    ck_assert_ptr_null(rig_next(&r));
    n = ndp_ns_emit(b, &peer, PEER_MAC); /* not our address */
    o.n = 0;
    put_ndp(&o, &peer, &us, b, n);
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    n = ndp_ns_emit(b, &us, 0); /* duplicate detection of what we have */
    o.n = 0;
    put_ndp(&o, &unspecified, &group, b, n);
    rig_in(&r, &o);
    ck_assert_ptr_nonnull(next_ndp(&r, NDP_NA)); /* to all nodes */
    rig_close(&r);
}
END_TEST

RUN_CASES("ra", TEST(test_router_is_solicited_until_it_answers),
          TEST(test_advertisement_configures_everything),
          TEST(test_lifetimes_are_not_cut_short_by_a_forger),
          TEST(test_advertisements_that_must_not_be_believed),
          TEST(test_flood_of_advertisements_is_bounded),
          TEST(test_better_and_living_routers_are_preferred),
          TEST(test_redirect_by_the_first_hop_is_obeyed),
          TEST(test_link_that_comes_back_is_announced_to),
          TEST(test_none6_is_deaf_and_dumb),
          TEST(test_solicitations_that_must_not_be_answered))
