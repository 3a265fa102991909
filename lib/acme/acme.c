/* SPDX-License-Identifier: ISC */
/*
 * acme.c - keys, the fiber that looks after the certificate, and the answer to
 * http-01.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/clock.h>
#include <billet/trust.h>

#include "acme_impl.h"

enum {
    STACK_BYTES = 48 << 10, /* arithmetic of certificates is done there */
    BACKOFF_S = 60,         /* times four for each failure that follows */
    BACKOFF_MAX_S = 6 * 3600,
    UNREACH_TRIES = 120 /* with a second between: there is no address yet */
};

KEY_STRING(acme, "acme", "URL", NULL,
           "get a certificate from the CA that has this directory (RFC 8555)");
KEY_STRING(acme_names, "acme-names", "NAME,...", NULL,
           "the names that it is for, at most eight");
KEY_STRING(acme_email, "acme-email", "ADDRESS", NULL,
           "where the CA may write to");
KEY_CHOICE(acme_challenge, "acme-challenge", "http-01|tls-alpn-01", "http-01",
           "how names are proved, where the CA has a choice");
KEY_STRING(acme_trust, "acme-trust", "BASE64", NULL,
           "roots that the CA's own server must lead to: base64 of PEM or of "
           "DER (default: the file `acme-trust`, else as --trust)");

METRICS_TABLE(acme, ACME_METRICS);

static struct trust_config trust(struct span roots)
{
    return (struct trust_config){.roots = roots,
                                 .sessions = 2,
                                 .labels = "side=\"acme\"",
                                 .key = &key_acme_trust,
                                 .file = "acme-trust"};
}

bool acme_wanted(const struct env *env)
{
    return key_given(env->keys, &key_acme);
}

void acme_wish(const struct env *env, struct limits *l, struct span roots)
{
    struct trust_config t = trust(roots);

    if (!acme_wanted(env))
        return;
    l->arena_bytes +=
        (uint32_t)(sizeof(struct acme) + X509_WORK_BYTES +
                   2 * HTTP_CLIENT_BYTES + ACME_DISK_BYTES + 8192) +
        trust_bytes(env, &t);
    l->fibers += 1;
    if (l->fiber_stack < STACK_BYTES)
        l->fiber_stack = STACK_BYTES;
}

static uint64_t wall_s(const struct acme *a)
{
    return clock_wall_ns(a->env->clock, loop_now(a->env->loop)) / NS_PER_SEC;
}

/* In place. */
static bool cut_names(struct acme *a, char *p)
{
    while (*p) {
        char *comma = strchr(p, ',');

        if (comma)
            *comma = 0;
        if (a->nnames == ACME_NAMES_MAX || !*p || strlen(p) >= TLS_HOST_BYTES)
            return false;
        a->names[a->nnames++] = p;
        if (!comma)
            return true;
        p = comma + 1;
    }
    return false;
}

/* The one that was kept.  False: there is none that can be used. */
static bool use_kept(struct acme *a)
{
    struct tls_identity id = {{a->state.chain, a->state.chain_n},
                              {a->state.key.key, a->state.key.key_n}};
    uint64_t again_s;
    const char *why;

    if (!a->state.chain_n)
        return false;
    acme_when(a, false, &again_s);
    if (a->m.expires_seconds <= wall_s(a))
        return false;
    if ((why = a->config.install(a->config.user, &id))) {
        log_warn(a->env->log, "acme", "the certificate that was kept: %s", why);
        return false;
    }
    log_info(a->env->log, "acme", "the certificate that was kept is in use");
    return true;
}

/* Once; failures are waited off, longer and longer.  False: end. */
static bool get_one(struct acme *a)
{
    uint64_t pause_s = BACKOFF_S;

    for (unsigned i = 0;;) {
        a->pause_s = 0;
        if (acme_issue(a)) {
            a->got_s = wall_s(a);
            log_info(a->env->log, "acme", "a new certificate for %s is in use",
                     a->names_text);
            return true;
        }
        if (a->reply && a->reply->err == E_UNREACH && i++ < UNREACH_TRIES) {
            if (fiber_sleep(a->env, NS_PER_SEC))
                return false;
            continue;
        }
        a->m.failures++;
        if (a->pause_s < pause_s)
            a->pause_s = pause_s;
        log_warn(a->env->log, "acme", "%s, again in %u s", a->why,
                 (unsigned)a->pause_s);
        pause_s = pause_s * 4 < BACKOFF_MAX_S ? pause_s * 4 : BACKOFF_MAX_S;
        if (fiber_sleep(a->env, a->pause_s * NS_PER_SEC))
            return false;
    }
}

/* Until the certificate is due.  False: end. */
static bool rest(struct acme *a)
{
    uint64_t again_s, at, now;

    for (;;) {
        bool ask = acme_find_directory(a);

        at = acme_when(a, ask, &again_s);
        now = wall_s(a);
        if (at <= now)
            return true;
        if (at - now < again_s)
            again_s = at - now;
        if (fiber_sleep(a->env, again_s * NS_PER_SEC))
            return false;
        if (at <= wall_s(a))
            return true;
    }
}

static void run(struct env *env, void *user)
{
    struct acme *a = user;

    while (wall_s(a) == 0) /* nothing is valid at no time */
        if (fiber_sleep(env, NS_PER_SEC))
            return;
    acme_load(a);
    if (use_kept(a) && !rest(a))
        return;
    while (get_one(a) && rest(a))
        ;
}

static const char *prepare(struct acme *a, struct span roots)
{
    struct env *env = a->env;
    struct trust_config t = trust(roots);
    struct http_client_config c = {
        .connections = 2, .secure = trust_secure, .secure_why = tls_failure};
    const char *names = key_string(env->keys, &key_acme_names), *why;
    char *parts;

    if (!names || !*names || strlen(names) >= sizeof(a->names_text))
        return "--acme wants --acme-names, of less than 512 bytes";
    memcpy(a->names_text, names, strlen(names) + 1);
    parts = arena_alloc(env->arena, sizeof(a->names_text), 1);
    memcpy(parts, a->names_text, sizeof(a->names_text));
    if (!cut_names(a, parts))
        return "--acme-names has more than eight names, or an empty one";
    a->directory_url = key_string(env->keys, &key_acme);
    if (strlen(a->directory_url) >= ACME_URL_BYTES ||
        strncmp(a->directory_url, "https://", 8) != 0)
        return "--acme is no URL of https";
    a->email = key_string(env->keys, &key_acme_email);
    a->prefer_alpn =
        strcmp(key_string(env->keys, &key_acme_challenge), "http-01") != 0;
    if (!(c.secure_user = trust_client(env, &t, &why)))
        return why;
    a->work.n = X509_WORK_BYTES;
    a->work.p = arena_raw(env->arena, X509_WORK_BYTES, 16);
    a->client = http_client_new(env, &c);
    return NULL;
}

enum err acme_start(struct env *env, const struct acme_config *config,
                    struct acme **out)
{
    struct acme *a = NEW(env, struct acme);
    const char *why;

    a->env = env;
    a->config = *config;
    if ((why = prepare(a, config->roots))) {
        log_error(env->log, "acme", "%s", why);
        return E_INVAL;
    }
    metrics_add(env->metrics, &acme_metrics_group, &a->m.issued);
    *out = a;
    return fiber_spawn(env, run, a, NULL);
}

/* RFC 8555 8.3 */
void acme_answer(struct acme *a, struct http_exchange *x,
                 const struct http_request *rq)
{
    static const char prefix[] = "/.well-known/acme-challenge/";
    struct span token = {rq->path.p + sizeof(prefix) - 1,
                         rq->path.n - (sizeof(prefix) - 1)};

    if (!a || !a->token[0] || rq->path.n < sizeof(prefix) ||
        !span_eq(token, span_of(a->token))) {
        http_reply_page(x, 404, (struct span){0});
        return;
    }
    a->m.asked++;
    http_reply_copy(
        x, &(struct http_reply){.status = 200,
                                .type = SPAN("application/octet-stream"),
                                .fields = SPAN("Cache-Control: no-store\r\n"),
                                .body = span_of(a->keyauth)});
}
