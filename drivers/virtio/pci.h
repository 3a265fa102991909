/* SPDX-License-Identifier: ISC */
/*
 * pci.h - virtio over PCI: modern (4.1) and legacy (4.1.4.8, virtio 0.9.5).
 */
#ifndef VIRTIO_PCI_H
#define VIRTIO_PCI_H

#include <virtio/device.h>

/* The devices of kinds that have a driver here.  As virtio_scan(). */
unsigned virtio_pci_scan(struct virtio_dev **out, unsigned max, struct arena *);

#endif
