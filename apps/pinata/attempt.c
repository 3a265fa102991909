/* SPDX-License-Identifier: ISC */
/*
 * attempt.c - who tried, and why it was not enough: each line in the log, the
 * last ones on a page, there without the half of the address that says who
 * exactly it was.
 */
#include <billet/clock.h>
#include <string.h>

#include "page.h"
#include "pinata.h"

/* "192.0.x.x", "2001:db8:1::/48". */
static void shorten(char out[IPADDR_TEXT_BYTES], const struct ipaddr *full)
{
    struct ipaddr a = *full;
    struct text t = {out, IPADDR_TEXT_BYTES, 0};
    char whole[IPADDR_TEXT_BYTES];

    if (ipaddr_is_v4(&a)) {
        text_add_u64(&t, a.b[12]);
        text_add(&t, ".");
        text_add_u64(&t, a.b[13]);
        text_add(&t, ".x.x");
        return;
    }
    memset(a.b + 6, 0, 10);
    ipaddr_format(whole, &a);
    text_add(&t, whole);
    text_add(&t, "/48");
}

static bool same(const struct attempt *a, const struct attempt *b)
{
    return a->port == b->port && strcmp(a->from, b->from) == 0 &&
           strcmp(a->result, b->result) == 0;
}

void attempt_note(struct pinata *p, uint16_t port, const struct endpoint *peer,
                  const char *result)
{
    char full[ENDPOINT_TEXT_BYTES];
    struct attempt a = {.times = 1, .port = port}, *last;
    struct text t = {a.result, sizeof(a.result), 0};

    endpoint_format(full, peer);
    log_info(p->env->log, "pinata", "%u: %s: %s", port, full, result);
    a.at_s = clock_wall_ns(p->env->clock, loop_now(p->env->loop)) / NS_PER_SEC;
    shorten(a.from, &peer->addr);
    text_add_plain(&t, result);
    last = &p->attempt[(p->attempts + ATTEMPTS - 1) % ATTEMPTS];
    if (p->attempts && same(last, &a)) {
        last->times++;
        last->at_s = a.at_s;
        return;
    }
    p->attempt[p->attempts++ % ATTEMPTS] = a;
}

/* Where an answer is: the next line, the newest first. */
struct listing {
    uint64_t next, end;
    bool begun, over;
};

static const struct attempt *next_line(struct pinata *p, struct listing *l)
{
    if (l->next == l->end)
        return NULL;
    /* the oldest may have been overwritten meanwhile */
    if (p->attempts > ATTEMPTS && l->next <= p->attempts - ATTEMPTS)
        return NULL;
    return &p->attempt[--l->next % ATTEMPTS];
}

static void list(struct pinata *p, struct http_exchange *x)
{
    struct listing *l = http_state(x);

    l->next = p->attempts;
    l->end = p->attempts > ATTEMPTS ? p->attempts - ATTEMPTS : 0;
}

static size_t line(struct http_exchange *x, struct mspan room)
{
    const struct attempt *a = next_line(http_user(x), http_state(x));
    struct text t = text_in(room);

    if (!a)
        return 0;
    text_add_time(&t, a->at_s);
    text_add(&t, " port ");
    text_add_u64(&t, a->port);
    text_add(&t, " from ");
    text_add(&t, a->from);
    text_add(&t, ": ");
    text_add(&t, a->result);
    if (a->times > 1) {
        text_add(&t, " (");
        text_add_u64(&t, a->times);
        text_add(&t, " times)");
    }
    text_add(&t, "\n");
    return t.n;
}

void attempts_page(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    (void)rq;
    list(user, x);
    http_reply_written(
        x,
        &(struct http_reply){.status = 200,
                             .type = SPAN("text/plain; charset=utf-8"),
                             .fields = SPAN(NO_STORE)},
        line);
}

static size_t object(struct http_exchange *x, struct mspan room)
{
    struct listing *l = http_state(x);
    const struct attempt *a = next_line(http_user(x), l);
    struct text t = text_in(room);
    char time[24];
    struct text when = {time, sizeof(time), 0};

    if (l->over)
        return 0;
    text_add(&t, l->begun ? a ? ",\n{" : "]\n" : a ? "[{" : "[]\n");
    l->begun = true;
    l->over = !a;
    if (!a)
        return t.n;
    text_add_time(&when, a->at_s);
    text_add_member_text(&t, "time", time);
    text_add_member(&t, "port", a->port);
    text_add_member_text(&t, "from", a->from);
    text_add_member_text(&t, "result", a->result);
    text_add_member(&t, "times", a->times);
    text_add(&t, "}");
    return t.n;
}

void attempts_json(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    (void)rq;
    list(user, x);
    http_reply_written(x,
                       &(struct http_reply){.status = 200,
                                            .type = SPAN("application/json"),
                                            .fields = SPAN(NO_STORE)},
                       object);
}
