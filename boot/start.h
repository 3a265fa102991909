/* SPDX-License-Identifier: ISC */
/*
 * start.h - where a machine hands over to the image.
 */
#ifndef BOOT_START_H
#define BOOT_START_H

/* The machine stands: stack, memory, console, clock, arguments.  Called once,
 * by arch/. */
_Noreturn void billet_main(void);

/* The start has failed.  What the disk had before comes back, where this is the
 * first time that it is booted. */
_Noreturn void billet_fail(int status);

#endif
