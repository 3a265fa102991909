/* SPDX-License-Identifier: ISC */
/*
 * tls_choose.c - which certificate a client is shown: by the name that it asks
 * for, and by what it can verify.
 */
#include <string.h>

#include "tls_impl.h"

/* From here on the session shows another context's certificate, and keeps that
 * one alive.  The library's own function for it is not in this build. */
static void show(WOLFSSL *ssl, WOLFSSL_CTX *ctx)
{
    int answer;

    if (ssl->ctx == ctx)
        return;
    wolfSSL_RefWithMutexInc(&ctx->ref, &answer);
    (void)answer;
    if (ssl->rng == ssl->ctx->rng)
        ssl->rng = ctx->rng;
    wolfSSL_CTX_free(ssl->ctx);
    ssl->ctx = ctx;
    ssl->buffers.certificate = ctx->certificate;
    ssl->buffers.certChain = ctx->certChain;
    ssl->buffers.certChainCnt = ctx->certChainCnt;
    ssl->buffers.key = ctx->privateKey;
    ssl->buffers.keyType = ctx->privateKeyType;
    ssl->buffers.keySz = ctx->privateKeySz;
    ssl->pkCurveOID = ctx->pkCurveOID;
    ssl->options.haveRSA = ctx->haveRSA;
    ssl->options.haveECDSAsig = ctx->haveECDSAsig;
    ssl->options.haveECC = ctx->haveECC;
    ssl->options.haveStaticECC = ctx->haveStaticECC;
}

/* RFC 8737 3: it offers that protocol, and no other. */
static bool asks_for_challenge(WOLFSSL *ssl)
{
    static const char wanted[] = TLS_CHALLENGE;
    char *list = NULL;
    word16 n = 0;
    bool is = wolfSSL_ALPN_GetPeerProtocol(ssl, &list, &n) == WOLFSSL_SUCCESS &&
              n == sizeof(wanted) - 1 && memcmp(list, wanted, n) == 0;

    wolfSSL_ALPN_FreePeerProtocol(ssl, &list);
    return is;
}

/* Whether such a key signs by that scheme (RFC 8446 4.2.3, where TLS 1.3 binds
 * a hash to a curve and leaves PKCS #1 v1.5 out; RFC 5246 7.4.1.4.1). */
static bool signs_by(const WOLFSSL_CTX *ctx, bool is_13, unsigned hash,
                     unsigned kind)
{
    bool sha2 = hash >= sha256_mac && hash <= sha512_mac;
    unsigned curves_own =
        ctx->pkCurveOID == ECC_SECP384R1_OID ? sha384_mac : sha256_mac;

    switch (ctx->privateKeyType) {
    case rsa_sa_algo:
        return (hash == 8 && kind >= 4 && kind <= 6) ||
               (!is_13 && sha2 && kind == rsa_sa_algo);
    case ecc_dsa_sa_algo:
        return kind == ecc_dsa_sa_algo && (is_13 ? hash == curves_own : sha2);
    case ed25519_sa_algo:
        return hash == 8 && kind == 7;
    default:
        return false;
    }
}

/* In TLS 1.2 a cipher suite names the kind of key, too (RFC 8422 2). */
static bool has_suite(const Suites *s, bool rsa)
{
    for (unsigned i = 0; i + 1 < s->suiteSz; i += 2) {
        unsigned suite = (unsigned)s->suites[i] << 8 | s->suites[i + 1];

        if (rsa ? suite == 0xc02f || suite == 0xc030 || suite == 0xcca8
                : suite == 0xc02b || suite == 0xc02c || suite == 0xcca9)
            return true;
    }
    return false;
}

/* Whether the client can verify what this identity signs. */
static bool suits(const WOLFSSL *ssl, const WOLFSSL_CTX *ctx)
{
    const Suites *s = ssl->clSuites;
    bool is_13 = IsAtLeastTLSv1_3(ssl->version);

    if (!s || (!is_13 && !has_suite(s, ctx->privateKeyType == rsa_sa_algo)))
        return false;
    for (unsigned i = 0; i + 1 < s->hashSigAlgoSz; i += 2)
        if (signs_by(ctx, is_13, s->hashSigAlgo[i], s->hashSigAlgo[i + 1]))
            return true;
    return false;
}

static const char *name_asked_for(WOLFSSL *ssl, char host[TLS_HOST_BYTES + 1])
{
    void *name = NULL;
    word16 n = wolfSSL_SNI_GetRequest(ssl, WOLFSSL_SNI_HOST_NAME, &name);

    if (!name || n == 0 || n > TLS_HOST_BYTES || memchr(name, 0, n))
        return NULL;
    memcpy(host, name, n);
    host[n] = 0;
    return host;
}

/* Once the whole hello was read.  Of those that have the name the first that
 * the client can verify, else the first; a name that nobody has gets the first
 * of all that it can verify: the peer will say what it thinks (RFC 6066 3
 * allows either). */
int tls_choose(WOLFSSL *ssl, int *code, void *user)
{
    struct tls *tls = user;
    char room[TLS_HOST_BYTES + 1];
    const char *host = name_asked_for(ssl, room);
    WOLFSSL_CTX *named = NULL, *able = NULL;

    (void)code;
    if (tls->challenge && asks_for_challenge(ssl)) {
        show(ssl, tls->challenge);
        return 0;
    }
    for (unsigned i = 0; i < tls->nidentities; i++) {
        WOLFSSL_CTX *ctx = tls->server[i];
        struct span der = {ctx->certificate->buffer, ctx->certificate->length};
        bool has_name = host && path_is_for(&tls->mem, der, host);
        bool can = suits(ssl, ctx);

        if (has_name && can) {
            show(ssl, ctx);
            return 0;
        }
        named = has_name && !named ? ctx : named;
        able = can && !able ? ctx : able;
    }
    if (named || able)
        show(ssl, named ? named : able);
    return 0;
}
