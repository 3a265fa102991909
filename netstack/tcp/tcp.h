/* SPDX-License-Identifier: ISC */
/*
 * tcp.h - TCP as netstack/net.c sees it: segments in, segments out through
 * ip_send(), events queued for dispatch, one deadline.
 *
 * Embedded in struct net.  The state machine is core.h; this is the shell with
 * tables, buffers, listeners and timers around it.
 */
#ifndef NETSTACK_TCP_H
#define NETSTACK_TCP_H

#include "../ip/ip.h"
#include "../net.h"

struct tcp; /* defined in tcp/shell.h */

/* Memory that tcp_new() takes from the arena. */
size_t tcp_bytes(const struct limits *);
/* NULL when the arena is too small.  `seed` keys its secrets. */
struct tcp *tcp_new(struct net *, const struct net_config *,
                    const uint8_t seed[32], ns_t now);

/* Takes rx->pkt: keeps its payload or puts it. */
void tcp_input(struct tcp *, struct ip_rx *rx, ns_t now);
/* An ICMP error about one of our segments; checked against the connection. */
void tcp_icmp(struct tcp *, const struct ip_error *, ns_t now);
/* Routes or addresses changed: connections whose source address is gone end. */
void tcp_addrs_changed(struct tcp *, ns_t now);

/* Its generator is seeded by its feed, now. */
void tcp_renew(struct tcp *);

void tcp_tick(struct tcp *, ns_t now);
unsigned tcp_dispatch(struct tcp *, ns_t now);
/* Lets connections with something to say send it by ip_send(), at most `max`
 * segments; the rest goes on next time. */
unsigned tcp_output(struct tcp *, unsigned max, ns_t now);
ns_t tcp_next_deadline(const struct tcp *);
/* Nobody takes packets just now: they are no reason to hurry. */
void tcp_hold(struct tcp *, bool);

/* As net_down(). */
bool tcp_down(struct tcp *, enum net_down how, ns_t now);

uint32_t tcp_in_use(const struct tcp *);
void tcp_metrics(struct tcp *, struct metrics *);

#endif
