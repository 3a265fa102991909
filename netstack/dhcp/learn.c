/* SPDX-License-Identifier: ISC */
/*
 * learn.c - see learn.h.
 */
#include "learn.h"

#include "../stack.h"

void learn_domains(struct net *net, struct nif *nif, struct span in,
                   enum origin origin)
{
    struct dns_name name;
    size_t at = 0;

    while (at < in.n && dns_name_read(&name, in, &at))
        dns_search_learnt(net, nif->index, &name, origin, NS_NEVER);
}

void learn_clear(struct net *net, struct nif *nif, enum origin origin)
{
    dns_servers_clear(net, nif->index, origin);
    dns_search_clear(net, nif->index, origin);
}
