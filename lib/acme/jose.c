/* SPDX-License-Identifier: ISC */
/*
 * jose.c - requests signed by the account's key: JWS in its flattened form (RFC
 * 7515 7.2.2), ES256 (RFC 7518 3.4), and the key's thumbprint (RFC 7638).
 */
#include <base/bytes.h>
#include <base/fmt.h>

#include "acme_impl.h"

enum { COORDINATE = X509_ES256_BYTES / 2, COORDINATE_TEXT = 43 };

/* The public key as RFC 7638 3.2 wants it: members in order, no blanks. */
static bool key_text(struct acme *a, char *out, size_t size)
{
    uint8_t point[X509_ES256_BYTES];
    char x[COORDINATE_TEXT + 1] = "", y[COORDINATE_TEXT + 1] = "";

    if (x509_point(&a->state.account_key, point, a->work))
        return false;
    base64url(x, (struct span){point, COORDINATE});
    base64url(y, (struct span){point + COORDINATE, COORDINATE});
    fmt(out, size,
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
    return true;
}

bool jose_print(struct acme *a)
{
    uint8_t digest[32];
    char text[192];

    if (!key_text(a, text, sizeof(text)))
        return false;
    x509_digest(digest, span_of(text));
    base64url(a->print, (struct span){digest, sizeof(digest)});
    a->print[ACME_PRINT_BYTES] = 0;
    return true;
}

void jose_keyauth(struct acme *a, const char *token)
{
    fmt(a->keyauth, sizeof(a->keyauth), "%s.%s", token, a->print);
}

/* RFC 8555 6.2. */
static size_t protect(struct acme *a, const char *url, bool with_key,
                      struct mspan room)
{
    struct json_out o = {.room = room};
    char key[192];

    if (with_key && !key_text(a, key, sizeof(key)))
        return 0;
    json_open(&o, '{');
    json_name(&o, "alg");
    json_string(&o, SPAN("ES256"));
    json_name(&o, with_key ? "jwk" : "kid");
    if (with_key)
        json_raw(&o, span_of(key));
    else
        json_string(&o, span_of(a->state.account));
    json_name(&o, "nonce");
    json_string(&o, span_of(a->nonce));
    json_name(&o, "url");
    json_string(&o, span_of(url));
    json_close(&o, '}');
    return o.full ? 0 : o.n;
}

bool jose_sign(struct acme *a, const char *url, struct span payload,
               bool with_key)
{
    uint8_t head[2 * ACME_URL_BYTES + 512], raw[X509_ES256_BYTES];
    char signature[88];
    size_t head_n =
        protect(a, url, with_key, (struct mspan){head, sizeof(head)});
    size_t n = base64url_bytes(head_n), m = base64url_bytes(payload.n);
    struct json_out o = {.room = {(uint8_t *)a->body, sizeof(a->body)}};
    struct span first = {(const uint8_t *)a->signing, n};
    struct span second = {(const uint8_t *)a->signing + n + 1, m};

    if (head_n == 0 || n + 1 + m > sizeof(a->signing))
        return false;
    base64url(a->signing, (struct span){head, head_n});
    a->signing[n] = '.';
    base64url(a->signing + n + 1, payload);
    if (x509_sign(&a->state.account_key, (struct span){first.p, n + 1 + m}, raw,
                  a->work))
        return false;
    base64url(signature, (struct span){raw, sizeof(raw)});
    json_open(&o, '{');
    json_name(&o, "protected");
    json_string(&o, first);
    json_name(&o, "payload");
    json_string(&o, second);
    json_name(&o, "signature");
    json_string(&o, (struct span){(const uint8_t *)signature,
                                  base64url_bytes(sizeof(raw))});
    json_close(&o, '}');
    a->body_n = o.n;
    return !o.full;
}
