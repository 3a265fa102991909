/* SPDX-License-Identifier: ISC */
/*
 * test_pinata_parts.c - what of the Pinata needs no network: how often a source
 * may come, and text.
 */
#include "../lib/suite.h"
#include <limit.h>
#include <string.h>
#include <text.h>

static struct limiter limiter;

static enum limit_answer come(unsigned host, ns_t at)
{
    struct ipaddr a = ipaddr_v4(10, 0, (uint8_t)(host >> 8), (uint8_t)host);

    return limit_take(&limiter, &a, at);
}

static struct ipaddr six(uint8_t net, uint8_t host)
{
    return (struct ipaddr){
        {0x20, 1, 0xd, 0xb8, 0, 0, 0, net, 0, 0, 0, 0, 0, 0, 0, host}};
}

START_TEST(test_as_many_as_a_minute_has_then_evenly)
{
    limiter = (struct limiter){.per_minute = 30};
    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(come(1, 0), LIMIT_OK);
    ck_assert_int_eq(come(1, 0), LIMIT_FIRST);
    ck_assert_int_eq(come(1, NS_PER_SEC), LIMIT_MORE);
    ck_assert_int_eq(come(2, NS_PER_SEC), LIMIT_OK);
    ck_assert_int_eq(come(1, 2 * NS_PER_SEC), LIMIT_OK);
    ck_assert_int_eq(come(1, 2 * NS_PER_SEC), LIMIT_FIRST);
    for (int i = 0; i < 30; i++)
        ck_assert_int_eq(come(1, 62 * NS_PER_SEC), LIMIT_OK);
    ck_assert_int_eq(come(1, 62 * NS_PER_SEC), LIMIT_FIRST);
}
END_TEST

START_TEST(test_a_64_is_one_source)
{
    struct ipaddr a = six(1, 1), b = six(1, 2), c = six(2, 1);

    limiter = (struct limiter){.per_minute = 1};
    ck_assert_int_eq(limit_take(&limiter, &a, 0), LIMIT_OK);
    ck_assert_int_eq(limit_take(&limiter, &b, 0), LIMIT_FIRST);
    ck_assert_int_eq(limit_take(&limiter, &c, 0), LIMIT_OK);
}
END_TEST

START_TEST(test_zero_is_no_limit)
{
    limiter = (struct limiter){0};
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(come(1, 0), LIMIT_OK);
}
END_TEST

START_TEST(test_a_full_table_forgets_whom_it_costs_least)
{
    limiter = (struct limiter){.per_minute = 10};
    for (int i = 0; i < 11; i++)
        come(0, 0);
    for (unsigned i = 1; i <= 4 * SOURCES; i++)
        ck_assert_int_eq(come(i, 0), LIMIT_OK);
    ck_assert_int_eq(come(0, 0), LIMIT_MORE); /* never forgotten */
}
END_TEST

START_TEST(test_text_is_cut_and_terminated)
{
    char room[9];
    struct text t = {room, sizeof(room), 0};

    text_add(&t, "abc");
    text_add_u64(&t, 12345678);
    ck_assert_str_eq(room, "abc12345");
    ck_assert_uint_eq(t.n, 8);
}
END_TEST

START_TEST(test_times)
{
    static const struct {
        uint64_t s;
        const char *text;
    } times[] = {{0, "1970-01-01T00:00:00Z"},
                 {951782400, "2000-02-29T00:00:00Z"},
                 {1709251199, "2024-02-29T23:59:59Z"},
                 {1709251200, "2024-03-01T00:00:00Z"},
                 {4102444800, "2100-01-01T00:00:00Z"},
                 {4107542400, "2100-03-01T00:00:00Z"}};

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char room[32];
        struct text t = {room, sizeof(room), 0};

        text_add_time(&t, times[i].s);
        ck_assert_str_eq(room, times[i].text);
    }
}
END_TEST

START_TEST(test_members_and_what_json_does_not_take)
{
    char room[100];
    struct text t = {room, sizeof(room), 0};

    text_add(&t, "{");
    text_add_member(&t, "n", 7);
    text_add_member_text(&t, "s", "a\"b\\c<d>\n\xc3\xa9");
    text_add(&t, "}");
    ck_assert_str_eq(room, "{\"n\": 7,\n \"s\": \"a?b?c?d?\\n??\"}");
}
END_TEST

RUN_TESTS("pinata_parts", PANICS(), test_as_many_as_a_minute_has_then_evenly,
          test_a_64_is_one_source, test_zero_is_no_limit,
          test_a_full_table_forgets_whom_it_costs_least,
          test_text_is_cut_and_terminated, test_times,
          test_members_and_what_json_does_not_take)
