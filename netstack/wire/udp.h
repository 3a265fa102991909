/* SPDX-License-Identifier: ISC */
/*
 * udp.h - UDP headers (RFC 768).  No state.
 */
#ifndef WIRE_UDP_H
#define WIRE_UDP_H

#include <base/bytes.h>

enum { UDP_BYTES = 8 };

struct udp_hdr {
    uint16_t src, dst, len, csum;
};

/* `in` holds the header at least; `have` is how many bytes of the datagram
 * have arrived: the length field must not say more. */
static inline bool udp_parse(struct udp_hdr *h, struct span in, size_t have)
{
    if (in.n < UDP_BYTES || be16(in.p + 4) < UDP_BYTES || be16(in.p + 4) > have)
        return false;
    *h = (struct udp_hdr){.src = be16(in.p),
                          .dst = be16(in.p + 2),
                          .len = be16(in.p + 4),
                          .csum = be16(in.p + 6)};
    return true;
}

static inline void udp_emit(uint8_t out[UDP_BYTES], const struct udp_hdr *h)
{
    put_be16(out, h->src);
    put_be16(out + 2, h->dst);
    put_be16(out + 4, h->len);
    put_be16(out + 6, h->csum);
}

#endif
