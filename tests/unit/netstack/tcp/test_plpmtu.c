/* SPDX-License-Identifier: ISC */
/*
 * test_plpmtu.c - paths that swallow large segments in silence (RFC 4821, RFC
 * 8899), and ICMP that must wait (RFC 5927 7).  Each with IPv4 and with IPv6.
 */
#include "rig.h"
#include "tcp_suite.h"

enum {
    OPTS = TCP_OPT_MSS | TCP_OPT_TS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK,
    BYTES = 60000
};

static struct rig_end end;
static struct net *net;
static struct rig_peer p;
static uint16_t full, base;

static void open_net(int v6)
{
    memset(&end, 0, sizeof(end));
    end.release_when_closed = true;
    net = rig_new(v6);
    net->caps |= NETIF_TSO4 | NETIF_TSO6;
    net->tso_max = 65000;
    rig_listen(net, RIG_PORT, &end);
    p = rig_connect(net, OPTS);
    full = (v6 ? 1440 : 1460) - 12;
    base = (v6 ? 1220 : 1024) - 12;
    ck_assert_uint_eq(rig_conn(net)->tcb.mss, full);
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

static void put(uint32_t n)
{
    static const uint8_t data[BYTES];

    ck_assert_uint_eq(stream_write(end.s, (struct span){data, n}), n);
    rig_turn(net);
}

static void ack(uint32_t seq)
{
    p.ack = seq;
    p.tsval++;
    p.tsecr = tcp_tsval(&rig_conn(net)->tcb, net->now);
    rig_send(&p, TCP_ACK, NULL, 0);
}

static void ack_all(void)
{
    for (unsigned i = 0;
         rig_conn(net)->tcb.snd_una != rig_conn(net)->tcb.snd_end; i++) {
        ck_assert_uint_lt(i, 200);
        ack(rig_conn(net)->tcb.snd_nxt);
    }
    rig_forget(net);
}

static void timeouts(unsigned n)
{
    uint64_t want = net->tcp->count.rtx_timeouts + n;

    while (net->tcp->count.rtx_timeouts < want) {
        net->now = tcp_next_deadline(net->tcp) > net->now
                       ? tcp_next_deadline(net->tcp)
                       : net->now + NS_PER_MS;
        rig_turn(net);
    }
}

static void fall_back(void)
{
    put(5 * full);
    rig_forget(net);
    timeouts(2);
    rig_forget(net);
    ck_assert_uint_eq(rig_conn(net)->tcb.mss, base);
}

/* Enough queued and a window that lets a probe and its followers go. */
static void fill(void)
{
    rig_conn(net)->tcb.cc.cwnd = 30 * full;
    put(20000);
}

/* The frame that is larger than the others; fails when there is none. */
static struct rig_frame probe(uint32_t len)
{
    struct rig_frame f = {0};

    while (!rig_quiet(net)) {
        f = rig_out(net);
        if (f.len == len && !(f.flags & (PKT_GSO4 | PKT_GSO6)))
            return f;
    }
    ck_abort_msg("no probe of %u bytes", len);
    return f;
}

/* All but `len` bytes at `seq` have arrived, as far as they were sent. */
static void miss(uint32_t seq, uint32_t len)
{
    struct tcp_seg s;

    p.tsval++;
    p.ack = seq;
    s = rig_seg(&p, TCP_ACK, 0);
    s.nsack = 1;
    s.sack[0] = (struct seq_range){seq + len, rig_conn(net)->tcb.snd_nxt};
    rig_in(net, &s, NULL);
}

START_TEST(test_black_hole_falls_back)
{
    struct rig_frame f;

    open_net(_i);
    put(5 * full);
    rig_forget(net);
    timeouts(1);
    ck_assert_uint_eq(rig_conn(net)->tcb.mss, full);
    rig_forget(net);
    timeouts(1);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.seq, p.ack);
    ck_assert_uint_eq(f.len, base);
    ck_assert_uint_eq(net->tcp->count.pmtu_black_holes, 1);
    ck_assert_uint_eq(net->pmtu_updates, 0); /* of this connection alone */
    ack_all();
    ck_assert_uint_eq(net->tcp->count.pmtu_black_holes, 1);
    close_net();
}
END_TEST

START_TEST(test_small_segments_fall_nowhere)
{
    open_net(_i);
    put(full / 2);
    timeouts(4);
    ck_assert_uint_eq(rig_conn(net)->tcb.mss, full);
    ck_assert_uint_eq(net->tcp->count.pmtu_black_holes, 0);
    rig_forget(net);
    close_net();
}
END_TEST

/* It was no black hole: one probe restores what was. */
START_TEST(test_probe_that_arrives_raises_the_size)
{
    struct rig_frame f;

    open_net(_i);
    fall_back();
    ack_all();
    fill();
    ck_assert_uint_eq(net->tcp->count.pmtu_probes, 0); /* not so soon */
    ack_all();
    net->now += 6 * NS_PER_SEC;
    fill();
    f = probe(full);
    ck_assert_uint_eq(net->tcp->count.pmtu_probes, 1);
    ck_assert_uint_eq(rig_conn(net)->tcb.mss, base);
    ack(f.h.seg.seq + full);
    ck_assert_uint_eq(rig_conn(net)->tcb.mss, full);
    ck_assert_uint_eq(net->tcp->count.pmtu_raised, 1);
    ack_all();
    net->now += 1000 * NS_PER_SEC;
    fill();
    ck_assert_uint_eq(net->tcp->count.pmtu_probes, 1); /* it is over */
    ack_all();
    close_net();
}
END_TEST

START_TEST(test_probe_that_is_lost_is_no_congestion)
{
    struct tcb *t;
    struct rig_frame f;
    uint32_t cwnd, next;

    open_net(_i);
    fall_back();
    ack_all();
    net->now += 6 * NS_PER_SEC;
    fill();
    f = probe(full);
    t = &rig_conn(net)->tcb;
    cwnd = t->cc.cwnd;
    ack(f.h.seg.seq);
    rig_forget(net);
    miss(f.h.seg.seq, full);
    do
        f = rig_out(net); /* limited transmit comes first */
    while (f.h.seg.seq != p.ack);
    ck_assert_uint_eq(f.len, base); /* again, smaller */
    ck_assert_uint_eq(net->tcp->count.pmtu_probes_lost, 1);
    ck_assert_uint_ge(t->cc.ssthresh, cwnd);
    ack_all();
    /* Halfway next; slow start goes where the window was. */
    ck_assert_uint_ge(t->cc.ssthresh, cwnd);
    net->now += 2 * NS_PER_SEC;
    fill();
    next = (base + full - 1u + 1) / 2;
    f = probe(next);
    ack(f.h.seg.seq + f.len);
    ck_assert_uint_eq(t->mss, next);
    ack_all();
    close_net();
}
END_TEST

/* A path of 1,400 bytes without a word from it: found by and by. */
START_TEST(test_search_ends_near_the_path)
{
    uint32_t path = 1400 - (_i ? 60 : 40) - 12;
    struct tcb *t;

    open_net(_i);
    fall_back();
    ack_all();
    t = &rig_conn(net)->tcb;
    for (unsigned i = 0; i < 40; i++) {
        uint64_t probes = net->tcp->count.pmtu_probes;

        net->now += 6 * NS_PER_SEC;
        fill();
        if (net->tcp->count.pmtu_probes > probes &&
            rig_conn(net)->pl_len > path) { /* lost */
            miss(rig_conn(net)->pl_seq, rig_conn(net)->pl_len);
        }
        ack_all();
    }
    ck_assert_uint_le(t->mss, path);
    ck_assert_uint_ge(t->mss + 8u, path);
    ck_assert_uint_le(net->tcp->count.pmtu_probes, 12);
    close_net();
}
END_TEST

static void too_big(uint32_t seq, uint32_t mtu)
{
    struct ip_error e = {.kind = IP_ERR_TOO_BIG,
                         .proto = 6,
                         .netif = 1,
                         .v4 = !net->v6,
                         .mtu = mtu,
                         .src = rig_local(net),
                         .dst = rig_remote(net)};

    put_be16(e.quoted, RIG_PORT);
    put_be16(e.quoted + 2, RIG_PEER_PORT);
    put_be32(e.quoted + 4, seq);
    tcp_icmp(net->tcp, &e, net->now);
    rig_turn(net);
}

/* Segments of that size have just been acknowledged: who says otherwise is not
 * believed before something is lost. */
START_TEST(test_icmp_waits_for_a_timeout)
{
    struct tcb *t;

    open_net(_i);
    t = &rig_conn(net)->tcb;
    put(6 * full);
    ack_all();
    put(2 * full);
    too_big(p.ack, 1300);
    ck_assert_uint_eq(t->mss, full);
    ck_assert_uint_eq(net->tcp->count.pmtu_delayed, 1);
    ack_all(); /* a lie, then */
    put(full);
    timeouts(1);
    ck_assert_uint_eq(t->mss, full);
    ck_assert_uint_eq(net->pmtu_updates, 0);
    ack_all();
    put(2 * full);
    too_big(p.ack, 1300);
    timeouts(1); /* it was true */
    ck_assert_uint_eq(t->mss, 1300 - (_i ? 60 : 40) - 12);
    ck_assert_uint_eq(net->pmtu_updates, 1);
    ack_all();
    /* Nothing of the new size is proven yet: believed at once. */
    put(2 * full);
    too_big(p.ack, 1290);
    ck_assert_uint_eq(net->pmtu_updates, 2);
    ack_all();
    close_net();
}
END_TEST

TCP_SUITE("tcp plpmtu", LOOP(test_black_hole_falls_back, 0, 2),
          LOOP(test_small_segments_fall_nowhere, 0, 2),
          LOOP(test_probe_that_arrives_raises_the_size, 0, 2),
          LOOP(test_probe_that_is_lost_is_no_congestion, 0, 2),
          LOOP(test_search_ends_near_the_path, 0, 2),
          LOOP(test_icmp_waits_for_a_timeout, 0, 2))
