/* SPDX-License-Identifier: ISC */
/*
 * tls_impl.h - what the files of TLS share; inside crypto/.
 */
#ifndef CRYPTO_TLS_IMPL_H
#define CRYPTO_TLS_IMPL_H

#include <base/pool.h>
#include <billet/loop.h>
#include <billet/tls.h>
#include <wolfssl/internal.h>

#include "mem.h"
#include "path.h"
#include "ticket.h"

enum {
    TLS_SESSION_BYTES = 24 << 10, /* laid out for each session */
    TLS_COMMON_BYTES = 192 << 10, /* certificates, contexts, arithmetic */
    TLS_SESSION_MOST = 128 << 10, /* beyond: that session fails */
    TLS_ROOM_BYTES = 64 << 10,    /* less is free: sessions are refused */
    TLS_RECORD_BYTES = 16384,     /* of plaintext, RFC 8446 5.1 */
    TLS_OUT_BYTES = TLS_RECORD_BYTES + 6144, /* a record, and what answers the
                                              * peer; beyond: nothing of its
                                              * is read */
    TLS_FAILURE_BYTES = 160,
    TLS_RECALL_MAX = 16 /* hosts of which a session is kept; beyond: the oldest
                         * goes */
};
#define TLS_NO_STAPLE                                                          \
    "the certificate demands an OCSP answer, and there was none"
#define TLS_CHALLENGE    "acme-tls/1" /* RFC 8737 */
#define TLS_HANDSHAKE_NS (15 * NS_PER_SEC)
#define TLS_RECALL_NS    (3600 * NS_PER_SEC)
#define TLS_LINGER_NS    (2 * NS_PER_SEC) /* for the peer to have read it all */

struct tls {
    struct loop *loop;
    const struct clock *clock;
    struct crypto_mem mem;
    struct pool sessions;
    struct tls_metrics count;
    struct ticket_keys tickets;
    struct path_trust trust;
    struct tls_recall *recall[TLS_RECALL_MAX];
    bool demand, no_tickets;
    bool staples; /* any identity has one, or had */
    char alpn[TLS_ALPN_BYTES];
    WOLFSSL_CTX *client;
    WOLFSSL_CTX *challenge; /* answers ACME's; NULL: none is open */
    WOLFSSL_CTX *server[TLS_IDENTITIES_MAX];
    unsigned nidentities;
};

enum tls_state {
    TLS_SHAKING, /* the handshake is not done */
    TLS_OPEN,
    TLS_DRAINING, /* over for its owner; what was sent is still on its way */
    TLS_GONE      /* the transport was released, or ended */
};

struct tls_session {
    struct stream stream;
    struct tls *tls;
    struct stream *lower;
    WOLFSSL *ssl; /* NULL when draining */
    struct crypto_account account;
    struct task task;
    struct timer timer; /* of the handshake, of the draining */
    enum tls_state state;
    unsigned events;            /* to be delivered */
    uint8_t *plain;             /* what is written and not yet in a record */
    uint32_t plain_n, plain_at; /* of it; encrypted up to plain_at */
    /* Ciphertext that the transport had no room for: wolfSSL is never told
     * to try again, for not each of its messages survives that. */
    uint8_t *out;
    uint32_t out_n, out_at;
    uint64_t taken; /* bytes of the transport */
    uint8_t *peer;  /* its certificate */
    uint32_t peer_n;
    uint8_t *issuer; /* of it, until the answer about it was judged */
    uint32_t issuer_n;
    uint8_t alert;     /* that we sent; 0: none */
    uint64_t recalled; /* the ticket that it began with */
    bool connects : 1;
    bool stapled : 1;      /* an OCSP answer was there */
    bool must_staple : 1;  /* and had to be */
    bool was_open : 1;     /* and nothing was wrong with it */
    bool mute : 1;         /* nothing may follow the alert that was sent */
    bool lower_eof : 1;    /* the transport has no more for us */
    bool got_notify : 1;   /* the peer's close_notify */
    bool shut : 1;         /* close_notify is to follow what is written */
    bool notified : 1;     /* and was sent */
    bool reader_told : 1;  /* STREAM_READABLE since peek was last empty */
    bool writer_waits : 1; /* reserve() was empty */
    bool closed : 1;       /* STREAM_CLOSED was delivered */
    bool released : 1;     /* by its owner */
    const char *why;       /* of a certificate that was refused */
    char host[TLS_HOST_BYTES + 1];
    char alpn[TLS_ALPN_BYTES];
    char failure[TLS_FAILURE_BYTES];
};

extern const struct stream_ops tls_stream_ops;

static inline struct tls_session *tls_session_of(const struct stream *s)
{
    return CONTAINER(s, struct tls_session, stream);
}

/* All that wolfSSL allocates until tls_leave() is this session's. */
static inline WOLFSSL *tls_enter(struct tls_session *x)
{
    crypto_mem_enter(&x->tls->mem, &x->account);
    return x->ssl;
}

static inline void tls_leave(struct tls_session *x)
{
    crypto_mem_enter(&x->tls->mem, NULL);
}

/* tls_session.c: what wolfSSL is asked to do. */
void tls_post(struct tls_session *, unsigned events);
void tls_finish(struct tls_session *, enum err);
void tls_fail(struct tls_session *, enum err, const char *why);
/* One more step of the handshake; true when it is done. */
bool tls_shake_hands(struct tls_session *);
/* Encrypts what was written; true when all of it is on its way. */
bool tls_push(struct tls_session *);
void tls_say_goodbye(struct tls_session *);
/* Hands on what the transport had no room for; true when nothing is left. */
bool tls_flush(struct tls_session *);
/* Whether decrypted bytes are there, or can be had. */
bool tls_pull(struct tls_session *);
void tls_drop_plain(struct tls_session *);
void tls_drop(struct tls_session *); /* that, and what is to be sent */

/* Tells the peer why; 0, for who says so to wolfSSL. */
int tls_refuse(struct tls_session *, uint8_t code, const char *why);
uint64_t tls_wall_ns(const struct tls *);

/* tls_staple.c: what a context shows; whether a client asks for it; the
 * judgement, of TLS 1.2 when the message comes. */
const char *tls_set_staple(struct tls *, WOLFSSL_CTX *, struct span ocsp);
/* Of the former context, when the certificate is the same. */
const char *tls_keep_staple(struct tls *, const WOLFSSL_CTX *from,
                            WOLFSSL_CTX *to);
bool tls_ask_staple(struct tls_session *);
struct path_answer tls_judge_staple(struct tls_session *, struct span cert,
                                    struct span issuer);
int tls_on_staple(WOLFSSL *, int error, byte *response, word32 n, word32 at,
                  void *user);
void tls_drop_issuer(struct tls_session *);
int tls_ocsp_decode(OcspResponse *, void *cm, void *heap, int any_cert,
                    int any_signature);

/* tls_recall.c: keeps what the next session with that host can begin with; and
 * begins with it. */
void tls_remember(struct tls_session *);
void tls_recall(struct tls_session *);
void tls_forget(struct tls *);

/* tls_choose.c: the identity for a client, called by wolfSSL. */
int tls_choose(WOLFSSL *, int *code, void *tls);

/* Called by wolfSSL. */
int tls_receive(WOLFSSL *, char *to, int n, void *session);
int tls_transmit(WOLFSSL *, char *from, int n, void *session);
int tls_verify(int ok, WOLFSSL_X509_STORE_CTX *);

/* tls_words.c */
const char *tls_alert_name(int code);
const char *tls_reason(int error);
uint8_t tls_alert_for(int error);

#endif
