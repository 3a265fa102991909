/* SPDX-License-Identifier: ISC */
/*
 * ca.c - a CA that is made at boot and whose key is forgotten at once: nobody
 * can sign with it any more when the gate opens.  At two thirds of their life
 * all certificates are made anew, below another CA.
 *
 * One that is given is kept, with its key, and so are the certificates that
 * come with it.
 */
#include <billet/clock.h>
#include <string.h>

#include "pinata.h"

#define RETRY_S 3600 /* and how often the clock is looked at, at least */

KEY_STRING(name, "name", "NAME", "ownme.billet.test",
           "the name that the certificates of servers have");
KEY_FLAG(test, "test", "off",
         "use the published test CA: whoever has its key may have the secret");
KEY_UINT(cert_life, "cert-life", "SECONDS", 10, 3153600000, "31536000",
         "of the certificates; they are made anew at two thirds of it");
KEY_CHOICE(keys, "cert-keys", "ecdsa|rsa4096", "ecdsa",
           "what keys are made: ECDSA on P-256, or RSA of 4,096 bits, which "
           "takes seconds for each of the four, and half a minute without KVM");
KEY_STRING(ca, "ca", "PEM", NULL,
           "the CA's certificate, and its key if certificates are to be made; "
           "\\n is a new line; or the file `ca.pem`; default: one is made",
           .secret = true);
KEY_STRING(server, "server", "PEM", NULL,
           "chain and key of the server at 10000; or the file `server.pem`",
           .secret = true);
KEY_STRING(client, "client", "PEM", NULL,
           "chain and key of the client; or the file `client.pem`",
           .secret = true);
KEY_STRING(site, "site", "PEM", NULL,
           "chain and key of the pages at 443; or the file `site.pem`",
           .secret = true);

/* The three sides, in the order of authority.leaf. */
enum { GATE, REACH, SITE };

static const struct side {
    const struct key *key;
    const char *file, *common; /* NULL: the name of the servers */
    enum x509_kind kind;
} sides[SIDES] = {
    {&key_server, "server.pem", NULL, X509_SERVER},
    {&key_client, "client.pem", "Billet Pinata client", X509_CLIENT},
    {&key_site, "site.pem", NULL, X509_SERVER}};

static struct span der(const uint8_t *p, size_t n)
{
    return (struct span){p, n};
}

static struct tls_identity identity(const struct x509_pair *p)
{
    return (struct tls_identity){der(p->cert, p->cert_n),
                                 der(p->key, p->key_n)};
}

static void wipe(void *p, size_t n)
{
    memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory");
}

static uint64_t wall_s(const struct pinata *p)
{
    return clock_wall_ns(p->env->clock, loop_now(p->env->loop)) / NS_PER_SEC;
}

/* Into authority.text: what the key has, with real new lines, or the file.
 * Empty: neither. */
static struct span given(struct pinata *p, const struct key *key,
                         const char *file, const char **why)
{
    const char *k = key_string(p->env->keys, key);
    char *text = p->ca.text;
    size_t n = given_file(file, (struct mspan){(uint8_t *)text, GIVEN_BYTES});

    if (n == GIVEN_BYTES || (k && strlen(k) >= GIVEN_BYTES)) {
        *why = "a certificate that is given is longer than 16 KB";
        return (struct span){0};
    }
    if (n || !k)
        return (struct span){(uint8_t *)text, n};
    for (; *k; k++) {
        bool line = k[0] == '\\' && k[1] == 'n';

        text[n++] = line ? '\n' : *k;
        k += line;
    }
    return (struct span){(uint8_t *)text, n};
}

static const char *take_ca(struct pinata *p, struct span cert, struct span key)
{
    struct authority *ca = &p->ca;

    ca->given = true;
    return x509_read(&ca->pair, cert, key, ca->work);
}

/* Nothing else happens while such a key is made. */
static void tell(struct pinata *p, const char *whose)
{
    if (p->ca.algorithm == X509_RSA4096)
        log_info(p->env->log, "pinata", "making an RSA key of 4,096 bits: %s",
                 whose);
}

static const char *make_ca(struct pinata *p)
{
    struct x509_wish w = {.kind = X509_CA,
                          .algorithm = p->ca.algorithm,
                          .common = "Billet Pinata CA",
                          .life_s = (int64_t)p->ca.life_s,
                          .now_s = (int64_t)wall_s(p)};

    tell(p, "CA");
    return x509_make(&p->ca.pair, &w, p->ca.work);
}

static bool has_key(const char *text)
{
    return strstr(text, "PRIVATE KEY-----") != NULL;
}

static const char *find_ca(struct pinata *p)
{
    const char *why = NULL;
    struct span text = given(p, &key_ca, "ca.pem", &why);

    if (why)
        return why;
    if (text.n && take_ca(p, text, has_key(p->ca.text) ? text : SPAN("")))
        return "the CA that is given cannot be read";
    if (text.n)
        return NULL;
    if (!key_flag(p->env->keys, &key_test))
        return make_ca(p);
    log_warn(p->env->log, "pinata",
             "the CA is the published one: the secret is not guarded");
    return take_ca(p, der((const uint8_t *)test_ca_cert, strlen(test_ca_cert)),
                   der((const uint8_t *)test_ca_key, strlen(test_ca_key)));
}

/* For /ca.crt, and for the two sides that trust it. */
static const char *publish_ca(struct authority *ca)
{
    unsigned next = ca->now ^ 1;
    struct mspan room = {(uint8_t *)ca->pem[next], CA_PEM_BYTES};

    ca->pem_n[next] = x509_pem(&ca->pair, room);
    if (!ca->pem_n[next])
        return "the CA's certificate is too long";
    ca->now = next;
    return NULL;
}

/* A new certificate for one of the sides, below the CA. */
static const char *make_leaf(struct pinata *p, unsigned i)
{
    struct authority *ca = &p->ca;
    struct x509_wish w = {.kind = sides[i].kind,
                          .algorithm = ca->algorithm,
                          .common = sides[i].common,
                          .life_s = (int64_t)ca->life_s,
                          .now_s = (int64_t)wall_s(p),
                          .issuer = &ca->pair};

    if (!ca->pair.key_n)
        return "the CA that is given has no key, and a certificate is missing: "
               "give all three, or the key";
    if (!w.common)
        w.common = ca->name;
    if (w.kind == X509_SERVER)
        w.names[w.nnames++] = ca->name;
    tell(p, sides[i].file);
    return x509_make(&ca->leaf[i], &w, ca->work);
}

/* All that is not given; then the key is forgotten that could make more. */
static const char *make_leaves(struct pinata *p)
{
    struct authority *ca = &p->ca;
    const char *why = NULL;

    for (unsigned i = 0; i < SIDES && !why; i++)
        if (!ca->given_leaf[i])
            why = make_leaf(p, i);
    if (!ca->given) {
        wipe(ca->pair.key, sizeof(ca->pair.key));
        ca->pair.key_n = 0;
    }
    return why;
}

static bool makes_some(const struct authority *ca)
{
    return !ca->given_leaf[GATE] || !ca->given_leaf[REACH] ||
           !ca->given_leaf[SITE];
}

static void renewed(struct pinata *p)
{
    struct authority *ca = &p->ca;
    uint64_t now = wall_s(p);

    ca->end_s = now + ca->life_s;
    ca->renew_at_s = now + ca->life_s / 3 * 2;
    p->m.certificates_end_seconds = makes_some(ca) ? ca->end_s : 0;
    for (unsigned i = 0; i < SIDES; i++)
        x509_wipe(&ca->leaf[i]);
}

/* Both CAs are trusted: who began a handshake with the last one ends it. */
static const char *put_in_force(struct pinata *p)
{
    struct authority *ca = &p->ca;
    struct tls *tls[SIDES] = {p->gate, p->reach, p->site};
    unsigned old = ca->now ^ 1;
    struct span trust = {(uint8_t *)ca->text, ca->pem_n[0] + ca->pem_n[1]};
    const char *why = NULL;

    memcpy(ca->text, ca->pem[ca->now], ca->pem_n[ca->now]);
    memcpy(ca->text + ca->pem_n[ca->now], ca->pem[old], ca->pem_n[old]);
    if (!ca->given && ((why = tls_trust(p->gate, trust)) ||
                       (why = tls_trust(p->reach, trust))))
        return why;
    for (unsigned i = 0; i < SIDES && !why; i++)
        if (!ca->given_leaf[i]) {
            struct tls_identity id = identity(&ca->leaf[i]);

            why = tls_replace(tls[i], 0, &id);
        }
    return why;
}

static const char *renew(struct pinata *p)
{
    struct authority *ca = &p->ca;
    const char *why = NULL;

    if (!ca->given && ((why = make_ca(p)) || (why = publish_ca(ca))))
        return why;
    if ((why = make_leaves(p)))
        return why;
    return put_in_force(p);
}

static void watch(struct pinata *p)
{
    uint64_t now = wall_s(p), wait = RETRY_S;

    if (p->ca.renew_at_s < now + wait)
        wait = p->ca.renew_at_s > now ? p->ca.renew_at_s - now : 1;
    timer_set(p->env->loop, &p->ca.timer,
              loop_now(p->env->loop) + wait * NS_PER_SEC);
}

static void on_time(struct timer *t, ns_t now)
{
    struct pinata *p = CONTAINER(t, struct pinata, ca.timer);
    const char *why;

    (void)now;
    if (wall_s(p) >= p->ca.renew_at_s) {
        if ((why = renew(p))) {
            log_error(p->env->log, "pinata", "no new certificates: %s", why);
            p->ca.renew_at_s = wall_s(p) + RETRY_S;
        } else {
            p->m.renewals++;
            renewed(p);
            log_info(p->env->log, "pinata", "there are new certificates%s",
                     p->ca.given ? "" : ", below a new CA");
        }
    }
    watch(p);
}

/* Reads or has what the side shows. */
static const char *side_start(struct pinata *p, unsigned i,
                              struct tls_config *c, struct tls **out)
{
    struct authority *ca = &p->ca;
    const char *why = NULL;
    struct span text = given(p, sides[i].key, sides[i].file, &why);

    ca->about = sides[i].file;
    if (why)
        return why;
    ca->given_leaf[i] = text.n > 0;
    if (!text.n && (why = make_leaf(p, i)))
        return why;
    c->identity[0] =
        text.n ? (struct tls_identity){text, text} : identity(&ca->leaf[i]);
    c->nidentities = 1;
    *out = tls_new(p->env, c, &why);
    wipe(ca->text, GIVEN_BYTES);
    return why;
}

static const char *start_all(struct pinata *p, const struct sessions *n)
{
    struct authority *ca = &p->ca;
    struct tls_config c = {
        .sessions = n->site, .alpn = "http/1.1", .labels = "side=\"site\""};
    const char *why;

    if (!wall_s(p))
        return "the machine has no clock, without which no certificate is "
               "valid: -rtc base=utc, or --ntp";
    if ((why = find_ca(p)) || (why = publish_ca(ca)) ||
        (why = side_start(p, SITE, &c, &p->site)))
        return why;
    c = (struct tls_config){
        .sessions = n->gate,
        .trust = der((uint8_t *)ca->pem[ca->now], ca->pem_n[ca->now]),
        .demand = true,
        .labels = "side=\"gate\""};
    if ((why = side_start(p, GATE, &c, &p->gate)))
        return why;
    c.sessions = n->reach;
    c.labels = "side=\"reach\"";
    return side_start(p, REACH, &c, &p->reach);
}

enum err ca_start(struct pinata *p, const struct sessions *n)
{
    struct authority *ca = &p->ca;
    const char *why;

    ca->work = (struct mspan){arena_alloc(p->env->arena, X509_WORK_BYTES, 16),
                              X509_WORK_BYTES};
    ca->text = arena_alloc(p->env->arena, GIVEN_BYTES, 16);
    ca->name = key_string(p->env->keys, &key_name);
    ca->life_s = key_uint(p->env->keys, &key_cert_life);
    ca->about = "the certificates";
    ca->timer.fire = on_time;
    if (strcmp(key_string(p->env->keys, &key_keys), "rsa4096") == 0)
        ca->algorithm = X509_RSA4096;
    why = start_all(p, n);
    wipe(ca->text, GIVEN_BYTES);
    if (!ca->given) {
        wipe(ca->pair.key, sizeof(ca->pair.key));
        ca->pair.key_n = 0;
    }
    renewed(p);
    if (why) {
        log_error(p->env->log, "pinata", "%s: %s", ca->about, why);
        return E_INVAL;
    }
    if (makes_some(ca))
        watch(p);
    return OK;
}
