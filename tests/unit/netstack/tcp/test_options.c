/* SPDX-License-Identifier: ISC */
/*
 * test_options.c - what an application may choose of a connection: its source,
 * port, DSCP and TTL (RFC 9293 MUST-43, 48, 49), and the user timeout that it
 * agrees on with the peer (RFC 5482).  Each with IPv4 and with IPv6.
 */
#include "rig.h"
#include "tcp_suite.h"

enum { SERVER = 7, MINUTES = 0x8000 };

static struct net *net;
static struct rig_end end;
static struct rig_peer p;

static void open_net(int v6)
{
    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    net = rig_new(v6);
}

static void close_net(void)
{
    if (end.s)
        stream_release(end.s);
    rig_turn(net);
    rig_forget(net);
    tcp_unlisten(net, RIG_PORT);
    rig_free(net);
}

static struct endpoint server(void)
{
    return (struct endpoint){.addr = rig_remote(net), .port = SERVER};
}

START_TEST(test_must_43_48_49_chosen_by_the_application)
{
    struct endpoint to, me;
    struct tcp_dial how = {.port = 4711, .dscp = 46, .ttl = 3};
    struct stream *again;
    struct rig_frame f;

    open_net(_i);
    to = server();
    how.source = rig_local(net);
    ck_assert_uint_eq(tcp_connect_from(net, &to, &how, &end.s), OK);
    tcp_local(end.s, &me);
    ck_assert_uint_eq(me.port, 4711);
    ck_assert(ipaddr_eq(&me.addr, &how.source));
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.src, 4711);
    ck_assert_uint_eq(f.tos, 46 << 2);
    ck_assert_uint_eq(f.ttl, 3);
    ck_assert_uint_eq(tcp_connect_from(net, &to, &how, &again), E_INVAL);
    tcp_mark(end.s, 8, 99);
    rig_after(net, 1500 * NS_PER_MS);
    f = rig_out(net); /* the SYN again */
    ck_assert_uint_eq(f.tos, 8 << 2);
    ck_assert_uint_eq(f.ttl, 99);
    close_net();
}
END_TEST

START_TEST(test_nothing_chosen_is_the_default)
{
    struct endpoint to, me;
    struct rig_frame f;

    open_net(_i);
    to = server();
    ck_assert_uint_eq(tcp_connect(net, &to, &end.s), OK);
    tcp_local(end.s, &me);
    ck_assert_uint_ge(me.port, 32768);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.tos, 0);
    ck_assert_uint_eq(f.ttl, 0);
    ck_assert(!(f.h.seg.opts & TCP_OPT_UTO));
    close_net();
}
END_TEST

START_TEST(test_timeout_is_said_on_syn_and_after)
{
    struct endpoint to;
    struct rig_frame f;
    struct tcp_seg s;

    open_net(_i);
    to = server();
    ck_assert_uint_eq(tcp_connect(net, &to, &end.s), OK);
    rig_attach(&end, end.s);
    tcp_agree_timeout(end.s, 600);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_SYN);
    ck_assert(f.h.seg.opts & TCP_OPT_UTO);
    ck_assert_uint_eq(f.h.seg.uto, 600);
    p = (struct rig_peer){.net = net,
                          .port = SERVER,
                          .to = f.h.src,
                          .seq = 700,
                          .ack = f.h.seg.seq + 1,
                          .wnd = 65535};
    s = rig_seg(&p, TCP_SYN | TCP_ACK, 0);
    s.opts = TCP_OPT_MSS | TCP_OPT_UTO;
    s.mss = 1460;
    s.uto = MINUTES | 15; /* longer than ours */
    rig_in_from(net, SERVER, p.to, &s, NULL);
    rig_turn(net);
    p.seq++;
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_ACK);
    ck_assert_uint_eq(f.h.seg.uto, 600);
    ck_assert_uint_eq(rig_conn(net)->tcb.user_timeout, 900 * NS_PER_SEC);
    ck_assert_uint_eq(stream_write(end.s, SPAN("once is enough")), 14);
    rig_turn(net);
    f = rig_out(net);
    ck_assert_uint_eq(f.len, 14);
    ck_assert(!(f.h.seg.opts & TCP_OPT_UTO));
    close_net();
}
END_TEST

static void say(uint16_t uto)
{
    struct tcp_seg s = rig_seg(&p, TCP_ACK, 0);

    s.opts |= TCP_OPT_UTO;
    s.uto = uto;
    rig_in(net, &s, NULL);
}

START_TEST(test_timeout_of_the_peer_has_limits)
{
    struct tcb *t;

    open_net(_i);
    rig_listen(net, RIG_PORT, &end);
    p = rig_connect(net, TCP_OPT_MSS | TCP_OPT_TS);
    t = &rig_conn(net)->tcb;
    say(200); /* not asked for yet */
    ck_assert_uint_eq(t->user_timeout, 0);
    tcp_agree_timeout(end.s, 10);
    ck_assert_uint_eq(t->user_timeout, 200 * NS_PER_SEC);
    rig_turn(net);
    ck_assert_uint_eq(rig_out(net).h.seg.uto, 10);
    say(0); /* MUST be ignored */
    say(MINUTES);
    ck_assert_uint_eq(t->user_timeout, 200 * NS_PER_SEC);
    say(20);
    ck_assert_uint_eq(t->user_timeout, 100 * NS_PER_SEC);
    say(MINUTES | 0x7fff);
    ck_assert_uint_eq(t->user_timeout, 3600 * NS_PER_SEC);
    tcp_user_timeout(end.s, 5 * NS_PER_SEC); /* the owner's word is the last */
    say(300);
    ck_assert_uint_eq(t->user_timeout, 5 * NS_PER_SEC);
    close_net();
}
END_TEST

/* It ends the connection, and it takes no room from a full segment. */
START_TEST(test_timeout_agreed_on_holds)
{
    static const uint8_t data[4000];
    struct rig_frame f;

    open_net(_i);
    rig_listen(net, RIG_PORT, &end);
    p = rig_connect(net, TCP_OPT_MSS | TCP_OPT_TS);
    tcp_agree_timeout(end.s, 120);
    stream_write(end.s, (struct span){data, sizeof(data)});
    rig_turn(net);
    f = rig_out(net);
    ck_assert(f.h.seg.opts & TCP_OPT_UTO);
    ck_assert_uint_le(f.h.hdr_len + f.len, (uint32_t)(_i ? 1440 : 1460) + 20);
    rig_forget(net);
    rig_after(net, 110 * NS_PER_SEC);
    ck_assert(!(end.events & STREAM_CLOSED));
    rig_forget(net);
    rig_after(net, 20 * NS_PER_SEC);
    ck_assert(end.events & STREAM_CLOSED);
    rig_forget(net);
    close_net();
}
END_TEST

TCP_SUITE("tcp options",
          LOOP(test_must_43_48_49_chosen_by_the_application, 0, 2),
          LOOP(test_nothing_chosen_is_the_default, 0, 2),
          LOOP(test_timeout_is_said_on_syn_and_after, 0, 2),
          LOOP(test_timeout_of_the_peer_has_limits, 0, 2),
          LOOP(test_timeout_agreed_on_holds, 0, 2))
