/* SPDX-License-Identifier: ISC */
/*
 * front.c - the front page: what was baked, with the figures of this moment
 * where {{NAME}} stands in it, so that it says all without a script.
 */
#include <string.h>

#include "page.h"
#include "pinata.h"

/* Where an answer is: in the page, and in what replaces a name (of which `done`
 * bytes are out). */
struct progress {
    size_t at, done;
};

static bool is(struct span name, const char *word)
{
    return name.n == strlen(word) && memcmp(name.p, word, name.n) == 0;
}

/* What stands for a name; unknown ones stand for nothing. */
static struct span value(struct pinata *p, struct span name, struct text *t)
{
    const struct authority *ca = &p->ca;

    if (is(name, "ca"))
        return (struct span){(const uint8_t *)ca->pem[ca->now],
                             ca->pem_n[ca->now]};
    if (is(name, "name"))
        text_add_plain(t, ca->name);
    else if (is(name, "commitment"))
        text_add(t, p->prover.commitment);
    else if (is(name, "public_key"))
        text_add(t, p->prover.public_pem);
    else
        figure_add(p, name, t);
    return text_span(t);
}

static size_t copy(struct mspan *room, struct span from)
{
    size_t n = from.n < room->n ? from.n : room->n;

    if (n)
        memcpy(room->p, from.p, n);
    *room = (struct mspan){room->p + n, room->n - n};
    return n;
}

static const uint8_t *find(struct span in, const char *two)
{
    for (size_t i = 0; i + 1 < in.n; i++)
        if (in.p[i] == (uint8_t)two[0] && in.p[i + 1] == (uint8_t)two[1])
            return in.p + i;
    return NULL;
}

/* One name's value, from where the last call ended. */
static bool fill(struct pinata *p, struct progress *at, struct span rest,
                 struct mspan *room)
{
    const uint8_t *end = find(rest, "}}");
    char small[300];
    struct text t = {small, sizeof(small), 0};
    struct span v;

    if (!end) { /* the page is ours: this cannot be */
        at->at += rest.n;
        return true;
    }
    v = value(p, (struct span){rest.p + 2, (size_t)(end - rest.p) - 2}, &t);
    if (at->done > v.n)
        at->done = v.n; /* it is shorter by now */
    at->done += copy(room, (struct span){v.p + at->done, v.n - at->done});
    if (at->done < v.n)
        return false;
    at->done = 0;
    at->at += (size_t)(end - rest.p) + 2;
    return true;
}

static size_t write(struct http_exchange *x, struct mspan room)
{
    const struct http_file *file =
        http_site_find(&web_site, SPAN("/front.html"));
    struct progress *at = http_state(x);
    struct mspan left = room;

    while (file && left.n && at->at < file->plain.body.n) {
        struct span rest = {file->plain.body.p + at->at,
                            file->plain.body.n - at->at};
        const uint8_t *name = find(rest, "{{");
        struct span text = {rest.p, name ? (size_t)(name - rest.p) : rest.n};

        if (text.n)
            at->at += copy(&left, text);
        else if (!fill(http_user(x), at, rest, &left))
            break;
    }
    return room.n - left.n;
}

void front_page(struct http_exchange *x, const struct http_request *rq,
                void *user)
{
    (void)rq;
    (void)user;
    http_reply_written(
        x,
        &(struct http_reply){.status = 200,
                             .type = SPAN("text/html; charset=utf-8"),
                             .fields = SPAN(NO_STORE)},
        write);
}
