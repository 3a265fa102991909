/* SPDX-License-Identifier: ISC */
/*
 * rig.h - a client and a server on a pipe, on virtual time, with certificates
 * from tests/certs.
 */
#ifndef RIG_H
#define RIG_H

#include <base/clock.h>
#include <billet/tls.h>
#include <check.h>
#include <loop/loop_impl.h>
#include <stream/pipe.h>
#include <string.h>
#include <tls_impl.h>

#define WALL_S UINT64_C(1792000000) /* October 2026 */
enum { GOT_BYTES = 1 << 20, MEMORY_BYTES = 48 << 20 };

struct side {
    struct stream *s;
    unsigned seen;
    enum err error; /* when it closed */
    bool deaf;      /* reads nothing */
    bool keep;      /* does not release when it closes */
    char failure[TLS_FAILURE_BYTES];
    size_t n;
    uint8_t got[GOT_BYTES];
};

struct rig {
    struct loop loop;
    struct env env;
    struct clock clock;
    struct arena arena;
    ns_t now;
    struct tls *tls_client, *tls_server;
    struct side client, server;
    struct pipe pipe;
    uint8_t to_client[16384], to_server[16384];
    uint8_t memory[MEMORY_BYTES];
};

extern struct rig rig;

/* A file of tests/certs; empty, and the test failed, when there is none. */
struct span rig_file(const char *name);
/* "NAME.crt" and "NAME.key". */
struct tls_identity rig_identity(const char *name);
/* Everything anew; either may be NULL: the usual side. */
void rig_start(const struct tls_config *client,
               const struct tls_config *server);
struct tls_config rig_client(void); /* trusts ca.crt */
struct tls_config rig_server(void); /* has server-p256 */
/* A pipe with such buffers, and both ends wrapped; they have not shaken hands.
 */
void rig_connect(const char *host, size_t room);
/* Turns of the loop, until there is nothing to do. */
void rig_run(void);
/* Time passes. */
void rig_sleep(ns_t);
/* Start, connect as "localhost" by the usual buffers, run. */
void rig_shake(const struct tls_config *client,
               const struct tls_config *server);
bool rig_both_open(void);
void rig_open(void); /* fails, with the reason, if they are not */
/* Both sides close as they should; all of their memory is back. */
void rig_end(void);
/* Nobody has anything any more. */
void rig_quiet(void);

#endif
