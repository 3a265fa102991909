/* SPDX-License-Identifier: ISC */
/*
 * wire.h - frames as a hostile neighbour writes them, good ones and bad ones.
 *
 * Written for the tests alone: it shares no code with the stack that is tested,
 * so that a mistake of one is not excused by the same one of the other.
 */
#ifndef LOAD_WIRE_H
#define LOAD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_BYTES = 1514,
    ETH_BYTES = 14,
    PROTO_ICMP = 1,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_FRAG6 = 44,
    PROTO_ICMP6 = 58
};

/* An address of either family, and for ranges its prefix. */
struct ip {
    uint8_t b[16];
    unsigned n;    /* bytes: 4 or 16 */
    unsigned bits; /* of the prefix */
};

struct dice {
    uint64_t s;
};

/* Whom it goes to, and from where it is said to come. */
struct aim {
    uint8_t to_mac[6], mac[6];
    struct ip to, from; /* `from`: a range, of which each frame takes one */
    unsigned port;      /* 0: any */
    unsigned size;      /* of a payload; 0: as the kind likes */
    uint64_t count;     /* frames made so far */
    struct dice dice;
};

uint64_t roll(struct dice *);
unsigned below(struct dice *, unsigned n);
void fill(struct dice *, uint8_t *p, size_t n);

/* "192.0.2.0/24" or "fd00::1"; without a prefix all bits count. */
bool ip_parse(struct ip *, const char *text);
/* One address of the range, not its first nor its last. */
struct ip ip_of(const struct ip *range, struct dice *);

void put16(uint8_t *p, unsigned v);
void put32(uint8_t *p, uint32_t v);

/* Headers in front of a payload that is at `p` already; each returns the
 * length of all of it. */
size_t tcp_wrap(uint8_t *p, const struct ip *src, const struct ip *dst,
                size_t n);
size_t udp_wrap(uint8_t *p, const struct ip *src, const struct ip *dst,
                size_t n);
size_t icmp_wrap(uint8_t *p, const struct ip *src, const struct ip *dst,
                 size_t n);
/* The bytes of an IP header of that family, and the place of its payload. */
size_t ip_bytes(const struct ip *);
uint8_t *ip_payload(uint8_t *frame, const struct ip *dst);
/* Ethernet and IP headers around a payload of `n` bytes in its place. */
size_t ip_wrap(const struct aim *, uint8_t *frame, const struct ip *src,
               const struct ip *dst, unsigned proto, unsigned hops, size_t n);
size_t eth_wrap(uint8_t *frame, const uint8_t to[6], const uint8_t from[6],
                unsigned type, size_t n);

/* A kind of traffic: one frame of it into `frame`; its length. */
struct kind {
    const char *name, *what;
    size_t (*make)(struct aim *, uint8_t *frame);
};
extern const struct kind kinds[];

#endif
