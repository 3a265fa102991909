/* SPDX-License-Identifier: ISC */
#include "client_rig.h"

struct rig rig;

static void hear(struct rig_server *v)
{
    struct span in;

    while (v->s && (in = stream_peek(v->s)).n > 0) {
        ck_assert_uint_lt(v->n + in.n, sizeof(v->got));
        memcpy(v->got + v->n, in.p, in.n);
        v->n += in.n;
        v->got[v->n] = 0;
        stream_consume(v->s, in.n);
    }
}

static void on_server(struct stream *s, unsigned events, void *user)
{
    struct rig_server *v = user;

    hear(v);
    if (events & STREAM_EOF)
        v->eof = true;
    if (events & STREAM_CLOSED) {
        stream_release(s);
        v->s = NULL;
    }
}

static enum err dial(struct http_link *l)
{
    struct rig_server *v = &rig.server[rig.dials];

    if (rig.dial_err)
        return rig.dial_err;
    ck_assert_uint_lt(rig.dials, RIG_DIALS);
    rig.dials++;
    strcpy(v->host, l->url.host);
    v->port = l->url.port;
    if (rig.dial_never)
        return OK;
    pipe_init(&v->pipe, &rig.loop,
              (struct mspan){v->to_client, sizeof(v->to_client)},
              (struct mspan){v->to_server, sizeof(v->to_server)});
    pipe_pieces(&v->pipe, rig.piece);
    v->s = pipe_stream(&v->pipe, 1);
    v->s->on_event = on_server;
    v->s->user = v;
    client_dialled(l, OK, pipe_stream(&v->pipe, 0));
    return OK;
}

static void hang_up(struct http_link *l)
{
    (void)l;
    rig.hung_up++;
}

/* TLS of no cipher: the same stream, which says once more that it is open. */
static enum err secure(void *user, struct stream *lower, const char *host,
                       struct stream **out)
{
    (void)user;
    (void)host;
    if (rig.secure_err) {
        stream_release(lower);
        return rig.secure_err;
    }
    rig.secured++;
    *out = lower;
    return OK;
}

void rig_open(const struct http_client_config *config, size_t piece)
{
    struct http_client_config c = *config;

    memset(&rig, 0, sizeof(rig));
    loop_init(&rig.loop, 0);
    c.connections = c.connections ? c.connections : RIG_LINKS;
    if (c.secure_user)
        c.secure = secure;
    client_init(&rig.client, &rig.loop, &c, rig.link);
    rig.client.dial = dial;
    rig.client.hang_up = hang_up;
    rig.piece = piece;
    rig.take_max = SIZE_MAX;
}

void rig_turn(void)
{
    for (unsigned i = 0; loop_turn(&rig.loop, rig.now); i++)
        ck_assert_uint_lt(i, 1u << 20);
}

void rig_pass(ns_t span)
{
    ns_t end = rig.now + span;

    rig_turn();
    while (rig.now < end) {
        ns_t next = loop_deadline(&rig.loop);

        rig.now = next > rig.now && next < end ? next : end;
        rig_turn();
    }
}

static void on_head(struct http_fetch *f, const struct http_answer *a)
{
    (void)f;
    rig.heads++;
    rig.answer = *a;
}

static size_t on_body(struct http_fetch *f, struct span data)
{
    size_t n = data.n < rig.take_max ? data.n : rig.take_max;

    (void)f;
    ck_assert_uint_gt(data.n, 0);
    ck_assert_uint_lt(rig.body_n + n, RIG_TEXT);
    memcpy(rig.body + rig.body_n, data.p, n);
    rig.body_n += n;
    rig.body[rig.body_n] = 0;
    if (rig.take_max != SIZE_MAX)
        rig.take_max -= n;
    return n;
}

static void on_done(struct http_fetch *f, enum err err)
{
    (void)f;
    rig.done++;
    rig.err = err;
}

struct http_fetch rig_fetch(const char *url)
{
    return (struct http_fetch){
        .url = url, .on_head = on_head, .on_body = on_body, .done = on_done};
}

void rig_start(struct http_fetch *f)
{
    rig.done = rig.heads = 0;
    rig.body_n = 0;
    rig.body[0] = 0;
    ck_assert_int_eq(http_fetch(&rig.client, f), OK);
    ck_assert_uint_eq(rig.done, 0);
    rig_turn();
}

void rig_send(unsigned n, const void *p, size_t bytes)
{
    struct rig_server *v = &rig.server[n];
    const uint8_t *at = p;

    while (bytes && v->s) {
        size_t sent = stream_write(v->s, (struct span){at, bytes});

        at += sent;
        bytes -= sent;
        rig_turn();
        if (sent == 0)
            return; /* it is not read */
    }
}

void rig_say(unsigned n, const char *text)
{
    rig_send(n, text, strlen(text));
}

void rig_hang_up(unsigned n)
{
    if (rig.server[n].s)
        stream_shutdown(rig.server[n].s);
    rig_turn();
}

void rig_abort(unsigned n)
{
    if (rig.server[n].s)
        stream_abort(rig.server[n].s);
    rig_turn();
}

void rig_close(void)
{
    rig_pass(3600 * NS_PER_SEC);
    for (unsigned i = 0; i < RIG_LINKS; i++)
        ck_assert_int_eq(rig.link[i].state, LINK_FREE);
    for (unsigned i = 0; i < rig.dials; i++)
        ck_assert_ptr_null(rig.server[i].s);
    ck_assert_uint_eq(loop_pending(&rig.loop), 0);
}
