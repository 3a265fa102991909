/* SPDX-License-Identifier: ISC */
/*
 * pci_bar.c - where a device's registers are, and giving them a place where
 * no firmware has.
 */
#include "memory.h"
#include "pci.h"
#include "pci_config.h"

enum {
    COMMAND = 0x04,
    COMMAND_DECODE = 3,
    BAR = 0x10,
    IS_PORT = 1,
    IS_64 = 2 << 1,
    IS_PREFETCHABLE = 1 << 3
};
/* QEMU's microvm gives 32-bit BARs these addresses; hw/i386/microvm. */
#define WINDOW_BASE UINT64_C(0xc0000000)
#define WINDOW_END  UINT64_C(0xe0000000)

/* From WINDOW_BASE on; a zero here, for an image has no initialised data. */
static uint64_t window_used;

/* One half of a BAR and, by writing ones, which of its bits are the device's.
 */
static uint32_t probe(const struct pci_dev *d, unsigned at, uint32_t *mask)
{
    uint32_t old = pci_read32(d, at);

    pci_write32(d, at, UINT32_MAX);
    *mask = pci_read32(d, at);
    pci_write32(d, at, old);
    return old;
}

static bool is_upper_half(const struct pci_dev *d, unsigned index)
{
    for (unsigned i = 0; i < index; i++) {
        uint32_t v = pci_read32(d, BAR + 4 * i);

        if (!(v & IS_PORT) && (v & 6) == IS_64 && ++i == index)
            return true;
    }
    return false;
}

static bool assign(const struct pci_dev *d, unsigned at, bool wide,
                   struct pci_bar *bar)
{
    uint64_t base =
        (WINDOW_BASE + window_used + bar->size - 1) & ~(bar->size - 1);

    if (!pci_is_generic() || bar->is_port || bar->size > WINDOW_END - base ||
        base < WINDOW_BASE + window_used)
        return false;
    window_used = base + bar->size - WINDOW_BASE;
    bar->base = base;
    pci_write32(d, at, (uint32_t)base);
    if (wide)
        pci_write32(d, at + 4, 0);
    return true;
}

static bool decode(const struct pci_dev *d, unsigned index, struct pci_bar *out)
{
    unsigned at = BAR + 4 * index;
    uint32_t mask, high_mask = UINT32_MAX;
    uint32_t low = probe(d, at, &mask), high = 0;
    bool wide;

    out->is_port = low & IS_PORT;
    out->prefetchable = !out->is_port && low & IS_PREFETCHABLE;
    wide = !out->is_port && (low & 6) == IS_64;
    if (wide && index + 1 == PCI_BARS)
        return false;
    if (wide)
        high = probe(d, at + 4, &high_mask);
    mask &= out->is_port ? ~3u : ~15u;
    if (mask == 0 && (!wide || high_mask == 0))
        return false;
    if (out->is_port) { /* the upper half of the register may be zero */
        mask |= 0xffff0000;
        out->base = low & ~3u;
    } else {
        out->base = (uint64_t)high << 32 | (low & ~15u);
    }
    out->size = -((uint64_t)high_mask << 32 | mask);
    if (out->size & (out->size - 1))
        return false;
    if (out->base != 0)
        return true;
    return assign(d, at, wide, out);
}

bool pci_bar(const struct pci_dev *d, unsigned index, struct pci_bar *out)
{
    uint16_t command;
    bool found;

    if (d->header != 0 || index >= PCI_BARS || is_upper_half(d, index))
        return false;
    /* It must not answer at the address made of ones. */
    command = pci_read16(d, COMMAND);
    pci_write16(d, COMMAND, (uint16_t)(command & ~COMMAND_DECODE));
    found = decode(d, index, out);
    pci_write16(d, COMMAND, command);
    return found;
}

volatile void *pci_map(const struct pci_bar *bar, uint64_t off, size_t n)
{
    if (bar->is_port || off > bar->size || n > bar->size - off)
        return NULL;
    return memory_map_device(bar->base + off, n);
}
