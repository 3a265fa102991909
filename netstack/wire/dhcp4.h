/* SPDX-License-Identifier: ISC */
/*
 * dhcp4.h - DHCP messages (RFC 2131, RFC 2132, RFC 3396, RFC 3397, RFC 3442,
 * RFC 4361, RFC 4702).  No state.
 */
#ifndef WIRE_DHCP4_H
#define WIRE_DHCP4_H

#include "eth.h"

enum {
    DHCP4_SERVER_PORT = 67,
    DHCP4_CLIENT_PORT = 68,
    DHCP4_BYTES_MIN = 240, /* to the end of the magic cookie */
    DHCP4_OUT_MAX = 512,   /* what dhcp4_emit() may write */
    DHCP4_OUT_MIN = 300,   /* BOOTP relays want the old size: RFC 1542 2.1 */
    DHCP4_HOSTNAME_MAX = 63,
    DHCP4_CLIENT_MAX = 32, /* a client identifier; ours is 15 bytes */
    DHCP4_ROUTERS_MAX = 2, /* more are not looked at; so the next five */
    DHCP4_SERVERS_MAX = 3,
    DHCP4_ROUTES_MAX = 8,
    DHCP4_NTP_MAX = 4,
    DHCP4_SEARCH_MAX = 192 /* bytes of domain names */
};

enum dhcp4_type {
    DHCP4_DISCOVER = 1,
    DHCP4_OFFER,
    DHCP4_REQUEST,
    DHCP4_DECLINE,
    DHCP4_ACK,
    DHCP4_NAK,
    DHCP4_RELEASE,
    DHCP4_INFORM
};

struct dhcp4_route {
    uint32_t dst, via;
    uint8_t bits;
};

/* What a server says.  Zero: not said. */
struct dhcp4_reply {
    uint8_t type;
    uint32_t xid, yiaddr, server;
    mac_t mac;
    uint32_t lease_s, t1_s, t2_s; /* 0 where absent */
    uint32_t mask;
    uint16_t mtu;
    bool has_lease, has_routes;
    unsigned nrouters, nservers, nroutes, nntp;
    uint32_t router[DHCP4_ROUTERS_MAX];
    uint32_t dns[DHCP4_SERVERS_MAX];
    struct dhcp4_route route[DHCP4_ROUTES_MAX];
    uint32_t ntp[DHCP4_NTP_MAX];
    /* Our identifier as the server echoes it; longer than there is room for:
     * its length alone.  0: not echoed. */
    uint8_t nclient, client[DHCP4_CLIENT_MAX];
    /* Domains to search, in DNS wire form, one behind the other. */
    uint8_t nsearch, search[DHCP4_SEARCH_MAX];
};

/* Options that are too short, too long or malformed count as absent; a reply
 * without a type, for another hardware, or with options that run over the end
 * is refused. */
bool dhcp4_parse(struct dhcp4_reply *, struct span in);

/* What a client says. */
struct dhcp4_request {
    uint8_t type;
    uint32_t xid;
    uint16_t secs;
    bool broadcast; /* we cannot take unicast yet */
    uint32_t ciaddr, requested, server;
    mac_t mac;
    struct span client;   /* identifier; empty: the hardware address */
    struct span hostname; /* empty: not told */
};

/* Returns the length of the message. */
unsigned dhcp4_emit(uint8_t out[DHCP4_OUT_MAX], const struct dhcp4_request *);

#endif
