/* SPDX-License-Identifier: ISC */
/*
 * calls.c - what the application does and sees: `listen 80`, `write 1000`,
 * `closed reset`, `counter NAME +1`.
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <tcp/shell.h>

static const char *const state_names[] = {
    "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2",
    "CLOSING",  "TIME_WAIT",    "CLOSE_WAIT",  "LAST_ACK",   "CLOSED"};

static const char *const error_names[] = {[OK] = "ok",
                                          [E_AGAIN] = "again",
                                          [E_FULL] = "full",
                                          [E_INVAL] = "invalid",
                                          [E_CLOSED] = "closed",
                                          [E_RESET] = "reset",
                                          [E_REFUSED] = "refused",
                                          [E_TIMEOUT] = "timeout",
                                          [E_UNREACH] = "unreachable",
                                          [E_PROTO] = "protocol",
                                          [E_NOENT] = "none",
                                          [E_IO] = "io"};

/* ---- the application's side ---- */

static void read_all(struct conn_view *c)
{
    struct span in;

    while (c->stream && (in = stream_peek(c->stream)).n) {
        c->read += in.n;
        stream_consume(c->stream, in.n);
    }
}

static void on_event(struct stream *st, unsigned events, void *user)
{
    struct conn_view *c = user;

    c->events |= events;
    if (events & STREAM_CLOSED) {
        c->closed = true;
        c->error = st->error;
    }
    if (c->listed)
        read_all(c); /* `autoread` */
}

static bool on_accept(struct stream *st, const struct endpoint *peer,
                      void *user)
{
    struct script *s = user;
    struct endpoint here;
    struct conn_view *c;

    tcp_local(st, &here);
    c = conn_of(s, here.port, peer->port);
    if (!c || s->refuse)
        return false;
    c->stream = st;
    c->closed = false;
    c->events = 0;
    c->read = c->written = 0;
    c->listed = s->auto_read;
    st->on_event = on_event;
    st->user = c;
    return true;
}

static bool outcome(struct script *s, enum err got, const char *rest)
{
    char w[WORD_MAX];
    const char *want = word(&rest, w) ? w : "ok";

    return strcmp(want, error_names[got]) == 0 ||
           bad(s, "the answer is `%s`", error_names[got]);
}

static bool do_listen(struct script *s, struct conn_view *c, const char *rest)
{
    char w[WORD_MAX];
    int64_t port;

    (void)c;
    if (!word(&rest, w) || !number(w, &port))
        return bad(s, "listen PORT");
    s->listening = true;
    return outcome(s, tcp_listen(s->net, (uint16_t)port, on_accept, s), rest);
}

static bool do_unlisten(struct script *s, struct conn_view *c, const char *rest)
{
    int64_t port;

    (void)c;
    if (!number(rest, &port))
        return bad(s, "unlisten PORT");
    tcp_unlisten(s->net, (uint16_t)port);
    return true;
}

static bool do_connect(struct script *s, struct conn_view *c, const char *rest)
{
    struct endpoint to = {.addr = addr_peer(s, s->v6), .port = 7000};
    struct endpoint here;
    struct stream *st = NULL;
    char w[WORD_MAX] = "";
    enum err err;

    to.port = (uint16_t)(7000 + (c - s->conn));
    while (word(&rest, w) && strncmp(w, "to=", 3) == 0)
        if (!ipaddr_parse(&to.addr, span_of(w + 3)))
            return bad(s, "`%s` is no address", w + 3);
    err = tcp_connect(s->net, &to, &st);
    if (err)
        return outcome(s, err, w);
    *c = (struct conn_view){.peer_isn = c->peer_isn, .theirs = to.port};
    c->stream = st;
    c->listed = s->auto_read;
    st->on_event = on_event;
    st->user = c;
    tcp_local(st, &here);
    c->ours = here.port;
    return outcome(s, OK, strncmp(w, "to=", 3) ? w : "");
}

static bool need(struct script *s, const struct conn_view *c)
{
    return c->stream || bad(s, "the application has no connection");
}

static bool do_accepted(struct script *s, struct conn_view *c, const char *rest)
{
    bool no = strcmp(rest, "no") == 0;

    return (c->stream == NULL) == no ||
           bad(s, no ? "it has been accepted" : "nothing has been accepted");
}

/* `write N` queues all of it or fails; `write N TAKEN` says how much fits. */
static bool do_write(struct script *s, struct conn_view *c, const char *rest)
{
    int64_t n, want, took = 0;
    char w[WORD_MAX];

    if (!need(s, c))
        return false;
    if (!word(&rest, w) || !number(w, &n))
        return bad(s, "write HOW MANY [TAKEN]");
    want = n;
    if (word(&rest, w) && !number(w, &want))
        return bad(s, "write HOW MANY [TAKEN]");
    while (took < n) {
        struct mspan room = stream_reserve(c->stream);
        size_t part = (size_t)(n - took);

        if (!room.n)
            break;
        part = part < room.n ? part : room.n;
        for (size_t i = 0; i < part; i++)
            room.p[i] = stream_byte(c->written + i);
        stream_commit(c->stream, part);
        c->written += part;
        took += (int64_t)part;
    }
    return took == want || bad(s, "%lld bytes were taken", (long long)took);
}

/* Exactly so many bytes are there; they are the right ones. */
static bool do_read(struct script *s, struct conn_view *c, const char *rest)
{
    int64_t n, fill = -1, got = 0;
    char w[WORD_MAX];

    if (!need(s, c))
        return false;
    if (!word(&rest, w) || !number(w, &n) ||
        (word(&rest, w) && !number(w, &fill)))
        return bad(s, "read HOW MANY [BYTE]");
    while (got < n) {
        struct span in = stream_peek(c->stream);
        size_t part = (size_t)(n - got);

        if (!in.n)
            return bad(s, "%lld bytes could be read", (long long)got);
        part = part < in.n ? part : in.n;
        for (size_t i = 0; i < part; i++)
            if (in.p[i] !=
                (fill >= 0 ? (uint8_t)fill : stream_byte(c->read + i)))
                return bad(s, "byte %llu of the stream is 0x%02x",
                           (unsigned long long)(c->read + i), in.p[i]);
        stream_consume(c->stream, part);
        c->read += part;
        got += (int64_t)part;
    }
    return true;
}

static bool do_unread(struct script *s, struct conn_view *c, const char *rest)
{
    int64_t n;

    if (!need(s, c))
        return false;
    if (!number(rest, &n))
        return bad(s, "unread HOW MANY");
    return stream_peek(c->stream).n == (size_t)n ||
           bad(s, "%zu bytes wait to be read", stream_peek(c->stream).n);
}

static bool do_simple(struct script *s, struct conn_view *c, const char *rest,
                      void (*f)(struct stream *))
{
    (void)rest;
    if (!need(s, c))
        return false;
    f(c->stream);
    return true;
}

static bool do_shutdown(struct script *s, struct conn_view *c, const char *rest)
{
    return do_simple(s, c, rest, stream_shutdown);
}

static bool do_abort(struct script *s, struct conn_view *c, const char *rest)
{
    return do_simple(s, c, rest, stream_abort);
}

static bool do_release(struct script *s, struct conn_view *c, const char *rest)
{
    bool done = do_simple(s, c, rest, stream_release);

    c->stream = NULL;
    return done;
}

static bool do_keepalive(struct script *s, struct conn_view *c,
                         const char *rest)
{
    ns_t t;

    if (!need(s, c))
        return false;
    if (!seconds(rest, &t, NULL))
        return bad(s, "keepalive SECONDS");
    tcp_keepalive(c->stream, t);
    return true;
}

static bool do_user_timeout(struct script *s, struct conn_view *c,
                            const char *rest)
{
    ns_t t;

    if (!need(s, c))
        return false;
    if (!seconds(rest, &t, NULL))
        return bad(s, "user_timeout SECONDS");
    tcp_user_timeout(c->stream, t);
    return true;
}

/* All of these, and no others but WRITABLE, have come since the last look. */
static bool do_events(struct script *s, struct conn_view *c, const char *rest)
{
    static const char *const names[] = {"open", "readable", "writable", "eof",
                                        "closed"};
    unsigned want = 0, got = c->events;
    char w[WORD_MAX], said[80] = "";

    while (word(&rest, w))
        for (unsigned i = 0; i < ARRAY_LEN(names); i++)
            want |= strcmp(w, names[i]) == 0 ? 1u << i : 0;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (got >> i & 1)
            snprintf(said + strlen(said), sizeof(said) - strlen(said), " %s",
                     names[i]);
    c->events = 0;
    if (!(want & STREAM_WRITABLE))
        got &= ~(unsigned)STREAM_WRITABLE;
    return got == want || bad(s, "events:%s", said[0] ? said : " none");
}

static bool do_closed(struct script *s, struct conn_view *c, const char *rest)
{
    if (strcmp(rest, "no") == 0)
        return !c->closed || bad(s, "closed: %s", error_names[c->error]);
    if (!c->closed)
        return bad(s, "not closed");
    return strcmp(rest, error_names[c->error]) == 0 ||
           bad(s, "closed: %s", error_names[c->error]);
}

/* ---- what can be looked at ---- */

static const char *state_of(struct script *s, const struct conn_view *c)
{
    struct tcp *tcp = net_tcp(s->net);
    struct tcp_key k = {.local = addr_us(s, s->v6),
                        .remote = addr_peer(s, s->v6),
                        .lport = c->ours,
                        .rport = c->theirs};
    uint32_t i = tcp_find(tcp, &k, key_hash(tcp, &k));

    if (i == TABLE_NONE)
        return "CLOSED";
    if (i >= tcp->tw_from)
        return "TIME_WAIT";
    if (i >= tcp->half_from)
        return "SYN_RECEIVED";
    return state_names[conn_at(tcp, i)->tcb.state];
}

static bool do_state(struct script *s, struct conn_view *c, const char *rest)
{
    const char *got = state_of(s, c);

    return strcmp(rest, got) == 0 || bad(s, "the state is %s", got);
}

/* A value by its name as in /metrics; labels as there. */
static bool metric(const struct script *s, const char *name, double *out)
{
    static char text[1 << 18];
    uint32_t cursor = 0;
    size_t n = 0, part, len = strlen(name);

    while ((part = metrics_format(
                &s->metrics, &cursor,
                (struct mspan){(uint8_t *)text + n, sizeof(text) - n - 1})))
        n += part;
    text[n] = 0;
    for (char *at = text; (at = strstr(at, name)); at += len)
        if ((at == text || at[-1] == '\n') && at[len] == ' ') {
            *out = atof(at + len);
            return true;
        }
    return false;
}

/* `counter NAME +N`: since the script last looked; `gauge NAME N`: now. */
static bool do_counter(struct script *s, struct conn_view *c, const char *rest)
{
    struct counted *k = NULL;
    char name[WORD_MAX], by[WORD_MAX];
    double now, was;
    int64_t want;

    (void)c;
    if (!word(&rest, name) || !word(&rest, by) || !number(by, &want))
        return bad(s, "counter NAME +N");
    if (!metric(s, name, &now))
        return bad(s, "no counter is called `%s`", name);
    for (unsigned i = 0; i < s->counters; i++)
        if (strcmp(s->counter[i].name, name) == 0)
            k = &s->counter[i];
    if (!k && s->counters < COUNTERS_MAX) {
        k = &s->counter[s->counters++];
        snprintf(k->name, sizeof(k->name), "%s", name);
    }
    if (!k)
        return bad(s, "too many counters");
    was = k->value;
    k->value = now;
    return (int64_t)(now - was) == want || bad(s, "it is +%g", now - was);
}

static bool do_gauge(struct script *s, struct conn_view *c, const char *rest)
{
    char name[WORD_MAX], w[WORD_MAX];
    double now;
    int64_t want;

    (void)c;
    if (!word(&rest, name) || !word(&rest, w) || !number(w, &want))
        return bad(s, "gauge NAME N");
    if (!metric(s, name, &now))
        return bad(s, "no gauge is called `%s`", name);
    return (int64_t)now == want || bad(s, "it is %g", now);
}

/* `addr 192.0.2.9 yes|no|tentative` */
static bool do_addr(struct script *s, struct conn_view *c, const char *rest)
{
    struct net_addr have[16];
    unsigned n = net_addrs(s->net, have, ARRAY_LEN(have));
    const char *got = "no";
    char w[WORD_MAX], want[WORD_MAX];
    struct ipaddr a;

    (void)c;
    if (!word(&rest, w) || !word(&rest, want) || !ipaddr_parse(&a, span_of(w)))
        return bad(s, "addr ADDRESS yes|no|tentative");
    for (unsigned i = 0; i < n && i < ARRAY_LEN(have); i++)
        if (ipaddr_eq(&have[i].addr, &a))
            got = have[i].tentative ? "tentative" : "yes";
    return strcmp(got, want) == 0 || bad(s, "it is `%s`", got);
}

static bool do_link(struct script *s, struct conn_view *c, const char *rest)
{
    (void)c;
    s->dev.link_up = strcmp(rest, "up") == 0;
    return true;
}

static bool do_refuse(struct script *s, struct conn_view *c, const char *rest)
{
    (void)c;
    s->refuse = strcmp(rest, "on") == 0;
    return true;
}

/* ---- UDP and names ---- */

static void on_udp(const struct udp_dgram *d, void *user)
{
    struct script *s = user;

    s->udp_got++;
    s->udp_last = *d;
}

static bool do_udp_bind(struct script *s, struct conn_view *c, const char *rest)
{
    int64_t port;

    (void)c;
    if (!number(rest, &port))
        return bad(s, "udp_bind PORT");
    s->udp_port = (uint16_t)port;
    return outcome(s, udp_bind(s->net, &s->udp_port, on_udp, s), "");
}

static bool do_udp_send(struct script *s, struct conn_view *c, const char *rest)
{
    static uint8_t bytes[65536];
    struct udp_dgram d = {.remote = {addr_peer(s, s->v6), 9, 0},
                          .local.port = s->udp_port};
    char w[WORD_MAX];
    int64_t n;

    (void)c;
    if (!word(&rest, w) || !number(w, &n) || n < 0 || n > 65535)
        return bad(s, "udp_send HOW MANY [to=ADDRESS] [OUTCOME]");
    for (int64_t i = 0; i < n; i++)
        bytes[i] = stream_byte((uint64_t)i);
    d.data = (struct span){bytes, (size_t)n};
    w[0] = 0;
    if (word(&rest, w) && strncmp(w, "to=", 3) == 0) {
        if (!ipaddr_parse(&d.remote.addr, span_of(w + 3)))
            return bad(s, "`%s` is no address", w + 3);
        w[0] = 0;
        word(&rest, w);
    }
    return outcome(s, udp_send(s->net, &d), w);
}

/* So many datagrams since the last look. */
static bool do_udp_got(struct script *s, struct conn_view *c, const char *rest)
{
    unsigned got = s->udp_got;
    int64_t n;

    (void)c;
    if (!number(rest, &n))
        return bad(s, "udp_got HOW MANY");
    s->udp_got = 0;
    return got == n || bad(s, "%u datagrams came", got);
}

bool call(struct script *s, struct conn_view *c, const char *verb,
          const char *rest)
{
    static const struct {
        const char *name;
        bool (*f)(struct script *, struct conn_view *, const char *);
    } calls[] = {{"open", shake_open},        {"dial", shake_dial},
                 {"listen", do_listen},       {"unlisten", do_unlisten},
                 {"connect", do_connect},     {"accepted", do_accepted},
                 {"write", do_write},         {"read", do_read},
                 {"unread", do_unread},       {"shutdown", do_shutdown},
                 {"abort", do_abort},         {"release", do_release},
                 {"keepalive", do_keepalive}, {"user_timeout", do_user_timeout},
                 {"events", do_events},       {"closed", do_closed},
                 {"state", do_state},         {"counter", do_counter},
                 {"gauge", do_gauge},         {"addr", do_addr},
                 {"link", do_link},           {"refuse", do_refuse},
                 {"udp_bind", do_udp_bind},   {"udp_send", do_udp_send},
                 {"udp_got", do_udp_got}};

    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        if (strcmp(calls[i].name, verb) == 0) {
            if (!calls[i].f(s, c, rest))
                return false;
            host_rest(s);
            return !s->message[0];
        }
    return bad(s, "nothing is called `%s`", verb);
}
