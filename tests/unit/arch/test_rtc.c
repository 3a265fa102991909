/* SPDX-License-Identifier: ISC */
/* The battery-backed clock's registers as a date. */
#include <lib/suite.h>
#include <rtc.h>
#include <string.h>
#include <time.h>

enum { BINARY = 4, HOURS_24 = 2 };

static uint8_t bcd(unsigned v)
{
    return (uint8_t)((v / 10) << 4 | v % 10);
}

static struct rtc from_tm(const struct tm *t)
{
    unsigned year = (unsigned)t->tm_year + 1900;

    return (struct rtc){.second = bcd((unsigned)t->tm_sec),
                        .minute = bcd((unsigned)t->tm_min),
                        .hour = bcd((unsigned)t->tm_hour),
                        .day = bcd((unsigned)t->tm_mday),
                        .month = bcd((unsigned)t->tm_mon + 1),
                        .year = bcd(year % 100),
                        .century = bcd(year / 100),
                        .status_b = HOURS_24};
}

START_TEST(test_every_day_of_two_centuries_agrees_with_libc)
{
    for (uint64_t day = 10957; day < 84006; day++) { /* 2000 to 2199 */
        uint64_t want = day * 86400 + day % 86400;
        time_t at = (time_t)want;
        struct tm t;
        struct rtc r;

        gmtime_r(&at, &t);
        r = from_tm(&t);
        ck_assert_uint_eq(rtc_seconds(&r), want);
    }
}
END_TEST

START_TEST(test_binary_and_bcd_say_the_same)
{
    struct rtc b = {59, 58, 23, 31, 12, 99, 20, BINARY | HOURS_24};
    struct rtc d = {0x59, 0x58, 0x23, 0x31, 0x12, 0x99, 0x20, HOURS_24};

    ck_assert_uint_eq(rtc_seconds(&b), 4102444739);
    ck_assert_uint_eq(rtc_seconds(&d), rtc_seconds(&b));
}
END_TEST

START_TEST(test_twelve_hours_with_noon_and_midnight)
{
    struct rtc r = {0, 0, 0x12, 1, 1, 0x26, 0x20, 0};
    uint64_t midnight = rtc_seconds(&r);

    ck_assert_uint_eq(midnight % 86400, 0);
    r.hour = 0x92; /* 12 in the afternoon */
    ck_assert_uint_eq(rtc_seconds(&r), midnight + 12 * 3600);
    r.hour = 0x91; /* 11 in the evening */
    ck_assert_uint_eq(rtc_seconds(&r), midnight + 23 * 3600);
    r.hour = 0x01;
    ck_assert_uint_eq(rtc_seconds(&r), midnight + 3600);
    r.hour = 0x13;
    ck_assert_uint_eq(rtc_seconds(&r), 0);
}
END_TEST

START_TEST(test_no_century_means_this_one)
{
    struct rtc r = {0, 0, 0, 1, 1, 0x26, 0, HOURS_24};
    uint64_t want;

    r.century = 0x20;
    want = rtc_seconds(&r);
    ck_assert_uint_eq(want, 1767225600);
    r.century = 0;
    ck_assert_uint_eq(rtc_seconds(&r), want);
    r.century = 0xff;
    ck_assert_uint_eq(rtc_seconds(&r), want);
}
END_TEST

START_TEST(test_no_clock_and_impossible_dates_are_zero)
{
    struct rtc none, r = {0, 0, 0, 0x29, 2, 0x28, 0x20, HOURS_24};

    memset(&none, 0xff, sizeof(none));
    ck_assert_uint_eq(rtc_seconds(&none), 0);
    ck_assert_uint_ne(rtc_seconds(&r), 0); /* 2028 is a leap year */
    r.year = 0x27;
    ck_assert_uint_eq(rtc_seconds(&r), 0);
    r = (struct rtc){0x60, 0, 0, 1, 1, 0x26, 0x20, HOURS_24};
    ck_assert_uint_eq(rtc_seconds(&r), 0);
    r = (struct rtc){0, 0, 0x24, 1, 1, 0x26, 0x20, HOURS_24};
    ck_assert_uint_eq(rtc_seconds(&r), 0);
    r = (struct rtc){0, 0, 0, 0, 1, 0x26, 0x20, HOURS_24};
    ck_assert_uint_eq(rtc_seconds(&r), 0);
    r = (struct rtc){0, 0, 0, 1, 0x13, 0x26, 0x20, HOURS_24};
    ck_assert_uint_eq(rtc_seconds(&r), 0);
    r = (struct rtc){0, 0, 0, 1, 1, 0x2a, 0x20, HOURS_24};
    ck_assert_uint_eq(rtc_seconds(&r), 0);
}
END_TEST

RUN_TESTS("rtc", PANICS(), test_every_day_of_two_centuries_agrees_with_libc,
          test_binary_and_bcd_say_the_same,
          test_twelve_hours_with_noon_and_midnight,
          test_no_century_means_this_one,
          test_no_clock_and_impossible_dates_are_zero)
