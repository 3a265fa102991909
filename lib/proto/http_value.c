/* SPDX-License-Identifier: ISC */
/*
 * http_value.c - see http_value.h.
 */
#include "http_value.h"

#include <base/bytes.h>

#include "http1.h"

/* Digits at the start of *in, at least one; saturates.  False: there is none.
 */
static bool digits(struct span *in, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;

    for (; i < in->n && in->p[i] >= '0' && in->p[i] <= '9'; i++) {
        unsigned d = in->p[i] - '0';

        v = v > (UINT64_MAX - d) / 10 ? UINT64_MAX : v * 10 + d;
    }
    *in = (struct span){in->p + i, in->n - i};
    *out = v;
    return i > 0;
}

/* "0-499", "500-", "-500".  An answer of n == 0 says it is beyond the end. */
static bool one_range(struct span in, uint64_t size, struct http_range *r)
{
    uint64_t first, last;
    bool has_first = digits(&in, &first), has_last;

    if (in.n == 0 || in.p[0] != '-')
        return false;
    in = (struct span){in.p + 1, in.n - 1};
    has_last = digits(&in, &last);
    if (in.n || (!has_first && !has_last))
        return false;
    if (!has_first) {
        if (last > size)
            last = size;
        *r = (struct http_range){size - last, last};
        return true;
    }
    if (has_last && last < first)
        return false;
    if (!has_last || last >= size)
        last = size - 1; /* only used when first < size */
    *r = (struct http_range){first, first < size ? last - first + 1 : 0};
    return true;
}

/* Whether `b` touches `a`; then `a` becomes both. */
static bool join(struct http_range *a, const struct http_range *b)
{
    uint64_t end = a->first + a->n, b_end = b->first + b->n;

    if (b->first > end || a->first > b_end)
        return false;
    if (b->first < a->first)
        a->first = b->first;
    a->n = (end > b_end ? end : b_end) - a->first;
    return true;
}

enum http_range_kind http_range_parse(struct span value, uint64_t size,
                                      struct http_range *out)
{
    struct span element;
    struct http_range r;
    unsigned n = 0;

    if (value.n < 6 || !http1_same((struct span){value.p, 6}, SPAN("bytes=")))
        return HTTP_RANGE_NONE;
    value = (struct span){value.p + 6, value.n - 6};
    *out = (struct http_range){0, 0};
    while (http1_list_next(&value, &element)) {
        if (++n > HTTP_RANGES_MAX || !one_range(element, size, &r))
            return HTTP_RANGE_NONE;
        if (r.n == 0)
            continue;
        if (out->n == 0)
            *out = r;
        else if (!join(out, &r))
            return HTTP_RANGE_NONE;
    }
    if (n == 0)
        return HTTP_RANGE_NONE;
    return out->n ? HTTP_RANGE_ONE : HTTP_RANGE_UNSATISFIABLE;
}

bool http_etag_listed(struct span list, struct span etag, bool weak)
{
    struct span element;

    if (span_eq(list, SPAN("*")))
        return true;
    while (http1_list_next(&list, &element)) {
        if (weak && element.n > 2 && element.p[0] == 'W' && element.p[1] == '/')
            element = (struct span){element.p + 2, element.n - 2};
        if (span_eq(element, etag))
            return true;
    }
    return false;
}

/* "q=0.5" among the parameters after ';'; 1000 when there is none. */
static int weight(struct span params)
{
    for (size_t i = 0; i + 2 < params.n; i++) {
        const uint8_t *p = params.p + i;
        int q, unit = 100;

        if ((p[0] | 0x20) != 'q' || p[1] != '=' ||
            (i > 0 && p[-1] != ';' && p[-1] != ' ' && p[-1] != '\t'))
            continue;
        if (p[2] != '0' && p[2] != '1')
            return 0;
        q = (p[2] - '0') * 1000;
        if (i + 3 < params.n && p[3] == '.') {
            for (size_t k = i + 4; k < params.n && k < i + 7; k++) {
                if (params.p[k] < '0' || params.p[k] > '9')
                    break;
                q += (params.p[k] - '0') * unit;
                unit /= 10;
            }
        }
        return q > 1000 ? 1000 : q;
    }
    return 1000;
}

/* How specific `pattern` is about `what`; 0: it does not fit. */
static unsigned fit(struct span pattern, struct span what)
{
    if (http1_same(pattern, what))
        return 3;
    if (span_eq(pattern, SPAN("*")) || span_eq(pattern, SPAN("*/*")))
        return 1;
    if (pattern.n > 2 && pattern.n - 1 <= what.n &&
        pattern.p[pattern.n - 1] == '*' && pattern.p[pattern.n - 2] == '/' &&
        http1_same((struct span){pattern.p, pattern.n - 1},
                   (struct span){what.p, pattern.n - 1}))
        return 2;
    return 0;
}

int http_quality(struct span list, struct span what)
{
    struct span element;
    unsigned best = 0;
    int quality = -1;

    while (http1_list_next(&list, &element)) {
        const uint8_t *semi = memchr(element.p, ';', element.n);
        size_t n = semi ? (size_t)(semi - element.p) : element.n, k = n;
        unsigned fits;

        while (k > 0 && (element.p[k - 1] == ' ' || element.p[k - 1] == '\t'))
            k--;
        fits = fit((struct span){element.p, k}, what);
        if (fits > best) {
            best = fits;
            quality = weight((struct span){element.p + n, element.n - n});
        }
    }
    return quality;
}
