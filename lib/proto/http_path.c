/* SPDX-License-Identifier: ISC */
/*
 * http_path.c - from the path as it came to the path that is meant (RFC 3986
 * 2.4, 5.2.4 and 6.2.2).
 */
#include "http1_class.h"

#include "http1.h"

struct out {
    uint8_t *p;
    size_t n, max;
};

static unsigned digit(uint8_t byte)
{
    return byte <= '9' ? byte - 0x30u : (byte | 0x20u) - 'a' + 10u;
}

/* One character of `raw` at *at, decoded; an encoded slash answers '%' and
 * stays encoded, for it is no separator.  False: a bad escape, or a NUL. */
static bool next_char(struct span raw, size_t *at, uint8_t *c)
{
    *c = raw.p[(*at)++];
    if (*c != '%')
        return true;
    if (raw.n - *at < 2 || !(http1_class[raw.p[*at]] & HTTP1_HEX) ||
        !(http1_class[raw.p[*at + 1]] & HTTP1_HEX))
        return false;
    *c = (uint8_t)(digit(raw.p[*at]) << 4 | digit(raw.p[*at + 1]));
    if (*c == '/')
        *c = '%';
    else
        *at += 2;
    return *c != 0;
}

/* The last segment is complete: "." goes, ".." takes one more along. */
static bool end_segment(struct out *o)
{
    const uint8_t *end = o->p + o->n;

    if (o->n >= 2 && end[-1] == '.' && end[-2] == '/') {
        o->n--;
    } else if (o->n >= 3 && end[-1] == '.' && end[-2] == '.' &&
               end[-3] == '/') {
        o->n -= 3;
        if (o->n == 0)
            return false;
        while (o->p[o->n - 1] != '/')
            o->n--;
    }
    return true;
}

unsigned http1_path(struct span raw, struct mspan out, size_t *n)
{
    struct out o = {out.p, 0, out.n};
    size_t at = 0;
    uint8_t c;

    if (raw.n == 0) /* http://host without a path */
        raw = SPAN("/");
    while (at < raw.n) {
        bool slash = raw.p[at] == '/', dropped;
        size_t before = o.n;

        if (!next_char(raw, &at, &c))
            return 400;
        if (slash && !end_segment(&o))
            return 400;
        dropped = slash && o.n < before; /* its slash is there already */
        if (o.n == o.max)
            return 414;
        if (!dropped)
            o.p[o.n++] = c;
    }
    if (!end_segment(&o))
        return 400;
    *n = o.n;
    return 0;
}
