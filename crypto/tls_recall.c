/* SPDX-License-Identifier: ISC */
/*
 * tls_recall.c - what clients keep of sessions, to take the next one up again
 * without certificates (RFC 8446 2.2, RFC 5077).
 *
 * By the host asked for, whose certificate was good then.  An hour long at
 * most, each ticket of TLS 1.3 for one session (RFC 8446 C.4): who watches
 * cannot tell that two are of the same client.
 */
#include <string.h>

#include "tls_impl.h"

struct tls_recall {
    WOLFSSL_SESSION *session;
    ns_t since;
    char host[]; /* terminated */
};

static void forget(struct tls *tls, unsigned i)
{
    if (!tls->recall[i])
        return;
    crypto_mem_enter(&tls->mem, NULL);
    wolfSSL_FreeSession(NULL, tls->recall[i]->session);
    crypto_mem_put(tls->recall[i]);
    tls->recall[i] = NULL;
}

/* Its place, or the one to be had: a free one, or the oldest's. */
static unsigned place_of(struct tls *tls, const char *host, bool *found)
{
    unsigned best = 0;

    for (unsigned i = 0; i < TLS_RECALL_MAX; i++) {
        const struct tls_recall *r = tls->recall[i];

        *found = r && strcmp(r->host, host) == 0;
        if (*found)
            return i;
        if (tls->recall[best] && (!r || r->since < tls->recall[best]->since))
            best = i;
    }
    return best;
}

/* To know a ticket again. */
static uint64_t mark_of(const WOLFSSL_SESSION *s)
{
    uint64_t mark = 1;

    for (size_t i = 0; i < s->ticketLen; i++)
        mark = mark * 0x100000001b3 ^ s->ticket[i];
    return mark;
}

void tls_remember(struct tls_session *x)
{
    const WOLFSSL_SESSION *s = x->ssl->session;
    struct tls *tls = x->tls;
    size_t n = strlen(x->host);
    struct tls_recall *r;
    /* in TLS 1.2 it is good for several; not when it was refused */
    bool once =
        IsAtLeastTLSv1_3(x->ssl->version) || !wolfSSL_session_reused(x->ssl);
    bool found;
    unsigned at;

    if (!x->connects || !x->was_open || !n || s->ticketLen == 0 ||
        (mark_of(s) == x->recalled && once))
        return;
    at = place_of(tls, x->host, &found);
    forget(tls, at);
    crypto_mem_enter(&tls->mem, NULL);
    if (!(r = crypto_mem_get(&tls->mem, sizeof(*r) + n + 1)))
        return;
    if (!(r->session = wolfSSL_SESSION_dup(x->ssl->session))) {
        crypto_mem_put(r);
        return;
    }
    memcpy(r->host, x->host, n + 1);
    r->since = loop_now(tls->loop);
    tls->recall[at] = r;
}

/* The library has no function for it without a cache of its own.  Takes the
 * session. */
static void begin_with(WOLFSSL *ssl, WOLFSSL_SESSION *s)
{
    wolfSSL_FreeSession(ssl->ctx, ssl->session);
    ssl->session = s;
    ssl->options.resuming = 1;
    ssl->options.haveEMS = s->haveEMS ? 1 : 0;
    ssl->version = s->version;
    ssl->options.tls1_3 = IsAtLeastTLSv1_3(s->version) ? 1 : 0;
    ssl->options.cipherSuite0 = s->cipherSuite0;
    ssl->options.cipherSuite = s->cipherSuite;
}

void tls_recall(struct tls_session *x)
{
    struct tls *tls = x->tls;
    WOLFSSL_SESSION *copy;
    bool found;
    unsigned at = place_of(tls, x->host, &found);

    if (!found || !x->host[0])
        return;
    if (loop_now(tls->loop) - tls->recall[at]->since < TLS_RECALL_NS) {
        tls_enter(x); /* the session's own, for it changes in it */
        copy = wolfSSL_SESSION_dup(tls->recall[at]->session);
        if (copy) {
            x->recalled = mark_of(copy);
            begin_with(x->ssl, copy);
        }
    }
    forget(tls, at);
    tls_enter(x);
}

void tls_forget(struct tls *tls)
{
    for (unsigned i = 0; i < TLS_RECALL_MAX; i++)
        forget(tls, i);
}
