/* SPDX-License-Identifier: ISC */
/*
 * key_log.h - the log and the keys: what is said of them, and what they say of
 * it.
 */
#ifndef BOOT_KEY_LOG_H
#define BOOT_KEY_LOG_H

#include <billet/app.h>

/* Says what is wrong, and ends the boot. */
_Noreturn void key_log_refuse(struct env *, const char *error);
/* What --logs says is in force. */
void key_log_levels(struct env *);
/* Which keys were given, by that source alone unless it is NULL. */
void key_log_given(struct env *, const char *source);

#endif
