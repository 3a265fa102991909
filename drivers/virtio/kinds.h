/* SPDX-License-Identifier: ISC */
/*
 * kinds.h - which kinds of device have a driver here, and their names.
 */
#ifndef VIRTIO_KINDS_H
#define VIRTIO_KINDS_H

#include <virtio/device.h>

struct virtio_kind_name {
    enum virtio_kind kind;
    const char *pci, *mmio;
};

/* Those of what few images have, up to one of kind 0.  NULL: none. */
extern const struct virtio_kind_name *const virtio_more_kinds;

/* NULL: no driver here wants such a device. */
static inline const struct virtio_kind_name *virtio_kind_name(unsigned kind)
{
    static const struct virtio_kind_name names[] = {
        {VIRTIO_KIND_NET, "virtio-net-pci", "virtio-net-mmio"},
        {VIRTIO_KIND_BLK, "virtio-blk-pci", "virtio-blk-mmio"},
        {VIRTIO_KIND_SCSI, "virtio-scsi-pci", "virtio-scsi-mmio"},
        {VIRTIO_KIND_CONSOLE, "virtio-console-pci", "virtio-console-mmio"},
        {VIRTIO_KIND_RNG, "virtio-rng-pci", "virtio-rng-mmio"},
    };

    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].kind == kind)
            return &names[i];
    for (const struct virtio_kind_name *k = virtio_more_kinds; k && k->kind;
         k++)
        if (k->kind == kind)
            return k;
    return NULL;
}

#endif
