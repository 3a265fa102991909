/* SPDX-License-Identifier: ISC */
/*
 * trust.h - the client's side of TLS, for applications: whom it trusts, and
 * what puts it on a connection.
 *
 *     tls = trust_client(env, &(struct trust_config){.roots = trust_roots},
 *                        &why);
 *     ...
 *     http_client_new(env, &(struct http_client_config){
 *                              .secure = trust_secure, .secure_user = tls,
 *                              .secure_why = tls_failure});
 *
 * Roots come from the key --trust, else from the owner's file `trust`
 * (given_file()), else from what is baked in.
 */
#ifndef BILLET_TRUST_H
#define BILLET_TRUST_H

#include <billet/app.h>
#include <billet/http_client.h>
#include <billet/tls.h>

enum { TRUST_GIVEN_MAX = 256 << 10 /* bytes of roots; beyond: refused */ };

/* Baked in, PEM: the file that `roots` names in apps/meson.build. */
extern const struct span trust_roots;

/* What is zero is chosen. */
struct trust_config {
    struct span roots;  /* used when the owner gives none; may be empty */
    uint32_t sessions;  /* at most at once; 0: 4 */
    const char *labels; /* of its metrics; NULL: not shown */
    /* Another key, as --trust is, and another file, which are looked at first;
     * NULL: there are none. */
    const struct key *key;
    const char *file;
};

/* Memory that trust_client() takes from the arena, for a BILLET_NET_APP_WISH().
 */
uint32_t trust_bytes(const struct env *, const struct trust_config *);

/* NULL, and `why` says what is wrong. */
struct tls *trust_client(struct env *, const struct trust_config *,
                         const char **why);

/* tls_connect() as http_client_config wants it; `tls` is what trust_client()
 * made. */
MUST_USE enum err trust_secure(void *tls, struct stream *lower,
                               const char *host, struct stream **out);

#endif
