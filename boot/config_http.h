/* SPDX-License-Identifier: ISC */
/*
 * config_http.h - one question to a metadata service.
 */
#ifndef BOOT_CONFIG_HTTP_H
#define BOOT_CONFIG_HTTP_H

#include <billet/app.h>
#include <proto/http1.h>

enum {
    ASK_ANSWER_BYTES = 65536, /* head and body; beyond: refused */
    ASK_REQUEST_BYTES = 1024
};

struct ask {
    struct env *env;
    struct fstream fs; /* its timeout holds for each step */
    struct http1_head head;
    char request[ASK_REQUEST_BYTES];
    uint8_t answer[ASK_ANSWER_BYTES];
};

/* What is asked. */
struct ask_for {
    struct ipaddr service;
    uint16_t from; /* our port; 0: any */
    const char *method, *path;
    const char *fields;       /* lines with their CRLF; or NULL */
    const char *name, *value; /* one more: "Token: ", and its value; or NULL */
};

/* Waits.  The status of the answer, 0: there was none; `body` is within `a`.
 * Redirects are not followed. */
unsigned ask(struct ask *a, const struct ask_for *, struct span *body);

#endif
