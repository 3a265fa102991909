/* SPDX-License-Identifier: ISC */
/*
 * route_keys.c - see route_keys.h.
 */
#include "route_keys.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <ip/addr.h>
#include <keys/keys.h>
#include <wire/eth.h>

static const char *check_vlan(struct span v);
static const char *check_route(struct span v);

KEY_STRING(vlan, "vlan", "VID,...", NULL,
           "802.1Q tags to have a sub-interface NET.VID for, with keys of its "
           "own such as --NET.VID.ipv4; at most eight in all",
           .per_net = true, .check = check_vlan);
KEY_STRING(route, "route", "PREFIX@GATEWAY,...", NULL,
           "static routes, at most 16, such as "
           "10.1.0.0/16@10.0.0.9,2001:db8:1::/48@fe80::9",
           .per_net = true, .check = check_route);
KEY_UINT(metric, "metric", "N", 0, 65535, "0",
         "of two routes alike, the one of the network with the lower number "
         "is taken",
         .per_net = true);

enum { ROUTES_GIVEN_MAX = 16 };

struct given_route {
    struct net_addr to;
    struct ipaddr via;
};

static struct span part_until(struct span *rest, uint8_t mark)
{
    const uint8_t *at = rest->n ? memchr(rest->p, mark, rest->n) : NULL;
    struct span head = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
    size_t used = head.n + (at != NULL);

    *rest = (struct span){rest->p + used, rest->n - used};
    return head;
}

static bool parse_route(struct given_route *r, struct span text)
{
    struct span prefix = part_until(&text, '@'),
                addr = part_until(&prefix, '/');
    uint64_t bits;
    bool v4;

    if (!ipaddr_parse(&r->to.addr, addr) || !parse_u64(prefix, &bits) ||
        !ipaddr_parse(&r->via, text))
        return false;
    v4 = ipaddr_is_v4(&r->via);
    r->to.prefix_bits = (uint8_t)bits;
    return ipaddr_is_v4(&r->to.addr) == v4 && bits <= (v4 ? 32 : 128) &&
           !addr_is_zero(&r->via);
}

static unsigned parse_routes(struct given_route out[ROUTES_GIVEN_MAX],
                             struct span v)
{
    unsigned n = 0;

    while (v.n > 0)
        if (n == ROUTES_GIVEN_MAX ||
            !parse_route(&out[n++], part_until(&v, ',')))
            return 0;
    return n;
}

static const char *check_route(struct span v)
{
    struct given_route r[ROUTES_GIVEN_MAX];

    return parse_routes(r, v) ? NULL
                              : "one to 16 of PREFIX/LENGTH@GATEWAY of one "
                                "family, commas between";
}

static unsigned parse_vlans(uint16_t out[NET_VLANS_MAX], struct span v)
{
    unsigned n = 0;
    uint64_t vid;

    while (v.n > 0) {
        if (n == NET_VLANS_MAX || !parse_u64(part_until(&v, ','), &vid) ||
            vid == 0 || vid >= ETH_VID)
            return 0;
        for (unsigned i = 0; i < n; i++)
            if (out[i] == vid)
                return 0;
        out[n++] = (uint16_t)vid;
    }
    return n;
}

static const char *check_vlan(struct span v)
{
    uint16_t vids[NET_VLANS_MAX];

    return parse_vlans(vids, v) ? NULL
                                : "one to eight numbers of 1 to 4094, each "
                                  "once, commas between";
}

uint32_t route_keys_metric(const struct keys *k, const char *name)
{
    uint64_t v = 0;

    return parse_u64(span_of(key_string_for(k, &key_metric, name)), &v)
               ? (uint32_t)v
               : 0;
}

unsigned route_keys_vlan(const struct keys *k, const char *name, unsigned i)
{
    const char *text = key_string_for(k, &key_vlan, name);
    uint16_t vids[NET_VLANS_MAX];

    return text && i < parse_vlans(vids, span_of(text)) ? vids[i] : 0;
}

void ifaces_add(struct ifaces *f, const char *name,
                const struct netif_config *c)
{
    fmt(f->name[f->n], IFACE_NAME_BYTES, "%s", name);
    f->static4[f->n] = c->static4;
    f->static6[f->n] = c->static6;
    f->n++;
}

static bool is_beside(const struct net_addr *ours, const struct ipaddr *a)
{
    return ours->prefix_bits && ipaddr_is_v4(&ours->addr) == ipaddr_is_v4(a) &&
           addr_in_prefix(a, &ours->addr,
                          addr_bits16(&ours->addr, ours->prefix_bits));
}

/* The interface that a route given for none in particular is for: the one that
 * has its router beside it, else the only one.  0: cannot be told. */
static unsigned find_iface(const struct ifaces *f, const struct ipaddr *via)
{
    for (unsigned i = 0; i < f->n; i++)
        if (is_beside(&f->static4[i], via) || is_beside(&f->static6[i], via))
            return i + 1;
    return f->n == 1;
}

/* `netif` 0: to be found for each. */
static enum err add_routes(struct env *env, const struct ifaces *f,
                           const char *text, unsigned netif)
{
    struct given_route r[ROUTES_GIVEN_MAX];
    unsigned n = parse_routes(r, span_of(text)), to;
    char via[IPADDR_TEXT_BYTES];

    for (unsigned i = 0; i < n; i++) {
        to = netif ? netif : find_iface(f, &r[i].via);
        if (to && net_add_route(env->net, (uint8_t)to, &r[i].to, &r[i].via))
            continue;
        ipaddr_format(via, &r[i].via);
        log_error(env->log, "net",
                  to ? "too many routes, at %s"
                     : "no network is beside the router %s: give the route to "
                       "one, --%s.route=...",
                  via, f->name[0]);
        return E_INVAL;
    }
    return OK;
}

static bool has_iface(const struct env *env, const struct ifaces *f,
                      const struct key_given *g)
{
    char name[IFACE_NAME_BYTES];

    fmt(name, sizeof(name), "%.*s.%u", APP_NAME_BYTES,
        env->manifest->nets[g->net - 1], g->vlan);
    for (unsigned i = 0; i < f->n; i++)
        if (strcmp(f->name[i], name) == 0)
            return true;
    return false;
}

/* A key that would be of no effect is a mistake. */
static enum err check_ifaces(struct env *env, const struct ifaces *f)
{
    const struct keys *k = env->keys;
    char name[64];

    for (unsigned i = 0; i < k->ngiven; i++) {
        const struct key_given *g = &k->given[i];

        if (g->vlan == 0 || has_iface(env, f, g))
            continue;
        keys_given_name(k, g, name, sizeof(name));
        log_error(env->log, "net", "%s: there is no VLAN %u; write --%.*s.vlan",
                  name, g->vlan, APP_NAME_BYTES,
                  env->manifest->nets[g->net - 1]);
        return E_INVAL;
    }
    return OK;
}

enum err route_keys_up(struct env *env, const struct ifaces *f)
{
    const char *all = key_string(env->keys, &key_route);
    enum err err = check_ifaces(env, f);

    for (unsigned i = 0; i < f->n && !err; i++) {
        const char *own = key_string_for(env->keys, &key_route, f->name[i]);

        if (own && own != all)
            err = add_routes(env, f, own, i + 1);
    }
    return err || !all ? err : add_routes(env, f, all, 0);
}
