/* SPDX-License-Identifier: ISC */
/*
 * url.h - http and https URLs (RFC 3986, RFC 9110 4.2) for who follows them.
 *
 * Strict: no user information, no blanks, nothing that is not ASCII.
 */
#ifndef PROTO_URL_H
#define PROTO_URL_H

#include <billet/base.h>

enum {
    URL_HOST_MAX = 253,   /* characters of a name; longer: refused */
    URL_TARGET_MAX = 2047 /* of path and query; longer: refused */
};

struct url {
    bool secure;    /* https */
    bool brackets;  /* the host is an IPv6 address */
    bool port_said; /* it is not the scheme's own */
    uint16_t port;
    uint16_t target_n;
    char host[URL_HOST_MAX + 1];     /* in lower case, without brackets */
    char target[URL_TARGET_MAX + 1]; /* from '/', without the fragment */
};

/* False, `out` in any state, when it is none. */
MUST_USE bool url_parse(struct url *out, struct span text);

/* Follows a reference, "../a?b" or a whole URL (RFC 3986 5.2).  False, `u` in
 * any state, when that leads nowhere we could go. */
MUST_USE bool url_follow(struct url *u, struct span reference);

/* Whether both are of one origin (RFC 6454 5): scheme, host and port. */
bool url_same_origin(const struct url *, const struct url *);

#endif
