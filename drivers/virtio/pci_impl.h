/* SPDX-License-Identifier: ISC */
/*
 * pci_impl.h - shared by pci.c, pci_modern.c and pci_legacy.c alone.
 */
#ifndef VIRTIO_PCI_IMPL_H
#define VIRTIO_PCI_IMPL_H

#include <virtio/device.h>
#include <x86_64/pci.h>

enum pci_virtio_vector { /* entries of the MSI-X table */
                         PCI_VECTOR_CONFIG,
                         PCI_VECTOR_QUEUE,
                         PCI_VECTORS,
                         PCI_VECTOR_NONE = 0xffff
};

enum { PCI_ISR_CONFIG = 2 };

struct pci_virtio {
    struct virtio_dev dev;
    struct pci_dev pci;
    struct pci_msix msix;
    bool use_msix;
    /* the interface's: set by open */
    uint8_t (*read_isr)(struct pci_virtio *);
    uint16_t (*set_config_vector)(struct pci_virtio *, uint16_t entry);
    /* modern */
    volatile uint8_t *common, *isr, *config;
    uint32_t config_bytes;
    volatile uint16_t *notify[VIRTIO_QUEUES_MAX]; /* NULL until started */
    struct pci_bar notify_bar;
    uint64_t notify_off, notify_bytes;
    uint32_t notify_step;
    /* legacy */
    uint16_t port, ports;
};

static inline struct pci_virtio *pci_virtio(struct virtio_dev *d)
{
    return CONTAINER(d, struct pci_virtio, dev);
}

/* NULL when the device's capabilities make sense; `dev.bus` is set then. */
const char *pci_modern_open(struct pci_virtio *);
/* False when it has no ports. */
MUST_USE bool pci_legacy_open(struct pci_virtio *);

void pci_virtio_wire(struct virtio_dev *);
void pci_virtio_stop(struct virtio_dev *);

#endif
