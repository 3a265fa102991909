/* SPDX-License-Identifier: ISC */
/*
 * net.c - the stack as one machine: its making, its turn, its deadline.
 */
#include "net.h"

#include "ip/input.h"
#include "link/ether.h"
#include "link/vlan.h"
#include "pieces.h"
#include "stack.h"
#include "tcp/tcp.h"

enum {
    SCRATCH_BYTES = 65536,      /* a UDP datagram in one piece... */
    SCRATCH_SMALL_BYTES = 9216, /* ...or, where memory is short, a jumbo one */
    RX_BLOCKS_SMALL = 512,      /* what counts as short */
    OUT_MIN = 64,               /* frames waiting at a NIC: then dropped */
    OUT_MAX = 512,
    TIMERS_MAX = 256, /* fired in one turn; the rest in the next */
    SELF_MAX = 64     /* packets to ourselves taken in one turn */
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

void net_renew(struct net *net)
{
    rng_renew(&net->rng);
    tcp_renew(net->tcp);
}

static void add_static(struct net *net, struct nif *nif,
                       const struct net_addr *wanted,
                       const struct ipaddr *gateway, ns_t now)
{
    struct ifaddr a = {.addr = wanted->addr,
                       .bits = wanted->prefix_bits,
                       .origin = ORIGIN_STATIC,
                       .preferred_until = NS_NEVER,
                       .valid_until = NS_NEVER};
    struct route r = {.via = *gateway,
                      .has_via = true,
                      .netif = nif->index,
                      .origin = ORIGIN_STATIC,
                      .pref = NDP_PREF_HIGH,
                      .until = NS_NEVER};

    if (a.bits)
        (void)addr_add(net, nif, &a, now); /* the table is empty yet */
    if (addr_is_zero(gateway))
        return;
    r.bits = (uint8_t)addr_bits16(gateway, 0);
    r.dst = addr_prefix(gateway, r.bits);
    (void)route_add(net, &r);
}

static void add_extra(struct net *net, struct nif *nif, bool v4, ns_t now)
{
    static const struct ipaddr none;
    const struct netif_config *c = &nif->config;

    for (unsigned i = 0; i < c->nextra; i++)
        if (ipaddr_is_v4(&c->extra[i].addr) == v4)
            add_static(net, nif, &c->extra[i], &none, now);
}

static void start4(struct net *net, struct nif *nif, ns_t now)
{
    const struct netif_config *c = &nif->config;

    if (c->dhcp4 || (c->inform4 && c->static4.prefix_bits))
        dhcp_client_start(net, nif, now);
    add_static(net, nif, &c->static4, &c->gateway4, now);
    add_extra(net, nif, true, now);
}

static void start6(struct net *net, struct nif *nif, ns_t now)
{
    static const struct ipaddr link_local = {{0xfe, 0x80}};
    const struct netif_config *c = &nif->config;
    struct ifaddr a = {.addr = addr_stable(nif, &link_local, 0),
                       .bits = 64,
                       .origin = ORIGIN_LINK_LOCAL,
                       .preferred_until = NS_NEVER,
                       .valid_until = NS_NEVER};
    struct route r = {.dst = link_local,
                      .bits = 64,
                      .netif = nif->index,
                      .origin = ORIGIN_LINK_LOCAL,
                      .pref = NDP_PREF_MEDIUM,
                      .until = NS_NEVER};

    nif->ra.next_rs = NS_NEVER;
    if (c->none6)
        return;
    (void)route_add(net, &r);
    (void)addr_add(net, nif, &a, now);
    add_static(net, nif, &c->static6, &c->gateway6, now);
    if (c->dhcp6)
        dhcp6_client_start(net, nif, true, now);
    add_extra(net, nif, false, now);
    nif->ra.autoconf = c->auto6;
    nif->ra.routers = addr_is_zero(&c->gateway6);
    if (nif->ra.autoconf || nif->ra.routers)
        ra_start(net, nif, now);
}

/* RFC 4861 6.3.2: between a half and one and a half times the base. */
static struct neigh_params neigh_params(struct net *net)
{
    return (struct neigh_params){
        .reachable_ns =
            NEIGH_REACHABLE_NS / 2 +
            rng_below(&net->rng, NEIGH_REACHABLE_NS / NS_PER_MS) * NS_PER_MS,
        .retrans_ns = NEIGH_RETRANS_NS};
}

bool net_add_route(struct net *net, uint8_t netif,
                   const struct net_addr *prefix, const struct ipaddr *via)
{
    unsigned bits = addr_bits16(&prefix->addr, prefix->prefix_bits);

    return route_add(net, &(struct route){.dst = prefix->addr,
                                          .bits = (uint8_t)bits,
                                          .via = *via,
                                          .has_via = true,
                                          .netif = netif,
                                          .origin = ORIGIN_STATIC,
                                          .pref = NDP_PREF_HIGH,
                                          .until = NS_NEVER});
}

static struct nif *add(struct net *net, struct netif *dev,
                       const struct netif_config *c, ns_t now)
{
    struct nif *nif = &net->nif[net->nnifs];

    ASSERT(net->nnifs < NET_NETIFS_MAX);
    net->now = now;
    *nif = (struct nif){.dev = dev,
                        .index = (uint8_t)++net->nnifs,
                        .mac = mac_get(dev->mac),
                        .mtu4 = dev->mtu,
                        .mtu6 = dev->mtu,
                        .hop_limit6 = 64,
                        .none6 = c->none6,
                        .in_flags = nif->in_flags,
                        .link_was_up = dev->link_up,
                        .neigh = neigh_params(net),
                        .config = *c};
    memcpy(&nif->stable_key, c->stable_secret, sizeof(nif->stable_key));
    return nif;
}

static uint8_t begin(struct net *net, struct nif *nif, ns_t now)
{
    const struct netif_config *c = &nif->config;

    for (unsigned i = 0; i < c->ndns; i++)
        dns_server_learnt(net, nif->index, &c->dns[i], ORIGIN_STATIC, NS_NEVER);
    if (c->search)
        (void)dns_search_static(net, 0, span_of(c->search));
    groups_start(nif);
    link_local4_start(net, nif, now);
    start4(net, nif, now);
    start6(net, nif, now);
    mdns_add(net, nif);
    return nif->index;
}

uint8_t net_add(struct net *net, struct netif *dev,
                const struct netif_config *c, ns_t now)
{
    return begin(net, add(net, dev, c, now), now);
}

uint8_t net_add_vlan(struct net *net, uint8_t parent, uint16_t vid,
                     const char *name, const struct netif_config *c, ns_t now)
{
    const struct netif *carrier = net_nif(net, parent)->dev;
    struct netif *dev;
    struct nif *nif;

    ASSERT(parent > 0 && parent <= net->nnifs && vid > 0 && vid < ETH_VID);
    ASSERT(!net_nif(net, parent)->vid);
    if (vlan_find(net, parent, vid) || net->nnifs == NET_NETIFS_MAX ||
        net->nvlans == NET_VLANS_MAX)
        return 0;
    dev = &net->vlan_dev[net->nvlans++];
    *dev = (struct netif){.name = name,
                          .kind = "802.1Q",
                          .link_up = carrier->link_up,
                          .mtu = carrier->mtu,
                          .caps = carrier->caps,
                          .tso_max = carrier->tso_max};
    memcpy(dev->mac, carrier->mac, sizeof(dev->mac));
    nif = add(net, dev, c, now);
    nif->parent = parent;
    nif->vid = vid;
    return begin(net, nif, now);
}

void net_input(struct net *net, struct pktq *frames, ns_t now)
{
    struct pkt *p;

    net->now = now;
    while ((p = pktq_pop(frames))) {
        if (p->netif == 0 || p->netif > net->nnifs)
            net_drop(net, p, not_ours);
        else
            ether_input(net, net_nif(net, p->netif), p, now);
    }
}

/* What we sent to ourselves arrives in the next turn, so that two ends of one
 * connection here take turns, too. */
static RARE void take_self(struct net *net, ns_t now)
{
    struct pkt *p;

    for (unsigned i = 0; i < SELF_MAX && (p = pktq_pop(&net->self)); i++) {
        struct nif *nif = net_nif(net, p->netif);

        if (p->frag[0].p[ETH_BYTES] >> 4 == 4)
            ip4_input(net, nif, p, ETH_BYTES, IP_IN_SELF, now);
        else
            ip6_input(net, nif, p, ETH_BYTES, IP_IN_SELF, now);
    }
}

/* Whatever was learnt on the old link is tried again on the new one. */
static RARE void link_up(struct net *net, struct nif *nif, ns_t now)
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
static RARE void slow_tick(struct net *net, ns_t now)
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

void net_tick(struct net *net, ns_t now)
{
    net->now = now;
    if (net->self.head)
        take_self(net, now);
    for (unsigned i = 1; i <= net->nnifs; i++) {
        struct nif *nif = net_nif(net, i);

        if (nif->vid)
            nif->dev->link_up = net_nif(net, nif->parent)->dev->link_up;
        if (nif->dev->link_up != nif->link_was_up) {
            nif->link_was_up = nif->dev->link_up;
            net->path_gen++;       /* by another NIC, if there is a way */
            net_wake_at(net, now); /* some look at it then */
            if (nif->link_was_up)
                link_up(net, nif, now);
        }
    }
    if (now >= net->due)
        slow_tick(net, now);
    if (net->wheel.count)
        wheel_turn(&net->wheel, now, TIMERS_MAX);
    tcp_tick(net->tcp, now);
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

unsigned net_dispatch(struct net *net, ns_t now)
{
    unsigned n;

    net->now = now;
    n = tcp_dispatch(net->tcp, now) + udp_dispatch(net) + dns_dispatch(net);
    return net->dials ? n + net->dial_dispatch(net) : n;
}

unsigned net_output(struct net *net, uint8_t netif, struct pktq *frames,
                    unsigned max, ns_t now)
{
    struct nif *nif = net_nif(net, netif);
    unsigned n = 0;
    struct pkt *p;

    ASSERT(netif > 0 && netif <= net->nnifs);
    net->now = now;
    if (nif->out.count < max)
        tcp_output(net->tcp, max - nif->out.count, now);
    while (n < max && (p = pktq_pop(&nif->out))) {
        pktq_push(frames, p);
        n++;
    }
    return n;
}

void net_hold(struct net *net, uint8_t netif, bool held)
{
    bool all = true;

    if (net_nif(net, netif)->held == held)
        return;
    net_nif(net, netif)->held = held;
    for (unsigned i = 0; i < net->nnifs; i++)
        all &= net->nif[i].held || net->nif[i].vid; /* by its parent */
    tcp_hold(net->tcp, all);
}

ns_t net_deadline(const struct net *net)
{
    ns_t due = earlier(net->due, tcp_next_deadline(net->tcp));

    if (net->self.head || net->udp.waiting || net->dns.any_done)
        return net->now;
    for (unsigned i = 0; i < net->nnifs; i++)
        if (net->nif[i].out.head && !net->nif[i].held)
            return net->now;
    return net->wheel.count ? earlier(due, wheel_deadline(&net->wheel)) : due;
}

bool net_in_use(const struct net *net)
{
    return tcp_in_use(net->tcp) + net->udp.bound + net->dns.open > net->aside ||
           net->dials;
}

void net_aside(struct net *net, unsigned n)
{
    net->aside = n;
}

ns_t net_now(const struct net *net)
{
    return net->now;
}

struct tcp *net_tcp(struct net *net)
{
    return net->tcp;
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

struct pkt *net_pkt(struct net *net)
{
    struct pkt *p = pkt_get(net->config.pkts);

    net->count.drops__no_memory += p == NULL;
    return p;
}

bool net_pkt_append(struct net *net, struct pkt *p, const uint8_t *from,
                    size_t n)
{
    while (n > 0) {
        struct block *b = block_get(net->config.tx_blocks);
        uint32_t part;
        bool added;

        if (!b) {
            net->count.drops__no_memory++;
            return false;
        }
        part = b->size < n ? b->size : (uint32_t)n;
        memcpy(b->data, from, part);
        added = pkt_add_frag(p, &b->buf, b->data, part);
        buf_drop(&b->buf); /* the packet has a reference of its own */
        if (!added)
            return false;
        from += part;
        n -= part;
    }
    return true;
}
