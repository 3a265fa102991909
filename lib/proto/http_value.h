/* SPDX-License-Identifier: ISC */
/*
 * http_value.h - what the values of some header fields mean (RFC 9110).
 */
#ifndef PROTO_HTTP_VALUE_H
#define PROTO_HTTP_VALUE_H

#include <billet/base.h>

/* Bytes [first, first + n) of a representation. */
struct http_range {
    uint64_t first, n;
};

enum http_range_kind {
    HTTP_RANGE_NONE, /* to be ignored: not bytes, malformed, several parts */
    HTTP_RANGE_ONE,
    HTTP_RANGE_UNSATISFIABLE
};

/* A Range field for `size` bytes (14.1.2).  Several ranges that together are
 * one, overlapping or adjacent, are that one. */
enum { HTTP_RANGES_MAX = 16 /* in a field; beyond: ignored */ };
enum http_range_kind http_range_parse(struct span value, uint64_t size,
                                      struct http_range *out);

/* Whether `etag` (strong, with its quotes) is in a list of entity tags (13.1.1
 * and 13.1.2).  `weak`: W/ makes no difference; else W/ never matches. */
bool http_etag_listed(struct span list, struct span etag, bool weak);

/* How much the client wants a content coding or media type, in thousandths,
 * by a field such as Accept-Encoding or Accept: the most specific element that
 * fits counts (12.5).  -1: none fits. */
int http_quality(struct span list, struct span what);

#endif
