/* SPDX-License-Identifier: ISC */
/*
 * site.h - the site that the servers of these tests have: a route for each
 * kind of answer, and what its handlers saw.
 */
#ifndef HTTP_SITE_H
#define HTTP_SITE_H

#include "rig.h"

/* What follows a request's target. */
#define END       " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_ECHO "POST /echo HTTP/1.1\r\nHost: a\r\n"

struct site {
    char big[200000];              /* the body of /big, letters */
    uint64_t took;                 /* bytes of bodies */
    unsigned gone;                 /* calls of `gone` */
    struct http_exchange *waiting; /* the last on /later */
    uint64_t asked[64];            /* by /long */
    unsigned nasked;
    char order[200]; /* the last letters of paths that /show was asked for */
    unsigned norder;
};
extern struct site site;
extern const struct http_config site_config;

/* A server with that site, and what is in `site` anew; or one with another
 * configuration; or with a client. */
void site_start(struct rig *);
void site_start_with(struct rig *, const struct http_config *);
struct client *site_start_one(struct rig *);

#endif
