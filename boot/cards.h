/* SPDX-License-Identifier: ISC */
/*
 * cards.h - network cards that are not virtio's: cards.c has all that there are
 * drivers for, no_cards.c none; the build chooses.
 */
#ifndef BOOT_CARDS_H
#define BOOT_CARDS_H

#include <billet/app.h>
#include <billet/netif.h>

/* Bytes of the arena that each takes at most. */
size_t cards_bytes(unsigned ring);

/* One for each network of the manifest from number `n` on.  Returns how many
 * networks have a device then. */
unsigned cards_find(struct env *, struct netif *out[APP_NETS_MAX], unsigned n);

/* Whether there is a driver for it here. */
bool cards_know(uint16_t vendor, uint16_t device);

#endif
