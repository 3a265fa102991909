/* SPDX-License-Identifier: ISC */
/*
 * acme.h - a certificate from a CA that speaks ACME (RFC 8555), got, kept and
 * renewed (RFC 9773) without help.
 *
 * The CA is convinced by http-01, by which it asks an HTTP server of ours on
 * port 80, or by tls-alpn-01 (RFC 8737), by which it asks the TLS server on
 * port 443.
 */
#ifndef BILLET_ACME_H
#define BILLET_ACME_H

#include <billet/app.h>
#include <billet/http.h>
#include <billet/tls.h>

struct acme;

enum {
    ACME_NAMES_MAX = 8,          /* in one certificate; beyond: refused */
    ACME_STATE_BYTES = 32 << 10, /* that a store keeps */
    ACME_DISK_BYTES = 72 << 10   /* of the arena, that acme_disk() takes */
};

/* Where account and certificate outlive a start: one text, that replaces the
 * one before as a whole or not at all.  Both are called on a fiber, and may
 * wait. */
struct acme_store {
    /* Bytes read; 0: there is nothing, or nothing that can be read. */
    size_t (*load)(struct acme_store *, struct env *, struct mspan out);
    enum err (*save)(struct acme_store *, struct env *, struct span text);
};

/* On a disk: the first 128 KiB of it, in two places that take turns.  NULL: no
 * memory, or the disk is too small. */
struct acme_store *acme_disk(struct env *, struct blk *);

struct acme_config {
    struct span roots;        /* that the CA's own server leads to, when the
                               * owner gives none by --acme-trust */
    struct acme_store *store; /* NULL: gone with the power */
    struct tls *server;       /* answers tls-alpn-01 */
    /* A new certificate, or the one that was kept: NULL, or why not. */
    const char *(*install)(void *user, const struct tls_identity *);
    void *user;
};

/* Whether the keys ask for it: --acme. */
bool acme_wanted(const struct env *);
/* Memory and a fiber, as the keys have it, for a BILLET_NET_APP_WISH(). */
void acme_wish(const struct env *, struct limits *, struct span roots);
/* Begins, on a fiber of its own.  E_INVAL, and the log says why. */
MUST_USE enum err acme_start(struct env *, const struct acme_config *,
                             struct acme **out);
/* The handler of "/.well-known/acme-challenge/" and a '*' behind it, a route
 * that is `plain`; `a` may be NULL. */
void acme_answer(struct acme *a, struct http_exchange *,
                 const struct http_request *);

#endif
