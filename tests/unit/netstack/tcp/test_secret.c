/* SPDX-License-Identifier: ISC */
/*
 * test_secret.c - initial sequence numbers and SYN cookies.
 */
#include "tcp_suite.h"

#include <tcp/core.h>
#include <tcp/secret.h>

static const struct tcp_secrets secrets = {
    .name = {1, 2}, .cookie = {3, 4}, .table = {5, 6}};
#define NOW (5000 * NS_PER_SEC)

static struct tcp_key key(uint16_t rport)
{
    return (struct tcp_key){.local = ipaddr_v4(192, 0, 2, 1),
                            .remote = ipaddr_v4(192, 0, 2, 2),
                            .lport = 80,
                            .rport = rport};
}

/* RFC 6528 3: M + F(...), M ticks about every 4 us. */
START_TEST(test_isn_rises_with_time_for_one_name)
{
    struct tcp_key k = key(4000);
    struct secret_name n = secret_of(&secrets, &k);
    uint32_t a = secret_isn(&n, NOW);

    ck_assert_uint_eq(secret_isn(&n, NOW), a);
    ck_assert_uint_eq(secret_isn(&n, NOW + 4096) - a, 1);
    ck_assert_uint_ge(secret_isn(&n, NOW + NS_PER_SEC) - a, 240000);
}
END_TEST

START_TEST(test_isn_differs_by_name_and_by_key)
{
    struct tcp_key k = key(4000), l = key(4001);
    struct tcp_secrets other = secrets;
    struct secret_name a = secret_of(&secrets, &k), b = secret_of(&secrets, &l),
                       c;

    other.name.k0++;
    c = secret_of(&other, &k);
    ck_assert_uint_ne(a.isn_base, b.isn_base);
    ck_assert_uint_ne(a.isn_base, c.isn_base);
    ck_assert_uint_ne(a.ts_offset, b.ts_offset);
    ck_assert_uint_ne(a.ts_offset, c.ts_offset);
}
END_TEST

static struct tcp_seg ack_of(uint32_t iss, uint32_t irs)
{
    return (struct tcp_seg){.seq = irs + 1, .ack = iss + 1, .flags = TCP_ACK};
}

START_TEST(test_cookie_keeps_the_mss)
{
    static const struct {
        uint16_t said, kept;
    } all[] = {{1, 88},      {88, 88},     {500, 88},    {536, 536},
               {1219, 536},  {1220, 1220}, {1360, 1300}, {1459, 1440},
               {1460, 1460}, {8939, 1460}, {9000, 8940}, {65535, 8940}};
    struct tcp_key k = key(4000);
    struct cookie c;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        uint32_t iss = cookie_isn(&secrets, &k, 77, all[i].said, NOW);
        struct tcp_seg s = ack_of(iss, 77);

        ck_assert(cookie_check(&c, &secrets, &k, &s, 0, NOW));
        ck_assert_uint_eq(c.mss, all[i].kept);
        ck_assert(!c.ts && !c.sack && !c.has_wscale);
    }
}
END_TEST

START_TEST(test_cookie_keeps_the_rest_in_the_timestamp)
{
    struct tcp_key k = key(4000);
    uint32_t offset = secret_of(&secrets, &k).ts_offset;

    for (unsigned i = 0; i < 64; i++) {
        struct cookie in = {.wscale = (uint8_t)(i % 15),
                            .has_wscale = i % 2,
                            .sack = i / 2 % 2,
                            .ecn = i / 4 % 2},
                      out;
        uint32_t iss = cookie_isn(&secrets, &k, 77, 1460, NOW);
        struct tcp_seg s = ack_of(iss, 77);

        s.opts = TCP_OPT_TS;
        s.tsecr = cookie_tsval(offset, &in, NOW + i * NS_PER_MS);
        /* it does not run ahead of our clock: RFC 7323 4.1 */
        ck_assert(seq_le(s.tsecr - offset, tcp_ticks(NOW + i * NS_PER_MS)));
        ck_assert(cookie_check(&out, &secrets, &k, &s, offset, NOW));
        ck_assert(out.ts);
        ck_assert_int_eq(out.sack, in.sack);
        ck_assert_int_eq(out.ecn, in.ecn);
        ck_assert_int_eq(out.has_wscale, in.has_wscale);
        ck_assert_uint_eq(out.wscale, in.has_wscale ? in.wscale : 0);
    }
}
END_TEST

START_TEST(test_cookie_grows_stale)
{
    struct tcp_key k = key(4000);
    struct tcp_seg s = ack_of(cookie_isn(&secrets, &k, 77, 1460, NOW), 77);
    struct cookie c;

    ck_assert(cookie_check(&c, &secrets, &k, &s, 0, NOW + 68 * NS_PER_SEC));
    ck_assert(!cookie_check(&c, &secrets, &k, &s, 0, NOW + 140 * NS_PER_SEC));
    ck_assert(!cookie_check(&c, &secrets, &k, &s, 0, NOW - 140 * NS_PER_SEC));
}
END_TEST

START_TEST(test_cookie_of_another_is_refused)
{
    struct tcp_key k = key(4000), l = key(4001);
    struct tcp_seg s = ack_of(cookie_isn(&secrets, &k, 77, 1460, NOW), 77);
    struct tcp_seg other = ack_of(s.ack - 1, 78);
    struct cookie c;

    ck_assert(!cookie_check(&c, &secrets, &l, &s, 0, NOW));
    ck_assert(!cookie_check(&c, &secrets, &k, &other, 0, NOW));
}
END_TEST

START_TEST(test_guesses_are_rarely_right)
{
    struct tcp_key k = key(4000);
    unsigned right = 0;
    struct cookie c;

    for (uint32_t i = 0; i < 2000000; i++) {
        struct tcp_seg s = ack_of(i * 2654435761u, 77);

        right += cookie_check(&c, &secrets, &k, &s, 0, NOW);
    }
    ck_assert_uint_le(right, 1); /* 2^-28 each */
}
END_TEST

TCP_SUITE("tcp secret", TEST(test_isn_rises_with_time_for_one_name),
          TEST(test_isn_differs_by_name_and_by_key),
          TEST(test_cookie_keeps_the_mss),
          TEST(test_cookie_keeps_the_rest_in_the_timestamp),
          TEST(test_cookie_grows_stale),
          TEST(test_cookie_of_another_is_refused),
          TEST(test_guesses_are_rarely_right))
