/* SPDX-License-Identifier: ISC */
/*
 * dhcp6.h - DHCPv6 messages as a client has them (RFC 8415, RFC 3646,
 * RFC 4704, RFC 5908).  No state.
 */
#ifndef WIRE_DHCP6_H
#define WIRE_DHCP6_H

#include <base/bytes.h>
#include <billet/net.h>

enum {
    DHCP6_CLIENT_PORT = 546,
    DHCP6_SERVER_PORT = 547,
    DHCP6_DUID_MAX = 130, /* RFC 8415 11.1; a longer one: refused */
    DHCP6_ADDRS_MAX = 4,  /* more are not looked at; so the next three */
    DHCP6_DNS_MAX = 3,
    DHCP6_NTP_MAX = 4,
    DHCP6_SEARCH_MAX = 192, /* bytes of domain names */
    DHCP6_HOSTNAME_MAX = 63,
    DHCP6_OUT_MAX = 512 /* what dhcp6_emit() may write */
};

enum dhcp6_type {
    DHCP6_SOLICIT = 1,
    DHCP6_ADVERTISE,
    DHCP6_REQUEST,
    DHCP6_CONFIRM,
    DHCP6_RENEW,
    DHCP6_REBIND,
    DHCP6_REPLY,
    DHCP6_RELEASE,
    DHCP6_DECLINE,
    DHCP6_RECONFIGURE,
    DHCP6_INFORMATION
};

enum dhcp6_status {
    DHCP6_SUCCESS,
    DHCP6_UNSPEC_FAIL,
    DHCP6_NO_ADDRS,
    DHCP6_NO_BINDING,
    DHCP6_NOT_ON_LINK,
    DHCP6_USE_MULTICAST
};

struct dhcp6_duid {
    uint8_t n, b[DHCP6_DUID_MAX]; /* n 0: none */
};

struct dhcp6_addr {
    struct ipaddr addr;
    uint32_t preferred_s, valid_s; /* UINT32_MAX: for ever */
};

/* What a server says besides addresses. */
struct dhcp6_options {
    unsigned ndns, nntp;
    struct ipaddr dns[DHCP6_DNS_MAX];
    struct ipaddr ntp[DHCP6_NTP_MAX];
    /* Domains to search, in DNS wire form, one behind the other. */
    uint8_t nsearch, search[DHCP6_SEARCH_MAX];
};

/* What a server says.  Zero: not said. */
struct dhcp6_reply {
    uint8_t type, preference;
    bool rapid, has_ia;
    uint16_t status, ia_status; /* enum dhcp6_status, or one yet to come */
    uint32_t xid;
    struct dhcp6_duid client, server;
    uint32_t t1_s, t2_s;
    unsigned naddrs;
    struct dhcp6_addr addr[DHCP6_ADDRS_MAX];
    uint32_t refresh_s, sol_max_rt_s, inf_max_rt_s;
    struct dhcp6_options options;
};

/* Looks at the IA_NA with our `iaid` alone.  Refused: what is no ADVERTISE or
 * REPLY, and options that run over the end.  An option whose content cannot be
 * counts as absent. */
bool dhcp6_parse(struct dhcp6_reply *, struct span in, uint32_t iaid);

/* What a client says. */
struct dhcp6_message {
    uint8_t type;
    bool rapid, has_ia;
    uint32_t xid, iaid;
    uint16_t elapsed_cs;        /* hundredths of a second */
    struct span client, server; /* DUIDs; server empty: any */
    unsigned naddrs;
    struct ipaddr addr[DHCP6_ADDRS_MAX];
    struct span hostname; /* empty: not told */
};

/* Returns the length of the message. */
unsigned dhcp6_emit(uint8_t out[DHCP6_OUT_MAX], const struct dhcp6_message *);

#endif
