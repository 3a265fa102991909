/* SPDX-License-Identifier: ISC */
/*
 * responder.h - multicast DNS with the stack around it.  What applications
 * call, mdns_publish(), is in <billet/net.h>.
 */
#ifndef MDNS_RESPONDER_H
#define MDNS_RESPONDER_H

#include "../net.h"
#include "core.h"

struct ip_rx;
struct nif;

struct mdns_responder {
    bool on;
    struct mdns core;
    struct mdns_link link[NET_NETIFS_MAX][2];    /* of each NIC: IPv6, IPv4 */
    char said[DNS_LABEL_MAX + sizeof(".local")]; /* the name in the log */
};

/* Joins the groups of a NIC that was just added. */
void mdns_add(struct net *, struct nif *);
/* Addresses or services have changed. */
void mdns_changed(struct net *);
/* A UDP datagram to port 5353.  Does not take rx->pkt. */
void mdns_input(struct net *, const struct ip_rx *, uint16_t from, uint32_t at,
                uint32_t n, ns_t now);
/* 5.1: multicasts a question by all links, from a port of its own, to which
 * those who know answer.  E_UNREACH: there is no link yet. */
enum err mdns_ask(struct net *, uint16_t port, struct span msg);
/* 11: to the group, whose packets no router passes on, or from our link. */
bool mdns_is_from_here(const struct net *, const struct ip_rx *);
ns_t mdns_tick(struct net *, ns_t now);
/* Says goodbye.  True when something was sent. */
bool mdns_stop(struct net *, ns_t now);

#endif
