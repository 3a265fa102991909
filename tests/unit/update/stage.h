/* SPDX-License-Identifier: ISC */
/*
 * stage.h - an image with two slots on a disk in memory, clients that send it
 * files, and an owner who signs them.
 */
#ifndef STAGE_H
#define STAGE_H

#include <loop/loop_impl.h>
#include <update/update_impl.h>

enum { SLOT_BYTES = 8192, FILE_MAX = UPDATE_HEADER_BYTES + 2 * SLOT_BYTES };

/* One request. */
struct http_exchange {
    uint64_t state[HTTP_STATE_BYTES / 8];
    http_body_fn *body;
    void (*ready)(struct http_exchange *, void *);
    void (*gone)(void *);
    void *user;
    bool secure;
    unsigned status; /* 0: no answer yet */
    char text[128];
};

struct stage {
    struct update u;
    struct env env;
    struct loop loop;
    struct manifest manifest;
    uint8_t slot[2][SLOT_BYTES], block[512];
    unsigned writes, fibers; /* to come */
    bool disk_fails, no_fibers, ready;
    void (*run)(struct env *, void *);
    void *arg;
};
extern struct stage stage;

/* Slot a is kept and runs; the highest sequence is 100. */
void stage_start(void);

/* A file as `billet sign` makes it, for sequence 101 and application "shop";
 * `change` is bits to flip in byte `at`, before it is signed. */
struct offer {
    const char *name;
    uint64_t sequence;
    size_t bytes;   /* of the image */
    bool other_key; /* signed by somebody else */
};
size_t stage_sign(uint8_t out[FILE_MAX], const struct offer *);

void stage_begin(struct http_exchange *, enum http_method);
void stage_send(struct http_exchange *, const uint8_t *p, size_t n);
void stage_end(struct http_exchange *);
/* All three, in pieces of so many bytes; the status. */
unsigned stage_put(struct http_exchange *, const uint8_t *p, size_t n,
                   size_t piece);

/* Runs the fiber that was spawned, if any, to its end. */
void stage_fiber(void);

#endif
