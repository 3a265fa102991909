/* SPDX-License-Identifier: ISC */
/*
 * stack.h - the inside of struct net; for the files of netstack/ alone.
 *
 * TCP sees only net.h and ip/ip.h.  Each part keeps its state in a struct of
 * its own, declared by its own header, and finds the rest from struct net.
 */
#ifndef NETSTACK_STACK_H
#define NETSTACK_STACK_H

#include <base/rng.h>
#include <base/siphash.h>
#include <base/wheel.h>

#include "counters.h"
#include "dhcp/client.h"
#include "dhcp/client6.h"
#include "dns/resolver.h"
#include "ip/addr.h"
#include "ip/forward.h"
#include "ip/frag.h"
#include "ip/group.h"
#include "ip/icmp.h"
#include "ip/ip.h"
#include "ip/linklocal.h"
#include "ip/pmtu.h"
#include "ip/ra.h"
#include "ip/route.h"
#include "ip/select.h"
#include "ip/temporary.h"
#include "link/cache.h"
#include "mdns/responder.h"
#include "net.h"
#include "ntp/client.h"
#include "udp/udp.h"
#include "wire/eth.h"

enum {
    NOTES_MAX = 16, /* the oldest is lost first */
    IP_ID_BUCKETS = 64
};

/* One NIC and what belongs to it. */
struct nif {
    struct netif *dev;
    uint8_t index;                 /* from 1 */
    bool link_was_up, none6, held; /* held: net_hold() */
    uint8_t in_flags;              /* enum ip_in_flag of all that comes in */
    uint16_t vid;                  /* 802.1Q; 0: no sub-interface */
    uint8_t parent;                /* with vid: the NIC that carries it */
    mac_t mac;
    struct pktq out; /* frames for net_output(); beyond net->out_max: lost */
    /* For the way of every packet; the rest of the truth is in addr[]. */
    uint64_t addr_filter; /* bit (last byte % 64): perhaps ours, or broadcast */
    uint32_t addr4;       /* one IPv4 address of ours, 0 if none */
    const struct ifaddr *addr6; /* the IPv6 address asked for last; NULL */
    struct ifaddr addr[ADDRS_MAX];
    unsigned naddrs; /* slots in use or used before */
    uint16_t mtu4, mtu6;
    uint8_t hop_limit6;
    struct neigh_params neigh;
    struct siphash_key stable_key; /* RFC 7217: of the configuration */
    struct netif_config config;
    struct ra ra;
    struct groups groups;
    struct link_local4 link_local4;
    struct dhcp_client dhcp;
    struct dhcp6_client dhcp6;
};

struct net {
    struct nif nif[NET_NETIFS_MAX];
    unsigned nnifs, nvlans;
    struct netif vlan_dev[NET_VLANS_MAX];
    uint32_t path_gen; /* a path that was found under another is found anew */
    struct ip_path last_way; /* found last for given ends, on any NIC */
    uint32_t out_max;
    unsigned aside; /* net_aside() */
    ns_t now, due;  /* when net_tick() has slow work; not later than that */
    struct tcp *tcp;
    struct neigh_cache cache;
    struct net_metrics count;
    struct pktq self; /* from us to us, without a NIC */
    struct routes routes;
    struct pmtu pmtu;
    struct icmp_limit icmp;
    struct ipaddr big_echo; /* to whom the last large one was sent: icmp6.c */
    struct frags frags;
    struct udp udp;
    struct forward forward;
    struct dns dns;
    struct mdns_responder mdns;
    /* happy_eyeballs_dial() sets them: dial/dial.c is linked with it alone. */
    struct happy_eyeballs *dials;
    ns_t (*dial_tick)(struct net *, ns_t now);
    unsigned (*dial_dispatch)(struct net *);
    struct ntp ntp;
    struct wheel wheel;
    struct rng rng;
    struct siphash_key hash_key, id_key;
    uint16_t ip_id[IP_ID_BUCKETS];
    struct mspan scratch; /* for what must lie in one piece, within a call */
    struct net_note note[NOTES_MAX];
    unsigned notes, note_first;
    struct net_config config;
    char *nic_labels;
};

static inline struct nif *net_nif(struct net *net, unsigned index)
{
    return &net->nif[index - 1];
}

/* Makes net_tick() look again not later than `when`. */
static inline void net_wake_at(struct net *net, ns_t when)
{
    if (when < net->due)
        net->due = when;
}

/* seldom.c: what net_tick() does when `due` has come; when a NIC's link has. */
void net_slow_tick(struct net *, ns_t now);
void net_link_up(struct net *, struct nif *, ns_t now);

size_t counters_bytes(void);
bool counters_init(struct net *);

/* Says something to the owner of the machine: net_note(). */
void net_say(struct net *, const struct net_note *);

/* The packet's end, for a counted reason. */
#define net_drop(net, pkt, reason)                                             \
    ((net)->count.drops__##reason++, pkt_put(pkt))

/* An empty packet; NULL, counted, when there is none. */
struct pkt *net_pkt(struct net *);
/* Appends `n` bytes to the packet, copied into blocks.  False, counted, when
 * memory is short. */
bool net_pkt_append(struct net *, struct pkt *, const uint8_t *, size_t n);

#endif
