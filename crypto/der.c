/* SPDX-License-Identifier: ISC */
#include "der.h"

#include <base/civil.h>
#include <base/fmt.h>
#include <string.h>

bool der_next(struct span *in, struct der *out)
{
    size_t head = 2, n, bytes;
    struct der all;

    if (in->n < 2 || (in->p[0] & 0x1f) == 0x1f) /* tags of several bytes */
        return false;
    n = in->p[1];
    if (n > 0x7f) {
        bytes = n & 0x7f;
        if (bytes == 0 || bytes > 3 || in->n < 2 + bytes || in->p[2] == 0)
            return false;
        for (n = 0; head < 2 + bytes; head++)
            n = n << 8 | in->p[head];
        if (n < 0x80)
            return false;
    }
    if (n > in->n - head)
        return false;
    all = (struct der){in->p[0], {in->p + head, n}, {in->p, head + n}};
    in->p += head + n;
    in->n -= head + n;
    *out = all; /* which may be where `in` was */
    return true;
}

bool der_take(struct span *in, uint8_t tag, struct der *out)
{
    return in->n && in->p[0] == tag && der_next(in, out);
}

bool der_is_oid(const struct der *d, const uint8_t *oid, size_t n)
{
    return d->tag == DER_OID && d->body.n == n && !memcmp(d->body.p, oid, n);
}

static bool digits(const uint8_t *p, unsigned n, unsigned *out)
{
    for (*out = 0; n > 0; n--, p++) {
        if (*p < '0' || *p > '9')
            return false;
        *out = *out * 10 + (unsigned)(*p - '0');
    }
    return true;
}

/* Of all years; a date that the calendar does not have comes out as another
 * one when it is turned into days and back. */
static bool exists(struct civil c)
{
    struct civil same;

    if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31)
        return false;
    same = civil_of(civil_days(c));
    return same.month == c.month && same.day == c.day;
}

bool der_time(const struct der *d, int64_t *unix_s)
{
    unsigned wide = d->tag == DER_TIME ? 4 : 2, year, part[5];
    const uint8_t *p = d->body.p;
    struct civil c;

    if ((d->tag != DER_TIME && d->tag != DER_UTC_TIME) ||
        d->body.n != wide + 11 || p[wide + 10] != 'Z' ||
        !digits(p, wide, &year))
        return false;
    for (unsigned i = 0; i < 5; i++)
        if (!digits(p + wide + 2 * i, 2, &part[i]))
            return false;
    if (wide == 2)
        year += year < 50 ? 2000 : 1900;
    c = (struct civil){year, part[0], part[1]};
    if (!exists(c) || part[2] > 23 || part[3] > 59 || part[4] > 59)
        return false;
    *unix_s = (int64_t)civil_days(c) * CIVIL_DAY +
              (int64_t)(part[2] * 3600 + part[3] * 60 + part[4]);
    return true;
}

struct der_out der_out(struct mspan room)
{
    return (struct der_out){.p = room.p, .at = room.n, .total = room.n};
}

void der_raw(struct der_out *d, const void *p, size_t n)
{
    if (n > d->at) {
        d->full = true;
        return;
    }
    d->at -= n;
    if (n)
        memcpy(d->p + d->at, p, n);
}

void der_wrap(struct der_out *d, uint8_t tag, size_t end)
{
    size_t n = end - d->at;
    uint8_t head[4] = {tag};
    size_t bytes = n < 0x80 ? 0 : n < 0x100 ? 1 : 2;

    if (n > 0xffff) {
        d->full = true;
        return;
    }
    head[1] = bytes ? (uint8_t)(0x80 | bytes) : (uint8_t)n;
    head[2] = (uint8_t)(bytes == 2 ? n >> 8 : n);
    head[3] = (uint8_t)n;
    der_raw(d, head, 2 + bytes);
}

void der_put(struct der_out *d, uint8_t tag, const void *p, size_t n)
{
    size_t end = d->at;

    der_raw(d, p, n);
    der_wrap(d, tag, end);
}

void der_put_integer(struct der_out *d, const uint8_t *p, size_t n)
{
    size_t end = d->at;

    for (; n > 1 && *p == 0; n--)
        p++;
    der_raw(d, p, n);
    if (n == 0 || *p & 0x80)
        der_raw(d, "", 1);
    der_wrap(d, DER_INTEGER, end);
}

/* UTCTime until 2049, GeneralizedTime from then on (RFC 5280 4.1.2.5). */
void der_put_time(struct der_out *d, int64_t unix_s)
{
    uint64_t s = unix_s > 0 ? (uint64_t)unix_s : 0;
    struct civil c = civil_of(s / CIVIL_DAY);
    unsigned day_s = (unsigned)(s % CIVIL_DAY);
    bool utc = c.year < 2050;
    char text[20];
    size_t n =
        fmt(text, sizeof(text), "%04u%02u%02u%02u%02u%02uZ", (unsigned)c.year,
            c.month, c.day, day_s / 3600, day_s / 60 % 60, day_s % 60);

    der_put(d, utc ? DER_UTC_TIME : DER_TIME, text + 2 * utc, n - 2 * utc);
}

size_t der_end(struct der_out *d)
{
    size_t n = d->total - d->at;

    if (d->full)
        return 0;
    memmove(d->p, d->p + d->at, n);
    return n;
}
