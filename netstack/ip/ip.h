/* SPDX-License-Identifier: ISC */
/*
 * ip.h - what IP gives TCP, UDP and ICMP: arrived datagrams, paths, sending.
 */
#ifndef NETSTACK_IP_H
#define NETSTACK_IP_H

#include <billet/net.h>
#include <billet/netif.h>

struct net;

enum {
    IPPROTO_ICMP4 = 1,
    IPPROTO_IGMP_ = 2,
    IPPROTO_TCP_ = 6,
    IPPROTO_UDP_ = 17,
    IPPROTO_ICMP6 = 58
};

/* A datagram for this host, whole, its IP header checked.  The first 60 bytes
 * from l4 on (or all, when there are fewer) are together in fragment 0. */
struct ip_rx {
    struct pkt *pkt; /* the frame; owned by whoever has the ip_rx */
    uint32_t l3, l4; /* offsets in the frame */
    uint32_t len;    /* bytes from l4 on that belong to the datagram; what
                      * the frame has beyond (padding) is not part of it */
    struct ipaddr src, dst;
    uint8_t proto, ttl, tos; /* tos: DSCP and ECN, or the traffic class */
    uint8_t netif;
    uint16_t next_at; /* IPv6: where, from l3 on, the header says proto */
    bool v4;
    bool not_unicast; /* dst is broadcast or multicast */
    bool fragmented;  /* it came with a fragment header, be it alone */
};

/*
 * A way to a destination: the source address, the NIC, the MTU.  Plain data,
 * kept by a connection; `gen` tells when routes have changed, and ip_send()
 * then finds the way anew by itself, keeping src.  Zero except src (may stay
 * zero: chosen) and dst is a valid start for ip_path_find().
 */
struct ip_path {
    struct ipaddr src, dst;
    uint32_t gen;
    uint32_t flow; /* IPv6: what the flow label is made of, with the ports */
    uint16_t neighbour; /* ip's hint to the next hop's cache entry */
    uint16_t mtu;       /* of the path as far as known: NIC or PMTU cache */
    uint8_t netif;      /* 0 at the start: any; else only this one */
    uint8_t ttl, tos;   /* 0: the defaults (64, or 1 to a group; 0) */
    bool v4;
};

/* As its neighbour: it goes to a group or is broadcast. */
enum { IP_PATH_GROUP = 0xfffe };

/* E_UNREACH: no route or no usable source address. */
MUST_USE enum err ip_path_find(struct net *, struct ip_path *);

/* The device's capabilities on that path (enum netif_cap), and tso_max. */
uint32_t ip_path_caps(const struct net *, const struct ip_path *,
                      uint32_t *tso_max);

/*
 * Takes the packet (transport header pushed, payload in fragments) and queues
 * it for the NIC: pushes IP and Ethernet headers; waits for the neighbour's
 * address when it is not known (a bounded queue; the oldest is dropped).
 * L4 checksums are the caller's: it set PKT_CSUM_PARTIAL with csum_off (ip
 * sets csum_start) or filled the field.  Fragments what is larger than
 * path->mtu, except TCP (GSO or not), which must fit.
 */
void ip_send(struct net *, struct ip_path *, uint8_t proto, struct pkt *,
             ns_t now);

/* Sum of the pseudo-header for `len` bytes of `proto`, for csum_fold(). */
uint64_t ip_pseudo_sum(const struct ipaddr *src, const struct ipaddr *dst,
                       bool v4, uint8_t proto, uint32_t len);

/* Whether the L4 checksum of a received datagram is right; trusts
 * PKT_CSUM_GOOD. */
bool ip_l4_csum_ok(const struct ip_rx *);

/* The transport reached the next hop's far side (an ACK made progress):
 * confirms the neighbour (RFC 4861 7.3.1). */
void ip_path_confirm(struct net *, const struct ip_path *, ns_t now);

/* An ICMP error about a packet that we sent, already parsed: the quoted
 * packet's addresses and first 8 transport bytes. */
enum ip_error_kind {
    IP_ERR_UNREACH, /* net, host: soft for TCP (RFC 5461) */
    IP_ERR_PROHIBITED,
    IP_ERR_PORT,    /* port or protocol unreachable */
    IP_ERR_TOO_BIG, /* mtu is set */
    IP_ERR_TIME,
    IP_ERR_PARAM
};
struct ip_error {
    enum ip_error_kind kind;
    uint8_t proto, netif;
    bool v4;
    uint32_t mtu;
    struct ipaddr src, dst; /* of the quoted packet: src is ours */
    uint8_t quoted[8];      /* ports, and for TCP the sequence number */
};

/* Answer a received datagram with an ICMP error; rate-limited; never about
 * what RFC 1122 3.2.2 and RFC 4443 2.4(e) forbid.  Does not take rx->pkt. */
void icmp_port_unreachable(struct net *, const struct ip_rx *, ns_t now);

/* Record that the path to dst passes at most `mtu` bytes; the transport has
 * checked that the message is about something it really sent. */
void ip_pmtu_update(struct net *, const struct ipaddr *dst, uint16_t mtu,
                    ns_t now);

#endif
