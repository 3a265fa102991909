/* SPDX-License-Identifier: ISC */
/*
 * ca.c - a CA, made at each boot and forgotten at once: nobody can sign with
 * its key any more when the gate opens.
 */
#include <billet/clock.h>
#include <string.h>

#include "pinata.h"

static struct span der(const uint8_t *p, size_t n)
{
    return (struct span){p, n};
}

static struct tls_identity identity(const struct x509_pair *p)
{
    return (struct tls_identity){der(p->cert, p->cert_n),
                                 der(p->key, p->key_n)};
}

/* One side of TLS with a new certificate from the CA; its key is nowhere else
 * when this is over. */
static const char *side(struct pinata *p, struct x509_wish w,
                        struct tls_config c, struct mspan work,
                        struct tls **out)
{
    struct x509_pair pair;
    const char *why;

    w.issuer = &p->ca;
    if ((why = x509_make(&pair, &w, work)))
        return why;
    c.identity[0] = identity(&pair);
    c.nidentities = 1;
    *out = tls_new(p->env, &c, &why);
    x509_wipe(&pair);
    return why;
}

static const char *make_ca(struct pinata *p, const struct x509_wish *w,
                           bool test, struct mspan work)
{
    if (!test)
        return x509_make(&p->ca, w, work);
    log_warn(p->env->log, "pinata",
             "the CA is the published one: the secret is not guarded");
    return x509_read(
        &p->ca, der((const uint8_t *)test_ca_cert, strlen(test_ca_cert)),
        der((const uint8_t *)test_ca_key, strlen(test_ca_key)), work);
}

static const char *make_all(struct pinata *p, const char *name, bool test,
                            struct mspan work)
{
    struct env *env = p->env;
    uint64_t wall = clock_wall_ns(env->clock, loop_now(env->loop));
    struct x509_wish w = {.kind = X509_CA,
                          .common = "Billet Pinata CA",
                          .days = CERT_DAYS,
                          .now_s = (int64_t)(wall / NS_PER_SEC)};
    struct tls_config c = {.sessions = SITE_SESSIONS,
                           .alpn = "http/1.1",
                           .labels = "side=\"site\""};
    const char *why;

    if (!wall)
        return "the machine has no clock, without which no certificate is "
               "valid: -rtc base=utc, or --ntp";
    if ((why = make_ca(p, &w, test, work)))
        return why;
    w.kind = X509_SERVER;
    w.common = w.names[0] = name;
    w.nnames = 1;
    if ((why = side(p, w, c, work, &p->site)))
        return why;
    c = (struct tls_config){.sessions = GATE_SESSIONS,
                            .trust = der(p->ca.cert, p->ca.cert_n),
                            .demand = true};
    if ((why = side(p, w, c, work, &p->gate)))
        return why;
    w.kind = X509_CLIENT;
    w.common = "Billet Pinata client";
    w.nnames = 0;
    c.sessions = REACH_SESSIONS;
    return side(p, w, c, work, &p->reach);
}

enum err ca_start(struct pinata *p, const char *name, bool test)
{
    struct mspan work = {arena_alloc(p->env->arena, X509_WORK_BYTES, 16),
                         X509_WORK_BYTES};
    const char *why = make_all(p, name, test, work);

    memset(p->ca.key, 0, sizeof(p->ca.key));
    __asm__ volatile("" : : "r"(p->ca.key) : "memory");
    if (why) {
        log_error(p->env->log, "pinata", "%s", why);
        return E_INVAL;
    }
    p->ca_pem_n = x509_pem(
        &p->ca, (struct mspan){(uint8_t *)p->ca_pem, sizeof(p->ca_pem)}, work);
    return OK;
}
