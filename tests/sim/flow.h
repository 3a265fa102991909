/* SPDX-License-Identifier: ISC */
/*
 * flow.h - an application by script: sends so much, expects so much, closes
 * when told, and checks each byte.
 */
#ifndef SIM_FLOW_H
#define SIM_FLOW_H

#include "world.h"

enum {
    FLOWS_MAX = 16, /* of a server */
    FLOW_LOANS = 4, /* at once */
    FLOW_LOAN_BYTES = 30000
};

enum flow_close {
    FLOW_CLOSE_WHEN_SENT, /* after the last byte of its own */
    FLOW_CLOSE_ON_EOF,    /* after the peer has */
    FLOW_CLOSE_WHEN_TOLD, /* flow_close_now() */
    FLOW_ABORT_WHEN_SENT
};

struct flow_script {
    uint64_t send, expect; /* bytes */
    enum flow_close close;
    bool echo;          /* send back what comes, instead of `send` bytes */
    bool lend;          /* lend the bytes instead of writing them */
    size_t read_chunk;  /* a slow reader takes so much... */
    ns_t read_every;    /* ...so often; 0: all at once */
    size_t write_chunk; /* at most so much in one write; 0: any */
};

/* A server that sends all of so many bytes back, and its client. */
static inline struct flow_script flow_echo(size_t n)
{
    return (struct flow_script){
        .echo = true, .expect = n, .close = FLOW_CLOSE_ON_EOF};
}

static inline struct flow_script flow_ask(size_t n)
{
    return (struct flow_script){.send = n, .expect = n};
}

struct flow {
    struct flow_script script;
    struct stream *s;
    struct node *node;
    uint64_t sent, received;
    bool open, eof, shut, closed;
    enum err error;
    const char *fault; /* what went wrong in the bytes; NULL: nothing */
    struct timer reader;
    struct task again; /* a loan came back: there may be more to lend */
    struct flow_loan {
        struct loan loan;
        struct flow *flow;
        bool out;
    } loan[FLOW_LOANS];
    unsigned loans_out;
    ns_t opened_at, closed_at;
};

/* The bytes that every flow sends and expects, from offset `at` on; the span
 * is at least one byte long and its memory never changes. */
struct span flow_pattern(uint64_t at);

struct server {
    struct node *node;
    struct flow_script script;
    struct flow flow[FLOWS_MAX];
    unsigned n, refused;
};

/* Every connection to the port gets a flow with that script. */
void server_open(struct server *, struct node *, uint16_t port,
                 const struct flow_script *);
/* The result of tcp_connect; on OK the flow runs by itself. */
enum err flow_connect(struct flow *, struct node *, const struct ipaddr *to,
                      uint16_t port, const struct flow_script *);
void flow_close_now(struct flow *);
/* NULL when it has done all its script says, and closed; else what is missing.
 */
const char *flow_lacks(const struct flow *);

#endif
