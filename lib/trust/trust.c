/* SPDX-License-Identifier: ISC */
/*
 * trust.c - roots from the key, the owner's file, or the image, and a TLS
 * client that trusts them.
 */
#include <billet/trust.h>
#include <proto/json.h>
#include <string.h>

enum { TRUST_SESSIONS = 4 };

KEY_STRING(trust, "trust", "BASE64", NULL,
           "roots that servers must lead to: base64 of PEM or of DER (default: "
           "the file `trust`, else those baked in)");

/* One of the places where the owner may put roots. */
struct place {
    const struct key *key; /* NULL: none */
    const char *file;      /* NULL: none */
};

static size_t there(const struct env *env, const struct place *p)
{
    uint8_t first;

    if (p->key && key_given(env->keys, p->key))
        return strlen(key_string(env->keys, p->key)) + 1;
    if (p->file && given_file(p->file, (struct mspan){&first, 1}))
        return TRUST_GIVEN_MAX + 1;
    return 0;
}

/* Bytes to read it into; 0: the owner has given none. */
static size_t look(const struct env *env, const struct trust_config *c,
                   struct place *out)
{
    struct place own = {c->key, c->file}, all = {&key_trust, "trust"};
    size_t n = there(env, &own);

    *out = n ? own : all;
    return n ? n : there(env, &all);
}

static uint32_t sessions(const struct trust_config *c)
{
    return c->sessions ? c->sessions : TRUST_SESSIONS;
}

uint32_t trust_bytes(const struct env *env, const struct trust_config *c)
{
    struct place p;
    size_t given = look(env, c, &p);

    return (uint32_t)(tls_bytes(sessions(c)) +
                      (given ? 2 * given : c->roots.n) + 64);
}

/* Either alphabet, with or without padding, lines or blanks. */
static size_t from_base64(const char *text, struct mspan room)
{
    size_t n = 0, got;

    for (; *text; text++) {
        char c = *text;

        if (c == '=' || c == ' ' || c == '\n' || c == '\r')
            continue;
        room.p[n++] = (uint8_t)(c == '+' ? '-' : c == '/' ? '_' : c);
    }
    /* What is decoded is never ahead of what is read. */
    return base64url_decode((struct span){room.p, n}, room, &got) ? got : 0;
}

static const char *read_given(struct env *env, const struct place *p, size_t n,
                              struct span *out)
{
    struct mspan room = {arena_raw(env->arena, n, 16), n};

    if (p->key && key_given(env->keys, p->key)) {
        room.n = from_base64(key_string(env->keys, p->key), room);
        if (room.n == 0)
            return "the roots are no base64";
    } else {
        room.n = given_file(p->file, room);
        if (room.n > TRUST_GIVEN_MAX)
            return "the file of roots is longer than 256 KiB";
    }
    *out = (struct span){room.p, room.n};
    return NULL;
}

struct tls *trust_client(struct env *env, const struct trust_config *c,
                         const char **why)
{
    struct tls_config t = {
        .trust = c->roots, .sessions = sessions(c), .labels = c->labels};
    struct place p;
    size_t given = look(env, c, &p);

    if (given && (*why = read_given(env, &p, given, &t.trust)))
        return NULL;
    if (t.trust.n == 0) {
        *why = "no roots are given, and none are baked in: --trust";
        return NULL;
    }
    return tls_new(env, &t, why);
}

enum err trust_secure(void *tls, struct stream *lower, const char *host,
                      struct stream **out)
{
    return tls_connect(tls, lower, host, out);
}
