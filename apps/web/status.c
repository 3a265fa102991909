/* SPDX-License-Identifier: ISC */
/*
 * status.c - GET /status.json: the figures of the front page.
 *
 * Adding up the counters costs a hundred times what the rest of a request
 * does, so it is done ten times a second at most, however many look.
 */
#include <string.h>

#include "web.h"

#define FRESH (100 * NS_PER_MS)

struct json {
    char *text;
    size_t n;
};

static void put(struct json *j, char c)
{
    ASSERT(j->n < JSON_BYTES);
    j->text[j->n++] = c;
}

static void put_key(struct json *j, const char *key)
{
    put(j, j->n ? ',' : '{');
    put(j, '"');
    while (*key)
        put(j, *key++);
    put(j, '"');
    put(j, ':');
}

/* Our own words, but a machine's name may come from its firmware. */
static void text(struct json *j, const char *key, const char *value)
{
    size_t most = 96;

    put_key(j, key);
    put(j, '"');
    for (; value && *value && most; value++, most--)
        put(j,
            *value < 0x20 || *value == 0x7f || *value == '"' || *value == '\\'
                ? '?'
                : *value);
    put(j, '"');
}

static void number(struct json *j, const char *key, uint64_t v)
{
    char digits[20];
    size_t n = 0;

    put_key(j, key);
    do
        digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    while (n)
        put(j, digits[--n]);
}

/* Members that are counters, and the metrics they are. */
static const char *const counters[][2] = {
    {"connections", "http_connections"},
    {"connections_high", "http_connections_high"},
    {"accepted", "http_accepted"},
    {"requests", "http_requests"},
    {"received_bytes", "http_received_bytes"},
    {"sent_bytes", "http_sent_bytes"},
    {"rx_frames", "nic_rx_frames"},
    {"tx_frames", "nic_tx_frames"},
};

static RARE void write_json(struct web *web)
{
    struct image_status s;
    struct json j = {web->json, 0};

    image_status(web->env, &s);
    text(&j, "name", s.name);
    text(&j, "version", s.version);
    text(&j, "commit", s.commit);
    text(&j, "machine", s.machine);
    number(&j, "uptime_ms", s.uptime_ns / NS_PER_MS);
    number(&j, "boot_us", s.boot_ns / NS_PER_US);
    number(&j, "memory_total", s.memory_total);
    number(&j, "memory_plan", s.memory_plan);
    number(&j, "memory_used", s.memory_used);
    number(&j, "memory_high", s.memory_high);
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        number(&j, counters[i][0],
               metrics_get(web->env->metrics, counters[i][1]));
    put(&j, '}');
    put(&j, '\n');
    web->json_n = j.n;
}

void web_status(struct http_exchange *x, const struct http_request *rq,
                void *user)
{
    struct web *web = user;
    ns_t now = loop_now(web->env->loop);

    (void)rq;
    if (now >= web->json_until) {
        write_json(web);
        web->json_until = now + FRESH;
    }
    http_reply_copy(
        x, &(struct http_reply){.status = 200,
                                .type = SPAN("application/json"),
                                .fields = SPAN("Cache-Control: no-store\r\n"),
                                .body = {(uint8_t *)web->json, web->json_n}});
}
