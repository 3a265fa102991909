/* SPDX-License-Identifier: ISC */
/*
 * pci_config.h - how this machine's configuration space is reached.
 */
#ifndef X86_64_PCI_CONFIG_H
#define X86_64_PCI_CONFIG_H

#include "pci.h"

/* Device << 16 | vendor of function 0 of device 0, all ones for none. */
uint32_t pci_host_bridge(void);

/* QEMU's generic bridge, as microvm has it: no firmware sets it up. */
bool pci_is_generic(void);

#endif
