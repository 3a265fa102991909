/* SPDX-License-Identifier: ISC */
/*
 * acme_impl.h - what the files of lib/acme share.
 *
 * All of it runs on one fiber, in straight lines; only http-01 is answered
 * from outside.
 */
#ifndef ACME_IMPL_H
#define ACME_IMPL_H

#include <billet/acme.h>
#include <billet/http_client.h>
#include <billet/x509.h>
#include <proto/json.h>

#include "read.h"

enum {
    ACME_ANSWER_BYTES = 32 << 10, /* of an answer; beyond: refused */
    ACME_BODY_BYTES = 16 << 10,   /* of what is signed, and of a request */
    ACME_CHAIN_BYTES = 16 << 10,  /* PEM; beyond: refused */
    ACME_NONCE_BYTES = 256,
    ACME_NONCE_TRIES = 16, /* a request is made again with a new nonce */
    ACME_POLLS = 60,       /* of one state */
    ACME_PRINT_BYTES = 43, /* base64url of SHA-256 */
    ACME_KEYAUTH_BYTES = ACME_TOKEN_BYTES + 1 + ACME_PRINT_BYTES + 1
};

#define ACME_METRICS(M)                                                        \
    M(COUNTER, issued, "", "certificates got")                                 \
    M(COUNTER, failures, "", "attempts that failed")                           \
    M(COUNTER, requests, "", "requests to the CA")                             \
    M(COUNTER, nonces, "", "requests made again, for the nonce was refused")   \
    M(COUNTER, asked, "", "times that the CA looked at a challenge by HTTP")   \
    M(GAUGE, expires_seconds, "", "when the certificate ends, since 1970")     \
    M(GAUGE, renews_seconds, "", "when the next one is asked for")
METRICS_STRUCT(acme, ACME_METRICS);

/* What outlives a start. */
struct acme_state {
    char directory[ACME_URL_BYTES];
    char account[ACME_URL_BYTES]; /* its URL; "": there is none */
    char names[512];              /* that the certificate was asked for with */
    struct x509_pair account_key, key;
    size_t chain_n; /* 0: no certificate */
    uint8_t chain[ACME_CHAIN_BYTES];
};

struct acme_reply {
    enum err err; /* OK: an answer came, of any status */
    unsigned status;
    char location[ACME_URL_BYTES];
    uint64_t retry_s; /* 0: not said */
    struct span body; /* in acme.answer */
};

struct acme {
    struct env *env;
    struct acme_config config;
    struct http_client *client;
    struct acme_metrics m;
    const char *directory_url, *email;
    char names_text[512];
    const char *names[ACME_NAMES_MAX];
    unsigned nnames;
    bool prefer_alpn;
    struct acme_state state;
    struct x509_pair next_key, challenge; /* of the order at hand */
    struct acme_directory directory;
    struct acme_order order;
    struct acme_authorization authorization;
    struct acme_problem problem;
    char order_url[ACME_URL_BYTES];
    char nonce[ACME_NONCE_BYTES]; /* "": one must be asked for */
    char print[ACME_PRINT_BYTES + 1];
    char token[ACME_TOKEN_BYTES]; /* http-01 at hand; "": none */
    char keyauth[ACME_KEYAUTH_BYTES];
    uint64_t got_s;   /* when the certificate came; 0: it was kept */
    uint64_t pause_s; /* what the CA wants waited; 0: not said */
    char why[2 * ACME_WORDS_BYTES]; /* the last failure */
    struct mspan work;
    /* What is being sent and received. */
    size_t sent, body_n, answer_n;
    struct acme_reply *reply;
    uint8_t answer[ACME_ANSWER_BYTES];
    char body[ACME_BODY_BYTES], signing[ACME_BODY_BYTES];
    uint8_t scratch[ACME_STATE_BYTES];
};

/* jose.c: the account's key is there. */
bool jose_print(struct acme *);
/* The request's body into a->body; false: it does not fit, or cannot be
 * signed.  `with_key`: the key itself, for there is no account yet. */
bool jose_sign(struct acme *, const char *url, struct span payload,
               bool with_key);
/* The token, and what proves that it is ours (RFC 8555 8.1). */
void jose_keyauth(struct acme *, const char *token);

/* talk.c: false, and a->why has the reason. */
bool acme_get(struct acme *, const char *url, struct acme_reply *);
/* An empty payload is POST-as-GET.  Repeats it when the nonce is refused. */
bool acme_post(struct acme *, const char *url, struct span payload,
               bool with_key, struct acme_reply *);
bool acme_fail(struct acme *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* order.c: one certificate, from the directory to the chain.  It is in
 * a->state when it answers true. */
bool acme_issue(struct acme *);
bool acme_find_directory(struct acme *);

/* state.c */
void acme_load(struct acme *);
void acme_save(struct acme *);

/* renew.c: the moment to ask for the next, seconds since 1970.  `ask`: the CA
 * may be asked, too; *again_s is when it wants to be asked again. */
uint64_t acme_when(struct acme *, bool ask, uint64_t *again_s);
/* "AKI.serial" of the certificate (RFC 9773 4.1); false: it has none. */
bool acme_cert_id(struct acme *, char *out, size_t size);

#endif
