/* SPDX-License-Identifier: ISC */
/*
 * console.h - the two places where text goes: COM1 and the VGA text screen.
 */
#ifndef X86_64_CONSOLE_H
#define X86_64_CONSOLE_H

#include "bootinfo.h"

/* 115200 baud, 8 bits, no parity, one stop bit; nothing when there is none. */
void serial_start(void);
void serial_write(struct span text);
/* Wait until all of it is on the line: before the power goes. */
void serial_finish(void);

/* Go on below what stands on the screen; nothing when there is no screen, or
 * one that shows graphics. */
void vga_start(enum boot_display, bool efi);
/* Once the final page tables are in force. */
void vga_remap(void);
void vga_write(struct span text);
/* No more text from here on: the card shows something else. */
void vga_stop(void);

#endif
