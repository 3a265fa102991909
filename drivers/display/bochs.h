/* SPDX-License-Identifier: ISC */
/*
 * bochs.h - the VBE extension of Bochs: QEMU's -vga std, bochs-display.
 */
#ifndef DISPLAY_BOCHS_H
#define DISPLAY_BOCHS_H

#include <display/linear.h>

/* The registers, wherever they are: pci.c has those of a card. */
struct bochs_regs {
    uint16_t (*read)(struct bochs_regs *, unsigned index);
    void (*write)(struct bochs_regs *, unsigned index, uint16_t);
};

/*
 * Set a mode of 32 bits a pixel and show from the start of the card's memory,
 * of which `bytes` can be reached.  NULL, or why not, in half a sentence; then
 * the card is as it was, or shows nothing.
 */
MUST_USE const char *bochs_start(struct bochs_regs *, uint32_t width,
                                 uint32_t height, uint64_t bytes);

#endif
