/* SPDX-License-Identifier: ISC */
/*
 * identity.c - the certificate and the key of a server: given by keys, by
 * files of the owner, or made here.
 */
#include "https_impl.h"

#include <base/fmt.h>
#include <billet/clock.h>
#include <string.h>

KEY_STRING(tls_cert, "tls-cert", "BASE64", NULL,
           "certificate chain, leaf first: base64 of PEM or of DER (default: "
           "the file `tls-cert`, else one is made)");
KEY_STRING(tls_key, "tls-key", "BASE64", NULL,
           "private key of the certificate: base64 of PEM or of DER (default: "
           "the file `tls-key`)",
           .secret = true);
KEY_STRING(tls_names, "tls-names", "NAME,...", "localhost",
           "names in a certificate that is made at boot, at most eight");

static void wipe(void *p, size_t n)
{
    memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory");
}

static int digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const char *at = strchr(digits, c);

    if (c == '+' || c == '-')
        return 62;
    if (c == '/' || c == '_')
        return 63;
    return at && c ? (int)(at - digits) : -1;
}

size_t identity_base64(const char *text, struct mspan out)
{
    size_t n = 0;
    uint32_t bits = 0;
    unsigned have = 0;

    for (; *text; text++) {
        int d = digit(*text);

        if (*text == '=' || *text == ' ' || *text == '\n' || *text == '\r')
            continue;
        if (d < 0)
            return 0;
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (n == out.n)
            return 0;
        out.p[n++] = (uint8_t)(bits >> have);
    }
    return n;
}

size_t identity_bytes(void)
{
    return 2 * PEM_BYTES + X509_WORK_BYTES + 64;
}

static bool is_file(struct env *env, const char *name, uint8_t *room)
{
    size_t n = given_file(name, (struct mspan){room, PEM_BYTES});

    wipe(room, n);
    if (n == PEM_BYTES)
        log_warn(env->log, "tls", "the file %s is longer than %u bytes", name,
                 (unsigned)PEM_BYTES);
    return n > 0;
}

bool identity_start(struct identity *id, struct env *env)
{
    bool cert = key_given(env->keys, &key_tls_cert);
    bool key = key_given(env->keys, &key_tls_key);

    id->env = env;
    id->chain = arena_alloc(env->arena, PEM_BYTES, 16);
    id->key = arena_alloc(env->arena, PEM_BYTES, 16);
    id->work = (struct mspan){arena_raw(env->arena, X509_WORK_BYTES, 16),
                              X509_WORK_BYTES};
    id->from_keys = cert;
    if (!cert && !key) {
        cert = is_file(env, "tls-cert", id->chain);
        key = is_file(env, "tls-key", id->key);
        id->from_files = cert;
    }
    if (cert == key)
        return true;
    log_error(env->log, "tls", "a %s was given without a %s",
              cert ? "certificate" : "key", cert ? "key" : "certificate");
    return false;
}

/* Splits the names in place, in `text`. */
static bool split_names(struct x509_wish *w, char *text)
{
    while (*text) {
        char *comma = strchr(text, ',');

        if (w->nnames == X509_NAMES_MAX || *text == ',')
            return false;
        w->names[w->nnames++] = text;
        if (!comma)
            break;
        *comma = 0;
        text = comma + 1;
    }
    w->common = w->names[0];
    return w->nnames > 0;
}

static void say_made(struct identity *id, const char *name)
{
    static const char hex[] = "0123456789ABCDEF";
    uint8_t digest[X509_DIGEST_BYTES];
    char text[3 * X509_DIGEST_BYTES];

    x509_digest(digest, (struct span){id->pair.cert, id->pair.cert_n});
    for (unsigned i = 0; i < sizeof(digest); i++) {
        text[3 * i] = hex[digest[i] >> 4];
        text[3 * i + 1] = hex[digest[i] & 15];
        text[3 * i + 2] = i + 1 < sizeof(digest) ? ':' : 0;
    }
    log_warn(id->env->log, "tls",
             "no certificate was given: made one for %s, signed by itself; "
             "SHA-256 %s",
             name, text);
}

static const char *make(struct identity *id)
{
    struct env *env = id->env;
    uint64_t now_s =
        clock_wall_ns(env->clock, loop_now(env->loop)) / NS_PER_SEC;
    struct x509_wish w = {
        .kind = X509_SERVER, .days = CERT_DAYS, .now_s = (int64_t)now_s};
    const char *names = key_string(env->keys, &key_tls_names), *why;
    char text[256];

    if (!now_s)
        return "the machine has no clock, without which no certificate is "
               "valid: -rtc base=utc, or --ntp";
    if (strlen(names) >= sizeof(text))
        return "--tls-names is longer than 255 bytes";
    memcpy(text, names, strlen(names) + 1);
    if (!split_names(&w, text))
        return "--tls-names has more than eight names, or an empty one";
    if ((why = x509_make(&id->pair, &w, id->work)))
        return why;
    id->renew_s = now_s + UINT64_C(86400) * CERT_DAYS * 2 / 3;
    say_made(id, w.common);
    return NULL;
}

static void wipe_both(struct identity *id)
{
    wipe(id->chain, PEM_BYTES);
    wipe(id->key, PEM_BYTES);
    x509_wipe(&id->pair);
}

static const char *check_given(struct mspan chain, struct mspan key,
                               struct tls_identity *out)
{
    if (chain.n == 0 || chain.n == PEM_BYTES)
        return "the certificate is empty, too long, or no base64";
    if (key.n == 0 || key.n == PEM_BYTES)
        return "the key is empty, too long, or no base64";
    *out = (struct tls_identity){{chain.p, chain.n}, {key.p, key.n}};
    return NULL;
}

/* From the source it was, each time. */
static const char *read_given(struct identity *id, struct tls_identity *out)
{
    struct mspan chain = {id->chain, PEM_BYTES}, key = {id->key, PEM_BYTES};

    if (id->from_keys) {
        chain.n =
            identity_base64(key_string(id->env->keys, &key_tls_cert), chain);
        key.n = identity_base64(key_string(id->env->keys, &key_tls_key), key);
    } else {
        chain.n = given_file("tls-cert", chain);
        key.n = given_file("tls-key", key);
    }
    return check_given(chain, key, out);
}

const char *identity_more(struct identity *id, unsigned n, bool *found,
                          const char *(*use)(void *,
                                             const struct tls_identity *),
                          void *user)
{
    struct mspan chain = {id->chain, PEM_BYTES}, key = {id->key, PEM_BYTES};
    struct tls_identity it = {0};
    const char *why = NULL;
    char name[16];

    fmt(name, sizeof(name), "tls-cert-%u", n);
    chain.n = given_file(name, chain);
    fmt(name, sizeof(name), "tls-key-%u", n);
    key.n = given_file(name, key);
    *found = chain.n || key.n;
    if (*found && !(why = check_given(chain, key, &it)))
        why = use(user, &it);
    wipe_both(id);
    return why;
}

const char *identity_with(struct identity *id,
                          const char *(*use)(void *,
                                             const struct tls_identity *),
                          void *user)
{
    struct tls_identity it = {0};
    const char *why;

    if (id->from_keys || id->from_files) {
        why = read_given(id, &it);
    } else {
        why = make(id);
        it.chain = (struct span){id->pair.cert, id->pair.cert_n};
        it.key = (struct span){id->pair.key, id->pair.key_n};
    }
    if (!why)
        why = use(user, &it);
    wipe_both(id);
    return why;
}
