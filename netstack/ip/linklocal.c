/* SPDX-License-Identifier: ISC */
/*
 * linklocal.c - see linklocal.h.
 */
#include "../stack.h"

/* The address itself, or (false) the first that is routable and in use. */
static struct ifaddr *find4(struct nif *nif, bool link_local)
{
    for (unsigned i = 0; i < nif->naddrs; i++) {
        struct ifaddr *a = &nif->addr[i];

        if (a->state >= (link_local ? ADDR_DUPLICATE : ADDR_PREFERRED) &&
            ipaddr_is_v4(&a->addr) &&
            (a->origin == ORIGIN_LINK_LOCAL) == link_local)
            return a;
    }
    return NULL;
}

void link_local4_start(struct net *net, struct nif *nif, ns_t now)
{
    nif->link_local4.at =
        now + (nif->config.link_local4 == NET_ALWAYS ? 0 : LL4_WAIT_NS);
    if (nif->config.link_local4 != NET_NEVER)
        net_wake_at(net, nif->link_local4.at);
}

/* 2.1: from 169.254.1.0 to 169.254.254.255, the same after a restart as long
 * as nobody has it. */
static void try_one(struct net *net, struct nif *nif, ns_t now)
{
    uint64_t in = nif->mac << 16 | nif->link_local4.conflicts;
    uint64_t h = siphash24(&nif->stable_key, &in, sizeof(in));
    struct ifaddr a = {
        .addr = ip4_addr(UINT32_C(0xa9fe0100) + (uint32_t)(h % 0xfe00)),
        .bits = 16,
        .origin = ORIGIN_LINK_LOCAL,
        .preferred_until = NS_NEVER,
        .valid_until = NS_NEVER};

    addr_add(net, nif, &a, now);
}

void link_local4_conflict(struct net *net, struct nif *nif, ns_t now)
{
    struct link_local4 *l = &nif->link_local4;

    if (l->conflicts < UINT8_MAX)
        l->conflicts++;
    l->at = now + (l->conflicts > LL4_CONFLICTS_MAX ? LL4_RATE_NS : 0);
    net_wake_at(net, l->at);
}

ns_t link_local4_tick(struct net *net, struct nif *nif, ns_t now)
{
    struct link_local4 *l = &nif->link_local4;
    struct ifaddr *have = find4(nif, true);
    bool always = nif->config.link_local4 == NET_ALWAYS;

    if (nif->config.link_local4 == NET_NEVER)
        return NS_NEVER;
    if (!always && find4(nif, false)) { /* 1.9: what it stood in for is there */
        if (have)
            addr_remove(net, nif, have, now);
        l->at = NS_NEVER;
        return NS_NEVER;
    }
    if (have)
        return NS_NEVER;
    if (l->at == NS_NEVER) /* the lease has ended */
        l->at = now + LL4_WAIT_NS;
    if (now < l->at)
        return l->at;
    try_one(net, nif, now);
    return NS_NEVER;
}
