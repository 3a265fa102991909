/* SPDX-License-Identifier: ISC */
/*
 * syslog.c - the log to a server: UDP (RFC 5426), TCP with octet counting (RFC
 * 6587 3.4.1), or TLS (RFC 5425), which frames as TCP does.
 *
 * Nothing is asked of the network before there is a line to send.  What cannot
 * be sent stays in the log's ring; attempts are made less and less often.
 */
#include "syslog.h"

#include <base/bytes.h>
#include <billet/clock.h>
#include <log/syslog.h>
#include <net.h>
#include <stack.h>

enum { BACKOFF_MAX = 6 /* doublings: 64 s */ };
#define AGAIN_NS  NS_PER_SEC
#define DIAL_NS   (10 * NS_PER_SEC)  /* for one address */
#define STEADY_NS (10 * NS_PER_SEC)  /* open so long: no failure was before */
#define FRESH_NS  (300 * NS_PER_SEC) /* then a name is looked up again */
/* Between datagrams, so that they do not overrun what waits for ARP or NDP. */
#define PACE_NS (5 * NS_PER_MS)

static const char *check_syslog(struct span v);
KEY_STRING(syslog, "syslog", "udp|tcp|tls:HOST[:PORT]", NULL,
           "server to send the log to (RFC 5424); IPv6 as [ADDRESS]:PORT",
           .check = check_syslog);

static const char *check_syslog(struct span v)
{
    struct syslog_target t;

    if (!syslog_target_parse(&t, v))
        return "udp:HOST[:PORT], tcp:HOST[:PORT] or tls:HOST[:PORT]";
    return t.over == SYSLOG_TLS && !boot_syslog_secure
               ? "udp:HOST[:PORT] or tcp:HOST[:PORT]; there is no TLS in this "
                 "image"
               : NULL;
}

enum state { WAITING, ASKING, DIALLING, OPEN };

static struct sender {
    struct source source;
    struct env *env;
    struct syslog lines;
    struct syslog_target to;
    enum state state;
    ns_t next; /* WAITING, OPEN: not before; DIALLING: no longer */
    ns_t since;
    unsigned backoff;
    bool full;   /* TCP takes nothing more for now */
    size_t done; /* of the message, so far */
    struct stream *stream;
    struct tls *tls; /* NULL: without */
    bool secured;    /* it is on the stream */
    struct ipaddr addr[DNS_ADDRS_MAX];
    unsigned naddrs, at;
    uint16_t port; /* ours, for datagrams */
} sender;

static void set(struct sender *w, enum state state, ns_t next)
{
    w->state = state;
    w->next = next;
    net_aside(w->env->net, (unsigned)(w->stream != NULL) + (state == ASKING));
}

static void hang_up(struct sender *w)
{
    if (w->stream)
        stream_release(w->stream);
    w->stream = NULL;
    w->secured = false;
    w->done = 0; /* what was cut off is sent again, as a whole */
}

/* What TLS says of the stream, if it says anything. */
static const char *words(const struct sender *w, enum err err)
{
    const char *why = w->secured ? boot_syslog_secure->failure(w->stream) : "";

    return *why ? why : err_name(err);
}

static void failed(struct sender *w, enum err err)
{
    ns_t now = loop_now(w->env->loop), wait;

    if (w->state == OPEN && now - w->since > STEADY_NS)
        w->backoff = 0;
    wait = AGAIN_NS << w->backoff;
    if (w->backoff || err != E_UNREACH) /* at first there is no address */
        log_warn(w->env->log, "syslog", "%s: %s, again in %u s", w->to.host,
                 words(w, err), (unsigned)(wait / NS_PER_SEC));
    hang_up(w);
    set(w, WAITING, now + wait);
    w->lines.count.failures++;
    w->backoff += w->backoff < BACKOFF_MAX;
}

/* True: it is out, or as good as. */
static bool send_one(struct sender *w, struct span m, ns_t now)
{
    struct endpoint to = {.addr = w->addr[0], .port = w->to.port};
    enum err err;

    if (w->stream) {
        w->done += stream_write(w->stream,
                                (struct span){m.p + w->done, m.n - w->done});
        w->full = w->done < m.n;
        return !w->full;
    }
    w->next = now + PACE_NS;
    err = udp_send_from(w->env->net, w->port, NULL, &to, m);
    if (err == E_UNREACH)
        failed(w, err);
    return !err;
}

static void drain(struct sender *w, ns_t now)
{
    while (w->state == OPEN && !w->full && now >= w->next) {
        struct span m =
            syslog_next(&w->lines, clock_wall_ns(w->env->clock, now), now,
                        w->to.over != SYSLOG_UDP);

        if (m.n == 0 || !send_one(w, m, now))
            return;
        syslog_sent(&w->lines);
        w->done = 0;
    }
}

static void opened(struct sender *w)
{
    w->since = loop_now(w->env->loop);
    w->full = false;
    w->lines.count.connections += w->stream != NULL;
    set(w, OPEN, 0);
}

static void dial(struct sender *w);
static void on_event(struct stream *s, unsigned events, void *user);

/* The stream below is told what was told to us, for it is TLS's now. */
static void secure(struct sender *w, unsigned events)
{
    struct stream *lower = w->stream;
    enum err err;

    w->stream = NULL;
    lower->on_event = NULL;
    err = boot_syslog_secure->connect(w->tls, lower, w->to.host, &w->stream);
    if (err) {
        w->stream = NULL;
        failed(w, err);
        return;
    }
    w->secured = true;
    w->stream->on_event = on_event;
    w->stream->user = w;
    set(w, DIALLING, loop_now(w->env->loop) + DIAL_NS);
    if (lower->on_event)
        lower->on_event(lower, events, lower->user);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct sender *w = user;
    struct span in;

    while ((in = stream_peek(s)).n > 0)
        stream_consume(s, in.n); /* nothing is said to a client */
    if (events & STREAM_OPEN && w->tls && !w->secured) {
        secure(w, events);
        return;
    }
    if (events & STREAM_OPEN)
        opened(w);
    if (events & STREAM_WRITABLE)
        w->full = false;
    if (!(events & (STREAM_EOF | STREAM_CLOSED)))
        return;
    if (w->state == DIALLING && w->at < w->naddrs) {
        if (w->secured) /* the next address may have another certificate */
            log_warn(w->env->log, "syslog", "%s: %s", w->to.host,
                     words(w, s->error));
        hang_up(w);
        dial(w);
    } else {
        failed(w, s->error ? s->error : E_CLOSED);
    }
}

/* One address after the other. */
static void dial(struct sender *w)
{
    enum err err = E_NOENT;

    while (w->at < w->naddrs) {
        struct endpoint to = {.addr = w->addr[w->at++], .port = w->to.port};

        if ((err = tcp_connect(w->env->net, &to, &w->stream)) == OK) {
            w->stream->on_event = on_event;
            w->stream->user = w;
            set(w, DIALLING, loop_now(w->env->loop) + DIAL_NS);
            return;
        }
        w->stream = NULL;
    }
    failed(w, err);
}

static void resolved(enum err err, const struct ipaddr *addr, unsigned n,
                     void *user)
{
    struct sender *w = user;

    if (err || n == 0) {
        failed(w, err ? err : E_NOENT);
        return;
    }
    memcpy(w->addr, addr, n * sizeof(*addr));
    w->naddrs = n;
    w->at = 0;
    if (w->to.over != SYSLOG_UDP)
        dial(w);
    else
        opened(w);
}

static unsigned poll_syslog(struct source *s, ns_t now, unsigned budget)
{
    struct sender *w = CONTAINER(s, struct sender, source);
    uint64_t before = w->lines.count.sent;

    (void)budget;
    if (!syslog_waiting(&w->lines))
        return 0;
    if (w->state == OPEN && !w->stream && now - w->since > FRESH_NS)
        set(w, WAITING, now);
    if (w->state == WAITING && now >= w->next) {
        enum err err = dns_resolve(w->env->net, w->to.host, resolved, w);

        if (err)
            failed(w, err);
        else
            set(w, ASKING, NS_NEVER);
    }
    if (w->state == DIALLING && now >= w->next) {
        hang_up(w);
        dial(w);
    }
    drain(w, now);
    return (unsigned)(w->lines.count.sent - before);
}

static bool arm_syslog(struct source *s)
{
    (void)s;
    return false; /* the deadline has it all */
}

static ns_t deadline_syslog(const struct source *s)
{
    const struct sender *w = CONTAINER(s, struct sender, source);

    return !syslog_waiting(&w->lines) || w->full ? NS_NEVER : w->next;
}

static bool target(const struct env *env, struct syslog_target *out)
{
    const char *to = key_string(env->keys, &key_syslog);

    return to && syslog_target_parse(out, span_of(to));
}

void syslog_wish(const struct env *env, struct limits *limits)
{
    struct syslog_target to;

    if (target(env, &to) && to.over == SYSLOG_TLS && boot_syslog_secure)
        limits->arena_bytes += boot_syslog_secure->bytes(env);
}

bool syslog_up(struct env *env)
{
    struct sender *w = &sender;
    const char *why;

    if (!target(env, &w->to))
        return true;
    w->env = env;
    if (w->to.over == SYSLOG_TLS &&
        !(w->tls = boot_syslog_secure->make(env, &why))) {
        log_error(env->log, "syslog", "%s", why);
        return false;
    }
    w->port = udp_free_port(env->net);
    syslog_start(&w->lines, env->log, env->net->config.hostname,
                 env->manifest->name);
    metrics_add(env->metrics, &syslog_metrics_group, &w->lines.count.sent);
    w->source = (struct source){.name = "syslog",
                                .poll = poll_syslog,
                                .arm = arm_syslog,
                                .deadline = deadline_syslog};
    loop_add(env->loop, &w->source);
    return true;
}

bool syslog_busy(void)
{
    return sender.state == OPEN && syslog_waiting(&sender.lines);
}
