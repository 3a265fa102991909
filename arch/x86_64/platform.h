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
};
extern struct platform platform;

/* Physical memory as firmware and loader have filled it. */
extern const struct phys phys_memory;

/* Read what is needed of ACPI; none is as good as an empty one. */
void platform_acpi_start(void);

#endif
