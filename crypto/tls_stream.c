/* SPDX-License-Identifier: ISC */
/*
 * tls_stream.c - one session: a stream above, a stream below.
 *
 * Plaintext is peeked at where wolfSSL has decrypted it.  What is written
 * gathers until the turn's tasks run, so that many small writes make one
 * record; its ciphertext is copied once, into the transport's buffer.
 */
#include <base/fmt.h>
#include <string.h>

#include "tls_impl.h"

static void drop_ssl(struct tls_session *x)
{
    if (x->ssl)
        tls_remember(x);
    tls_enter(x);
    tls_drop(x);
    wolfSSL_free(x->ssl);
    x->ssl = NULL;
    tls_leave(x);
}

/* Nothing is read any more, but the peer's end is waited for: closing on what
 * was not read would be a reset, which takes our last words from the peer. */
static void drain(struct tls_session *x)
{
    struct span in;

    if (x->ssl && tls_flush(x)) {
        drop_ssl(x);
        stream_shutdown(x->lower);
    }
    while ((in = stream_peek(x->lower)).n > 0)
        stream_consume(x->lower, in.n);
    if (x->lower_eof && !x->ssl)
        x->state = TLS_GONE;
}

static void run_open(struct tls_session *x)
{
    if (tls_push(x)) {
        tls_say_goodbye(x);
        if (x->notified && tls_flush(x))
            stream_shutdown(x->lower);
        if (x->writer_waits && !x->shut) {
            x->writer_waits = false;
            tls_post(x, STREAM_WRITABLE);
        }
    }
    if (x->state == TLS_OPEN && !x->reader_told && tls_pull(x)) {
        x->reader_told = true;
        tls_post(x, STREAM_READABLE);
    }
    if (x->state == TLS_OPEN && x->got_notify && x->notified &&
        !x->ssl->buffers.clearOutputBuffer.length && tls_flush(x))
        tls_finish(x, OK);
}

static void run(struct tls_session *x)
{
    if (x->state == TLS_SHAKING && tls_flush(x))
        tls_shake_hands(x);
    if (x->state == TLS_OPEN)
        run_open(x);
    if (x->state == TLS_DRAINING)
        drain(x);
}

static void dispose(struct tls_session *x)
{
    struct tls *tls = x->tls;

    timer_clear(tls->loop, &x->timer);
    drop_ssl(x);
    crypto_mem_put(x->peer);
    tls_drop_issuer(x);
    ASSERT(x->account.in_use == 0);
    x->lower->on_event = NULL;
    stream_release(x->lower);
    crypto_wipe(x, sizeof(*x));
    pool_put(&tls->sessions, x);
}

static void on_task(struct task *t, ns_t now)
{
    struct tls_session *x = CONTAINER(t, struct tls_session, task);
    unsigned events;

    (void)now;
    run(x);
    events = x->events;
    x->events = 0;
    if (events && !x->closed && !x->released) {
        x->closed = events & STREAM_CLOSED;
        if (x->stream.on_event)
            x->stream.on_event(&x->stream, events, x->stream.user);
        else if (x->closed)
            x->released = true;
    }
    if (x->plain && x->plain_n == 0)
        tls_drop_plain(x); /* an idle session has no buffer */
    if (x->released && x->state == TLS_GONE && !t->queued)
        dispose(x);
}

static void on_lower(struct stream *lower, unsigned events, void *user)
{
    struct tls_session *x = user;

    if (events & (STREAM_EOF | STREAM_CLOSED))
        x->lower_eof = true;
    loop_defer(x->tls->loop, &x->task);
    if (!(events & STREAM_CLOSED))
        return;
    if (x->state != TLS_SHAKING || lower->error == OK)
        run(x); /* what came before its end can still be read */
    if (x->state < TLS_DRAINING) {
        if (x->got_notify && x->notified && lower->error == OK)
            tls_finish(x, OK);
        else
            tls_fail(x, lower->error ? lower->error : E_RESET,
                     lower->error == E_REFUSED ? "nobody listens there"
                                               : "the connection below ended");
    }
    x->state = TLS_GONE;
}

static void on_late(struct timer *t, ns_t now)
{
    struct tls_session *x = CONTAINER(t, struct tls_session, timer);

    (void)now;
    if (x->state == TLS_SHAKING) {
        x->tls->count.timeouts++;
        tls_fail(x, E_TIMEOUT, "the handshake took too long");
        return;
    }
    x->state = TLS_GONE;
    loop_defer(x->tls->loop, &x->task);
}

static struct span op_peek(struct stream *s)
{
    struct tls_session *x = tls_session_of(s);

    if (!x->ssl || !tls_pull(x)) {
        x->reader_told = false;
        return (struct span){0};
    }
    return (struct span){x->ssl->buffers.clearOutputBuffer.buffer,
                         x->ssl->buffers.clearOutputBuffer.length};
}

static void op_consume(struct stream *s, size_t n)
{
    struct tls_session *x = tls_session_of(s);

    if (n == 0)
        return;
    ASSERT(x->ssl && n <= x->ssl->buffers.clearOutputBuffer.length);
    x->ssl->buffers.clearOutputBuffer.buffer += n;
    x->ssl->buffers.clearOutputBuffer.length -= (word32)n;
    if (x->ssl->buffers.clearOutputBuffer.length)
        return;
    x->reader_told = false; /* it may know that this was all, and not look */
    /* an idle session has no buffer for records */
    if (x->ssl->buffers.inputBuffer.dynamicFlag) {
        ShrinkInputBuffer(tls_enter(x), NO_FORCED_FREE);
        tls_leave(x);
    }
    loop_defer(x->tls->loop, &x->task);
}

/* One record's worth at a time; the next when that is encrypted. */
static struct mspan op_reserve(struct stream *s)
{
    struct tls_session *x = tls_session_of(s);

    if (x->shut || x->state >= TLS_DRAINING)
        return (struct mspan){0};
    if (x->state == TLS_OPEN && x->plain_n == TLS_RECORD_BYTES)
        tls_push(x);
    if (x->state == TLS_OPEN && !x->plain_at && !x->plain) {
        tls_enter(x);
        x->plain = crypto_mem_get(&x->tls->mem, TLS_RECORD_BYTES);
        tls_leave(x);
        x->plain_n = 0;
    }
    if (x->state != TLS_OPEN || x->plain_at || !x->plain ||
        x->plain_n == TLS_RECORD_BYTES) {
        x->writer_waits = true;
        return (struct mspan){0};
    }
    return (struct mspan){x->plain + x->plain_n, TLS_RECORD_BYTES - x->plain_n};
}

static void op_commit(struct stream *s, size_t n)
{
    struct tls_session *x = tls_session_of(s);

    ASSERT(n <= TLS_RECORD_BYTES - x->plain_n);
    x->plain_n += (uint32_t)n;
    loop_defer(x->tls->loop, &x->task);
}

static void op_shutdown(struct stream *s)
{
    struct tls_session *x = tls_session_of(s);

    x->shut = true;
    loop_defer(x->tls->loop, &x->task);
}

static void op_abort(struct stream *s)
{
    struct tls_session *x = tls_session_of(s);

    if (x->state >= TLS_DRAINING)
        return;
    stream_abort(x->lower);
    tls_finish(x, E_CLOSED);
}

/* Everything is freed by the task, for this may be called from inside run(). */
static void op_release(struct stream *s)
{
    struct tls_session *x = tls_session_of(s);

    x->released = true;
    x->stream.on_event = NULL;
    if (x->state < TLS_DRAINING) {
        if (x->state == TLS_OPEN && x->shut && x->got_notify) {
            tls_post(x, 0); /* what is written goes, and close_notify */
            return;
        }
        stream_abort(x->lower);
        tls_finish(x, E_CLOSED);
    }
    loop_defer(x->tls->loop, &x->task);
}

const struct stream_ops tls_stream_ops = {.peek = op_peek,
                                          .consume = op_consume,
                                          .reserve = op_reserve,
                                          .commit = op_commit,
                                          .shutdown = op_shutdown,
                                          .abort = op_abort,
                                          .release = op_release};

/* What the client says first.  A key for the hybrid, and one for those who do
 * not know it, save them a round trip. */
static bool offer(struct tls_session *x)
{
    struct ipaddr address;
    size_t n = strlen(x->host);

    tls_recall(x);
    if (wolfSSL_UseSessionTicket(x->ssl) != WOLFSSL_SUCCESS ||
        !tls_ask_staple(x))
        return false;
    if (n && !ipaddr_parse(&address, (struct span){(uint8_t *)x->host, n}) &&
        wolfSSL_UseSNI(x->ssl, WOLFSSL_SNI_HOST_NAME, x->host, (word16)n) !=
            WOLFSSL_SUCCESS)
        return false;
    if (!IsAtLeastTLSv1_3(x->ssl->version))
        return true;
    return wolfSSL_UseKeyShare(x->ssl, WOLFSSL_X25519MLKEM768) ==
               WOLFSSL_SUCCESS &&
           wolfSSL_UseKeyShare(x->ssl, WOLFSSL_ECC_X25519) == WOLFSSL_SUCCESS;
}

static bool set_protocols(struct tls_session *x)
{
    char list[TLS_ALPN_BYTES + sizeof(TLS_CHALLENGE) + 1];
    bool challenge = !x->connects && x->tls->challenge;

    fmt(list, sizeof(list), "%s%s%s", x->tls->alpn,
        challenge && x->tls->alpn[0] ? "," : "",
        challenge ? TLS_CHALLENGE : "");
    return !list[0] ||
           wolfSSL_UseALPN(x->ssl, list, (word32)strlen(list),
                           WOLFSSL_ALPN_FAILED_ON_MISMATCH) == WOLFSSL_SUCCESS;
}

static bool set_up(struct tls_session *x)
{
    struct tls *tls = x->tls;
    bool ready;

    tls_enter(x);
    x->ssl = wolfSSL_new(x->connects ? tls->client : tls->server[0]);
    ready = x->ssl && set_protocols(x) && (!x->connects || offer(x));
    tls_leave(x);
    if (!ready)
        return false;
    wolfSSL_KeepArrays(x->ssl); /* tls_export() */
    if (!x->connects)
        x->ssl->numGroups = 0; /* else it falls back to one not offered */
    wolfSSL_SetIOReadCtx(x->ssl, x);
    wolfSSL_SetIOWriteCtx(x->ssl, x);
    wolfSSL_SetCertCbCtx(x->ssl, x);
    return true;
}

static enum err refuse(struct tls *tls, struct stream *lower, enum err err)
{
    tls->count.refused++;
    lower->on_event = NULL;
    stream_release(lower);
    return err;
}

static enum err wrap(struct tls *tls, bool connects, struct stream *lower,
                     const char *host, struct stream **out)
{
    size_t room = tls->mem.heap.total - tls->mem.heap.in_use;
    struct tls_session *x;

    if (host && strlen(host) > TLS_HOST_BYTES)
        return refuse(tls, lower, E_INVAL);
    if (room < TLS_ROOM_BYTES || !(x = pool_get(&tls->sessions)))
        return refuse(tls, lower, E_FULL);
    *x = (struct tls_session){.stream = {.ops = &tls_stream_ops},
                              .tls = tls,
                              .lower = lower,
                              .account = {.limit = TLS_SESSION_MOST},
                              .task = {.run = on_task},
                              .timer = {.fire = on_late},
                              .connects = connects};
    if (host)
        memcpy(x->host, host, strlen(host));
    if (!set_up(x)) {
        tls->count.refused++;
        dispose(x);
        return E_FULL;
    }
    lower->on_event = on_lower;
    lower->user = x;
    timer_set(tls->loop, &x->timer, loop_now(tls->loop) + TLS_HANDSHAKE_NS);
    loop_defer(tls->loop, &x->task);
    *out = &x->stream;
    return OK;
}

enum err tls_accept(struct tls *tls, struct stream *lower, struct stream **out)
{
    ASSERT(tls->nidentities); /* a server has a certificate */
    return wrap(tls, false, lower, NULL, out);
}

enum err tls_connect(struct tls *tls, struct stream *lower, const char *host,
                     struct stream **out)
{
    return wrap(tls, true, lower, host, out);
}
