/* SPDX-License-Identifier: ISC */
/*
 * icmp.h - ICMP for both families: echo, errors in, errors out.
 *
 * The public part, icmp_port_unreachable(), is in ip.h.
 */
#ifndef IP_ICMP_H
#define IP_ICMP_H

#include "../wire/eth.h"
#include "ip.h"

struct nif;
struct ifaddr;

/* RFC 4443 2.4 (f): a token bucket over all errors sent.  A message costs one
 * to ICMP_COST_MAX tokens at random, so that the level of the bucket cannot be
 * used to find out what we sent to others (SAD DNS). */
enum { ICMP_BURST = 100, ICMP_COST_MAX = 3 };
#define ICMP_TOKEN_NS (5 * NS_PER_MS) /* about 100 messages a second */

struct icmp_limit {
    uint32_t spent; /* tokens; 0: the bucket is full */
    ns_t at;
};
/* Whether one more may be sent now; pays for it. */
bool icmp_may_send(struct net *, ns_t now);

/* Take rx->pkt. */
void icmp4_input(struct net *, struct ip_rx *, ns_t now);
void icmp6_input(struct net *, struct ip_rx *, ns_t now);

/* Answer rx with an error; nothing is sent where that is forbidden or the
 * limit is reached.  `rest` is the second word of the message. */
void icmp4_error(struct net *, const struct ip_rx *, uint8_t type, uint8_t code,
                 uint32_t rest, ns_t now);
void icmp6_error(struct net *, const struct ip_rx *, uint8_t type, uint8_t code,
                 uint32_t rest, ns_t now);
void icmp_protocol_unreachable(struct net *, const struct ip_rx *, ns_t now);

/* What both families do alike. */
void icmp_echo(struct net *, const struct ip_rx *, uint8_t reply_type,
               uint32_t rest, ns_t now);
void icmp_pass_on(struct net *, const struct ip_error *, ns_t now);
void icmp_send_error(struct net *, const struct ip_rx *, uint32_t quote,
                     const uint8_t head[8], ns_t now);

/* Neighbour discovery.  Takes rx->pkt; its checksum is right. */
void ndp_input(struct net *, struct ip_rx *, ns_t now);
/* `to` 0: to the solicited-node group of the target. */
void ndp_send_ns(struct net *, struct nif *, const struct ipaddr *from,
                 const struct ipaddr *target, mac_t to);
/* From the unspecified address, for duplicate detection. */
void ndp_send_probe(struct net *, struct nif *, const struct ifaddr *);
void ndp_send_rs(struct net *, struct nif *);

#endif
