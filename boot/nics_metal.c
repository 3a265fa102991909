/* SPDX-License-Identifier: ISC */
/*
 * nics_metal.c - virtio devices for the networks of the manifest, and for
 * randomness and a second console when the machine has them.
 */
#include "nics.h"

#include <billet/machine.h>
#include <log/log_impl.h>
#include <virtio/virtio.h>

#include "system.h"

enum {
    RNG_BYTES = 64, /* enough to seed from */
    RNG_TRIES = 8,  /* times we look for the answer, asleep in between */
    RNG_WAIT_MS = 2
};

enum {
    SCAN_BYTES = VIRTIO_DEVS_MAX * 384, /* what is known of each device */
    OTHERS_BYTES = 36864 /* one virtio-rng, one console with legacy rings */
};

static struct virtio_console *console;

static void log_to_all(struct span text)
{
    machine_log(text);
    virtio_console_write(console, text);
}

static void describe(struct env *env, const struct virtio_dev *dev)
{
    char text[VIRTIO_DESCRIBE_BYTES];

    if (!log_on(env->log, LOG_DEBUG, "virtio"))
        return;
    virtio_describe(dev, text, sizeof(text));
    log_debug(env->log, "virtio", "%s", text);
}

/* Asks once and sleeps while it waits: what has not come after some
 * milliseconds never will, and the boot goes on without. */
static void seed_from(struct env *env, struct virtio_dev *dev)
{
    struct virtio_rng *rng = virtio_rng_attach(dev, &boot_system.arena);
    struct span got = {0};

    if (!rng)
        return;
    describe(env, dev);
    virtio_rng_ask(rng);
    for (unsigned i = 0; i < RNG_TRIES; i++) {
        got = virtio_rng_take(rng);
        if (got.n > 0)
            break;
        machine_wait(machine_now() + RNG_WAIT_MS * NS_PER_MS);
        machine_woken();
    }
    if (got.n > 0)
        machine_seed(got);
    else
        log_warn(env->log, "virtio", "the virtio-rng device gave no bytes");
}

static void attach_console(struct env *env, struct virtio_dev *dev)
{
    if (console || !(console = virtio_console_attach(dev, &boot_system.arena)))
        return;
    describe(env, dev);
    env->log->sink = log_to_all;
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
    return SCAN_BYTES + OTHERS_BYTES + n * virtio_net_bytes(ring, ring);
}

enum err nics_find(struct env *env, struct netif *out[APP_NETS_MAX],
                   unsigned *n)
{
    struct virtio_dev *devs[VIRTIO_DEVS_MAX];
    unsigned ndevs = virtio_scan(devs, VIRTIO_DEVS_MAX, &boot_system.arena);
    const struct manifest *m = env->manifest;

    *n = 0;
    for (unsigned i = 0; i < ndevs; i++) {
        if (devs[i]->kind == VIRTIO_KIND_RNG)
            seed_from(env, devs[i]);
        else if (devs[i]->kind == VIRTIO_KIND_CONSOLE)
            attach_console(env, devs[i]);
        else if (devs[i]->kind == VIRTIO_KIND_NET && *n < APP_NETS_MAX &&
                 m->nets[*n][0] &&
                 (out[*n] = attach_net(env, devs[i], m->nets[*n])))
            (*n)++;
    }
    if (*n < APP_NETS_MAX && m->nets[*n][0]) {
        say_missing(env, m->nets[*n]);
        return E_NOENT;
    }
    return OK;
}
