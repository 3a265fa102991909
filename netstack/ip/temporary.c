/* SPDX-License-Identifier: ISC */
/*
 * temporary.c - see temporary.h.
 */
#include "../stack.h"

static ns_t earlier(ns_t a, ns_t b)
{
    return a < b ? a : b;
}

struct ipaddr temporary_id(struct net *net, const struct ipaddr *in)
{
    struct ipaddr out = addr_prefix(in, 64);

    rng_bytes(&net->rng, out.b + 8, 8);
    if (be64(out.b + 8) == 0 || be32(out.b + 8) == UINT32_C(0xfdffffff))
        out.b[9] = 1; /* RFC 5453: has a meaning of its own */
    return out;
}

static bool is_below(const struct ifaddr *a, const struct ifaddr *stable)
{
    return a->state != ADDR_NONE && a->temporary &&
           addr_in_prefix(&a->addr, &stable->addr, 64);
}

/* 3.4: not longer than the prefix, nor than a day or two in all. */
static void set_lifetimes(struct ifaddr *a, const struct ifaddr *stable)
{
    a->valid_until = earlier(stable->valid_until, a->made + TEMP_VALID_NS);
    a->preferred_until =
        earlier(stable->preferred_until,
                a->made + TEMP_PREFERRED_NS - a->desync_s * NS_PER_SEC);
}

void temporary_renew(struct net *net, struct nif *nif,
                     const struct ifaddr *stable, ns_t now)
{
    if (!nif->config.temporary6)
        return;
    for (unsigned i = 0; i < nif->naddrs; i++)
        if (is_below(&nif->addr[i], stable)) {
            struct ifaddr a = nif->addr[i];

            set_lifetimes(&a, stable);
            addr_add(net, nif, &a, now);
        }
    net_wake_at(net, now);
}

static void give_up_oldest(struct net *net, struct nif *nif, ns_t now)
{
    struct ifaddr *oldest = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < nif->naddrs; i++) {
        struct ifaddr *a = &nif->addr[i];

        if (a->state == ADDR_NONE || !a->temporary)
            continue;
        n++;
        if (a->succeeded && (!oldest || a->made < oldest->made))
            oldest = a;
    }
    if (n >= TEMP_ADDRS_MAX && oldest)
        addr_remove(net, nif, oldest, now);
}

static bool make(struct net *net, struct nif *nif, const struct ifaddr *stable,
                 ns_t now)
{
    struct ifaddr a = {.addr = temporary_id(net, &stable->addr),
                       .origin = ORIGIN_RA,
                       .bits = 64,
                       .temporary = true,
                       .made = now,
                       .desync_s = rng_below(&net->rng, TEMP_DESYNC_MAX_S),
                       .advertised_by = stable->advertised_by};
    unsigned n = 0;

    give_up_oldest(net, nif, now);
    for (unsigned i = 0; i < nif->naddrs; i++)
        n += nif->addr[i].state != ADDR_NONE && nif->addr[i].temporary;
    set_lifetimes(&a, stable);
    return n < TEMP_ADDRS_MAX && addr_add(net, nif, &a, now);
}

/* The youngest below the prefix, as long as it lasts; a new one in time, 3.5.
 * Returns when to look again. */
static ns_t keep(struct net *net, struct nif *nif, const struct ifaddr *stable,
                 ns_t now)
{
    struct ifaddr *current = NULL;

    for (unsigned i = 0; i < nif->naddrs; i++)
        if (is_below(&nif->addr[i], stable) && !nif->addr[i].succeeded)
            current = &nif->addr[i];
    if (current && now + TEMP_ADVANCE_NS < current->preferred_until)
        return current->preferred_until - TEMP_ADVANCE_NS;
    if (now + TEMP_ADVANCE_NS >= stable->preferred_until)
        return NS_NEVER; /* the prefix itself ends; renewing it wakes us */
    if (!make(net, nif, stable, now))
        return now + TEMP_RETRY_NS;
    if (current)
        current->succeeded = true;
    return now + TEMP_ADVANCE_NS;
}

ns_t temporary_tick(struct net *net, struct nif *nif, ns_t now)
{
    ns_t due = NS_NEVER;

    for (unsigned i = 0; nif->config.temporary6 && i < nif->naddrs; i++) {
        const struct ifaddr *a = &nif->addr[i];

        if (a->state >= ADDR_OPTIMISTIC && a->origin == ORIGIN_RA &&
            !a->temporary)
            due = earlier(due, keep(net, nif, a, now));
    }
    return due;
}
