/* SPDX-License-Identifier: ISC */
/*
 * http2.h - HTTP/2 (RFC 9113) in front of an HTTP server: what was agreed on
 * by ALPN's "h2".  Its handlers cannot tell the difference.
 */
#ifndef BILLET_HTTP2_H
#define BILLET_HTTP2_H

#include <billet/http.h>

struct env;
struct http2;
struct stream;

/* Memory that http2_new() takes from the arena for so many connections. */
size_t http2_bytes(uint32_t conns);

/* NULL, and the log says so, when there is no such memory. */
struct http2 *http2_new(struct env *, struct http *, uint32_t conns);

/* One more connection, over TLS or what is like it.  False: refused, and the
 * stream stays the caller's. */
MUST_USE bool http2_accept(struct http2 *, struct stream *);

/* Ends the connection that has been without a request longest, and longer than
 * a second, to make room for another.  False: there is none. */
bool http2_evict(struct http2 *);

#endif
