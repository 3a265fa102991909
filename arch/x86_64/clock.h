/* SPDX-License-Identifier: ISC */
/*
 * clock.h - the parts of the clock that machine.c uses; machine_now() and
 * machine_wait() are its face.
 */
#ifndef X86_64_CLOCK_H
#define X86_64_CLOCK_H

#include <billet/base.h>

/* Find out how fast things run.  `first_tsc` is time zero.  Sleeps for 2 ms
 * when nothing but measuring tells. */
void clock_start(uint64_t first_tsc);

#endif
