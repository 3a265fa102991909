/* SPDX-License-Identifier: ISC */
/*
 * front.h - the registers of a fake device: PCI modern and legacy, MMIO modern
 * and legacy; and the parts of arch/x86_64 that the transports call.
 *
 * There is one, `front`, for the calls of arch/ have no context.
 */
#ifndef TESTS_VIRTIO_FRONT_H
#define TESTS_VIRTIO_FRONT_H

#include "fake.h"

#include <x86_64/acpi.h>
#include <x86_64/pci.h>

enum {
    FRONT_MSIX_ENTRIES = 3,
    FRONT_BAR = 4,           /* where the modern structures lie */
    FRONT_BASE = 0x10000000, /* of that BAR, and of the MMIO window */
    FRONT_BAR_BYTES = 0x4000,
    FRONT_COMMON = 0x0000, /* in the BAR */
    FRONT_ISR = 0x1000,
    FRONT_CONFIG = 0x2000,
    FRONT_NOTIFY = 0x3000,
    FRONT_NOTIFY_STEP = 4,
    FRONT_PORT = 0xc000,
    FRONT_PORTS = 0x40,
    FRONT_CAPS = 0x40, /* in configuration space */
    FRONT_CAP_BYTES = 20
};

struct front {
    struct fake fake; /* the device behind the registers */
    struct pci_dev pci;
    bool no_pci, no_mmio;
    uint8_t space[256]; /* configuration space */
    struct pci_bar bar[PCI_BARS];
    unsigned msix_entries;               /* 0: no MSI-X */
    int msix_vector[FRONT_MSIX_ENTRIES]; /* 0: none */
    bool msix_on, no_intx, no_gsi, refuses_vectors;
    struct mmio_virtio mmio;
    uint32_t magic, version, device_id;
    unsigned enabled, disabled, wild; /* accesses to nowhere */
    /* registers */
    uint32_t device_sel, driver_sel, queue_sel, page_bytes, align;
    uint64_t driver_features;
    uint16_t config_vector, queue_vector[VIRTIO_QUEUES_MAX];
    uint32_t size[VIRTIO_QUEUES_MAX];
    uint64_t addr[VIRTIO_QUEUES_MAX][3]; /* descriptors, driver's, device's */
    uint16_t notify_off[VIRTIO_QUEUES_MAX];
    uint32_t isr;
    struct vq view[VIRTIO_QUEUES_MAX]; /* of the queues, from `addr` */
    void (*handler[8])(void *);
    void *handler_arg[8];
    int handlers, line; /* line: vector of INTx or the GSI */
};
extern struct front front;

/* A network device of that kind, honest. */
enum front_kind { FRONT_PCI, FRONT_PCI_LEGACY, FRONT_MMIO, FRONT_MMIO_LEGACY };
void front_init(enum front_kind, uint64_t offers);

/* The device raises its interrupt: for a queue, or a change of configuration,
 * by message or line as it was set up.  Returns how many handlers ran. */
unsigned front_interrupt(bool config);

/* The bytes of capability `type` (1..4), to tamper with. */
uint8_t *front_cap(unsigned type);

#endif
