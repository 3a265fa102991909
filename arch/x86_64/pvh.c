/* SPDX-License-Identifier: ISC */
/*
 * pvh.c - what a PVH loader says: QEMU's microvm, Xen, cloud-hypervisor.
 */
#include "bootinfo.h"

enum {
    INFO_MIN_BYTES = 40,
    INFO_BYTES = 56,
    MODULE_BYTES = 32,
    ENTRY_BYTES = 24
};

static const char *read_modules(struct boot_info *b, const struct phys *m,
                                uint32_t count, uint64_t at)
{
    struct span mods;

    if (count == 0)
        return NULL;
    if (count > BOOT_MODULES_MAX)
        return "there are more than 64 modules";
    mods = phys_at(m, at, (size_t)count * MODULE_BYTES);
    if (mods.n == 0)
        return "the list of modules lies outside of memory";
    regions_remove(&b->free, at, at + mods.n);
    for (size_t i = 0; i < mods.n; i += MODULE_BYTES) {
        uint64_t base = le64(mods.p + i), n = le64(mods.p + i + 8);

        boot_module_add(b, base, n > UINT64_MAX - base ? UINT64_MAX : base + n);
    }
    return NULL;
}

/* A map came with version 1; Xen's first domain and older ones ask for it. */
static const char *read_map(struct boot_info *b, const struct phys *m,
                            struct span s)
{
    struct boot_map map = {.stride = ENTRY_BYTES};
    const char *wrong;

    if (le32(s.p + 4) < 1 || le32(s.p + 48) == 0) {
        if (b->map.n == 0)
            return "the boot loader gave no memory map";
        return boot_map_read(b, (struct boot_map){b->map, BOOT_ENTRY_BYTES});
    }
    if (le32(s.p + 48) > BOOT_MAP_MAX)
        return "the memory map has more than 512 entries";
    map.entries =
        phys_at(m, le64(s.p + 40), (size_t)le32(s.p + 48) * ENTRY_BYTES);
    if (map.entries.n == 0)
        return "the memory map lies outside of memory";
    if ((wrong = boot_map_read(b, map)))
        return wrong;
    regions_remove(&b->free, le64(s.p + 40), le64(s.p + 40) + map.entries.n);
    return NULL;
}

const char *pvh_read(struct boot_info *b, const struct phys *m, uint64_t at)
{
    struct span s = phys_at(m, at, INFO_MIN_BYTES);
    const char *wrong;

    if (s.n && le32(s.p + 4) >= 1)
        s = phys_at(m, at, INFO_BYTES);
    if (s.n == 0)
        return "the boot information lies outside of memory";
    if ((wrong = read_map(b, m, s)))
        return wrong;
    regions_remove(&b->free, at, at + INFO_BYTES);
    if ((wrong = read_modules(b, m, le32(s.p + 12), le64(s.p + 16))))
        return wrong;
    b->rsdp = le64(s.p + 32);
    return boot_cmdline_at(b, m, le64(s.p + 24), false);
}
