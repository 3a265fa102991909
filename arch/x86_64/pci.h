/* SPDX-License-Identifier: ISC */
/*
 * pci.h - the PCI bus: configuration space, BARs, interrupts.
 *
 * By ports CF8/CFC, and by ECAM where those do not reach: beyond 256 bytes, or
 * when there are none.  ECAM is where the firmware's MCFG says, or where QEMU's
 * microvm with pcie=on has it, which has no MCFG.
 */
#ifndef X86_64_PCI_H
#define X86_64_PCI_H

#include <billet/base.h>

enum {
    PCI_BUSES_MAX = 64,    /* scanned; beyond: not seen */
    PCI_BARS = 6,          /* of a function that is not a bridge */
    PCI_CAPS_MAX = 48,     /* followed in one list; beyond: the end */
    PCI_CAP_MSI = 0x05,    /* capability ids */
    PCI_CAP_VENDOR = 0x09, /* virtio's structures */
    PCI_CAP_MSIX = 0x11
};

struct pci_dev {
    uint8_t bus, dev, fn;
    uint8_t header;          /* type, without the multi-function bit */
    uint16_t vendor, device; /* ids */
    uint16_t subvendor, subdevice;
    uint32_t class_code; /* class << 16 | subclass << 8 | interface */
    uint8_t revision;
    uint8_t irq_line; /* as firmware wrote it; 0 or 255: none */
    uint8_t irq_pin;  /* 1..4: INTA..INTD; 0: none */
};

/* Every function on every bus, in the order bus, device, function.  At most
 * `max` are written; returns how many were. */
unsigned pci_scan(struct pci_dev *out, unsigned max);

/* Configuration space.  `at` is naturally aligned; beyond what can be reached
 * a read gives all ones and a write is lost, as on the bus. */
uint8_t pci_read8(const struct pci_dev *, unsigned at);
uint16_t pci_read16(const struct pci_dev *, unsigned at);
uint32_t pci_read32(const struct pci_dev *, unsigned at);
void pci_write8(const struct pci_dev *, unsigned at, uint8_t v);
void pci_write16(const struct pci_dev *, unsigned at, uint16_t v);
void pci_write32(const struct pci_dev *, unsigned at, uint32_t v);

/* Where capability `id` starts; 0: there is none.  `after` is 0 for the first
 * one, or where the last one was, for the next. */
unsigned pci_find_cap(const struct pci_dev *, uint8_t id, unsigned after);

/* A BAR: ports or memory. */
struct pci_bar {
    uint64_t base; /* physical address, or the first port */
    uint64_t size; /* bytes; never 0 */
    bool is_port, prefetchable;
};

/* Decode BAR `index`; an unassigned one is given an address when the window
 * is known (microvm), for other firmware assigns them all.  False when it is
 * not there, is the upper half of another, or has no address. */
MUST_USE bool pci_bar(const struct pci_dev *, unsigned index,
                      struct pci_bar *out);

/* Map [off, off + n) of a memory BAR; NULL when that is not inside it. */
volatile void *pci_map(const struct pci_bar *, uint64_t off, size_t n);

/* Switch on decoding of ports and memory, and bus mastering (DMA); and off,
 * with the legacy interrupt. */
void pci_enable(const struct pci_dev *);
void pci_disable(const struct pci_dev *);

/* The best kind of interrupt that devices get from here on: MSI-X unless told
 * otherwise.  Nothing is done to those that have one. */
enum pci_interrupts { PCI_MSIX, PCI_MSI, PCI_LINE };
void pci_limit_interrupts(enum pci_interrupts);
bool pci_may_use(enum pci_interrupts);

/* MSI-X.  Opening maps the table and masks every entry, with the capability
 * still off; nothing is raised before pci_msix_enable(). */
struct pci_msix {
    struct pci_dev dev;
    unsigned cap, entries;
    volatile uint8_t *table;
};
MUST_USE bool pci_msix_open(const struct pci_dev *, struct pci_msix *out);
/* Let entry `n` raise `vector`.  False when there is no such entry. */
MUST_USE bool pci_msix_set(const struct pci_msix *, unsigned n, int vector);
/* On: the legacy interrupt is off from here.  Off: all entries are silent. */
void pci_msix_enable(const struct pci_msix *, bool on);

/*
 * The legacy interrupt (INTx), level-triggered: the handler of `vector` must
 * quieten its device.  The pin is the one that firmware wrote into the
 * interrupt line register, which QEMU's pc and q35 raise in I/O APIC mode
 * too; on microvm it follows from the slot.  False: unknown, so poll.
 */
MUST_USE bool pci_intx(const struct pci_dev *, int vector);

#endif
