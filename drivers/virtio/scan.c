/* SPDX-License-Identifier: ISC */
/*
 * scan.c - the devices of this machine, on whatever bus.
 */
#include <virtio/mmio.h>
#include <virtio/pci.h>
#include <virtio/virtio.h>

unsigned virtio_scan(struct virtio_dev **out, unsigned max, struct arena *a)
{
    unsigned n = virtio_pci_scan(out, max, a);

    return n + virtio_mmio_scan(out + n, max - n, a);
}
