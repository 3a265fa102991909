/* SPDX-License-Identifier: ISC */
/*
 * bootinfo.c - which protocol it was, and what all of them share: the memory
 * map and the command line.
 */
#include "bootinfo.h"

enum {
    MULTIBOOT1_MAGIC = 0x2badb002,
    MULTIBOOT2_MAGIC = 0x36d76289,
    PVH_MAGIC = 0x336ec578,
    MAP_USABLE = 1,
    MAP_ACPI = 3,
    PAGE = 4096
};

struct entry {
    uint64_t base, end;
    uint32_t type;
};

/* Take the next entry off the map; an entry is BOOT_ENTRY_BYTES and what a
 * later version may append.  False at its end. */
static bool next_entry(struct boot_map *m, struct entry *e)
{
    uint32_t skip = m->stride ? 0 : 4, stride = m->stride;
    uint64_t length;

    if (m->entries.n < skip + BOOT_ENTRY_BYTES)
        return false;
    if (skip)
        stride = le32(m->entries.p) + 4;
    if (stride < skip + BOOT_ENTRY_BYTES || stride > m->entries.n)
        return false;
    e->base = le64(m->entries.p + skip);
    length = le64(m->entries.p + skip + 8);
    e->type = le32(m->entries.p + skip + 16);
    if (e->base > BOOT_ADDRESS_MAX)
        e->base = BOOT_ADDRESS_MAX;
    if (length > BOOT_ADDRESS_MAX - e->base)
        length = BOOT_ADDRESS_MAX - e->base;
    e->end = e->base + length;
    m->entries.p += stride;
    m->entries.n -= stride;
    return true;
}

void boot_module_add(struct boot_info *b, uint64_t base, uint64_t end)
{
    regions_remove(&b->free, base, end);
    if (b->module.base == b->module.end && base < end)
        b->module = (struct region){base, end};
}

/* Where entries contradict one another, memory is not usable. */
const char *boot_map_read(struct boot_info *b, struct boot_map map)
{
    struct boot_map m = map;
    struct entry e;

    for (unsigned i = 0; next_entry(&m, &e); i++) {
        if (i == BOOT_MAP_MAX)
            return "the memory map has more than 512 entries";
        if (e.type == MAP_USABLE)
            regions_add(&b->memory, e.base, e.end);
    }
    for (m = map; next_entry(&m, &e);) {
        if (e.type != MAP_USABLE)
            regions_remove(&b->memory, e.base, e.end);
        if (e.type == MAP_ACPI)
            regions_add(&b->acpi, e.base, e.end);
    }
    b->total = regions_bytes(&b->memory);
    regions_align(&b->memory, PAGE);
    b->free = b->memory;
    if (b->memory.n == 0)
        return "the memory map has no usable memory";
    return NULL;
}

const char *boot_cmdline_read(struct boot_info *b, struct span s,
                              bool with_path)
{
    const uint8_t *end = memchr(s.p, 0, s.n);
    const char *wrong;

    if (end)
        s.n = (size_t)(end - s.p);
    wrong = cmdline_split(&b->cmdline, with_path ? cmdline_without_path(s) : s);
    b->misused = wrong != NULL;
    return wrong;
}

const char *boot_cmdline_at(struct boot_info *b, const struct phys *m,
                            uint64_t text, bool with_path)
{
    size_t n = BOOT_CMDLINE_BYTES_MAX;
    struct span s;
    bool ends;

    if (text == 0)
        return NULL;
    if (text < m->size && m->size - text < n)
        n = (size_t)(m->size - text);
    s = phys_at(m, text, n);
    if (s.n == 0)
        return "the command line lies outside of memory";
    ends = memchr(s.p, 0, s.n);
    if (!ends && n < BOOT_CMDLINE_BYTES_MAX)
        return "the command line has no end";
    /* Else it is longer than what is taken, which is said with the path. */
    return boot_cmdline_read(b, s, with_path && ends);
}

const char *boot_info_read(struct boot_info *b, const struct phys *m,
                           uint32_t eax, uint32_t ebx, uint32_t esp)
{
    struct span head = phys_at(m, ebx, 8);

    if (eax != MULTIBOOT1_MAGIC && eax != MULTIBOOT2_MAGIC &&
        (head.n == 0 || le32(head.p) != PVH_MAGIC) && openbsd_is(m, esp)) {
        b->protocol = BOOT_OPENBSD;
        return openbsd_read(b, m, esp);
    }
    if (head.n == 0)
        return "the boot information lies outside of memory";
    /* First, for qboot leaves a multiboot magic in %eax. */
    if (le32(head.p) == PVH_MAGIC) {
        b->protocol = BOOT_PVH;
        return pvh_read(b, m, ebx);
    }
    if (eax == MULTIBOOT2_MAGIC) {
        b->protocol = BOOT_MULTIBOOT2;
        return multiboot2_read(b, m, ebx);
    }
    if (eax == MULTIBOOT1_MAGIC) {
        b->protocol = BOOT_MULTIBOOT1;
        return multiboot1_read(b, m, ebx);
    }
    return "the boot loader speaks neither multiboot nor PVH";
}
