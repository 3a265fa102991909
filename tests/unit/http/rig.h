/* SPDX-License-Identifier: ISC */
/*
 * rig.h - a server on virtual time, and clients at the other ends of pipes.
 */
#ifndef HTTP_RIG_H
#define HTTP_RIG_H

#include <http/http_impl.h>
#include <loop/loop_impl.h>
#include <stream/pipe.h>

enum { RIG_CLIENTS = 64, RIG_PIPE_BYTES = 4096, RIG_GOT_BYTES = 1 << 18 };

struct client {
    struct pipe pipe;
    uint8_t to_client[RIG_PIPE_BYTES], to_server[RIG_PIPE_BYTES];
    bool accepted, lazy; /* lazy: reads only by client_read() */
    bool eof, closed;
    enum err error;
    size_t n;                /* bytes got */
    char got[RIG_GOT_BYTES]; /* zero-terminated; beyond: counted only */
};

struct rig {
    struct loop loop;
    ns_t now;
    struct arena arena;
    struct http *http;
    struct client *client[RIG_CLIENTS];
    unsigned nclients;
};

extern const struct http_timeouts rig_timeouts;

/* Config and time-outs may be NULL: rig_timeouts, and no routes. */
void rig_start(struct rig *, const struct http_config *,
               const struct http_timeouts *);
/* Asserts that nothing is left over: no connection, buffer or timer. */
void rig_stop(struct rig *);
/* Turns the loop until nothing happens. */
void rig_turn(struct rig *);
/* Lets time pass, in steps that fire every timer in its turn. */
void rig_wait(struct rig *, ns_t);

/* A connection with send buffers of that size and windows of that size (0: no
 * limit) each way. */
struct client *rig_connect(struct rig *, size_t buffer, size_t window);
/* Sends as much as goes; returns how much that was. */
size_t client_send(struct rig *, struct client *, const char *text);
size_t client_send_bytes(struct rig *, struct client *, struct span);
void client_read(struct rig *, struct client *, size_t most);
void client_shut(struct rig *, struct client *);
void client_gone(struct rig *, struct client *);

/* Connects, sends the text, returns all that comes back. */
const char *ask(struct rig *, const char *text);
/* Whether `text` begins with, or holds, `what`. */
bool begins(const char *text, const char *what);
bool holds(const char *text, const char *what);
/* The body of the first answer in `text`: what follows its empty line. */
const char *body_of(const char *text);
/* Takes the chunks of a body apart into `out`; returns the text behind them. */
const char *unchunk(const char *body, char *out);

#endif
