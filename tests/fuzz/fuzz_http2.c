/* SPDX-License-Identifier: ISC */
/*
 * fuzz_http2.c - frames of any kind, good ones and others, to the server on a
 * pipe, while its handlers answer at once, later, or with what was sent.
 *
 * The first two bytes choose the pipe's buffers and windows.  Then each byte
 * is a step: a request, DATA, a window, a frame of any type, bytes as they
 * are, time, a reader that stops or starts, an end.  Afterwards nothing may be
 * left: no exchange, no byte of memory, no timer.
 */
#include <http2/http2_impl.h>
#include <loop/loop_impl.h>
#include <stream/pipe.h>

#include "input.h"

enum { BUFFER_MAX = 8192, TURNS_MAX = 1 << 20, CONNS = 2, PAYLOAD_MAX = 4096 };

static struct {
    struct loop loop;
    ns_t now;
    struct arena arena;
    struct http *http;
    struct http2 *h2;
    struct pipe pipe;
    uint8_t to_client[BUFFER_MAX], to_server[BUFFER_MAX];
    bool lazy, closed;
    uint32_t next_id;
    struct http_exchange *later;
} n;
static uint8_t *memory, big[30000];

static void on_big(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    (void)rq;
    (void)user;
    http_reply(x,
               &(struct http_reply){.status = 200, .body = {big, sizeof(big)}});
}

static size_t write_some(struct http_exchange *x, struct mspan room)
{
    unsigned *calls = http_state(x);

    if ((*calls)++ == 5)
        return 0;
    MUST(room.n >= 1000);
    memset(room.p, 'w', room.n);
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

    (void)rq;
    (void)user;
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
    n.later = NULL;
    http_reply(x, &(struct http_reply){.status = 200, .body = SPAN("late")});
}

static void on_gone(void *user)
{
    (void)user;
    n.later = NULL;
}

static void on_later(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    (void)rq;
    if (n.later) {
        http_reply_page(x, 409, SPAN(""));
        return;
    }
    n.later = x;
    http_later(x, on_ready, on_gone, user);
}

static const struct http_route routes[] = {
    {.path = "/b", .methods = HTTP_GET, .handle = on_big},
    {.path = "/w", .methods = HTTP_GET, .handle = on_written},
    {.path = "/e",
     .methods = HTTP_POST | HTTP_GET,
     .handle = on_echo,
     .body_max = HTTP_ANY_LENGTH},
    {.path = "/u", .methods = HTTP_POST, .handle = on_upload, .body_max = 999},
    {.path = "/l", .methods = HTTP_GET, .handle = on_later},
};

static void take(void)
{
    struct stream *s = pipe_stream(&n.pipe, 0);
    struct span in;

    while (!n.closed && !n.lazy && (in = stream_peek(s)).n > 0)
        stream_consume(s, in.n);
}

static void on_client(struct stream *s, unsigned events, void *user)
{
    (void)user;
    take();
    if (events & STREAM_CLOSED) {
        n.closed = true;
        stream_release(s);
    }
}

static void turn(void)
{
    unsigned turns = 0;

    take();
    while (loop_turn(&n.loop, n.now))
        MUST(++turns < TURNS_MAX);
}

static void pass(ns_t span)
{
    ns_t end = n.now + span;

    turn();
    while (n.now < end) {
        ns_t next = loop_deadline(&n.loop);

        n.now = next > n.now && next < end ? next : end;
        turn();
    }
}

static void send_bytes(const uint8_t *p, size_t size)
{
    while (size && !n.closed) {
        size_t sent =
            stream_write(pipe_stream(&n.pipe, 0), (struct span){p, size});

        turn();
        if (sent == 0)
            return;
        p += sent;
        size -= sent;
    }
}

static void send_frame(unsigned type, unsigned flags, uint32_t id,
                       const uint8_t *body, size_t size)
{
    uint8_t head[9] = {0, (uint8_t)(size >> 8), (uint8_t)size, (uint8_t)type,
                       (uint8_t)flags};

    put_be32(head + 5, id);
    send_bytes(head, sizeof(head));
    send_bytes(body, size);
}

/* What is most often right, with what comes behind it as it is. */
static void request(void)
{
    static const char paths[] = "bweulx";
    uint8_t b[128] = {0x82, 0x87, 0x01, 0x01, 'a', 0x04, 0x02, '/'};
    uint8_t how = take8();

    b[0] = how & 1 ? 0x83 : 0x82; /* POST, GET */
    b[8] = (uint8_t)paths[(how >> 1) % 6];
    send_frame(1, how & 0x10 ? 5 : 4, n.next_id, b, 9 + take_bytes(b + 9, 100));
    n.next_id += 2;
}

static uint32_t some_id(void)
{
    uint32_t back = take8();

    return back < 32 && n.next_id > 2 * back ? n.next_id - 2 * back : back;
}

static void step(uint8_t what)
{
    static uint8_t b[PAYLOAD_MAX];
    uint8_t type, flags;

    switch (what % 9) {
    case 0:
    case 1:
        request();
        break;
    case 2:
        flags = take8();
        memset(b, 'd', sizeof(b));
        send_frame(0, flags & 1, some_id(), b, take16() % sizeof(b));
        break;
    case 3:
        put_be32(b, take16());
        send_frame(8, 0, what & 0x80 ? 0 : some_id(), b, 4);
        break;
    case 4:
        type = take8() % 12;
        flags = take8();
        send_frame(type, flags, some_id(), b, take_bytes(b, 64));
        break;
    case 5:
        send_bytes(b, take_bytes(b, 64));
        break;
    case 6:
        pass(what * NS_PER_SEC / 8);
        break;
    case 7:
        n.lazy = !n.lazy;
        break;
    default:
        if (n.later)
            http_ready(n.later);
        if (what > 250 && !n.closed)
            stream_abort(pipe_stream(&n.pipe, 0));
        break;
    }
    turn();
}

static void open_node(size_t buffer, size_t window)
{
    struct http_config c = {
        .routes = routes, .nroutes = ARRAY_LEN(routes), .conns = 20};
    struct http_timeouts t = {10 * NS_PER_SEC, 20 * NS_PER_SEC, 30 * NS_PER_SEC,
                              40 * NS_PER_SEC, 50 * NS_PER_SEC};
    size_t size = HTTP_ARENA_BYTES + 20 * HTTP_CONN_BYTES + http2_bytes(CONNS);

    if (!memory)
        memory = malloc(size);
    memset(&n, 0, sizeof(n));
    n.next_id = 1;
    loop_init(&n.loop, 0);
    arena_init(&n.arena, (struct mspan){memory, size});
    n.http = http_new(&n.arena, &n.loop, &c, &t);
    n.h2 = http2_make(&n.arena, &n.loop, n.http, CONNS, 1);
    MUST(n.http && n.h2);
    pipe_init(&n.pipe, &n.loop, (struct mspan){n.to_client, buffer},
              (struct mspan){n.to_server, buffer});
    pipe_pieces(&n.pipe, window);
    pipe_stream(&n.pipe, 0)->on_event = on_client;
    pipe_stream(&n.pipe, 0)->user = NULL;
    MUST(http2_accept(n.h2, pipe_stream(&n.pipe, 1)));
    turn();
}

static void close_node(void)
{
    n.lazy = false;
    turn();
    if (n.later)
        http_ready(n.later);
    turn();
    if (!n.closed)
        stream_shutdown(pipe_stream(&n.pipe, 0));
    pass(300 * NS_PER_SEC);
    MUST(n.closed && http_conns(n.http) == 0 && !n.later);
    MUST(n.http->conns.in_use == 0 && n.http->scratches.in_use == 0);
    MUST(n.h2->heap.in_use == 0 && n.h2->conns.in_use == 0);
    MUST(n.h2->heap.high_water <= H2_CONN_MOST && loop_pending(&n.loop) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t buffers[] = {13,   64,   200,  600,
                                       2047, 4096, 8191, 8192};
    static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    uint8_t first;

    fuzz_in = (struct span){data, size};
    first = take8();
    open_node(buffers[first % 8], take8() % 32);
    if (first < 0xf0) {
        send_bytes(preface, 24);
        send_frame(4, 0, 0, NULL, 0);
    }
    while (fuzz_in.n)
        step(take8());
    close_node();
    return 0;
}
