/* SPDX-License-Identifier: ISC */
/*
 * accept.c - how connections come and go.
 *
 * All memory is taken in http_new().  At the limit a new connection takes the
 * place of the one that has been at rest longest; when none is, it is told 503.
 */
#include "http_impl.h"

METRICS_TABLE(http, HTTP_METRICS);

_Static_assert(sizeof(struct http_exchange) <= HTTP_CONN_BYTES,
               "http.h: HTTP_CONN_BYTES");
_Static_assert(sizeof(struct http) +
                       (HTTP_SCRATCH + 1) * sizeof(struct http_scratch) +
                       (HTTP_LOANS_MORE + 1) * sizeof(struct http_loan) +
                       HTTP_REFUSALS * HTTP_CONN_BYTES + 1024 <=
                   HTTP_ARENA_BYTES,
               "http.h: HTTP_ARENA_BYTES");

void conn_list(struct http_list *l, struct http_exchange *x)
{
    ASSERT(!x->listed);
    x->prev = l->tail;
    x->next = NULL;
    *(l->tail ? &l->tail->next : &l->head) = x;
    l->tail = x;
    x->listed = true;
}

void conn_unlist(struct http_exchange *x)
{
    struct http_list *l = x->starved ? &x->server->starved : &x->server->rest;

    if (!x->listed)
        return;
    *(x->prev ? &x->prev->next : &l->head) = x->next;
    *(x->next ? &x->next->prev : &l->tail) = x->prev;
    x->listed = x->starved = false;
}

void conn_rest(struct http_exchange *x)
{
    struct http *h = x->server;

    conn_unlist(x);
    x->since = loop_now(h->loop);
    x->partial = false;
    conn_list(&h->rest, x);
    conn_until(x, x->since + h->timeouts.idle);
}

void conn_free(struct http_exchange *x)
{
    if (x->loans_out == 0 && !x->queued)
        pool_put(&x->server->conns, x);
}

void conn_end(struct http_exchange *x)
{
    struct http *h = x->server;

    conn_enter(x, CONN_GONE);
    h->m.connections--;
    conn_unlist(x);
    scratch_put(x);
    timer_clear(h->loop, &x->timer);
    stream_release(x->stream);
    x->stream = NULL;
    conn_gone(x);
    conn_free(x);
}

void loan_done(struct loan *l)
{
    struct http_loan *piece = CONTAINER(l, struct http_loan, loan);
    struct http_exchange *x = piece->x;

    size_t n = l->bytes.n;

    piece->out = false;
    if (piece->shared)
        pool_put(&x->server->loans, piece);
    x->loans_out--;
    if (x->state == CONN_GONE) {
        conn_free(x);
        return;
    }
    conn_progress(x, n, x->server->timeouts.write);
    if (x->state == CONN_SENDING)
        conn_queue(x);
}

static struct http_exchange *conn_new(struct http *h, struct stream *s)
{
    struct http_exchange *x = pool_get(&h->conns);

    if (!x)
        return NULL;
    *x = (struct http_exchange){.stream = s, .server = h};
    x->timer.fire = conn_timeout;
    for (unsigned i = 0; i < HTTP_LOANS; i++) {
        x->loan[i].x = x;
        x->loan[i].loan.done = loan_done;
    }
    s->on_event = conn_on_event;
    s->user = x;
    if (++h->m.connections > h->m.connections_high)
        h->m.connections_high = h->m.connections;
    return x;
}

/* Says 503 to a stream that has no place here, and gets rid of it soon. */
static RARE bool turn_away(struct http *h, struct stream *s)
{
    struct http_exchange *x = conn_new(h, s);

    h->m.refused__busy++;
    if (!x)
        return false;
    conn_enter(x, CONN_HANDLING);
    if (!reply_room(x)) {
        s->on_event = NULL;
        h->m.connections--;
        conn_unlist(x);
        pool_put(&h->conns, x);
        return false;
    }
    http_reply_page(x, 503, SPAN("Retry-After: 5\r\n"));
    conn_queue(x);
    return true;
}

static bool admit(struct http *h, struct stream *s)
{
    struct http_exchange *oldest = h->rest.head, *x;
    ns_t now = loop_now(h->loop);

    if (h->m.connections >= h->config.conns) {
        if (!oldest || now - oldest->since < HTTP_GRACE)
            return turn_away(h, s);
        h->m.evicted++;
        conn_end(oldest);
    }
    x = conn_new(h, s);
    if (!x) { /* places are held by loans still on their way */
        h->m.refused__busy++;
        return false;
    }
    x->since = now;
    conn_list(&h->rest, x);
    conn_until(x, now + h->timeouts.header);
    return true;
}

bool http_accept(struct http *h, struct stream *s)
{
    h->m.accepted++;
    return admit(h, s);
}

bool http_join(struct http *h, struct stream *s)
{
    struct http_exchange *x;

    if (!admit(h, s))
        return false;
    x = s->user;
    x->secure = x->framed = true;
    return true;
}

bool http_accept_secure(struct http *h, struct stream *s)
{
    struct http_exchange *x;

    if (!http_accept(h, s))
        return false;
    x = s->user;
    x->secure = true;
    return true;
}

bool http_evict_secure(struct http *h)
{
    enum { LOOK_AT = 1024 }; /* connections; those without TLS are in the way */
    struct http_exchange *x = h->rest.head;
    ns_t now = loop_now(h->loop);

    for (unsigned i = 0; x && i < LOOK_AT; i++, x = x->next) {
        if (now - x->since < HTTP_GRACE)
            return false;
        if (!x->secure || x->framed || x->state != CONN_READING)
            continue;
        h->m.evicted++;
        conn_end(x);
        return true;
    }
    return false;
}

static void run_queue(struct task *t, ns_t now)
{
    struct http *h = CONTAINER(t, struct http, task);
    struct http_exchange *x = h->run, *next;

    (void)now;
    h->run = NULL;
    for (; x; x = next) {
        next = x->run_next;
        x->queued = false;
        if (x->state == CONN_GONE)
            conn_free(x);
        else
            conn_run(x);
    }
}

/* Paths of their own first, then the others, the longer before the shorter: the
 * first that fits is the one. */
static RARE void add_route(struct http *h, const struct http_route *r)
{
    struct http_way way = {span_of(r->path), r};
    unsigned at = h->nways;
    bool exact = way.path.n == 0 || way.path.p[way.path.n - 1] != '*';

    way.path.n -= !exact;
    if (exact) {
        at = h->nexact++;
        h->exact_marks |= http_mark(way.path);
    }
    while (!exact && at > h->nexact && h->way[at - 1].path.n < way.path.n)
        at--;
    memmove(&h->way[at + 1], &h->way[at], (h->nways - at) * sizeof(way));
    h->way[at] = way;
    h->nways++;
}

RARE struct http *http_new(struct arena *a, struct loop *loop,
                           const struct http_config *c,
                           const struct http_timeouts *t)
{
    struct http *h = arena_try(a, sizeof(*h), 16);

    if (!h)
        return NULL;
    *h = (struct http){.loop = loop, .config = *c, .timeouts = *t};
    h->task.run = run_queue;
    h->starved_timer.fire = scratch_retry;
    if (c->wall_ns)
        h->wall_base = (c->wall_ns - loop_now(loop)) / NS_PER_SEC;
    if (c->nroutes > HTTP_ROUTES_MAX)
        return NULL;
    for (unsigned i = 0; i < c->nroutes; i++)
        add_route(h, &c->routes[i]);
    if (!pool_init(&h->conns, "http_conns", a, sizeof(struct http_exchange),
                   c->conns + HTTP_REFUSALS, 16) ||
        !pool_init(&h->scratches, "http_scratch", a,
                   sizeof(struct http_scratch), HTTP_SCRATCH, 16) ||
        !pool_init(&h->loans, "http_loans", a, sizeof(struct http_loan),
                   HTTP_LOANS_MORE, 16))
        return NULL;
    return h;
}

unsigned http_conns(const struct http *h)
{
    return (unsigned)h->m.connections;
}
