/* SPDX-License-Identifier: ISC */
/*
 * udp.h - UDP (RFC 768, RFC 1122 4.1, RFC 8200 8.1): ports and datagrams.
 *
 * What applications call, udp_bind() and the rest, is in <billet/net.h>.
 */
#ifndef UDP_UDP_H
#define UDP_UDP_H

#include <base/table.h>
#include <billet/app.h>

#include "../ip/ip.h"

enum {
    UDP_QUEUE_MAX = 64,      /* datagrams waiting at one port; then dropped */
    UDP_DISPATCH_MAX = 64,   /* delivered in one turn; the rest waits */
    UDP_PORT_FIRST = 49152,  /* where random ports are taken: RFC 6056 */
    UDP_PORT_TRIES = 64,     /* then E_FULL */
    UDP_HDR_PAYLOAD_MAX = 40 /* a payload this small travels in pkt.hdr */
};

struct udp_sock {
    uint16_t port; /* 0: free */
    udp_fn *fn;
    void *user;
    struct pktq rx;      /* each with its struct ip_rx in pkt.hdr */
    struct ip_path path; /* of the last datagram sent: likely the next one's */
};

struct udp {
    struct udp_sock *sock;
    unsigned n, bound, waiting, waiting_max, next;
    struct table ports;
};

size_t udp_bytes(const struct limits *);
bool udp_init(struct net *, const struct limits *);

/* Takes rx->pkt. */
void udp_input(struct net *, struct ip_rx *, ns_t now);
void udp_icmp(struct net *, const struct ip_error *, ns_t now);
/* Delivers what waits; returns how many datagrams. */
unsigned udp_dispatch(struct net *);
/* A random port that nobody has: RFC 6056 3.3.1. 0: none was found. */
uint16_t udp_free_port(struct net *);
/* The same on a path that was found. */
enum err udp_send_on(struct net *, uint16_t port, struct ip_path *,
                     uint16_t to_port, struct span data);
/* udp_send() without a bound port.  `from` NULL: the stack chooses. */
enum err udp_send_from(struct net *, uint16_t port, const struct ipaddr *from,
                       const struct endpoint *to, struct span data);

#endif
