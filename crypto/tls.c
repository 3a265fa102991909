/* SPDX-License-Identifier: ISC */
/*
 * tls.c - one side: its certificates, its trust, what it speaks.
 */
#include <base/rng.h>
#include <billet/machine.h>
#include <string.h>

#include "pem.h"
#include "tls_impl.h"

METRICS_TABLE(tls, TLS_METRICS);

/* Forward secrecy and authenticated encryption only. */
static const char ciphers[] =
    "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:"
    "TLS13-CHACHA20-POLY1305-SHA256:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/* The hybrid first: what is recorded today must not be read in 20 years. */
static int groups[] = {WOLFSSL_X25519MLKEM768, WOLFSSL_ECC_X25519,
                       WOLFSSL_ECC_SECP256R1, WOLFSSL_ECC_SECP384R1};

/* What wolfSSL is given: DER, which is wiped when it has its copies. */
static const char *set_key(struct tls *tls, WOLFSSL_CTX *ctx, struct span text)
{
    uint8_t *room = crypto_mem_get(&tls->mem, text.n + 1);
    const char *why = "no memory for the private key";
    struct mspan der;

    if (room && !(why = pem_key(text, room, &der)) &&
        wolfSSL_CTX_use_PrivateKey_buffer(
            ctx, der.p, (long)der.n, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS)
        why = "the private key cannot be read";
    crypto_mem_put(room);
    return why;
}

static const char *set_chain(struct tls *tls, WOLFSSL_CTX *ctx,
                             struct span text)
{
    uint8_t *room = crypto_mem_get(&tls->mem, text.n + 1);
    const char *why = "no memory for the certificate chain";
    struct mspan der;

    if (room && !(why = pem_chain(text, TLS_CHAIN_MAX, room, &der)) &&
        wolfSSL_CTX_use_certificate_chain_buffer_format(
            ctx, der.p, (long)der.n, WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS)
        why = "the certificate chain cannot be read";
    crypto_mem_put(room);
    return why;
}

static const char *set_identity(struct tls *tls, WOLFSSL_CTX *ctx,
                                const struct tls_identity *id)
{
    const char *why = set_chain(tls, ctx, id->chain);

    if (why || (why = set_key(tls, ctx, id->key)))
        return why;
    /* wolfSSL's own check stops at the extension of a challenge. */
    return path_has_key(
               &tls->mem,
               (struct span){ctx->certificate->buffer,
                             ctx->certificate->length},
               (struct span){ctx->privateKey->buffer, ctx->privateKey->length})
               ? NULL
               : "the private key is not that of the certificate";
}

static int on_ticket(WOLFSSL *ssl, byte name[WOLFSSL_TICKET_NAME_SZ],
                     byte iv[WOLFSSL_TICKET_IV_SZ],
                     byte mac[WOLFSSL_TICKET_MAC_SZ], int seal, byte *ticket,
                     int n, int *out_n, void *user)
{
    struct tls *tls = user;
    struct mspan body = {ticket, (size_t)n};
    ns_t now = loop_now(tls->loop);

    (void)ssl;
    *out_n = n;
    if (seal)
        return ticket_seal(&tls->tickets, now, body, name, iv, mac)
                   ? WOLFSSL_TICKET_RET_OK
                   : WOLFSSL_TICKET_RET_FATAL;
    return ticket_open(&tls->tickets, now, body, name, iv, mac)
               ? WOLFSSL_TICKET_RET_OK
               : WOLFSSL_TICKET_RET_REJECT;
}

static void set_server(struct tls *tls, WOLFSSL_CTX *ctx)
{
    wolfSSL_CTX_set_servername_callback(ctx, tls_choose);
    wolfSSL_CTX_set_servername_arg(ctx, tls);
    wolfSSL_CTX_set_TicketEncCb(ctx, on_ticket);
    wolfSSL_CTX_set_TicketEncCtx(ctx, tls);
    wolfSSL_CTX_set_TicketHint(ctx, TICKET_KEY_S);
    if (tls->no_tickets) {
        wolfSSL_CTX_NoTicketTLSv12(ctx);
        wolfSSL_CTX_no_ticket_TLSv13(ctx);
    }
}

static WOLFSSL_CTX *context(struct tls *tls, const struct tls_identity *id,
                            bool server, const char **why)
{
    WOLFSSL_METHOD *method = server ? wolfTLS_server_method_ex(&tls->mem)
                                    : wolfTLS_client_method_ex(&tls->mem);
    WOLFSSL_CTX *ctx = method ? wolfSSL_CTX_new_ex(method, &tls->mem) : NULL;
    int verify = WOLFSSL_VERIFY_NONE;

    *why = NULL;
    if (!ctx) {
        *why = "no memory, or no random numbers";
        return NULL;
    }
    wolfSSL_CTX_SetIORecv(ctx, tls_receive);
    wolfSSL_CTX_SetIOSend(ctx, tls_transmit);
    if (!server || tls->demand)
        verify = WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    wolfSSL_CTX_set_verify(ctx, verify, tls_verify);
    ctx->ocspStatusVerifyCb = tls_on_staple;
    ctx->cm->ocspStaplingEnabled = !server || tls->staples;
    ctx->verifyNone = 1; /* tls_verify() alone decides */
    if (wolfSSL_CTX_SetMinVersion(ctx, WOLFSSL_TLSV1_2) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_cipher_list(ctx, ciphers) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_set_groups(ctx, groups, ARRAY_LEN(groups)) !=
            WOLFSSL_SUCCESS ||
        wolfSSL_CTX_new_rng(ctx) != WOLFSSL_SUCCESS)
        *why = "the protocol cannot be set";
    else if (id)
        *why = set_identity(tls, ctx, id);
    if (!*why && server)
        *why = tls_set_staple(tls, ctx, (struct span){0});
    if (server)
        set_server(tls, ctx);
    if (!*why)
        return ctx;
    wolfSSL_CTX_free(ctx);
    return NULL;
}

const char *tls_add(struct tls *tls, const struct tls_identity *id)
{
    const char *why;
    WOLFSSL_CTX *server;

    if (tls->nidentities == TLS_IDENTITIES_MAX)
        return "there are too many certificates";
    crypto_mem_enter(&tls->mem, NULL);
    if ((server = context(tls, id, true, &why)))
        tls->server[tls->nidentities++] = server;
    return why;
}

const char *tls_replace(struct tls *tls, unsigned index,
                        const struct tls_identity *id)
{
    const char *why;
    WOLFSSL_CTX *client = NULL, *server;

    ASSERT(index < tls->nidentities);
    crypto_mem_enter(&tls->mem, NULL);
    server = context(tls, id, true, &why);
    if (server)
        why = tls_keep_staple(tls, tls->server[index], server);
    if (server && !why && index == 0)
        client = context(tls, id, false, &why);
    if (why) {
        wolfSSL_CTX_free(server);
        return why;
    }
    /* Freed when the last session that began with them ends. */
    wolfSSL_CTX_free(tls->server[index]);
    tls->server[index] = server;
    if (index == 0) {
        wolfSSL_CTX_free(tls->client);
        tls->client = client;
    }
    return NULL;
}

const char *tls_trust(struct tls *tls, struct span text)
{
    struct path_trust trust;
    const char *why;

    crypto_mem_enter(&tls->mem, NULL);
    if ((why = path_trust_read(&trust, &tls->mem, text)))
        return why;
    path_trust_free(&tls->trust);
    tls->trust = trust;
    tls_forget(tls); /* they were judged by the former */
    return NULL;
}

const char *tls_challenge(struct tls *tls, const struct tls_identity *id)
{
    const char *why = NULL;
    WOLFSSL_CTX *ctx = NULL;

    crypto_mem_enter(&tls->mem, NULL);
    if (id && !(ctx = context(tls, id, true, &why)))
        return why;
    wolfSSL_CTX_free(tls->challenge);
    tls->challenge = ctx;
    return NULL;
}

static const char *set_up(struct tls *tls, const struct tls_config *c)
{
    const char *why = NULL;

    if (c->nidentities > TLS_IDENTITIES_MAX)
        return "there are too many certificates";
    if (c->alpn && strlen(c->alpn) >= sizeof(tls->alpn))
        return "the list of protocols is too long";
    if (c->alpn)
        memcpy(tls->alpn, c->alpn, strlen(c->alpn));
    if (c->trust.n && (why = path_trust_read(&tls->trust, &tls->mem, c->trust)))
        return why;
    if (c->demand && !tls->trust.n)
        return "certificates are demanded, and none is trusted";
    tls->demand = c->demand;
    tls->no_tickets = c->no_tickets || c->demand;
    for (unsigned i = 0; i < c->nidentities && !why; i++) {
        tls->server[i] = context(tls, &c->identity[i], true, &why);
        tls->nidentities++;
    }
    if (!why)
        tls->client =
            context(tls, c->nidentities ? &c->identity[0] : NULL, false, &why);
    return why;
}

static void refresh(void *user)
{
    struct tls *tls = user;

    tls->count.sessions = tls->sessions.in_use;
    tls->count.sessions_high = tls->sessions.high_water;
    tls->count.memory_bytes = tls->mem.heap.in_use;
    tls->count.memory_high_bytes = tls->mem.heap.high_water;
}

static size_t heap_bytes(uint32_t sessions, size_t trust)
{
    return TLS_COMMON_BYTES + trust + (size_t)sessions * TLS_SESSION_BYTES;
}

size_t tls_bytes(uint32_t sessions)
{
    return heap_bytes(sessions, 0) + sizeof(struct tls) +
           pool_bytes_aligned(sizeof(struct tls_session), sessions, 64) + 256;
}

struct tls *tls_new(struct env *env, const struct tls_config *c,
                    const char **why)
{
    uint32_t sessions = c->sessions ? c->sessions : 64, key;
    size_t n = heap_bytes(sessions, c->trust.n);
    struct tls *tls = arena_try(env->arena, sizeof(*tls), 64);
    void *memory = tls ? arena_try(env->arena, n, 16) : NULL;

    if (!memory) {
        *why = "no memory for so many sessions";
        return NULL;
    }
    memset(tls, 0, sizeof(*tls));
    if (!pool_init(&tls->sessions, "tls_sessions", env->arena,
                   sizeof(struct tls_session), sessions, 64)) {
        *why = "no memory for so many sessions";
        return NULL;
    }
    if (!machine_random((struct mspan){(uint8_t *)&key, sizeof(key)})) {
        *why = "no source of randomness";
        return NULL;
    }
    tls->loop = env->loop;
    tls->clock = env->clock;
    crypto_mem_init(&tls->mem, (struct mspan){memory, n}, key);
    if ((*why = set_up(tls, c)))
        return NULL;
    if (!c->labels)
        return tls;
    metrics_add_computed(env->metrics, &tls_metrics_group,
                         &tls->count.handshakes, refresh, tls);
    metrics_label(env->metrics, c->labels);
    return tls;
}
