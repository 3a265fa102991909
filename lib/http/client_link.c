/* SPDX-License-Identifier: ISC */
/*
 * client_link.c - one connection of the client: its events, its time, its end.
 */
#include <base/fmt.h>

#include "client_impl.h"

static void fire(struct timer *t, ns_t now);
static void run(struct task *t, ns_t now);
static void on_event(struct stream *s, unsigned events, void *user);

void client_drop(struct http_link *l)
{
    timer_clear(l->client->loop, &l->timer);
    if (l->dialling)
        l->client->hang_up(l);
    if (l->s)
        stream_release(l->s);
    l->s = NULL;
    l->dialling = false;
    l->state = LINK_FREE;
    l->serial++;
}

/* RFC 9112 9.3: only after an exchange that left nothing in doubt. */
static bool keepable(const struct http_link *l)
{
    return l->state == LINK_READING && l->sent && !l->until_close && !l->eof &&
           http1_body_over(&l->body) && l->head.minor >= 1 &&
           !(l->head.flags & HTTP1_CLOSE) && stream_peek(l->s).n == 0;
}

void client_end(struct http_link *l, enum err err, const char *why)
{
    struct http_fetch *f = l->fetch;

    l->fetch = NULL;
    f->why = why;
    if (err == OK && keepable(l)) {
        l->state = LINK_KEPT;
        l->serial++;
        l->since = loop_now(l->client->loop);
        timer_set(l->client->loop, &l->timer,
                  l->since + l->client->config.keep);
    } else {
        client_drop(l);
    }
    f->link = NULL;
    f->done(f, err);
}

enum err client_start(struct http_link *l, struct http_fetch *f)
{
    enum err err = OK;

    l->fetch = f;
    f->link = l;
    l->serial++;
    l->timer.fire = fire;
    l->task.run = run;
    l->reused = l->state == LINK_KEPT;
    l->heard = l->sent = l->waits_push = l->waits_take = false;
    l->until_close = l->eof = false;
    l->secured = l->secured && l->reused;
    l->interim = 0;
    l->head_n = l->out_at = l->out_n = 0;
    l->since = loop_now(l->client->loop);
    http1_head_start(&l->head);
    if (l->reused) {
        l->state = LINK_SENDING;
        client_write_head(l);
        loop_defer(l->client->loop, &l->task);
    } else {
        l->state = LINK_DIALLING;
        l->dialling = true;
        if ((err = l->client->dial(l)))
            l->dialling = false;
    }
    client_time(l);
    return err;
}

void client_time(struct http_link *l)
{
    const struct http_client_config *c = &l->client->config;
    ns_t at = NS_NEVER;

    if (l->state == LINK_DIALLING)
        at = l->since + c->connect;
    else if (l->waits_push || l->waits_take)
        ; /* it is not the server that is slow */
    else
        at = l->since + (l->state == LINK_SENDING ? c->head : c->idle);
    timer_set(l->client->loop, &l->timer,
              at < l->fetch->ends_at ? at : l->fetch->ends_at);
}

static void fire(struct timer *t, ns_t now)
{
    static const char *const why[] = {[LINK_DIALLING] = "no connection in time",
                                      [LINK_SENDING] = "no answer in time",
                                      [LINK_READING] =
                                          "the answer's body has stopped"};
    struct http_link *l = CONTAINER(t, struct http_link, timer);

    if (l->state == LINK_KEPT)
        client_drop(l);
    else
        client_end(l, E_TIMEOUT,
                   now >= l->fetch->ends_at ? "not done in time"
                                            : why[l->state]);
}

void client_dialled(struct http_link *l, enum err err, struct stream *s)
{
    l->dialling = false;
    if (err) {
        client_end(l, err, NULL);
        return;
    }
    l->s = s;
    s->on_event = on_event;
    s->user = l;
}

/* Puts TLS on.  The stream below is told what was told to us, for it is TLS's
 * now. */
static void secure(struct http_link *l, unsigned events)
{
    const struct http_client_config *c = &l->client->config;
    struct stream *lower = l->s;
    enum err err;

    l->s = NULL;
    l->secured = true;
    lower->on_event = NULL;
    err = c->secure(c->secure_user, lower, l->url.host, &l->s);
    if (err) {
        l->s = NULL;
        client_end(l, err,
                   err == E_FULL ? "all TLS sessions are in use" : NULL);
        return;
    }
    l->s->on_event = on_event;
    l->s->user = l;
    if (lower->on_event)
        lower->on_event(lower, events, lower->user);
}

/* A kept connection may be closed just as it is used: once, what may be done
 * twice is tried on a new one (RFC 9112 9.3.1). */
static bool retry(struct http_link *l)
{
    struct http_client *c = l->client;
    struct http_fetch *f = l->fetch;
    struct url u = l->url;
    enum err err;

    if (!l->reused || l->heard || f->retried || f->now == HTTP_POST ||
        f->now == HTTP_PATCH || (f->pushed && !f->rewind))
        return false;
    if (f->pushed)
        f->rewind(f);
    f->pushed = 0;
    f->retried = true;
    l->fetch = NULL;
    client_drop(l);
    l = client_link_for(c, &u, true); /* there is one: we had it */
    ASSERT(l);
    l->url = u;
    if ((err = client_start(l, f)))
        client_end(l, err, NULL);
    return true;
}

/* What TLS has to say, kept beyond its session; else these words. */
static const char *words(struct http_link *l, const char *otherwise)
{
    const struct http_client_config *c = &l->client->config;
    const char *why = l->secured && c->secure_why ? c->secure_why(l->s) : NULL;

    if (!why || !*why)
        return otherwise;
    fmt(l->words, sizeof(l->words), "%s", why);
    return l->words;
}

/* The server has ended, and all it sent was read. */
static void ended(struct http_link *l)
{
    enum err err = l->s->error;

    if (l->state == LINK_READING && l->until_close && !err)
        client_end(l, OK, NULL);
    else if (retry(l))
        return;
    else if (l->state == LINK_DIALLING)
        client_end(l, err ? err : E_CLOSED, words(l, NULL));
    else if (l->state == LINK_READING)
        client_end(l, E_PROTO, words(l, "the answer's body is cut short"));
    else
        client_end(l, err ? err : E_CLOSED,
                   words(l, "closed without an answer"));
}

void client_pump(struct http_link *l)
{
    uint32_t serial = l->serial;

    /* An answer may come, and end all, while the request is being sent. */
    if (!client_read(l) || !client_send(l))
        return;
    if (l->serial != serial)
        return;
    if (l->eof && !l->waits_take && stream_peek(l->s).n == 0)
        ended(l);
    else
        client_time(l);
}

static void run(struct task *t, ns_t now)
{
    struct http_link *l = CONTAINER(t, struct http_link, task);

    (void)now;
    if (l->fetch && l->s && l->state >= LINK_SENDING)
        client_pump(l);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct http_link *l = user;

    (void)s;
    if (l->state == LINK_KEPT) {
        /* Nothing was asked: what is said belongs to no request. */
        if (events & (STREAM_READABLE | STREAM_EOF | STREAM_CLOSED))
            client_drop(l);
        return;
    }
    if (events & STREAM_OPEN && l->state == LINK_DIALLING && l->url.secure &&
        !l->secured) {
        secure(l, events);
        return;
    }
    if (events & STREAM_OPEN && l->state == LINK_DIALLING) {
        l->state = LINK_SENDING;
        l->since = loop_now(l->client->loop);
        client_write_head(l);
    }
    l->eof |= (events & (STREAM_EOF | STREAM_CLOSED)) != 0;
    if (l->state >= LINK_SENDING)
        client_pump(l);
    else if (l->eof)
        ended(l);
}
