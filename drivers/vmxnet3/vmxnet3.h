/* SPDX-License-Identifier: ISC */
/*
 * vmxnet3.h - VMware's network card.
 */
#ifndef VMXNET3_VMXNET3_H
#define VMXNET3_VMXNET3_H

#include <bus/pci.h>
#include <nic/nic.h>

/* Where it is on PCI. */
extern const struct bus_want vmxnet3_want;

/* Starts a card.  NULL when the arena is too small; otherwise a network device,
 * which has `failed` set and `failure` filled in when the card was found to
 * lie, to be dead or to be of no use here. */
struct netif *vmxnet3_attach(struct regs *, const struct nic_config *);

/* Arena bytes that it takes at most. */
size_t vmxnet3_bytes(unsigned ring);

#endif
