/* SPDX-License-Identifier: ISC */
/*
 * test_ntp_core.c - the messages of NTP, who is believed, and the clock.
 */
#include "../lib/suite.h"
#include "chew.h"
#include "ntp_case.h"

START_TEST(test_clock_slews_and_never_runs_backwards)
{
    struct clock c = {0};
    uint64_t before;

    ck_assert_uint_eq(clock_wall_ns(&c, 5 * S), 0);
    clock_set(&c, WALL, 10 * S);
    ck_assert_uint_eq(clock_wall_ns(&c, 11 * S), WALL + S);
    clock_slew(&c, -10 * MS, 20 * S); /* half a millisecond a second */
    before = clock_wall_ns(&c, 20 * S);
    ck_assert_uint_eq(before, WALL + 10 * S);
    for (unsigned i = 1; i < 40; i++) {
        uint64_t now = clock_wall_ns(&c, (20 + i) * S);
        unsigned half_ms = i < 20 ? i : 20;

        ck_assert_uint_gt(now, before);
        ck_assert_uint_eq(now, WALL + (10 + i) * S - half_ms * NS_PER_MS / 2);
        before = now;
    }
    clock_slew(&c, 0, 40 * S); /* what was left is measured anew */
    ck_assert_uint_eq(clock_wall_ns(&c, 41 * S), WALL + 31 * S - 10 * MS);
    clock_freq(&c, 100000, 41 * S);
    ck_assert_uint_eq(clock_wall_ns(&c, 51 * S), WALL + 41 * S - 10 * MS + MS);
    clock_slew(&c, 20 * MS, 51 * S); /* the rest of a slew goes on */
    clock_freq(&c, 100000, 61 * S);
    ck_assert_uint_eq(clock_wall_ns(&c, 91 * S), WALL + 81 * S + 15 * MS);
    clock_freq(&c, 0, 91 * S);
    clock_set(&c, WALL + 41 * S - 9 * MS, 51 * S);
    clock_freq(&c, -90000000, 51 * S);
    ck_assert_int_eq(c.freq_ppb, -CLOCK_FREQ_MAX_PPB);
    ck_assert_uint_eq(clock_wall_ns(&c, 51 * S), WALL + 41 * S - 9 * MS);
    /* A year without correction. */
    clock_freq(&c, 0, 51 * S);
    ck_assert_uint_eq(clock_wall_ns(&c, 51 * S + 31536000 * S),
                      WALL + 41 * S - 9 * MS + 31536000 * S);
}
END_TEST

static bool parse(struct span in)
{
    struct ntp_packet p;

    return ntp_parse(&p, in);
}

START_TEST(test_message)
{
    uint8_t b[NTP_BYTES + 20] = {0};
    struct ntp_packet p;

    ntp_emit(b, 0x1122334455667788);
    ck_assert_uint_eq(b[0], 0x23);
    ck_assert_uint_eq(be64(b + 40), 0x1122334455667788);
    for (unsigned i = 1; i < 40; i++)
        ck_assert_uint_eq(b[i], 0);                 /* it says nothing of us */
    ck_assert(!parse((struct span){b, NTP_BYTES})); /* a question */
    put_answer(b, 7, WALL + 123456789);
    ck_assert(ntp_parse(&p, (struct span){b, NTP_BYTES}));
    ck_assert_uint_eq(p.stratum, 2);
    ck_assert_int_eq(p.precision, -20);
    ck_assert_uint_eq(p.origin, 7);
    ck_assert_uint_le(WALL + 123456789 - p.sent_ns, 1);
    ck_assert_uint_eq(p.root_delay, 3906250);
    chew(parse, b, NTP_BYTES);
    ck_assert(parse((struct span){b, NTP_BYTES + 20})); /* signed */
    put_be64(b + 40, UINT64_C(1) << 32);                /* 2036: RFC 4330 3 */
    ck_assert(ntp_parse(&p, (struct span){b, NTP_BYTES}));
    ck_assert_uint_eq(p.sent_ns, UINT64_C(2085978497) * S);
    put_be64(b + 40, UINT64_C(0x8000000000000000)); /* 1968 */
    ck_assert(ntp_parse(&p, (struct span){b, NTP_BYTES}));
    ck_assert_uint_eq(p.sent_ns, 0);
    b[0] = 2 << 3 | 4;
    ck_assert(!parse((struct span){b, NTP_BYTES}));
}
END_TEST

/* An answer after `trip`, from a server whose time is off by `off`. */
static struct ntp_packet reply(const struct ntp_peer *p, ns_t trip, int64_t off)
{
    struct ntp_packet k = {.stratum = 2,
                           .version = 4,
                           .precision = -20,
                           .root_delay = 1000000,
                           .root_disp = 1000000,
                           .origin = p->cookie};

    k.received_ns = k.sent_ns = WALL + p->sent + trip / 2 + (uint64_t)off;
    return k;
}

static enum ntp_event exchange(struct ntp_peer *p, ns_t now, ns_t trip,
                               int64_t off)
{
    struct ntp_packet k;

    ntp_peer_asked(p, now * 3 + 1, NTP_POLL_MIN, now, 77);
    k = reply(p, trip, off);
    return ntp_on_packet(p, &k, now + trip);
}

START_TEST(test_answers_that_are_none)
{
    struct ntp_peer p, before;
    struct ntp_packet k;

#define LIE(event, change)                                                     \
    do {                                                                       \
        ntp_peer_start(&p, 0, 0);                                              \
        ntp_peer_asked(&p, 1234, NTP_POLL_MIN, S, 0);                          \
        k = reply(&p, 2000000, 0);                                             \
        before = p;                                                            \
        change;                                                                \
        ck_assert_int_eq(ntp_on_packet(&p, &k, S + 2000000), event);           \
        ck_assert_uint_eq(p.nsamples, 0);                                      \
    } while (0)
    LIE(NTP_STRAY, k.origin++);
    ck_assert_mem_eq(&p, &before, sizeof(p));
    LIE(NTP_STRAY, p.sent -= 3 * S); /* too late */
    LIE(NTP_BAD, k.leap = 3);
    LIE(NTP_BAD, k.stratum = 16);
    LIE(NTP_BAD, k.sent_ns = 0);
    LIE(NTP_BAD, k.received_ns = 0);
    LIE(NTP_BAD, k.received_ns = k.sent_ns + 1);
    LIE(NTP_BAD, k.sent_ns += 5000000); /* longer than the whole trip */
    LIE(NTP_BAD, k.root_disp = 2 * S);
    LIE(NTP_BAD, k.root_delay = 16 * S);
#undef LIE
    ntp_peer_start(&p, 0, 0);
    ck_assert_int_eq(exchange(&p, S, 2000000, 0), NTP_SAMPLE);
    k = reply(&p, 2000000, 0); /* the same once more */
    ck_assert_int_eq(ntp_on_packet(&p, &k, S + 2000000), NTP_STRAY);
}
END_TEST

START_TEST(test_kisses_are_obeyed)
{
    struct ntp_peer p;
    struct ntp_packet k;

    ntp_peer_start(&p, 0, 0);
    ntp_peer_asked(&p, 9, NTP_POLL_MIN, S, 0);
    k = reply(&p, 0, 0);
    k.stratum = 0;
    k.refid = 0x52415445; /* RATE */
    ck_assert_int_eq(ntp_on_packet(&p, &k, S), NTP_KISSED);
    ck_assert_uint_eq(p.next, S + 128 * S);
    ntp_peer_asked(&p, 10, NTP_POLL_MIN, 200 * S, 0);
    ck_assert_uint_ge(p.next, 200 * S + 120 * S); /* for good */
    k.origin = 10;
    k.refid = 0x44454e59; /* DENY */
    ck_assert_int_eq(ntp_on_packet(&p, &k, 201 * S), NTP_KISSED);
    ck_assert(p.denied);
    ck_assert_uint_eq(p.next, NS_NEVER);
}
END_TEST

START_TEST(test_burst_then_ever_more_rarely_when_silent)
{
    struct ntp_peer p;
    ns_t now, gap = 0;

    ntp_peer_start(&p, 0, 0);
    for (unsigned i = 0; i < 20; i++) {
        now = p.next;
        ntp_peer_asked(&p, i, NTP_POLL_MIN, now, 512);
        gap = p.next - now;
        if (i + 1 < NTP_BURST)
            ck_assert_uint_eq(gap, NTP_BURST_NS);
        else
            ck_assert_uint_ge(gap, 60 * S);
    }
    ck_assert_uint_ge(gap, 960 * S);
    ck_assert_uint_le(gap, 1088 * S);
    ck_assert_int_eq(exchange(&p, p.next, 1000000, 0), NTP_SAMPLE);
    ntp_peer_asked(&p, 99, NTP_POLL_MIN, p.next, 512);
    ck_assert_uint_le(p.next - p.sent, 69 * S);
}
END_TEST

START_TEST(test_shortest_way_counts)
{
    struct ntp_peer p;
    struct ntp_choice c;

    ntp_peer_start(&p, 0, 0);
    exchange(&p, 1 * S, 40000000, 15 * MS);
    exchange(&p, 3 * S, 1000000, 0);
    exchange(&p, 5 * S, 90000000, -30 * MS);
    ck_assert(ntp_choose(&p, 1, 0, 6 * S, &c));
    ck_assert_int_le(llabs(c.offset - (int64_t)WALL), MS / 100);
    ck_assert_uint_lt(c.bound, 5 * NS_PER_MS);
    for (unsigned i = 0; i < 3 * NTP_SAMPLES; i++) /* it is a ring */
        exchange(&p, (10 + i) * S, 1000000, 7 * MS);
    ck_assert_uint_eq(p.nsamples, NTP_SAMPLES);
    ck_assert(ntp_choose(&p, 1, 0, 40 * S, &c));
    ck_assert_int_le(llabs(c.offset - (int64_t)WALL - 7 * MS), MS / 100);
}
END_TEST

START_TEST(test_liars_are_outvoted)
{
    struct ntp_peer p[NTP_SERVERS_MAX];
    struct ntp_choice c;

    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++) {
        ntp_peer_start(&p[i], 0, 0);
        exchange(&p[i], S, 2000000, (int64_t)i * MS / 10);
    }
    ck_assert(ntp_choose(p, 4, 0, 2 * S, &c));
    ck_assert_uint_eq(c.servers, 4);
    exchange(&p[3], 3 * S, 1000000, 3600 * (int64_t)S);
    ck_assert(ntp_choose(p, 4, 0, 4 * S, &c));
    ck_assert_uint_eq(c.servers, 3);
    ck_assert_int_le(llabs(c.offset - (int64_t)WALL), MS);
    ck_assert(!ntp_choose(p + 2, 2, 0, 4 * S, &c)); /* one word, another */
    exchange(&p[2], 5 * S, 1000000, 7200 * (int64_t)S);
    ck_assert(!ntp_choose(p, 4, 0, 6 * S, &c)); /* two of four: no majority */
    ck_assert(!ntp_choose(p, 0, 0, 6 * S, &c));
}
END_TEST

static struct ntp_choice choice(int64_t off)
{
    return (struct ntp_choice){
        .offset = (int64_t)WALL + off, .bound = 1000000, .servers = 1};
}

START_TEST(test_first_time_jumps_then_it_slews)
{
    struct ntp_state s = {0};
    struct clock clock = {0};
    struct ntp_choice c = choice(0);

    ck_assert(ntp_discipline(&s, &c, &clock, S));
    ck_assert(clock.disciplined);
    ck_assert_uint_eq(clock_wall_ns(&clock, 2 * S), WALL + 2 * S);
    c = choice(20 * MS);
    ck_assert(!ntp_discipline(&s, &c, &clock, 3 * S));
    ck_assert_int_eq(s.error, 20 * MS);
    ck_assert_uint_eq(clock_wall_ns(&clock, 3 * S), WALL + 3 * S);
    ck_assert_uint_eq(clock_wall_ns(&clock, 43 * S), WALL + 43 * S + 20 * MS);
}
END_TEST

START_TEST(test_large_error_must_last)
{
    struct ntp_state s = {0};
    struct clock clock = {0};
    struct ntp_choice good = choice(0), bad = choice(3600 * (int64_t)S);

    ntp_discipline(&s, &good, &clock, S);
    for (ns_t at = 2 * S; at < 20 * S; at += 3 * S) { /* never three of them */
        ck_assert(!ntp_discipline(&s, &bad, &clock, at));
        ck_assert(!ntp_discipline(&s, &bad, &clock, at + S));
        ck_assert(!ntp_discipline(&s, &good, &clock, at + 2 * S));
    }
    ck_assert_uint_eq(clock_wall_ns(&clock, 30 * S), WALL + 30 * S);
    for (unsigned i = 0; i < NTP_SPIKES; i++)
        ck_assert_int_eq(ntp_discipline(&s, &bad, &clock, (40 + i) * S),
                         i + 1 == NTP_SPIKES);
    ck_assert_uint_eq(clock_wall_ns(&clock, 50 * S), WALL + 3650 * S);
}
END_TEST

/* An oscillator that is 200 ppm too slow, asked once a minute or more: within
 * 50 ms always, within 2 ms when it is known. */
START_TEST(test_oscillator_is_learnt)
{
    struct ntp_state s = {0};
    struct clock clock = {0};
    int64_t worst = 0, late = 0;
    ns_t now = S;

    for (unsigned i = 0; i < 400; i++) {
        int64_t off = (int64_t)(now / 5000); /* 200 us a second */
        struct ntp_choice c = choice(off + (int)(i * 7919 % 401) - 200);
        ns_t next;

        ntp_discipline(&s, &c, &clock, now);
        next = now + (S << (s.poll > NTP_POLL_MIN ? s.poll : NTP_POLL_MIN));
        for (; now < next; now += S) {
            int64_t error =
                (int64_t)(clock_wall_ns(&clock, now) - WALL - now - now / 5000);

            if (llabs(error) > worst)
                worst = llabs(error);
            if (i > 50 && llabs(error) > late)
                late = llabs(error);
        }
    }
    ck_assert_int_lt(worst, 50 * MS);
    ck_assert_int_lt(late, 2 * MS);
    ck_assert_uint_eq(s.poll, NTP_POLL_MAX);
}
END_TEST

RUN_TESTS("ntp core", PANICS(), test_clock_slews_and_never_runs_backwards,
          test_message, test_answers_that_are_none, test_kisses_are_obeyed,
          test_burst_then_ever_more_rarely_when_silent,
          test_shortest_way_counts, test_liars_are_outvoted,
          test_first_time_jumps_then_it_slews, test_large_error_must_last,
          test_oscillator_is_learnt)
