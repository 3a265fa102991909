/* SPDX-License-Identifier: ISC */
/*
 * talk.c - one request to the CA and its answer: nonces, problems, how long to
 * wait.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/clock.h>
#include <proto/http_date.h>
#include <stdarg.h>

#include "acme_impl.h"

enum { RETRY_MAX_S = 86400 };

bool acme_fail(struct acme *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfmt_clean(a->why, sizeof(a->why), format, args);
    va_end(args);
    return false;
}

static bool keep(const struct http_answer *h, const char *name, char *out,
                 size_t size)
{
    struct span value;
    uint32_t at = 0;

    if (!http_answer_next(h, span_of(name), &at, &value) || value.n >= size)
        return false;
    memcpy(out, value.p, value.n);
    out[value.n] = 0;
    return true;
}

/* Seconds, or a date (RFC 9110 10.2.3). */
static uint64_t retry_after(struct acme *a, const struct http_answer *h)
{
    uint64_t now =
        clock_wall_ns(a->env->clock, loop_now(a->env->loop)) / NS_PER_SEC;
    struct span value;
    uint32_t at = 0;
    uint64_t s = 0, when;

    if (!http_answer_next(h, SPAN("retry-after"), &at, &value))
        return 0;
    if (!parse_u64(value, &s) && now && http_date_parse(value, now, &when))
        s = when > now ? when - now : 0;
    return s < RETRY_MAX_S ? s : RETRY_MAX_S;
}

/* RFC 8555 6.5.1: base64url, or it is none. */
static bool nonce_good(const char *nonce)
{
    uint8_t ignored[ACME_NONCE_BYTES];
    size_t n;

    return *nonce &&
           base64url_decode(span_of(nonce),
                            (struct mspan){ignored, sizeof(ignored)}, &n);
}

static void on_head(struct http_fetch *f, const struct http_answer *h)
{
    struct acme *a = f->user;

    if (!keep(h, "replay-nonce", a->nonce, sizeof(a->nonce)) ||
        !nonce_good(a->nonce))
        a->nonce[0] = 0;
    if (!keep(h, "location", a->reply->location, sizeof(a->reply->location)))
        a->reply->location[0] = 0;
    a->reply->retry_s = retry_after(a, h);
}

static size_t on_body(struct http_fetch *f, struct span data)
{
    struct acme *a = f->user;

    memcpy(a->answer + a->answer_n, data.p, data.n); /* body_max is its room */
    a->answer_n += data.n;
    return data.n;
}

static size_t push(struct http_fetch *f, struct mspan room)
{
    struct acme *a = f->user;
    size_t n = a->body_n - a->sent;

    n = n < room.n ? n : room.n;
    memcpy(room.p, a->body + a->sent, n);
    a->sent += n;
    return n;
}

static bool ask(struct acme *a, enum http_method method, const char *url,
                struct acme_reply *r)
{
    struct http_fetch f = {.url = url,
                           .method = method,
                           .on_head = on_head,
                           .on_body = on_body,
                           .body_max = ACME_ANSWER_BYTES,
                           .stay = true, /* RFC 8555 10.5: led by no one */
                           .user = a};

    *r = (struct acme_reply){0};
    a->reply = r;
    a->answer_n = a->sent = 0;
    a->m.requests++;
    if (method == HTTP_POST) {
        f.fields = SPAN("Content-Type: application/jose+json\r\n");
        f.body_bytes = a->body_n;
        f.push = push;
    }
    r->err = fiber_fetch(a->env, a->client, &f);
    r->status = f.status;
    r->body = (struct span){a->answer, a->answer_n};
    if (r->err)
        return acme_fail(a, "%s: %s", url, f.why ? f.why : err_name(r->err));
    return true;
}

/* What the CA's "no" means; it may say when to come back. */
static bool no(struct acme *a, const char *url, const struct acme_reply *r)
{
    acme_read_problem(&a->problem, r->body);
    if (r->retry_s > a->pause_s)
        a->pause_s = r->retry_s;
    return acme_fail(a, "%s: %u %s: %s", url, r->status, a->problem.type,
                     a->problem.detail);
}

bool acme_get(struct acme *a, const char *url, struct acme_reply *r)
{
    a->problem = (struct acme_problem){0};
    return ask(a, HTTP_GET, url, r) && (r->status == 200 || no(a, url, r));
}

static bool want_nonce(struct acme *a)
{
    struct acme_reply r;

    if (a->nonce[0])
        return true;
    if (!ask(a, HTTP_HEAD, a->directory.new_nonce, &r))
        return false;
    return a->nonce[0] || acme_fail(a, "%s: there is no nonce in the answer",
                                    a->directory.new_nonce);
}

bool acme_post(struct acme *a, const char *url, struct span payload,
               bool with_key, struct acme_reply *r)
{
    for (unsigned i = 0; i < ACME_NONCE_TRIES; i++) {
        a->problem = (struct acme_problem){0};
        if (!want_nonce(a))
            return false;
        if (!jose_sign(a, url, payload, with_key))
            return acme_fail(a, "a request is too long, or cannot be signed");
        a->nonce[0] = 0; /* once and only once */
        if (!ask(a, HTTP_POST, url, r))
            return false;
        if (r->status / 100 == 2)
            return true;
        no(a, url, r);
        if (strcmp(a->problem.type, "badNonce") != 0)
            return false;
        a->m.nonces++;
    }
    return false;
}
