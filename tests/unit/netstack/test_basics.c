/* SPDX-License-Identifier: ISC */
/* What every host does: answers to ARP, NDP and echo, and takes UDP. */
#include "../lib/suite.h"
#include "rig.h"

#include <wire/ndp.h>
#include <wire/udp.h>

static struct out o;

static void clear(void)
{
    o.n = 0;
}

START_TEST(test_arp_request_for_us_is_answered)
{
    struct rig r;
    const struct rig_frame *f;
    struct arp_msg m = {.op = ARP_REQUEST,
                        .sender_mac = PEER_MAC,
                        .sender = PEER4,
                        .target = OUR4};

    rig_open(&r, NULL);
    clear();
    put_arp(&o, MAC_BROADCAST, &m);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert_ptr_nonnull(f);
    ck_assert(frame_is_sound(f));
    ck_assert_uint_eq(mac_get(f->b), PEER_MAC);
    ck_assert(arp_parse(&m, (struct span){f->b + 14, f->n - 14}));
    ck_assert_uint_eq(m.op, ARP_REPLY);
    ck_assert_uint_eq(m.sender_mac, RIG_MAC);
    ck_assert_uint_eq(m.sender, OUR4);
    ck_assert_uint_eq(m.target_mac, PEER_MAC);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_echo_is_answered_after_arp)
{
    struct rig r;
    const struct rig_frame *f;
    struct arp_msg m;

    rig_open(&r, NULL);
    clear();
    put_echo4(&o, PEER4, OUR4, 100);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && arp_parse(&m, (struct span){f->b + 14, f->n - 14}));
    ck_assert_uint_eq(m.op, ARP_REQUEST);
    ck_assert_uint_eq(m.target, PEER4);
    clear();
    m = (struct arp_msg){.op = ARP_REPLY,
                         .sender_mac = PEER_MAC,
                         .sender = PEER4,
                         .target_mac = RIG_MAC,
                         .target = OUR4};
    put_arp(&o, RIG_MAC, &m);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->n, 14 + 20 + 8 + 100);
    ck_assert_uint_eq(f->b[34], ICMP4_ECHO_REPLY);
    ck_assert_uint_eq(be32(f->b + 30), PEER4);
    ck_assert_uint_eq(f->b[42 + 5], 35);
    rig_close(&r);
}
END_TEST

START_TEST(test_ipv6_solicitation_and_echo_are_answered)
{
    struct rig r;
    const struct rig_frame *f;
    struct ipaddr peer = rig_addr("fe80::1"), us, group;
    uint8_t ns[NDP_NS_BYTES];
    struct ndp_msg m;

    rig_open(&r, NULL);
    us = rig_link_local(&r);
    group = rig_addr("ff02::1:ff00:0");
    memcpy(group.b + 13, us.b + 13, 3);
    clear();
    put_ndp(&o, &peer, &group, ns, ndp_ns_emit(ns, &us, PEER_MAC));
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(mac_get(f->b), PEER_MAC);
    ck_assert(ndp_parse(&m, (struct span){f->b + 54, f->n - 54}));
    ck_assert_uint_eq(m.type, NDP_NA);
    ck_assert(m.solicited && m.override_ && !m.router);
    ck_assert_uint_eq(m.lladdr, RIG_MAC);
    ck_assert(ipaddr_eq(&m.target, &us));
    clear();
    put_echo6(&o, &peer, &us, 1000);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->b[54], ICMP6_ECHO_REPLY);
    ck_assert_uint_eq(f->n, 14 + 40 + 8 + 1000);
    rig_close(&r);
}
END_TEST

struct got {
    unsigned n;
    struct udp_dgram last;
    uint8_t data[65536];
    struct net *net;
    bool echo;
};

static void on_udp(const struct udp_dgram *d, void *user)
{
    struct got *g = user;

    g->n++;
    g->last = *d;
    memcpy(g->data, d->data.p, d->data.n);
    if (g->echo)
        ck_assert_int_eq(udp_send(g->net, d), OK);
}

static struct got got;

START_TEST(test_udp_is_delivered_and_echoed)
{
    struct rig r;
    const struct rig_frame *f;
    uint16_t port = 7;
    struct ipaddr peer = ip4_addr(PEER4), peer6 = rig_addr("fe80::1"), us6;

    rig_open(&r, NULL);
    rig_meet(&r, &peer, PEER_MAC);
    rig_meet(&r, &peer6, PEER_MAC);
    got = (struct got){.net = r.net, .echo = true};
    ck_assert_int_eq(udp_bind(r.net, &port, on_udp, &got), OK);
    ck_assert_int_eq(udp_bind(r.net, &port, on_udp, &got), E_INVAL);
    clear();
    put_udp4(&o, PEER4, 4711, OUR4, 7, "hello", 5);
    put_bytes(&o, "PADDING", 7);
    rig_in(&r, &o);
    ck_assert_uint_eq(got.n, 1);
    ck_assert_uint_eq(got.last.data.n, 5);
    ck_assert_mem_eq(got.data, "hello", 5);
    ck_assert(!got.last.broadcast);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->n, 14 + 20 + 8 + 5);
    ck_assert_uint_eq(be16(f->b + 36), 4711);
    us6 = rig_link_local(&r);
    clear();
    put_udp6(&o, &peer6, 4712, &us6, 7, "hello6", 6);
    rig_in(&r, &o);
    ck_assert_uint_eq(got.n, 2);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->n, 14 + 40 + 8 + 6);
    udp_unbind(r.net, 7);
    rig_in(&r, &o);
    ck_assert_uint_eq(got.n, 2);
    ck_assert_uint_eq(drops(&r, udp_no_port), 1);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->b[54], ICMP6_UNREACH);
    rig_close(&r);
}
END_TEST

RUN_TESTS("basics", PANICS(), test_arp_request_for_us_is_answered,
          test_echo_is_answered_after_arp,
          test_ipv6_solicitation_and_echo_are_answered,
          test_udp_is_delivered_and_echoed)
