/* SPDX-License-Identifier: ISC */
/*
 * watchdog.c - the i6300esb, which QEMU has too: -device i6300esb.
 */
#include <billet/machine.h>

#include "io.h"
#include "pci.h"

enum {
    ID = 0x25ab8086,
    AMONG = 64,       /* functions; beyond: not found */
    CONFIG = 0x60,    /* in configuration space */
    CONFIG_QUIET = 3, /* no interrupt; a tick is 1 ms; the end is a reset */
    LOCK = 0x68,
    LOCK_ON = 1 << 1,
    FIRST = 0x00, /* registers: two stages, one after the other */
    SECOND = 0x04,
    RELOAD = 0x0c,
    RELOAD_NOW = 1 << 8,
    UNLOCK_1 = 0x80,
    UNLOCK_2 = 0x86,
    REGISTERS = 0x10,
    STAGE_TICKS = 512 /* of the 1,024 in a second and a little more */
};

static volatile uint8_t *regs;

/* What follows is taken, and nothing after it. */
static void unlock(void)
{
    mmio_write16(regs + RELOAD, UNLOCK_1);
    mmio_write16(regs + RELOAD, UNLOCK_2);
}

static void reload(void)
{
    unlock();
    mmio_write16(regs + RELOAD, RELOAD_NOW);
}

static void arm(const struct pci_dev *d, unsigned seconds)
{
    pci_enable(d);
    pci_write16(d, CONFIG, CONFIG_QUIET);
    unlock();
    mmio_write32(regs + FIRST, seconds * STAGE_TICKS);
    unlock();
    mmio_write32(regs + SECOND, seconds * STAGE_TICKS);
    reload();
    pci_write8(d, LOCK, LOCK_ON);
}

bool machine_feed(unsigned seconds)
{
    struct pci_dev all[AMONG];
    unsigned n = regs ? 0 : pci_scan(all, AMONG);

    if (regs)
        reload();
    for (unsigned i = 0; i < n && !regs; i++) {
        struct pci_bar bar;

        if ((uint32_t)all[i].device << 16 == (ID & 0xffff0000) &&
            all[i].vendor == (ID & 0xffff) && pci_bar(&all[i], 0, &bar) &&
            (regs = pci_map(&bar, 0, REGISTERS)))
            arm(&all[i], seconds);
    }
    return regs != NULL;
}
