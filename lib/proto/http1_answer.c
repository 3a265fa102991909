/* SPDX-License-Identifier: ISC */
/*
 * http1_answer.c - the head of an answer, as a client reads it (RFC 9112 4).
 *
 * Header lines are those of requests; so is what makes them suspect.
 */
#include <base/bytes.h>

#include "http1_impl.h"

enum { STATUS_AT = 9, LINE_MIN = 12 /* "HTTP/1.1 200" */ };

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Some servers leave out the blank before a reason that is empty. */
static unsigned status_line(struct http1_head *h, struct span in)
{
    const uint8_t *end = in.p + in.n, *p = in.p + LINE_MIN;

    if (in.n < LINE_MIN + 2)
        return 0;
    if (memcmp(in.p, "HTTP/1.", 7) != 0 || !digit(in.p[7]) || in.p[8] != ' ')
        return http1_refuse(h, HTTP1_SYNTAX, 502);
    for (unsigned i = 0; i < 3; i++) {
        if (!digit(in.p[STATUS_AT + i]))
            return http1_refuse(h, HTTP1_SYNTAX, 502);
        h->method = (uint16_t)(h->method * 10 + in.p[STATUS_AT + i] - '0');
    }
    if (h->method < 100 || h->method > 599 || (*p != ' ' && *p != '\r'))
        return http1_refuse(h, HTTP1_SYNTAX, 502);
    p = http1_skip(p, end, HTTP1_TEXT);
    if (end - p < 2) {
        h->method = 0; /* read again when there is more */
        return p < end && *p != '\r' ? http1_refuse(h, HTTP1_SYNTAX, 502) : 0;
    }
    if (p[0] != '\r' || p[1] != '\n')
        return http1_refuse(h, HTTP1_SMUGGLING, 502);
    h->minor = in.p[7] != '0';
    h->lines = 1;
    h->at = h->fields = (uint16_t)(p + 2 - in.p);
    return 200;
}

static unsigned wait_more(struct http1_head *h, struct span in)
{
    return in.n < HTTP_HEAD_MAX ? 0 : http1_refuse(h, HTTP1_TOO_LARGE, 502);
}

/* RFC 9112 6.1: a length said twice is two lengths, and 1.0 has no chunks. */
static unsigned finish(struct http1_head *h)
{
    if (h->flags & HTTP1_CHUNKED &&
        (h->flags & HTTP1_HAS_LENGTH || h->minor == 0))
        return http1_refuse(h, HTTP1_SMUGGLING, 502);
    return 200;
}

unsigned http1_answer_parse(struct http1_head *h, struct span in)
{
    unsigned status;

    if (in.n > HTTP_HEAD_MAX)
        in.n = HTTP_HEAD_MAX;
    if (h->lines == 0 && (status = status_line(h, in)) != 200)
        return status ? status : wait_more(h, in);
    while (in.n - h->at < 2 || in.p[h->at] != '\r' || in.p[h->at + 1] != '\n') {
        if ((status = http1_field_line(h, in)) != 200)
            return status ? status : wait_more(h, in);
    }
    h->bytes = (uint16_t)(h->at + 2);
    return finish(h);
}
