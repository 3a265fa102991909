/* SPDX-License-Identifier: ISC */
/*
 * openbsd.c - what OpenBSD's vmd says when it boots an ELF file itself (-b, or
 * `boot` in vm.conf), as OpenBSD's own boot program does: eight words on the
 * stack, and a list of blocks.
 */
#include "bootinfo.h"

#include <base/fmt.h>

enum {
    /* On the stack, behind the place of a return address. */
    API = 12,
    LIST_BYTES = 28,
    LIST = 32,
    STACK_BYTES = 36,
    API_LIST = 1 << 1, /* a list of blocks, ... */
    API_MAP = 1 << 3,  /* ... in which the memory map counts bytes */
    LIST_BYTES_MAX = 1 << 16,
    /* A block: its kind, its size with this head, and where the next one is,
     * which the size says, too. */
    HEAD_BYTES = 12,
    BLOCKS_MAX = 64,
    KIND_MAP = 0,
    MAP_ENTRY_BYTES = 20 /* base, length, type; type 0 ends it */
};
#define KIND_END 0xffffffffu

/* The memory map's entries; empty when there is none. */
static struct span find_map(struct span list)
{
    struct span none = {0};

    for (unsigned i = 0; i < BLOCKS_MAX && list.n >= HEAD_BYTES; i++) {
        uint32_t kind = le32(list.p), n = le32(list.p + 4);

        if (kind == KIND_END || n < HEAD_BYTES || n > list.n)
            return none;
        if (kind == KIND_MAP)
            return (struct span){list.p + HEAD_BYTES, n - HEAD_BYTES};
        list = (struct span){list.p + n, list.n - n};
    }
    return none;
}

bool openbsd_is(const struct phys *m, uint64_t stack)
{
    struct span s = phys_at(m, stack, STACK_BYTES);

    return s.n > 0 && (le32(s.p + API) & ~0xfu) == 0 &&
           (le32(s.p + API) & (API_LIST | API_MAP)) == (API_LIST | API_MAP);
}

const char *openbsd_read(struct boot_info *b, const struct phys *m,
                         uint64_t stack)
{
    struct span s = phys_at(m, stack, STACK_BYTES), list = {0};
    struct boot_map map = {.stride = MAP_ENTRY_BYTES};
    uint32_t n = le32(s.p + LIST_BYTES), at = le32(s.p + LIST);
    const char *wrong;
    size_t end = 0;

    if (n > 0 && n <= LIST_BYTES_MAX)
        list = phys_at(m, at, n);
    if (list.n == 0)
        return "the boot arguments lie outside of memory";
    map.entries = find_map(list);
    while (end + MAP_ENTRY_BYTES <= map.entries.n &&
           le32(map.entries.p + end + 16) != 0)
        end += MAP_ENTRY_BYTES;
    map.entries.n = end;
    if (end == 0)
        return "the boot loader gave no memory map";
    if ((wrong = boot_map_read(b, map)))
        return wrong;
    regions_remove(&b->free, at, (uint64_t)at + n);
    return boot_cmdline_read(b, SPAN(""), false);
}
