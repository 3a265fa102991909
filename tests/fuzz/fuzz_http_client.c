/* SPDX-License-Identifier: ISC */
/*
 * fuzz_http_client.c - any bytes, in any pieces, as the answers of servers.
 *
 * Two bytes choose the pipes' windows and what is asked for.  The rest is what
 * the servers say: each connection goes on where the one before was left.  0xff
 * and a byte mean that time passes, that the client takes little or goes on,
 * that the server closes or vanishes.  Each fetch ends exactly once, and
 * nothing is left over.  Without such interruptions the same bytes must bring
 * the same answer, whatever the windows are.
 */
#include <base/bytes.h>
#include <http/client_impl.h>
#include <loop/loop_impl.h>
#include <stdlib.h>
#include <stream/pipe.h>

enum { LINKS = 2, DIALS = 16, BUFFER = 1024, TURNS_MAX = 1 << 20 };

struct server {
    struct pipe pipe;
    struct stream *s;
    uint8_t to_client[BUFFER], to_server[BUFFER];
};

static struct node {
    struct loop loop;
    ns_t now;
    struct http_client client;
    struct http_link link[LINKS];
    unsigned dials, done, heads;
    struct server server[DIALS];
    size_t window, take;
    bool interrupted;
    struct http_fetch fetch;
    size_t pushed;
    /* What is compared. */
    enum err err;
    unsigned status, hops;
    uint64_t got;
    uint32_t sum;
} node;

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void on_server(struct stream *s, unsigned events, void *user)
{
    struct server *v = user;
    struct span in;

    while ((in = stream_peek(s)).n > 0)
        stream_consume(s, in.n);
    if (events & STREAM_CLOSED) {
        stream_release(s);
        v->s = NULL;
    }
}

static enum err dial(struct http_link *l)
{
    struct server *v = &node.server[node.dials];

    if (node.dials == DIALS)
        return E_FULL;
    node.dials++;
    pipe_init(&v->pipe, &node.loop, (struct mspan){v->to_client, BUFFER},
              (struct mspan){v->to_server, BUFFER});
    pipe_pieces(&v->pipe, node.window);
    v->s = pipe_stream(&v->pipe, 1);
    v->s->on_event = on_server;
    v->s->user = v;
    client_dialled(l, OK, pipe_stream(&v->pipe, 0));
    return OK;
}

static void hang_up(struct http_link *l)
{
    (void)l;
}

static enum err secure(void *user, struct stream *lower, const char *host,
                       struct stream **out)
{
    (void)user;
    must(strlen(host) <= URL_HOST_MAX);
    *out = lower;
    return OK;
}

static void turn(void)
{
    unsigned turns = 0;

    while (loop_turn(&node.loop, node.now))
        must(++turns < TURNS_MAX);
}

static void pass(ns_t span)
{
    ns_t end = node.now + span;

    turn();
    while (node.now < end) {
        ns_t next = loop_deadline(&node.loop);

        node.now = next > node.now && next < end ? next : end;
        turn();
    }
}

static void on_head(struct http_fetch *f, const struct http_answer *a)
{
    struct span v;
    uint32_t at = 0;
    char url[3000];

    must(node.heads++ == 0 && a->status >= 200 && a->status < 600);
    while (http_answer_next(a, SPAN("link"), &at, &v))
        must(v.p >= a->text && v.p + v.n <= a->text + HTTP_HEAD_MAX);
    http_fetch_url(f, url, sizeof(url));
}

static size_t on_body(struct http_fetch *f, struct span data)
{
    size_t n = data.n < node.take ? data.n : node.take;

    must(node.heads == 1 && data.n > 0 && f->got + n <= 4096);
    for (size_t i = 0; i < n; i++)
        node.sum = node.sum * 31 + data.p[i];
    if (node.take != SIZE_MAX)
        node.take -= n;
    return n;
}

static size_t push(struct http_fetch *f, struct mspan room)
{
    size_t n = 3000 - node.pushed;

    (void)f;
    n = n < room.n ? n : room.n;
    memset(room.p, 'p', n);
    node.pushed += n;
    return n;
}

static void back(struct http_fetch *f)
{
    (void)f;
    node.pushed = 0;
}

static void on_done(struct http_fetch *f, enum err err)
{
    node.done++;
    node.err = err;
    node.status = f->status;
    node.hops = f->hops;
    node.got = f->got;
}

static void begin(size_t window, uint8_t how)
{
    static const struct http_client_config c = {
        .connections = LINKS, .redirects = 5, .secure = secure};

    memset(&node, 0, sizeof(node));
    node.window = window;
    node.take = SIZE_MAX;
    loop_init(&node.loop, 0);
    client_init(&node.client, &node.loop, &c, node.link);
    node.client.dial = dial;
    node.client.hang_up = hang_up;
    node.fetch = (struct http_fetch){
        .url = how & 1 ? "https://a/b/c" : "http://[::1]:81/b/c?d",
        .method = how & 2   ? HTTP_HEAD
                  : how & 4 ? HTTP_POST
                            : HTTP_GET,
        .fields = SPAN("Authorization: x\r\nContent-Type: y\r\n"),
        .body_bytes = how & 8   ? HTTP_ANY_LENGTH
                      : how & 4 ? 3000
                                : 0,
        .push = push,
        .rewind = how & 16 ? back : NULL,
        .on_head = on_head,
        .on_body = how & 32 ? NULL : on_body,
        .body_max = 4096,
        .done = on_done};
    must(http_fetch(&node.client, &node.fetch) == OK);
    turn();
}

static struct server *newest(void)
{
    return &node.server[node.dials - 1];
}

static void interrupt(uint8_t what)
{
    node.interrupted = true;
    switch (what % 8) {
    case 0:
        pass(what * NS_PER_SEC / 4);
        break;
    case 1:
        node.take = what;
        break;
    case 2:
        node.take = SIZE_MAX;
        http_fetch_resume(&node.fetch);
        break;
    case 3:
        if (newest()->s)
            stream_shutdown(newest()->s);
        break;
    case 4:
        if (newest()->s)
            stream_abort(newest()->s);
        break;
    case 5: /* a second fetch, where the first has ended */
        if (node.done && !node.fetch.link) {
            node.heads = 0;
            if (http_fetch(&node.client, &node.fetch) == OK)
                node.done--;
        }
        break;
    default:
        break;
    }
    turn();
}

static void play(const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        const uint8_t *stop = memchr(p, 0xff, (size_t)(end - p));
        size_t run = (size_t)((stop ? stop : end) - p), sent = 1;

        while (run && sent && newest()->s) {
            /* One byte a time where it matters to which connection it goes. */
            sent = stream_write(newest()->s, (struct span){p, 1});
            turn();
            p += sent;
            run -= sent;
        }
        p += run;
        if (stop && stop + 1 < end)
            interrupt(stop[1]);
        if (stop)
            p = stop + 1 < end ? stop + 2 : end;
    }
}

static void finish(void)
{
    node.take = SIZE_MAX;
    http_fetch_resume(&node.fetch);
    turn();
    for (unsigned i = 0; i < node.dials; i++)
        if (node.server[i].s)
            stream_shutdown(node.server[i].s);
    pass(3600 * NS_PER_SEC);
    must(node.done == 1 && !node.fetch.link && node.got <= 4096);
    for (unsigned i = 0; i < LINKS; i++)
        must(node.link[i].state == LINK_FREE && !node.link[i].s);
    for (unsigned i = 0; i < node.dials; i++)
        must(!node.server[i].s);
    must(loop_pending(&node.loop) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum err err;
    unsigned status, hops;
    uint64_t got;
    uint32_t sum;

    if (size < 2)
        return 0;
    begin(data[0] % 32 + 1, data[1]);
    play(data + 2, data + size);
    finish();
    if (node.interrupted)
        return 0;
    err = node.err;
    status = node.status;
    hops = node.hops;
    got = node.got;
    sum = node.sum;
    begin(0, data[1]);
    play(data + 2, data + size);
    finish();
    must(err == node.err && status == node.status && hops == node.hops);
    must(err || (got == node.got && sum == node.sum));
    return 0;
}
