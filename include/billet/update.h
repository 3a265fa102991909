/* SPDX-License-Identifier: ISC */
/*
 * update.h - an application that takes its own successor over HTTPS, on a disk
 * with two slots (docs/update.md).
 *
 *     update_start(env, &(struct update_config){.ready = serves}, &update);
 *     {.path = "/update", .methods = HTTP_GET | HTTP_PUT | HTTP_POST,
 *      .handle = ..., .body_max = UPDATE_FILE_MAX}     update_answer()
 *     {.path = "/readyz", .methods = HTTP_GET, ...}    update_readyz()
 *
 * What was booted for the first time is kept once `ready` says yes; when it has
 * not after so many seconds (--confirm), or falls over, the machine starts
 * again with what it had before.
 */
#ifndef BILLET_UPDATE_H
#define BILLET_UPDATE_H

#include <billet/app.h>
#include <billet/http.h>

enum {
    UPDATE_IMAGE_MAX = 4 << 20, /* bytes of an application in a slot */
    UPDATE_HEADER_BYTES = 256,  /* before it in the file that is sent */
    UPDATE_FILE_MAX = UPDATE_HEADER_BYTES + UPDATE_IMAGE_MAX
};

struct update;

struct update_config {
    bool (*ready)(void *user); /* whether it serves; NULL: always */
    void *user;
};

/* What it takes of the arena, and its fibers: for a BILLET_NET_APP_WISH().
 * Nothing when the boot loader named no slot. */
void update_wish(const struct env *, struct limits *);

/* On the fiber of start(), which may wait: the last thing there that takes of
 * the arena.  Not OK: the log says why. */
MUST_USE enum err update_start(struct env *, const struct update_config *,
                               struct update **out);

/* A PUT or POST of a signed image; GET says what is in force.  404 where there
 * are no slots, or no key to check signatures with. */
void update_answer(struct update *, struct http_exchange *,
                   const struct http_request *);

/* 200 once ready, 503 before. */
void update_readyz(struct update *, struct http_exchange *);

#endif
