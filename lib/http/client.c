/* SPDX-License-Identifier: ISC */
/*
 * client.c - fetches: where each goes, on which connection, and where it is
 * led.
 */
#include <base/bytes.h>
#include <base/fmt.h>

#include "client_impl.h"

static struct http_link *reusable(struct http_client *c, const struct url *u)
{
    for (unsigned i = 0; i < c->nlinks; i++)
        if (c->link[i].state == LINK_KEPT &&
            url_same_origin(&c->link[i].url, u))
            return &c->link[i];
    return NULL;
}

/* A place; else who has been kept longest makes room. */
static struct http_link *place(struct http_client *c)
{
    struct http_link *oldest = NULL;

    for (unsigned i = 0; i < c->nlinks; i++) {
        struct http_link *l = &c->link[i];

        if (l->state == LINK_FREE)
            return l;
        if (l->state == LINK_KEPT && (!oldest || l->since < oldest->since))
            oldest = l;
    }
    if (oldest)
        client_drop(oldest);
    return oldest;
}

struct http_link *client_link_for(struct http_client *c, const struct url *u,
                                  bool fresh)
{
    struct http_link *l = fresh ? NULL : reusable(c, u);
    unsigned same = 0;

    for (unsigned i = 0; i < c->nlinks; i++)
        same +=
            c->link[i].state > LINK_KEPT && url_same_origin(&c->link[i].url, u);
    if (same >= c->config.per_origin)
        return NULL;
    return l ? l : place(c);
}

static void or_else(ns_t *value, ns_t otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

static enum err dial(struct http_link *l);
static void hang_up(struct http_link *l);

void client_init(struct http_client *c, struct loop *loop,
                 const struct http_client_config *config,
                 struct http_link *links)
{
    *c = (struct http_client){.config = *config,
                              .loop = loop,
                              .dial = dial,
                              .hang_up = hang_up,
                              .link = links};
    c->nlinks = config->connections ? config->connections : 8;
    if (c->config.per_origin == 0)
        c->config.per_origin = 4;
    if (c->config.redirects == 0)
        c->config.redirects = 10;
    or_else(&c->config.connect, 30 * NS_PER_SEC);
    or_else(&c->config.head, 60 * NS_PER_SEC);
    or_else(&c->config.idle, 30 * NS_PER_SEC);
    or_else(&c->config.total, 600 * NS_PER_SEC);
    or_else(&c->config.keep, 30 * NS_PER_SEC);
    if (!c->config.agent)
        c->config.agent = "billet";
    for (unsigned i = 0; i < c->nlinks; i++)
        links[i].client = c;
}

struct http_client *http_client_new(struct env *env,
                                    const struct http_client_config *config)
{
    struct http_client *c = NEW(env, struct http_client);
    unsigned n = config->connections ? config->connections : 8;

    _Static_assert(sizeof(struct http_link) + sizeof(struct http_client) <=
                       HTTP_CLIENT_BYTES,
                   "HTTP_CLIENT_BYTES is what the manifest reserves");
    client_init(c, env->loop, config, NEW_ARRAY(env, struct http_link, n));
    c->net = env->net;
    return c;
}

void http_client_rest(struct http_client *c)
{
    for (unsigned i = 0; i < c->nlinks; i++)
        if (c->link[i].state == LINK_KEPT)
            client_drop(&c->link[i]);
}

static void dialled(enum err err, struct stream *s, struct happy_eyeballs *eyes,
                    void *user)
{
    (void)eyes;
    client_dialled(user, err, s);
}

static enum err dial(struct http_link *l)
{
    l->eyes = (struct happy_eyeballs){.timeout = l->client->config.connect};
    return happy_eyeballs_dial(l->client->net, &l->eyes, l->url.host,
                               l->url.port, dialled, l);
}

static void hang_up(struct http_link *l)
{
    happy_eyeballs_cancel(&l->eyes);
}

/* Methods that a client has any use for (CONNECT and TRACE are not). */
static bool method_good(enum http_method m)
{
    return m == HTTP_GET || m == HTTP_HEAD || m == HTTP_POST || m == HTTP_PUT ||
           m == HTTP_DELETE || m == HTTP_PATCH || m == HTTP_OPTIONS;
}

/* NULL, or why it cannot be asked for. */
static const char *refusal(const struct http_client *c,
                           const struct http_fetch *f, struct url *u)
{
    if (!f->done || !method_good(f->now) || (f->body_bytes && !f->push))
        return "no request that can be made";
    if (!client_fields_good(f->fields))
        return "a field that cannot be sent";
    if (!f->url || !url_parse(u, span_of(f->url)))
        return "no URL of http or https";
    if (u->secure && !c->config.secure)
        return "https, and there is no TLS";
    return NULL;
}

enum err http_fetch(struct http_client *c, struct http_fetch *f)
{
    struct http_link *l;
    struct url u;
    enum err err;

    f->now = f->method ? f->method : HTTP_GET;
    if ((f->why = refusal(c, f, &u)))
        return E_INVAL;
    if (!(l = client_link_for(c, &u, false)))
        return E_FULL;
    f->client = c;
    f->status = f->hops = 0;
    f->got = f->pushed = 0;
    f->retried = f->foreign = f->bodyless = false;
    f->ends_at = loop_now(c->loop) + c->config.total;
    l->url = u;
    if ((err = client_start(l, f))) {
        f->link = NULL;
        l->fetch = NULL;
        client_drop(l);
    }
    return err;
}

void http_fetch_resume(struct http_fetch *f)
{
    if (!f->link)
        return;
    f->link->waits_push = f->link->waits_take = false;
    f->link->since = loop_now(f->client->loop);
    loop_defer(f->client->loop, &f->link->task);
}

void http_fetch_cancel(struct http_fetch *f)
{
    struct http_link *l = f->link;

    if (!l)
        return;
    f->link = NULL;
    l->fetch = NULL;
    client_drop(l);
}

void http_fetch_url(const struct http_fetch *f, char *out, size_t size)
{
    const struct url *u = &f->link->url;
    size_t n = fmt(out, size, "%s://%s%s%s", u->secure ? "https" : "http",
                   u->brackets ? "[" : "", u->host, u->brackets ? "]" : "");

    if (u->port_said)
        n += fmt(out + n, size - n, ":%u", (unsigned)u->port);
    fmt(out + n, size - n, "%s", u->target);
}

/* Once and only once, for two are two places. */
static bool location(const struct http_link *l, struct span *to)
{
    struct span name, value;
    uint32_t at = l->head.fields;
    unsigned n = 0;

    while (http1_line_next(&l->head, l->text, &at, &name, &value))
        if (http1_same(name, SPAN("location")) && n++ == 0)
            *to = value;
    return n == 1;
}

/* RFC 9110 15.4: what becomes of method and body.  NULL, or why it cannot be
 * sent again. */
static const char *adapt(struct http_fetch *f)
{
    if ((f->status == 303 && f->now != HTTP_HEAD) ||
        (f->status <= 302 && f->now == HTTP_POST)) {
        f->now = HTTP_GET;
        f->bodyless = true;
    }
    if (f->pushed == 0 || f->bodyless)
        return NULL;
    if (!f->rewind)
        return "a redirect wants the body again";
    f->rewind(f);
    f->pushed = 0;
    return NULL;
}

static const char *follow(struct http_link *l, struct url *u)
{
    struct http_fetch *f = l->fetch;
    struct span to;

    if (!location(l, &to))
        return "a redirect to no place or to several";
    if (f->hops == l->client->config.redirects)
        return "too many redirects";
    *u = l->url;
    if (!url_follow(u, to))
        return "a redirect to what is no http URL";
    if (l->url.secure && !u->secure)
        return "a redirect from https to http";
    if (u->secure && !l->client->config.secure)
        return "a redirect to https, and there is no TLS";
    return adapt(f);
}

bool client_redirect(struct http_link *l)
{
    struct http_fetch *f = l->fetch;
    struct http_client *c = l->client;
    unsigned s = f->status;
    const char *why;
    struct url u;
    enum err err;

    if (f->stay || !(s == 301 || s == 302 || s == 303 || s == 307 || s == 308))
        return false;
    if ((why = follow(l, &u))) {
        client_end(l, E_REFUSED, why);
        return true;
    }
    f->foreign |= !url_same_origin(&u, &l->url);
    f->hops++;
    f->retried = false;
    l->fetch = NULL;
    client_drop(l); /* its body is of no interest */
    l = client_link_for(c, &u, false);
    if (!l) { /* others of that origin have all that it may have */
        f->link = NULL;
        f->why = "a redirect to where all connections are in use";
        f->done(f, E_FULL);
        return true;
    }
    l->url = u;
    if ((err = client_start(l, f)))
        client_end(l, err, NULL);
    return true;
}
