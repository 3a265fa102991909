/* SPDX-License-Identifier: ISC */
/*
 * multiboot2.c - what a Multiboot 2 loader says: GRUB on BIOS and UEFI.
 */
#include "bootinfo.h"

enum tag {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_MODULE = 3,
    TAG_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI32 = 11,
    TAG_EFI64 = 12,
    TAG_RSDP1 = 14,
    TAG_RSDP2 = 15,
    TAG_EFI_MAP = 17
};
enum { TAG_HEAD = 8, FRAMEBUFFER_TEXT = 2, FRAMEBUFFER_TYPE_AT = 29 };

static const char *read_map(struct boot_info *b, struct span tag)
{
    struct boot_map map;

    if (tag.n < 16 || le32(tag.p + 8) < 20)
        return "the memory map is broken";
    map.entries = (struct span){tag.p + 16, tag.n - 16};
    map.stride = le32(tag.p + 8);
    return boot_map_read(b, map);
}

/* What may stand anywhere, in any order.  `at` is the tag's address. */
static const char *read_tag(struct boot_info *b, struct span tag, uint64_t at)
{
    switch (le32(tag.p)) {
    case TAG_CMDLINE:
        return boot_cmdline_read(
            b, (struct span){tag.p + TAG_HEAD, tag.n - TAG_HEAD}, false);
    case TAG_FRAMEBUFFER:
        b->framebuffer = at;
        if (tag.n > FRAMEBUFFER_TYPE_AT)
            b->display = tag.p[FRAMEBUFFER_TYPE_AT] == FRAMEBUFFER_TEXT
                             ? DISPLAY_TEXT
                             : DISPLAY_GRAPHICS;
        return NULL;
    case TAG_EFI64:
        if (tag.n >= 16)
            b->efi_table = le64(tag.p + TAG_HEAD);
        b->efi = true;
        return NULL;
    case TAG_EFI32:
    case TAG_EFI_MAP:
        b->efi = true;
        return NULL;
    case TAG_RSDP1:
        if (b->rsdp == 0) /* the newer one is better */
            b->rsdp = at + TAG_HEAD;
        return NULL;
    case TAG_RSDP2:
        b->rsdp = at + TAG_HEAD;
        return NULL;
    default:
        return NULL;
    }
}

/* The next tag; empty at the end.  False when the list is broken. */
static bool next_tag(struct span *rest, struct span *tag)
{
    uint32_t size, step;

    *tag = (struct span){0};
    if (rest->n < TAG_HEAD)
        return false;
    size = le32(rest->p + 4);
    if (size < TAG_HEAD || size > rest->n)
        return false;
    if (le32(rest->p) == TAG_END)
        return true;
    *tag = (struct span){rest->p, size};
    step = (size + 7) & ~7u;
    if (step > rest->n)
        return false;
    *rest = (struct span){rest->p + step, rest->n - step};
    return true;
}

/* First the map, for the rest takes away from it. */
static const char *read_tags(struct boot_info *b, struct span tags, uint64_t at,
                             bool map_only)
{
    struct span rest = tags, tag;
    const char *wrong;

    for (unsigned i = 0;; i++) {
        if (i == BOOT_TAGS_MAX || !next_tag(&rest, &tag))
            return "the boot information is broken";
        if (tag.n == 0)
            return NULL;
        if (map_only && le32(tag.p) == TAG_MAP && b->total == 0 &&
            (wrong = read_map(b, tag)))
            return wrong;
        if (!map_only && le32(tag.p) == TAG_MODULE && tag.n >= 16)
            boot_module_add(b, le32(tag.p + 8), le32(tag.p + 12));
        if (!map_only &&
            (wrong = read_tag(b, tag, at + (size_t)(tag.p - tags.p))))
            return wrong;
    }
}

const char *multiboot2_read(struct boot_info *b, const struct phys *m,
                            uint64_t at)
{
    struct span s = phys_at(m, at, 8);
    const char *wrong;
    uint32_t size;

    if (s.n == 0)
        return "the boot information lies outside of memory";
    size = le32(s.p);
    if (size < 16 || size > BOOT_INFO_BYTES_MAX)
        return "the boot information is broken";
    s = phys_at(m, at, size);
    if (s.n == 0)
        return "the boot information lies outside of memory";
    s = (struct span){s.p + 8, s.n - 8};
    if ((wrong = read_tags(b, s, at + 8, true)))
        return wrong;
    if (b->total == 0)
        return "the boot loader gave no memory map";
    regions_remove(&b->free, at, at + size);
    return read_tags(b, s, at + 8, false);
}
