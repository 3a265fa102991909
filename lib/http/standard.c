/* SPDX-License-Identifier: ISC */
/*
 * standard.c - answers that many applications give: a page, counters, the log.
 */
#include <billet/log.h>

#include "http_impl.h"

#define NO_STORE "Cache-Control: no-store\r\n"

struct metrics_reply {
    const struct metrics *metrics;
    uint32_t row;
};
struct log_reply {
    const struct log *log;
    uint64_t at;
};

void http_reply_html(struct http_exchange *x, struct span page)
{
    http_reply(x, &(struct http_reply){.status = 200,
                                       .type = SPAN("text/html; charset=utf-8"),
                                       .body = page});
}

static size_t write_metrics(struct http_exchange *x, struct mspan room)
{
    struct metrics_reply *r = http_state(x);

    _Static_assert((int)HTTP_WRITE_MIN >= METRICS_LINE_BYTES, "a line");
    return metrics_format(r->metrics, &r->row, room);
}

void http_reply_metrics(struct http_exchange *x, const struct http_request *rq,
                        const struct metrics *m)
{
    bool person = http_prefers(rq, SPAN("text/html"),
                               SPAN("application/openmetrics-text"));
    struct span open =
        SPAN("application/openmetrics-text; version=1.0.0; charset=utf-8");
    struct metrics_reply *r = http_state(x);

    r->metrics = m;
    http_reply_written(
        x,
        &(struct http_reply){.status = 200,
                             .type = person ? SPAN("text/plain; charset=utf-8")
                                            : open,
                             .fields = SPAN(NO_STORE "Vary: Accept\r\n")},
        write_metrics);
}

/* Each read gives all up to the end of the ring: what does not fit is read
 * again next time. */
static size_t write_log(struct http_exchange *x, struct mspan room)
{
    struct log_reply *r = http_state(x);
    size_t n = 0;

    while (n < room.n) {
        struct span text = log_read(r->log, &r->at);
        size_t fits = room.n - n;

        if (text.n == 0)
            break;
        if (text.n > fits) {
            r->at -= text.n - fits;
            text.n = fits;
        }
        memcpy(room.p + n, text.p, text.n);
        n += text.n;
    }
    return n;
}

void http_reply_log(struct http_exchange *x, const struct log *log)
{
    struct log_reply *r = http_state(x);

    r->log = log;
    http_reply_written(
        x,
        &(struct http_reply){.status = 200,
                             .type = SPAN("text/plain; charset=utf-8"),
                             .fields = SPAN(NO_STORE)},
        write_log);
}
