/* SPDX-License-Identifier: ISC */
#include "peer.h"

#include <check.h>
#include <stdlib.h>

struct fixture fx;

void fx_start(uint32_t conns)
{
    size_t n = http2_bytes(conns);

    struct http_config config = site_config;

    config.conns = 400;
    site_start_with(&fx.rig, &config);
    arena_init(&fx.arena, (struct mspan){malloc(n), n});
    fx.h2 = http2_make(&fx.arena, &fx.rig.loop, fx.rig.http, conns, 7);
    ck_assert_ptr_nonnull(fx.h2);
}

void fx_stop(void)
{
    for (unsigned i = 0; i < fx.npeers; i++) {
        if (!fx.peer[i]->closed)
            stream_abort(pipe_stream(&fx.peer[i]->pipe, 0));
    }
    rig_turn(&fx.rig);
    rig_wait(&fx.rig, 100 * NS_PER_SEC);
    ck_assert_uint_eq(fx.h2->heap.in_use, 0);
    ck_assert_uint_eq(fx.h2->conns.in_use, 0);
    ck_assert_uint_eq(fx.h2->m.connections, 0);
    ck_assert_ptr_null(fx.h2->first);
    rig_stop(&fx.rig);
    for (unsigned i = 0; i < fx.npeers; i++)
        free(fx.peer[i]);
    free(fx.arena.end - fx.arena.total);
    memset(&fx, 0, sizeof(fx));
}

static struct got *got_of(struct peer *p, uint32_t id)
{
    ck_assert_uint_lt(id / 2, PEER_STREAMS);
    return &p->got[id / 2];
}

const struct got *of(const struct peer *p, uint32_t id)
{
    return &p->got[id / 2];
}

/* RFC 7541 A: what :status is when it is in the static table. */
static unsigned status_of(uint8_t byte)
{
    static const unsigned known[] = {200, 204, 206, 304, 400, 404, 500};

    return byte >= 0x88 && byte <= 0x8e ? known[byte - 0x88] : 0;
}

static void on_data(struct got *g, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (g->n < sizeof(g->text) - 1)
            g->text[g->n] = (char)p[i];
        g->sum = g->sum * 31 + p[i];
        g->n++;
    }
}

static void on_frame(struct peer *p, unsigned type, unsigned flags, uint32_t id,
                     const uint8_t *body, size_t n)
{
    struct got *g = got_of(p, id);

    if (type < F_TYPES)
        p->frames[type]++;
    if (type == F_HEADERS) {
        g->heads++;
        while (n && body[0] >> 5 == 1) { /* the size of the table */
            body++;
            n--;
        }
        g->status = status_of(body[0]);
    }
    if (type == F_DATA)
        on_data(g, body, n);
    if ((type == F_HEADERS || type == F_DATA) && flags & END_STREAM)
        g->ended = true;
    if (type == F_RESET)
        g->reset = be32(body);
    if (type == F_GOAWAY)
        p->goaway = be32(body + 4);
    if (type == F_WINDOW && id == 0)
        p->window += be32(body);
    if (type == F_SETTINGS && !(flags & ACK) && p->began)
        say(p, F_SETTINGS, ACK, 0, "", 0);
}

static void take(struct peer *p, uint8_t byte)
{
    size_t n;

    p->frame[p->have++] = byte;
    if (p->have < 9)
        return;
    n = be32(p->frame) >> 8;
    ck_assert_uint_le(n, 16384);
    if (p->have < 9 + n)
        return;
    p->have = 0;
    on_frame(p, p->frame[3], p->frame[4], be32(p->frame + 5), p->frame + 9, n);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct peer *p = user;
    struct span in;

    while ((in = stream_peek(s)).n) {
        for (size_t i = 0; i < in.n; i++)
            take(p, in.p[i]);
        stream_consume(s, in.n);
    }
    if (events & STREAM_EOF)
        p->eof = true;
    if (events & STREAM_CLOSED) {
        p->closed = true;
        stream_release(s);
    }
}

struct peer *peer_raw(void)
{
    struct peer *p = calloc(1, sizeof(*p));

    ck_assert_uint_lt(fx.npeers, PEER_CONNS);
    fx.peer[fx.npeers++] = p;
    p->goaway = NEVER;
    for (unsigned i = 0; i < PEER_STREAMS; i++)
        p->got[i].reset = NEVER;
    pipe_init(&p->pipe, &fx.rig.loop,
              (struct mspan){p->to_peer, sizeof(p->to_peer)},
              (struct mspan){p->to_server, sizeof(p->to_server)});
    pipe_stream(&p->pipe, 0)->on_event = on_event;
    pipe_stream(&p->pipe, 0)->user = p;
    ck_assert(http2_accept(fx.h2, pipe_stream(&p->pipe, 1)));
    rig_turn(&fx.rig);
    return p;
}

static void write_all(struct peer *p, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;

    while (n && !p->closed) {
        size_t k = stream_write(pipe_stream(&p->pipe, 0), (struct span){at, n});

        if (k == 0 && !loop_turn(&fx.rig.loop, fx.rig.now))
            break; /* the server does not read */
        at += k;
        n -= k;
    }
}

void say(struct peer *p, unsigned type, unsigned flags, uint32_t id,
         const void *payload, size_t n)
{
    uint8_t head[9] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n,
                       (uint8_t)type, (uint8_t)flags};

    put_be32(head + 5, id);
    write_all(p, head, 9);
    write_all(p, payload, n);
}

struct peer *peer_new(uint32_t window)
{
    struct peer *p = peer_raw();
    uint8_t settings[6] = {0, 4};

    put_be32(settings + 2, window);
    write_all(p, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    say(p, F_SETTINGS, 0, 0, settings, sizeof(settings));
    say(p, F_SETTINGS, ACK, 0, "", 0);
    p->began = true;
    rig_turn(&fx.rig);
    ck_assert_uint_ge(p->frames[F_SETTINGS], 2); /* its own, and ACK */
    return p;
}

static size_t put_string(uint8_t *at, const char *text, size_t n)
{
    ck_assert_uint_lt(n, 127);
    at[0] = (uint8_t)n;
    memcpy(at + 1, text, n);
    return n + 1;
}

/* `fields` are "name: value\n" each. */
void call(struct peer *p, uint32_t id, const char *method, const char *path,
          unsigned flags, const char *fields)
{
    uint8_t b[4096];
    size_t n = 0;

    if (*method) {
        b[n++] = 0x02; /* :method */
        n += put_string(b + n, method, strlen(method));
    }
    b[n++] = 0x87; /* :scheme https */
    if (*path) {
        b[n++] = 0x04;
        n += put_string(b + n, path, strlen(path));
    }
    b[n++] = 0x01;
    n += put_string(b + n, "a", 1);
    while (*fields) {
        const char *colon = strchr(fields, ':');
        const char *end = strchr(fields, '\n');

        b[n++] = 0;
        n += put_string(b + n, fields, (size_t)(colon - fields));
        n += put_string(b + n, colon + 2, (size_t)(end - colon - 2));
        fields = end + 1;
    }
    say(p, F_HEADERS, flags, id, b, n);
}

void open_window(struct peer *p, uint32_t id, uint32_t n)
{
    uint8_t b[4];

    put_be32(b, n);
    say(p, F_WINDOW, 0, id, b, 4);
}
