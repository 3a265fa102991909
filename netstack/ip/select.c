/* SPDX-License-Identifier: ISC */
/*
 * select.c - see select.h.
 */
#include "../stack.h"

/* RFC 6724 3.1, with 3.2 for IPv4. */
enum { SCOPE_LINK = 2, SCOPE_SITE = 5, SCOPE_GLOBAL = 14 };

static unsigned scope(const struct ipaddr *a)
{
    if (ipaddr_is_v4(a))
        return ip4_is_link_local(ip4_of(a)) || ip4_is_loopback(ip4_of(a))
                   ? SCOPE_LINK
                   : SCOPE_GLOBAL;
    if (ip6_is_multicast(a))
        return a->b[1] & 15;
    if (ip6_is_link_local(a) || ip6_is_loopback(a))
        return SCOPE_LINK;
    return (be16(a->b) & 0xffc0) == 0xfec0 ? SCOPE_SITE : SCOPE_GLOBAL;
}

struct policy {
    uint32_t prefix;
    uint8_t bits, precedence, label;
};

/* RFC 6724 2.1: like goes with like, and some are liked better. */
static struct policy policy(const struct ipaddr *a)
{
    static const struct policy table[] = {{0x20020000, 16, 30, 2},
                                          {0x20010000, 32, 5, 5},
                                          {0xfc000000, 7, 3, 13},
                                          {0xfec00000, 10, 1, 11},
                                          {0x3ffe0000, 16, 1, 12}};

    if (ipaddr_is_v4(a))
        return (struct policy){.precedence = 35, .label = 4};
    if (ip6_is_loopback(a))
        return (struct policy){.precedence = 50, .label = 0};
    if ((be64(a->b) | be32(a->b + 8)) == 0)
        return (struct policy){.precedence = 1, .label = 3};
    for (unsigned i = 0; i < ARRAY_LEN(table); i++)
        if ((be32(a->b) ^ table[i].prefix) >> (32 - table[i].bits) == 0)
            return table[i];
    return (struct policy){.precedence = 40, .label = 1};
}

/* 2.2: as far as the source's own prefix goes. */
static unsigned common_bits(const struct ifaddr *a, const struct ipaddr *b)
{
    unsigned bits = addr_bits16(&a->addr, a->bits), n = 0;

    while (n < bits && addr_in_prefix(b, &a->addr, n + 1))
        n++;
    return n;
}

uint64_t select_router_bit(const struct net *net, const struct ipaddr *router)
{
    return UINT64_C(1) << siphash13(&net->hash_key, router, 16) % 64;
}

/* Whether `a` is a better source than `b`: the rules of 5 in order.  Both are
 * of the outgoing NIC (5), and no host here is mobile (4). */
static bool better6(const struct ifaddr *a, const struct ifaddr *b,
                    const struct ipaddr *dst, uint64_t router)
{
    unsigned want = scope(dst), sa = scope(&a->addr), sb = scope(&b->addr);
    unsigned label = policy(dst).label;
    bool x, y;

    if (addr_same(&a->addr, dst) || addr_same(&b->addr, dst))
        return addr_same(&a->addr, dst); /* 1 */
    if (sa != sb)
        return sa < sb ? sa >= want : sb < want; /* 2 */
    if ((a->state == ADDR_DEPRECATED) != (b->state == ADDR_DEPRECATED))
        return b->state == ADDR_DEPRECATED; /* 3 */
    if ((a->state == ADDR_OPTIMISTIC) != (b->state == ADDR_OPTIMISTIC))
        return b->state == ADDR_OPTIMISTIC; /* RFC 4429 3.1 */
    x = a->advertised_by & router;
    y = b->advertised_by & router;
    if (x != y)
        return x; /* 5.5 */
    x = policy(&a->addr).label == label;
    y = policy(&b->addr).label == label;
    if (x != y)
        return x; /* 6 */
    if (a->temporary != b->temporary)
        return a->temporary;                          /* 7 */
    return common_bits(a, dst) > common_bits(b, dst); /* 8 */
}

/* For IPv4: an address in the next hop's network, else one that routers pass
 * on. */
static bool better4(const struct ifaddr *a, const struct ifaddr *b,
                    const struct ipaddr *hop)
{
    bool ia = addr_in_prefix(hop, &a->addr, a->bits + 96u);
    bool ib = addr_in_prefix(hop, &b->addr, b->bits + 96u);

    if (!ia && !ib)
        return scope(&a->addr) > scope(&b->addr);
    return ia && (!ib || a->bits > b->bits);
}

bool select_source(const struct net *net, const struct nif *nif,
                   struct ip_path *path, const struct ipaddr *hop)
{
    const struct ifaddr *best = NULL;
    uint64_t router = select_router_bit(net, hop);

    for (unsigned i = 0; i < nif->naddrs; i++) {
        const struct ifaddr *a = &nif->addr[i];

        if (a->state < ADDR_OPTIMISTIC || ipaddr_is_v4(&a->addr) != path->v4)
            continue;
        if (!best || (path->v4 ? better4(a, best, hop)
                               : better6(a, best, &path->dst, router)))
            best = a;
    }
    if (best)
        path->src = best->addr;
    return best != NULL;
}

bool select_stays_behind(const struct ip_path *path, const struct ipaddr *hop)
{
    return !addr_same(hop, &path->dst) && scope(&path->src) < scope(&path->dst);
}

/* The rules of 6, the first the most significant; 4 and 7 are about mobile
 * hosts and tunnels.  9 is for IPv4 only about its own network, so that far
 * addresses stay in the order in which the server gave them. */
uint32_t select_rank(struct net *net, const struct ip_path *path)
{
    const struct ifaddr *src = addr_find(net_nif(net, path->netif), &path->src);
    struct policy d = policy(&path->dst);
    unsigned near = src ? common_bits(src, &path->dst) : 0;

    if (path->v4 && src && near < src->bits + 96u)
        near = 0;
    return 1u << 31 |                                                 /* 1 */
           (uint32_t)(scope(&path->src) == scope(&path->dst)) << 30 | /* 2 */
           (uint32_t)(!src || src->state != ADDR_DEPRECATED) << 29 |  /* 3 */
           (uint32_t)(policy(&path->src).label == d.label) << 28 |    /* 5 */
           (uint32_t)d.precedence << 16 |                             /* 6 */
           (uint32_t)(15 - scope(&path->dst)) << 8 |                  /* 8 */
           near;                                                      /* 9 */
}
