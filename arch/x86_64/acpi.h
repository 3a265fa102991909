/* SPDX-License-Identifier: ISC */
/*
 * acpi.h - the firmware's tables: interrupt routing, power, buses.
 *
 * No AML is run.  What only AML says (the sleep type of power-off, virtio-mmio
 * devices) is found by bounded searches for the bytes that compilers emit.
 */
#ifndef X86_64_ACPI_H
#define X86_64_ACPI_H

#include <billet/base.h>

/* A table by its signature, header included, with length and checksum good;
 * empty when there is none.  "DSDT" works, too. */
struct span acpi_table(const char signature[4]);

/* The 16 bytes of a VM generation ID, which change when this machine goes on
 * from a snapshot; NULL when there is none.  Mapped read-only. */
const volatile uint64_t *acpi_generation(void);

/* A virtio-mmio device: registers at `addr`, interrupt on pin `gsi`, which is
 * level-triggered and active high. */
struct mmio_virtio {
    uint64_t addr;
    uint32_t size;
    uint32_t gsi;
};
enum { MMIO_VIRTIO_MAX = 32 };

/*
 * From `virtio_mmio.device=` arguments, else from ACPI.  Slots without a
 * device behind them are left out.  At most `max`; returns how many.
 */
unsigned mmio_virtio_devices(struct mmio_virtio *out, unsigned max);

#endif
