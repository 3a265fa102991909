/* SPDX-License-Identifier: ISC */
/*
 * syslog.h - see syslog.c.
 */
#ifndef BOOT_SYSLOG_H
#define BOOT_SYSLOG_H

#include <billet/app.h>

/* What puts TLS on the connection: syslog_tls.c's. */
struct syslog_secure {
    uint32_t (*bytes)(const struct env *); /* of the application's arena */
    struct tls *(*make)(struct env *, const char **why);
    enum err (*connect)(struct tls *, struct stream *lower, const char *host,
                        struct stream **out);
    const char *(*failure)(const struct stream *);
};
extern const struct syslog_secure *const boot_syslog_secure; /* NULL: none */

/* Adds what TLS wants. */
void syslog_wish(const struct env *, struct limits *);
/* Sends the log to where --syslog says; nothing without that key.  False: it
 * cannot be done, and the log says why. */
bool syslog_up(struct env *);
/* Whether a line is about to leave. */
bool syslog_busy(void);

#endif
