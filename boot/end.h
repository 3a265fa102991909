/* SPDX-License-Identifier: ISC */
/*
 * end.h - turns of the loop, and the last of them.
 */
#ifndef BOOT_END_H
#define BOOT_END_H

#include <billet/app.h>

/* A wake-up that comes after it was taken here ends boot_rest() at once, so
 * none is lost; what a turn leaves undone is in the loop's deadline. */
void boot_turn(struct env *, ns_t now);
void boot_rest(struct env *, ns_t now, ns_t until);

/* The owner wants the end: the application and its connections come to
 * theirs.  boot_end() follows. */
void boot_stop(struct env *);

/* What the network lent us is given back, disks are flushed, and off. */
_Noreturn void boot_end(struct env *);

#endif
