/* SPDX-License-Identifier: ISC */
/*
 * pci.h - disk controllers on PCI.
 */
#ifndef STORAGE_PCI_H
#define STORAGE_PCI_H

#include <storage/regs.h>

enum { STORAGE_MAX = 4 /* controllers of a kind; beyond: not seen */ };

/*
 * The registers of each controller with this class code (class << 16 |
 * subclass << 8 | interface): BAR `bar`, `least` bytes of it.  Each is switched
 * on and its interrupt wired: MSI-X, else MSI, else its line.  From the arena;
 * at most STORAGE_MAX are written.
 */
unsigned storage_pci_find(uint32_t class_code, unsigned bar, uint32_t least,
                          const char *kind, struct regs **out, struct arena *);

#endif
