/* SPDX-License-Identifier: ISC */
/*
 * place.h - where an image is put; for entry.S alone.
 */
#ifndef X86_64_PLACE_H
#define X86_64_PLACE_H

#include <billet/base.h>

/* From the linker script. */
extern const uint8_t image_base[];

/*
 * Draw where to, by `first_tsc` and what else can be had.  Runs before the
 * image is relocated, for the very reason.
 *
 * Returns in the upper 32 bits how far the image is moved, a multiple of 4 GiB,
 * or 0, and in the lower ones by how many bytes the first stack begins lower.
 */
uint64_t machine_place(uint64_t first_tsc);

#endif
