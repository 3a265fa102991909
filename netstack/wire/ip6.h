/* SPDX-License-Identifier: ISC */
/*
 * ip6.h - IPv6 headers (RFC 8200) and its extension headers.  No state.
 */
#ifndef WIRE_IP6_H
#define WIRE_IP6_H

#include <base/bytes.h>
#include <billet/net.h>

enum {
    IP6_BYTES = 40,
    IP6_MTU_MIN = 1280,
    IP6_FRAG_BYTES = 8,
    IP6_EXT_MAX = 8,         /* extension headers; beyond: dropped */
    IP6_EXT_BYTES_MAX = 256, /* all of them together; beyond: dropped */
    IP6_NH_HOP_BY_HOP = 0,
    IP6_NH_ROUTING = 43,
    IP6_NH_FRAGMENT = 44,
    IP6_NH_NONE = 59,
    IP6_NH_OPTIONS = 60
};

struct ip6_hdr {
    struct ipaddr src, dst;
    uint16_t payload_len;
    uint8_t next, hop_limit, tclass;
    uint32_t flow; /* of 20 bits; not parsed, for it tells us nothing */
};

static inline bool ip6_parse(struct ip6_hdr *h, struct span in)
{
    if (in.n < IP6_BYTES || in.p[0] >> 4 != 6)
        return false;
    h->payload_len = be16(in.p + 4);
    h->next = in.p[6];
    h->hop_limit = in.p[7];
    h->tclass = (uint8_t)(in.p[0] << 4 | in.p[1] >> 4);
    memcpy(&h->src, in.p + 8, 16);
    memcpy(&h->dst, in.p + 24, 16);
    return true;
}

static inline void ip6_emit(uint8_t out[IP6_BYTES], const struct ip6_hdr *h)
{
    put_be32(out, UINT32_C(6) << 28 | (uint32_t)h->tclass << 20 | h->flow);
    put_be16(out + 4, h->payload_len);
    out[6] = h->next;
    out[7] = h->hop_limit;
    memcpy(out + 8, &h->src, 16);
    memcpy(out + 24, &h->dst, 16);
}

enum ip6_walk_end {
    IP6_WALK_UPPER,    /* `next` is no extension header */
    IP6_WALK_FRAGMENT, /* at a fragment header, whose fields are set */
    IP6_WALK_ROUTE,    /* a routing header with segments left */
    IP6_WALK_OPTION,   /* an option whose type says: discard */
    IP6_WALK_BAD,      /* lengths or order that cannot be */
    IP6_WALK_DEEP      /* more than the limits above */
};

struct ip6_walk {
    uint32_t at;       /* offset in `in` where the walk stopped, or of the
                        * byte that is wrong */
    uint32_t next_at;  /* offset of the next-header field that led here */
    uint8_t next;      /* the header at `at` */
    uint8_t code;      /* OPTION: the option's highest two bits */
    uint8_t frag_next; /* FRAGMENT: what follows in the whole datagram */
    bool more;         /* FRAGMENT: not the last one */
    uint16_t frag_off; /* FRAGMENT: in bytes */
    uint32_t frag_id;
    bool hop_by_hop_ok; /* only before any other header: RFC 8200 4.1 */
    bool passing;       /* not for us, or not yet: what options and routing
                         * headers ask for is not looked at */
    bool route_0;       /* ...but there was one of RFC 5095, segments left */
};

/* Walks the extension headers from offset w->at on, w->next being the type of
 * what stands there.  `in` holds the datagram from the IPv6 header on, as far
 * as it is at hand; what would go beyond is BAD. */
enum ip6_walk_end ip6_walk(struct ip6_walk *w, struct span in);

void ip6_frag_emit(uint8_t out[IP6_FRAG_BYTES], uint8_t next, uint16_t off,
                   bool more, uint32_t id);

static inline bool ip6_is_multicast(const struct ipaddr *a)
{
    return a->b[0] == 0xff;
}

static inline bool ip6_is_link_local(const struct ipaddr *a)
{
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

static inline bool ip6_is_unspecified(const struct ipaddr *a)
{
    return (be64(a->b) | be64(a->b + 8)) == 0;
}

static inline bool ip6_is_loopback(const struct ipaddr *a)
{
    return be64(a->b) == 0 && be64(a->b + 8) == 1;
}

#endif
