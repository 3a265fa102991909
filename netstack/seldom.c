/* SPDX-License-Identifier: ISC */
/*
 * seldom.c - the stack as one machine: its making, what is seldom due, its end.
 */
#include "net.h"

#include "pieces.h"
#include "stack.h"
#include "tcp/tcp.h"

enum {
    SCRATCH_BYTES = 65536,      /* a UDP datagram in one piece... */
    SCRATCH_SMALL_BYTES = 9216, /* ...or, where memory is short, a jumbo one */
    RX_BLOCKS_SMALL = 512,      /* what counts as short */
    OUT_MIN = 64,               /* frames waiting at a NIC: then dropped */
    OUT_MAX = 512
};

static size_t scratch_bytes(const struct limits *l)
{
    return l->rx_blocks < RX_BLOCKS_SMALL ? SCRATCH_SMALL_BYTES : SCRATCH_BYTES;
}

size_t net_bytes(const struct limits *l)
{
    return sizeof(struct net) + neigh_cache_bytes(l) + udp_bytes(l) +
           frags_bytes() + counters_bytes() + scratch_bytes(l) + 64 +
           tcp_bytes(l);
}

static bool init_parts(struct net *net, const uint8_t tcp_seed[32], ns_t now)
{
    const struct limits *l = &net->config.limits;

    net->scratch.n = scratch_bytes(l);
    net->scratch.p = arena_try(net->config.arena, net->scratch.n, 16);
    if (!net->scratch.p || !neigh_cache_init(net, l) || !udp_init(net, l) ||
        !frags_init(net) || !counters_init(net))
        return false;
    net->tcp = tcp_new(net, &net->config, tcp_seed, now);
    return net->tcp != NULL;
}

struct net *net_new(const struct net_config *c, ns_t now)
{
    struct net *net = arena_try(c->arena, sizeof(*net), 64);
    uint8_t tcp_seed[32];
    uint32_t room;

    if (!net)
        return NULL;
    memset(net, 0, sizeof(*net));
    net->config = *c;
    net->now = now;
    net->due = NS_NEVER;
    net->mdns.on = c->mdns && c->hostname;
    net->mdns.core.host = c->hostname;
    net->dns.group.no_case = net->dns.group.no_edns = true; /* plain DNS */
    net->dns.group.is_group = true;
    net->path_gen = 1; /* a zeroed path is out of date */
    room = c->pkts->count / 2;
    net->out_max = room < OUT_MIN ? OUT_MIN : room > OUT_MAX ? OUT_MAX : room;
    wheel_init(&net->wheel, now);
    rng_seed(&net->rng, c->seed);
    rng_set_feed(&net->rng, c->feed);
    rng_bytes(&net->rng, tcp_seed, sizeof(tcp_seed));
    rng_bytes(&net->rng, &net->hash_key, sizeof(net->hash_key));
    rng_bytes(&net->rng, &net->id_key, sizeof(net->id_key));
    rng_bytes(&net->rng, net->ip_id, sizeof(net->ip_id));
    if (!init_parts(net, tcp_seed, now))
        return NULL;
    if (c->ntp)
        (void)ntp_static(net, span_of(c->ntp)); /* the key was checked */
    return net;
}

/* Whatever was learnt on the old link is tried again on the new one. */
void net_link_up(struct net *net, struct nif *nif, ns_t now)
{
    link_local4_start(net, nif, now);
    groups_tell(net, nif, true, now);
    groups_tell(net, nif, false, now);
    addr_link_up(net, nif, now);
    dhcp_client_link_up(net, nif, now);
    dhcp6_client_link_up(net, nif, now);
    if (nif->ra.autoconf || nif->ra.routers)
        ra_start(net, nif, now);
}

static ns_t earlier(ns_t a, ns_t b)
{
    return a < b ? a : b;
}

/* Configuration, fragments, questions: rarely due, and few. */
void net_slow_tick(struct net *net, ns_t now)
{
    ns_t due = NS_NEVER;

    net->due = NS_NEVER; /* what follows may ask to be called earlier */
    for (unsigned i = 1; i <= net->nnifs; i++) {
        struct nif *nif = net_nif(net, i);

        due = earlier(due, addr_tick(net, nif, now));
        due = earlier(due, dhcp_tick(net, nif, now));
        due = earlier(due, dhcp6_tick(net, nif, now));
        due = earlier(due, ra_tick(net, nif, now));
        due = earlier(due, temporary_tick(net, nif, now));
        due = earlier(due, link_local4_tick(net, nif, now));
        due = earlier(due, groups_tick(net, nif, now));
    }
    due = earlier(due, routes_tick(net, now));
    due = earlier(due, pmtu_tick(net, now));
    due = earlier(due, frags_tick(net, now));
    due = earlier(due, dns_tick(net, now));
    due = earlier(due, ntp_tick(net, now));
    due = earlier(due, mdns_tick(net, now));
    if (net->dials)
        due = earlier(due, net->dial_tick(net, now));
    net->due = earlier(net->due, due);
}

void net_slept(struct net *net, ns_t now)
{
    net->now = now;
    net_wake_at(net, now);
    ntp_restart(net, now);
    for (unsigned i = 1; i <= net->nnifs; i++) {
        struct nif *nif = net_nif(net, i);

        if (nif->link_was_up)
            net_link_up(net, nif, now);
    }
}

bool net_stop(struct net *net, ns_t now)
{
    bool said;

    net->now = now;
    said = mdns_stop(net, now); /* while there is an address */
    for (unsigned i = 1; i <= net->nnifs; i++) {
        said |= dhcp_client_stop(net, net_nif(net, i), now);
        said |= dhcp6_client_stop(net, net_nif(net, i), now);
    }
    return said;
}

unsigned net_addrs(const struct net *net, struct net_addr *out, unsigned max)
{
    unsigned n = 0;

    for (unsigned k = 0; k < net->nnifs; k++)
        for (unsigned i = 0; i < net->nif[k].naddrs; i++) {
            const struct ifaddr *a = &net->nif[k].addr[i];

            if (a->state < ADDR_TENTATIVE || n++ >= max)
                continue;
            out[n - 1] =
                (struct net_addr){.addr = a->addr,
                                  .prefix_bits = a->bits,
                                  .netif = (uint8_t)(k + 1),
                                  .tentative = a->state < ADDR_PREFERRED};
        }
    return n;
}

void net_say(struct net *net, const struct net_note *note)
{
    if (note->kind == NET_ADDR_ADDED || note->kind == NET_ADDR_LOST)
        mdns_changed(net);
    net->note[(net->note_first + net->notes) % NOTES_MAX] = *note;
    if (net->notes < NOTES_MAX)
        net->notes++;
    else
        net->note_first = (net->note_first + 1) % NOTES_MAX;
}

bool net_note(struct net *net, struct net_note *out)
{
    if (net->notes == 0)
        return false;
    *out = net->note[net->note_first];
    net->note_first = (net->note_first + 1) % NOTES_MAX;
    net->notes--;
    return true;
}
