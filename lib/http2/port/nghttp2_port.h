/* SPDX-License-Identifier: ISC */
/*
 * nghttp2_port.h - read before each file of nghttp2: what it would have from
 * <arpa/inet.h>, and from <stdio.h> for texts that nobody asks for.
 */
#ifndef NGHTTP2_PORT_H
#define NGHTTP2_PORT_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

static inline uint32_t htonl(uint32_t v)
{
    return __builtin_bswap32(v);
}

static inline uint16_t htons(uint16_t v)
{
    return __builtin_bswap16(v);
}

static inline uint32_t ntohl(uint32_t v)
{
    return __builtin_bswap32(v);
}

static inline uint16_t ntohs(uint16_t v)
{
    return __builtin_bswap16(v);
}

#define vsnprintf(out, n, format, args) (-1)

#endif
