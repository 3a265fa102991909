/* SPDX-License-Identifier: ISC */
/*
 * tls_session.c - what a session asks of wolfSSL, and what it answers.
 */
#include <base/fmt.h>
#include <billet/clock.h>
#include <string.h>

#include "tls_impl.h"

void tls_post(struct tls_session *x, unsigned events)
{
    x->events |= events;
    loop_defer(x->tls->loop, &x->task);
}

int tls_receive(WOLFSSL *ssl, char *to, int n, void *session)
{
    struct tls_session *x = session;
    size_t got = 0;
    struct span in;

    (void)ssl;
    while (got < (size_t)n && (in = stream_peek(x->lower)).n > 0) {
        size_t part = (size_t)n - got < in.n ? (size_t)n - got : in.n;

        memcpy(to + got, in.p, part);
        stream_consume(x->lower, part);
        got += part;
    }
    x->taken += got;
    if (got)
        return (int)got;
    return x->lower_eof ? WOLFSSL_CBIO_ERR_CONN_CLOSE
                        : WOLFSSL_CBIO_ERR_WANT_READ;
}

static void drop_out(struct tls_session *x)
{
    crypto_mem_put(x->out);
    x->out = NULL;
    x->out_n = x->out_at = 0;
}

bool tls_flush(struct tls_session *x)
{
    if (!x->out)
        return true;
    x->out_at += (uint32_t)stream_write(
        x->lower, (struct span){x->out + x->out_at, x->out_n - x->out_at});
    if (x->out_at < x->out_n)
        return false;
    drop_out(x);
    return true;
}

/* What is left of a record goes behind what waits. */
static bool queue(struct tls_session *x, struct span rest)
{
    uint32_t had = x->out_n - x->out_at;
    uint8_t *out = crypto_mem_get(&x->tls->mem, had + rest.n);

    if (!out)
        return false;
    if (had)
        memcpy(out, x->out + x->out_at, had);
    memcpy(out + had, rest.p, rest.n);
    drop_out(x);
    x->out = out;
    x->out_n = had + (uint32_t)rest.n;
    return true;
}

int tls_transmit(WOLFSSL *ssl, char *from, int n, void *session)
{
    struct tls_session *x = session;
    struct span bytes = {(const uint8_t *)from, (size_t)n};
    size_t sent;

    (void)ssl;
    if (x->mute)
        return n;
    sent = tls_flush(x) ? stream_write(x->lower, bytes) : 0;
    bytes.p += sent;
    bytes.n -= sent;
    return bytes.n == 0 || queue(x, bytes) ? n : WOLFSSL_CBIO_ERR_GENERAL;
}

/* Called when it is all over, too. */
void tls_drop(struct tls_session *x)
{
    drop_out(x);
    tls_drop_plain(x);
}

void tls_drop_plain(struct tls_session *x)
{
    crypto_mem_put(x->plain);
    x->plain = NULL;
    x->plain_n = x->plain_at = 0;
}

/* Over for the owner.  The transport stays until the peer has ended too, so
 * that an alert, or the last bytes, are not lost by a reset. */
void tls_finish(struct tls_session *x, enum err err)
{
    if (x->state >= TLS_DRAINING)
        return;
    x->state = TLS_DRAINING;
    x->stream.error = err;
    tls_drop_plain(x);
    timer_set(x->tls->loop, &x->timer, loop_now(x->tls->loop) + TLS_LINGER_NS);
    tls_post(x, STREAM_CLOSED);
}

void tls_fail(struct tls_session *x, enum err err, const char *why)
{
    WOLFSSL_ALERT_HISTORY h;
    int sent, got;

    if (x->state >= TLS_DRAINING)
        return;
    x->was_open = x->was_open && err != E_PROTO;
    memset(&h, 0, sizeof(h));
    wolfSSL_get_alert_history(x->ssl, &h);
    sent = x->alert ? x->alert : h.last_tx.code > 0 ? h.last_tx.code : 0;
    got = h.last_rx.code > 0 && h.last_rx.level == alert_fatal ? h.last_rx.code
                                                               : 0;
    x->tls->count.alerts_sent += sent != 0;
    x->tls->count.alerts_received += got != 0;
    x->tls->count.failures += x->state == TLS_SHAKING;
    fmt(x->failure, sizeof(x->failure), "%s%s%s%s%s", why,
        sent ? "; sent alert " : "", sent ? tls_alert_name(sent) : "",
        got ? "; got alert " : "", got ? tls_alert_name(got) : "");
    tls_finish(x, err);
}

/* The peer is told why, where wolfSSL does not. */
static void send_alert(struct tls_session *x, int error)
{
    WOLFSSL_ALERT_HISTORY h;

    memset(&h, 0, sizeof(h));
    wolfSSL_get_alert_history(x->ssl, &h);
    if (x->alert || h.last_tx.code > 0 ||
        (h.last_rx.code > 0 && h.last_rx.level == alert_fatal))
        return;
    x->alert = tls_alert_for(error);
    SendAlert(tls_enter(x), alert_fatal, x->alert);
    tls_leave(x);
}

/* What wolfSSL answered when it did not succeed.  True: wait. */
static bool waits(struct tls_session *x, int answer)
{
    int error = wolfSSL_get_error(x->ssl, answer);

    switch (error) {
    case WOLFSSL_ERROR_WANT_READ:
    case WOLFSSL_ERROR_WANT_WRITE:
        return true;
    case WOLFSSL_ERROR_ZERO_RETURN:
        if (x->state == TLS_SHAKING) {
            tls_fail(x, E_CLOSED, "the peer ended during the handshake");
            return false;
        }
        if (!x->got_notify) {
            x->got_notify = true;
            tls_post(x, STREAM_EOF);
        }
        return true;
    case WC_NO_ERR_TRACE(SOCKET_PEER_CLOSED_E):
    case WC_NO_ERR_TRACE(SOCKET_ERROR_E):
    case WOLFSSL_ERROR_SYSCALL:
        x->tls->count.truncated += x->state == TLS_OPEN;
        tls_fail(x, E_RESET, "the peer ended without close_notify");
        return false;
    default:
        send_alert(x, error);
        tls_fail(x, E_PROTO, x->why ? x->why : tls_reason(error));
        return false;
    }
}

static void keep_peer(struct tls_session *x, struct span der)
{
    if (x->peer || der.n > TLS_PEER_BYTES ||
        !(x->peer = crypto_mem_get(&x->tls->mem, der.n)))
        return;
    memcpy(x->peer, der.p, der.n);
    x->peer_n = (uint32_t)der.n;
}

int tls_refuse(struct tls_session *x, uint8_t code, const char *why)
{
    x->why = why;
    SendAlert(x->ssl, alert_fatal, code);
    x->alert = code;
    x->mute = true; /* wolfSSL would follow it with one of its own */
    return 0;
}

uint64_t tls_wall_ns(const struct tls *tls)
{
    return tls->clock ? clock_wall_ns(tls->clock, loop_now(tls->loop)) : 0;
}

/* The one judge of what the peer shows: called once in a handshake, with what
 * wolfSSL found wrong. */
int tls_verify(int ok, WOLFSSL_X509_STORE_CTX *store)
{
    struct tls_session *x = store->userCtx;
    unsigned n = store->totalCerts > 0 ? (unsigned)store->totalCerts : 0;
    struct span certs[PATH_CERTS_MAX];
    struct path_question q = {.trust = &x->tls->trust,
                              .host = x->host[0] ? x->host : NULL,
                              .server = x->connects,
                              .now_s =
                                  (int64_t)(tls_wall_ns(x->tls) / NS_PER_SEC)};
    struct path_answer a;

    if (n == 0) /* wolfSSL has sent the alert, if one was demanded */
        return ok && !x->connects && !x->tls->demand;
    if (n > PATH_CERTS_MAX)
        return tls_refuse(x, bad_certificate,
                          "there are too many certificates");
    for (unsigned i = 0; i < n; i++)
        certs[i] =
            (struct span){store->certs[i].buffer, store->certs[i].length};
    a = path_check(&q, &x->tls->mem, certs, n);
    if (!a.alert && !ok)
        a = (struct path_answer){.alert = bad_certificate,
                                 .why = tls_reason(store->error)};
    if (a.alert)
        return tls_refuse(x, a.alert, a.why);
    keep_peer(x, certs[0]);
    if (x->connects)
        a = tls_judge_staple(x, certs[0], a.issuer);
    if (a.alert)
        return tls_refuse(x, a.alert, a.why);
    return 1;
}

static void handshake_done(struct tls_session *x)
{
    char *name = NULL;
    word16 n = 0;

    timer_clear(x->tls->loop, &x->timer);
    tls_drop_issuer(x);
    x->state = TLS_OPEN;
    x->was_open = true;
    x->tls->count.handshakes++;
    x->tls->count.resumed += wolfSSL_session_reused(x->ssl) != 0;
    if (wolfSSL_ALPN_GetProtocol(x->ssl, &name, &n) == WOLFSSL_SUCCESS &&
        n < sizeof(x->alpn))
        memcpy(x->alpn, name, n);
    if (!x->connects && strcmp(x->alpn, TLS_CHALLENGE) == 0)
        x->shut = true; /* it has seen what it wanted to */
    tls_post(x, STREAM_OPEN | STREAM_WRITABLE);
}

/* Tickets are counted on each connection by itself (RFC 8446 4.6.1).  wolfSSL
 * goes on where the connection that the ticket is from was, and fails when 256
 * have followed each other. */
static void count_tickets_anew(WOLFSSL *ssl)
{
    if (ssl->options.serverState >= SERVER_FINISHED_COMPLETE)
        ssl->session->ticketNonce.len = 0;
}

bool tls_shake_hands(struct tls_session *x)
{
    WOLFSSL *ssl = tls_enter(x);
    int answer;

    if (!x->connects)
        count_tickets_anew(ssl);
    answer = x->connects ? wolfSSL_connect(ssl) : wolfSSL_accept(ssl);
    if (answer == WOLFSSL_SUCCESS && x->must_staple && !x->stapled) {
        tls_refuse(x, bad_certificate_status_response, TLS_NO_STAPLE);
        tls_fail(x, E_PROTO, x->why);
        answer = WOLFSSL_FATAL_ERROR;
    } else if (answer == WOLFSSL_SUCCESS && !IsAtLeastTLSv1_3(ssl->version) &&
               !ssl->options.haveEMS) {
        /* RFC 7627 5.2: else two sessions may have the same secret */
        tls_refuse(x, handshake_failure, "no extended master secret");
        tls_fail(x, E_PROTO, x->why);
        answer = WOLFSSL_FATAL_ERROR;
    } else if (answer == WOLFSSL_SUCCESS)
        handshake_done(x);
    else
        waits(x, answer);
    tls_leave(x);
    return answer == WOLFSSL_SUCCESS;
}

bool tls_push(struct tls_session *x)
{
    while (x->plain_at < x->plain_n && tls_flush(x)) {
        int n = (int)(x->plain_n - x->plain_at);
        int sent = wolfSSL_write(tls_enter(x), x->plain + x->plain_at, n);

        tls_leave(x);
        if (sent <= 0)
            return waits(x, sent) && false;
        x->plain_at += (uint32_t)sent;
    }
    if (x->plain_at < x->plain_n)
        return false;
    x->plain_n = x->plain_at = 0; /* its room is for what follows at once */
    return tls_flush(x);
}

void tls_say_goodbye(struct tls_session *x)
{
    if (x->notified || !x->shut)
        return;
    x->notified = true;
    wolfSSL_shutdown(tls_enter(x));
    tls_leave(x);
}

/* Bytes that wait to be decrypted. */
static size_t waiting(const struct tls_session *x)
{
    return x->ssl->buffers.inputBuffer.length - x->ssl->buffers.inputBuffer.idx;
}

/* Behind a message that is not for the application (a ticket, a new key),
 * wolfSSL wants to be asked again, though more is there: it is asked as long as
 * it takes something.  (What the transport shows says nothing of that: it may
 * be one of two segments.) */
bool tls_pull(struct tls_session *x)
{
    for (;;) {
        uint64_t taken = x->taken;
        size_t before;
        uint8_t first;
        int got;

        if (x->ssl->buffers.clearOutputBuffer.length)
            return true;
        if (x->state != TLS_OPEN || x->got_notify ||
            x->out_n - x->out_at > TLS_OUT_BYTES)
            return false;
        before = waiting(x);
        got = wolfSSL_peek(tls_enter(x), &first, 1);
        tls_leave(x);
        if (got > 0)
            return true;
        if (!waits(x, got) || (x->taken == taken && waiting(x) == before))
            return false;
    }
}

bool tls_info(struct stream *s, struct tls_info *out)
{
    struct tls_session *x = tls_session_of(s);

    if (x->state != TLS_OPEN)
        return false;
    *out = (struct tls_info){.version = wolfSSL_get_version(x->ssl),
                             .cipher = wolfSSL_get_cipher(x->ssl),
                             .group = wolfSSL_get_curve_name(x->ssl),
                             .alpn = x->alpn[0] ? x->alpn : NULL,
                             .stapled = x->stapled,
                             .resumed = wolfSSL_session_reused(x->ssl) != 0,
                             .peer = {x->peer, x->peer_n}};
    return true;
}

const char *tls_failure(const struct stream *s)
{
    return tls_session_of(s)->failure;
}

bool tls_export(struct stream *s, const char *label, struct span context,
                struct mspan out)
{
    struct tls_session *x = tls_session_of(s);
    int answer;

    if (x->state != TLS_OPEN)
        return false;
    answer = wolfSSL_export_keying_material(tls_enter(x), out.p, out.n, label,
                                            strlen(label), context.p, context.n,
                                            context.p != NULL);
    tls_leave(x);
    return answer == WOLFSSL_SUCCESS;
}

bool tls_rekey(struct stream *s)
{
    struct tls_session *x = tls_session_of(s);
    int answer;

    if (x->state != TLS_OPEN || wolfSSL_version(x->ssl) != TLS1_3_VERSION)
        return false;
    answer = wolfSSL_update_keys(tls_enter(x));
    tls_leave(x);
    loop_defer(x->tls->loop, &x->task);
    return answer == WOLFSSL_SUCCESS || answer == WOLFSSL_ERROR_WANT_WRITE;
}
