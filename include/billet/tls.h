/* SPDX-License-Identifier: ISC */
/*
 * tls.h - TLS 1.3 (RFC 8446) and 1.2 (RFC 5246) as a stream over a stream.
 */
#ifndef BILLET_TLS_H
#define BILLET_TLS_H

#include <billet/app.h>
#include <billet/stream.h>

struct tls; /* certificates, keys and trust, and the sessions that use them */

/* A chain, leaf first, and the key of its leaf: PEM, or DER of one
 * certificate.  Both are copied; wipe the key when the call is over. */
struct tls_identity {
    struct span chain, key;
};

enum {
    TLS_IDENTITIES_MAX = 8,
    TLS_ALPN_BYTES = 64,  /* of a list of protocols */
    TLS_HOST_BYTES = 254, /* of a name; beyond: E_INVAL */
    TLS_CHAIN_MAX = 8,    /* certificates of one; beyond: refused */
    TLS_PEER_BYTES = 4096 /* of a peer's certificate; beyond: not kept */
};

struct tls_config {
    /* A server shows the first that has the name asked for and a key of a kind
     * that the client can verify, so one name may have two: ECDSA, RSA.  Where
     * nobody has the name, the first that it can verify.  A client that is
     * asked for one shows the first. */
    struct tls_identity identity[TLS_IDENTITIES_MAX];
    unsigned nidentities;
    struct span trust; /* PEM, or DER of one: roots to which peers' chains
                        * lead; a client without any trusts nobody */
    bool demand;       /* a server asks for a certificate and insists; such a
                        * one has no tickets: each handshake is a full one */
    bool no_tickets;
    const char *alpn;   /* "h2,http/1.1", best first; NULL: none */
    uint32_t sessions;  /* at most at once; 0: 64 */
    const char *labels; /* of its metrics, `side="gate"`; NULL: not shown */
};

/* Shown in /metrics as tls_*. */
#define TLS_METRICS(M)                                                         \
    M(COUNTER, handshakes, "", "handshakes done")                              \
    M(COUNTER, resumed, "", "of them by a ticket")                             \
    M(COUNTER, failures, "", "handshakes that failed")                         \
    M(COUNTER, refused, "", "sessions refused, for all are in use")            \
    M(COUNTER, timeouts, "", "handshakes that took too long")                  \
    M(COUNTER, alerts_sent, "", "fatal alerts to peers")                       \
    M(COUNTER, alerts_received, "", "fatal alerts from peers")                 \
    M(COUNTER, truncated, "", "sessions ended without close_notify")           \
    M(GAUGE, sessions, "", "sessions at the moment")                           \
    M(GAUGE, sessions_high, "", "the most that ever were")                     \
    M(GAUGE, memory_bytes, "", "memory in use")                                \
    M(GAUGE, memory_high_bytes, "", "the most that ever was")
METRICS_STRUCT(tls, TLS_METRICS);

/* What a session agreed on; pointers last as long as the stream. */
struct tls_info {
    const char *version, *cipher, *group;
    const char *alpn; /* NULL: nothing agreed */
    bool resumed;
    bool stapled;     /* a server's certificate, by an OCSP answer */
    struct span peer; /* the peer's certificate, DER; empty: none, or kept no
                       * longer for its size, or resumed */
};

/* Memory that tls_new() takes from the arena for so many sessions; as much as
 * its trust has bytes is taken besides. */
size_t tls_bytes(uint32_t sessions);

/* NULL, and `why` says what of the configuration is wrong. */
struct tls *tls_new(struct env *, const struct tls_config *, const char **why);

/* One more, behind the others, for a side that has any.  NULL, or why it is not
 * taken. */
const char *tls_add(struct tls *, const struct tls_identity *);

/* From now on sessions begin with this one in the `index`th place; those that
 * go on keep what they have.  Its OCSP answer stays if the certificate is the
 * same.  NULL, or why it is not taken. */
const char *tls_replace(struct tls *, unsigned index,
                        const struct tls_identity *);

/* From now on clients that ask for it are shown this OCSPResponse, DER, beside
 * the `index`th certificate, until another takes its place; empty: none.  NULL,
 * or why it is not taken. */
const char *tls_staple(struct tls *, unsigned index, struct span ocsp);

/* From now on these roots are the trusted ones, for handshakes that are not
 * done, too.  NULL, or why they are not taken. */
const char *tls_trust(struct tls *, struct span trust);

/* From now on who asks for the protocol acme-tls/1 and no other is shown this
 * one, see x509_make(), and the session ends when it has seen it (RFC 8737);
 * NULL: nobody.  NULL, or why it is not taken. */
const char *tls_challenge(struct tls *, const struct tls_identity *);

/*
 * Wrap `lower`, which is the session's from now on, success or not: it is
 * released with the stream returned.  STREAM_OPEN follows when the handshake
 * is done; STREAM_CLOSED with E_PROTO when it fails, see tls_failure().
 * E_FULL when all sessions are in use: nothing was computed for it.
 */
MUST_USE enum err tls_accept(struct tls *, struct stream *lower,
                             struct stream **out);
/* `host` is the name or the address that the peer's certificate must have;
 * NULL: any that leads to a trusted root.  A session with a host begins where
 * the last one ended, if that was not an hour ago and both sides still can. */
MUST_USE enum err tls_connect(struct tls *, struct stream *lower,
                              const char *host, struct stream **out);

/* From STREAM_OPEN on; false before. */
bool tls_info(struct stream *, struct tls_info *);
/* Why a session ended, in words, with the alert's name if there was one. */
const char *tls_failure(const struct stream *);
/* Keying material for the application (RFC 5705, RFC 8446 7.5); false before
 * STREAM_OPEN. */
bool tls_export(struct stream *, const char *label, struct span context,
                struct mspan out);
/* New keys, and the peer is asked for its own (RFC 8446 4.6.3); they are also
 * replaced before a cipher's limit.  False when it is no TLS 1.3. */
bool tls_rekey(struct stream *);

#endif
