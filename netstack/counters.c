/* SPDX-License-Identifier: ISC */
/*
 * counters.c - the stack's counters as metrics, and those of its NICs, which
 * are labelled with their networks' names.
 */
#include <base/fmt.h>

#include "stack.h"
#include "tcp/tcp.h"

METRICS_TABLE(net, NET_METRICS);
METRICS_TABLE(nic, NETIF_COUNTERS);

enum { LABEL_BYTES = 40 };

size_t counters_bytes(void)
{
    return NET_NETIFS_MAX * LABEL_BYTES + 16;
}

bool counters_init(struct net *net)
{
    net->nic_labels =
        arena_try(net->config.arena, NET_NETIFS_MAX * LABEL_BYTES, 16);
    return net->nic_labels != NULL;
}

static void refresh_stack(void *user)
{
    struct net *net = user;

    net->count.addresses = 0;
    for (unsigned nic = 0; nic < net->nnifs; nic++)
        for (unsigned i = 0; i < net->nif[nic].naddrs; i++)
            net->count.addresses += net->nif[nic].addr[i].state != ADDR_NONE;
    net->count.neighbours = net->cache.in_use;
    net->count.routes = net->routes.n;
    net->count.reassembling = net->frags.in_use;
    net->count.paths_narrow = net->pmtu.n;
}

void net_metrics(struct net *net, struct metrics *m)
{
    ntp_show(net, m);
    metrics_add_computed(m, &net_metrics_group, (const uint64_t *)&net->count,
                         refresh_stack, net);
    for (unsigned nic = 0; nic < net->nnifs; nic++) {
        const struct netif *dev = net->nif[nic].dev;
        char *label = net->nic_labels + nic * LABEL_BYTES;

        fmt(label, LABEL_BYTES, "net=\"%.24s\"", dev->name);
        metrics_add_labelled(m, &nic_metrics_group, &dev->counters.rx_frames,
                             label);
    }
    tcp_metrics(net->tcp, m);
}
