/* SPDX-License-Identifier: ISC */
/* 802.1Q: NICs within a NIC; and which of several NICs a route takes. */
#include "router.h"

static struct netif_config vlan_config(void)
{
    return (struct netif_config){
        .static4 = {.addr = rig_addr("10.0.10.2"), .prefix_bits = 24},
        .static6 = {.addr = rig_addr("fd10::2"), .prefix_bits = 64}};
}

/* The rig with VLAN 10 on its NIC. */
static void open_vlan(void)
{
    struct netif_config c = vlan_config();

    rig_open(&r, NULL);
    ck_assert_uint_eq(net_add_vlan(r.net, 1, 10, "uplink.10", &c, r.now), 2);
    rig_wait(&r, 10 * NS_PER_SEC);
    rig_forget(&r);
    r.pkts_in_use = r.pkts.in_use;
}

/* Puts a tag into the frame. */
static void tag(uint16_t tci)
{
    memmove(o.b + 16, o.b + 12, o.n - 12);
    put_be16(o.b + 12, ETH_VLAN);
    put_be16(o.b + 14, tci);
    o.n += 4;
}

/* The answer without its tag, which must be this one. */
static const struct rig_frame *untagged(uint16_t tci)
{
    static struct rig_frame f;
    const struct rig_frame *sent = rig_next(&r);

    ck_assert_ptr_nonnull(sent);
    f = *sent;
    ck_assert_uint_eq(be16(f.b + 12), ETH_VLAN);
    ck_assert_uint_eq(be16(f.b + 14), tci);
    memmove(f.b + 12, f.b + 16, f.n - 16);
    f.n -= 4;
    f.csum_start = (uint16_t)(f.csum_start - 4);
    return &f;
}

static void ask(bool v4, const char *from, const char *to)
{
    struct ipaddr src = rig_addr(from), dst = rig_addr(to);

    o.n = 0;
    if (v4)
        put_echo4(&o, ip4_of(&src), ip4_of(&dst), 10);
    else
        put_echo6(&o, &src, &dst, 10);
}

static void meet_vlan(const char *who)
{
    struct ipaddr a = rig_addr(who);
    struct neigh_slot *s = neigh_make(r.net, 2, &a, r.now);

    neigh_on_sight(&s->n, PEER_MAC);
    neigh_on_confirm(&s->n, &r.net->nif[1].neigh, r.now);
}

START_TEST(test_tagged_echo_is_answered_with_the_tag)
{
    open_vlan();
    meet_vlan("10.0.10.1");
    meet_vlan("fd10::1");
    ask(_i, _i ? "10.0.10.1" : "fd10::1", _i ? "10.0.10.2" : "fd10::2");
    tag(0x600a); /* priority 3 */
    rig_in(&r, &o);
    ck_assert(frame_is_sound(untagged(10)));
    ck_assert_ptr_null(rig_next(&r));
    ck_assert_uint_ge(r.net->nif[1].dev->counters.rx_frames, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_address_of_a_vlan_is_not_outside_of_it)
{
    open_vlan();
    ask(_i, _i ? "10.0.10.1" : "fd10::1", _i ? "10.0.10.2" : "fd10::2");
    rig_in(&r, &o); /* without a tag */
    ck_assert_uint_eq(drops(&r, not_ours), 1);
    tag(11);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, vlan), 1);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_priority_tag_is_no_vlan)
{
    struct ipaddr peer = ip4_addr(PEER4);

    open_vlan();
    rig_meet(&r, &peer, PEER_MAC);
    ask(true, "10.0.0.1", "10.0.0.2");
    tag(0xe000);
    rig_in(&r, &o);
    ck_assert_uint_eq(be16(rig_next(&r)->b + 12), ETH_IP4);
    rig_close(&r);
}
END_TEST

START_TEST(test_two_tags_are_refused_and_a_cut_one)
{
    open_vlan();
    ask(true, "10.0.10.1", "10.0.10.2");
    tag(10);
    tag(10);
    rig_in(&r, &o);
    put_be16(o.b + 12, ETH_QINQ);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, vlan_nested), 2);
    put_be16(o.b + 12, ETH_VLAN);
    for (o.n = 14; o.n < 18; o.n++)
        rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, frame_short), 4);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

/* Neighbours are looked for, and answered, in the VLAN: by groups, too. */
START_TEST(test_neighbours_of_a_vlan)
{
    struct ipaddr target = rig_addr("fd10::2"), src = rig_addr("fd10::1"),
                  group = rig_addr("ff02::1:ff00:2");
    uint8_t ns[32] = {135, [24] = 1, 1};

    open_vlan();
    if (_i) {
        o.n = 0;
        put_arp(&o, MAC_BROADCAST,
                &(struct arp_msg){.op = ARP_REQUEST,
                                  .sender_mac = PEER_MAC,
                                  .sender = IP(10, 0, 10, 1),
                                  .target = IP(10, 0, 10, 2)});
    } else {
        o.n = 0;
        memcpy(ns + 8, target.b, 16);
        mac_put(ns + 26, PEER_MAC);
        put_ndp(&o, &src, &group, ns, 32);
    }
    tag(10);
    rig_in(&r, &o);
    ck_assert(frame_is_sound(untagged(10)));
    rig_close(&r);
}
END_TEST

/* What a device is told about places in the frame counts the tag. */
START_TEST(test_offload_counts_the_tag)
{
    struct udp_dgram d = {.local.port = 9, .data = SPAN("hello")};
    uint16_t port = 9;
    const struct rig_frame *f;

    open_vlan();
    r.net->nif[1].dev->caps = NETIF_TX_CSUM;
    meet_vlan("10.0.10.1");
    meet_vlan("fd10::1");
    d.remote = (struct endpoint){.addr = rig_addr(_i ? "10.0.10.1" : "fd10::1"),
                                 .port = 7};
    ck_assert_int_eq(udp_bind(r.net, &port, NULL, NULL), OK);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    f = untagged(10);
    ck_assert(f->flags & PKT_CSUM_PARTIAL);
    ck_assert_uint_eq(f->csum_start, hdr_bytes(_i));
    rig_close(&r);
}
END_TEST

START_TEST(test_vlans_are_bounded_and_each_once)
{
    struct netif_config c = {.none6 = true};

    open_vlan();
    ck_assert_uint_eq(net_add_vlan(r.net, 1, 10, "again", &c, r.now), 0);
    for (unsigned i = 1; i < NET_VLANS_MAX; i++)
        ck_assert_uint_eq(
            net_add_vlan(r.net, 1, (uint16_t)(100 + i), "v", &c, r.now), i + 2);
    ck_assert_uint_eq(net_add_vlan(r.net, 1, 200, "v", &c, r.now), 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_link_of_a_vlan_is_its_parents)
{
    open_vlan();
    r.dev.link_up = false;
    rig_turn(&r);
    ck_assert(!r.net->nif[1].link_was_up);
    r.dev.link_up = true;
    rig_wait(&r, 10 * NS_PER_SEC);
    ck_assert(r.net->nif[1].link_was_up);
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

static unsigned way_to(const char *dst)
{
    struct ip_path path = {.dst = rig_addr(dst)};

    return ip_path_find(r.net, &path) ? 0 : path.netif;
}

static void add_route(uint8_t netif, const char *to, uint8_t bits,
                      const char *via)
{
    struct ipaddr gateway = rig_addr(via);

    ck_assert(net_add_route(
        r.net, netif,
        &(struct net_addr){.addr = rig_addr(to), .prefix_bits = bits},
        &gateway));
}

START_TEST(test_longest_prefix_then_metric_then_order)
{
    open_router(NULL);
    net_set_forward(r.net, NULL);
    add_route(1, _i ? "0.0.0.0" : "::", 0, _i ? "10.0.0.1" : "fd01::1");
    add_route(2, _i ? "0.0.0.0" : "::", 0, _i ? "192.168.7.1" : "fd02::1");
    ck_assert_uint_eq(way_to(_i ? "8.8.8.8" : "2001::8"), 1); /* in order */
    add_route(2, _i ? "8.8.0.0" : "2001::", _i ? 16 : 64,
              _i ? "192.168.7.1" : "fd02::1");
    ck_assert_uint_eq(way_to(_i ? "8.8.8.8" : "2001::8"), 2); /* longer */
    ck_assert_uint_eq(way_to(_i ? "8.9.8.8" : "2002::8"), 1);
    r.net->nif[0].config.metric = 10;
    add_route(1, _i ? "9.0.0.0" : "2009::", _i ? 8 : 32,
              _i ? "10.0.0.1" : "fd01::1");
    add_route(2, _i ? "9.0.0.0" : "2009::", _i ? 8 : 32,
              _i ? "192.168.7.1" : "fd02::1");
    ck_assert_uint_eq(way_to(_i ? "9.8.8.8" : "2009::8"), 2); /* metric */
    second.link_up = false;
    rig_turn(&r);
    ck_assert_uint_eq(way_to(_i ? "9.8.8.8" : "2009::8"), 1); /* a dead link */
    second.link_up = true;
    pass_time(10);
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

/* RFC 1122 3.3.4.2: the answer leaves where it was asked. */
START_TEST(test_answer_leaves_by_the_nic_of_its_address)
{
    struct ip_path path = {.src = rig_addr(_i ? "192.168.7.2" : "fd02::2"),
                           .dst = rig_addr(_i ? "8.8.8.8" : "2001::8")};
    struct ip_path first = {.src = rig_addr(_i ? "10.0.0.2" : "fd01::2"),
                            .dst = path.dst};

    open_router(NULL);
    net_set_forward(r.net, NULL);
    add_route(1, _i ? "0.0.0.0" : "::", 0, _i ? "10.0.0.1" : "fd01::1");
    ck_assert_int_eq(ip_path_find(r.net, &path), E_UNREACH);
    ck_assert_uint_eq(path.netif, 0); /* may be tried again */
    add_route(2, _i ? "0.0.0.0" : "::", 0, _i ? "192.168.7.9" : "fd02::9");
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert_uint_eq(path.netif, 2);
    ck_assert_uint_eq(path.mtu, 1400);
    /* Also when another NIC would know the way better. */
    add_route(1, _i ? "8.8.0.0" : "2001::", 16, _i ? "10.0.0.1" : "fd01::1");
    path.netif = 0;
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert_uint_eq(path.netif, 2);
    /* The one found last is not taken for the other. */
    ck_assert_int_eq(ip_path_find(r.net, &first), OK);
    ck_assert_uint_eq(first.netif, 1);
    path.netif = 0;
    path.gen = 0;
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert_uint_eq(path.netif, 2);
    /* A router goes by the table, but only with an address of its own. */
    net_set_forward(r.net, &(struct net_forward){0});
    path.netif = 0;
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert_uint_eq(path.netif, 1);
    path.src = inside(_i);
    path.netif = 0;
    path.gen = 0;
    ck_assert_int_eq(ip_path_find(r.net, &path), E_UNREACH);
    ck_assert_uint_eq(path.netif, 0);
    rig_close(&r);
}
END_TEST

RUN_CASES("vlan", LOOP(test_tagged_echo_is_answered_with_the_tag, 0, 2),
          LOOP(test_address_of_a_vlan_is_not_outside_of_it, 0, 2),
          TEST(test_priority_tag_is_no_vlan),
          TEST(test_two_tags_are_refused_and_a_cut_one),
          LOOP(test_neighbours_of_a_vlan, 0, 2),
          LOOP(test_offload_counts_the_tag, 0, 2),
          TEST(test_vlans_are_bounded_and_each_once),
          TEST(test_link_of_a_vlan_is_its_parents),
          LOOP(test_longest_prefix_then_metric_then_order, 0, 2),
          LOOP(test_answer_leaves_by_the_nic_of_its_address, 0, 2))
