/* SPDX-License-Identifier: ISC */
/*
 * group.c - see group.h: the table, joining and leaving.  What is said about
 * it on the wire is in group_report.c.
 */
#include "group.h"

#include "../stack.h"

static bool is_used(const struct group *g)
{
    return g->users || g->changes;
}

/* All hosts, all nodes: nobody needs to be told of these (RFC 3376 5). */
static bool is_everyone(const struct ipaddr *a)
{
    return ipaddr_is_v4(a)
               ? ip4_of(a) == UINT32_C(0xe0000001)
               : be64(a->b) == UINT64_C(0xff02) << 48 && be64(a->b + 8) == 1;
}

/* RFC 3810 6: nor of groups that do not leave the host. */
bool group_is_told(const struct ipaddr *a)
{
    return !is_everyone(a) && (ipaddr_is_v4(a) || (a->b[1] & 15) > 1);
}

static struct group *find(const struct nif *nif, const struct ipaddr *a)
{
    for (unsigned i = 0; i < nif->groups.n; i++)
        if (is_used(&nif->groups.group[i]) &&
            addr_same(&nif->groups.group[i].addr, a))
            return (struct group *)&nif->groups.group[i];
    return NULL;
}

bool group_has(const struct nif *nif, const struct ipaddr *a)
{
    const struct group *g = find(nif, a);

    return (g && g->users) || is_everyone(a);
}

bool group_has_mac(const struct nif *nif, mac_t mac)
{
    for (unsigned i = 0; i < nif->groups.n; i++)
        if (nif->groups.group[i].users && nif->groups.group[i].mac == mac)
            return true;
    return false;
}

struct ipaddr group_of_node(const struct ipaddr *a)
{
    struct ipaddr out = {{0xff, 2, [11] = 1, 0xff}};

    memcpy(out.b + 13, a->b + 13, 3);
    return out;
}

/* RFC 3376 5.1: the change is told at once, and again at random. */
static void tell(struct net *net, struct nif *nif, struct group *g, ns_t now)
{
    struct group_family *f = &nif->groups.family[ipaddr_is_v4(&g->addr)];

    if (!group_is_told(&g->addr))
        return;
    g->changes = f->robustness;
    f->change_at = now;
    net_wake_at(net, now);
}

void groups_tell(struct net *net, struct nif *nif, bool v4, ns_t now)
{
    for (unsigned i = 0; i < nif->groups.n; i++)
        if (nif->groups.group[i].users &&
            ipaddr_is_v4(&nif->groups.group[i].addr) == v4)
            tell(net, nif, &nif->groups.group[i], now);
}

/* A free slot, or that of a group which has been left. */
static struct group *make(struct nif *nif, const struct ipaddr *a)
{
    struct groups *t = &nif->groups;
    struct group *g = NULL;

    for (unsigned i = 0; i < GROUPS_MAX; i++) {
        if (!t->group[i].users)
            g = &t->group[i];
        if (!is_used(&t->group[i]))
            break;
    }
    if (!g)
        return NULL;
    if ((unsigned)(g - t->group) >= t->n)
        t->n = (unsigned)(g - t->group) + 1;
    *g = (struct group){.addr = *a,
                        .mac = group_mac(a, ipaddr_is_v4(a)),
                        .answer_at = NS_NEVER};
    return g;
}

static enum err join(struct net *net, struct nif *nif, const struct ipaddr *a,
                     ns_t now)
{
    struct group *g = find(nif, a);

    if (!g && !(g = make(nif, a)))
        return E_FULL;
    if (g->users == UINT16_MAX)
        return E_FULL;
    if (g->users++ == 0) {
        net->count.groups++;
        tell(net, nif, g, now);
    }
    return OK;
}

/* True when nobody here wants it any more. */
static bool leave(struct net *net, struct nif *nif, const struct ipaddr *a,
                  ns_t now)
{
    struct group *g = find(nif, a);

    if (!g || g->users == 0 || --g->users > 0)
        return false;
    net->count.groups--;
    g->answer_at = NS_NEVER;
    tell(net, nif, g, now);
    return true;
}

void group_join_node(struct net *net, struct nif *nif, const struct ipaddr *a,
                     ns_t now)
{
    struct ipaddr group = group_of_node(a);

    (void)join(net, nif, &group, now); /* there is a slot for each address */
}

void group_leave_node(struct net *net, struct nif *nif, const struct ipaddr *a,
                      ns_t now)
{
    struct ipaddr group = group_of_node(a);

    leave(net, nif, &group, now);
}

enum err ip_join(struct net *net, uint8_t netif, const struct ipaddr *a)
{
    struct nif *nif;
    enum err err;

    if (netif == 0 || netif > net->nnifs || !ipaddr_is_group(a))
        return E_INVAL;
    nif = net_nif(net, netif);
    if (nif->groups.joined == GROUPS_JOINED_MAX) {
        net->count.groups_full++;
        return E_FULL;
    }
    if (!(err = join(net, nif, a, net->now)))
        nif->groups.joined++;
    return err;
}

void ip_leave(struct net *net, uint8_t netif, const struct ipaddr *a)
{
    struct nif *nif;

    if (netif == 0 || netif > net->nnifs)
        return;
    nif = net_nif(net, netif);
    if (nif->groups.joined == 0 || !group_has(nif, a))
        return;
    nif->groups.joined--;
    leave(net, nif, a, net->now);
}

void groups_start(struct nif *nif)
{
    for (unsigned v4 = 0; v4 < 2; v4++)
        nif->groups.family[v4] =
            (struct group_family){.change_at = NS_NEVER,
                                  .answer_at = NS_NEVER,
                                  .interval_s = GROUP_INTERVAL_S,
                                  .robustness = GROUP_ROBUSTNESS};
}
