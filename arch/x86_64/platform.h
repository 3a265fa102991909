/* SPDX-License-Identifier: ISC */
/*
 * platform.h - what machine.c found out at boot and others ask for.
 */
#ifndef X86_64_PLATFORM_H
#define X86_64_PLATFORM_H

#include "acpi_tables.h"
#include "bootinfo.h"

struct platform {
    struct boot_info boot;
    bool has_acpi, has_fadt;
    struct acpi acpi;
    struct acpi_fadt fadt;
    struct acpi_madt madt;
    struct mmio_virtio virtio[MMIO_VIRTIO_MAX]; /* by arguments */
    unsigned nvirtio;
};
extern struct platform platform;

/* Physical memory as firmware and loader have filled it. */
extern const struct phys phys_memory;

/* Take off the command line what is meant for the machine: where virtio-mmio
 * devices are.  The application does not see it. */
void platform_take_arguments(void);

/* Read what is needed of ACPI; none is as good as an empty one. */
void platform_acpi_start(void);

#endif
