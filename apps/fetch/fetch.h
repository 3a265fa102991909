/* SPDX-License-Identifier: ISC */
#ifndef FETCH_H
#define FETCH_H

#include <billet/app.h>
#include <billet/http_client.h>

/* secure.c, or plain.c where there is no TLS. */
void fetch_wish(const struct env *, struct limits *);
/* False: the log says why. */
bool fetch_secure(struct env *, struct http_client_config *);

#endif
