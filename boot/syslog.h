/* SPDX-License-Identifier: ISC */
/*
 * syslog.h - see syslog.c.
 */
#ifndef BOOT_SYSLOG_H
#define BOOT_SYSLOG_H

#include <billet/app.h>

/* Sends the log to where --syslog says; nothing without that key. */
void syslog_up(struct env *);
/* Whether a line is about to leave. */
bool syslog_busy(void);

#endif
