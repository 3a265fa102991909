/* SPDX-License-Identifier: ISC */
/*
 * tls_staple.c - OCSP answers beside certificates (RFC 6066 8, RFC 8446
 * 4.4.2.1): shown by servers, judged by clients.
 *
 * The library's own module for it asks responders over HTTP and judges by trust
 * of its own; neither is in this build, and what is asked of it is answered
 * here.
 */
#include <string.h>

#include "ocsp.h"
#include "tls_impl.h"

/* Of one certificate; the library frees it with the context. */
struct tls_staple {
    WOLFSSL_OCSP ocsp;
    size_t n; /* 0: there is none */
    uint8_t bytes[];
};

static int on_status(WOLFSSL *ssl, void *user)
{
    const struct tls_staple *s = user;
    uint8_t *copy;

    if (s->n == 0 || ssl->ocspCsrResp[0].buffer)
        return s->n ? WOLFSSL_OCSP_STATUS_CB_OK : WOLFSSL_OCSP_STATUS_CB_NOACK;
    if (!(copy = crypto_mem_get(ssl->heap, s->n)))
        return WOLFSSL_OCSP_STATUS_CB_ALERT_FATAL;
    memcpy(copy, s->bytes, s->n);
    ssl->ocspCsrResp[0].buffer = copy;
    ssl->ocspCsrResp[0].length = (word32)s->n;
    return WOLFSSL_OCSP_STATUS_CB_OK;
}

const char *tls_set_staple(struct tls *tls, WOLFSSL_CTX *ctx, struct span ocsp)
{
    struct tls_staple *s;

    if (ocsp.n > OCSP_BYTES_MAX)
        return "the OCSP answer is too long";
    crypto_mem_enter(&tls->mem, NULL);
    if (!(s = crypto_mem_get(&tls->mem, sizeof(*s) + ocsp.n)))
        return "no memory for the OCSP answer";
    *s = (struct tls_staple){.n = ocsp.n};
    s->ocsp.statusCb = on_status;
    s->ocsp.statusCbArg = s;
    if (ocsp.n)
        memcpy(s->bytes, ocsp.p, ocsp.n);
    crypto_mem_put(ctx->cm->ocsp_stapling);
    ctx->cm->ocsp_stapling = &s->ocsp;
    /* The first one is looked at before a name has chosen another. */
    tls->staples = tls->staples || ocsp.n;
    ctx->cm->ocspStaplingEnabled = tls->staples;
    if (tls->nidentities && tls->server[0])
        tls->server[0]->cm->ocspStaplingEnabled = tls->staples;
    return NULL;
}

const char *tls_keep_staple(struct tls *tls, const WOLFSSL_CTX *from,
                            WOLFSSL_CTX *to)
{
    const struct tls_staple *had = (const void *)from->cm->ocsp_stapling;
    const DerBuffer *a = from->certificate, *b = to->certificate;

    if (a->length != b->length || memcmp(a->buffer, b->buffer, a->length) != 0)
        return NULL;
    return tls_set_staple(tls, to, (struct span){had->bytes, had->n});
}

const char *tls_staple(struct tls *tls, unsigned index, struct span ocsp)
{
    ASSERT(index < tls->nidentities);
    return tls_set_staple(tls, tls->server[index], ocsp);
}

bool tls_ask_staple(struct tls_session *x)
{
    return TLSX_UseCertificateStatusRequest(
               &x->ssl->extensions, WOLFSSL_CSR_OCSP, 0, x->ssl, x->ssl->heap,
               x->ssl->devId) == WOLFSSL_SUCCESS;
}

static struct path_answer judge(struct tls_session *x, struct span staple,
                                struct span cert, struct span issuer)
{
    struct ocsp_question q = {.answer = staple,
                              .cert = cert,
                              .issuer = issuer,
                              .now_s =
                                  (int64_t)(tls_wall_ns(x->tls) / NS_PER_SEC)};

    x->stapled = true;
    return ocsp_check(&q, &x->tls->mem);
}

/* What TLS 1.3 has beside the certificate. */
static struct span shown(const WOLFSSL *ssl)
{
    const TLSX *ext = TLSX_Find(ssl->extensions, TLSX_STATUS_REQUEST);
    const CertificateStatusRequest *csr = ext ? ext->data : NULL;

    if (!csr || !csr->responses[0].buffer)
        return (struct span){0};
    return (struct span){csr->responses[0].buffer, csr->responses[0].length};
}

struct path_answer tls_judge_staple(struct tls_session *x, struct span cert,
                                    struct span issuer)
{
    static const struct path_answer good = {0};

    x->must_staple = ocsp_must_staple(cert);
    if (!issuer.n) /* trusted itself: nobody else is asked */
        return good;
    if (!IsAtLeastTLSv1_3(x->ssl->version)) {
        /* it comes in a message of its own */
        x->issuer = crypto_mem_get(&x->tls->mem, issuer.n);
        if (!x->issuer)
            return (struct path_answer){
                .alert = internal_error,
                .why = "no memory is left for this session"};
        memcpy(x->issuer, issuer.p, issuer.n);
        x->issuer_n = (uint32_t)issuer.n;
        return good;
    }
    if (shown(x->ssl).n)
        return judge(x, shown(x->ssl), cert, issuer);
    return x->must_staple
               ? (struct path_answer){.alert = bad_certificate_status_response,
                                      .why = TLS_NO_STAPLE}
               : good;
}

int tls_on_staple(WOLFSSL *ssl, int error, byte *response, word32 n, word32 at,
                  void *user)
{
    struct tls_session *x = ssl->IOCB_ReadCtx;
    struct path_answer a;

    (void)error; /* by a trust that is not ours */
    (void)user;
    if (at > 0 || IsAtLeastTLSv1_3(ssl->version))
        return 0; /* tls_judge_staple() does */
    if (!x->issuer || !x->peer)
        return BAD_CERTIFICATE_STATUS_ERROR;
    a = judge(x, (struct span){response, n}, (struct span){x->peer, x->peer_n},
              (struct span){x->issuer, x->issuer_n});
    return a.alert ? tls_refuse(x, a.alert, a.why) - 1 : 0;
}

void tls_drop_issuer(struct tls_session *x)
{
    crypto_mem_put(x->issuer);
    x->issuer = NULL;
    x->issuer_n = 0;
}

/* The library would read the answer before it calls tls_on_staple(), which
 * reads it itself. */
int tls_ocsp_decode(OcspResponse *response, void *cm, void *heap, int any_cert,
                    int any_signature)
{
    (void)response;
    (void)cm;
    (void)heap;
    (void)any_cert;
    (void)any_signature;
    return 0;
}

/* What the library asks of its own module: it knows nothing. */
int InitOCSP(WOLFSSL_OCSP *ocsp, WOLFSSL_CERT_MANAGER *cm)
{
    (void)ocsp;
    (void)cm;
    return NOT_COMPILED_IN;
}

void FreeOCSP(WOLFSSL_OCSP *ocsp, int dynamic)
{
    (void)dynamic;
    crypto_mem_put(ocsp);
}

int CheckCertOCSP(WOLFSSL_OCSP *ocsp, DecodedCert *cert)
{
    (void)ocsp;
    (void)cert;
    return OCSP_LOOKUP_FAIL;
}

int CheckCertOCSP_ex(WOLFSSL_OCSP *ocsp, DecodedCert *cert, WOLFSSL *ssl)
{
    (void)ssl;
    return CheckCertOCSP(ocsp, cert);
}

int CheckOcspRequest(WOLFSSL_OCSP *ocsp, OcspRequest *request, buffer *response,
                     void *heap)
{
    (void)request;
    (void)response;
    (void)heap;
    return CheckCertOCSP(ocsp, NULL);
}

int CheckOcspResponse(WOLFSSL_OCSP *ocsp, byte *response, int n, buffer *out,
                      CertStatus *status, OcspEntry *entry,
                      OcspRequest *request, void *heap)
{
    (void)n;
    (void)status;
    (void)entry;
    (void)response;
    return CheckOcspRequest(ocsp, request, out, heap);
}

int CheckOcspResponder(OcspResponse *response, byte *name, byte *key, byte use,
                       byte *issuer, byte *issuer_key)
{
    (void)response;
    (void)name;
    (void)key;
    (void)use;
    (void)issuer;
    (void)issuer_key;
    return OCSP_LOOKUP_FAIL;
}
