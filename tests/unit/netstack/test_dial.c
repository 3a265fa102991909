/* SPDX-License-Identifier: ISC */
/* Happy eyeballs: what is tried when, alone and between two stacks. */
#include "../lib/suite.h"
#include "pair.h"

#include <dial/core.h>
#include <wire/dns.h>

static struct pair w;
static struct happy_eyeballs eyes;

/* The machine alone. */

static struct ipaddr v6(unsigned i)
{
    struct ipaddr a = rig_addr("2001:db8::");

    a.b[15] = (uint8_t)i;
    return a;
}

static struct ipaddr v4(unsigned i)
{
    return ip4_addr(IP(10, 0, 0, i));
}

static void expect_try(const struct ipaddr *want, ns_t now)
{
    static struct stream s;
    struct dial_try *t = dial_next(&eyes, now);

    ck_assert_ptr_nonnull(t);
    ck_assert(ipaddr_eq(&t->addr, want));
    t->s = &s;
}

START_TEST(test_families_take_turns)
{
    struct ipaddr a[5] = {v6(1), v6(2), v6(3), v4(1), v4(2)};
    static const unsigned order[5] = {0, 3, 1, 4, 2};

    eyes = (struct happy_eyeballs){0};
    dial_begin(&eyes, 0);
    dial_on_addrs(&eyes, a, 5, true, 0);
    for (unsigned i = 0; i < 5; i++) {
        ns_t now = i * 250 * NS_PER_MS;

        expect_try(&a[order[i]], now);
        ck_assert_ptr_null(dial_next(&eyes, now + 249 * NS_PER_MS));
    }
    ck_assert(!dial_failed(&eyes, 2 * NS_PER_SEC));
    ck_assert(dial_failed(&eyes, 30 * NS_PER_SEC));
    ck_assert_int_eq(eyes.err, E_TIMEOUT);
    ck_assert_int_eq(eyes.tries[4].err, E_TIMEOUT);
}
END_TEST

START_TEST(test_ipv4_waits_a_little_for_ipv6)
{
    struct ipaddr both[2] = {v6(1), v4(1)};

    eyes = (struct happy_eyeballs){0};
    dial_begin(&eyes, 0);
    dial_on_addrs(&eyes, &both[1], 1, false, 0);
    ck_assert_ptr_null(dial_next(&eyes, 49 * NS_PER_MS));
    ck_assert_uint_eq(dial_deadline(&eyes), 50 * NS_PER_MS);
    dial_on_addrs(&eyes, both, 2, true, 49 * NS_PER_MS);
    expect_try(&both[0], 49 * NS_PER_MS);
    /* Later than that, it comes behind. */
    eyes = (struct happy_eyeballs){0};
    dial_begin(&eyes, 0);
    dial_on_addrs(&eyes, &both[1], 1, false, 0);
    expect_try(&both[1], 50 * NS_PER_MS);
    dial_on_addrs(&eyes, both, 2, true, 60 * NS_PER_MS);
    ck_assert_ptr_null(dial_next(&eyes, 299 * NS_PER_MS));
    expect_try(&both[0], 300 * NS_PER_MS);
}
END_TEST

START_TEST(test_ipv6_does_not_wait_and_a_failure_goes_on_at_once)
{
    struct ipaddr all[3] = {v6(1), v6(2), v4(1)};

    eyes = (struct happy_eyeballs){0};
    dial_begin(&eyes, 0);
    dial_on_addrs(&eyes, all, 2, false, 0);
    expect_try(&all[0], 0);
    dial_on_failed(&eyes, &eyes.tries[0], E_REFUSED, 10 * NS_PER_MS);
    expect_try(&all[1], 10 * NS_PER_MS);
    dial_on_failed(&eyes, &eyes.tries[1], E_REFUSED, 20 * NS_PER_MS);
    ck_assert(!dial_failed(&eyes, 20 * NS_PER_MS)); /* IPv4 may come yet */
    dial_on_addrs(&eyes, all, 3, true, 30 * NS_PER_MS);
    expect_try(&all[2], 30 * NS_PER_MS);
    dial_on_failed(&eyes, &eyes.tries[2], E_UNREACH, 40 * NS_PER_MS);
    ck_assert(dial_failed(&eyes, 40 * NS_PER_MS));
    ck_assert_int_eq(eyes.err, E_UNREACH);
}
END_TEST

START_TEST(test_delay_and_tries_are_bounded)
{
    struct ipaddr a[DNS_ADDRS_MAX];
    static const struct {
        ns_t asked, got;
    } delays[] = {{1, 100 * NS_PER_MS},
                  {0, 250 * NS_PER_MS},
                  {700 * NS_PER_MS, 700 * NS_PER_MS},
                  {9 * NS_PER_SEC, 2 * NS_PER_SEC}};

    for (unsigned i = 0; i < ARRAY_LEN(delays); i++) {
        eyes = (struct happy_eyeballs){.delay = delays[i].asked};
        dial_begin(&eyes, 0);
        ck_assert_uint_eq(eyes.delay, delays[i].got);
    }
    for (unsigned i = 0; i < 3; i++) { /* always others, all tried */
        for (unsigned k = 0; k < DNS_ADDRS_MAX; k++)
            a[k] = v6(i * DNS_ADDRS_MAX + k + 1);
        dial_on_addrs(&eyes, a, DNS_ADDRS_MAX, i == 2, 0);
        while (dial_next(&eyes, eyes.next_at))
            ;
    }
    ck_assert_uint_eq(eyes.n, DIAL_TRIES_MAX);
}
END_TEST

/* Between two stacks. */

static struct {
    unsigned calls, events;
    enum err err;
    struct stream *s;
    struct endpoint peer;
} got;

static void on_event(struct stream *s, unsigned events, void *user)
{
    (void)s;
    (void)user;
    got.events |= events;
}

static void on_dialled(enum err err, struct stream *s, struct happy_eyeballs *d,
                       void *user)
{
    ck_assert_ptr_eq(user, &got);
    ck_assert_ptr_eq(d, &eyes);
    got.calls++;
    got.err = err;
    got.s = s;
    if (!s)
        return;
    tcp_peer(s, &got.peer);
    s->on_event = on_event;
}

static unsigned naddrs6, naddrs4; /* what the name server says */

static void on_question(const struct udp_dgram *d, void *user)
{
    struct udp_dgram out = *d;
    uint8_t m[512];
    size_t n = d->data.n - DNS_OPT_BYTES;
    bool aaaa = be16(d->data.p + n - 4) == DNS_AAAA;
    struct ipaddr a = aaaa ? v6(2) : v4(2);

    (void)user;
    memcpy(m, d->data.p, n);
    put_be16(m + 2, 0x8180);
    put_be16(m + 6, (uint16_t)(aaaa ? naddrs6 : naddrs4));
    put_be16(m + 10, 0);
    for (unsigned i = 0; i < (aaaa ? naddrs6 : naddrs4); i++) {
        memcpy(m + n, "\xc0\x0c\0\0\0\1\0\0\0\x3c\0", 11);
        m[n + 3] = aaaa ? DNS_AAAA : DNS_A;
        m[n + 11] = aaaa ? 16 : 4;
        memcpy(m + n + 12, a.b + (aaaa ? 0 : 12), m[n + 11]);
        n += 12u + m[n + 11];
        a.b[15]++; /* the others are nobody's */
    }
    out.data = (struct span){m, n};
    ck_assert_int_eq(udp_send(w.b.net, &out), OK);
}

static unsigned accepted;

static void on_peer(struct stream *s, unsigned events, void *user)
{
    (void)user;
    if (events & STREAM_CLOSED)
        stream_release(s);
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    (void)user;
    accepted++;
    s->on_event = on_peer;
    return true;
}

static bool lose_tcp6(const uint8_t *f, size_t n)
{
    (void)n;
    return be16(f + 12) == ETH_IP6 && f[20] == IPPROTO_TCP_;
}

static bool lose_all_tcp(const uint8_t *f, size_t n)
{
    return lose_tcp6(f, n) ||
           (be16(f + 12) == ETH_IP4 && f[23] == IPPROTO_TCP_);
}

static void dial(unsigned n6, unsigned n4, bool listen,
                 bool (*lose)(const uint8_t *, size_t))
{
    uint16_t port = DNS_PORT;

    memset(&got, 0, sizeof(got));
    eyes = (struct happy_eyeballs){0};
    accepted = 0;
    naddrs6 = n6;
    naddrs4 = n4;
    pair_open(&w);
    w.lose = lose;
    ck_assert_int_eq(udp_bind(w.b.net, &port, on_question, NULL), OK);
    if (listen)
        ck_assert_int_eq(tcp_listen(w.b.net, 80, on_accept, NULL), OK);
    ck_assert_int_eq(happy_eyeballs_dial(w.a.net, &eyes, "www.example", 80,
                                         on_dialled, &got),
                     OK);
    ck_assert(net_in_use(w.a.net));
}

static void end(void)
{
    if (got.s)
        stream_release(got.s);
    w.lose = NULL;
    pair_wait(&w, 5 * NS_PER_SEC);
    ck_assert(!net_in_use(w.a.net));
    pair_close(&w);
}

START_TEST(test_ipv6_wins_when_it_works)
{
    dial(1, 1, true, NULL);
    pair_wait(&w, 100 * NS_PER_MS);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, OK);
    ck_assert(!ipaddr_is_v4(&got.peer.addr));
    ck_assert(got.events & STREAM_OPEN);
    pair_wait(&w, NS_PER_SEC);
    ck_assert_uint_eq(accepted, 1); /* and the other was never tried */
    ck_assert_uint_eq(eyes.n, 2);
    ck_assert(!eyes.tries[1].tried);
    end();
}
END_TEST

START_TEST(test_ipv4_comes_after_250_ms_when_ipv6_is_broken)
{
    dial(1, 1, true, lose_tcp6);
    pair_wait(&w, 245 * NS_PER_MS);
    ck_assert_uint_eq(got.calls, 0);
    pair_wait(&w, 40 * NS_PER_MS);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, OK);
    ck_assert(ipaddr_is_v4(&got.peer.addr));
    pair_wait(&w, 10 * NS_PER_SEC);
    ck_assert_uint_eq(accepted, 1);
    ck_assert_uint_eq(got.calls, 1);
    end();
}
END_TEST

START_TEST(test_refusals_say_what_was_tried)
{
    char text[256];

    dial(1, 1, false, NULL);
    pair_wait(&w, NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, E_REFUSED);
    ck_assert_ptr_null(got.s);
    happy_eyeballs_text(text, sizeof(text), &eyes);
    ck_assert_ptr_nonnull(strstr(text, "2001:db8::2: "));
    ck_assert_ptr_nonnull(strstr(text, "; 10.0.0.2: "));
    end();
}
END_TEST

START_TEST(test_no_such_name_and_silence)
{
    dial(0, 0, true, NULL);
    pair_wait(&w, NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, E_NOENT);
    ck_assert_uint_eq(eyes.n, 0);
    end();
    dial(1, 1, true, lose_all_tcp);
    pair_wait(&w, 29 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 0);
    pair_wait(&w, 2 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, E_TIMEOUT);
    end();
}
END_TEST

START_TEST(test_cancelled_dial_calls_nobody)
{
    dial(2, 2, true, lose_all_tcp);
    pair_wait(&w, 600 * NS_PER_MS);
    happy_eyeballs_cancel(&eyes);
    happy_eyeballs_cancel(&eyes);
    w.lose = NULL;
    pair_wait(&w, 10 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 0);
    ck_assert_uint_eq(accepted, 0);
    end();
    dial(1, 1, true, NULL); /* while the name is being looked for */
    happy_eyeballs_cancel(&eyes);
    pair_wait(&w, NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 0);
    end();
}
END_TEST

RUN_TESTS("dial", PANICS(), test_families_take_turns,
          test_ipv4_waits_a_little_for_ipv6,
          test_ipv6_does_not_wait_and_a_failure_goes_on_at_once,
          test_delay_and_tries_are_bounded, test_ipv6_wins_when_it_works,
          test_ipv4_comes_after_250_ms_when_ipv6_is_broken,
          test_refusals_say_what_was_tried, test_no_such_name_and_silence,
          test_cancelled_dial_calls_nobody)
