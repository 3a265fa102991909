/* SPDX-License-Identifier: ISC */
/* A stack with two NICs: each its own link, its own addresses, its own queue.
 */
#include "../lib/suite.h"
#include "rig.h"

static struct out o;
static struct netif second;

/* The rig's NIC, and one with 192.168.7.2/24 and a router of its own. */
static void open_two(struct rig *r)
{
    struct netif_config c = {
        .static4 = {.addr = rig_addr("192.168.7.2"), .prefix_bits = 24}};

    rig_open(r, NULL);
    second = (struct netif){.name = "clients", .mtu = 1400, .link_up = true};
    mac_put(second.mac, UINT64_C(0x020000000022));
    ck_assert_uint_eq(net_add(r->net, &second, &c, r->now), 2);
    for (unsigned i = 0; i < 100; i++) { /* until its addresses are ready */
        struct pktq q = {0};
        struct pkt *p;

        r->now += 100 * NS_PER_MS;
        rig_turn(r);
        net_output(r->net, 2, &q, 64, r->now);
        while ((p = pktq_pop(&q)))
            pkt_put(p);
    }
    rig_forget(r);
}

/* Frames that went out by the second NIC; the last one's bytes. */
static unsigned sent_by_second(struct rig *r, uint8_t *last)
{
    struct pktq q = {0};
    struct pkt *p;
    unsigned n = 0;

    net_output(r->net, 2, &q, 64, r->now);
    while ((p = pktq_pop(&q))) {
        ck_assert_uint_eq(p->netif, 2);
        ck_assert(pkt_copy(p, 0, last, p->len < 64 ? p->len : 64));
        pkt_put(p);
        n++;
    }
    return n;
}

START_TEST(test_each_network_is_reached_by_its_own_nic)
{
    struct ip_path far = {.dst = rig_addr("8.8.8.8")},
                   near = {.dst = rig_addr("192.168.7.9")},
                   only = {.dst = rig_addr("8.8.8.8"), .netif = 2};
    struct rig r;

    open_two(&r);
    ck_assert_int_eq(ip_path_find(r.net, &far), OK);
    ck_assert_uint_eq(far.netif, 1);
    ck_assert_uint_eq(ip4_of(&far.src), OUR4);
    ck_assert_int_eq(ip_path_find(r.net, &near), OK);
    ck_assert_uint_eq(near.netif, 2);
    ck_assert_uint_eq(ip4_of(&near.src), IP(192, 168, 7, 2));
    ck_assert_uint_eq(near.mtu, 1400);
    ck_assert_int_eq(ip_path_find(r.net, &only), E_UNREACH);
    rig_close(&r);
}
END_TEST

START_TEST(test_address_of_one_nic_is_not_answered_on_the_other)
{
    struct rig r;

    open_two(&r);
    o.n = 0;
    put_echo4(&o, PEER4, IP(192, 168, 7, 2), 10);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, not_ours), 1);
    o.n = 0;
    put_arp(&o, MAC_BROADCAST,
            &(struct arp_msg){.op = ARP_REQUEST,
                              .sender_mac = PEER_MAC,
                              .sender = PEER4,
                              .target = IP(192, 168, 7, 2)});
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_link_local_destination_needs_its_nic)
{
    struct udp_dgram d = {.data = SPAN("hello"),
                          .local.port = 9,
                          .remote = {.addr = rig_addr("fe80::1"), .port = 7}};
    uint16_t port = 9;
    uint8_t frame[64];
    struct rig r;

    open_two(&r);
    ck_assert_int_eq(udp_bind(r.net, &port, NULL, NULL), OK);
    d.remote.netif = 2;
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    ck_assert_uint_eq(sent_by_second(&r, frame), 1); /* asks for it there */
    ck_assert_uint_eq(frame[54], 135);
    ck_assert_uint_eq(mac_get(frame + 6), mac_get(second.mac));
    rig_turn(&r);
    ck_assert_ptr_null(rig_next(&r));
    d.remote.netif = 3; /* there is none */
    ck_assert_int_eq(udp_send(r.net, &d), E_UNREACH);
    r.now += 10 * NS_PER_SEC;
    for (unsigned i = 0; i < 10; i++) {
        rig_turn(&r);
        sent_by_second(&r, frame);
        r.now += NS_PER_SEC;
    }
    rig_close(&r);
}
END_TEST

/* For who has less room must know that these are not all. */
START_TEST(test_addresses_are_counted_beyond_the_room_for_them)
{
    struct net_addr a[2] = {{.prefix_bits = 99}, {.prefix_bits = 99}};
    struct rig r;

    open_two(&r);
    ck_assert_uint_eq(net_addrs(r.net, NULL, 0), 4);
    ck_assert_uint_eq(net_addrs(r.net, a, 1), 4);
    ck_assert_uint_ne(a[0].prefix_bits, 99);
    ck_assert_uint_eq(a[1].prefix_bits, 99);
    rig_close(&r);
}
END_TEST

START_TEST(test_frame_of_a_nic_that_is_not_there)
{
    struct pkt *p;
    struct pktq q = {0};
    struct rig r;

    open_two(&r);
    for (uint8_t i = 0; i < 3; i++) {
        p = pkt_get(&r.pkts);
        p->netif = i == 0 ? 0 : (uint8_t)(i + 2);
        pktq_push(&q, p);
    }
    net_input(r.net, &q, r.now);
    ck_assert_uint_eq(drops(&r, not_ours), 3);
    rig_close(&r);
}
END_TEST

START_TEST(test_two_stacks_share_nothing)
{
    struct ipaddr peer = ip4_addr(PEER4);
    struct rig a, b;

    rig_open(&a, NULL);
    rig_open(&b, NULL);
    rig_meet(&a, &peer, PEER_MAC);
    o.n = 0;
    put_echo4(&o, PEER4, OUR4, 10);
    rig_in(&a, &o);
    ck_assert_uint_eq(a.net->count.echoes, 1);
    ck_assert_uint_eq(b.net->count.echoes, 0);
    ck_assert_ptr_nonnull(neigh_find(a.net, 1, &peer));
    ck_assert_ptr_null(neigh_find(b.net, 1, &peer));
    ck_assert_ptr_null(rig_next(&b));
    rig_close(&a);
    rig_close(&b);
}
END_TEST

RUN_TESTS("nics", PANICS(), test_each_network_is_reached_by_its_own_nic,
          test_address_of_one_nic_is_not_answered_on_the_other,
          test_link_local_destination_needs_its_nic,
          test_addresses_are_counted_beyond_the_room_for_them,
          test_frame_of_a_nic_that_is_not_there, test_two_stacks_share_nothing)
