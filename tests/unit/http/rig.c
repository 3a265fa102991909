/* SPDX-License-Identifier: ISC */
#include "rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

const struct http_timeouts rig_timeouts = {
    .header = 10 * NS_PER_SEC,
    .body = 30 * NS_PER_SEC,
    .idle = 60 * NS_PER_SEC,
    .write = 50 * NS_PER_SEC,
    .reply = 120 * NS_PER_SEC,
};

void rig_start(struct rig *r, const struct http_config *c,
               const struct http_timeouts *t)
{
    struct http_config config = c ? *c : (struct http_config){0};
    size_t n;

    memset(r, 0, sizeof(*r));
    if (config.conns == 0)
        config.conns = RIG_CLIENTS;
    n = HTTP_ARENA_BYTES + config.conns * (size_t)HTTP_CONN_BYTES;
    r->now = 5 * NS_PER_SEC;
    loop_init(&r->loop, r->now);
    arena_init(&r->arena, (struct mspan){malloc(n), n});
    r->http = http_new(&r->arena, &r->loop, &config, t ? t : &rig_timeouts);
    ck_assert_ptr_nonnull(r->http);
}

static void on_client_event(struct stream *s, unsigned events, void *user)
{
    struct client *c = user;
    struct span in;

    while (!c->lazy && (in = stream_peek(s)).n > 0) {
        for (size_t i = 0; i < in.n && c->n + i < sizeof(c->got) - 1; i++)
            c->got[c->n + i] = (char)in.p[i];
        c->n += in.n;
        stream_consume(s, in.n);
    }
    if (events & STREAM_EOF)
        c->eof = true;
    if (events & STREAM_CLOSED) {
        c->closed = true;
        c->error = s->error;
        stream_release(s);
    }
}

struct client *rig_connect(struct rig *r, size_t buffer, size_t window)
{
    struct client *c = calloc(1, sizeof(*c));
    size_t n = buffer ? buffer : RIG_PIPE_BYTES;

    ck_assert_uint_lt(r->nclients, RIG_CLIENTS);
    ck_assert_uint_le(n, RIG_PIPE_BYTES);
    r->client[r->nclients++] = c;
    pipe_init(&c->pipe, &r->loop, (struct mspan){c->to_client, n},
              (struct mspan){c->to_server, n});
    pipe_pieces(&c->pipe, window);
    pipe_stream(&c->pipe, 0)->on_event = on_client_event;
    pipe_stream(&c->pipe, 0)->user = c;
    c->accepted = http_accept(r->http, pipe_stream(&c->pipe, 1));
    if (!c->accepted)
        stream_release(pipe_stream(&c->pipe, 1));
    rig_turn(r);
    return c;
}

void rig_turn(struct rig *r)
{
    unsigned turns = 0;

    while (loop_turn(&r->loop, r->now))
        ck_assert_msg(++turns < 1000000, "the loop never rests");
}

void rig_wait(struct rig *r, ns_t span)
{
    ns_t end = r->now + span;

    while (r->now < end) {
        ns_t next = loop_deadline(&r->loop);

        r->now = next > r->now && next < end ? next : end;
        rig_turn(r);
    }
}

size_t client_send_bytes(struct rig *r, struct client *c, struct span all)
{
    size_t sent = 0, n;

    while (sent < all.n && !c->closed) {
        n = stream_write(pipe_stream(&c->pipe, 0),
                         (struct span){all.p + sent, all.n - sent});
        if (n == 0)
            break;
        sent += n;
        rig_turn(r);
    }
    return sent;
}

size_t client_send(struct rig *r, struct client *c, const char *text)
{
    return client_send_bytes(r, c, span_of(text));
}

void client_read(struct rig *r, struct client *c, size_t most)
{
    struct span in;

    while (most > 0 && (in = stream_peek(pipe_stream(&c->pipe, 0))).n > 0) {
        size_t n = in.n < most ? in.n : most;

        for (size_t i = 0; i < n && c->n + i < sizeof(c->got) - 1; i++)
            c->got[c->n + i] = (char)in.p[i];
        c->n += n;
        most -= n;
        stream_consume(pipe_stream(&c->pipe, 0), n);
        rig_turn(r);
    }
}

void client_shut(struct rig *r, struct client *c)
{
    stream_shutdown(pipe_stream(&c->pipe, 0));
    rig_turn(r);
}

void client_gone(struct rig *r, struct client *c)
{
    stream_abort(pipe_stream(&c->pipe, 0));
    rig_turn(r);
}

const char *ask(struct rig *r, const char *text)
{
    struct client *c = rig_connect(r, 0, 0);

    client_send(r, c, text);
    return c->got;
}

void rig_stop(struct rig *r)
{
    for (unsigned i = 0; i < r->nclients; i++) {
        struct client *c = r->client[i];

        if (!c->closed)
            client_gone(r, c);
    }
    rig_wait(r, 1000 * NS_PER_SEC);
    ck_assert_uint_eq(http_conns(r->http), 0);
    ck_assert_uint_eq(r->http->conns.in_use, 0);
    ck_assert_uint_eq(r->http->scratches.in_use, 0);
    ck_assert_ptr_null(r->http->rest.head);
    ck_assert_ptr_null(r->http->starved.head);
    ck_assert_uint_eq(loop_pending(&r->loop), 0);
    for (unsigned i = 0; i < r->nclients; i++)
        free(r->client[i]);
    free(r->arena.end - r->arena.total);
}

bool begins(const char *text, const char *what)
{
    return strncmp(text, what, strlen(what)) == 0;
}

bool holds(const char *text, const char *what)
{
    return strstr(text, what) != NULL;
}

const char *body_of(const char *text)
{
    const char *empty = strstr(text, "\r\n\r\n");

    return empty ? empty + 4 : "";
}

const char *unchunk(const char *p, char *out)
{
    for (;;) {
        char *end;
        unsigned long n = strtoul(p, &end, 16);

        ck_assert(end > p && begins(end, "\r\n"));
        memcpy(out, end + 2, n);
        out += n;
        p = end + 2 + n + 2;
        ck_assert(begins(p - 2, "\r\n"));
        if (n == 0)
            break;
    }
    *out = 0;
    return p;
}
