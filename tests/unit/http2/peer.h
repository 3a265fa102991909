/* SPDX-License-Identifier: ISC */
/*
 * peer.h - a client of HTTP/2 that says exactly the frames it is told to, and
 * a server with the site of the HTTP/1.1 tests.
 */
#ifndef HTTP2_PEER_H
#define HTTP2_PEER_H

#include <http2/http2_impl.h>

#include "../http/site.h"

enum { PEER_STREAMS = 512, PEER_CONNS = 4, PEER_PIPE_BYTES = 1 << 16 };

/* Frame types and flags, RFC 9113 6. */
enum {
    F_DATA,
    F_HEADERS,
    F_PRIORITY,
    F_RESET,
    F_SETTINGS,
    F_PUSH,
    F_PING,
    F_GOAWAY,
    F_WINDOW,
    F_CONTINUATION,
    F_TYPES
};
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, NEVER = 0xffff };

/* What came back on a stream. */
struct got {
    unsigned status; /* 0: a literal, or none */
    unsigned heads;
    uint64_t n; /* bytes of DATA */
    uint64_t sum;
    bool ended;
    uint32_t reset; /* NEVER: not */
    char text[64];
};

struct peer {
    struct pipe pipe;
    uint8_t to_peer[PEER_PIPE_BYTES], to_server[PEER_PIPE_BYTES];
    uint8_t frame[9 + 16384];
    size_t have;
    bool began, eof, closed;
    uint32_t goaway; /* its code; NEVER: none came */
    uint64_t window; /* opened by the server, for the connection */
    unsigned frames[F_TYPES];
    struct got got[PEER_STREAMS]; /* by number / 2 */
};

struct fixture {
    struct rig rig;
    struct http2 *h2;
    struct arena arena;
    struct peer *peer[PEER_CONNS];
    unsigned npeers;
};
extern struct fixture fx;

void fx_start(uint32_t conns);
/* Asserts that all memory came back. */
void fx_stop(void);
/* With the preface, and SETTINGS for windows of that many bytes. */
struct peer *peer_new(uint32_t window);
struct peer *peer_raw(void); /* says nothing yet */

void say(struct peer *, unsigned type, unsigned flags, uint32_t id,
         const void *payload, size_t n);
/* The bytes of a header block, and what is not indexed. */
void call(struct peer *, uint32_t id, const char *method, const char *path,
          unsigned flags, const char *fields);
void open_window(struct peer *, uint32_t id, uint32_t n);
const struct got *of(const struct peer *, uint32_t id);

#endif
