/* SPDX-License-Identifier: ISC */
/*
 * wire.h - what stands on a simulated wire, and whether it may.
 *
 * A second opinion on every frame a stack sends: parsed here without its code.
 */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include <billet/pkt.h>

enum { WIRE_ETH_BYTES = 14, WIRE_MTU = 1500, WIRE_FRAME_MAX = 65536 + 64 };

/* NULL when the frame is well-formed, else what is wrong with it: lengths,
 * checksums, padding that is not zero, impossible flags. */
const char *wire_fault(struct span frame, uint32_t mtu);

/* What a NIC does with a packet to send: finishes checksums, cuts large ones.
 * `emit` gets each frame, lent for the call.  NULL, or what is wrong with the
 * packet's own description of itself. */
const char *wire_cut(const struct pkt *,
                     void (*emit)(struct span frame, void *user), void *user);

#endif
