/* SPDX-License-Identifier: ISC */
/*
 * client.h - the time client of a stack: core.h with servers, names and
 * packets around it.
 */
#ifndef NTP_CLIENT_H
#define NTP_CLIENT_H

#include <billet/metrics.h>

#include "../ip/addr.h"
#include "core.h"

struct ip_rx;

enum { NTP_NAME_MAX = 128 };              /* characters; longer: refused */
#define NTP_ASK_AGAIN_NS (2 * NS_PER_SEC) /* a name; doubles, to 1024 s */

#define NTP_METRICS(X)                                                         \
    X(COUNTER, asked, "", "Questions sent to time servers")                    \
    X(COUNTER, answers__good, "answer=\"good\"", "Answers of time servers")    \
    X(COUNTER, answers__bad, "answer=\"bad\"", "Answers of time servers")      \
    X(COUNTER, answers__kiss, "answer=\"kiss\"", "Answers of time servers")    \
    X(COUNTER, answers__stray, "answer=\"stray\"", "Answers of time servers")  \
    X(COUNTER, jumps, "", "Times that the clock was set, not slewed")          \
    X(GAUGE, servers, "", "Time servers known")                                \
    X(GAUGE, servers_agreeing, "", "Time servers that agree")                  \
    X(GAUGE, stratum, "", "Of this clock: 16 while it is not synchronised")    \
    X(GAUGE, offset_microseconds__behind, "clock=\"behind\"",                  \
      "What the last measurement found this clock to be off")                  \
    X(GAUGE, offset_microseconds__ahead, "clock=\"ahead\"",                    \
      "What the last measurement found this clock to be off")                  \
    X(GAUGE, bound_microseconds, "", "How wrong that measurement can be")      \
    X(GAUGE, poll_seconds, "", "Between questions")
METRICS_STRUCT(ntp, NTP_METRICS);

struct ntp_server {
    struct ipaddr addr;
    uint8_t netif, origin;
    uint16_t port; /* ours, while it is waited for */
    struct ntp_peer peer;
};

/* A name of the configuration, until it is known what it means. */
struct ntp_name {
    struct net *net;
    bool open, asking;
    unsigned tries;
    ns_t next;
    char text[NTP_NAME_MAX + 1];
};

struct ntp {
    bool fixed; /* the configuration has said it all */
    unsigned n, names;
    struct ntp_server server[NTP_SERVERS_MAX];
    struct ntp_name name[NTP_SERVERS_MAX];
    struct ntp_state state;
    struct ntp_metrics count;
};

/* "192.0.2.1,time.example", at most NTP_SERVERS_MAX, or "off".  False when one
 * cannot be a server; `net` may be NULL, to check only. */
bool ntp_static(struct net *, struct span text);
/* A server that DHCP knows of; not taken where there are static ones, nor
 * beyond NTP_SERVERS_MAX. */
void ntp_server_learnt(struct net *, uint8_t netif, const struct ipaddr *,
                       enum origin);
void ntp_servers_clear(struct net *, uint8_t netif, enum origin);

/* Whether an answer is waited for at that port. */
bool ntp_has_port(const struct net *, uint16_t port);
/* A UDP datagram to such a port.  Does not take rx->pkt. */
void ntp_input(struct net *, const struct ip_rx *, uint16_t from, uint16_t port,
               uint32_t at, uint32_t n, ns_t now);
/* What was measured is of another time: all is asked again. */
void ntp_restart(struct net *, ns_t now);
ns_t ntp_tick(struct net *, ns_t now);
void ntp_show(struct net *, struct metrics *);

#endif
