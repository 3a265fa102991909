/* SPDX-License-Identifier: ISC */
/*
 * ahci.h - SATA disks and CDs behind an AHCI controller: one for each port that
 * has one.
 */
#ifndef AHCI_AHCI_H
#define AHCI_AHCI_H

#include <bus/regs.h>

enum {
    AHCI_CLASS = 0x010601, /* of PCI */
    AHCI_BAR = 5,
    AHCI_REGS_MIN = 0x180, /* with one port */
    AHCI_PORTS = 32
};

/* Starts a controller and the disks of it; at most `max` are written, and a
 * port without a disk is passed over.  A disk that was found to lie has
 * `failed` set. */
unsigned ahci_attach(struct regs *, const struct blk_host *, struct blk **out,
                     unsigned max);

/* Arena bytes that each disk takes at most. */
size_t ahci_bytes(void);

#endif
