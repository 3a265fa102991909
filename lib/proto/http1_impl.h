/* SPDX-License-Identifier: ISC */
/*
 * http1_impl.h - what the files of the HTTP/1 head parser share.
 */
#ifndef PROTO_HTTP1_IMPL_H
#define PROTO_HTTP1_IMPL_H

#include "http1.h"
#include "http1_class.h"

unsigned http1_refuse(struct http1_head *, enum http1_refusal, unsigned status);

/* The line that begins at h->at.  200: complete, and h->at is behind it; 0: it
 * is not all there; else a status. */
unsigned http1_request_line(struct http1_head *, struct span in);
unsigned http1_field_line(struct http1_head *, struct span in);

/* Whether it can be the value of a Host field. */
bool http1_host(struct span);

static inline bool http1_is(uint8_t byte, enum http1_class class)
{
    return http1_class[byte] & class;
}

/* The first byte in [p, end) that is not of the class, or end.  Four a step:
 * half the instructions of a plain loop, on every byte of every request. */
static inline const uint8_t *http1_skip(const uint8_t *p, const uint8_t *end,
                                        enum http1_class class)
{
    for (; end - p >= 4; p += 4) {
        if (!http1_is(p[0], class))
            return p;
        if (!http1_is(p[1], class))
            return p + 1;
        if (!http1_is(p[2], class))
            return p + 2;
        if (!http1_is(p[3], class))
            return p + 3;
    }
    while (p < end && http1_is(*p, class))
        p++;
    return p;
}

static inline struct http1_ref
http1_ref_of(const uint8_t *text, const uint8_t *from, const uint8_t *to)
{
    return (struct http1_ref){(uint16_t)(from - text), (uint16_t)(to - from)};
}

#endif
