/* SPDX-License-Identifier: ISC */
/*
 * dial.c - connections and datagrams that we send first, so that a tester sees
 * how this stack opens.
 *
 * Only with --peer=on: otherwise anybody could have us knock at other doors.
 */
#include <string.h>

#include "echo.h"

KEY_FLAG(peer, "peer", "off",
         "open connections where /connect and /udp are told to");

#define QUIET (30 * NS_PER_SEC) /* without a byte, and we hang up */

enum {
    REPLY_BYTES = 1376,
    NAME_MAX_ = 120, /* longer names are refused */
    TO_MAX = NAME_MAX_ + 8,
    LINE_MAX = TO_MAX + 32,
    TRIED_MAX = 640
};

struct dial {
    struct dial *next; /* in echo.idle_dials */
    struct echo *echo;
    struct http_exchange *x; /* who wants to know; NULL: has left */
    struct stream *s;
    struct timer timer;
    struct happy_eyeballs by_name;
    char to[TO_MAX], peer[ENDPOINT_TEXT_BYTES];
    char line[LINE_MAX]; /* what we say first */
    size_t line_n, line_at;
    bool going, opened, eof, quiet;
    enum err error;
    uint64_t came; /* bytes */
    size_t kept;   /* of them, in `transcript` */
    uint8_t transcript[TRANSCRIPT_BYTES];
};

static const char usage[] =
    "Say ?to=192.0.2.1:80, ?to=[2001:db8::1]:80 or ?to=www.example:80.\n";

struct text {
    char *p;
    size_t n, max;
};

static void add(struct text *t, const char *words)
{
    size_t n = strlen(words);

    ASSERT(n <= t->max - t->n);
    memcpy(t->p + t->n, words, n);
    t->n += n;
}

static void add_u64(struct text *t, uint64_t v)
{
    char digits[21] = "";
    size_t at = sizeof(digits) - 1;

    do
        digits[--at] = (char)('0' + v % 10);
    while (v /= 10);
    add(t, digits + at);
}

static void say(struct http_exchange *x, unsigned status, const char *words)
{
    http_reply_copy(x, &(struct http_reply){
                           .status = status,
                           .type = SPAN("text/plain; charset=utf-8"),
                           .fields = SPAN("Cache-Control: no-store\r\n"),
                           .body = {(const uint8_t *)words, strlen(words)}});
}

/* "www.example:80". */
static bool split_name(const char *text, char name[NAME_MAX_ + 1],
                       uint16_t *port)
{
    const char *colon = strchr(text, ':'), *at = colon;
    unsigned long value = 0;

    if (!colon || colon == text || colon - text > NAME_MAX_)
        return false;
    while (*++at >= '0' && *at <= '9' && value <= UINT16_MAX)
        value = value * 10 + (unsigned long)(*at - '0');
    if (*at || value == 0 || value > UINT16_MAX)
        return false;
    memcpy(name, text, (size_t)(colon - text));
    name[colon - text] = 0;
    *port = (uint16_t)value;
    return true;
}

/* The endpoint in the query; or a name, where one is taken, and the port.
 * False: it was answered that there is neither. */
static bool target(struct http_exchange *x, const struct http_request *rq,
                   struct echo *e, struct endpoint *to, char *name)
{
    uint8_t text[TO_MAX];
    struct span value;
    size_t n;

    if (!key_flag(e->env->keys, &key_peer)) {
        say(x, 403, "Only with --peer=on.\n");
        return false;
    }
    if (!http_query(rq, "to", &value) ||
        !http_decode(value, (struct mspan){text, sizeof(text) - 1}, &n)) {
        say(x, 400, usage);
        return false;
    }
    text[n] = 0;
    *name = 0;
    if ((!endpoint_parse(to, (struct span){text, n}) || to->port == 0) &&
        !split_name((char *)text, name, &to->port)) {
        say(x, 400, usage);
        return false;
    }
    if (to->addr.b[0] == 0xfe && (to->addr.b[1] & 0xc0) == 0x80)
        to->netif = 1; /* link-local: on our one network */
    return true;
}

static void put_back(struct dial *d)
{
    d->next = d->echo->idle_dials;
    d->echo->idle_dials = d;
}

static void on_ready(struct http_exchange *x, void *user)
{
    struct dial *d = user;
    char body[REPLY_BYTES];
    struct text t = {body, 0, sizeof(body)};

    add(&t, d->opened ? "connected to " : "no connection to ");
    add(&t, d->to);
    if (d->peer[0]) {
        add(&t, " (");
        add(&t, d->peer);
        add(&t, ")");
    }
    add(&t, ": ");
    add(&t, d->quiet   ? "hung up after a long silence"
            : d->error ? err_name(d->error)
                       : "ended in order");
    add(&t, "\n");
    if (!d->opened && d->by_name.n > 0) {
        char tried[TRIED_MAX];

        happy_eyeballs_text(tried, sizeof(tried), &d->by_name);
        add(&t, "tried ");
        add(&t, tried);
        add(&t, "\n");
    }
    if (d->opened) {
        add_u64(&t, d->came);
        add(&t, " bytes came and were sent back; the first of them:\n");
        memcpy(t.p + t.n, d->transcript, d->kept);
        t.n += d->kept;
    }
    http_reply_copy(
        x, &(struct http_reply){.status = d->opened ? 200 : 502,
                                .type = SPAN("text/plain; charset=utf-8"),
                                .fields = SPAN("Cache-Control: no-store\r\n"),
                                .body = {(uint8_t *)body, t.n}});
    put_back(d);
}

static void finish(struct dial *d)
{
    timer_clear(d->echo->env->loop, &d->timer);
    if (d->s)
        stream_release(d->s);
    else
        happy_eyeballs_cancel(&d->by_name);
    d->s = NULL;
    d->going = false;
    if (!d->opened)
        d->echo->m.dials_failed++;
    if (d->x)
        http_ready(d->x);
    else
        put_back(d);
}

/* Who asked has left, so there is nobody to tell. */
static void on_gone(void *user)
{
    struct dial *d = user;

    d->x = NULL;
    if (d->going)
        finish(d);
    else
        put_back(d);
}

static void on_quiet(struct timer *t, ns_t now)
{
    struct dial *d = CONTAINER(t, struct dial, timer);

    (void)now;
    d->quiet = d->opened;
    d->error = E_TIMEOUT;
    finish(d);
}

static void keep(struct dial *d, struct span in)
{
    size_t n = sizeof(d->transcript) - d->kept;

    n = in.n < n ? in.n : n;
    memcpy(d->transcript + d->kept, in.p, n);
    d->kept += n;
    d->came += in.n;
}

/* Our line, then back whatever comes. */
static void pump(struct dial *d)
{
    struct span in;

    d->line_at +=
        stream_write(d->s, (struct span){(uint8_t *)d->line + d->line_at,
                                         d->line_n - d->line_at});
    if (d->line_at < d->line_n)
        return;
    while ((in = stream_peek(d->s)).n > 0) {
        in.n = stream_write(d->s, in);
        if (in.n == 0)
            return;
        keep(d, in);
        stream_consume(d->s, in.n);
        timer_set(d->echo->env->loop, &d->timer,
                  loop_now(d->echo->env->loop) + QUIET);
    }
    if (d->eof)
        stream_shutdown(d->s);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct dial *d = user;

    if (events & STREAM_OPEN)
        d->opened = true;
    if (events & STREAM_EOF)
        d->eof = true;
    if (events & STREAM_CLOSED) {
        d->error = s->error;
        finish(d);
    } else if (d->opened) {
        pump(d);
    }
}

static void first_line(struct dial *d)
{
    struct text t = {d->line, 0, sizeof(d->line)};

    add(&t, "Hello ");
    add(&t, d->to);
    add(&t, ", this is Billet.\r\n");
    d->line_n = t.n;
}

static void on_dialled(enum err err, struct stream *s,
                       struct happy_eyeballs *by_name, void *user)
{
    struct dial *d = user;
    struct endpoint peer;

    (void)by_name;
    if (err) {
        d->error = err;
        finish(d);
        return;
    }
    tcp_peer(s, &peer);
    endpoint_format(d->peer, &peer);
    d->s = s;
    s->on_event = on_event;
    s->user = d;
}

static enum err begin(struct dial *d, struct endpoint *to, const char *name)
{
    struct net *net = d->echo->env->net;
    struct text t = {d->to, 0, sizeof(d->to)};
    enum err err;

    if (*name) {
        add(&t, name);
        add(&t, ":");
        add_u64(&t, to->port);
        first_line(d);
        return happy_eyeballs_dial(net, &d->by_name, name, to->port, on_dialled,
                                   d);
    }
    endpoint_format(d->to, to);
    first_line(d);
    if ((err = tcp_connect(net, to, &d->s)))
        return err;
    d->s->on_event = on_event;
    d->s->user = d;
    return OK;
}

void dial_connect(struct http_exchange *x, const struct http_request *rq,
                  void *user)
{
    struct echo *e = user;
    struct dial *d = e->idle_dials;
    struct endpoint to = {.netif = 0};
    char name[NAME_MAX_ + 1];
    enum err err;

    if (!target(x, rq, e, &to, name))
        return;
    if (!d) {
        say(x, 503, "Too many are being dialled.\n");
        return;
    }
    e->idle_dials = d->next;
    *d = (struct dial){.echo = e, .x = x, .timer.fire = on_quiet};
    if ((err = begin(d, &to, name)) == E_INVAL && *name) {
        put_back(d);
        say(x, 400, usage);
        return;
    }
    e->m.dials++;
    if (err) {
        e->m.dials_failed++;
        d->error = err;
        on_ready(x, d);
        return;
    }
    d->going = true;
    timer_set(e->env->loop, &d->timer, loop_now(e->env->loop) + QUIET);
    http_later(x, on_ready, on_gone, d);
}

void dial_datagram(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    struct echo *e = user;
    struct udp_dgram d = {.local.port = e->udp_port,
                          .data = SPAN("Hello, this is Billet.\n")};
    char name[NAME_MAX_ + 1];
    char body[128];
    struct text t = {body, 0, sizeof(body)};
    char text[ENDPOINT_TEXT_BYTES];
    enum err err;

    if (!target(x, rq, e, &d.remote, name))
        return;
    if (*name) {
        say(x, 400, "Datagrams go to addresses only.\n");
        return;
    }
    err = udp_send(e->env->net, &d);
    endpoint_format(text, &d.remote);
    add(&t, err ? "not sent to " : "sent to ");
    add(&t, text);
    add(&t, err ? ": " : "");
    add(&t, err ? err_name(err) : "");
    add(&t, "\n");
    body[t.n] = 0;
    say(x, err ? 502 : 200, body);
}

/* What is sent to the port that our own datagrams come from. */
static void ignore(const struct udp_dgram *d, void *user)
{
    (void)d;
    (void)user;
}

enum err dial_start(struct echo *e)
{
    struct dial *d;

    if (!key_flag(e->env->keys, &key_peer))
        return OK;
    d = NEW_ARRAY(e->env, struct dial, DIALS_MAX);
    for (unsigned i = 0; i < DIALS_MAX; i++) {
        d[i].echo = e;
        put_back(&d[i]);
    }
    return udp_bind(e->env->net, &e->udp_port, ignore, e);
}
