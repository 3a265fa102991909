/* SPDX-License-Identifier: ISC */
/*
 * disks_metal.c - the disk controllers of a machine, bus by bus.
 */
#include "disks.h"

#include <ahci/ahci.h>
#include <base/pool.h>
#include <billet/machine.h>
#include <bus/pci.h>
#include <log/log_impl.h>
#include <nvme/nvme.h>
#include <virtio/blk.h>
#include <virtio/scsi.h>

#include "consoles.h"
#include "ide.h"
#include "interrupts.h"
#include "system.h"

enum { SCAN_BYTES = VIRTIO_DEVS_MAX * 384, REGS_BYTES = 512 };

const bool disks_have_keys = true;

static void rest(ns_t until)
{
    machine_wait(until);
    machine_woken();
}

static const struct blk_host host = {
    .arena = &boot_system.arena, .now = machine_now, .rest = rest};

static unsigned add(struct blk *out[DISKS_MAX], unsigned n, struct blk *b)
{
    if (b && n < DISKS_MAX)
        out[n++] = b;
    return n;
}

static void describe_virtio(struct env *env, const struct virtio_dev *dev)
{
    char text[VIRTIO_DESCRIBE_BYTES];

    if (!log_on(env->log, LOG_DEBUG, "virtio"))
        return;
    virtio_describe(dev, text, sizeof(text));
    log_debug(env->log, "virtio", "%s", text);
}

/* A controller that failed before it had a disk is nobody's; say it here. */
static unsigned attach_scsi(struct env *env, struct virtio_dev *dev,
                            struct blk **out, unsigned max)
{
    unsigned n = virtio_scsi_attach(dev, &host, out, max);

    if (dev->failure && n == 0)
        log_error(env->log, "disk", "%s shut off: %s", dev->name, dev->failure);
    return n;
}

static unsigned find_virtio(struct env *env, struct blk *out[DISKS_MAX],
                            unsigned n)
{
    struct virtio_dev *devs[VIRTIO_DEVS_MAX];
    unsigned ndevs = virtio_scan(devs, VIRTIO_DEVS_MAX, &boot_system.arena);
    unsigned controllers = 0;

    for (unsigned i = 0; i < ndevs && n < DISKS_MAX; i++) {
        if (devs[i]->kind == VIRTIO_KIND_CONSOLE)
            console_attach(env, devs[i]);
        if (devs[i]->kind == VIRTIO_KIND_BLK)
            n = add(out, n, virtio_blk_attach(devs[i], &host));
        else if (devs[i]->kind == VIRTIO_KIND_SCSI &&
                 controllers++ < BUS_FOUND_MAX)
            n += attach_scsi(env, devs[i], out + n, DISKS_MAX - n);
        else
            continue;
        describe_virtio(env, devs[i]);
    }
    return n;
}

static void describe(struct env *env, const struct regs *r)
{
    log_debug(env->log, "disk", "%s, %s", r->name,
              r->interrupts ? r->interrupts : "polled");
}

static unsigned find_nvme(struct env *env, struct blk *out[DISKS_MAX],
                          unsigned n)
{
    static const struct bus_want want = {.kind = "nvme",
                                         .class_code = NVME_CLASS,
                                         .bar = NVME_BAR,
                                         .beside = NVME_BAR,
                                         .least = NVME_REGS_MIN};
    struct regs *all[BUS_FOUND_MAX];
    unsigned found =
        bus_pci_find(&want, all, BUS_FOUND_MAX, &boot_system.arena);

    for (unsigned i = 0; i < found; i++) {
        describe(env, all[i]);
        n = add(out, n, nvme_attach(all[i], &host));
    }
    return n;
}

static unsigned find_ahci(struct env *env, struct blk *out[DISKS_MAX],
                          unsigned n)
{
    static const struct bus_want want = {.kind = "ahci",
                                         .class_code = AHCI_CLASS,
                                         .bar = AHCI_BAR,
                                         .beside = AHCI_BAR,
                                         .least = AHCI_REGS_MIN};
    struct regs *all[BUS_FOUND_MAX];
    unsigned found =
        bus_pci_find(&want, all, BUS_FOUND_MAX, &boot_system.arena);

    for (unsigned i = 0; i < found; i++) {
        describe(env, all[i]);
        n += ahci_attach(all[i], &host, out + n, DISKS_MAX - n);
    }
    return n;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t disks_bytes(void)
{
    size_t one = larger(virtio_blk_bytes(), larger(nvme_bytes(), ahci_bytes()));

    return SCAN_BYTES + CONSOLE_ARENA_BYTES + ide_bytes() +
           2 * BUS_FOUND_MAX * (size_t)REGS_BYTES +
           BUS_FOUND_MAX * virtio_scsi_bytes() +
           DISKS_MAX * larger(one, virtio_scsi_disk_bytes());
}

enum err disks_find(struct env *env, struct blk *out[DISKS_MAX], unsigned *n)
{
    interrupts_limit(env);
    *n = find_virtio(env, out, 0);
    *n = find_nvme(env, out, *n);
    *n = find_ahci(env, out, *n);
    *n = ide_find(&host, out, *n);
    return OK;
}

void disks_say_how(struct env *env, const char *name)
{
    print_line(env->log,
               "    QEMU:    -drive file=%s.img,format=raw,if=none,id=%s "
               "-device virtio-blk-pci,drive=%s,serial=%s    (-M microvm: "
               "virtio-blk-device)",
               name, name, name, name);
    print_line(env->log,
               "    libvirt: <disk type='file'><driver name='qemu' type='raw'/>"
               "<source file='/var/lib/libvirt/images/%s.img'/><target "
               "dev='vda' bus='virtio'/>"
               "<serial>%s</serial></disk>",
               name, name);
}
