/* SPDX-License-Identifier: ISC */
/* UDP: ports, queues, sending, checksums left to the device; and routes. */
#include "../lib/suite.h"
#include "rig.h"

#include <wire/udp.h>

static struct out o;

static struct {
    unsigned n;
    struct udp_dgram last;
    struct net *net;
    uint16_t unbind;
} got;

static void on_udp(const struct udp_dgram *d, void *user)
{
    (void)user;
    got.n++;
    got.last = *d;
    if (got.unbind)
        udp_unbind(got.net, got.unbind);
}

static void open_rig(struct rig *r)
{
    struct ipaddr peer = ip4_addr(PEER4);

    rig_open(r, NULL);
    rig_meet(r, &peer, PEER_MAC);
    memset(&got, 0, sizeof(got));
    got.net = r->net;
}

static uint16_t bind_to(struct rig *r, uint16_t port)
{
    ck_assert_int_eq(udp_bind(r->net, &port, on_udp, NULL), OK);
    return port;
}

START_TEST(test_ports_are_bounded_and_random)
{
    uint16_t port[8], one_more = 0;
    struct rig r;

    open_rig(&r);
    ck_assert(!net_in_use(r.net));
    for (unsigned i = 0; i < 8; i++) {
        port[i] = bind_to(&r, 0);
        ck_assert_uint_ge(port[i], UDP_PORT_FIRST);
        ck_assert(i == 0 || port[i] != port[i - 1] + 1);
    }
    ck_assert(net_in_use(r.net));
    ck_assert_int_eq(udp_bind(r.net, &one_more, on_udp, NULL), E_FULL);
    for (unsigned i = 0; i < 8; i++)
        udp_unbind(r.net, port[i]);
    udp_unbind(r.net, 77);
    ck_assert(!net_in_use(r.net));
    bind_to(&r, port[3]);
    rig_close(&r);
}
END_TEST

/* Puts a frame in without a turn, so that it waits. */
static void queue_frame(struct rig *r)
{
    struct pktq q = {0};
    struct pkt *p = pkt_get(&r->pkts);
    struct block *b = block_get(&r->tx_blocks);

    ck_assert(p && b);
    memcpy(b->data, o.b, o.n);
    ck_assert(pkt_add_frag(p, &b->buf, b->data, (uint32_t)o.n));
    buf_drop(&b->buf);
    p->netif = 1;
    pktq_push(&q, p);
    net_input(r->net, &q, r->now);
}

START_TEST(test_receive_queue_is_bounded)
{
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    o.n = 0;
    put_udp4(&o, PEER4, 1, OUR4, 9, "x", 1);
    for (unsigned i = 0; i < UDP_QUEUE_MAX + 5; i++)
        queue_frame(&r);
    ck_assert_uint_eq(drops(&r, udp_full), 5);
    ck_assert_uint_eq(net_deadline(r.net), r.now); /* they are still to go */
    rig_turn(&r);
    ck_assert_uint_eq(got.n, UDP_QUEUE_MAX);
    rig_close(&r);
}
END_TEST

START_TEST(test_unbind_in_the_callback)
{
    struct rig r;

    open_rig(&r);
    got.unbind = bind_to(&r, 9);
    o.n = 0;
    put_udp4(&o, PEER4, 1, OUR4, 9, "x", 1);
    queue_frame(&r);
    queue_frame(&r);
    rig_turn(&r);
    ck_assert_uint_eq(got.n, 1);
    ck_assert_uint_eq(r.net->udp.waiting, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_broadcast_is_received_and_sent)
{
    struct udp_dgram d = {
        .data = SPAN("hello"),
        .local.port = 9,
        .remote = {.addr = ip4_addr(IP(10, 0, 0, 255)), .port = 7}};
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    o.n = 0;
    put_udp4(&o, PEER4, 1, IP(10, 0, 0, 255), 9, "x", 1);
    mac_put(o.b, MAC_BROADCAST);
    rig_in(&r, &o);
    ck_assert_uint_eq(got.n, 1);
    ck_assert(got.last.broadcast);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    d.remote.addr = ip4_addr(UINT32_MAX);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    for (unsigned i = 0; i < 2; i++) {
        f = rig_next(&r);
        ck_assert(f && frame_is_sound(f));
        ck_assert_uint_eq(mac_get(f->b), MAC_BROADCAST);
        ck_assert_uint_eq(be32(f->b + 26), OUR4);
    }
    rig_close(&r);
}
END_TEST

START_TEST(test_multicast_is_sent_to_its_group)
{
    struct udp_dgram d = {
        .data = SPAN("hello"),
        .local.port = 9,
        .remote = {.addr = ip4_addr(IP(224, 0, 0, 251)), .port = 7}};
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    d.remote.addr = rig_addr("ff02::fb");
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    f = rig_next(&r);
    ck_assert(f && mac_get(f->b) == UINT64_C(0x01005e0000fb));
    f = rig_next(&r);
    ck_assert(f && mac_get(f->b) == UINT64_C(0x3333000000fb));
    rig_close(&r);
}
END_TEST

START_TEST(test_checksum_is_left_to_a_device_that_can)
{
    struct udp_dgram d = {.data = SPAN("hello"),
                          .local.port = 9,
                          .remote = {.addr = ip4_addr(PEER4), .port = 7}};
    static uint8_t big[3000];
    const struct rig_frame *f;
    struct rig r;

    open_rig(&r);
    r.dev.caps = NETIF_TX_CSUM;
    bind_to(&r, 9);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    d.data = (struct span){big, sizeof(big)};
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    f = rig_next(&r);
    ck_assert(f && f->flags & PKT_CSUM_PARTIAL);
    ck_assert_uint_eq(f->csum_start, 34);
    ck_assert_uint_eq(f->csum_off, 6);
    while ((f = rig_next(&r))) /* fragments: nobody else could finish it */
        ck_assert(!(f->flags & PKT_CSUM_PARTIAL));
    rig_close(&r);
}
END_TEST

START_TEST(test_device_that_vouches_for_checksums_is_believed)
{
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    o.n = 0;
    put_udp4(&o, PEER4, 1, OUR4, 9, "x", 1);
    o.b[41] ^= 1;
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, udp_checksum), 1);
    r.rx_flags = PKT_CSUM_GOOD;
    rig_in(&r, &o);
    ck_assert_uint_eq(got.n, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_what_cannot_be_sent)
{
    static uint8_t big[65528];
    struct udp_dgram d = {.data = {big, 65508},
                          .local.port = 9,
                          .remote = {.addr = ip4_addr(PEER4), .port = 7}};
    struct rig r;

    open_rig(&r);
    ck_assert_int_eq(udp_send(r.net, &d), E_INVAL); /* not bound */
    bind_to(&r, 9);
    ck_assert_int_eq(udp_send(r.net, &d), E_INVAL); /* too long */
    d.data.n = 1;
    d.remote.port = 0;
    ck_assert_int_eq(udp_send(r.net, &d), E_INVAL);
    d.remote.port = 7;
    d.remote.addr = rig_addr("2001:db8::1");
    ck_assert_int_eq(udp_send(r.net, &d), E_UNREACH);
    ck_assert_int_eq(udp_send(r.net, &d), E_UNREACH); /* and still */
    d.remote.addr = ip4_addr(PEER4);
    d.local.addr = ip4_addr(OTHER4); /* not ours */
    ck_assert_int_eq(udp_send(r.net, &d), E_UNREACH);
    d.local.addr = ip4_addr(OUR4);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    r.pkts.fail_after = 0;
    ck_assert_int_eq(udp_send(r.net, &d), E_FULL);
    r.pkts.fail_after = -1;
    d.data.n = 1000;
    r.tx_blocks.blocks.fail_after = 0;
    ck_assert_int_eq(udp_send(r.net, &d), E_FULL);
    r.tx_blocks.blocks.fail_after = -1;
    rig_turn(&r);
    rig_close(&r);
}
END_TEST

START_TEST(test_transmit_queue_is_bounded)
{
    struct udp_dgram d = {.data = SPAN("x"),
                          .local.port = 9,
                          .remote = {.addr = ip4_addr(PEER4), .port = 7}};
    unsigned n = 0;
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    while (n < 1000 && udp_send(r.net, &d) == OK)
        n++;
    ck_assert_uint_eq(n, r.net->out_max);
    ck_assert_int_eq(udp_send(r.net, &d), E_FULL);
    rig_turn(&r);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    rig_close(&r);
}
END_TEST

START_TEST(test_ip_ids_do_not_count_for_strangers)
{
    static const uint8_t data[1473]; /* so that an identification is needed */
    struct udp_dgram d = {.data = {data, sizeof(data)}, .local.port = 9};
    const struct rig_frame *f;
    unsigned steps = 0;
    uint16_t last = 0, id;
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    for (unsigned i = 0; i < 40; i++) {
        struct ipaddr to = ip4_addr(IP(10, 0, 0, 100 + i));

        rig_meet(&r, &to, OTHER_MAC);
        d.remote = (struct endpoint){.addr = to, .port = 7};
        ck_assert_int_eq(udp_send(r.net, &d), OK);
        rig_turn(&r);
        f = rig_next(&r);
        ck_assert_ptr_nonnull(f);
        id = be16(f->b + 18);
        ck_assert_uint_eq(be16(rig_next(&r)->b + 18), id);
        steps += (uint16_t)(id - last) == 1;
        last = id;
    }
    ck_assert_uint_le(steps, 2);
    rig_close(&r);
}
END_TEST

static uint16_t frag_field(struct rig *r)
{
    const struct rig_frame *f = rig_next(r);

    ck_assert(f && frame_is_sound(f));
    return be16(f->b + 20);
}

/* RFC 1191, RFC 8085 3.2: what goes in one piece asks for the path's MTU; what
 * the path is known not to take goes in several. */
START_TEST(test_df_finds_the_mtu_of_the_path)
{
    static const uint8_t data[1400];
    struct ipaddr to = ip4_addr(PEER4);
    struct udp_dgram d = {.data = {data, sizeof(data)},
                          .local.port = 9,
                          .remote = {.addr = to, .port = 7}};
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    rig_meet(&r, &to, PEER_MAC);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    ck_assert_uint_eq(frag_field(&r), IP4_DF);
    ip_pmtu_update(r.net, &to, 1000, r.now);
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    ck_assert_uint_eq(frag_field(&r), IP4_MF);
    ck_assert_uint_eq(frag_field(&r), 976 / 8);
    d.data.n = 900;
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    ck_assert_uint_eq(frag_field(&r), IP4_DF);
    ip_pmtu_update(r.net, &to, 296, r.now); /* is taken for 576 */
    d.data.n = 548;
    ck_assert_int_eq(udp_send(r.net, &d), OK);
    rig_turn(&r);
    ck_assert_uint_eq(frag_field(&r), 0); /* routers may cut it further */
    rig_close(&r);
}
END_TEST

/* No router answers to what went to a group. */
START_TEST(test_no_df_to_groups)
{
    static const uint32_t groups[] = {IP(239, 0, 0, 7), IP(10, 0, 0, 255)};
    struct udp_dgram d = {.data = SPAN("all"), .local.port = 9};
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    for (unsigned i = 0; i < ARRAY_LEN(groups); i++) {
        d.remote = (struct endpoint){
            .addr = ip4_addr(groups[i]), .port = 7, .netif = 1};
        ck_assert_int_eq(udp_send(r.net, &d), OK);
        rig_turn(&r);
        ck_assert_uint_eq(frag_field(&r), 0);
    }
    rig_close(&r);
}
END_TEST

/* A datagram to ourselves never shows on the wire. */
START_TEST(test_datagram_to_oneself)
{
    static const char *const us[] = {"10.0.0.2", "127.0.0.1", "::1"};
    struct udp_dgram d = {.data = SPAN("to me"), .local.port = 9};
    struct rig r;

    open_rig(&r);
    bind_to(&r, 9);
    for (unsigned i = 0; i < ARRAY_LEN(us); i++) {
        d.remote = (struct endpoint){.addr = rig_addr(us[i]), .port = 9};
        ck_assert_int_eq(udp_send(r.net, &d), OK);
        ck_assert_uint_eq(net_deadline(r.net), r.now);
        rig_turn(&r);
        ck_assert_uint_eq(got.n, i + 1);
        ck_assert(ipaddr_eq(&got.last.remote.addr, &d.remote.addr));
    }
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_longest_prefix_wins)
{
    static const struct {
        const char *dst;
        uint8_t bits, via;
    } route[] = {{"0.0.0.0", 0, 1},
                 {"192.0.0.0", 8, 11},
                 {"192.0.2.0", 24, 12},
                 {"192.0.2.128", 25, 13},
                 {"192.0.2.200", 32, 14}};
    static const struct {
        const char *dst;
        uint8_t via;
    } want[] = {{"8.8.8.8", 1},
                {"192.1.1.1", 11},
                {"192.0.2.1", 12},
                {"192.0.2.129", 13},
                {"192.0.2.200", 14}};
    struct rig r;

    open_rig(&r);
    for (unsigned i = 1; i < ARRAY_LEN(route); i++) {
        struct route x = {.dst = rig_addr(route[i].dst),
                          .via = ip4_addr(IP(10, 0, 0, route[i].via)),
                          .bits = (uint8_t)(96 + route[i].bits),
                          .netif = 1,
                          .has_via = true,
                          .until = NS_NEVER};

        ck_assert(route_add(r.net, &x));
    }
    for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
        struct ip_path path = {.dst = rig_addr(want[i].dst)};
        struct ipaddr hop;

        ck_assert_int_eq(ip_path_find(r.net, &path), OK);
        ck_assert(route_next_hop(r.net, &path, &hop));
        ck_assert_uint_eq(ip4_of(&hop), IP(10, 0, 0, want[i].via));
    }
    rig_close(&r);
}
END_TEST

START_TEST(test_routes_are_bounded)
{
    struct route x = {.netif = 1, .bits = 128, .until = NS_NEVER};
    unsigned n = 0;
    struct rig r;

    open_rig(&r);
    for (unsigned i = 0; i < 100; i++) {
        x.dst = ip4_addr(IP(192, 0, 2, i));
        n += route_add(r.net, &x);
    }
    ck_assert_uint_lt(n, ROUTES_MAX);
    ck_assert_uint_eq(r.net->routes.n, ROUTES_MAX);
    ck_assert_uint_gt(r.net->count.full__routes, 0);
    rig_close(&r);
}
END_TEST

RUN_TESTS("udp", PANICS(), test_ports_are_bounded_and_random,
          test_receive_queue_is_bounded, test_unbind_in_the_callback,
          test_broadcast_is_received_and_sent,
          test_multicast_is_sent_to_its_group,
          test_checksum_is_left_to_a_device_that_can,
          test_device_that_vouches_for_checksums_is_believed,
          test_what_cannot_be_sent, test_transmit_queue_is_bounded,
          test_ip_ids_do_not_count_for_strangers,
          test_df_finds_the_mtu_of_the_path, test_no_df_to_groups,
          test_datagram_to_oneself, test_longest_prefix_wins,
          test_routes_are_bounded)
