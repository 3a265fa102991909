/* SPDX-License-Identifier: ISC */
/*
 * start.h - where a machine hands over to the image.
 */
#ifndef BOOT_START_H
#define BOOT_START_H

/* The machine stands: stack, memory, console, clock, arguments.  Called once,
 * by arch/. */
_Noreturn void billet_main(void);

/* Before the lines that say why there is an end, maybe before devices were
 * looked for: a console that is one of them hears them, too. */
void billet_last_words(void);

/* The start has failed.  What the disk had before comes back, where this is the
 * first time that it is booted. */
_Noreturn void billet_fail(int status);

#endif
