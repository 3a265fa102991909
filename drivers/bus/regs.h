/* SPDX-License-Identifier: ISC */
/*
 * regs.h - the registers of a disk controller or a network card, wherever they
 * are: pci.c has those of a real one, a test its own.
 *
 * A driver behind this knows no bus, so it compiles for both worlds.
 */
#ifndef BUS_REGS_H
#define BUS_REGS_H

#include <base/pool.h>
#include <disk/blk_impl.h>

struct regs {
    uint32_t (*read)(struct regs *, unsigned at);
    void (*write)(struct regs *, unsigned at, uint32_t);
    /* No memory and no interrupt any more. */
    void (*stop)(struct regs *);
    /* Set by the driver: makes the device let go of its line; called by the
     * interrupt's handler, for lines only. */
    void (*quieten)(struct regs *);
    struct regs *beside;    /* more of them, where there are two BARs */
    uint32_t bytes;         /* of registers */
    uint32_t wakeups;       /* interrupts so far */
    bool line;              /* they come by a line */
    const char *interrupts; /* "MSI-X", "MSI", "INTx"; NULL: none, so poll */
    uint16_t device;        /* id, on PCI */
    char name[BLK_DEVICE_BYTES];
};

/* Wait until `ready` says so; false when `ns` have gone by. */
static inline bool regs_wait(const struct blk_host *host, ns_t ns,
                             bool (*ready)(void *), void *user)
{
    enum { STEP_US = 1000 };
    ns_t until = host->now() + ns;

    while (!ready(user)) {
        ns_t now = host->now();

        if (now >= until)
            return ready(user);
        host->rest(now + STEP_US * NS_PER_US);
    }
    return true;
}

#endif
