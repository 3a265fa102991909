/* SPDX-License-Identifier: ISC */
/*
 * update_impl.h - what the files of lib/update share.
 *
 *     update.c   keys, start
 *     take.c     a request with an image: header, signature, then the image
 *     install.c  from memory to the other slot, and the restart
 *     trial.c    whether this image is kept
 */
#ifndef UPDATE_IMPL_H
#define UPDATE_IMPL_H

#include <billet/log.h>
#include <billet/update.h>
#include <billet/x509.h>
#include <entropy/sha256.h>

#include "header.h"
#include "slots.h"

#define UPDATE_METRICS(M)                                                      \
    M(COUNTER, installed, "", "Images written, and to be tried")               \
    M(COUNTER, refused, "", "Images refused")                                  \
    M(COUNTER, kept, "", "Trials that ended well")                             \
    M(GAUGE, trial, "", "1 while this image is on trial")                      \
    M(GAUGE, sequence, "", "The highest sequence that was taken")
METRICS_STRUCT(update, UPDATE_METRICS);

enum update_state {
    UPDATE_IDLE,
    UPDATE_TAKING,     /* `owner` sends one */
    UPDATE_INSTALLING, /* all is in memory; a fiber writes it */
    UPDATE_RESTARTING
};

/* Why an image is not taken; NULL text: it is. */
struct update_no {
    unsigned status;
    const char *text;
};

struct update {
    struct env *env;
    struct update_config config;
    struct update_metrics m;
    struct slots slots;
    struct boot_block block; /* as on the disk */
    unsigned running;        /* the slot that this image came from */
    bool has_slots, has_key, trial, keeping;
    uint8_t key[X509_ED25519_BYTES];
    struct timer timer; /* of the trial, then of the restart */
    ns_t until;         /* of the trial */

    enum update_state state;
    struct http_exchange *owner; /* NULL: it has gone */
    uint8_t raw[UPDATE_HEADER_BYTES];
    size_t raw_n, got;
    struct update_header header;
    bool trusted; /* the header is signed */
    struct update_no no;
    struct sha256 hash;
    struct mspan memory, work;
};

void update_install(struct update *);
void update_trial(struct update *);
bool update_is_ready(const struct update *);

#endif
