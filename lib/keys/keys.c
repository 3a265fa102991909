/* SPDX-License-Identifier: ISC */
/*
 * keys.c - the values in force.
 */
#include "keys.h"
#include "value.h"

#include <base/fmt.h>
#include <string.h>

/* scripts/keys-reference reads the table out of images, to make docs/keys.md.
 */
_Static_assert(sizeof(struct key) == 80 && offsetof(struct key, min) == 48 &&
                   offsetof(struct key, per_net) == 65,
               "keep scripts/keys-reference in step");

void keys_init(struct keys *keys, const struct key *first,
               const struct key *end, const struct manifest *manifest)
{
    char words[VALUE_WORDS_BYTES], bad[VALUE_WORDS_BYTES];

    *keys = (struct keys){.first = first, .end = end, .manifest = manifest};
    for (const struct key *k = first; k != end; k++)
        if (k->fallback && value_refused(k, span_of(k->fallback), words)) {
            fmt(bad, sizeof(bad), "--%s refuses its own default", k->name);
            panic(__FILE__, __LINE__, bad);
        }
}

static const struct key_given *
given(const struct keys *keys, const struct key *k, unsigned net, unsigned vlan)
{
    if (keys->read)
        keys->read[k - keys->first] = true;
    for (unsigned i = 0; i < keys->ngiven; i++)
        if (keys->given[i].key == k && keys->given[i].net == net &&
            keys->given[i].vlan == vlan)
            return &keys->given[i];
    return NULL;
}

const char *key_string(const struct keys *keys, const struct key *k)
{
    const struct key_given *g = given(keys, k, 0, 0);

    return g ? g->value : k->fallback;
}

const char *key_string_for(const struct keys *keys, const struct key *k,
                           const char *net)
{
    const struct key_given *g = NULL;
    const char *dot = memchr(net, '.', strlen(net));
    struct span name = span_of(net);
    uint64_t vlan = 0;

    if (dot && parse_u64(span_of(dot + 1), &vlan))
        name.n = (size_t)(dot - net);
    for (unsigned i = 0; i < APP_NETS_MAX; i++)
        if (name.n && span_eq(net_name(keys->manifest, i), name))
            g = given(keys, k, i + 1, (unsigned)vlan);
    return g ? g->value : key_string(keys, k);
}

bool key_flag(const struct keys *keys, const struct key *k)
{
    const char *text = key_string(keys, k);
    bool on = false;

    ASSERT(k->type == KEY_TYPE_FLAG);
    return text && value_flag(span_of(text), &on) && on;
}

uint64_t key_uint(const struct keys *keys, const struct key *k)
{
    const char *text = key_string(keys, k);
    uint64_t v = 0;

    ASSERT(k->type == KEY_TYPE_UINT);
    return text && parse_u64(span_of(text), &v) ? v : 0;
}

bool key_addr(const struct keys *keys, const struct key *k, struct ipaddr *out)
{
    const char *text = key_string(keys, k);

    ASSERT(k->type == KEY_TYPE_ADDR);
    return text && ipaddr_parse(out, span_of(text));
}

bool key_given(const struct keys *keys, const struct key *k)
{
    if (keys->read)
        keys->read[k - keys->first] = true;
    for (unsigned i = 0; i < keys->ngiven; i++)
        if (keys->given[i].key == k)
            return true;
    return false;
}

void keys_given_name(const struct keys *keys, const struct key_given *g,
                     char *out, size_t size)
{
    struct span net = {0};

    if (g->net)
        net = net_name(keys->manifest, g->net - 1u);
    if (g->vlan)
        fmt(out, size, "--%.*s.%u.%s", (int)net.n, net.p, g->vlan,
            g->key->name);
    else
        fmt(out, size, "--%.*s%s%s", (int)net.n, net.p, g->net ? "." : "",
            g->key->name);
}
