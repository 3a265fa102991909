/* SPDX-License-Identifier: ISC */
/*
 * hosted.h - what main() and a test of the machine itself call.
 */
#ifndef HOSTED_H
#define HOSTED_H

/* Before anything else of machine.h.  `args` is NULL-terminated, without the
 * program's name; it stays. */
void hosted_init(const char *const *args);

#endif
