/* SPDX-License-Identifier: ISC */
/*
 * relocate.h - see relocate.c; entry.S calls it once.
 */
#ifndef BOOT_RELOCATE_H
#define BOOT_RELOCATE_H

#include <billet/base.h>

/* Add `moved_by` to every pointer in the image's own data. */
void relocate(uint64_t moved_by);

/* The same by a list of one's own. */
void relocate_words(const uint64_t *word, const uint64_t *end,
                    uint64_t moved_by);

#endif
