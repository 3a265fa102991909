/* SPDX-License-Identifier: ISC */
/*
 * client_rig.h - the HTTP client on pipes, with the test as every server.
 */
#ifndef CLIENT_RIG_H
#define CLIENT_RIG_H

#include <base/bytes.h>
#include <check.h>
#include <http/client_impl.h>
#include <loop/loop_impl.h>
#include <stream/pipe.h>

enum { RIG_LINKS = 3, RIG_DIALS = 24, RIG_BYTES = 4096, RIG_TEXT = 1 << 17 };

/* One connection that the client made, as the server sees it. */
struct rig_server {
    struct pipe pipe;
    struct stream *s; /* NULL: closed */
    bool eof;         /* the client will send no more */
    char host[256];
    uint16_t port;
    size_t n; /* bytes got */
    char got[16384];
    uint8_t to_client[RIG_BYTES], to_server[RIG_BYTES];
};

struct rig {
    struct loop loop;
    ns_t now;
    struct http_client client;
    struct http_link link[RIG_LINKS];
    unsigned dials;
    struct rig_server server[RIG_DIALS];
    enum err dial_err; /* what dialling says at once */
    bool dial_never;   /* or nothing at all */
    enum err secure_err;
    unsigned hung_up, secured;
    size_t piece;
    /* What became of the fetch. */
    unsigned done, heads;
    enum err err;
    struct http_answer answer;
    size_t take_max; /* bytes that on_body takes; then it waits */
    size_t body_n;
    char body[RIG_TEXT];
};
extern struct rig rig;

/* Zero in `config` is what the client makes of it. */
void rig_open(const struct http_client_config *config, size_t piece);
void rig_turn(void);
void rig_pass(ns_t span);
/* A fetch with the rig's callbacks. */
struct http_fetch rig_fetch(const char *url);
void rig_start(struct http_fetch *f);
/* The server says something on the n-th connection, as it has room. */
void rig_say(unsigned n, const char *text);
void rig_send(unsigned n, const void *p, size_t bytes);
void rig_hang_up(unsigned n);
void rig_abort(unsigned n);
/* Nothing is left over. */
void rig_close(void);

#endif
