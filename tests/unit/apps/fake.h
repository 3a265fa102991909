/* SPDX-License-Identifier: ISC */
/*
 * fake.h - an application alone with a loop: its listeners and ports are
 * recorded, its connections are pipes, its keys have their defaults.
 */
#ifndef APPS_FAKE_H
#define APPS_FAKE_H

#include <base/pool.h>
#include <billet/app.h>
#include <loop/loop_impl.h>
#include <metrics/metrics_impl.h>
#include <stream/pipe.h>

enum { FAKE_PIPE_BYTES = 4096, FAKE_GOT_BYTES = 1 << 18, FAKE_SENT = 8 };

struct caller {
    struct caller *next;
    struct pipe pipe;
    uint8_t to_app[FAKE_PIPE_BYTES], to_us[FAKE_PIPE_BYTES];
    bool accepted, lazy, opened, eof, closed;
    enum err error;
    size_t n;
    char got[FAKE_GOT_BYTES];
};

struct fake {
    struct env env;
    struct loop loop;
    ns_t now;
    struct arena arena;
    struct metrics metrics;
    const char *turned; /* the name of a flag that is not as by default */
    struct {
        uint16_t port;
        accept_fn *fn;
        void *user;
    } listener[8];
    struct {
        uint16_t port;
        udp_fn *fn;
        void *user;
    } bound[8];
    unsigned nlisteners, nbound;
    struct { /* the last datagrams sent */
        struct udp_dgram d;
        char data[2048];
    } sent[FAKE_SENT];
    unsigned nsent;
    enum err send_error, connect_error;
    struct caller *dialled; /* what tcp_connect() gave: we are end 1 */
    struct endpoint dialled_to;
    struct happy_eyeballs *by_name; /* the last one that was begun */
    uint32_t nconns;                /* that the stack says it has */
};

extern struct fake fake;

/* Starts the application that is linked in. */
void fake_start(const char *flag_turned);
void fake_turn(void);
void fake_wait(ns_t);
/* A connection to a port that the application listens on; `buffer` is the size
 * of its buffers, 0 the largest. */
struct caller *fake_call(uint16_t port, size_t buffer);
size_t caller_send(struct caller *, const char *text);
void caller_read(struct caller *);
void caller_shut(struct caller *);
void caller_gone(struct caller *);
void fake_datagram(uint16_t port, uint16_t from, bool broadcast,
                   struct span data);

#endif
