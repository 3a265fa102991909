/* SPDX-License-Identifier: ISC */
/*
 * gate.c - three ways to the secret: we are TLS's server, or its client on the
 * same connection, or its client on one that we make.
 */
#include <string.h>

#include "pinata.h"

/* For the peer to read the secret and go; for who is called back to hang up. */
#define FAREWELL_NS (5 * NS_PER_SEC)
/* How often it is said that all places are taken. */
#define FULL_TOLD_NS NS_PER_SEC

static void on_late(struct timer *t, ns_t now)
{
    struct visit *v = CONTAINER(t, struct visit, timer);

    (void)now;
    if (v->caller)
        stream_abort(v->caller);
    if (v->given && !v->over)
        stream_abort(v->stream);
}

static struct visit *visit_new(struct pinata *p, uint16_t port,
                               const struct endpoint *peer)
{
    struct visit *v = p->free_visit;

    if (!v)
        return NULL;
    p->free_visit = v->next_free;
    *v = (struct visit){
        .pinata = p, .timer = {.fire = on_late}, .peer = *peer, .port = port};
    if (++p->m.open > p->m.open_high)
        p->m.open_high = p->m.open;
    return v;
}

/* Unless who asked to be called back is still there. */
static void visit_end(struct visit *v)
{
    struct pinata *p = v->pinata;

    v->over = true;
    if (v->caller)
        return;
    timer_clear(p->env->loop, &v->timer);
    v->next_free = p->free_visit;
    p->free_visit = v;
    p->m.open--;
}

static void fail(struct visit *v, const char *why)
{
    v->pinata->m.failures++;
    attempt_note(v->pinata, v->port, &v->peer, why);
    visit_end(v);
}

/* The peer has shown a certificate of the CA. */
static void give(struct visit *v)
{
    struct pinata *p = v->pinata;

    stream_write(v->stream, (struct span){p->secret, p->secret_n});
    stream_shutdown(v->stream);
    timer_set(p->env->loop, &v->timer, loop_now(p->env->loop) + FAREWELL_NS);
    v->given = true;
    p->m.handshakes++;
    p->m.given++;
    attempt_note(p, v->port, &v->peer, "the secret was given");
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct visit *v = user;
    struct span in;

    if (events & STREAM_OPEN)
        give(v);
    while ((in = stream_peek(s)).n > 0)
        stream_consume(s, in.n);
    if (!(events & STREAM_CLOSED))
        return;
    if (v->given)
        visit_end(v);
    else
        fail(v, tls_failure(s));
    stream_release(s);
}

static void tell_full(struct pinata *p, uint16_t port,
                      const struct endpoint *peer)
{
    ns_t now = loop_now(p->env->loop);

    p->m.full++;
    if (p->full_told_at && now - p->full_told_at < FULL_TOLD_NS)
        return;
    p->full_told_at = now;
    attempt_note(p, port, peer, "all places are taken");
}

/* The connection below is taken in any case. */
static bool wrapped(struct visit *v, enum err err)
{
    if (err == E_FULL) {
        tell_full(v->pinata, v->port, &v->peer);
        visit_end(v);
        return true;
    }
    if (err) {
        fail(v, err_name(err));
        return true;
    }
    v->stream->on_event = on_event;
    v->stream->user = v;
    return true;
}

/* NULL: refused before anything was computed for it. */
static struct visit *welcome(struct pinata *p, uint16_t port,
                             const struct endpoint *peer)
{
    uint64_t *attempts[GATE_PORTS] = {
        &p->m.attempts__10000, &p->m.attempts__10001, &p->m.attempts__10002};
    enum limit_answer answer =
        limit_take(&p->limit, &peer->addr, loop_now(p->env->loop));
    struct visit *v;

    ++*attempts[port - PORT_SERVER];
    if (answer != LIMIT_OK) {
        p->m.limited++;
        if (answer == LIMIT_FIRST)
            attempt_note(p, port, peer, "too many attempts from there");
        return NULL;
    }
    if (!(v = visit_new(p, port, peer)))
        tell_full(p, port, peer);
    return v;
}

static bool on_server(struct stream *s, const struct endpoint *peer, void *user)
{
    struct pinata *p = user;
    struct visit *v = welcome(p, PORT_SERVER, peer);

    return v && wrapped(v, tls_accept(p->gate, s, &v->stream));
}

static bool on_client(struct stream *s, const struct endpoint *peer, void *user)
{
    struct pinata *p = user;
    struct visit *v = welcome(p, PORT_CLIENT, peer);

    return v && wrapped(v, tls_connect(p->reach, s, NULL, &v->stream));
}

/* The connection only says where to; it is ended at once. */
static void on_caller(struct stream *s, unsigned events, void *user)
{
    struct visit *v = user;
    struct span in;

    while ((in = stream_peek(s)).n > 0)
        stream_consume(s, in.n);
    if (!(events & (STREAM_EOF | STREAM_CLOSED)))
        return;
    stream_release(s);
    v->caller = NULL;
    if (v->over)
        visit_end(v);
    else if (!v->given)
        timer_clear(v->pinata->env->loop, &v->timer);
}

static bool on_callback(struct stream *s, const struct endpoint *peer,
                        void *user)
{
    struct pinata *p = user;
    struct visit *v = welcome(p, PORT_CALLBACK, peer);
    struct endpoint to = *peer;
    struct stream *lower;
    enum err err;

    if (!v)
        return false;
    to.port = PORT_PEER;
    v->caller = s;
    timer_set(p->env->loop, &v->timer, loop_now(p->env->loop) + FAREWELL_NS);
    s->on_event = on_caller;
    s->user = v;
    stream_shutdown(s);
    if ((err = tcp_connect(p->env->net, &to, &lower)) != OK)
        return wrapped(v, err);
    return wrapped(v, tls_connect(p->reach, lower, NULL, &v->stream));
}

void gate_prepare(struct pinata *p)
{
    p->visit = NEW_ARRAY(p->env, struct visit, p->visits);
    for (uint32_t i = p->visits; i-- > 0;) {
        p->visit[i].next_free = p->free_visit;
        p->free_visit = &p->visit[i];
    }
}

enum err gate_start(struct pinata *p)
{
    enum err err;

    if ((err = tcp_listen(p->env->net, PORT_SERVER, on_server, p)) ||
        (err = tcp_listen(p->env->net, PORT_CALLBACK, on_callback, p)))
        return err;
    return tcp_listen(p->env->net, PORT_CLIENT, on_client, p);
}
