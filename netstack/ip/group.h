/* SPDX-License-Identifier: ISC */
/*
 * group.h - the multicast groups that a NIC belongs to, and telling the
 * routers and switches so: IGMPv3 (RFC 9776) and MLDv2 (RFC 9777), with the
 * older versions where a querier speaks no newer one.
 *
 * We want a group from every source or not at all, which RFC 5790 calls the
 * lightweight host: EXCLUDE of nothing, or INCLUDE of nothing.  What
 * applications call, ip_join() and ip_leave(), is in <billet/net.h>.
 */
#ifndef IP_GROUP_H
#define IP_GROUP_H

#include "addr.h"

#include "../wire/eth.h"

struct ip_rx;

enum {
    GROUPS_JOINED_MAX = 16, /* of one NIC: beyond, E_FULL */
    /* and the solicited-node groups of our addresses, which always fit */
    GROUPS_MAX = GROUPS_JOINED_MAX + ADDRS_MAX,
    GROUP_SOURCES_MAX = 4,    /* kept of a query; beyond: the answer is about
                               * all sources, which says more than was asked */
    GROUP_ROBUSTNESS = 2,     /* reports of a change, until a querier says */
    GROUP_INTERVAL_S = 125,   /* of queries, until a querier says */
    GROUP_ANSWER_MIN_MS = 10, /* the longest wait before an answer is not less
                               * than this, so that queries are no lever */
    GROUP_CHANGE_MS = 1000    /* between the reports of a change, at random */
};

struct group {
    struct ipaddr addr;
    mac_t mac;
    ns_t answer_at;   /* to a query about it; NS_NEVER */
    uint16_t users;   /* 0: left, or the slot is free */
    uint8_t changes;  /* reports of its joining or leaving still to send */
    uint8_t nsources; /* that the query was about; 0: all */
    struct ipaddr source[GROUP_SOURCES_MAX];
};

/* What there is once for each family. */
struct group_family {
    ns_t change_at, answer_at; /* reports about all that have something to say;
                                * NS_NEVER */
    ns_t old_until[2];         /* a querier of version 1, 2 was heard */
    uint32_t interval_s;       /* of the querier */
    uint8_t robustness;
};

struct groups {
    struct group group[GROUPS_MAX];
    unsigned n; /* slots in use or used before */
    unsigned in_use, joined;
    struct group_family family[2]; /* IPv6, IPv4 */
};

void groups_start(struct nif *);
/* Whether the NIC belongs to it.  All hosts and all nodes always do. */
bool group_has(const struct nif *, const struct ipaddr *);
bool group_has_mac(const struct nif *, mac_t);
/* The solicited-node group (RFC 4291 2.7.1) of an address of ours. */
struct ipaddr group_of_node(const struct ipaddr *);
void group_join_node(struct net *, struct nif *, const struct ipaddr *, ns_t);
void group_leave_node(struct net *, struct nif *, const struct ipaddr *, ns_t);
/* Whether routers need to know of it. */
bool group_is_told(const struct ipaddr *);
/* Tells about all groups anew: the link came back, or we have an address now
 * that routers believe (RFC 3590 4). */
void groups_tell(struct net *, struct nif *, bool v4, ns_t now);

/* Both take rx->pkt; mld's checksum is right. */
void igmp_input(struct net *, struct ip_rx *, ns_t now);
void mld_input(struct net *, struct ip_rx *, ns_t now);
ns_t groups_tick(struct net *, struct nif *, ns_t now);

/* Multicast, of either family. */
static inline bool ipaddr_is_group(const struct ipaddr *a)
{
    return ipaddr_is_v4(a) ? a->b[12] >> 4 == 14 : a->b[0] == 0xff;
}

/* The frame's destination for a group: RFC 1112 6.4, RFC 2464 7. */
static inline mac_t group_mac(const struct ipaddr *group, bool v4)
{
    uint32_t a = be32(group->b + 12);

    return v4 ? UINT64_C(0x01005e000000) | (a & 0x7fffff)
              : UINT64_C(0x333300000000) | a;
}

#endif
