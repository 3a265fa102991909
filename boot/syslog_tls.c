/* SPDX-License-Identifier: ISC */
/*
 * syslog_tls.c - the log to a server over TLS (RFC 5425), for images that have
 * TLS: apps/meson.build links this into them as a whole.
 *
 * The server must have the name, or the address, that --syslog says.
 */
#include <billet/trust.h>

#include "syslog.h"

KEY_STRING(syslog_trust, "syslog-trust", "BASE64", NULL,
           "roots that the log server must lead to: base64 of PEM or of DER "
           "(default: the file `syslog-trust`, else as --trust)");

/* The one before, and what is left of it while it is closed. */
enum { SYSLOG_SESSIONS = 3 };

static const struct trust_config config = {.sessions = SYSLOG_SESSIONS,
                                           .labels = "side=\"syslog\"",
                                           .key = &key_syslog_trust,
                                           .file = "syslog-trust"};

static uint32_t bytes(const struct env *env)
{
    return trust_bytes(env, &config);
}

static struct tls *make(struct env *env, const char **why)
{
    return trust_client(env, &config, why);
}

static const struct syslog_secure secure = {.bytes = bytes,
                                            .make = make,
                                            .connect = tls_connect,
                                            .failure = tls_failure};
const struct syslog_secure *const boot_syslog_secure = &secure;
