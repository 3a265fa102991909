/* SPDX-License-Identifier: ISC */
/*
 * nics_metal.c - virtio devices for the networks of the manifest, and for
 * randomness and a second console when the machine has them; then other cards
 * for the networks that are left.
 */
#include "nics.h"

#include <billet/machine.h>
#include <log/log_impl.h>
#include <virtio/virtio.h>
#include <x86_64/pci.h>

#include "cards.h"
#include "consoles.h"
#include "interrupts.h"
#include "system.h"

enum {
    RNG_TRIES = 8, /* times we look for an answer, asleep in between */
    RNG_WAIT_MS = 2
};

enum {
    FUNCTIONS_MAX = 128, /* looked at for cards without a driver */
    CLASS_SHIFT = 16,
    CLASS_NETWORK = 2,
    VENDOR_VIRTIO = 0x1af4
};

enum {
    SCAN_BYTES = VIRTIO_DEVS_MAX * 384, /* what is known of each device */
    /* One virtio-rng and one console, with legacy rings. */
    OTHERS_BYTES = 12288 + CONSOLE_ARENA_BYTES
};

static struct virtio_rng *rng;

static void describe(struct env *env, const struct virtio_dev *dev)
{
    char text[VIRTIO_DESCRIBE_BYTES];

    if (!log_on(env->log, LOG_DEBUG, "virtio"))
        return;
    virtio_describe(dev, text, sizeof(text));
    log_debug(env->log, "virtio", "%s", text);
}

static void attach_rng(struct env *env, struct virtio_dev *dev)
{
    if (!rng && (rng = virtio_rng_attach(dev, &boot_system.arena)))
        describe(env, dev);
}

/* Asks until there are as many bytes as a start-up test wants, and sleeps while
 * it waits: what has not come after some milliseconds never will. */
bool nics_seed(struct env *env)
{
    size_t got = 0;

    for (unsigned i = 0; rng && i < RNG_TRIES; i++) {
        struct span s;

        virtio_rng_ask(rng);
        while ((s = virtio_rng_take(rng)).n > 0) {
            machine_seed(s);
            if ((got += s.n) >= VIRTIO_RNG_BYTES)
                return true;
            virtio_rng_ask(rng);
        }
        machine_wait(machine_now() + RNG_WAIT_MS * NS_PER_MS);
        machine_woken();
    }
    if (rng && got == 0) {
        log_warn(env->log, "virtio", "the virtio-rng device gave no bytes");
        rng = NULL;
    }
    return got > 0;
}

static struct netif *attach_net(struct env *env, struct virtio_dev *dev,
                                const char *name)
{
    struct virtio_net_config c = {.name = name,
                                  .pkts = &boot_system.pkts,
                                  .rx_blocks = &boot_system.rx_blocks,
                                  .arena = &boot_system.arena,
                                  .rx_ring = boot_system.plan.ring,
                                  .tx_ring = boot_system.plan.ring};
    struct netif *nif = virtio_net_attach(dev, &c);

    if (nif)
        describe(env, dev);
    return nif;
}

/* So that nobody looks for what is wrong with a card that is just not known. */
static void say_unknown_cards(struct env *env)
{
    struct pci_dev all[FUNCTIONS_MAX];
    unsigned n = pci_scan(all, FUNCTIONS_MAX);

    for (const struct pci_dev *d = all; d < all + n; d++)
        if (d->class_code >> CLASS_SHIFT == CLASS_NETWORK &&
            d->vendor != VENDOR_VIRTIO && !cards_know(d->vendor, d->device))
            log_error(env->log, "net",
                      "no driver here for the network card %04x:%04x "
                      "(%02x:%02x.%u)",
                      d->vendor, d->device, d->bus, d->dev, d->fn);
}

static void say_missing(struct env *env, const char *name)
{
    log_error(env->log, "net",
              "no device for the network `%s`; give the machine one, with "
              "QEMU:",
              name);
    print_line(env->log,
               "    -netdev user,id=%s -device virtio-net-pci,netdev=%s    "
               "(-M microvm: virtio-net-device)",
               name, name);
}

size_t nics_bytes(unsigned n, unsigned ring)
{
    size_t ours = virtio_net_bytes(ring, ring), others = cards_bytes(ring);

    return SCAN_BYTES + OTHERS_BYTES + n * (ours > others ? ours : others);
}

enum err nics_find(struct env *env, struct netif *out[APP_NETS_MAX],
                   unsigned *n)
{
    struct virtio_dev *devs[VIRTIO_DEVS_MAX];
    unsigned ndevs = virtio_scan(devs, VIRTIO_DEVS_MAX, &boot_system.arena);
    const struct manifest *m = env->manifest;

    interrupts_limit(env);
    *n = 0;
    for (unsigned i = 0; i < ndevs; i++) {
        if (devs[i]->kind == VIRTIO_KIND_RNG)
            attach_rng(env, devs[i]);
        else if (devs[i]->kind == VIRTIO_KIND_CONSOLE)
            console_attach(env, devs[i]);
        else if (devs[i]->kind == VIRTIO_KIND_NET && *n < APP_NETS_MAX &&
                 m->nets[*n][0] &&
                 (out[*n] = attach_net(env, devs[i], m->nets[*n])))
            (*n)++;
    }
    *n = cards_find(env, out, *n);
    if (*n < APP_NETS_MAX && m->nets[*n][0]) {
        say_unknown_cards(env);
        say_missing(env, m->nets[*n]);
        return E_NOENT;
    }
    return OK;
}
