/* SPDX-License-Identifier: ISC */
/*
 * query.c - what a handler may ask of its request.
 */
#include <base/fmt.h>
#include <proto/http1_class.h>

#include "http_impl.h"

struct span http_field(const struct http_request *rq, enum http_field f)
{
    if (!(rq->have & 1u << f))
        return (struct span){0};
    return http1_at(rq->text, rq->head->field[f]);
}

bool http_field_next(const struct http_request *rq, struct span name,
                     uint32_t *cursor, struct span *value)
{
    struct span found;

    if (*cursor == 0)
        *cursor = rq->head->fields;
    while (http1_line_next(rq->head, rq->text, cursor, &found, value)) {
        if (http1_same(found, name))
            return true;
    }
    return false;
}

bool http_query(const struct http_request *rq, const char *name,
                struct span *value)
{
    const uint8_t *p = rq->query.p, *end = p + rq->query.n;
    size_t n = strlen(name);

    while (p < end) {
        const uint8_t *amp = memchr(p, '&', (size_t)(end - p));
        const uint8_t *stop = amp ? amp : end;
        size_t have = (size_t)(stop - p);

        if (have >= n && memcmp(p, name, n) == 0 &&
            (have == n || p[n] == '=')) {
            *value = have == n ? (struct span){stop, 0}
                               : (struct span){p + n + 1, have - n - 1};
            return true;
        }
        p = stop + (amp != NULL);
    }
    return false;
}

bool http_query_u64(const struct http_request *rq, const char *name,
                    uint64_t most, uint64_t *out)
{
    struct span text;

    return http_query(rq, name, &text) && parse_u64(text, out) && *out <= most;
}

static unsigned digit(uint8_t byte)
{
    return byte <= '9' ? byte - 0x30u : (byte | 0x20u) - 'a' + 10u;
}

bool http_decode(struct span raw, struct mspan out, size_t *n)
{
    size_t k = 0;

    for (size_t i = 0; i < raw.n; i++) {
        uint8_t c = raw.p[i];

        if (k == out.n)
            return false;
        if (c == '%') {
            if (raw.n - i < 3 || !(http1_class[raw.p[i + 1]] & HTTP1_HEX) ||
                !(http1_class[raw.p[i + 2]] & HTTP1_HEX))
                return false;
            c = (uint8_t)(digit(raw.p[i + 1]) << 4 | digit(raw.p[i + 2]));
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out.p[k++] = c;
    }
    *n = k;
    return true;
}
