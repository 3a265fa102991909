/* SPDX-License-Identifier: ISC */
/*
 * watchdog.h - ends an image that hangs, by --watchdog.
 */
#ifndef BOOT_WATCHDOG_H
#define BOOT_WATCHDOG_H

#include <billet/app.h>

/* False: it is wanted, and there is none; the log says so. */
MUST_USE bool watchdog_up(struct env *);

#endif
