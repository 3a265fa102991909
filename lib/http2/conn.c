/* SPDX-License-Identifier: ISC */
/*
 * conn.c - a connection: what comes in, what goes out, and its end.
 *
 * A turn writes what can be written, tells the server what came of that, and
 * then reads, but only while the stream below takes what we write: a client
 * that reads no answers asks for nothing more.
 */
#include "http2_impl.h"

#include <billet/app.h>
#include <billet/machine.h>

METRICS_TABLE(http2, HTTP2_METRICS);

static void task_run(struct task *, ns_t now);
/* Between two looks at whether all is answered, at the end. */
#define STOP_LOOK_NS (20 * NS_PER_MS)

static void on_timer(struct timer *, ns_t now);

void h2_turn_later(struct h2_conn *c)
{
    loop_defer(c->h2->loop, &c->task);
}

int h2_pay(struct h2_conn *c, unsigned cost)
{
    ns_t now = loop_now(c->h2->loop);

    if (c->credit_end < now)
        c->credit_end = now;
    c->credit_end += cost * H2_COST_NS;
    if (c->credit_end - now <= H2_CREDIT_NS)
        return 0;
    c->flooded = true;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* The server hears that its streams are closed. */
static void close_streams(struct h2_conn *c)
{
    nghttp2_session_del(c->session);
    c->session = NULL;
    c->left = (struct span){0};
    c->cut.on = false;
    c->reap = true;
    for (struct h2_stream *st = c->streams; st; st = st->next) {
        st->id = 0;
        st->stream.error = E_RESET;
        h2_post(st, STREAM_CLOSED);
    }
}

/* Gives the stream below back, at once. */
static void kill(struct h2_conn *c)
{
    struct http2 *h2 = c->h2;

    if (c->state == H2_GONE)
        return;
    if (c->state == H2_OPEN)
        close_streams(c);
    c->state = H2_GONE;
    *(c->prev ? &c->prev->next : &h2->first) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    h2->m.connections--;
    timer_clear(h2->loop, &c->timer);
    c->lower->on_event = NULL;
    stream_release(c->lower);
    h2_turn_later(c);
}

bool h2_shed(struct http2 *h2, const struct h2_conn *asking)
{
    struct h2_conn *most = NULL;

    for (struct h2_conn *c = h2->first; c; c = c->next) {
        if (c != asking && !c->busy && c->state == H2_OPEN &&
            c->in_use > H2_CONN_BYTES && (!most || c->in_use > most->in_use))
            most = c;
    }
    if (!most || most->in_use < asking->in_use)
        return false;
    h2->m.starved++;
    kill(most);
    return true;
}

/* Nothing of ours is left to be sent. */
static void linger(struct h2_conn *c)
{
    close_streams(c);
    c->state = H2_LINGERING;
    stream_shutdown(c->lower);
    timer_set(c->h2->loop, &c->timer, loop_now(c->h2->loop) + H2_LINGER_NS);
}

/* The last word is GOAWAY, if there is room for it. */
static void terminate(struct h2_conn *c, uint32_t why)
{
    nghttp2_session_terminate_session(c->session, why);
    h2_pump(c);
    if (h2_blocked(c))
        kill(c);
    else
        linger(c);
}

/* What came wakes its streams' readers, and so on. */
static bool deliver(struct h2_conn *c)
{
    struct h2_stream *st = c->ready;
    bool any = st != NULL;

    c->ready = NULL;
    while (st) {
        struct h2_stream *next = st->next_ready;
        unsigned events = st->events;

        st->ready = false;
        st->events = 0;
        if (!st->joined && !st->released) {
            if (!(events & STREAM_CLOSED) &&
                http_join(c->h2->http, &st->stream)) {
                st->joined = true;
                c->njoined++;
            } else {
                if (!(events & STREAM_CLOSED))
                    c->h2->m.refused++;
                h2_forget(st, NGHTTP2_REFUSED_STREAM);
                st->released = c->reap = true;
            }
        }
        if (st->joined && !st->closed) {
            st->closed = events & STREAM_CLOSED;
            st->stream.on_event(&st->stream, events, st->stream.user);
        }
        st = next;
    }
    return any;
}

static void reap(struct h2_conn *c)
{
    struct h2_stream *next;

    if (!c->reap)
        return;
    c->reap = false;
    for (struct h2_stream *st = c->streams; st; st = next) {
        next = st->next;
        if (!st->released)
            continue;
        if (st->ready || (c->cut.on && c->cut.from == st))
            c->reap = true; /* later */
        else
            h2_stream_free(st);
    }
}

/* One piece of what came; false: nothing did, or it made no sense. */
static bool receive(struct h2_conn *c)
{
    struct span in = stream_peek(c->lower);
    nghttp2_ssize n;

    if (in.n == 0)
        return false;
    n = nghttp2_session_mem_recv2(c->session, in.p, in.n);
    stream_consume(c->lower, in.n);
    if (n >= 0 && !c->starved && !c->flooded)
        return true;
    if (n == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
        c->h2->m.errors++;
        linger(c);
        return false;
    }
    (*(c->starved ? &c->h2->m.starved : &c->h2->m.floods))++;
    c->starved = c->flooded = false;
    terminate(c, NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
}

static bool step(struct h2_conn *c)
{
    bool moved = h2_pump(c);

    moved |= deliver(c);
    if (c->starved) {
        c->h2->m.starved++;
        kill(c);
        return false;
    }
    if (!h2_blocked(c))
        moved |= receive(c);
    reap(c);
    return moved;
}

static bool is_over(const struct h2_conn *c)
{
    return !h2_blocked(c) && !nghttp2_session_want_read(c->session) &&
           !nghttp2_session_want_write(c->session);
}

static void turn(struct h2_conn *c)
{
    unsigned steps = 0;
    struct span in;

    c->busy = true;
    while (c->state == H2_OPEN && steps < H2_TURNS && step(c))
        steps++;
    if (c->state == H2_OPEN && steps == H2_TURNS)
        h2_turn_later(c); /* others first */
    else if (c->state == H2_OPEN && c->lower_eof) {
        stream_shutdown(c->lower);
        kill(c);
    } else if (c->state == H2_OPEN && is_over(c))
        linger(c);
    if (c->state == H2_LINGERING) {
        while ((in = stream_peek(c->lower)).n)
            stream_consume(c->lower, in.n);
        if (c->lower_eof)
            kill(c);
    }
    deliver(c);
    reap(c);
    c->busy = false;
}

static void task_run(struct task *t, ns_t now)
{
    struct h2_conn *c = CONTAINER(t, struct h2_conn, task);

    (void)now;
    turn(c);
    if (c->state != H2_GONE || c->task.queued)
        return;
    ASSERT(!c->streams && c->in_use == 0);
    pool_put(&c->h2->conns, c);
}

static void on_lower(struct stream *s, unsigned events, void *user)
{
    struct h2_conn *c = user;

    (void)s;
    if (events & STREAM_EOF)
        c->lower_eof = true;
    if (events & STREAM_CLOSED)
        kill(c);
    h2_turn_later(c);
}

/* Idle is who has no request with us, or sends one without end. */
static void on_timer(struct timer *t, ns_t now)
{
    struct h2_conn *c = CONTAINER(t, struct h2_conn, timer);
    const struct http_timeouts *limit = &c->h2->http->timeouts;
    ns_t rest = loop_stopping(c->h2->loop) ? STOP_LOOK_NS
                : c->asked                 ? limit->idle
                                           : limit->header;

    if (c->state == H2_LINGERING) {
        kill(c);
    } else if (c->njoined) {
        timer_set(c->h2->loop, t, now + rest);
    } else if (now < c->since + rest) {
        timer_set(c->h2->loop, t, c->since + rest);
    } else {
        c->h2->m.idle++;
        terminate(c, NGHTTP2_NO_ERROR);
    }
}

/* Who has asked for something gets it first, but is to ask for nothing more
 * (RFC 9113 6.8): what is on its way to us is still served. */
static void stop(struct stop *s, ns_t now)
{
    struct http2 *h2 = CONTAINER(s, struct http2, stop);

    for (struct h2_conn *c = h2->first; c; c = c->next) {
        if (c->state != H2_OPEN)
            continue;
        if (c->njoined) /* without memory, it hears so at the end */
            (void)nghttp2_submit_shutdown_notice(c->session);
        h2_turn_later(c);
        timer_set(h2->loop, &c->timer, now);
    }
}

static bool serves(const struct stop *s)
{
    return CONTAINER(s, const struct http2, stop)->first != NULL;
}

bool http2_evict(struct http2 *h2)
{
    ns_t now = loop_now(h2->loop);
    struct h2_conn *oldest = NULL;

    for (struct h2_conn *c = h2->first; c; c = c->next) {
        if (c->state == H2_OPEN && !c->busy && !c->njoined &&
            now - c->since >= HTTP_GRACE &&
            (!oldest || c->since < oldest->since))
            oldest = c;
    }
    if (!oldest)
        return false;
    h2->m.idle++;
    terminate(oldest, NGHTTP2_NO_ERROR);
    return true;
}

bool http2_accept(struct http2 *h2, struct stream *s)
{
    struct h2_conn *c = pool_get(&h2->conns);

    if (!c)
        return false;
    *c = (struct h2_conn){.h2 = h2,
                          .lower = s,
                          .next = h2->first,
                          .task = {.run = task_run},
                          .timer = {.fire = on_timer},
                          .since = loop_now(h2->loop)};
    h2_mem_init(c);
    if (!(c->session = h2_session(c))) {
        ASSERT(c->in_use == 0);
        pool_put(&h2->conns, c);
        return false;
    }
    if (c->next)
        c->next->prev = c;
    h2->first = c;
    h2->m.accepted++;
    h2->m.connections++;
    s->on_event = on_lower;
    s->user = c;
    timer_set(h2->loop, &c->timer, c->since + h2->http->timeouts.header);
    h2_turn_later(c);
    return true;
}

static size_t heap_bytes(uint32_t conns)
{
    return (size_t)conns * H2_CONN_BYTES + 2 * H2_CONN_MOST;
}

size_t http2_bytes(uint32_t conns)
{
    return heap_bytes(conns) + sizeof(struct http2) +
           pool_bytes(sizeof(struct h2_conn), conns) + 256;
}

struct http2 *http2_make(struct arena *a, struct loop *loop, struct http *http,
                         uint32_t conns, uint32_t key)
{
    size_t n = heap_bytes(conns);
    struct http2 *h2 = arena_try(a, sizeof(*h2), 16);
    void *memory = h2 ? arena_try(a, n, 16) : NULL;

    if (!memory)
        return NULL;
    memset(h2, 0, sizeof(*h2));
    h2->loop = loop;
    h2->http = http;
    heap_init(&h2->heap, (struct mspan){memory, n}, key);
    return pool_init(&h2->conns, "http2_conns", a, sizeof(struct h2_conn),
                     conns, 16)
               ? h2
               : NULL;
}

static void refresh(void *user)
{
    struct http2 *h2 = user;

    h2->m.memory_bytes = h2->heap.in_use;
    h2->m.memory_high_bytes = h2->heap.high_water;
}

struct http2 *http2_new(struct env *env, struct http *http, uint32_t conns)
{
    struct http2 *h2 = NULL;
    uint32_t key;

    if (machine_random((struct mspan){(uint8_t *)&key, sizeof(key)}))
        h2 = http2_make(env->arena, env->loop, http, conns, key);
    if (!h2) {
        log_error(env->log, "http2", "no room for %u connections",
                  (unsigned)conns);
        return NULL;
    }
    metrics_add_computed(env->metrics, &http2_metrics_group, &h2->m.connections,
                         refresh, h2);
    h2->stop = (struct stop){.begin = stop, .busy = serves};
    loop_on_stop(env->loop, &h2->stop);
    return h2;
}
