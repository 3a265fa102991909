/* SPDX-License-Identifier: ISC */
/*
 * pmtu.c - see pmtu.h.
 */
#include "../stack.h"

uint16_t pmtu_find(const struct net *net, const struct ipaddr *dst,
                   uint16_t otherwise)
{
    const struct pmtu *t = &net->pmtu;

    for (unsigned i = 0; t->n && i < PMTU_MAX; i++)
        if (t->path[i].mtu && addr_same(&t->path[i].dst, dst))
            return t->path[i].mtu < otherwise ? t->path[i].mtu : otherwise;
    return otherwise;
}

/* The entry of `dst`, else a free one, else the one that expires first. */
static unsigned slot_for(const struct pmtu *t, const struct ipaddr *dst)
{
    unsigned best = 0;

    for (unsigned i = 0; i < PMTU_MAX; i++) {
        if (t->path[i].mtu && addr_same(&t->path[i].dst, dst))
            return i;
        if (t->path[best].mtu &&
            (!t->path[i].mtu || t->path[i].until < t->path[best].until))
            best = i;
    }
    return best;
}

void ip_pmtu_update(struct net *net, const struct ipaddr *dst, uint16_t mtu,
                    ns_t now)
{
    struct pmtu *t = &net->pmtu;
    uint16_t least = ipaddr_is_v4(dst) ? PMTU_MIN4 : PMTU_MIN6;
    unsigned i = slot_for(t, dst);

    if (mtu < least)
        mtu = least;
    if (t->path[i].mtu && addr_same(&t->path[i].dst, dst) &&
        mtu >= t->path[i].mtu)
        return; /* never larger than before: RFC 8201 4 */
    t->n += t->path[i].mtu == 0;
    net->count.full__paths +=
        t->path[i].mtu && !addr_same(&t->path[i].dst, dst);
    t->path[i].dst = *dst;
    t->path[i].mtu = mtu;
    t->path[i].until = now + PMTU_LIFE_NS;
    net->path_gen++;
    net->count.pmtu_updates++;
    net_wake_at(net, t->path[i].until);
}

ns_t pmtu_tick(struct net *net, ns_t now)
{
    struct pmtu *t = &net->pmtu;
    ns_t due = NS_NEVER;

    for (unsigned i = 0; t->n && i < PMTU_MAX; i++) {
        if (!t->path[i].mtu)
            continue;
        if (now >= t->path[i].until) {
            t->path[i].mtu = 0;
            t->n--;
            net->path_gen++;
        } else if (t->path[i].until < due) {
            due = t->path[i].until;
        }
    }
    return due;
}
