/* SPDX-License-Identifier: ISC */
/* ACPI tables, honest and hostile. */
#include <acpi_tables.h>
#include <lib/suite.h>

#include "ram.h"

enum {
    RSDP = 0xf0,
    LIST = 0x1000,
    FADT = 0x2000,
    MADT = 0x3000,
    DSDT = 0x4000,
    MCFG = 0x5000
};

static struct acpi acpi;

static void fix_sum(size_t at, size_t n, size_t sum_at)
{
    uint8_t sum = 0;

    memory[sum_at] = 0;
    for (size_t i = 0; i < n; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[sum_at] = (uint8_t)-sum;
}

static void seal(size_t at, const char *signature, uint32_t n)
{
    memcpy(memory + at, signature, 4);
    put32(at + 4, n);
    fix_sum(at, n, at + 9);
}

static void root(unsigned revision)
{
    memcpy(memory + RSDP, "RSD PTR ", 8);
    put8(RSDP + 15, (uint8_t)revision);
    put32(RSDP + 16, LIST);
    fix_sum(RSDP, 20, RSDP + 8);
    if (revision < 2)
        return;
    put32(RSDP + 20, 36);
    put64(RSDP + 24, LIST);
    fix_sum(RSDP, 36, RSDP + 32);
}

static void fadt(uint32_t flags)
{
    put32(FADT + 40, DSDT);
    put32(FADT + 48, 0xb2);
    put8(FADT + 52, 0xf1);
    put16(FADT + 46, 9);
    put32(FADT + 56, 0x600);
    put8(FADT + 88, 4);
    put32(FADT + 64, 0x604);
    put32(FADT + 76, 0x608);
    put8(FADT + 108, 0x32);
    put32(FADT + 112, flags);
    put8(FADT + 116, 1); /* a port */
    put64(FADT + 120, 0xcf9);
    put8(FADT + 128, 0xf);
    put64(FADT + 248, 0xfea00200); /* a register in memory */
    seal(FADT, "FACP", 276);
}

static void madt(void)
{
    size_t at = MADT + 44;

    put32(MADT + 36, 0xfee00000);
    put8(at, 0), put8(at + 1, 8); /* a processor */
    at += 8;
    put8(at, 1), put8(at + 1, 12), put32(at + 4, 0xfec00000);
    at += 12;
    put8(at, 2), put8(at + 1, 10), put8(at + 3, 0), put32(at + 4, 2);
    at += 10;
    put8(at, 2), put8(at + 1, 10), put8(at + 3, 9), put32(at + 4, 9);
    put16(at + 8, 0xd);
    at += 10;
    put8(at, 1), put8(at + 1, 12), put32(at + 4, 0xfec10000);
    put32(at + 8, 24);
    at += 12;
    put8(at, 5), put8(at + 1, 12), put64(at + 4, UINT64_C(0x1fee00000));
    at += 12;
    seal(MADT, "APIC", (uint32_t)(at - MADT));
}

static void tables(unsigned revision)
{
    static const uint32_t all[] = {FADT, MADT, MCFG};
    unsigned width = revision < 2 ? 4 : 8;

    memset(memory, 0, sizeof(memory));
    root(revision);
    for (unsigned i = 0; i < ARRAY_LEN(all); i++)
        put32(LIST + 36 + i * width, all[i]);
    seal(LIST, revision < 2 ? "RSDT" : "XSDT", 36 + width * 3);
    fadt(1 << 10);
    madt();
    put64(MCFG + 44, 0xb0000000);
    put8(MCFG + 44 + 11, 255);
    seal(MCFG, "MCFG", 60);
    seal(DSDT, "DSDT", 100);
}

START_TEST(test_tables_are_found_by_both_lists)
{
    for (unsigned revision = 0; revision <= 2; revision += 2) {
        tables(revision);
        ck_assert(acpi_read(&acpi, &phys, RSDP));
        ck_assert_uint_eq(acpi.n, 3);
        ck_assert_ptr_eq(acpi_get(&acpi, "APIC").p, memory + MADT);
        ck_assert_uint_eq(acpi_get(&acpi, "DSDT").n, 100);
        ck_assert_uint_eq(acpi_get(&acpi, "HPET").n, 0);
    }
}
END_TEST

START_TEST(test_tables_of_one_name_are_counted)
{
    tables(2);
    seal(MADT, "SSDT", 60);
    seal(MCFG, "SSDT", 61);
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert_uint_eq(acpi_get_nth(&acpi, "SSDT", 0).n, 60);
    ck_assert_uint_eq(acpi_get_nth(&acpi, "SSDT", 1).n, 61);
    ck_assert_uint_eq(acpi_get_nth(&acpi, "SSDT", 2).n, 0);
    memory[MADT + 50]++; /* a broken one is not counted */
    ck_assert_uint_eq(acpi_get_nth(&acpi, "SSDT", 0).n, 61);
}
END_TEST

START_TEST(test_a_wrong_sum_is_no_table)
{
    tables(2);
    memory[MADT + 50] ^= 1;
    memory[DSDT + 99] ^= 1;
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert_uint_eq(acpi_get(&acpi, "APIC").n, 0);
    ck_assert_uint_eq(acpi_get(&acpi, "DSDT").n, 0);
    memory[LIST + 20] ^= 1;
    ck_assert(!acpi_read(&acpi, &phys, RSDP));
    tables(2);
    memory[RSDP + 10] ^= 1;
    ck_assert(!acpi_read(&acpi, &phys, RSDP));
}
END_TEST

START_TEST(test_the_sum_of_a_long_table)
{
    enum { LONG = 0x8000, BYTES = 40001 };

    tables(2);
    put32(LIST + 36, LONG);
    fix_sum(LIST, 60, LIST + 9);
    memset(memory + LONG, 0xff, BYTES);
    seal(LONG, "LONG", BYTES);
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert_uint_eq(acpi_get(&acpi, "LONG").n, BYTES);
    memory[LONG + BYTES - 1]--;
    ck_assert_uint_eq(acpi_get(&acpi, "LONG").n, 0);
}
END_TEST

START_TEST(test_lengths_that_cannot_be_are_refused)
{
    tables(2);
    put32(MADT + 4, 35);
    put32(FADT + 4, UINT32_MAX);
    put32(MCFG + 4, MEMORY_BYTES);
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert_uint_eq(acpi_get(&acpi, "APIC").n, 0);
    ck_assert_uint_eq(acpi_get(&acpi, "FACP").n, 0);
    ck_assert_uint_eq(acpi_get(&acpi, "MCFG").n, 0);
    ck_assert(!acpi_read(&acpi, &phys, MEMORY_BYTES - 10));
    ck_assert(!acpi_read(&acpi, &phys, 0));
}
END_TEST

START_TEST(test_the_root_is_found_where_firmware_puts_it)
{
    struct regions none = {0}, some = {0};
    uint64_t where;

    tables(0);
    memmove(memory + 0x1f5a0, memory + RSDP, 36); /* no BIOS area so low */
    memset(memory + RSDP, 0, 36);
    ck_assert_uint_eq(acpi_find_root(&phys, &none), 0);
    regions_add(&some, 0x10000, 0x10800);
    regions_add(&some, 0x1f000, MEMORY_BYTES);
    where = acpi_find_root(&phys, &some);
    ck_assert_uint_eq(where, 0x1f5a0);
    memory[where + 12] ^= 1;
    ck_assert_uint_eq(acpi_find_root(&phys, &some), 0);
}
END_TEST

START_TEST(test_fadt_of_a_pc)
{
    struct acpi_fadt f;

    tables(2);
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert(acpi_fadt_read(&f, acpi_get(&acpi, "FACP")));
    ck_assert_uint_eq(f.dsdt, DSDT);
    ck_assert_uint_eq(f.pm1a_control, 0x604);
    ck_assert_uint_eq(f.pm1b_control, 0);
    ck_assert_uint_eq(f.pm1a_event, 0x600);
    ck_assert_uint_eq(f.pm1b_event, 0);
    ck_assert_uint_eq(f.pm1_event_bytes, 4);
    ck_assert_uint_eq(f.sci, 9);
    ck_assert(f.power_button);
    ck_assert_uint_eq(f.pm_timer, 0x608);
    ck_assert_uint_eq(f.smi_command, 0xb2);
    ck_assert_uint_eq(f.century, 0x32);
    ck_assert(f.reset.is_port);
    ck_assert_uint_eq(f.reset.at, 0xcf9);
    ck_assert_uint_eq(f.reset_value, 0xf);
    ck_assert_uint_eq(f.sleep_control.at, 0);
}
END_TEST

START_TEST(test_fadt_of_a_machine_without_a_pcs_registers)
{
    struct acpi_fadt f;

    tables(2);
    fadt(1 << 20);
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert(acpi_fadt_read(&f, acpi_get(&acpi, "FACP")));
    ck_assert(f.hardware_reduced);
    ck_assert(!f.sleep_control.is_port);
    ck_assert_uint_eq(f.sleep_control.at, 0xfea00200);
    ck_assert_uint_eq(f.pm1a_control, 0);
    ck_assert_uint_eq(f.pm_timer, 0);
    ck_assert_uint_eq(f.reset.at, 0); /* the flag says it has none */
}
END_TEST

START_TEST(test_a_power_button_that_is_elsewhere)
{
    struct acpi_fadt f;

    tables(2);
    fadt(1 << 4);
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert(acpi_fadt_read(&f, acpi_get(&acpi, "FACP")));
    ck_assert(!f.power_button);
}
END_TEST

START_TEST(test_an_old_fadt_ends_early)
{
    struct acpi_fadt f;
    struct span s;

    tables(2);
    s = (struct span){memory + FADT, 116};
    ck_assert(acpi_fadt_read(&f, s));
    ck_assert_uint_eq(f.pm1a_control, 0x604);
    ck_assert_uint_eq(f.reset.at, 0);
    s.n = 115;
    ck_assert(!acpi_fadt_read(&f, s));
}
END_TEST

START_TEST(test_madt)
{
    struct acpi_madt m;

    tables(2);
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert(acpi_madt_read(&m, acpi_get(&acpi, "APIC")));
    ck_assert_uint_eq(m.lapic, UINT64_C(0x1fee00000));
    ck_assert_uint_eq(m.nioapics, 2);
    ck_assert_uint_eq(m.ioapics[1].at, 0xfec10000);
    ck_assert_uint_eq(m.ioapics[1].gsi, 24);
    ck_assert_uint_eq(m.noverrides, 2);
    ck_assert_uint_eq(m.overrides[0].gsi, 2);
    ck_assert(!m.overrides[0].level);
    ck_assert(m.overrides[1].level);
    ck_assert(!m.overrides[1].active_low);
}
END_TEST

START_TEST(test_madt_entries_of_no_length_end_it)
{
    struct acpi_madt m;

    tables(2);
    put8(MADT + 44 + 8 + 12 + 1, 0);
    ck_assert(acpi_madt_read(&m, (struct span){memory + MADT, 108}));
    ck_assert_uint_eq(m.nioapics, 1);
    put8(MADT + 44 + 8 + 1, 200);
    ck_assert(!acpi_madt_read(&m, (struct span){memory + MADT, 108}));
}
END_TEST

START_TEST(test_mcfg)
{
    struct acpi_ecam e;

    tables(2);
    ck_assert(acpi_read(&acpi, &phys, RSDP));
    ck_assert(acpi_mcfg_read(&e, acpi_get(&acpi, "MCFG")));
    ck_assert_uint_eq(e.at, 0xb0000000);
    ck_assert_uint_eq(e.last_bus, 255);
    put16(MCFG + 44 + 8, 1); /* another segment */
    ck_assert(!acpi_mcfg_read(&e, (struct span){memory + MCFG, 60}));
    ck_assert(!acpi_mcfg_read(&e, (struct span){memory + MCFG, 59}));
}
END_TEST

START_TEST(test_hpet)
{
    uint8_t t[56] = {[44] = 0x00, [45] = 0x00, [46] = 0xd0, [47] = 0xfe};
    struct span s = {t, sizeof(t)};

    ck_assert_uint_eq(acpi_hpet_read(s), 0xfed00000);
    s.n = 51;
    ck_assert_uint_eq(acpi_hpet_read(s), 0);
    s.n = sizeof(t);
    t[40] = 1; /* a port */
    ck_assert_uint_eq(acpi_hpet_read(s), 0);
    t[40] = 2; /* PCI configuration space */
    ck_assert_uint_eq(acpi_hpet_read(s), 0);
    ck_assert_uint_eq(acpi_hpet_read((struct span){0}), 0);
}
END_TEST

START_TEST(test_twenty_thousand_mutations_are_survived)
{
    static const size_t at[] = {RSDP, LIST, FADT, MADT, DSDT, MCFG};
    uint64_t seed = 3;

    for (unsigned i = 0; i < 20000; i++) {
        struct acpi_madt m;
        struct acpi_fadt f;
        struct acpi_ecam e;
        size_t table = at[next_random(&seed) % ARRAY_LEN(at)];
        uint32_t n;

        tables(i % 2 * 2);
        for (unsigned k = next_random(&seed) % 4 + 1; k > 0; k--)
            put8(table + next_random(&seed) % 120, (uint8_t)next_random(&seed));
        n = le32(memory + table + 4);
        if (table != RSDP && n < 4096) /* so that it is looked into */
            fix_sum(table, n, table + 9);
        if (!acpi_read(&acpi, &phys, RSDP))
            continue;
        (void)acpi_get(&acpi, "DSDT");
        if (acpi_madt_read(&m, acpi_get(&acpi, "APIC"))) {
            ck_assert_uint_le(m.nioapics, ACPI_IOAPICS_MAX);
            ck_assert_uint_le(m.noverrides, ACPI_OVERRIDES_MAX);
        }
        if (acpi_fadt_read(&f, acpi_get(&acpi, "FACP")))
            ck_assert_uint_le(f.pm_timer, UINT16_MAX);
        if (acpi_mcfg_read(&e, acpi_get(&acpi, "MCFG")))
            ck_assert_uint_le(e.first_bus, e.last_bus);
    }
}
END_TEST

RUN_TESTS("acpi", PANICS(), test_hpet, test_tables_are_found_by_both_lists,
          test_tables_of_one_name_are_counted, test_a_wrong_sum_is_no_table,
          test_the_sum_of_a_long_table, test_lengths_that_cannot_be_are_refused,
          test_the_root_is_found_where_firmware_puts_it, test_fadt_of_a_pc,
          test_fadt_of_a_machine_without_a_pcs_registers,
          test_a_power_button_that_is_elsewhere, test_an_old_fadt_ends_early,
          test_madt, test_madt_entries_of_no_length_end_it, test_mcfg,
          test_twenty_thousand_mutations_are_survived)
