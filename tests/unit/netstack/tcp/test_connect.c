/* SPDX-License-Identifier: ISC */
/*
 * test_connect.c - connections opened from here, and ICMP about them.
 */
#include "connect_case.h"
#include "tcp_suite.h"

#include <metrics/metrics_impl.h>

START_TEST(test_refused)
{
    dialling(_i);
    rig_send(&peer, TCP_RST | TCP_ACK, NULL, 0);
    ck_assert_uint_eq(end.last, STREAM_CLOSED);
    ck_assert_uint_eq(end.s->error, E_REFUSED);
    ck_assert_uint_eq(net->tcp->count.attempt_fails, 1);
    close_net();
}
END_TEST

START_TEST(test_silence)
{
    dialling(_i);
    rig_after(net, 179 * NS_PER_SEC);
    ck_assert_uint_eq(end.events, 0);
    rig_after(net, 2 * NS_PER_SEC);
    ck_assert_uint_eq(end.s->error, E_TIMEOUT);
    close_net();
}
END_TEST

START_TEST(test_no_way)
{
    open_net(_i);
    net->no_route = true;
    ck_assert_uint_eq(dial(SERVER), E_UNREACH);
    net->no_route = false;
    ck_assert_uint_eq(dial(0), E_INVAL);
    close_net();
}
END_TEST

START_TEST(test_addresses_nobody_can_connect_to)
{
    static const uint8_t bad4[][4] = {
        {0, 0, 0, 0}, {0, 1, 2, 3}, {224, 0, 0, 1}, {255, 255, 255, 255}};
    struct endpoint to = {.port = 80};
    struct stream *s;

    open_net(0);
    ck_assert_uint_eq(tcp_connect(net, &to, &s), E_INVAL);
    for (unsigned i = 0; i < ARRAY_LEN(bad4); i++) {
        to.addr = ipaddr_v4(bad4[i][0], bad4[i][1], bad4[i][2], bad4[i][3]);
        ck_assert_uint_eq(tcp_connect(net, &to, &s), E_INVAL);
    }
    to.addr = (struct ipaddr){{0xff, 2, [15] = 1}};
    ck_assert_uint_eq(tcp_connect(net, &to, &s), E_INVAL);
    close_net();
}
END_TEST

START_TEST(test_slots_run_out)
{
    struct stream *all[16], *s;
    struct endpoint to = {.port = 9};

    open_net(_i);
    to.addr = rig_remote(net);
    for (unsigned i = 0; i < rig_limits.tcp_conns; i++)
        ck_assert_uint_eq(tcp_connect(net, &to, &all[i]), OK);
    ck_assert_uint_eq(tcp_connect(net, &to, &s), E_FULL);
    for (unsigned i = 0; i < rig_limits.tcp_conns; i++)
        stream_release(all[i]);
    rig_turn(net);
    rig_forget(net);
    close_net();
}
END_TEST

/* RFC 6056: not to be guessed, and never one that is in use. */
START_TEST(test_ports_are_random_and_free)
{
    uint16_t ports[16];
    unsigned steps = 0;

    open_net(_i);
    for (unsigned i = 0; i < 16; i++) {
        struct endpoint to = {.addr = rig_remote(net), .port = 9}, me;
        struct stream *s;

        ck_assert_uint_eq(tcp_connect(net, &to, &s), OK);
        tcp_local(s, &me);
        ports[i] = me.port;
        ck_assert_uint_ge(me.port, 1024);
        for (unsigned k = 0; k < i; k++)
            ck_assert_uint_ne(ports[k], ports[i]);
        steps += i && ports[i] == ports[i - 1] + 1;
    }
    ck_assert_uint_lt(steps, 3);
    for (uint32_t i = 0; i < 16; i++)
        stream_release(&conn_at(net->tcp, i)->stream);
    rig_turn(net);
    rig_forget(net);
    close_net();
}
END_TEST

START_TEST(test_release_while_opening_says_nothing)
{
    dialling(_i);
    stream_release(end.s);
    end.s = NULL;
    rig_turn(net);
    ck_assert(rig_quiet(net)); /* SYN-SENT: RFC 9293 3.10.5 */
    close_net();
}
END_TEST

START_TEST(test_wrong_ack_of_the_syn_is_reset)
{
    struct tcp_seg s;

    dialling(_i);
    s = rig_seg(&peer, TCP_SYN | TCP_ACK, 0);
    s.ack += 5;
    rig_in_from(net, SERVER, peer.to, &s, NULL);
    rig_turn(net);
    ck_assert_uint_eq(rig_out(net).h.seg.seq, peer.ack + 5);
    ck_assert_uint_eq(end.events, 0);
    close_net();
}
END_TEST

static void icmp(enum ip_error_kind kind, uint32_t seq, uint32_t mtu)
{
    struct ip_error e = {.kind = kind,
                         .proto = 6,
                         .netif = 1,
                         .v4 = !net->v6,
                         .mtu = mtu,
                         .src = rig_local(net),
                         .dst = rig_remote(net)};

    put_be16(e.quoted, peer.to);
    put_be16(e.quoted + 2, SERVER);
    put_be32(e.quoted + 4, seq);
    tcp_icmp(net->tcp, &e, net->now);
    rig_turn(net);
}

START_TEST(test_port_unreachable_while_opening)
{
    dialling(_i);
    icmp(IP_ERR_PORT, peer.ack + 1000, 0); /* not about our SYN */
    ck_assert_uint_eq(end.events, 0);
    ck_assert_uint_eq(net->tcp->count.dropped__icmp, 1);
    icmp(IP_ERR_PORT, peer.ack - 1, 0);
    ck_assert_uint_eq(end.s->error, E_REFUSED);
    close_net();
}
END_TEST

/* MUST-56: soft errors do not end it, but they explain its end. */
START_TEST(test_must_56_soft_errors)
{
    dialling(_i);
    icmp(IP_ERR_UNREACH, peer.ack - 1, 0);
    icmp(IP_ERR_TIME, peer.ack - 1, 0);
    ck_assert_uint_eq(end.events, 0);
    rig_after(net, 200 * NS_PER_SEC);
    ck_assert_uint_eq(end.s->error, E_UNREACH);
    rig_forget(net);
    close_net();
}
END_TEST

START_TEST(test_icmp_never_ends_an_open_connection)
{
    connected(_i);
    stream_write(end.s, SPAN("x"));
    rig_turn(net);
    rig_forget(net);
    for (int kind = IP_ERR_UNREACH; kind <= IP_ERR_PARAM; kind++)
        icmp((enum ip_error_kind)kind, peer.ack, 1400);
    ck_assert_uint_eq(end.events, STREAM_OPEN);
    rig_forget(net);
    close_net();
}
END_TEST

START_TEST(test_packet_too_big)
{
    static uint8_t data[5000];
    struct conn *c;

    connected(_i);
    stream_write(end.s, (struct span){data, sizeof(data)});
    rig_turn(net);
    rig_forget(net);
    c = rig_conn(net);
    icmp(IP_ERR_TOO_BIG, peer.ack - 5, 1300);    /* acknowledged long ago */
    icmp(IP_ERR_TOO_BIG, peer.ack + 5000, 1300); /* not sent yet */
    icmp(IP_ERR_TOO_BIG, peer.ack, 9000);        /* larger: no news */
    ck_assert_uint_eq(net->pmtu_updates, 0);
    icmp(IP_ERR_TOO_BIG, peer.ack, 1300);
    ck_assert_uint_eq(net->pmtu_updates, 1);
    ck_assert_uint_eq(c->tcb.mss, _i ? 1240 : 1260);
    ck_assert_uint_eq(rig_out(net).len, c->tcb.mss); /* sent again at once */
    icmp(IP_ERR_TOO_BIG, peer.ack, 1);               /* never below the least */
    ck_assert_uint_eq(c->tcb.mss, _i ? 1220 : 536);
    rig_forget(net);
    close_net();
}
END_TEST

START_TEST(test_lost_address_ends_its_connections)
{
    connected(_i);
    net->addrs[1] = (struct net_addr){.addr = ipaddr_v4(10, 0, 0, 1)};
    net->naddrs = 2;
    tcp_addrs_changed(net->tcp, net->now);
    rig_turn(net);
    ck_assert_uint_eq(end.events, STREAM_OPEN);
    net->addrs[0] = net->addrs[1];
    net->naddrs = 1;
    tcp_addrs_changed(net->tcp, net->now);
    rig_turn(net);
    ck_assert_uint_eq(end.last, STREAM_CLOSED);
    ck_assert_uint_eq(end.s->error, E_UNREACH);
    ck_assert(rig_quiet(net));
    close_net();
}
END_TEST

#define BOTH(t) LOOP(t, 0, 2)

TCP_SUITE("tcp connect", BOTH(test_refused), BOTH(test_silence),
          BOTH(test_no_way), TEST(test_addresses_nobody_can_connect_to),
          BOTH(test_slots_run_out), BOTH(test_ports_are_random_and_free),
          BOTH(test_release_while_opening_says_nothing),
          BOTH(test_wrong_ack_of_the_syn_is_reset),
          BOTH(test_port_unreachable_while_opening),
          BOTH(test_must_56_soft_errors),
          BOTH(test_icmp_never_ends_an_open_connection),
          BOTH(test_packet_too_big),
          BOTH(test_lost_address_ends_its_connections))
