/* SPDX-License-Identifier: ISC */
/*
 * counters.c - the stack's counters as metrics, and those of its NICs.
 *
 * A NIC's counters are labelled with its network's name, which only the running
 * image knows; so their table is made here, a row for each counter and NIC.
 */
#include <base/fmt.h>

#include "stack.h"
#include "tcp/tcp.h"

METRICS_TABLE(net, NET_METRICS);

static const struct metric nic_metric[] = {NETIF_COUNTERS(METRICS_ROW_)};

enum { NIC_COUNTERS = ARRAY_LEN(nic_metric), LABEL_BYTES = 40 };
_Static_assert(sizeof(struct netif_counters) == NIC_COUNTERS * 8, "no padding");

enum { ROWS_MAX = NIC_COUNTERS * NET_NETIFS_MAX };

size_t counters_bytes(void)
{
    return ROWS_MAX * (sizeof(struct metric) + sizeof(uint64_t)) +
           NET_NETIFS_MAX * LABEL_BYTES + 48;
}

bool counters_init(struct net *net)
{
    struct arena *a = net->config.arena;

    net->nic_rows = arena_try(a, ROWS_MAX * sizeof(struct metric), 16);
    net->nic_values = arena_try(a, ROWS_MAX * sizeof(uint64_t), 16);
    net->nic_labels = arena_try(a, NET_NETIFS_MAX * LABEL_BYTES, 16);
    return net->nic_rows && net->nic_values && net->nic_labels;
}

static void refresh_nics(void *user)
{
    struct net *net = user;

    for (unsigned nic = 0; nic < net->nnifs; nic++) {
        uint64_t value[NIC_COUNTERS];

        memcpy(value, &net->nif[nic].dev->counters, sizeof(value));
        for (unsigned i = 0; i < NIC_COUNTERS; i++)
            net->nic_values[i * net->nnifs + nic] = value[i];
    }
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
    unsigned n = net->nnifs;

    for (unsigned nic = 0; nic < n; nic++) {
        char *label = net->nic_labels + nic * LABEL_BYTES;

        fmt(label, LABEL_BYTES, "net=\"%.24s\"", net->nif[nic].dev->name);
        for (unsigned i = 0; i < NIC_COUNTERS; i++) {
            net->nic_rows[i * n + nic] = nic_metric[i];
            net->nic_rows[i * n + nic].labels = label;
        }
    }
    net->nic_group = (struct metrics_group){
        .prefix = "nic", .metrics = net->nic_rows, .n = NIC_COUNTERS * n};
    ntp_show(net, m);
    metrics_add_computed(m, &net_metrics_group, (const uint64_t *)&net->count,
                         refresh_stack, net);
    if (n > 0)
        metrics_add_computed(m, &net->nic_group, net->nic_values, refresh_nics,
                             net);
    tcp_metrics(net->tcp, m);
}
