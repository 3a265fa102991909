/* SPDX-License-Identifier: ISC */
/*
 * fuzz_http.c - any bytes, in any pieces, to the server on a pipe.
 *
 * Two bytes choose the pipe's buffers and windows.  The rest is what a client
 * sends; 0xff and a byte mean that time passes, that the client stops or
 * starts reading, that it closes or vanishes.  After each input nothing may be
 * left over.  Without such interruptions the same bytes must bring the same
 * answers, whatever the buffers and windows are.
 */
#include <http/http_impl.h>
#include <loop/loop_impl.h>
#include <stdlib.h>
#include <stream/pipe.h>

enum { BUFFER_MAX = 4096, GOT_MAX = 1 << 16, TURNS_MAX = 1 << 20 };

struct node {
    struct loop loop;
    ns_t now;
    struct arena arena;
    struct http *http;
    struct pipe pipe;
    uint8_t to_client[BUFFER_MAX], to_server[BUFFER_MAX];
    bool lazy, closed, cut, interrupted;
    size_t n; /* bytes got */
    uint8_t got[GOT_MAX];
};

static uint8_t memory[HTTP_ARENA_BYTES + 4 * HTTP_CONN_BYTES];
static uint8_t big[70000];
static struct http_exchange *later;
static bool rechunked; /* an echo's chunks are as its windows were */

#define S(text)                                                                \
    {                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                              \
    }
static const struct http_file file = {
    .path = S("/f"),
    .plain = {.head = S("Content-Length: 10\r\n"),
              .etag = S("\"p\""),
              .body = S("0123456789")},
    .gzip = {.head = S("Content-Length: 4\r\n"),
             .etag = S("\"z\""),
             .body = S("gzip")},
    .type = S("text/plain"),
    .modified = 784111777};

static void on_file(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    (void)user;
    http_prefers(rq, SPAN("text/html"), SPAN("text/plain"));
    http_reply_file(x, rq, &file);
}

static void on_big(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    (void)rq;
    (void)user;
    http_reply(x,
               &(struct http_reply){.status = 200, .body = {big, sizeof(big)}});
}

static void must(bool claim)
{
    if (!claim)
        abort();
}

static size_t write_some(struct http_exchange *x, struct mspan room)
{
    unsigned *calls = http_state(x);

    if ((*calls)++ == 5)
        return 0;
    must(room.n >= 1000);
    memset(room.p, 'w', room.n); /* all of it is ours to spoil */
    return 1000;
}

static void on_written(struct http_exchange *x, const struct http_request *rq,
                       void *user)
{
    (void)rq;
    (void)user;
    http_reply_written(x, &(struct http_reply){.status = 200}, write_some);
}

static void on_echo(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    static const struct http_reply ok = {.status = 200};

    (void)user;
    rechunked |= rq->body_bytes == HTTP_ANY_LENGTH;
    http_reply_echo(x, &ok);
}

static void on_data(struct http_exchange *x, struct span data, void *user)
{
    (void)user;
    if (data.n == 0)
        http_reply(x, &(struct http_reply){.status = 200, .body = SPAN("ok")});
}

static void on_upload(struct http_exchange *x, const struct http_request *rq,
                      void *user)
{
    (void)rq;
    http_read_body(x, on_data, NULL, user);
}

static void on_ready(struct http_exchange *x, void *user)
{
    (void)user;
    later = NULL;
    http_reply(x, &(struct http_reply){.status = 200, .body = SPAN("late")});
}

static void on_gone(void *user)
{
    (void)user;
    later = NULL;
}

static void on_later(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    (void)rq;
    later = x;
    http_later(x, on_ready, on_gone, user);
}

/* Redirects to what the query says, decoded. */
static void on_move(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    uint8_t text[64];
    struct span to = {0};
    uint64_t n;

    (void)user;
    http_query_u64(rq, "n", 1000, &n);
    if (!http_query(rq, "to", &to) ||
        !http_decode(to, (struct mspan){text, sizeof(text)}, &to.n))
        http_reply_page(x, 400, SPAN(""));
    else
        http_reply_redirect(x, 301, (struct span){text, to.n});
}

static const struct http_route routes[] = {
    {.path = "/f", .methods = HTTP_GET, .handle = on_file},
    {.path = "/b", .methods = HTTP_GET, .handle = on_big},
    {.path = "/w", .methods = HTTP_GET, .handle = on_written},
    {.path = "/e",
     .methods = HTTP_POST | HTTP_GET,
     .handle = on_echo,
     .body_max = HTTP_ANY_LENGTH},
    {.path = "/u", .methods = HTTP_POST, .handle = on_upload, .body_max = 999},
    {.path = "/l", .methods = HTTP_GET, .handle = on_later},
    {.path = "/m*", .methods = HTTP_GET, .handle = on_move},
};

static void take(struct node *n)
{
    struct stream *s = pipe_stream(&n->pipe, 0);
    struct span in;

    while (!n->closed && !n->lazy && (in = stream_peek(s)).n > 0) {
        for (size_t i = 0; i < in.n && n->n + i < GOT_MAX; i++)
            n->got[n->n + i] = in.p[i];
        n->n += in.n;
        stream_consume(s, in.n);
    }
}

static void on_client(struct stream *s, unsigned events, void *user)
{
    struct node *n = user;

    take(n);
    if (events & STREAM_CLOSED) {
        n->closed = true;
        n->cut = s->error != OK;
        stream_release(s);
    }
}

static void turn(struct node *n)
{
    unsigned turns = 0;

    take(n);
    while (loop_turn(&n->loop, n->now))
        must(++turns < TURNS_MAX);
}

static void pass(struct node *n, ns_t span)
{
    ns_t end = n->now + span;

    turn(n);
    while (n->now < end) {
        ns_t next = loop_deadline(&n->loop);

        n->now = next > n->now && next < end ? next : end;
        turn(n);
    }
}

static void open_node(struct node *n, size_t buffer, size_t window)
{
    struct http_config c = {
        .routes = routes, .nroutes = ARRAY_LEN(routes), .conns = 2};
    struct http_timeouts t = {10 * NS_PER_SEC, 20 * NS_PER_SEC, 30 * NS_PER_SEC,
                              40 * NS_PER_SEC, 50 * NS_PER_SEC};

    memset(n, 0, sizeof(*n));
    loop_init(&n->loop, 0);
    arena_init(&n->arena, (struct mspan){memory, sizeof(memory)});
    n->http = http_new(&n->arena, &n->loop, &c, &t);
    must(n->http != NULL);
    pipe_init(&n->pipe, &n->loop, (struct mspan){n->to_client, buffer},
              (struct mspan){n->to_server, buffer});
    pipe_pieces(&n->pipe, window);
    pipe_stream(&n->pipe, 0)->on_event = on_client;
    pipe_stream(&n->pipe, 0)->user = n;
    must(http_accept(n->http, pipe_stream(&n->pipe, 1)));
    turn(n);
}

static void interrupt(struct node *n, uint8_t what)
{
    n->interrupted = true;
    switch (what % 8) {
    case 0:
        pass(n, what * NS_PER_SEC / 8);
        break;
    case 1:
        n->lazy = !n->lazy;
        break;
    case 2:
        if (!n->closed)
            stream_shutdown(pipe_stream(&n->pipe, 0));
        break;
    case 3:
        if (!n->closed)
            stream_abort(pipe_stream(&n->pipe, 0));
        break;
    case 4:
        if (later)
            http_ready(later);
        break;
    default:
        break;
    }
    turn(n);
}

static void play(struct node *n, const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        const uint8_t *stop = memchr(p, 0xff, (size_t)(end - p));
        size_t run = (size_t)((stop ? stop : end) - p), sent = 1;

        while (run && sent && !n->closed) {
            sent =
                stream_write(pipe_stream(&n->pipe, 0), (struct span){p, run});
            turn(n);
            p += sent;
            run -= sent;
        }
        p += run;
        if (stop && stop + 1 < end)
            interrupt(n, stop[1]);
        if (stop)
            p = stop + 1 < end ? stop + 2 : end;
    }
    if (later)
        http_ready(later);
    turn(n);
}

/* Whatever happened, each answer looks like one, and nothing is left. */
static void close_node(struct node *n)
{
    must(n->n < 9 || memcmp(n->got, "HTTP/1.1 ", 9) == 0);
    n->lazy = false;
    turn(n);
    if (!n->closed)
        stream_shutdown(pipe_stream(&n->pipe, 0));
    pass(n, 300 * NS_PER_SEC);
    must(n->closed && http_conns(n->http) == 0);
    must(n->http->conns.in_use == 0 && n->http->scratches.in_use == 0);
    must(!n->http->rest.head && !n->http->starved.head);
    must(loop_pending(&n->loop) == 0 && !later);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct node plain, odd;
    static const uint16_t buffers[] = {1, 7, 64, 600, 2047, 2048, 2100, 4096};
    size_t n;

    if (size < 2)
        return 0;
    rechunked = false;
    open_node(&odd, buffers[data[0] % 8], data[1] % 32);
    play(&odd, data + 2, data + size);
    close_node(&odd);
    open_node(&plain, BUFFER_MAX, 0);
    play(&plain, data + 2, data + size);
    close_node(&plain);
    n = plain.n < GOT_MAX ? plain.n : GOT_MAX;
    if (!rechunked && !odd.interrupted && !odd.cut && !plain.cut)
        must(odd.n == plain.n && memcmp(odd.got, plain.got, n) == 0);
    return 0;
}
