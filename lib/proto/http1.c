/* SPDX-License-Identifier: ISC */
/*
 * http1.c - the head of a request: line after line, each byte looked at once.
 *
 * The request line is in http1_line.c, header lines are in http1_field.c.
 * Here: resuming where the last bytes ended, the limits, and what only the
 * whole head can tell.
 */
#include <base/bytes.h>

#include "http1_impl.h"

RARE unsigned http1_refuse(struct http1_head *h, enum http1_refusal why,
                      unsigned status)
{
    h->refusal = (uint8_t)why;
    return status;
}

/* RFC 9112 6.3 and 3.2: the length is beyond doubt, and so is the host. */
static unsigned finish(struct http1_head *h)
{
    if (h->minor >= 1 && !(h->have & 1u << HTTP_HOST))
        return http1_refuse(h, HTTP1_SYNTAX, 400);
    if (h->flags & HTTP1_CHUNKED) {
        if (h->flags & HTTP1_HAS_LENGTH || h->minor == 0)
            return http1_refuse(h, HTTP1_SMUGGLING, 400);
    }
    if (h->minor == 0) /* RFC 9110 10.1.1: an expectation from 1.0 is void */
        h->flags &= (uint16_t) ~(HTTP1_CONTINUE | HTTP1_EXPECT_OTHER);
    return 200;
}

/* More bytes are wanted; are more allowed? */
static RARE unsigned wait_more(struct http1_head *h, struct span in)
{
    h->seen = (uint16_t)in.n;
    if (h->lines == 0 && in.n - h->at > HTTP1_METHOD_MAX + HTTP_TARGET_MAX)
        return http1_refuse(h, HTTP1_TOO_LARGE, 414);
    if (in.n >= HTTP_HEAD_MAX)
        return http1_refuse(h, HTTP1_TOO_LARGE, h->lines ? 431 : 414);
    return 0;
}

static bool ends_here(const struct http1_head *h, struct span in)
{
    return in.n - h->at >= 2 && in.p[h->at] == '\r' && in.p[h->at + 1] == '\n';
}

unsigned http1_head_parse(struct http1_head *h, struct span in)
{
    unsigned status;

    if (in.n > HTTP_HEAD_MAX)
        in.n = HTTP_HEAD_MAX;
    /* Nothing to do before a line ends, unless none may end any more. */
    if ((in.n <= h->at ||
         (h->seen > h->at && !memchr(in.p + h->seen, '\n', in.n - h->seen))) &&
        wait_more(h, in) == 0)
        return 0;
    while (h->lines == 0) {
        if ((status = http1_request_line(h, in)) != 200)
            return status ? status : wait_more(h, in);
    }
    while (!ends_here(h, in)) {
        if ((status = http1_field_line(h, in)) != 200)
            return status ? status : wait_more(h, in);
    }
    h->bytes = (uint16_t)(h->at + 2);
    return finish(h);
}
