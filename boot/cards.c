/* SPDX-License-Identifier: ISC */
/*
 * cards.c - see cards.h.
 */
#include "cards.h"

#include <billet/machine.h>
#include <e1000/e1000.h>
#include <log/log_impl.h>
#include <vmxnet3/vmxnet3.h>

#include "system.h"

enum { REGS_BYTES = 512 /* where a card's registers are, of two BARs */ };

struct cards {
    const struct bus_want *want;
    struct netif *(*attach)(struct regs *, const struct nic_config *);
    size_t (*bytes)(unsigned ring);
};
static const struct cards cards[] = {
    {&e1000_want, e1000_attach, e1000_bytes},
    {&vmxnet3_want, vmxnet3_attach, vmxnet3_bytes},
};

static void rest(ns_t until)
{
    machine_wait(until);
    machine_woken();
}

static unsigned find(struct env *env, const struct cards *of,
                     struct netif *out[APP_NETS_MAX], unsigned n)
{
    static const struct blk_host host = {
        .arena = &boot_system.arena, .now = machine_now, .rest = rest};
    const struct manifest *m = env->manifest;
    struct nic_config c = {.pkts = &boot_system.pkts,
                           .rx_blocks = &boot_system.rx_blocks,
                           .host = &host,
                           .ring = boot_system.plan.ring};
    struct regs *all[BUS_FOUND_MAX];
    unsigned wanted = n, found;

    while (wanted < APP_NETS_MAX && m->nets[wanted][0])
        wanted++;
    found = bus_pci_find(of->want, all, wanted - n, host.arena);
    for (unsigned i = 0; i < found; i++) {
        c.name = m->nets[n];
        if (!(out[n] = of->attach(all[i], &c)))
            continue;
        log_debug(env->log, "net", "%s, %s, ring %u", all[i]->name,
                  all[i]->interrupts ? all[i]->interrupts : "polled", c.ring);
        n++;
    }
    return n;
}

size_t cards_bytes(unsigned ring)
{
    size_t most = 0;

    for (unsigned i = 0; i < ARRAY_LEN(cards); i++)
        if (cards[i].bytes(ring) > most)
            most = cards[i].bytes(ring);
    return most + REGS_BYTES;
}

unsigned cards_find(struct env *env, struct netif *out[APP_NETS_MAX],
                    unsigned n)
{
    for (unsigned i = 0; i < ARRAY_LEN(cards); i++)
        n = find(env, &cards[i], out, n);
    return n;
}

bool cards_know(uint16_t vendor, uint16_t device)
{
    for (unsigned i = 0; i < ARRAY_LEN(cards); i++)
        for (unsigned j = 0; j < cards[i].want->ndevices; j++)
            if (cards[i].want->vendor == vendor &&
                cards[i].want->devices[j] == device)
                return true;
    return false;
}
