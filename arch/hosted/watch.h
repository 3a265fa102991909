/* SPDX-License-Identifier: ISC */
/*
 * watch.h - descriptors whose readiness wakes machine_wait(): the interrupts
 * of a process.  For drivers/host.
 */
#ifndef HOSTED_WATCH_H
#define HOSTED_WATCH_H

#include <stdbool.h>

enum { WATCHES_MAX = 16 };

/* Wake up whenever `fd` is readable.  False when WATCHES_MAX are watched. */
__attribute__((warn_unused_result)) bool machine_watch(int fd);
/* Wake up also, or no more, when a watched `fd` is writable. */
void machine_watch_writable(int fd, bool on);
void machine_unwatch(int fd);

#endif
