/* SPDX-License-Identifier: ISC */
/*
 * gate.c - three ways to the secret: we are TLS's server, or its client on the
 * same connection, or its client on one that we make.
 */
#include <billet/clock.h>
#include <string.h>

#include "pinata.h"

/* Without the half that says who exactly it was. */
static void shorten(struct ipaddr *a)
{
    if (ipaddr_is_v4(a))
        memset(a->b + 14, 0, 2);
    else
        memset(a->b + 6, 0, 10);
}

static void note(struct pinata *p, const struct visit *v, const char *result)
{
    struct attempt *a = &p->attempt[p->attempts++ % ATTEMPTS];
    char full[ENDPOINT_TEXT_BYTES], from[IPADDR_TEXT_BYTES];
    struct text t;
    struct ipaddr address = v->peer.addr;

    endpoint_format(full, &v->peer);
    log_info(p->env->log, "pinata", "%u: %s: %s", v->port, full, result);
    shorten(&address);
    ipaddr_format(from, &address);
    a->at_s = clock_wall_ns(p->env->clock, loop_now(p->env->loop)) / NS_PER_SEC;
    t = (struct text){a->text, sizeof(a->text), 0};
    text_add(&t, "port ");
    text_add_u64(&t, v->port);
    text_add(&t, ", from ");
    text_add(&t, from);
    text_add(&t, ": ");
    text_add(&t, result);
}

/* Counts by address, or by /64 in IPv6, in minutes. */
static bool too_many(struct pinata *p, const struct ipaddr *from)
{
    ns_t now = loop_now(p->env->loop);
    struct ipaddr prefix = *from;
    struct origin *s = &p->origin[0];

    if (!ipaddr_is_v4(&prefix))
        memset(prefix.b + 8, 0, 8);
    for (unsigned i = 0; i < SOURCES; i++) {
        if (memcmp(&p->origin[i].prefix, &prefix, sizeof(prefix)) == 0) {
            s = &p->origin[i];
            break;
        }
        if (p->origin[i].since < s->since)
            s = &p->origin[i];
    }
    if (memcmp(&s->prefix, &prefix, sizeof(prefix)) != 0 ||
        now - s->since >= 60 * NS_PER_SEC)
        *s = (struct origin){prefix, now, 0};
    return s->n++ >= p->per_minute;
}

static struct visit *visit_new(struct pinata *p, uint16_t port,
                               const struct endpoint *peer)
{
    for (unsigned i = 0; i < VISITS; i++)
        if (!p->visit[i].busy) {
            p->visit[i] = (struct visit){
                .pinata = p, .peer = *peer, .port = port, .busy = true};
            return &p->visit[i];
        }
    return NULL;
}

/* The peer has shown a certificate of the CA. */
static void give(struct visit *v)
{
    struct pinata *p = v->pinata;

    stream_write(v->stream,
                 (struct span){(const uint8_t *)p->secret, p->secret_n});
    stream_shutdown(v->stream);
    v->given = true;
    p->m.given++;
    note(p, v, "the secret was given");
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
    if (!v->given) {
        v->pinata->m.refused++;
        note(v->pinata, v, tls_failure(s));
    }
    stream_release(s);
    v->busy = false;
}

static bool wrapped(struct visit *v, enum err err)
{
    if (err) {
        v->pinata->m.refused++;
        note(v->pinata, v, "there are too many at once");
        v->busy = false;
        return true;
    }
    v->stream->on_event = on_event;
    v->stream->user = v;
    return true;
}

static struct visit *welcome(struct pinata *p, uint16_t port,
                             const struct endpoint *peer)
{
    struct visit *v;

    p->m.attempts++;
    if (too_many(p, &peer->addr)) {
        p->m.limited++;
        return NULL;
    }
    v = visit_new(p, port, peer);
    if (!v)
        p->m.refused++;
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
    (void)user;
    if (events & (STREAM_EOF | STREAM_CLOSED))
        stream_release(s);
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
    s->on_event = on_caller;
    stream_shutdown(s);
    if ((err = tcp_connect(p->env->net, &to, &lower)) != OK)
        return wrapped(v, err);
    return wrapped(v, tls_connect(p->reach, lower, NULL, &v->stream));
}

enum err gate_start(struct pinata *p)
{
    enum err err;

    if ((err = tcp_listen(p->env->net, PORT_SERVER, on_server, p)) ||
        (err = tcp_listen(p->env->net, PORT_CALLBACK, on_callback, p)))
        return err;
    return tcp_listen(p->env->net, PORT_CLIENT, on_client, p);
}
