/* SPDX-License-Identifier: ISC */
/*
 * test_server.c - requests to a server on a pipe: answers, framing, refusals,
 * and what they leave behind.
 */
#include "rig.h"

#include <stdio.h>

#include "../lib/suite.h"

#define END       " HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST_ECHO "POST /echo HTTP/1.1\r\nHost: a\r\n"

static char big[200000];
static uint64_t took_bytes;
static unsigned gone_calls;
static struct http_exchange *waiting;

static void on_plain(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    (void)rq;
    ck_assert_ptr_eq(user, big);
    http_reply(x, &(struct http_reply){.status = 200,
                                       .type = SPAN("text/plain"),
                                       .fields = SPAN("X-A: b\r\n"),
                                       .body = SPAN("hello")});
}

static void on_big(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    (void)rq;
    (void)user;
    http_reply(x, &(struct http_reply){.status = 200,
                                       .body = {(uint8_t *)big, sizeof(big)}});
}

static struct span next_piece(struct http_exchange *x, uint64_t at)
{
    (void)x;
    return (struct span){(uint8_t *)big + at % 1000, 1000 - at % 1000};
}

static uint64_t asked[64];
static unsigned nasked;

/* Longer than a loan should be, and than is left. */
static struct span next_long_piece(struct http_exchange *x, uint64_t at)
{
    (void)x;
    ck_assert_uint_lt(nasked, 64);
    asked[nasked++] = at;
    return (struct span){(uint8_t *)big, sizeof(big)};
}

static void on_long(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    (void)rq;
    (void)user;
    nasked = 0;
    http_reply_pieces(x, &(struct http_reply){.status = 200}, 150000,
                      next_long_piece);
}

static void on_pieces(struct http_exchange *x, const struct http_request *rq,
                      void *user)
{
    struct span n;
    uint64_t length = 0;

    (void)user;
    ck_assert(http_query(rq, "n", &n));
    for (size_t i = 0; i < n.n; i++)
        length = length * 10 + n.p[i] - '0';
    http_reply_pieces(x, &(struct http_reply){.status = 200}, length,
                      next_piece);
}

/* Lines "line 0" to "line 199". */
static size_t write_lines(struct http_exchange *x, struct mspan room)
{
    unsigned *at = http_state(x);
    size_t n = 0;

    ck_assert_uint_ge(room.n, HTTP_WRITE_MIN);
    while (*at < 200 && room.n - n >= 16)
        n += (size_t)sprintf((char *)room.p + n, "line %u\n", (*at)++);
    return n;
}

static void on_lines(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    (void)rq;
    (void)user;
    http_reply_written(x, &(struct http_reply){.status = 200}, write_lines);
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
    char text[32];

    (void)user;
    took_bytes += data.n;
    if (data.n)
        return;
    sprintf(text, "took %u", (unsigned)took_bytes);
    http_reply_copy(x,
                    &(struct http_reply){.status = 200, .body = span_of(text)});
}

static void on_gone(void *user)
{
    (void)user;
    gone_calls++;
}

static void on_upload(struct http_exchange *x, const struct http_request *rq,
                      void *user)
{
    (void)rq;
    took_bytes = 0;
    http_read_body(x, on_data, on_gone, user);
}

static void on_ready(struct http_exchange *x, void *user)
{
    (void)user;
    http_reply(x, &(struct http_reply){.status = 200, .body = SPAN("late")});
}

static void on_later(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    (void)rq;
    waiting = x;
    http_later(x, on_ready, on_gone, user);
}

static char order[200];
static unsigned norder;

static void on_show(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    char text[512];
    struct span name = http_field(rq, HTTP_HOST), v;
    uint32_t cursor = 0;
    int n =
        snprintf(text, sizeof(text), "[%.*s][%.*s][%.*s]", (int)rq->path.n,
                 (const char *)rq->path.p, (int)rq->query.n,
                 (const char *)rq->query.p, (int)name.n, (const char *)name.p);

    (void)user;
    if (norder < sizeof(order) - 1)
        order[norder++] = (char)rq->path.p[rq->path.n - 1];
    while (http_field_next(rq, SPAN("cookie"), &cursor, &v))
        n += snprintf(text + n, sizeof(text) - (size_t)n, "<%.*s>", (int)v.n,
                      (const char *)v.p);
    http_reply_copy(x,
                    &(struct http_reply){.status = 200,
                                         .body = {(uint8_t *)text, (size_t)n}});
}

static void on_move(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    (void)user;
    http_reply_redirect(x, 301, rq->query);
}

static const struct http_route routes[] = {
    {.path = "/", .methods = HTTP_GET, .handle = on_plain},
    {.path = "/big", .methods = HTTP_GET, .handle = on_big},
    {.path = "/pieces", .methods = HTTP_GET, .handle = on_pieces},
    {.path = "/long", .methods = HTTP_GET, .handle = on_long},
    {.path = "/lines", .methods = HTTP_GET, .handle = on_lines},
    {.path = "/echo",
     .methods = HTTP_POST | HTTP_PUT,
     .handle = on_echo,
     .body_max = HTTP_ANY_LENGTH},
    {.path = "/echo-10",
     .methods = HTTP_POST,
     .handle = on_echo,
     .body_max = 10},
    {.path = "/upload",
     .methods = HTTP_POST,
     .handle = on_upload,
     .body_max = 100000},
    {.path = "/later", .methods = HTTP_GET, .handle = on_later},
    {.path = "/show/*", .methods = HTTP_GET, .handle = on_show},
    {.path = "/move", .methods = HTTP_GET, .handle = on_move},
};
static const struct http_config config = {
    .routes = routes,
    .nroutes = ARRAY_LEN(routes),
    .user = big,
    .fields = {(const uint8_t *)"X-Every: reply\r\n", 16},
    .wall_ns = 784111777 * NS_PER_SEC,
};

static void start(struct rig *r)
{
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)('a' + i % 23);
    gone_calls = 0;
    rig_start(r, &config, NULL);
}

START_TEST(test_a_get_is_answered)
{
    struct rig r;

    start(&r);
    ck_assert_str_eq(ask(&r, "GET /" END),
                     "HTTP/1.1 200 OK\r\n"
                     "Server: Billet\r\n"
                     "Content-Type: text/plain\r\n"
                     "Content-Length: 5\r\n"
                     "X-Every: reply\r\n"
                     "X-A: b\r\n"
                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                     "\r\n"
                     "hello");
    ck_assert(!r.client[0]->eof);
    ck_assert_uint_eq(r.http->m.requests__2xx, 1);
    rig_stop(&r);
}
END_TEST

START_TEST(test_the_date_moves_with_the_clock)
{
    struct rig r;

    start(&r);
    ask(&r, "GET /" END);
    rig_wait(&r, NS_PER_SEC);
    ck_assert(holds(ask(&r, "GET /" END), "08:49:38 GMT"));
    rig_wait(&r, 86400 * NS_PER_SEC);
    ck_assert(holds(ask(&r, "GET /" END), "Mon, 07 Nov 1994 08:49:38 GMT"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_without_a_clock_there_is_no_date)
{
    struct http_config c = config;
    struct rig r;

    c.wall_ns = 0;
    rig_start(&r, &c, NULL);
    ck_assert(!holds(ask(&r, "GET /" END), "Date:"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_head_is_get_without_the_body)
{
    static const char *const paths[] = {"/", "/big", "/pieces?n=5", "/lines"};
    struct rig r;

    start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(paths); i++) {
        char text[128];
        const char *got;

        snprintf(text, sizeof(text), "HEAD %s" END "HEAD %s" END, paths[i],
                 paths[i]);
        got = ask(&r, text);
        ck_assert(begins(got, "HTTP/1.1 200 OK\r\n"));
        ck_assert(begins(body_of(got), "HTTP/1.1 200 OK\r\n"));
        ck_assert_str_eq(body_of(body_of(got)), "");
    }
    ck_assert(holds(r.client[1]->got, "Content-Length: 200000\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_big_body_is_lent)
{
    struct rig r;
    const char *got;

    start(&r);
    got = ask(&r, "GET /big" END "GET /" END);
    ck_assert(holds(got, "Content-Length: 200000\r\n"));
    ck_assert(memcmp(body_of(got), big, sizeof(big)) == 0);
    ck_assert(begins(body_of(got) + sizeof(big), "HTTP/1.1 200 OK\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_pieces_of_any_number)
{
    static const unsigned lengths[] = {0, 1, 999, 1000, 1001, 5000, 100000};
    struct rig r;

    start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(lengths); i++) {
        char text[64];
        const char *got;

        snprintf(text, sizeof(text), "GET /pieces?a=b&n=%u" END, lengths[i]);
        got = ask(&r, text);
        ck_assert_uint_eq(strlen(body_of(got)), lengths[i]);
        for (unsigned k = 0; k < lengths[i]; k++)
            ck_assert_int_eq(body_of(got)[k], big[k % 1000]);
    }
    rig_stop(&r);
}
END_TEST

START_TEST(test_long_pieces_are_cut)
{
    struct rig r;
    const char *got;

    start(&r);
    got = ask(&r, "GET /long" END);
    ck_assert_uint_eq(strlen(body_of(got)), 150000);
    ck_assert_uint_ge(nasked, 3); /* again where there was no room */
    for (unsigned i = 0; i < nasked; i++)
        ck_assert_uint_eq(asked[i] % HTTP_PIECE_MAX, 0);
    rig_stop(&r);
}
END_TEST

/* Takes the chunks of an answer apart; the text behind it is returned. */
static const char *unchunk(const char *p, char *out)
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

static const char *lines(void)
{
    static char text[4096];
    size_t n = 0;

    for (unsigned i = 0; i < 200; i++)
        n += (size_t)sprintf(text + n, "line %u\n", i);
    return text;
}

START_TEST(test_written_bodies_are_chunked)
{
    static char out[8192];
    struct rig r;
    const char *got, *rest;

    start(&r);
    for (unsigned window = 0; window < 3000; window += 599) {
        struct client *c = rig_connect(&r, 0, window);

        client_send(&r, c, "GET /lines" END "GET /" END);
        got = c->got;
        ck_assert(holds(got, "Transfer-Encoding: chunked\r\n"));
        ck_assert(!holds(got, "Content-Length: 1"));
        rest = unchunk(body_of(got), out);
        ck_assert_str_eq(out, lines());
        ck_assert(begins(rest, "HTTP/1.1 200 OK\r\n"));
    }
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_client_of_1_0_gets_no_chunks)
{
    struct rig r;
    const char *got;

    start(&r);
    got = ask(&r, "GET /lines HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ck_assert(!holds(got, "Transfer-Encoding"));
    ck_assert(holds(got, "Connection: close\r\n"));
    ck_assert_str_eq(body_of(got), lines());
    ck_assert(r.client[0]->eof);
    rig_stop(&r);
}
END_TEST

START_TEST(test_who_stays_and_who_goes)
{
    static const struct {
        const char *request;
        bool stays;
        const char *says;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, "\r\n\r\nhello"},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false,
         "Connection: close\r\n"},
        {"GET / HTTP/1.0\r\n\r\n", false, "Connection: close\r\n"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true,
         "Connection: keep-alive\r\n"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false,
         "Connection: close\r\n"},
        {"GET /none HTTP/1.1\r\nHost: a\r\n\r\n", true, "404"},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", true, "405"},
        {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", true, "501"},
        {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", true, "400"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", false, "505"},
        {"GET / HTTP/1.1\r\n\r\n", false, "400"},
    };
    struct rig r;

    start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = ask(&r, cases[i].request);

        ck_assert_msg(holds(got, cases[i].says), "%s", cases[i].request);
        ck_assert_msg(r.client[i]->eof == !cases[i].stays, "%s",
                      cases[i].request);
        ck_assert_int_eq(holds(got, "Connection: close\r\n"), !cases[i].stays);
        client_shut(&r, r.client[i]);
        ck_assert(r.client[i]->closed);
        ck_assert_int_eq(r.client[i]->error, OK);
    }
    ck_assert_uint_eq(http_conns(r.http), 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_each_refusal_has_its_page)
{
    static char head[HTTP_HEAD_MAX + 64];
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"GET /nowhere" END, "404 Not Found"},
        {"GET /big/" END, "404 Not Found"},
        {"GET /%2e%2e/x" END, "400 Bad Request"},
        {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
        {"DELETE /" END, "405 Method Not Allowed"},
        {"POST /echo HTTP/1.1\r\nHost: a\r\n\r\n", "411 Length Required"},
        {"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n",
         "413 Content Too Large"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n",
         "413 Content Too Large"},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: money\r\n\r\n",
         "417 Expectation Failed"},
        {"BREW /" END, "501 Not Implemented"},
        {"GET / HTTP/3.0\r\n", "505 HTTP Version Not Supported"},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "405"},
        {"TRACE /" END, "405"},
    };
    struct rig r;

    start(&r);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = ask(&r, cases[i].request);
        char title[64], length[64];

        ck_assert_msg(begins(got + 9, cases[i].status), "%s: %.40s",
                      cases[i].request, got);
        snprintf(title, sizeof(title), "<h1>%s", cases[i].status);
        ck_assert(holds(got, title));
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
                 strlen(body_of(got)));
        ck_assert(holds(got, length));
        ck_assert(holds(got, "Content-Type: text/html"));
        ck_assert(holds(got, "X-Every: reply\r\n"));
    }
    memset(head, 'a', sizeof(head) - 1);
    memcpy(head, "GET /", 5);
    ck_assert(begins(ask(&r, head) + 9, "414 URI Too Long"));
    memcpy(head, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    ck_assert(begins(ask(&r, head) + 9, "431 Request Header Fields"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_allow_says_what_is_allowed)
{
    struct rig r;

    start(&r);
    ck_assert(
        holds(ask(&r, "DELETE /" END), "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
    ck_assert(
        holds(ask(&r, "GET /echo" END), "\r\nAllow: POST, PUT, OPTIONS\r\n"));
    ck_assert(
        begins(ask(&r, "OPTIONS /echo" END), "HTTP/1.1 204 No Content\r\n"));
    ck_assert(holds(r.client[2]->got, "\r\nAllow: POST, PUT, OPTIONS\r\n"));
    ck_assert(!holds(r.client[2]->got, "Content-Length"));
    ck_assert(holds(ask(&r, "OPTIONS *" END),
                    "\r\nAllow: GET, HEAD, POST, PUT, OPTIONS\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_requests_are_shown_to_the_handler)
{
    struct rig r;

    start(&r);
    ck_assert_str_eq(body_of(ask(&r, "GET /show/%41/./b/../c?d=%41&e" END)),
                     "[/show/A/c][d=%41&e][a]");
    ck_assert_str_eq(
        body_of(ask(&r, "GET http://x:1/show/?q HTTP/1.1\r\nHost: h\r\n"
                        "COOKIE: 1\r\nX: y\r\ncookie:2\r\n\r\n")),
        "[/show/][q][h]<1><2>");
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_redirect_cannot_be_made_to_lie)
{
    struct rig r;

    start(&r);
    ck_assert(holds(ask(&r, "GET /move?/a%0d%0aX:y\"<|" END),
                    "\r\nLocation: /a%0d%0aX:y%22%3C%7C\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_pipelined_requests_are_answered_in_order)
{
    enum { N = 100 };
    char text[N * 64] = "", *at = text;
    struct rig r;
    const char *got;

    start(&r);
    for (unsigned i = 0; i < N; i++)
        at += sprintf(at, "GET /show/%u" END, i);
    got = ask(&r, text);
    for (unsigned i = 0; i < N; i++) {
        char want[32];

        sprintf(want, "[/show/%u][][a]", i);
        got = body_of(got);
        ck_assert(begins(got, want));
        got += strlen(want);
    }
    ck_assert_str_eq(got, "");
    rig_stop(&r);
}
END_TEST

/* One who asks for much at once waits for the others after each few. */
START_TEST(test_pipelining_is_no_way_to_be_first)
{
    char text[4096] = "";
    struct rig r;
    struct client *a, *b;
    const char *first_b;

    start(&r);
    a = rig_connect(&r, 0, 0);
    b = rig_connect(&r, 0, 0);
    while (strlen(text) < sizeof(text) - 64)
        strcat(text, "GET /show/a" END);
    memset(order, 0, sizeof(order));
    norder = 0;
    ck_assert_uint_eq(stream_write(pipe_stream(&a->pipe, 0), span_of(text)),
                      strlen(text));
    stream_write(pipe_stream(&b->pipe, 0), SPAN("GET /show/b" END));
    rig_turn(&r);
    first_b = strchr(order, 'b');
    ck_assert_ptr_nonnull(first_b);
    ck_assert_int_le(first_b - order, HTTP_BURST);
    ck_assert_uint_gt(strlen(order), 2 * HTTP_BURST);
    rig_stop(&r);
}
END_TEST

/* Windows and buffers from one byte up: the same bytes come out. */
START_TEST(test_windows_make_no_difference)
{
    static const size_t buffers[] = {1, 2, 3, 7, 64, 600, 2048, 2049, 4096};
    static char want[RIG_GOT_BYTES];
    const char *text = "GET /" END "GET /show/x" END "GET /pieces?n=3000" END
                       "POST /echo HTTP/1.1\r\nHost: a\r\n"
                       "Content-Length: 5\r\n\r\nhello"
                       "GET /nowhere" END "GET /" END;
    struct rig r;

    start(&r);
    strcpy(want, ask(&r, text));
    for (unsigned i = 0; i < ARRAY_LEN(buffers); i++) {
        for (size_t window = 0; window < 4; window++) {
            struct client *c = rig_connect(&r, buffers[i], window);

            ck_assert_uint_eq(client_send(&r, c, text), strlen(text));
            ck_assert_str_eq(c->got, want);
            client_shut(&r, c);
        }
    }
    ck_assert_uint_eq(r.http->scratches.in_use, 0);
    rig_stop(&r);
}
END_TEST

/* All has come, in pieces that end in the middle of the framing: no further
 * event tells of the next piece. */
START_TEST(test_framing_may_end_where_a_piece_does)
{
    static const char *const targets[] = {"POST /echo", "POST /upload",
                                          "GET /"};
    char text[400], out[400];
    struct rig r;

    for (unsigned i = 0; i < ARRAY_LEN(targets); i++) {
        sprintf(text,
                "%s HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n"
                "5\r\nhello\r\n6;x\r\n world\r\n0\r\nA: b\r\n\r\n"
                "GET /show/next" END,
                targets[i]);
        start(&r);
        for (size_t window = 1; window < RIG_CLIENTS; window++) {
            struct client *c = rig_connect(&r, 0, window);

            client_send(&r, c, text);
            ck_assert_msg(holds(c->got, "[/show/next]"), "%s, pieces of %zu",
                          targets[i], window);
            if (i > 0)
                continue;
            unchunk(body_of(c->got), out);
            ck_assert_str_eq(out, "hello world");
        }
        rig_stop(&r);
    }
}
END_TEST

START_TEST(test_an_echo_gives_back_what_came)
{
    static char out[8192];
    struct rig r;
    const char *got;

    start(&r);
    got = ask(&r, POST_ECHO "Content-Length: 11\r\n\r\nhello world");
    ck_assert(holds(got, "Content-Length: 11\r\n"));
    ck_assert_str_eq(body_of(got), "hello world");
    got = ask(&r, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n"
                            "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n"
                            "GET /" END);
    ck_assert(holds(got, "Transfer-Encoding: chunked\r\n"));
    got = unchunk(body_of(got), out);
    ck_assert_str_eq(out, "hello world");
    ck_assert(begins(got, "HTTP/1.1 200 OK\r\n"));
    got = ask(&r, POST_ECHO "Content-Length: 0\r\n\r\n");
    ck_assert(holds(got, "Content-Length: 0\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_an_echo_holds_back_who_does_not_read)
{
    struct rig r;
    struct client *c;
    size_t sent = 0, n, rounds = 0;

    start(&r);
    c = rig_connect(&r, 0, 0);
    c->lazy = true;
    client_send(&r, c, POST_ECHO "Content-Length: 200000\r\n\r\n");
    while (sent < sizeof(big)) {
        n = client_send_bytes(
            &r, c, (struct span){(uint8_t *)big + sent, sizeof(big) - sent});
        sent += n;
        ck_assert_uint_le(sent - c->n, 2 * RIG_PIPE_BYTES);
        client_read(&r, c, 1000);
        ck_assert_uint_lt(++rounds, 1000);
    }
    client_read(&r, c, sizeof(big));
    ck_assert_uint_eq(strlen(body_of(c->got)), sizeof(big));
    ck_assert(memcmp(body_of(c->got), big, sizeof(big)) == 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_continue_is_said_before_the_body_and_only_then)
{
    struct rig r;
    struct client *c;

    start(&r);
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                POST_ECHO "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    ck_assert_str_eq(c->got, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&r, c, "hi");
    ck_assert(holds(c->got, "\r\n\r\nHTTP/1.1 200 OK\r\n"));
    ck_assert_str_eq(body_of(body_of(c->got)), "hi");
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                "Content-Length: 2\r\n\r\n");
    ck_assert_str_eq(c->got, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&r, c, "hi");
    ck_assert_str_eq(body_of(body_of(c->got)), "took 2");
    /* a refusal without it: the body may or may not come, so we part */
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                "Content-Length: 200000\r\n\r\n");
    ck_assert(begins(c->got, "HTTP/1.1 413 "));
    ck_assert(c->eof);
    /* nothing to continue with */
    ck_assert(begins(ask(&r, "GET / HTTP/1.1\r\nHost: a\r\n"
                             "Expect: 100-continue\r\n\r\n"),
                     "HTTP/1.1 200 OK"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_an_upload_is_taken_and_answered)
{
    struct rig r;

    start(&r);
    ck_assert_str_eq(
        body_of(ask(&r, "POST /upload HTTP/1.1\r\nHost: a\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
                        "2\r\nde\r\n0\r\n\r\n")),
        "took 5");
    ck_assert_str_eq(body_of(ask(&r, "POST /upload HTTP/1.1\r\nHost: a\r\n"
                                     "Content-Length: 0\r\n\r\n")),
                     "took 0");
    ck_assert_uint_eq(gone_calls, 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_chunked_upload_beyond_the_limit_is_refused)
{
    struct rig r;
    struct client *c;

    start(&r);
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /upload HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n186a1\r\n");
    client_send_bytes(&r, c, (struct span){(uint8_t *)big, 100001});
    ck_assert(begins(c->got, "HTTP/1.1 413 Content Too Large\r\n"));
    ck_assert(c->eof);
    ck_assert_uint_eq(gone_calls, 1);
    ck_assert_uint_eq(r.http->m.refused__body_size, 1);
    rig_stop(&r);
}
END_TEST

START_TEST(test_an_echo_beyond_the_limit_is_cut_off)
{
    struct rig r;

    start(&r);
    ask(&r, "POST /echo-10 HTTP/1.1\r\nHost: a\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
            "6\r\nhello \r\n6\r\nworld!\r\n0\r\n\r\n");
    ck_assert(r.client[0]->closed);
    ck_assert_int_eq(r.client[0]->error, E_RESET);
    ck_assert_uint_eq(r.http->m.refused__body_size, 1);
    ck_assert(begins(ask(&r, "POST /echo-10 HTTP/1.1\r\nHost: a\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n"
                             "b\r\nhello world\r\n0\r\n\r\n"),
                     "HTTP/1.1 413 Content Too Large\r\n"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_broken_chunks_end_the_connection)
{
    struct rig r;
    const char *got;

    start(&r);
    got = ask(&r, "POST /upload HTTP/1.1\r\nHost: a\r\n"
                  "Transfer-Encoding: chunked\r\n\r\nx\r\n");
    ck_assert(begins(got, "HTTP/1.1 400 Bad Request\r\n"));
    ck_assert(r.client[0]->eof);
    got = ask(&r, POST_ECHO "Transfer-Encoding: chunked\r\n\r\nx\r\n");
    ck_assert(begins(got, "HTTP/1.1 400 Bad Request\r\n"));
    ck_assert(r.client[1]->eof);
    ask(&r, POST_ECHO "Transfer-Encoding: chunked\r\n\r\n1\r\naxx");
    ck_assert(r.client[2]->closed);
    ck_assert_int_eq(r.client[2]->error, E_RESET);
    ck_assert_uint_eq(r.http->m.refused__body_syntax, 3);
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_body_nobody_wants_is_skipped)
{
    struct rig r;
    struct client *c;

    start(&r);
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n");
    ck_assert(holds(c->got, "\r\n\r\nhello"));
    client_send_bytes(&r, c, (struct span){(uint8_t *)big, 65536});
    c->n = 0;
    client_send(&r, c, "GET /show/next" END);
    ck_assert(holds(c->got, "[/show/next]"));
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /nowhere HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    ck_assert(begins(c->got, "HTTP/1.1 404 "));
    client_send(&r, c, "5\r\nhello\r\n0\r\n\r\nGET /show/too" END);
    ck_assert(holds(c->got, "[/show/too]"));
    rig_stop(&r);
}
END_TEST

START_TEST(test_a_body_without_end_is_not_skipped_for_ever)
{
    struct rig r;
    struct client *c;
    size_t sent = 0;

    start(&r);
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /nowhere HTTP/1.1\r\nHost: a\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    while (!c->closed && sent < 10000000) {
        client_send(&r, c, "ffff\r\n");
        client_send_bytes(&r, c, (struct span){(uint8_t *)big, 0xffff});
        client_send(&r, c, "\r\n");
        sent += 0xffff;
    }
    ck_assert(c->closed);
    ck_assert_uint_le(sent, HTTP_SKIP_MAX + HTTP_LINGER_MAX + 3 * 0xffff);
    rig_stop(&r);
}
END_TEST

START_TEST(test_later_is_answered_when_it_is_ready)
{
    struct rig r;
    struct client *c;

    start(&r);
    c = rig_connect(&r, 0, 0);
    client_send(&r, c, "GET /later" END "GET /" END);
    rig_wait(&r, 100 * NS_PER_SEC);
    ck_assert_str_eq(c->got, "");
    http_ready(waiting);
    rig_turn(&r);
    ck_assert(holds(c->got, "\r\n\r\nlateHTTP/1.1 200 OK"));
    ck_assert(holds(c->got, "\r\n\r\nhello"));
    ck_assert_uint_eq(gone_calls, 0);
    rig_stop(&r);
}
END_TEST

START_TEST(test_later_is_told_when_the_client_leaves)
{
    struct rig r;
    struct client *c;

    start(&r);
    c = rig_connect(&r, 0, 0);
    client_send(&r, c, "GET /later" END);
    client_gone(&r, c);
    ck_assert_uint_eq(gone_calls, 1);
    ck_assert_uint_eq(http_conns(r.http), 0);
    /* one who only stops sending still waits for the answer */
    c = rig_connect(&r, 0, 0);
    client_send(&r, c, "GET /later" END);
    client_shut(&r, c);
    ck_assert_uint_eq(gone_calls, 1);
    http_ready(waiting);
    rig_turn(&r);
    ck_assert(holds(c->got, "\r\n\r\nlate"));
    ck_assert(c->eof);
    rig_stop(&r);
}
END_TEST

START_TEST(test_an_upload_broken_off_is_told)
{
    struct rig r;
    struct client *c;

    start(&r);
    c = rig_connect(&r, 0, 0);
    client_send(&r, c,
                "POST /upload HTTP/1.1\r\nHost: a\r\n"
                "Content-Length: 9\r\n\r\nabc");
    client_shut(&r, c);
    ck_assert_uint_eq(gone_calls, 1);
    ck_assert_uint_eq(took_bytes, 3);
    ck_assert_uint_eq(http_conns(r.http), 0);
    rig_stop(&r);
}
END_TEST

RUN_TESTS(
    "server", PANICS(), test_a_get_is_answered,
    test_the_date_moves_with_the_clock, test_without_a_clock_there_is_no_date,
    test_head_is_get_without_the_body, test_a_big_body_is_lent,
    test_pieces_of_any_number, test_long_pieces_are_cut,
    test_written_bodies_are_chunked, test_a_client_of_1_0_gets_no_chunks,
    test_who_stays_and_who_goes, test_each_refusal_has_its_page,
    test_allow_says_what_is_allowed, test_requests_are_shown_to_the_handler,
    test_a_redirect_cannot_be_made_to_lie,
    test_pipelined_requests_are_answered_in_order,
    test_pipelining_is_no_way_to_be_first, test_windows_make_no_difference,
    test_framing_may_end_where_a_piece_does, test_an_echo_gives_back_what_came,
    test_an_echo_holds_back_who_does_not_read,
    test_continue_is_said_before_the_body_and_only_then,
    test_an_upload_is_taken_and_answered,
    test_a_chunked_upload_beyond_the_limit_is_refused,
    test_an_echo_beyond_the_limit_is_cut_off,
    test_broken_chunks_end_the_connection, test_a_body_nobody_wants_is_skipped,
    test_a_body_without_end_is_not_skipped_for_ever,
    test_later_is_answered_when_it_is_ready,
    test_later_is_told_when_the_client_leaves,
    test_an_upload_broken_off_is_told)
