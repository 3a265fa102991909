/* SPDX-License-Identifier: ISC */
/*
 * tls_world.h - for fuzzers of crypto/: a machine whose random numbers are the
 * same each time and whose clock stands still, and the files of tests/certs.
 */
#ifndef FUZZ_TLS_WORLD_H
#define FUZZ_TLS_WORLD_H

#include <billet/tls.h>
#include <tls_impl.h>

#include "input.h"

/* Random numbers from the beginning again. */
void world_begin(void);
/* A file of tests/certs, for ever. */
struct span world_file(const char *name);
/* "NAME.crt" and "NAME.key". */
struct tls_identity world_identity(const char *name);
/* A side with room for four sessions, on that loop. */
struct tls *world_side(struct loop *, const struct tls_config *);
/* What it connects with is of TLS 1.2, or the newest again. */
void world_only_1_2(struct tls *, bool old);
/* Nothing is left of any session; nothing was left in what all share. */
void world_quiet(const struct tls *, size_t shared);

struct change {
    uint8_t kind, op, value;
    uint16_t at; /* the byte */
    bool done;
};

enum { ON_THE_WAY, INSIDE, MEANWHILE, KINDS };

/* From the input; returns how many. */
unsigned world_changes(struct change *, unsigned most);
/* To byte `at`, if there is one. */
void world_change(const struct change *, uint8_t *, size_t n, size_t at);

#endif
