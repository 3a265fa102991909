/* SPDX-License-Identifier: ISC */
/*
 * pieces.h - reading and cutting packets that lie in several pieces.
 */
#ifndef NETSTACK_PIECES_H
#define NETSTACK_PIECES_H

#include <billet/pkt.h>

/* `n` bytes of the packet from `at` on, together: in place when they are, else
 * copied to `room`.  NULL when there are not so many, or no such room. */
const uint8_t *pkt_together(const struct pkt *, uint32_t at, uint32_t n,
                            struct mspan room);

/* Adds references to [at, at+n) of `from`'s fragments (its hdr is not counted)
 * at the end of `to`.  False when `to` has too many fragments. */
bool pkt_add_range(struct pkt *to, const struct pkt *from, uint32_t at,
                   uint32_t n);

/* Adds `n` bytes of the whole packet from `at` on to an Internet checksum. */
uint64_t pkt_sum(const struct pkt *, uint32_t at, uint32_t n, uint64_t sum);

#endif
