/* SPDX-License-Identifier: ISC */
/*
 * learn.c - see learn.h.
 */
#include "learn.h"

#include "../stack.h"
#include "../wire/ip4.h"

void learn_domains(struct net *net, struct nif *nif, struct span in,
                   enum origin origin)
{
    struct dns_name name;
    size_t at = 0;

    while (at < in.n && dns_name_read(&name, in, &at))
        dns_search_learnt(net, nif->index, &name, origin, NS_NEVER);
}

void learn_time(struct net *net, struct nif *nif, const struct ipaddr *a,
                unsigned n, enum origin origin)
{
    for (unsigned i = 0; i < n; i++)
        if (!ipaddr_is_v4(&a[i]) || ip4_is_unicast(ip4_of(&a[i])))
            ntp_server_learnt(net, nif->index, &a[i], origin);
}

void learn_clear(struct net *net, struct nif *nif, enum origin origin)
{
    dns_servers_clear(net, nif->index, origin);
    dns_search_clear(net, nif->index, origin);
    ntp_servers_clear(net, nif->index, origin);
}
