/* SPDX-License-Identifier: ISC */
/*
 * https.c - ports, sessions, and what a browser is told about both.
 */
#include "https_impl.h"

#include <base/fmt.h>
#include <billet/clock.h>
#include <billet/http2.h>
#include <billet/machine.h>
#include <string.h>

KEY_CHOICE(tls, "tls", "off|on|only", "off",
           "HTTPS: not, as well as HTTP, or only: HTTP then sends everyone to "
           "it");
KEY_UINT(http_port, "http-port", "PORT", 1, 65535, "80", "port of HTTP");
KEY_UINT(https_port, "https-port", "PORT", 1, 65535, "443", "port of HTTPS");
KEY_UINT(https_public_port, "https-public-port", "PORT", 1, 65535, NULL,
         "port of HTTPS that --tls=only sends to, where another one stands in "
         "front (default: --https-port)");
KEY_UINT(hsts, "hsts", "SECONDS", 0, 63072000, "31536000",
         "how long browsers must keep to HTTPS once they came by it (RFC "
         "6797); 0: they are not told");
KEY_UINT(tls_sessions, "tls-sessions", "COUNT", 1, 4096, "128",
         "TLS connections at once; beyond: refused");

#define LOOK_AGAIN (1 * NS_PER_SEC)

static bool with_tls(const struct env *env)
{
    return strcmp(key_string(env->keys, &key_tls), "off") != 0;
}

void https_wish(const struct env *env, struct limits *l)
{
    uint32_t sessions = (uint32_t)key_uint(env->keys, &key_tls_sessions);
    size_t n = sizeof(struct https) + 64;

    if (with_tls(env)) {
        n += identity_bytes() + tls_bytes(sessions) + http2_bytes(sessions);
        l->tcp_listeners++;
    }
    l->arena_bytes += (uint32_t)n;
}

struct tls *https_tls(struct https *s)
{
    return s->tls;
}

struct http *https_http(struct https *s)
{
    return s->http;
}

/* The handshake is done, or failed; what was agreed on takes over. */
static void on_shaken(struct stream *t, unsigned events, void *user)
{
    struct https *s = user;
    struct tls_info info;
    bool taken;

    if (events & STREAM_CLOSED) {
        log_debug(s->env->log, "tls", "%s", tls_failure(t));
        stream_release(t);
        return;
    }
    if (!tls_info(t, &info))
        return;
    if (info.alpn && strcmp(info.alpn, "h2") == 0)
        taken = http2_accept(s->http2, t);
    else
        taken = http_accept_secure(s->http, t);
    if (!taken) {
        stream_release(t);
        return;
    }
    t->on_event(t, events, t->user);
}

static bool on_tls(struct stream *lower, const struct endpoint *peer,
                   void *user)
{
    struct https *s = user;
    struct stream *t;
    enum err err = tls_accept(s->tls, lower, &t);

    (void)peer;
    if (err == OK) {
        t->on_event = on_shaken;
        t->user = s;
    } else if (err == E_FULL && !http2_evict(s->http2)) {
        (void)http_evict_secure(s->http); /* whoever asks again gets in */
    }
    return true; /* it is theirs, or gone */
}

static const char *first(void *user, const struct tls_identity *id)
{
    struct https *s = user;
    struct tls_config c = {
        .identity = {*id},
        .nidentities = 1,
        .alpn = "h2,http/1.1",
        .sessions = (uint32_t)key_uint(s->env->keys, &key_tls_sessions),
        .labels = "side=\"site\""};
    const char *why;

    s->tls = tls_new(s->env, &c, &why);
    return s->tls ? NULL : why;
}

static const char *another(void *user, const struct tls_identity *id)
{
    struct https *s = user;

    return tls_replace(s->tls, s->replacing, id);
}

static const char *one_more(void *user, const struct tls_identity *id)
{
    struct https *s = user;

    return tls_add(s->tls, id);
}

const char *https_install(struct https *s, const struct tls_identity *id)
{
    timer_clear(s->env->loop, &s->timer);
    return tls_replace(s->tls, 0, id);
}

/* An answer of the CA's responder to be shown beside the `i`th certificate, if
 * the owner has one; without the file what is shown stays. */
static void staple(struct https *s, unsigned i)
{
    struct mspan room = {s->identity.chain, PEM_BYTES};
    const char *why;
    char name[16];
    size_t n;

    fmt(name, sizeof(name), i ? "tls-ocsp-%u" : "tls-ocsp", i + 1);
    if ((n = given_file(name, room)) == 0)
        return;
    if ((why = tls_staple(s->tls, i, (struct span){room.p, n})))
        log_warn(s->env->log, "tls", "%s: %s", name, why);
}

static void say_replaced(struct https *s, const char *why)
{
    if (why)
        log_error(s->env->log, "tls",
                  "%s: the certificate in use stays, and is tried to be "
                  "replaced again when asked",
                  why);
    else
        log_info(s->env->log, "tls", "the certificate was replaced");
}

static void replace(struct https *s)
{
    const char *why;
    bool found;

    s->replacing = 0;
    if (!s->identity.from_keys)
        say_replaced(s, identity_with(&s->identity, another, s));
    staple(s, 0);
    while (++s->replacing < s->certificates) {
        why = identity_more(&s->identity, s->replacing + 1, &found, another, s);
        say_replaced(s, found ? why : "one of the certificates is gone");
        staple(s, s->replacing);
    }
}

/* A certificate of ours grows old; a process may be told to read again. */
static void look_again(struct timer *t, ns_t now)
{
    struct https *s = CONTAINER(t, struct https, timer);
    struct identity *id = &s->identity;
    uint64_t asked = machine_hangups();

    timer_set(s->env->loop, t, now + LOOK_AGAIN);
    if (id->from_keys && s->certificates == 1)
        return;
    if (asked != s->asked_again ||
        (id->renew_s &&
         clock_wall_ns(s->env->clock, now) / NS_PER_SEC >= id->renew_s))
        replace(s);
    s->asked_again = asked;
}

/* Of other names, or of another kind of key for the same. */
static const char *add_more(struct https *s)
{
    const char *why;
    bool found;

    for (s->certificates = 1; s->certificates < TLS_IDENTITIES_MAX;
         s->certificates++)
        if ((why = identity_more(&s->identity, s->certificates + 1, &found,
                                 one_more, s)) ||
            !found)
            return why;
    return NULL;
}

static enum err start_tls(struct https *s)
{
    struct env *env = s->env;
    const char *why;

    if (!identity_start(&s->identity, env))
        return E_INVAL;
    if ((why = identity_with(&s->identity, first, s)) || (why = add_more(s))) {
        log_error(env->log, "tls", "%s", why);
        return E_INVAL;
    }
    for (unsigned i = 0; i < s->certificates; i++)
        staple(s, i);
    s->timer.fire = look_again;
    s->asked_again = machine_hangups();
    timer_set(env->loop, &s->timer, loop_now(env->loop) + LOOK_AGAIN);
    return OK;
}

static uint16_t port(const struct env *env, const struct key *key)
{
    return (uint16_t)key_uint(env->keys, key);
}

struct https_ports https_ports(const struct env *env)
{
    return (struct https_ports){port(env, &key_http_port),
                                with_tls(env) ? port(env, &key_https_port) : 0};
}

/* What is said over TLS, and to those who come without. */
static void add_words(struct https *s, struct http_config *c)
{
    struct env *env = s->env;
    uint64_t hsts = key_uint(env->keys, &key_hsts);

    if (hsts)
        c->secure_fields = (struct span){
            (const uint8_t *)s->hsts,
            fmt(s->hsts, sizeof(s->hsts),
                "Strict-Transport-Security: max-age=%u\r\n", (unsigned)hsts)};
    if (strcmp(key_string(env->keys, &key_tls), "only") == 0)
        c->insecure = http_to_secure;
    c->secure_port = port(env, key_given(env->keys, &key_https_public_port)
                                   ? &key_https_public_port
                                   : &key_https_port);
}

enum err https_serve(struct env *env, const struct http_config *config,
                     struct https **out)
{
    struct https *s = NEW(env, struct https);
    struct http_config c = *config;
    struct https_ports ports = https_ports(env);
    enum err err;

    s->env = env;
    if (out)
        *out = s;
    if (!ports.https)
        return http_serve(env, ports.http, &c, &s->http);
    add_words(s, &c);
    if ((err = start_tls(s)) ||
        (err = http_serve(env, ports.http, &c, &s->http)))
        return err;
    s->http2 = http2_new(env, s->http,
                         (uint32_t)key_uint(env->keys, &key_tls_sessions));
    if (!s->http2)
        return E_FULL;
    return tcp_listen(env->net, ports.https, on_tls, s);
}
