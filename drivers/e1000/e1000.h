/* SPDX-License-Identifier: ISC */
/*
 * e1000.h - Intel's gigabit Ethernet: the 8254x family (QEMU's e1000) and the
 * 8257x family (QEMU's e1000e).
 */
#ifndef E1000_E1000_H
#define E1000_E1000_H

#include <bus/pci.h>
#include <nic/nic.h>

/* Where they are on PCI. */
extern const struct bus_want e1000_want;

/* Starts a card.  NULL when the arena is too small; otherwise a network device,
 * which has `failed` set and `failure` filled in when the card was found to
 * lie, to be dead or to be of no use here.  `kind` of the configuration is set
 * by the card. */
struct netif *e1000_attach(struct regs *, const struct nic_config *);

/* Arena bytes that it takes at most. */
size_t e1000_bytes(unsigned ring);

#endif
