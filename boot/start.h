/* SPDX-License-Identifier: ISC */
/*
 * start.h - where a machine hands over to the image.
 */
#ifndef BOOT_START_H
#define BOOT_START_H

/* The machine stands: stack, memory, console, clock, arguments.  Called once,
 * by arch/. */
_Noreturn void billet_main(void);

#endif
