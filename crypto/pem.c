/* SPDX-License-Identifier: ISC */
#include "pem.h"

#include <string.h>

#include "der.h"

#define BEGIN  "-----BEGIN "
#define END    "-----END "
#define DASHES "-----"
enum { LABEL_MAX = 40, LINE = 64 /* characters, RFC 7468 3 */ };

/* The first `what` from `at` on, or text.n. */
static size_t find(struct span text, size_t at, const char *what)
{
    size_t n = strlen(what);

    for (; at + n <= text.n; at++)
        if (memcmp(text.p + at, what, n) == 0)
            return at;
    return text.n;
}

bool pem_next(struct span text, size_t *at, struct pem *out)
{
    size_t begin = find(text, *at, BEGIN), label = begin + sizeof(BEGIN) - 1;
    size_t body, end;

    if (begin == text.n)
        return false;
    body = find(text, label, DASHES);
    if (body == text.n || body - label > LABEL_MAX)
        return false;
    out->label = (struct span){text.p + label, body - label};
    body += sizeof(DASHES) - 1;
    end = find(text, body, END);
    if (end == text.n)
        return false;
    out->text = (struct span){text.p + body, end - body};
    *at = end + sizeof(END) - 1;
    return true;
}

bool pem_is(const struct pem *pem, const char *label)
{
    return pem->label.n == strlen(label) &&
           memcmp(pem->label.p, label, pem->label.n) == 0;
}

/* Of a key as of anything: not looked up in a table by it. */
static unsigned value_of(uint8_t c)
{
    unsigned upper = (unsigned)(c - 'A'), lower = (unsigned)(c - 'a');
    unsigned digit = (unsigned)(c - '0'), v = 64;

    v = upper < 26 ? upper : v;
    v = lower < 26 ? lower + 26 : v;
    v = digit < 10 ? digit + 52 : v;
    v = c == '+' ? 62 : v;
    return c == '/' ? 63 : v;
}

size_t pem_bytes(const struct pem *pem, uint8_t *out)
{
    uint32_t bits = 0;
    unsigned have = 0, pads = 0, chars = 0;
    size_t n = 0;

    for (size_t i = 0; i < pem->text.n; i++) {
        uint8_t c = pem->text.p[i];
        unsigned v = value_of(c);

        if (c == '\n' || c == '\r' || c == ' ' || c == '\t')
            continue;
        chars++;
        pads += c == '=';
        if (c == '=')
            continue;
        if (v > 63 || pads)
            return 0;
        bits = bits << 6 | v;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return chars % 4 || pads > 2 ? 0 : n;
}

static void add(struct mspan out, size_t *n, const char *text)
{
    size_t k = strlen(text);

    if (*n + k <= out.n)
        memcpy(out.p + *n, text, k);
    *n += k;
}

size_t pem_write(struct mspan out, const char *label, struct span der)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                                 "qrstuvwxyz0123456789+/";
    size_t n = 0;

    add(out, &n, BEGIN);
    add(out, &n, label);
    add(out, &n, DASHES "\n");
    for (size_t i = 0; i < der.n; i += 3) {
        size_t left = der.n - i;
        uint32_t v = (uint32_t)der.p[i] << 16;
        char four[6];

        v |= left > 1 ? (uint32_t)der.p[i + 1] << 8 : 0;
        v |= left > 2 ? der.p[i + 2] : 0;
        four[0] = digits[v >> 18];
        four[1] = digits[v >> 12 & 63];
        four[2] = left > 1 ? digits[v >> 6 & 63] : '=';
        four[3] = left > 2 ? digits[v & 63] : '=';
        four[4] = (i + 3) % (LINE / 4 * 3) == 0 || left <= 3 ? '\n' : 0;
        four[5] = 0;
        add(out, &n, four);
    }
    add(out, &n, END);
    add(out, &n, label);
    add(out, &n, DASHES "\n");
    return n <= out.n ? n : 0;
}

bool pem_is_der(struct span text)
{
    return text.n && text.p[0] == DER_SEQUENCE;
}

const char *pem_chain(struct span text, unsigned most, uint8_t *room,
                      struct mspan *out)
{
    struct pem pem;
    size_t at = 0, n;
    unsigned count = 0;

    *out = (struct mspan){room, 0};
    if (pem_is_der(text)) {
        memcpy(room, text.p, text.n);
        out->n = text.n;
        return NULL;
    }
    while (pem_next(text, &at, &pem)) {
        if (!pem_is(&pem, "CERTIFICATE") && !pem_is(&pem, "X509 CERTIFICATE"))
            continue;
        if (count++ == most)
            return "there are too many certificates";
        if (!(n = pem_bytes(&pem, room + out->n)))
            return "a certificate is no base64";
        out->n += n;
    }
    return count ? NULL : "there is no certificate in it";
}

/* An EncryptedPrivateKeyInfo begins with an algorithm, all others with their
 * version. */
static const char *key_form(struct span der)
{
    struct der key, first;

    if (!der_take(&der, DER_SEQUENCE, &key) || !der_next(&key.body, &first))
        return "the private key cannot be read";
    if (first.tag == DER_SEQUENCE)
        return "the private key is encrypted: give it in the clear";
    return NULL;
}

const char *pem_key(struct span text, uint8_t *room, struct mspan *out)
{
    struct pem pem;
    size_t at = 0;

    *out = (struct mspan){room, 0};
    if (pem_is_der(text)) {
        memcpy(room, text.p, text.n);
        out->n = text.n;
        return key_form(text);
    }
    while (pem_next(text, &at, &pem)) {
        if (pem_is(&pem, "ENCRYPTED PRIVATE KEY") ||
            find(pem.text, 0, "ENCRYPTED") < pem.text.n)
            return "the private key is encrypted: give it in the clear";
        if (pem_is(&pem, "OPENSSH PRIVATE KEY"))
            return "the private key is in the format of OpenSSH: give PKCS#8";
        if (!pem_is(&pem, "PRIVATE KEY") && !pem_is(&pem, "EC PRIVATE KEY") &&
            !pem_is(&pem, "RSA PRIVATE KEY"))
            continue;
        if (!(out->n = pem_bytes(&pem, room)))
            return "the private key is no base64";
        return key_form((struct span){room, out->n});
    }
    return "there is no private key in it";
}
