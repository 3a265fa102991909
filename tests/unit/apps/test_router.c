/* SPDX-License-Identifier: ISC */
/*
 * test_router.c - the router's hook, and its pages, on a pipe.  What the stack
 * does with the verdicts is in tests/unit/netstack/test_forward*.c.
 */
#include "fake.h"

#include <billet/forward.h>
#include <string.h>

#include "../lib/suite.h"

#define END " HTTP/1.1\r\nHost: a\r\n\r\n"

/* What the stack was told, and what its functions were asked to do. */
static struct {
    unsigned calls;
    struct net_forward config;
    unsigned clamps;
    uint16_t mss[8];
    unsigned lowers; /* bit i: the call i changes something */
} stack;

void net_set_forward(struct net *net, const struct net_forward *f)
{
    (void)net;
    stack.calls++;
    stack.config = *f;
}

bool forward_clamp_mss(struct forward_pkt *f, uint16_t mss)
{
    (void)f;
    ck_assert_uint_lt(stack.clamps, 8);
    stack.mss[stack.clamps] = mss;
    return stack.lowers >> stack.clamps++ & 1;
}

static void start(const char *turned)
{
    memset(&stack, 0, sizeof(stack));
    fake_start(turned);
}

static enum forward_verdict route(bool v4)
{
    struct forward_pkt f = {.v4 = v4, .ttl = 64, .in = 1, .out = 2};

    return stack.config.routed(&f, stack.config.user);
}

static const struct caller *get(const char *request)
{
    struct caller *c = fake_call(80, 0);

    caller_send(c, request);
    return c;
}

static bool says(const char *what)
{
    return strstr(get("GET /metrics" END)->got, what) != NULL;
}

START_TEST(test_forwards_by_default_and_shows_what_passes)
{
    start(NULL);
    ck_assert_uint_eq(stack.calls, 1);
    ck_assert_ptr_nonnull(stack.config.routed);
    ck_assert_ptr_null(stack.config.arrived);
    ck_assert(!stack.config.reverse_path);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(route(i == 0), FORWARD_ACCEPT);
    ck_assert(says("router_datagrams_total{family=\"ip4\"} 1\n"));
    ck_assert(says("router_datagrams_total{family=\"ip6\"} 2\n"));
}
END_TEST

/* To what the way out takes, and then to what the owner wants; a SYN that both
 * changed counts once. */
START_TEST(test_mss_is_lowered_twice_and_counted_once)
{
    start(NULL);
    stack.lowers = 3;
    (void)route(true);
    ck_assert_uint_eq(stack.clamps, 2);
    ck_assert_uint_eq(stack.mss[0], 0);
    ck_assert_uint_eq(stack.mss[1], 65535);
    ck_assert(says("router_clamped_total 1\n"));
    (void)route(false); /* no SYN, or low enough */
    ck_assert_uint_eq(stack.clamps, 4);
    stack.lowers = 1 << 5;
    (void)route(false);
    ck_assert(says("router_clamped_total 2\n"));
}
END_TEST

START_TEST(test_mss_is_left_alone_when_told_so)
{
    start("mss-clamp");
    ck_assert_int_eq(route(true), FORWARD_ACCEPT);
    ck_assert_uint_eq(stack.clamps, 0);
}
END_TEST

START_TEST(test_reverse_path_by_its_key)
{
    start("reverse-path");
    ck_assert(stack.config.reverse_path);
}
END_TEST

START_TEST(test_no_forwarding_when_told_so)
{
    start("forward");
    ck_assert_uint_eq(stack.calls, 0);
    ck_assert(strstr(get("GET /" END)->got, "200 OK"));
}
END_TEST

START_TEST(test_pages)
{
    const struct caller *c;

    start(NULL);
    c = get("GET /" END);
    ck_assert(strstr(c->got, "Content-Type: text/html; charset=utf-8\r\n"));
    ck_assert(strstr(c->got, "<a href=\"/metrics\">"));
    ck_assert(says("# EOF\n"));
    ck_assert(strstr(get("GET /none" END)->got, " 404 "));
    ck_assert(strstr(get("POST / HTTP/1.1\r\nHost: a\r\n"
                         "Content-Length: 0\r\n\r\n")
                         ->got,
                     " 405 "));
}
END_TEST

RUN_TESTS("router", PANICS(), test_forwards_by_default_and_shows_what_passes,
          test_mss_is_lowered_twice_and_counted_once,
          test_mss_is_left_alone_when_told_so, test_reverse_path_by_its_key,
          test_no_forwarding_when_told_so, test_pages)
