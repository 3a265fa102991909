/* SPDX-License-Identifier: ISC */
/*
 * state.c - account and certificate as one text for the store: fields of a
 * length each, in order.  That it is whole is the store's business.
 */
#include <base/bytes.h>

#include "acme_impl.h"

enum { FIELDS = 6, MAGIC_BYTES = 8 };
static const uint8_t magic[MAGIC_BYTES] = "billet1";

/* In order; texts end at their zero. */
static void fields(struct acme_state *s, struct mspan out[FIELDS])
{
    const struct mspan all[FIELDS] = {
        {(uint8_t *)s->directory, sizeof(s->directory)},
        {(uint8_t *)s->account, sizeof(s->account)},
        {(uint8_t *)s->names, sizeof(s->names)},
        {s->account_key.key, sizeof(s->account_key.key)},
        {s->key.key, sizeof(s->key.key)},
        {s->chain, sizeof(s->chain)}};

    memcpy(out, all, sizeof(all));
}

static void lengths(const struct acme_state *s, size_t out[FIELDS])
{
    const size_t all[FIELDS] = {strlen(s->directory), strlen(s->account),
                                strlen(s->names),     s->account_key.key_n,
                                s->key.key_n,         s->chain_n};

    memcpy(out, all, sizeof(all));
}

void acme_save(struct acme *a)
{
    struct acme_store *store = a->config.store;
    struct mspan field[FIELDS];
    size_t n[FIELDS], at = MAGIC_BYTES;
    uint8_t *p = a->scratch;
    enum err err;

    if (!store)
        return;
    fields(&a->state, field);
    lengths(&a->state, n);
    memcpy(p, magic, MAGIC_BYTES);
    _Static_assert(sizeof(struct acme_state) + MAGIC_BYTES + 4 * FIELDS <=
                       ACME_STATE_BYTES,
                   "the state has room");
    for (unsigned i = 0; i < FIELDS; i++) {
        put_be32(p + at, (uint32_t)n[i]);
        memcpy(p + at + 4, field[i].p, n[i]);
        at += 4 + n[i];
    }
    err = store->save(store, a->env, (struct span){p, at});
    memset(p, 0, at);
    if (err)
        log_error(a->env->log, "acme", "the state cannot be kept: %s",
                  err_name(err));
}

static bool read_state(struct acme_state *s, struct span text)
{
    struct mspan field[FIELDS];
    size_t n[FIELDS], at = MAGIC_BYTES;

    fields(s, field);
    if (text.n < MAGIC_BYTES || memcmp(text.p, magic, MAGIC_BYTES) != 0)
        return false;
    for (unsigned i = 0; i < FIELDS; i++) {
        if (text.n - at < 4 || be32(text.p + at) > text.n - at - 4 ||
            be32(text.p + at) >= field[i].n)
            return false;
        n[i] = be32(text.p + at);
        memcpy(field[i].p, text.p + at + 4, n[i]);
        at += 4 + n[i];
    }
    s->account_key.key_n = n[3];
    s->key.key_n = n[4];
    s->chain_n = n[5];
    return at == text.n;
}

/* What another CA, or other names, have left is of no use. */
void acme_load(struct acme *a)
{
    struct acme_store *store = a->config.store;
    struct acme_state *s = &a->state;
    struct mspan room = {a->scratch, sizeof(a->scratch)};
    size_t n = store ? store->load(store, a->env, room) : 0;

    if (n && !read_state(s, (struct span){room.p, n})) {
        log_warn(a->env->log, "acme", "what was kept cannot be read");
        memset(s, 0, sizeof(*s));
    }
    memset(room.p, 0, n);
    if (strcmp(s->directory, a->directory_url) != 0)
        memset(s, 0, sizeof(*s));
    if (strcmp(s->names, a->names_text) != 0)
        s->chain_n = 0;
}
