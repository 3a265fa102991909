/* SPDX-License-Identifier: ISC */
/*
 * pci.h - controllers and cards on PCI whose registers are in memory.
 */
#ifndef BUS_PCI_H
#define BUS_PCI_H

#include <bus/regs.h>

enum { BUS_FOUND_MAX = 4 /* of a kind; beyond: not seen */ };

/* What to look for: a class, or a vendor's devices when there are any. */
struct bus_want {
    const char *kind;        /* for the name: "nvme" */
    const uint16_t *devices; /* ids */
    unsigned ndevices;       /* 0: by class */
    uint16_t vendor;
    uint8_t bar, beside; /* registers; more of them, or the same BAR */
    uint32_t class_code; /* class << 16 | subclass << 8 | interface */
    uint32_t least;      /* bytes of each BAR */
};

/*
 * The registers of each controller that is wanted.  Each is switched on and its
 * interrupt wired: MSI-X, else MSI, else its line.  From the arena; at most
 * `max`, and BUS_FOUND_MAX, are written.
 */
unsigned bus_pci_find(const struct bus_want *, struct regs **out, unsigned max,
                      struct arena *);

#endif
