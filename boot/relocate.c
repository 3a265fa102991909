/* SPDX-License-Identifier: ISC */
/*
 * relocate.c - turn the image's link-time addresses into run-time ones.
 *
 * The linker packs them as RELR: an even word is an address that holds a
 * pointer; an odd word is a bit map of which of the 63 words behind the last
 * one hold pointers, too.  image.ld refuses every other kind of relocation.
 *
 * Runs before anything is relocated, so it uses nothing that needs it.
 */
#include "relocate.h"

extern const uint64_t relr_start[], relr_end[];

void relocate_words(const uint64_t *word, const uint64_t *end,
                    uint64_t moved_by)
{
    uint64_t *at = NULL;

    for (; word < end; word++) {
        if (!(*word & 1)) {
            at = (uint64_t *)(uintptr_t)(*word + moved_by);
            *at++ += moved_by;
            continue;
        }
        for (unsigned bit = 1; bit < 64; bit++)
            if (*word >> bit & 1)
                at[bit - 1] += moved_by;
        at += 63;
    }
}

void relocate(uint64_t moved_by)
{
    if (moved_by) /* else the link-time addresses are in place already */
        relocate_words(relr_start, relr_end, moved_by);
}
