/* SPDX-License-Identifier: ISC */
/*
 * acpi_tables.h - finding and reading ACPI tables; bytes in, structs out.
 */
#ifndef X86_64_ACPI_TABLES_H
#define X86_64_ACPI_TABLES_H

#include "acpi.h"
#include "phys.h"
#include "regions.h"

enum {
    ACPI_TABLES_MAX = 64,           /* beyond: not seen */
    ACPI_TABLE_BYTES_MAX = 1 << 20, /* beyond: not a table */
    ACPI_IOAPICS_MAX = 8,
    ACPI_OVERRIDES_MAX = 24,
    ACPI_HEAD_BYTES = 36
};

struct acpi {
    const struct phys *memory;
    unsigned n;
    struct {
        uint8_t signature[4];
        uint64_t at;
    } tables[ACPI_TABLES_MAX];
};

/* Where firmware has put the root pointer, when the loader does not say: in
 * a BIOS's own memory, or among the tables (UEFI).  0: nowhere. */
uint64_t acpi_find_root(const struct phys *, const struct regions *tables);

/* List the tables.  False when there is no good root. */
MUST_USE bool acpi_read(struct acpi *, const struct phys *, uint64_t root);

/* A table with its header, length and checksum good, or empty. */
struct span acpi_get(const struct acpi *, const char signature[4]);
/* One of several of a name, the first is 0; no DSDT. */
struct span acpi_get_nth(const struct acpi *, const char signature[4],
                         unsigned nth);

/* "Generic address": a register in memory or at a port. */
struct acpi_register {
    uint64_t at; /* 0: none */
    bool is_port;
};

/* FADT: power management. */
struct acpi_fadt {
    uint64_t dsdt;
    uint32_t smi_command, pm1a_control, pm1b_control, pm_timer; /* ports */
    uint32_t pm1a_event, pm1b_event; /* ports: status, and behind it enable */
    uint8_t pm1_event_bytes;         /* of both together */
    uint8_t acpi_enable, reset_value, century;
    uint8_t sci;       /* the legacy interrupt of such events */
    bool power_button; /* is in these registers */
    bool hardware_reduced, pm_timer_32_bits;
    struct acpi_register reset, sleep_control;
};
MUST_USE bool acpi_fadt_read(struct acpi_fadt *, struct span table);

/* HPET: where its registers are; 0: it says nothing that can be used. */
uint64_t acpi_hpet_read(struct span table);

/* MADT: interrupt controllers. */
struct acpi_madt {
    uint64_t lapic;
    unsigned nioapics, noverrides;
    struct {
        uint64_t at;
        uint32_t gsi; /* of its first pin */
    } ioapics[ACPI_IOAPICS_MAX];
    struct acpi_override {
        uint8_t irq;
        bool active_low, level;
        uint32_t gsi;
    } overrides[ACPI_OVERRIDES_MAX];
};
MUST_USE bool acpi_madt_read(struct acpi_madt *, struct span table);
/* What a PC has that says nothing: one of each, at the usual addresses. */
void acpi_madt_default(struct acpi_madt *);

/* MCFG: where the configuration space of segment 0 is mapped. */
struct acpi_ecam {
    uint64_t at; /* of bus 0, even when first_bus is not 0 */
    uint8_t first_bus, last_bus;
};
MUST_USE bool acpi_mcfg_read(struct acpi_ecam *, struct span table);

/* The sleep types for power-off, from the object _S5_ of a DSDT. */
MUST_USE bool acpi_find_s5(struct span dsdt, uint8_t *type_a, uint8_t *type_b);

/* The virtio-mmio devices (LNRO0005) of a DSDT. */
unsigned acpi_find_virtio(struct span dsdt, struct mmio_virtio *out,
                          unsigned max);

/* QEMU's generic event device (ACPI0013), from a DSDT. */
struct acpi_ged {
    uint64_t events; /* the register that says what happened */
    uint32_t gsi;
    bool level;
};
MUST_USE bool acpi_find_ged(struct span dsdt, struct acpi_ged *out);

/* Where a VM generation ID is, from a DSDT or SSDT that has the device; 0: not
 * there.  The address is as the table says. */
uint64_t acpi_find_generation(struct span table);

/* One from the text of `virtio_mmio.device=`: 512@0xfeb00e00:12, behind the
 * first colon the interrupt, behind a second an id that is of no use here. */
MUST_USE bool virtio_from_argument(const char *argument,
                                   struct mmio_virtio *out);

#endif
