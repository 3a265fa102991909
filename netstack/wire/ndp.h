/* SPDX-License-Identifier: ISC */
/*
 * ndp.h - neighbour discovery messages (RFC 4861), with the options of
 * RFC 4191 (routes) and RFC 8106 (name servers).  No state.
 */
#ifndef WIRE_NDP_H
#define WIRE_NDP_H

#include "eth.h"
#include "icmp6.h"

enum ndp_type {
    NDP_RS = 133,
    NDP_RA = 134,
    NDP_NS = 135,
    NDP_NA = 136,
    NDP_REDIRECT = ICMP6_REDIRECT
};

enum {
    NDP_HOPS = 255,       /* RFC 4861: else it came from off the link */
    NDP_PREFIXES_MAX = 8, /* of one message; more are not looked at */
    NDP_ROUTES_MAX = 4,
    NDP_SERVERS_MAX = 3,
    NDP_OPTIONS_MAX = 64, /* more: the message is refused */
    NDP_NS_BYTES = 32,    /* with one link-layer address option */
    NDP_RS_BYTES = 16,
    NDP_NONCE_BYTES = 8
};

/* RFC 4191 2.1, ordered so that larger is better. */
enum ndp_pref { NDP_PREF_LOW, NDP_PREF_MEDIUM, NDP_PREF_HIGH };

struct ndp_prefix {
    struct ipaddr addr;
    uint8_t bits;
    bool on_link, autonomous;
    uint32_t valid_s, preferred_s; /* UINT32_MAX: for ever */
};

struct ndp_route {
    struct ipaddr prefix;
    uint8_t bits, pref;
    uint32_t lifetime_s;
};

struct ndp_msg {
    uint8_t type;
    bool has_lladdr; /* source option in NS, RS, RA; target option in NA */
    mac_t lladdr;
    struct ipaddr target;              /* NS, NA, redirect */
    struct ipaddr dest;                /* redirect */
    bool router, solicited, override_; /* NA */
    /* RA */
    uint8_t hop_limit, pref;
    bool managed, other; /* DHCPv6 has addresses; or only the rest */
    uint16_t lifetime_s;
    uint32_t reachable_ms, retrans_ms, mtu; /* 0: not said */
    unsigned nprefixes, nroutes, nservers;
    struct ndp_prefix prefix[NDP_PREFIXES_MAX];
    struct ndp_route route[NDP_ROUTES_MAX];
    struct ipaddr server[NDP_SERVERS_MAX];
    uint32_t server_s[NDP_SERVERS_MAX]; /* their lifetimes */
    struct span search; /* domains (RFC 8106 5.2), within the message */
    uint32_t search_s;
    uint64_t nonce; /* NS: RFC 7527; 0: none */
};

/* `in` is the whole ICMPv6 message.  False for other types, a code other than
 * 0, options that do not add up, and targets that cannot be. */
bool ndp_parse(struct ndp_msg *, struct span in);

/* Each writes a message with a checksum field of 0 and returns its length.
 * `lladdr` 0: without the option. */
unsigned ndp_ns_emit(uint8_t out[NDP_NS_BYTES], const struct ipaddr *target,
                     mac_t lladdr);
/* An option that tells our own probe from another's. */
unsigned ndp_nonce_emit(uint8_t out[NDP_NONCE_BYTES], uint64_t nonce);
enum { NDP_NA_ROUTER = 0x80, NDP_NA_SOLICITED = 0x40, NDP_NA_OVERRIDE = 0x20 };
unsigned ndp_na_emit(uint8_t out[NDP_NS_BYTES], const struct ipaddr *target,
                     mac_t lladdr, uint8_t flags);
unsigned ndp_rs_emit(uint8_t out[NDP_RS_BYTES], mac_t lladdr);

#endif
