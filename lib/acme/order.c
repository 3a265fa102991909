/* SPDX-License-Identifier: ISC */
/*
 * order.c - from the directory to the certificate (RFC 8555 7).
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/clock.h>

#include "acme_impl.h"

enum { POLL_MIN_S = 1, POLL_MAX_S = 60, CHALLENGE_DAYS = 7 };

bool acme_find_directory(struct acme *a)
{
    struct acme_reply r;

    if (!acme_get(a, a->directory_url, &r))
        return false;
    if (!acme_read_directory(&a->directory, r.body))
        return acme_fail(a, "%s: this is no directory of ACME",
                         a->directory_url);
    if (a->directory.wants_external)
        return acme_fail(a,
                         "%s: the CA wants an external account, which we "
                         "cannot show",
                         a->directory_url);
    return true;
}

static bool has_account(struct acme *a)
{
    uint8_t text[512];
    struct json_out o = {.room = {text, sizeof(text)}};
    char contact[300];
    struct acme_reply r;

    if (a->state.account[0])
        return jose_print(a) || acme_fail(a, "the account's key is damaged");
    if (!a->state.account_key.key_n &&
        x509_key(&a->state.account_key, X509_P256, a->work))
        return acme_fail(a, "no key can be made");
    json_open(&o, '{');
    json_name(&o, "termsOfServiceAgreed");
    json_raw(&o, SPAN("true"));
    if (a->email) {
        fmt(contact, sizeof(contact), "mailto:%s", a->email);
        json_name(&o, "contact");
        json_open(&o, '[');
        json_string(&o, span_of(contact));
        json_close(&o, ']');
    }
    json_close(&o, '}');
    if (o.full || !jose_print(a))
        return acme_fail(a, "--acme-email is too long");
    if (!acme_post(a, a->directory.new_account, (struct span){text, o.n}, true,
                   &r))
        return false;
    if (!r.location[0])
        return acme_fail(a, "the account has no URL");
    memcpy(a->state.account, r.location, sizeof(r.location));
    fmt(a->state.directory, sizeof(a->state.directory), "%s", a->directory_url);
    log_info(a->env->log, "acme", "account %s", a->state.account);
    acme_save(a);
    return true;
}

static bool make_order(struct acme *a)
{
    struct json_out o = {.room = {a->scratch, sizeof(a->scratch)}};
    struct ipaddr ip;
    struct acme_reply r;
    char id[200];

    json_open(&o, '{');
    json_name(&o, "identifiers");
    json_open(&o, '[');
    for (unsigned i = 0; i < a->nnames; i++) {
        bool is_ip = ipaddr_parse(&ip, span_of(a->names[i])); /* RFC 8738 */

        json_open(&o, '{');
        json_name(&o, "type");
        json_string(&o, is_ip ? SPAN("ip") : SPAN("dns"));
        json_name(&o, "value");
        json_string(&o, span_of(a->names[i]));
        json_close(&o, '}');
    }
    json_close(&o, ']');
    if (a->state.chain_n && a->directory.renewal_info[0] &&
        acme_cert_id(a, id, sizeof(id))) { /* RFC 9773 5 */
        json_name(&o, "replaces");
        json_string(&o, span_of(id));
    }
    json_close(&o, '}');
    if (!acme_post(a, a->directory.new_order, (struct span){a->scratch, o.n},
                   false, &r))
        return false;
    memcpy(a->order_url, r.location, sizeof(r.location));
    return (r.location[0] && acme_read_order(&a->order, r.body)) ||
           acme_fail(a, "an order that cannot be read");
}

/* False: the fiber is to end. */
static bool wait(struct acme *a, const struct acme_reply *r)
{
    uint64_t s = r->retry_s < POLL_MIN_S   ? POLL_MIN_S
                 : r->retry_s > POLL_MAX_S ? POLL_MAX_S
                                           : r->retry_s;

    return fiber_sleep(a->env, s * NS_PER_SEC) == OK ||
           acme_fail(a, "interrupted");
}

static bool read_authorization(struct acme *a, const char *url,
                               struct acme_reply *r)
{
    return acme_post(a, url, (struct span){0}, false, r) &&
           (acme_read_authorization(&a->authorization, r->body) ||
            acme_fail(a, "an authorization that cannot be read"));
}

/* RFC 8737 3: a certificate of our own, with the digest of what proves it. */
static bool show_alpn(struct acme *a)
{
    uint8_t digest[32];
    struct tls_identity id;
    const char *why;
    struct x509_wish w = {
        .kind = X509_SERVER,
        .common = "acme",
        .names = {a->authorization.name},
        .nnames = 1,
        .days = CHALLENGE_DAYS,
        .now_s =
            (int64_t)(clock_wall_ns(a->env->clock, loop_now(a->env->loop)) /
                      NS_PER_SEC),
        .challenge = digest};

    x509_digest(digest, span_of(a->keyauth));
    if ((why = x509_make(&a->challenge, &w, a->work)))
        return acme_fail(a, "%s", why);
    id =
        (struct tls_identity){.chain = {a->challenge.cert, a->challenge.cert_n},
                              .key = {a->challenge.key, a->challenge.key_n}};
    why = tls_challenge(a->config.server, &id);
    x509_wipe(&a->challenge);
    return !why || acme_fail(a, "%s", why);
}

static void hide(struct acme *a)
{
    a->token[0] = 0;
    if (a->config.server)
        (void)tls_challenge(a->config.server, NULL);
}

/* The one that is preferred, else the one there is.  NULL: none. */
static const struct acme_challenge *choose(struct acme *a, bool *alpn)
{
    const struct acme_authorization *z = &a->authorization;
    bool can = a->config.server && z->alpn.url[0];

    *alpn = can && (a->prefer_alpn || !z->http.url[0]);
    if (*alpn)
        return &z->alpn;
    return z->http.url[0] ? &z->http : NULL;
}

static bool show(struct acme *a, char *url)
{
    bool alpn;
    const struct acme_challenge *c = choose(a, &alpn);

    if (!c)
        return acme_fail(a, "%s: the CA offers neither http-01 nor tls-alpn-01",
                         a->authorization.name);
    memcpy(url, c->url, sizeof(c->url));
    jose_keyauth(a, c->token);
    if (alpn)
        return show_alpn(a);
    memcpy(a->token, c->token, sizeof(a->token));
    return true;
}

static bool wait_for_authorization(struct acme *a, const char *url)
{
    struct acme_reply r;

    for (unsigned i = 0; i < ACME_POLLS; i++) {
        const struct acme_authorization *z = &a->authorization;

        if (!read_authorization(a, url, &r))
            return false;
        if (z->status == ACME_VALID)
            return true;
        if (z->status != ACME_PENDING && z->status != ACME_PROCESSING)
            return acme_fail(a, "%s: the authorization is %s: %s: %s", z->name,
                             acme_status_name(z->status), z->problem.type,
                             z->problem.detail);
        if (!wait(a, &r))
            return false;
    }
    return acme_fail(a, "%s: the CA does not come to an end",
                     a->authorization.name);
}

static bool authorize(struct acme *a, const char *url)
{
    char challenge[ACME_URL_BYTES];
    struct acme_reply r;
    bool good;

    if (!read_authorization(a, url, &r))
        return false;
    if (a->authorization.status == ACME_VALID)
        return true;
    if (a->authorization.status != ACME_PENDING)
        return acme_fail(a, "%s: the authorization is %s",
                         a->authorization.name,
                         acme_status_name(a->authorization.status));
    good = show(a, challenge) &&
           acme_post(a, challenge, SPAN("{}"), false, &r) &&
           wait_for_authorization(a, url);
    hide(a);
    return good;
}

/* Until it is `wanted`, or over. */
static bool wait_for_order(struct acme *a, enum acme_status wanted)
{
    struct acme_reply r;

    for (unsigned i = 0; i < ACME_POLLS; i++) {
        const struct acme_order *o = &a->order;

        if (!acme_post(a, a->order_url, (struct span){0}, false, &r))
            return false;
        if (!acme_read_order(&a->order, r.body))
            return acme_fail(a, "an order that cannot be read");
        if (o->status == wanted || o->status == ACME_VALID)
            return true;
        if (o->status == ACME_INVALID)
            return acme_fail(a, "the order is invalid: %s: %s", o->problem.type,
                             o->problem.detail);
        if (!wait(a, &r))
            return false;
    }
    return acme_fail(a, "the CA does not come to an end with the order");
}

static bool finalize(struct acme *a)
{
    struct json_out o = {.room = {(uint8_t *)a->signing, sizeof(a->signing)}};
    static const char head[] = "{\"csr\":\"";
    struct mspan der = {a->scratch, sizeof(a->scratch)};
    struct acme_reply r;
    const char *why;
    size_t n, at;

    if ((why = x509_key(&a->next_key, X509_P256, a->work)) ||
        (why =
             x509_request(der, &n, &a->next_key, a->names, a->nnames, a->work)))
        return acme_fail(a, "%s", why);
    at = sizeof(head) - 1 + base64url_bytes(n);
    if (n + at + 2 > der.n || at + 2 > o.room.n)
        return acme_fail(a, "the request is too long");
    memcpy(o.room.p, head, sizeof(head) - 1);
    base64url((char *)o.room.p + sizeof(head) - 1, (struct span){der.p, n});
    memcpy(o.room.p + at, "\"}", 2);
    memcpy(a->scratch, o.room.p, at + 2); /* signing has other uses */
    return acme_post(a, a->order.finalize, (struct span){a->scratch, at + 2},
                     false, &r);
}

static bool download(struct acme *a)
{
    struct acme_reply r;

    if (!a->order.certificate[0])
        return acme_fail(a, "the order is valid and has no certificate");
    if (!acme_post(a, a->order.certificate, (struct span){0}, false, &r))
        return false;
    if (r.body.n == 0 || r.body.n > ACME_CHAIN_BYTES)
        return acme_fail(a, "a chain of %u bytes is too long",
                         (unsigned)r.body.n);
    return true;
}

/* It is looked at before it takes the old one's place. */
static bool install(struct acme *a)
{
    struct span chain = {a->answer, a->answer_n};
    struct tls_identity id = {chain, {a->next_key.key, a->next_key.key_n}};
    struct x509_facts facts;
    const char *why = NULL;

    if (!x509_facts(chain, &facts, a->work))
        why = "the certificate cannot be read";
    else
        why = a->config.install(a->config.user, &id);
    if (why)
        return acme_fail(a, "%s", why);
    memcpy(a->state.chain, chain.p, chain.n);
    a->state.chain_n = chain.n;
    a->state.key = a->next_key;
    fmt(a->state.names, sizeof(a->state.names), "%s", a->names_text);
    a->m.issued++;
    acme_save(a);
    return true;
}

bool acme_issue(struct acme *a)
{
    bool good = acme_find_directory(a) && has_account(a) && make_order(a);

    for (unsigned i = 0; good && i < a->order.n; i++) {
        char url[ACME_URL_BYTES];

        memcpy(url, a->order.authorization[i], sizeof(url));
        good = authorize(a, url);
    }
    good = good && wait_for_order(a, ACME_READY) && finalize(a) &&
           wait_for_order(a, ACME_VALID) && download(a) && install(a);
    x509_wipe(&a->next_key);
    /* Another start of the CA, or a new one under the same URL. */
    if (!good && strcmp(a->problem.type, "accountDoesNotExist") == 0)
        a->state.account[0] = 0;
    return good;
}
