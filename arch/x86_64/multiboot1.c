/* SPDX-License-Identifier: ISC */
/*
 * multiboot1.c - what a Multiboot 1 loader says: QEMU's -kernel, GRUB, iPXE.
 */
#include "bootinfo.h"

enum {
    INFO_BYTES = 88,             /* up to the framebuffer */
    INFO_FRAMEBUFFER_BYTES = 110 /* with it */
};
enum { /* flags: which fields hold */
       HAS_MEM = 1 << 0,
       HAS_CMDLINE = 1 << 2,
       HAS_MODULES = 1 << 3,
       HAS_MAP = 1 << 6,
       HAS_LOADER = 1 << 9,
       HAS_FRAMEBUFFER = 1 << 12
};
enum { FRAMEBUFFER_TEXT = 2 };

/* GRUB 2 leaves out the image's path, which the others put first. */
static bool has_path(const struct phys *m, const uint8_t *info, uint32_t flags)
{
    struct span name = {0};

    if (flags & HAS_LOADER)
        name = phys_at(m, le32(info + 64), 5);
    return !span_eq(name, SPAN("GRUB "));
}

static const char *read_modules(struct boot_info *b, const struct phys *m,
                                uint32_t count, uint32_t at)
{
    struct span mods;

    if (count == 0)
        return NULL;
    if (count > BOOT_MODULES_MAX)
        return "there are more than 64 modules";
    mods = phys_at(m, at, (size_t)count * 16);
    if (mods.n == 0)
        return "the list of modules lies outside of memory";
    regions_remove(&b->free, at, at + mods.n);
    for (size_t i = 0; i < mods.n; i += 16)
        boot_module_add(b, le32(mods.p + i), le32(mods.p + i + 4));
    return NULL;
}

static const char *read_map(struct boot_info *b, const struct phys *m,
                            const uint8_t *info, uint32_t flags)
{
    struct boot_map map = {0};

    if (flags & HAS_MAP && le32(info + 44) > 0)
        map.entries = phys_at(m, le32(info + 48), le32(info + 44));
    if (map.entries.n > 0) {
        const char *wrong = boot_map_read(b, map);

        regions_remove(&b->free, le32(info + 48),
                       (uint64_t)le32(info + 48) + le32(info + 44));
        return wrong;
    }
    if (!(flags & HAS_MEM))
        return "the boot loader gave no memory map";
    /* Two sizes in KiB: from 0 and from 1 MiB on. */
    regions_add(&b->memory, 0, (uint64_t)(le32(info + 4) & 0x3ff) << 10);
    regions_add(&b->memory, 1 << 20,
                ((uint64_t)le32(info + 8) << 10) + (1 << 20));
    b->total = regions_bytes(&b->memory);
    b->free = b->memory;
    return NULL;
}

const char *multiboot1_read(struct boot_info *b, const struct phys *m,
                            uint64_t at)
{
    struct span s = phys_at(m, at, INFO_BYTES);
    const char *wrong;
    uint32_t flags;

    if (s.n == 0)
        return "the boot information lies outside of memory";
    flags = le32(s.p);
    if ((wrong = read_map(b, m, s.p, flags)))
        return wrong;
    regions_remove(&b->free, at, at + INFO_FRAMEBUFFER_BYTES);
    if (flags & HAS_MODULES &&
        (wrong = read_modules(b, m, le32(s.p + 20), le32(s.p + 24))))
        return wrong;
    if (flags & HAS_FRAMEBUFFER) {
        struct span more = phys_at(m, at, INFO_FRAMEBUFFER_BYTES);

        if (more.n > 0)
            b->display = more.p[109] == FRAMEBUFFER_TEXT ? DISPLAY_TEXT
                                                         : DISPLAY_GRAPHICS;
    }
    if (!(flags & HAS_CMDLINE))
        return NULL;
    return boot_cmdline_at(b, m, le32(s.p + 16), has_path(m, s.p, flags));
}
