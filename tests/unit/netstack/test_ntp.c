/* SPDX-License-Identifier: ISC */
/*
 * test_ntp.c - the client of NTP on a stack, and packets of any bytes.
 */
#include "../lib/suite.h"
#include "chew.h"
#include "ntp_case.h"

static struct out o;
static struct clock rig_clock;

/* The next question to a time server, its port; 0: there is none. */
static uint16_t next_question(struct rig *r, uint64_t *cookie)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (be16(f->b + 12) == ETH_IP4 && f->b[23] == 17 &&
            be16(f->b + 36) == NTP_PORT) {
            ck_assert(frame_is_sound(f));
            *cookie = be64(f->b + 42 + 40);
            return be16(f->b + 34);
        }
    return 0;
}

static void answer(struct rig *r, uint16_t port, uint64_t cookie, uint64_t wall)
{
    uint8_t b[NTP_BYTES];

    put_answer(b, cookie, wall);
    o.n = 0;
    put_udp4(&o, PEER4, NTP_PORT, OUR4, port, b, sizeof(b));
    rig_in(r, &o);
}

static void open_ntp(struct rig *r, const char *servers)
{
    struct ipaddr peer = ip4_addr(PEER4);

    rig_open(r, NULL);
    rig_clock = (struct clock){0};
    r->net->config.clock = &rig_clock;
    rig_meet(r, &peer, PEER_MAC);
    ck_assert(ntp_static(r->net, span_of(servers)));
}

START_TEST(test_client_sets_the_clock)
{
    struct net_note note = {0};
    uint64_t cookie = 0, second = 0, wall;
    uint16_t port;
    struct rig r;

    open_ntp(&r, "10.0.0.1");
    rig_wait(&r, S);
    port = next_question(&r, &cookie);
    ck_assert_uint_ge(port, UDP_PORT_FIRST);
    ck_assert(ntp_has_port(r.net, port));
    answer(&r, port, cookie + 1, WALL + r.now + 5 * S); /* forged */
    ck_assert_uint_eq(clock_wall_ns(&rig_clock, r.now), 0);
    ck_assert_uint_eq(r.net->ntp.count.answers__stray, 1);
    answer(&r, port, cookie, WALL + r.now);
    wall = clock_wall_ns(&rig_clock, r.now);
    ck_assert_uint_ne(wall, 0);
    /* The frame stood still for a second here: half of that it may be off. */
    ck_assert_int_le(llabs((int64_t)(wall - WALL - r.now)), 500 * MS);
    while (net_note(r.net, &note) && note.kind != NET_TIME_SET)
        ;
    ck_assert_int_eq(note.kind, NET_TIME_SET);
    ck_assert_uint_eq(r.net->ntp.count.jumps, 1);
    rig_wait(&r, 3 * S);
    ck_assert_uint_ne(next_question(&r, &second), 0);
    ck_assert_uint_ne(second, cookie);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_waits_for_every_server)
{
    uint64_t first = 0, cookie = 0;
    uint16_t port;
    struct rig r;

    open_ntp(&r, "10.0.0.1,10.0.0.77");
    rig_wait(&r, NS_PER_MS * 100);
    port = next_question(&r, &first);
    answer(&r, port, first, WALL + r.now);
    ck_assert(!rig_clock.disciplined); /* the other may say otherwise */
    rig_wait(&r, 3 * S);
    while ((port = next_question(&r, &cookie)) && !ntp_has_port(r.net, port))
        ;
    answer(&r, port, cookie, WALL + r.now);
    rig_wait(&r, 3 * S);
    ck_assert(rig_clock.disciplined); /* it had its time */
    rig_wait(&r, 100 * S);
    r.net->ntp.n = 0; /* questions to the silent one wait for its address */
    rig_wait(&r, 20 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_servers_are_bounded_and_named)
{
    struct ipaddr a = ip4_addr(PEER4);
    struct rig r;

    ck_assert(ntp_static(NULL, SPAN("off")));
    ck_assert(ntp_static(NULL, SPAN("192.0.2.1,2001:db8::1,pool.example")));
    ck_assert(!ntp_static(NULL, SPAN("a,b,c,d,e")));
    ck_assert(!ntp_static(NULL, SPAN("a,,b")));
    ck_assert(!ntp_static(NULL, SPAN("")));
    rig_open(&r, NULL);
    r.net->config.clock = &rig_clock;
    for (unsigned i = 0; i < 2 * NTP_SERVERS_MAX; i++, a.b[15]++)
        ntp_server_learnt(r.net, 1, &a, ORIGIN_DHCP);
    ck_assert_uint_eq(r.net->ntp.n, NTP_SERVERS_MAX);
    ntp_servers_clear(r.net, 1, ORIGIN_DHCP);
    ck_assert_uint_eq(r.net->ntp.n, 0);
    ck_assert(ntp_static(r.net, SPAN("off")));
    ntp_server_learnt(r.net, 1, &a, ORIGIN_DHCP);
    ck_assert_uint_eq(r.net->ntp.n, 0);
    rig_close(&r);
}
END_TEST

/* Whatever comes, the state stays one that can be. */
static uint32_t dice;

static uint32_t roll(void)
{
    dice = dice * 1664525 + 1013904223;
    return dice >> 8;
}

static void random_packets(void)
{
    struct ntp_peer p[NTP_SERVERS_MAX] = {{0}};
    struct ntp_state s = {0};
    struct clock clock = {0};
    ns_t now = S;

    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++)
        ntp_peer_start(&p[i], 0, roll());
    for (unsigned i = 0; i < 4000; i++) {
        struct ntp_peer *x = &p[roll() % NTP_SERVERS_MAX];
        uint8_t b[NTP_BYTES];
        struct ntp_packet k;
        struct ntp_choice c;

        now += roll() % 300 * NS_PER_MS * 10;
        if (roll() % 2 || !x->waiting)
            ntp_peer_asked(x, i, s.poll, now, roll());
        put_answer(b, i, WALL + now);
        for (unsigned j = roll() % 4; j > 0; j--) {
            uint32_t at = roll() % NTP_BYTES;

            b[at] = (uint8_t)roll();
        }
        if (!ntp_parse(&k, (struct span){b, NTP_BYTES}))
            continue;
        if (roll() % 8)
            k.origin = x->cookie;
        if (ntp_on_packet(x, &k, now + roll() % NS_PER_MS) == NTP_SAMPLE &&
            ntp_choose(p, NTP_SERVERS_MAX, clock.freq_ppb, now + NS_PER_MS, &c))
            (void)ntp_discipline(&s, &c, &clock, now + NS_PER_MS);
        ck_assert(x->denied || x->next != NS_NEVER);
        ck_assert_uint_le(x->nsamples, NTP_SAMPLES);
        ck_assert_int_le(abs(clock.freq_ppb), CLOCK_FREQ_MAX_PPB);
        ck_assert_uint_le(s.poll, NTP_POLL_MAX);
        if (x->denied)
            ntp_peer_start(x, now, roll());
    }
}

START_TEST(test_random_packets)
{
    for (dice = 1; dice < 20; dice++) {
        uint32_t seed = dice;

        random_packets();
        dice = seed;
    }
}
END_TEST

RUN_TESTS("ntp", PANICS(), test_client_sets_the_clock,
          test_client_waits_for_every_server,
          test_servers_are_bounded_and_named, test_random_packets)
