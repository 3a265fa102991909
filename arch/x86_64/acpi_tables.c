/* SPDX-License-Identifier: ISC */
/*
 * acpi_tables.c - the list of tables, and those that are plain structs.
 */
#include "acpi_tables.h"

enum {
    ROOT_BYTES = 20,
    ROOT2_BYTES = 36,
    ROOT_SEARCH_MAX = 1 << 20 /* of one range */
};

static uint8_t sum(struct span s)
{
    const uint64_t low = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t sums = 0, v;
    uint8_t total = 0;
    unsigned turns = 0;

    for (; s.n >= 8; s.p += 8, s.n -= 8) { /* eight bytes in four lanes */
        memcpy(&v, s.p, 8);
        sums += (v & low) + (v >> 8 & low);
        if (++turns == 64) { /* before a lane is full */
            sums &= low;
            turns = 0;
        }
    }
    for (; s.n > 0; s.p++, s.n--)
        total = (uint8_t)(total + *s.p);
    return (uint8_t)(total + sums + (sums >> 16) + (sums >> 32) + (sums >> 48));
}

static bool is_root(struct span s)
{
    return s.n >= ROOT_BYTES && memcmp(s.p, "RSD PTR ", 8) == 0 &&
           sum((struct span){s.p, ROOT_BYTES}) == 0;
}

static uint64_t find_root_in(const struct phys *m, uint64_t from, uint64_t end)
{
    uint64_t n = (end - from < ROOT_SEARCH_MAX ? end - from : ROOT_SEARCH_MAX) &
                 ~UINT64_C(15);
    struct span s = phys_at(m, from, (size_t)n);
    uint64_t v;

    for (const uint8_t *p = s.p, *stop = s.p + s.n; p < stop; p += 16) {
        memcpy(&v, p, sizeof(v)); /* "RSD PTR "; ranges are whole 16s */
        if (v == UINT64_C(0x2052545020445352) &&
            is_root((struct span){p, (size_t)(stop - p)}))
            return from + (uint64_t)(p - s.p);
    }
    return 0;
}

uint64_t acpi_find_root(const struct phys *m, const struct regions *tables)
{
    static const struct region bios[] = {
        {0xf0000, 0x100000}, {0xe0000, 0xf0000}, {0x80000, 0xa0000}};
    uint64_t at = 0;

    for (unsigned i = 0; i < ARRAY_LEN(bios) && at == 0; i++)
        at = find_root_in(m, bios[i].base, bios[i].end);
    for (unsigned i = 0; i < tables->n && at == 0; i++)
        at = find_root_in(m, tables->r[i].base, tables->r[i].end);
    return at;
}

/* A table's bytes by what its header says; empty when that cannot be. */
static struct span table_at(const struct phys *m, uint64_t at)
{
    struct span s = phys_at(m, at, ACPI_HEAD_BYTES);

    if (s.n == 0 || le32(s.p + 4) < ACPI_HEAD_BYTES ||
        le32(s.p + 4) > ACPI_TABLE_BYTES_MAX)
        return (struct span){0};
    s = phys_at(m, at, le32(s.p + 4));
    return sum(s) == 0 ? s : (struct span){0};
}

bool acpi_read(struct acpi *a, const struct phys *m, uint64_t root)
{
    struct span s = phys_at(m, root, ROOT_BYTES), list;
    unsigned width = 4;
    uint64_t at;

    a->memory = m;
    a->n = 0;
    if (!is_root(s))
        return false;
    at = le32(s.p + 16);
    if (s.p[15] >= 2) {
        s = phys_at(m, root, ROOT2_BYTES);
        if (s.n > 0 && sum(s) == 0 && le64(s.p + 24) != 0) {
            at = le64(s.p + 24);
            width = 8;
        }
    }
    list = table_at(m, at);
    if (list.n == 0 || memcmp(list.p, width == 8 ? "XSDT" : "RSDT", 4) != 0)
        return false;
    for (size_t i = ACPI_HEAD_BYTES;
         i + width <= list.n && a->n < ACPI_TABLES_MAX; i += width) {
        uint64_t table = width == 8 ? le64(list.p + i) : le32(list.p + i);
        struct span head = phys_at(m, table, ACPI_HEAD_BYTES);

        if (head.n == 0)
            continue;
        memcpy(a->tables[a->n].signature, head.p, 4);
        a->tables[a->n++].at = table;
    }
    return true;
}

struct span acpi_get_nth(const struct acpi *a, const char signature[4],
                         unsigned nth)
{
    for (unsigned i = 0; i < a->n; i++)
        if (memcmp(a->tables[i].signature, signature, 4) == 0) {
            struct span s = table_at(a->memory, a->tables[i].at);

            if (s.n > 0 && nth-- == 0)
                return s;
        }
    return (struct span){0};
}

struct span acpi_get(const struct acpi *a, const char signature[4])
{
    struct acpi_fadt fadt;

    if (memcmp(signature, "DSDT", 4) == 0) {
        struct span s = {0};

        if (acpi_fadt_read(&fadt, acpi_get(a, "FACP")))
            s = table_at(a->memory, fadt.dsdt);
        if (s.n > 0 && memcmp(s.p, signature, 4) != 0)
            s.n = 0;
        return s;
    }
    return acpi_get_nth(a, signature, 0);
}

static struct acpi_register read_register(struct span s, size_t at)
{
    enum { SPACE_MEMORY = 0, SPACE_PORT = 1, BYTES = 12 };
    struct acpi_register r = {0};

    if (at + BYTES > s.n || s.p[at] > SPACE_PORT)
        return r;
    r.at = le64(s.p + at + 4);
    r.is_port = s.p[at] == SPACE_PORT;
    if (r.is_port && r.at > UINT16_MAX)
        r.at = 0;
    return r;
}

/* The 64-bit field of later versions when it says something. */
static uint32_t read_port(struct span s, size_t at, size_t wide_at)
{
    struct acpi_register r = read_register(s, wide_at);
    uint32_t port = r.is_port ? (uint32_t)r.at : 0;

    if (port == 0)
        port = le32(s.p + at);
    return port <= UINT16_MAX ? port : 0;
}

bool acpi_fadt_read(struct acpi_fadt *f, struct span s)
{
    enum {
        BYTES = 116,
        BUTTON_ELSEWHERE = 1 << 4,
        TIMER_32 = 1 << 8,
        RESET = 1 << 10,
        REDUCED = 1 << 20
    };
    uint32_t flags;

    if (s.n < BYTES)
        return false;
    flags = le32(s.p + 112);
    *f = (struct acpi_fadt){.dsdt = le32(s.p + 40),
                            .smi_command = read_port(s, 48, s.n),
                            .acpi_enable = s.p[52],
                            .century = s.p[108],
                            .hardware_reduced = flags & REDUCED,
                            .pm_timer_32_bits = flags & TIMER_32};
    if (s.n >= 148 && le64(s.p + 140) != 0)
        f->dsdt = le64(s.p + 140);
    if (flags & RESET && s.n > 128) {
        f->reset = read_register(s, 116);
        f->reset_value = s.p[128];
    }
    if (f->hardware_reduced) {
        f->sleep_control = read_register(s, 244);
    } else {
        f->pm1a_event = read_port(s, 56, 148);
        f->pm1b_event = read_port(s, 60, 160);
        f->pm1_event_bytes = s.p[88];
        f->sci = s.p[46];
        f->power_button = !(flags & BUTTON_ELSEWHERE) && s.p[88] >= 4;
        f->pm1a_control = read_port(s, 64, 172);
        f->pm1b_control = read_port(s, 68, 184);
        f->pm_timer = read_port(s, 76, 208);
    }
    return true;
}

uint64_t acpi_hpet_read(struct span s)
{
    struct acpi_register r = read_register(s, 40);

    return r.is_port ? 0 : r.at;
}

void acpi_madt_default(struct acpi_madt *m)
{
    *m = (struct acpi_madt){.lapic = 0xfee00000,
                            .nioapics = 1,
                            .ioapics = {{.at = 0xfec00000}},
                            .noverrides = 1,
                            .overrides = {{.irq = 0, .gsi = 2}}};
}

static void read_entry(struct acpi_madt *m, struct span e)
{
    enum { IOAPIC = 1, OVERRIDE = 2, LAPIC_64 = 5 };

    if (e.p[0] == IOAPIC && e.n >= 12 && m->nioapics < ACPI_IOAPICS_MAX) {
        m->ioapics[m->nioapics].at = le32(e.p + 4);
        m->ioapics[m->nioapics++].gsi = le32(e.p + 8);
    }
    if (e.p[0] == OVERRIDE && e.n >= 10 && e.p[3] < 16 &&
        m->noverrides < ACPI_OVERRIDES_MAX)
        m->overrides[m->noverrides++] =
            (struct acpi_override){.irq = e.p[3],
                                   .gsi = le32(e.p + 4),
                                   .active_low = (e.p[8] & 3) == 3,
                                   .level = (e.p[8] >> 2 & 3) == 3};
    if (e.p[0] == LAPIC_64 && e.n >= 12)
        m->lapic = le64(e.p + 4);
}

bool acpi_madt_read(struct acpi_madt *m, struct span s)
{
    enum { HEAD = 44 };

    if (s.n < HEAD)
        return false;
    *m = (struct acpi_madt){.lapic = le32(s.p + 36)};
    for (s = (struct span){s.p + HEAD, s.n - HEAD}; s.n >= 2;) {
        size_t n = s.p[1];

        if (n < 2 || n > s.n)
            break;
        read_entry(m, (struct span){s.p, n});
        s = (struct span){s.p + n, s.n - n};
    }
    return m->nioapics > 0;
}

bool acpi_mcfg_read(struct acpi_ecam *e, struct span s)
{
    enum { HEAD = 44, ENTRY = 16 };

    for (size_t at = HEAD; at + ENTRY <= s.n; at += ENTRY) {
        const uint8_t *p = s.p + at;

        if (le16(p + 8) != 0 || p[10] > p[11] || le64(p) == 0)
            continue;
        *e = (struct acpi_ecam){
            .at = le64(p), .first_bus = p[10], .last_bus = p[11]};
        return true;
    }
    return false;
}
