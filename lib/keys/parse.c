/* SPDX-License-Identifier: ISC */
/*
 * parse.c - arguments into the table of what was given, or one clear reason
 * why not.
 */
#include "suggest.h"
#include "value.h"

#include <base/bytes.h>
#include <base/fmt.h>

/* "--uplink.10.ipv4=dhcp": net "uplink", VLAN 10, name "ipv4", value "dhcp". */
struct argument {
    struct span net, name;
    uint16_t vlan;     /* 0: none */
    const char *value; /* NULL: there is no '=' */
};

/* Where the words of a refusal go. */
struct refusal {
    char *text;
    size_t size, n;
};

static void say(struct refusal *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct refusal *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    r->n += vfmt_clean(r->text + r->n, r->size - r->n, format, args);
    va_end(args);
}

static void say_name(struct refusal *r, const struct argument *a)
{
    say(r, "--%.*s%s", (int)a->net.n, a->net.p, a->net.n ? "." : "");
    if (a->vlan)
        say(r, "%u.", a->vlan);
    say(r, "%.*s", (int)a->name.n, a->name.p);
}

/* A number before the next dot is no name of a key. */
static const char *vlan_split(struct argument *a, const char *at)
{
    const char *end = at;
    uint64_t vlan;

    while (*end >= '0' && *end <= '9')
        end++;
    if (*end != '.' ||
        !parse_u64((struct span){(const uint8_t *)at, (size_t)(end - at)},
                   &vlan) ||
        vlan == 0 || vlan >= 4095)
        return at;
    a->vlan = (uint16_t)vlan;
    return end + 1;
}

static struct argument argument_split(const char *text)
{
    struct argument a = {.name = {0}};
    const char *start = text, *end;

    if (start[0] == '-' && start[1] == '-')
        start += 2;
    for (end = start; *end && *end != '='; end++)
        if (*end == '.' && !a.net.p) {
            a.net =
                (struct span){(const uint8_t *)start, (size_t)(end - start)};
            start = vlan_split(&a, end + 1);
            end = start - 1;
        }
    a.name = (struct span){(const uint8_t *)start, (size_t)(end - start)};
    a.value = *end ? end + 1 : NULL;
    return a;
}

static const struct key *find(const struct keys *keys, struct span name)
{
    for (const struct key *k = keys->first; k != keys->end; k++)
        if (span_eq(name, span_of(k->name)) ||
            (k->alias && span_eq(name, span_of(k->alias))))
            return k;
    return NULL;
}

/* The number of the network from 1; 0: there is none of that name. */
static uint8_t find_net(const struct keys *keys, struct span name)
{
    for (unsigned i = 0; i < APP_NETS_MAX; i++)
        if (name.n && span_eq(name, net_name(keys->manifest, i)))
            return (uint8_t)(i + 1);
    return 0;
}

static enum err refuse_unknown(const struct keys *keys,
                               const struct argument *a, struct refusal *r)
{
    const struct key *near[SUGGEST_MAX], *k = NULL;
    unsigned n;

    if (a->name.n > 3 && memcmp(a->name.p, "no-", 3) == 0)
        k = find(keys, (struct span){a->name.p + 3, a->name.n - 3});
    say(r, "unknown key ");
    say_name(r, a);
    if (k && k->type == KEY_TYPE_FLAG) {
        say(r, ": write --%s=off", k->name);
        return E_INVAL;
    }
    n = suggest(keys, a->name, near);
    for (unsigned i = 0; i < n; i++)
        say(r, "%s--%s%s", i == 0 ? ": did you mean " : " or ", near[i]->name,
            i + 1 == n ? "?" : "");
    say(r, "%s --help lists all keys", n ? "" : ";");
    return E_INVAL;
}

static enum err refuse_net(const struct keys *keys, const struct argument *a,
                           const struct key *k, struct refusal *r)
{
    say_name(r, a);
    if (!k->per_net) {
        say(r, ": write --%s, which is not for one network alone", k->name);
        return E_INVAL;
    }
    say(r, ": no network is named \"%.*s\"", (int)a->net.n, a->net.p);
    for (unsigned i = 0; i < APP_NETS_MAX; i++) {
        struct span name = net_name(keys->manifest, i);

        if (name.n)
            say(r, "%s%.*s", i == 0 ? "; this image has " : " and ",
                (int)name.n, name.p);
    }
    return E_INVAL;
}

static enum err refuse_value(const struct argument *a, const char *value,
                             const char *accepted, struct refusal *r)
{
    say_name(r, a);
    say(r, "=%.64s is not accepted: wanted is %s", value, accepted);
    return E_INVAL;
}

static enum err refuse_no_value(const struct argument *a, const struct key *k,
                                struct refusal *r)
{
    say_name(r, a);
    say(r, " wants a value: --%s=%s", k->name, k->what);
    return E_INVAL;
}

/* Where the value of this key and network is kept; NULL when all is full. */
static struct key_given *slot(struct keys *keys, const struct key *k,
                              uint8_t net, uint16_t vlan)
{
    struct key_given *g = keys->given;

    for (unsigned i = 0; i < keys->ngiven; i++, g++)
        if (g->key == k && g->net == net && g->vlan == vlan)
            return g;
    if (keys->ngiven == KEYS_GIVEN_MAX)
        return NULL;
    keys->ngiven++;
    *g = (struct key_given){.key = k, .net = net, .vlan = vlan};
    return g;
}

static enum err take(struct keys *keys, const char *text, const char *source,
                     struct refusal *r)
{
    struct argument a = argument_split(text);
    const struct key *k = find(keys, a.name);
    uint8_t net = a.net.p ? find_net(keys, a.net) : 0;
    char words[VALUE_WORDS_BYTES];
    const char *accepted, *value = a.value;
    struct key_given *g;

    if (!k)
        return refuse_unknown(keys, &a, r);
    if (a.net.p && (net == 0 || !k->per_net))
        return refuse_net(keys, &a, k, r);
    if (!value && k->type != KEY_TYPE_FLAG)
        return refuse_no_value(&a, k, r);
    value = value ? value : "on";
    if ((accepted = value_refused(k, span_of(value), words)))
        return refuse_value(&a, k->secret ? "..." : value, accepted, r);
    if (!(g = slot(keys, k, net, a.vlan))) {
        say(r, "more than %d keys are given", KEYS_GIVEN_MAX);
        return E_FULL;
    }
    g->times = (uint8_t)(g->source != source ? 1 : g->times + (g->times < 255));
    g->value = value;
    g->source = source;
    return OK;
}

enum err keys_parse(struct keys *keys, const char *const *args,
                    const char *source, char *error, size_t size)
{
    struct refusal r = {.text = error, .size = size};
    enum err err;

    if (size)
        error[0] = 0;
    for (; *args; args++)
        if (strcmp(*args, "--") != 0 && (err = take(keys, *args, source, &r)))
            return err;
    return OK;
}
