/* SPDX-License-Identifier: ISC */
#include "fake.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <check.h>
#include <log/log_impl.h>
#include <stdlib.h>

struct fake fake;
const struct service billet_networking = {.name = "none"};

static struct log the_log;
static struct caller *callers; /* all of them, so that none is lost */
static uint8_t ring[4096];

uint64_t key_uint(const struct keys *keys, const struct key *k)
{
    uint64_t v = 0;

    (void)keys;
    return k->fallback && parse_u64(span_of(k->fallback), &v) ? v : 0;
}

bool key_flag(const struct keys *keys, const struct key *k)
{
    (void)keys;
    return (k->fallback && strcmp(k->fallback, "on") == 0) !=
           (fake.turned && strcmp(fake.turned, k->name) == 0);
}

bool key_given(const struct keys *keys, const struct key *k)
{
    (void)keys;
    (void)k;
    return false;
}

void image_status(const struct env *env, struct image_status *out)
{
    (void)env;
    *out = (struct image_status){.name = "app",
                                 .version = "1.2",
                                 .commit = "abc",
                                 .machine = "a \"fake\"",
                                 .uptime_ns = fake.now,
                                 .boot_ns = 5 * NS_PER_MS,
                                 .wall_ns = 784111777 * NS_PER_SEC,
                                 .memory_total = 64 << 20,
                                 .memory_plan = 8 << 20,
                                 .memory_used = 2 << 20,
                                 .memory_high = 3 << 20};
}

enum err tcp_listen(struct net *net, uint16_t port, accept_fn *fn, void *user)
{
    unsigned i = fake.nlisteners++;

    (void)net;
    ck_assert_uint_lt(i, ARRAY_LEN(fake.listener));
    fake.listener[i].port = port;
    fake.listener[i].fn = fn;
    fake.listener[i].user = user;
    return OK;
}

void tcp_keepalive(struct stream *s, ns_t idle)
{
    (void)s;
    ck_assert_uint_gt(idle, 0);
}

/* Every number as long as it can be. */
bool tcp_info_next(struct net *net, uint32_t *cursor, struct tcp_info *out)
{
    (void)net;
    if (*cursor == fake.nconns)
        return false;
    memset(out, 0xff, sizeof(*out));
    out->state = "SYN-RECEIVED";
    out->recovery = "disorder";
    out->congestion = "newreno";
    out->timestamps = out->sack = out->wscale = out->ecn = true;
    out->rtt_us = ++*cursor;
    return true;
}

void tcp_counts(struct net *net, struct tcp_counts *out)
{
    (void)net;
    *out = (struct tcp_counts){.connections = fake.nconns,
                               .connections_max = 9,
                               .half_open = 3,
                               .time_wait = 4};
}

enum err udp_bind(struct net *net, uint16_t *port, udp_fn *fn, void *user)
{
    unsigned i = fake.nbound++;

    (void)net;
    ck_assert_uint_lt(i, ARRAY_LEN(fake.bound));
    *port = *port ? *port : 40000;
    fake.bound[i].port = *port;
    fake.bound[i].fn = fn;
    fake.bound[i].user = user;
    return OK;
}

enum err udp_send(struct net *net, const struct udp_dgram *d)
{
    unsigned i = fake.nsent % FAKE_SENT;

    (void)net;
    if (fake.send_error)
        return fake.send_error;
    fake.sent[i].d = *d;
    memcpy(fake.sent[i].data, d->data.p, d->data.n);
    fake.sent[i].data[d->data.n] = 0;
    fake.nsent++;
    return OK;
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct caller *c = user;

    if (events & STREAM_OPEN)
        c->opened = true;
    if (!c->lazy)
        caller_read(c);
    if (events & STREAM_EOF)
        c->eof = true;
    if (events & STREAM_CLOSED) {
        c->closed = true;
        c->error = s->error;
    }
}

/* `ours` is our end: 0 when we call, 1 when we are called. */
static struct caller *caller_new(unsigned ours, size_t buffer)
{
    struct caller *c = calloc(1, sizeof(*c));
    size_t n = buffer ? buffer : FAKE_PIPE_BYTES;

    ck_assert_uint_le(n, FAKE_PIPE_BYTES);
    c->next = callers;
    callers = c;
    pipe_init(&c->pipe, &fake.loop, (struct mspan){c->to_us, n},
              (struct mspan){c->to_app, n});
    pipe_stream(&c->pipe, ours)->on_event = on_event;
    pipe_stream(&c->pipe, ours)->user = c;
    return c;
}

enum err tcp_connect(struct net *net, const struct endpoint *to,
                     struct stream **out)
{
    (void)net;
    if (fake.connect_error)
        return fake.connect_error;
    fake.dialled = caller_new(1, 0);
    fake.dialled_to = *to;
    *out = pipe_stream(&fake.dialled->pipe, 0);
    return OK;
}

enum err happy_eyeballs_dial(struct net *net, struct happy_eyeballs *d,
                             const char *name, uint16_t port, dial_fn *fn,
                             void *user)
{
    if (strcmp(name, "10.0.0.256") == 0)
        return E_INVAL;
    d->net = net;
    d->fn = fn;
    d->user = user;
    fake.by_name = d;
    fake.dialled_to.port = port;
    return OK;
}

void happy_eyeballs_cancel(struct happy_eyeballs *d)
{
    if (fake.by_name == d)
        fake.by_name = NULL;
}

void happy_eyeballs_text(char *out, size_t size, const struct happy_eyeballs *d)
{
    (void)d;
    ck_assert_uint_gt(size, 30);
    memcpy(out, "192.0.2.1: timed out", 21);
}

void tcp_peer(const struct stream *s, struct endpoint *out)
{
    (void)s;
    *out = (struct endpoint){.addr = ipaddr_v4(192, 0, 2, 1), .port = 80};
}

enum err mdns_publish(struct net *net, const char *type, uint16_t port,
                      struct span txt)
{
    (void)net;
    (void)txt;
    ck_assert_str_eq(type, "_http._tcp");
    ck_assert_uint_eq(port, 80);
    return OK;
}

static void to_nowhere(struct span text)
{
    (void)text;
}

static ns_t now(void)
{
    return fake.now;
}

void fake_start(const char *flag_turned)
{
    const struct limits *wish = &billet_app.manifest->limits;
    size_t n = wish->arena_bytes + 100 * (size_t)wish->conn_bytes;

    memset(&fake, 0, sizeof(fake));
    fake.turned = flag_turned;
    loop_init(&fake.loop, 0);
    log_init(&the_log, (struct mspan){ring, sizeof(ring)}, to_nowhere, now);
    arena_init(&fake.arena, (struct mspan){malloc(n), n});
    fake.env = (struct env){.loop = &fake.loop,
                            .log = &the_log,
                            .metrics = &fake.metrics,
                            .arena = &fake.arena,
                            .manifest = billet_app.manifest,
                            .limits = *wish};
    fake.env.limits.tcp_conns = 64;
    log_info(&the_log, "fake", "a line of the log");
    ck_assert_int_eq(billet_app.start(&fake.env), OK);
    arena_seal(&fake.arena);
}

void fake_turn(void)
{
    unsigned turns = 0;

    while (loop_turn(&fake.loop, fake.now))
        ck_assert_msg(++turns < 100000, "the loop never rests");
}

void fake_wait(ns_t span)
{
    ns_t end = fake.now + span;

    fake_turn();
    while (fake.now < end) {
        ns_t next = loop_deadline(&fake.loop);

        fake.now = next > fake.now && next < end ? next : end;
        fake_turn();
    }
}

struct caller *fake_call(uint16_t port, size_t buffer)
{
    static const struct endpoint peer = {.port = 50000};
    struct caller *c = caller_new(0, buffer);

    for (unsigned i = 0; i < fake.nlisteners; i++) {
        if (fake.listener[i].port == port) {
            c->accepted = fake.listener[i].fn(pipe_stream(&c->pipe, 1), &peer,
                                              fake.listener[i].user);
            if (!c->accepted)
                stream_release(pipe_stream(&c->pipe, 1));
            fake_turn();
            return c;
        }
    }
    ck_abort_msg("nobody listens on port %u", port);
}

static struct stream *end_of(struct caller *c)
{
    return pipe_stream(&c->pipe, c == fake.dialled);
}

size_t caller_send(struct caller *c, const char *text)
{
    size_t n = strlen(text), sent = 0, took = 1;

    while (sent < n && took && !c->closed) {
        took = stream_write(
            end_of(c), (struct span){(const uint8_t *)text + sent, n - sent});
        sent += took;
        fake_turn();
    }
    return sent;
}

void caller_read(struct caller *c)
{
    struct span in;

    while (c->n < sizeof(c->got) - 1 && (in = stream_peek(end_of(c))).n > 0) {
        if (in.n > sizeof(c->got) - 1 - c->n)
            in.n = sizeof(c->got) - 1 - c->n;
        memcpy(c->got + c->n, in.p, in.n);
        c->n += in.n;
        stream_consume(end_of(c), in.n);
    }
}

void caller_shut(struct caller *c)
{
    stream_shutdown(end_of(c));
    fake_turn();
}

void caller_gone(struct caller *c)
{
    stream_abort(end_of(c));
    fake_turn();
}

void fake_datagram(uint16_t port, uint16_t from, bool broadcast,
                   struct span data)
{
    struct udp_dgram d = {.remote.port = from,
                          .local.port = port,
                          .data = data,
                          .broadcast = broadcast};

    d.remote.addr = ipaddr_v4(192, 0, 2, 1);
    for (unsigned i = 0; i < fake.nbound; i++) {
        if (fake.bound[i].port == port) {
            fake.bound[i].fn(&d, fake.bound[i].user);
            return;
        }
    }
    ck_abort_msg("nothing is bound to port %u", port);
}
