/* SPDX-License-Identifier: ISC */
/*
 * proof.c - see proof.h.  The text that is signed begins with a line that no
 * other use of such a key has, and names the CA: a machine in between cannot
 * pass a proof on as its own.
 */
#include "proof.h"

#include <string.h>

#include "page.h"
#include "pinata.h"

#define MINUTE     (60 * NS_PER_SEC)
#define TEXT_PLAIN SPAN("text/plain; charset=utf-8")

KEY_UINT(proofs, "proofs-per-minute", "N", 0, 1000000, "600",
         "that are signed, for all visitors together; 0: any number");

struct proof {
    char challenge[CHALLENGE_MAX + 1];
    char text[SIGNED_BYTES]; /* what is signed */
    size_t text_n;
    uint8_t signature[72]; /* DER */
    size_t signature_n;
};

static void hash(char out[SHA256_HEX_BYTES], struct span in)
{
    struct text t = {out, SHA256_HEX_BYTES, 0};
    uint8_t sha[X509_DIGEST_BYTES];

    x509_digest(sha, in);
    text_add_hex(&t, (struct span){sha, sizeof(sha)});
}

enum err proof_start(struct pinata *p)
{
    struct prover *v = &p->prover;
    struct span secret = {p->secret, p->secret_n};
    uint8_t der[128];
    const char *why = x509_key_of(&v->key, secret, p->ca.work);
    size_t n = why ? 0
                   : x509_public(&v->key, (struct mspan){der, sizeof(der)},
                                 p->ca.work);

    if (n)
        n = x509_pem_of("PUBLIC KEY", (struct span){der, n},
                        (struct mspan){(uint8_t *)v->public_pem,
                                       sizeof(v->public_pem) - 1});
    if (!n) {
        log_error(p->env->log, "pinata", "no key for proofs: %s",
                  why ? why : "it cannot be written");
        return E_INVAL;
    }
    v->public_pem[n] = 0;
    v->per_minute = (uint32_t)key_uint(p->env->keys, &key_proofs);
    hash(v->commitment, secret);
    log_info(p->env->log, "pinata", "the secret's SHA-256 is %s",
             v->commitment);
    return OK;
}

/* Evenly, and as many at once after a minute of quiet. */
static bool in_time(struct prover *v, ns_t now)
{
    ns_t each, start = v->busy_until > now ? v->busy_until : now;

    if (!v->per_minute)
        return true;
    each = MINUTE / v->per_minute;
    if (start + each > now + MINUTE)
        return false;
    v->busy_until = start + each;
    return true;
}

static bool good(const char *challenge, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)challenge[i];

        if (c < 0x20 || c >= 0x7f || strchr("\"\\<>&", c))
            return false;
    }
    return n > 0;
}

/* NULL, or why there is none. */
static const char *sign(struct pinata *p, struct proof *f)
{
    struct text t = {f->text, sizeof(f->text), 0};
    uint8_t raw[X509_ES256_BYTES];
    char ca[SHA256_HEX_BYTES];
    const char *why;

    hash(ca, (struct span){p->ca.pair.cert, p->ca.pair.cert_n});
    text_add(&t, "Billet Pinata proof 1\nchallenge: ");
    text_add(&t, f->challenge);
    text_add(&t, "\ncommitment: sha256:");
    text_add(&t, p->prover.commitment);
    text_add(&t, "\nca: sha256:");
    text_add(&t, ca);
    text_add(&t, "\n");
    f->text_n = t.n;
    if ((why = x509_sign(&p->prover.key, text_span(&t), raw, p->ca.work)))
        return why;
    f->signature_n = x509_sign_der(f->signature, raw);
    p->m.proofs++;
    return NULL;
}

/* False: it was answered why not. */
static bool prove(struct http_exchange *x, const struct http_request *rq,
                  struct pinata *p, struct proof *f)
{
    struct span raw;
    size_t n = 0;
    const char *why;

    if (!p->prover.key.key_n) { /* the disk is still being read */
        http_reply_page(x, 503, SPAN("Retry-After: 1\r\n" NO_STORE));
        return false;
    }
    if (!http_query(rq, "challenge", &raw) ||
        !http_decode(
            raw, (struct mspan){(uint8_t *)f->challenge, CHALLENGE_MAX}, &n) ||
        !good(f->challenge, n)) {
        http_reply(x, &(struct http_reply){
                          .status = 400,
                          .type = TEXT_PLAIN,
                          .body = SPAN(
                              "?challenge= wants 1 to 128 characters of ASCII, "
                              "without \" \\ < > &\n")});
        return false;
    }
    f->challenge[n] = 0;
    if (!in_time(&p->prover, loop_now(p->env->loop))) {
        p->m.proofs_limited++;
        http_reply_page(x, 429, SPAN("Retry-After: 1\r\n" NO_STORE));
        return false;
    }
    if ((why = sign(p, f))) {
        log_error(p->env->log, "pinata", "no proof: %s", why);
        http_reply_page(x, 500, SPAN(NO_STORE));
        return false;
    }
    return true;
}

static void reply(struct http_exchange *x, struct span type, struct span body)
{
    http_reply_copy(
        x, &(struct http_reply){.status = 200,
                                .type = type,
                                .fields = SPAN(NO_STORE "Vary: Accept\r\n"),
                                .body = body});
}

static void write_json(struct text *t, const struct pinata *p,
                       const struct proof *f)
{
    char hex[2 * sizeof(f->signature) + 1];
    struct text h = {hex, sizeof(hex), 0};

    text_add_hex(&h, (struct span){f->signature, f->signature_n});
    text_add(t, "{");
    text_add_member_text(t, "challenge", f->challenge);
    text_add_member_text(t, "commitment", p->prover.commitment);
    text_add_member_text(t, "signed", f->text);
    text_add_member_text(t, "signature", hex);
    text_add_member_text(t, "algorithm", "ECDSA P-256 SHA-256, DER in hex");
    text_add_member_text(t, "public_key", p->prover.public_pem);
    text_add(t, "}\n");
}

static void write_page(struct text *t, const struct proof *f)
{
    text_add(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">"
                "\n<link rel=\"stylesheet\" href=\"/style.css\">\n<title>Proof"
                "</title>\n<h1>Signed</h1>\n<pre>");
    text_add(t, f->text);
    text_add(t, "</pre>\n<p>by the key that is made of the secret, "
                "<a href=\"/proof.pub\">proof.pub</a>, with\n<pre>");
    text_add_hex(t, (struct span){f->signature, f->signature_n});
    text_add(t, "</pre>\n<p>Look yourself:\n<pre>"
                "c=$(openssl rand -hex 32)\n"
                "curl -so txt \"http://HOST/proof.txt?challenge=$c\"\n"
                "curl -so sig \"http://HOST/proof.sig?challenge=$c\"\n"
                "curl -so pub http://HOST/proof.pub\n"
                "grep $c txt\n"
                "openssl dgst -sha256 -verify pub -signature sig txt</pre>\n"
                "</html>\n");
}

void proof_page(struct http_exchange *x, const struct http_request *rq,
                void *user)
{
    bool person = http_prefers(rq, SPAN("text/html"), SPAN("application/json"));
    char body[HTTP_COPY_MAX - 128];
    struct text t = {body, sizeof(body), 0};
    struct proof f;

    if (!prove(x, rq, user, &f))
        return;
    if (person)
        write_page(&t, &f);
    else
        write_json(&t, user, &f);
    reply(x,
          person ? SPAN("text/html; charset=utf-8") : SPAN("application/json"),
          text_span(&t));
}

/* The same text for each time that a challenge is asked for. */
void proof_text(struct http_exchange *x, const struct http_request *rq,
                void *user)
{
    struct proof f;

    if (prove(x, rq, user, &f))
        reply(x, TEXT_PLAIN, (struct span){(uint8_t *)f.text, f.text_n});
}

void proof_signature(struct http_exchange *x, const struct http_request *rq,
                     void *user)
{
    struct proof f;

    if (prove(x, rq, user, &f))
        reply(x, SPAN("application/octet-stream"),
              (struct span){f.signature, f.signature_n});
}

void proof_public(struct http_exchange *x, const struct http_request *rq,
                  void *user)
{
    struct pinata *p = user;
    const char *pem = p->prover.public_pem;

    (void)rq;
    reply(x, SPAN("application/x-pem-file"),
          (struct span){(const uint8_t *)pem, strlen(pem)});
}

void proof_commitment(struct http_exchange *x, const struct http_request *rq,
                      void *user)
{
    struct pinata *p = user;
    char body[SHA256_HEX_BYTES + 1];
    struct text t = {body, sizeof(body), 0};

    (void)rq;
    text_add(&t, p->prover.commitment);
    text_add(&t, "\n");
    reply(x, TEXT_PLAIN, text_span(&t));
}
