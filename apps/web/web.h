/* SPDX-License-Identifier: ISC */
/*
 * web.h - what the files of the web server share.
 */
#ifndef WEB_H
#define WEB_H

#include <billet/app.h>
#include <billet/http.h>

enum {
    NOISE_BYTES = 65521, /* prime: no two equal stretches line up */
    JSON_BYTES = 1280
};

struct acme;
struct update;

struct web {
    struct env *env;
    struct acme *acme;      /* NULL: without */
    struct update *update;  /* NULL: without */
    struct http_reply echo; /* of /transmit */
    uint8_t *noise;         /* NOISE_BYTES, made when first asked for */
    bool noise_made;
    bool serving;    /* all that it listens on is open */
    ns_t json_until; /* `json` is fresh enough until then */
    size_t json_n;
    char json[JSON_BYTES];
};

/* secure.c or plain.c: by HTTP and HTTPS, or built without TLS. */
enum err web_serve(struct web *, const struct http_config *);
void web_wish(const struct env *, struct limits *);

/* Made by bake.py of the folder that the build was given. */
extern const struct http_site web_site;

http_handler web_status, web_random, web_challenge;

#endif
