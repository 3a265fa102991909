/* SPDX-License-Identifier: ISC */
/*
 * site.c - a route for each kind of answer.
 */
#include "site.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

struct site site;

static void on_plain(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    (void)rq;
    ck_assert_ptr_eq(user, site.big);
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
    http_reply(
        x, &(struct http_reply){
               .status = 200, .body = {(uint8_t *)site.big, sizeof(site.big)}});
}

static struct span next_piece(struct http_exchange *x, uint64_t at)
{
    (void)x;
    return (struct span){(uint8_t *)site.big + at % 1000, 1000 - at % 1000};
}

/* Longer than a loan should be, and than is left. */
static struct span next_long_piece(struct http_exchange *x, uint64_t at)
{
    (void)x;
    ck_assert_uint_lt(site.nasked, 64);
    site.asked[site.nasked++] = at;
    return (struct span){(uint8_t *)site.big, sizeof(site.big)};
}

static void on_long(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    (void)rq;
    (void)user;
    site.nasked = 0;
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

static size_t endless(struct http_exchange *x, struct mspan room)
{
    (void)x;
    memset(room.p, 'x', room.n);
    return room.n;
}

static void on_endless(struct http_exchange *x, const struct http_request *rq,
                       void *user)
{
    (void)rq;
    (void)user;
    http_reply_written(x, &(struct http_reply){.status = 200}, endless);
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
    site.took += data.n;
    if (data.n)
        return;
    sprintf(text, "took %u", (unsigned)site.took);
    http_reply_copy(x,
                    &(struct http_reply){.status = 200, .body = span_of(text)});
}

static void on_gone(void *user)
{
    (void)user;
    site.gone++;
}

static void on_upload(struct http_exchange *x, const struct http_request *rq,
                      void *user)
{
    (void)rq;
    site.took = 0;
    http_read_body(x, on_data, on_gone, user);
}

static void on_sink(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    (void)rq;
    http_read_body(x, on_data, NULL, user);
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
    site.waiting = x;
    http_later(x, on_ready, on_gone, user);
}

static void on_never(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    (void)rq;
    http_later(x, NULL, NULL, user);
}

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
    if (site.norder < sizeof(site.order) - 1)
        site.order[site.norder++] = (char)rq->path.p[rq->path.n - 1];
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
    {.path = "/sink",
     .methods = HTTP_POST,
     .handle = on_sink,
     .body_max = HTTP_ANY_LENGTH},
    {.path = "/never", .methods = HTTP_GET, .handle = on_never},
    {.path = "/endless", .methods = HTTP_GET, .handle = on_endless},
    {.path = "/later", .methods = HTTP_GET, .handle = on_later},
    {.path = "/show/*", .methods = HTTP_GET, .handle = on_show},
    {.path = "/move", .methods = HTTP_GET, .handle = on_move},
};
const struct http_config site_config = {
    .routes = routes,
    .nroutes = ARRAY_LEN(routes),
    .user = site.big,
    .fields = {(const uint8_t *)"X-Every: reply\r\n", 16},
    .wall_ns = 784111777 * NS_PER_SEC,
};

void site_start_with(struct rig *r, const struct http_config *config)
{
    memset(&site, 0, sizeof(site));
    for (size_t i = 0; i < sizeof(site.big); i++)
        site.big[i] = (char)('a' + i % 23);
    rig_start(r, config, NULL);
}

void site_start(struct rig *r)
{
    site_start_with(r, &site_config);
}

struct client *site_start_one(struct rig *r)
{
    site_start(r);
    return rig_connect(r, 0, 0);
}
