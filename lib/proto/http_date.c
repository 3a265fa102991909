/* SPDX-License-Identifier: ISC */
/*
 * http_date.c - see http_date.h.
 */
#include "http_date.h"

#include <base/bytes.h>
#include <base/civil.h>

enum { DAY = CIVIL_DAY };

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

static uint8_t *two(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)('0' + v / 10 % 10);
    p[1] = (uint8_t)('0' + v % 10);
    return p + 2;
}

static uint8_t *text(uint8_t *p, const char *from, size_t n)
{
    memcpy(p, from, n);
    return p + n;
}

void http_date_format(uint8_t *out, uint64_t unix_seconds)
{
    uint64_t day = unix_seconds / DAY;
    unsigned second = (unsigned)(unix_seconds % DAY);
    struct civil c = civil_of(day);
    uint8_t *p = text(out, days + (day + 4) % 7 * 3, 3);

    p = two(text(p, ", ", 2), c.day);
    p = text(text(p, " ", 1), months + (c.month - 1) * 3, 3);
    p = two(text(p, " ", 1), (unsigned)(c.year / 100));
    p = two(p, (unsigned)(c.year % 100));
    p = two(text(p, " ", 1), second / 3600);
    p = two(text(p, ":", 1), second / 60 % 60);
    p = two(text(p, ":", 1), second % 60);
    text(p, " GMT", 4);
}

/* Scanning: each step takes from `in`, and nothing more once one failed. */
struct scan {
    struct span in;
    bool ok;
};

static const uint8_t *take(struct scan *s, size_t n)
{
    const uint8_t *p = s->in.p;

    if (!s->ok || s->in.n < n) {
        s->ok = false;
        return NULL;
    }
    s->in = (struct span){p + n, s->in.n - n};
    return p;
}

static void expect(struct scan *s, const char *what)
{
    size_t n = strlen(what);
    const uint8_t *p = take(s, n);

    if (p && memcmp(p, what, n) != 0)
        s->ok = false;
}

static unsigned number(struct scan *s, size_t digits)
{
    const uint8_t *p = take(s, digits);
    unsigned v = 0;

    for (size_t i = 0; p && i < digits; i++) {
        if (p[i] < '0' || p[i] > '9')
            s->ok = false;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

static unsigned month(struct scan *s)
{
    const uint8_t *p = take(s, 3);

    for (unsigned i = 0; p && i < 12; i++) {
        if (memcmp(p, months + 3 * (size_t)i, 3) == 0)
            return i + 1;
    }
    s->ok = false;
    return 0;
}

static unsigned clock_time(struct scan *s)
{
    unsigned h = number(s, 2), m, sec;

    expect(s, ":");
    m = number(s, 2);
    expect(s, ":");
    sec = number(s, 2);
    if (h > 23 || m > 59 || sec > 60) /* 60: a leap second */
        s->ok = false;
    return h * 3600 + m * 60 + sec;
}

/* The day's name is skipped, not checked: it says nothing new. */
static void day_name(struct scan *s)
{
    while (s->in.n && s->in.p[0] != ',' && s->in.p[0] != ' ')
        take(s, 1);
}

static uint64_t full_year(unsigned two_digits, uint64_t now)
{
    uint64_t year, this_year;

    if (now == 0)
        return two_digits >= 70 ? 1900 + two_digits : 2000 + two_digits;
    this_year = civil_of(now / DAY).year;
    year = this_year - this_year % 100 + two_digits;
    return year > this_year + 50 ? year - 100 : year;
}

bool http_date_parse(struct span in, uint64_t now, uint64_t *unix_seconds)
{
    struct scan s = {in, true};
    struct civil c;
    unsigned second;
    bool asctime, dashes;

    day_name(&s);
    asctime = s.in.n && s.in.p[0] == ' ';
    expect(&s, asctime ? " " : ", ");
    if (asctime) { /* Sun Nov  6 08:49:37 1994 */
        c.month = month(&s);
        expect(&s, " ");
        if (s.in.n && s.in.p[0] == ' ') {
            take(&s, 1);
            c.day = number(&s, 1);
        } else {
            c.day = number(&s, 2);
        }
        expect(&s, " ");
        second = clock_time(&s);
        expect(&s, " ");
        c.year = number(&s, 4);
    } else { /* Sun, 06 Nov 1994 08:49:37 GMT, Sunday, 06-Nov-94 08:49:37 GMT */
        c.day = number(&s, 2);
        dashes = s.in.n && s.in.p[0] == '-';
        expect(&s, dashes ? "-" : " ");
        c.month = month(&s);
        expect(&s, dashes ? "-" : " ");
        c.year = dashes ? full_year(number(&s, 2), now) : number(&s, 4);
        expect(&s, " ");
        second = clock_time(&s);
        expect(&s, " GMT");
    }
    if (!s.ok || s.in.n || c.year < 1970 || c.day < 1 || c.day > 31)
        return false;
    *unix_seconds = civil_days(c) * DAY + second;
    return true;
}
