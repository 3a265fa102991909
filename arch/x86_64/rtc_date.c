/* SPDX-License-Identifier: ISC */
/*
 * rtc_date.c - from the clock's registers to seconds since 1970.
 */
#include "rtc.h"

enum { BINARY = 1 << 2, HOURS_24 = 1 << 1, AFTERNOON = 0x80 };

/* Two digits; 100 when it is none of that. */
static unsigned digits(const struct rtc *r, uint8_t v)
{
    if (r->status_b & BINARY)
        return v < 100 ? v : 100;
    return (v & 0xf) < 10 && v >> 4 < 10 ? (v >> 4) * 10u + (v & 0xf) : 100;
}

static unsigned hour(const struct rtc *r)
{
    unsigned h;

    if (r->status_b & HOURS_24)
        return digits(r, r->hour);
    h = digits(r, r->hour & (AFTERNOON - 1));
    if (h == 0 || h > 12)
        return 100;
    return h % 12 + (r->hour & AFTERNOON ? 12 : 0);
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in(unsigned month, unsigned year)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Days from 1970-01-01 to the first of January of `year`, 1970 or later. */
static uint64_t days_before(unsigned year)
{
    unsigned y = year - 1;

    return (uint64_t)(year - 1970) * 365 + (y / 4 - y / 100 + y / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

uint64_t rtc_seconds(const struct rtc *r)
{
    unsigned year = digits(r, r->year), century = digits(r, r->century);
    unsigned month = digits(r, r->month), day = digits(r, r->day);
    unsigned h = hour(r), minute = digits(r, r->minute);
    unsigned second = digits(r, r->second);
    uint64_t days;

    if (century < 20 || century >= 100)
        century = 20;
    year += century * 100;
    if (digits(r, r->year) > 99 || month < 1 || month > 12 || day < 1 ||
        day > days_in(month, year) || h > 23 || minute > 59 || second > 59)
        return 0;
    days = days_before(year) + day - 1;
    for (unsigned m = 1; m < month; m++)
        days += days_in(m, year);
    return ((days * 24 + h) * 60 + minute) * 60 + second;
}
