/* SPDX-License-Identifier: ISC */
/*
 * https.h - the HTTP server over TLS, as the keys --tls and its kin have it:
 * ports, certificate, redirection, HSTS (RFC 6797).
 *
 * The certificate comes from the keys --tls-cert and --tls-key, or from the
 * owner's files `tls-cert` and `tls-key` (given_file()); when there is none,
 * one is made that nobody vouches for, and made anew before it expires.
 */
#ifndef BILLET_HTTPS_H
#define BILLET_HTTPS_H

#include <billet/app.h>
#include <billet/http.h>
#include <billet/tls.h>

struct https;

/* As http_serve(), on the ports that the keys say.  What of the
 * configuration is about TLS is set here.  `out` may be NULL. */
MUST_USE enum err https_serve(struct env *, const struct http_config *,
                              struct https **out);

/* What that takes of the arena, as the keys have it, and its listeners: for a
 * BILLET_NET_APP_WISH(). */
void https_wish(const struct env *, struct limits *);

/* Where it listens; `https` is 0 without TLS. */
struct https_ports {
    uint16_t http, https;
};
struct https_ports https_ports(const struct env *);

/* A better certificate, by who looks after it from now on: it is not replaced
 * from here any more.  NULL, or why it is not taken. */
const char *https_install(struct https *, const struct tls_identity *);

/* NULL: without TLS. */
struct tls *https_tls(struct https *);
struct http *https_http(struct https *);

#endif
