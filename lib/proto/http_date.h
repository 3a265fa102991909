/* SPDX-License-Identifier: ISC */
/*
 * http_date.h - dates as HTTP writes them (RFC 9110 5.6.7).
 */
#ifndef PROTO_HTTP_DATE_H
#define PROTO_HTTP_DATE_H

#include <billet/base.h>

enum { HTTP_DATE_BYTES = 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */ };

/* HTTP_DATE_BYTES at `out`, no zero.  Years up to 9999. */
void http_date_format(uint8_t *out, uint64_t unix_seconds);

/* Any of the three forms.  `now` decides the century of the two-digit one;
 * 0: unknown, 70 to 99 are in the past century.  False when it is no date or
 * before 1970. */
MUST_USE bool http_date_parse(struct span text, uint64_t now,
                              uint64_t *unix_seconds);

#endif
