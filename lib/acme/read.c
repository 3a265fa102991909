/* SPDX-License-Identifier: ISC */
/*
 * read.c - what a CA says, read with care.
 */
#include "read.h"

#include <base/bytes.h>
#include <base/civil.h>
#include <proto/json.h>
#include <proto/url.h>

#define URN "urn:ietf:params:acme:error:"

static const char *const names[] = {
    [ACME_PENDING] = "pending",       [ACME_READY] = "ready",
    [ACME_PROCESSING] = "processing", [ACME_VALID] = "valid",
    [ACME_INVALID] = "invalid",       [ACME_DEACTIVATED] = "deactivated",
    [ACME_EXPIRED] = "expired",       [ACME_REVOKED] = "revoked"};

const char *acme_status_name(enum acme_status s)
{
    return s == ACME_UNKNOWN ? "in a state unknown" : names[s];
}

/* A member that is a text of less than `size` bytes. */
static bool member(const struct json *object, const char *name, char *out,
                   size_t size)
{
    struct json v;
    size_t n;

    out[0] = 0;
    if (!json_get(object, name, &v) ||
        !json_text(&v, (struct mspan){(uint8_t *)out, size - 1}, &n))
        return false;
    out[n] = 0;
    return true;
}

/* RFC 8555 6.1: https and nothing else. */
static bool url_good(char *text)
{
    struct url u;

    if (url_parse(&u, span_of(text)) && u.secure)
        return true;
    text[0] = 0;
    return false;
}

static bool url_member(const struct json *object, const char *name, char *out)
{
    return member(object, name, out, ACME_URL_BYTES) && url_good(out);
}

bool acme_read_directory(struct acme_directory *d, struct span text)
{
    struct json all, meta, v;

    if (!json_parse(&all, text) ||
        !url_member(&all, "newNonce", d->new_nonce) ||
        !url_member(&all, "newAccount", d->new_account) ||
        !url_member(&all, "newOrder", d->new_order))
        return false;
    if (!url_member(&all, "renewalInfo", d->renewal_info))
        d->renewal_info[0] = 0;
    d->wants_external = json_get(&all, "meta", &meta) &&
                        json_get(&meta, "externalAccountRequired", &v) &&
                        v.kind == JSON_TRUE;
    return true;
}

static void cut_member(const struct json *object, const char *name, char *out,
                       size_t size)
{
    struct json v;
    uint8_t text[1024];
    size_t n;

    out[0] = 0;
    if (!json_get(object, name, &v) ||
        !json_text(&v, (struct mspan){text, sizeof(text)}, &n))
        return;
    n = n < size ? n : size - 1;
    for (size_t i = 0; i < n; i++) /* it goes to the log */
        out[i] = text[i] < 0x20 || text[i] >= 0x7f ? '?' : (char)text[i];
    out[n] = 0;
}

static void read_problem(struct acme_problem *p, const struct json *object)
{
    char type[sizeof(URN) + ACME_TYPE_BYTES];

    cut_member(object, "type", type, sizeof(type));
    cut_member(object, "detail", p->detail, sizeof(p->detail));
    if (strncmp(type, URN, sizeof(URN) - 1) == 0)
        memmove(type, type + sizeof(URN) - 1, strlen(type) - sizeof(URN) + 2);
    type[ACME_TYPE_BYTES - 1] = 0;
    memcpy(p->type, type, ACME_TYPE_BYTES);
}

void acme_read_problem(struct acme_problem *p, struct span text)
{
    struct json all;

    *p = (struct acme_problem){0};
    if (json_parse(&all, text))
        read_problem(p, &all);
}

static enum acme_status status_of(const struct json *object)
{
    struct json v;

    if (!json_get(object, "status", &v))
        return ACME_UNKNOWN;
    for (unsigned i = ACME_PENDING; i < ARRAY_LEN(names); i++)
        if (json_is(&v, names[i]))
            return i;
    return ACME_UNKNOWN;
}

bool acme_read_order(struct acme_order *o, struct span text)
{
    struct json all, list, name, v;
    size_t at = 0, n;

    *o = (struct acme_order){0};
    if (!json_parse(&all, text) || !url_member(&all, "finalize", o->finalize) ||
        !json_get(&all, "authorizations", &list))
        return false;
    o->status = status_of(&all);
    url_member(&all, "certificate", o->certificate);
    if (json_get(&all, "error", &v))
        read_problem(&o->problem, &v);
    while (json_next(&list, &at, &name, &v)) {
        char *url;

        if (o->n == ACME_NAMES_MAX)
            return false;
        url = o->authorization[o->n++];
        if (!json_text(&v, (struct mspan){(uint8_t *)url, ACME_URL_BYTES - 1},
                       &n) ||
            !url_good(url))
            return false;
    }
    return o->n > 0 && o->status != ACME_UNKNOWN;
}

/* RFC 8555 8.3: what stands in a path, and is no way out of it. */
static bool token_good(const char *token)
{
    size_t n = strlen(token);

    if (n < 22) /* 128 bits */
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = token[i], low = (char)(c | 0x20);

        if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_')
            return false;
    }
    return true;
}

static void read_challenge(struct acme_authorization *a, const struct json *v)
{
    struct acme_challenge *c;
    struct json type, error;

    if (json_get(v, "error", &error))
        read_problem(&a->problem, &error);
    if (!json_get(v, "type", &type))
        return;
    c = json_is(&type, "http-01")       ? &a->http
        : json_is(&type, "tls-alpn-01") ? &a->alpn
                                        : NULL;
    if (!c || c->url[0])
        return;
    if (!url_member(v, "url", c->url) ||
        !member(v, "token", c->token, sizeof(c->token)) ||
        !token_good(c->token))
        *c = (struct acme_challenge){0};
}

bool acme_read_authorization(struct acme_authorization *a, struct span text)
{
    struct json all, list, name, v;
    size_t at = 0;

    *a = (struct acme_authorization){0};
    if (!json_parse(&all, text) || !json_get(&all, "identifier", &v) ||
        !member(&v, "value", a->name, sizeof(a->name)) ||
        !json_get(&all, "challenges", &list))
        return false;
    a->status = status_of(&all);
    while (json_next(&list, &at, &name, &v))
        read_challenge(a, &v);
    return a->status != ACME_UNKNOWN;
}

static bool digits(struct span *text, unsigned n, unsigned *out)
{
    *out = 0;
    if (text->n < n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (text->p[i] < '0' || text->p[i] > '9')
            return false;
        *out = *out * 10 + (text->p[i] - '0');
    }
    text->p += n;
    text->n -= n;
    return true;
}

static bool mark(struct span *text, const char *any)
{
    if (text->n == 0 || !text->p[0] || !strchr(any, text->p[0]))
        return false;
    text->p++;
    text->n--;
    return true;
}

/* "Z" or "+01:30". */
static bool offset(struct span *text, int64_t *out)
{
    bool west = text->n && text->p[0] == '-';
    unsigned hour, minute;

    *out = 0;
    if (mark(text, "Zz"))
        return true;
    if (!mark(text, "+-") || !digits(text, 2, &hour) || !mark(text, ":") ||
        !digits(text, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *out = (int64_t)(hour * 3600 + minute * 60) * (west ? -1 : 1);
    return true;
}

bool acme_read_time(int64_t *out, struct span t)
{
    unsigned year, month, day, hour, minute, second, ignored;
    int64_t east;
    struct civil c;

    if (!digits(&t, 4, &year) || !mark(&t, "-") || !digits(&t, 2, &month) ||
        !mark(&t, "-") || !digits(&t, 2, &day) || !mark(&t, "Tt ") ||
        !digits(&t, 2, &hour) || !mark(&t, ":") || !digits(&t, 2, &minute) ||
        !mark(&t, ":") || !digits(&t, 2, &second))
        return false;
    if (mark(&t, "."))
        while (digits(&t, 1, &ignored))
            ;
    if (!offset(&t, &east) || t.n || year < 1970 || month < 1 || month > 12 ||
        day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return false;
    c = (struct civil){year, month, day};
    *out = (int64_t)(civil_days(c) * CIVIL_DAY) +
           (int64_t)(hour * 3600 + minute * 60 + second) - east;
    return true;
}

static bool time_member(const struct json *object, const char *name,
                        int64_t *out)
{
    char text[48];

    return member(object, name, text, sizeof(text)) &&
           acme_read_time(out, span_of(text));
}

bool acme_read_window(struct acme_window *w, struct span text)
{
    struct json all, v;

    return json_parse(&all, text) && json_get(&all, "suggestedWindow", &v) &&
           time_member(&v, "start", &w->from_s) &&
           time_member(&v, "end", &w->until_s) && w->until_s > w->from_s;
}
