/* SPDX-License-Identifier: ISC */
/*
 * secure.c - HTTP, and HTTPS when the keys say so, with a certificate that a CA
 * gives when they say that, too.
 */
#include <billet/acme.h>
#include <billet/https.h>
#include <billet/trust.h>

#include "web.h"

BILLET_DISKS;

void web_wish(const struct env *env, struct limits *limits)
{
    https_wish(env, limits);
    acme_wish(env, limits, trust_roots);
}

void web_challenge(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    const struct web *web = user;

    acme_answer(web->acme, x, rq);
}

static const char *install(void *user, const struct tls_identity *id)
{
    return https_install(user, id);
}

static enum err certify(struct web *web, struct https *https)
{
    struct env *env = web->env;
    struct acme_config c = {.roots = trust_roots,
                            .server = https_tls(https),
                            .install = install,
                            .user = https};

    if (!acme_wanted(env))
        return OK;
    if (!c.server) {
        log_error(env->log, "acme", "--acme wants --tls=on or --tls=only");
        return E_INVAL;
    }
    if (env->blk[0] && !(c.store = acme_disk(env, env->blk[0]))) {
        log_error(env->log, "acme",
                  "the disk `state` is too small, or only to be read");
        return E_INVAL;
    }
    if (!c.store)
        log_warn(env->log, "acme",
                 "there is no disk `state`: the certificate, and the account, "
                 "end with this machine");
    return acme_start(env, &c, &web->acme);
}

enum err web_serve(struct web *web, const struct http_config *config)
{
    struct env *env = web->env;
    struct https_ports ports = https_ports(env);
    struct https *https;
    enum err err =
        mdns_publish(env->net, "_http._tcp", ports.http, (struct span){0});

    if (!err && ports.https)
        err = mdns_publish(env->net, "_https._tcp", ports.https,
                           (struct span){0});
    if (!err)
        err = https_serve(env, config, &https);
    return err ? err : certify(web, https);
}
