/* SPDX-License-Identifier: ISC */
/*
 * mmio.h - virtio over plain registers (4.2), modern and legacy.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include <virtio/device.h>

/* The devices of kinds that have a driver here.  As virtio_scan(). */
unsigned virtio_mmio_scan(struct virtio_dev **out, unsigned max,
                          struct arena *);

#endif
