/* SPDX-License-Identifier: ISC */
/*
 * http1_class.h - what a byte may be in HTTP/1: one table for all parsers.
 */
#ifndef PROTO_HTTP1_CLASS_H
#define PROTO_HTTP1_CLASS_H

#include <stdint.h>

enum http1_class {
    HTTP1_TOKEN = 1 << 0,   /* tchar, RFC 9110 5.6.2 */
    HTTP1_TARGET = 1 << 1,  /* in a request target, with nothing to do for it */
    HTTP1_SPECIAL = 1 << 2, /* in a target: '%', '.', '?' */
    HTTP1_HOST = 1 << 3,    /* in the name of a host, RFC 3986 3.2.2 */
    HTTP1_TEXT = 1 << 4,    /* field-vchar, SP and HTAB */
    HTTP1_HEX = 1 << 5,
    HTTP1_PLAIN = 1 << 6 /* needs no escape in a path we send */
};

extern const uint8_t http1_class[256];

#endif
