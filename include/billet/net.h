/* SPDX-License-Identifier: ISC */
/*
 * net.h - TCP, UDP and name resolution for applications.
 *
 * A listener or a bound port serves IPv4 and IPv6 alike, on every network.
 */
#ifndef BILLET_NET_H
#define BILLET_NET_H

#include <billet/stream.h>

struct net;

/* 16 bytes in network order; IPv4 is held IPv4-mapped (::ffff:a.b.c.d). */
struct ipaddr {
    uint8_t b[16];
};

/* `netif` says which network a link-local address is on, by the index of the
 * name in manifest.nets counted from 1; 0: not said. */
struct endpoint {
    struct ipaddr addr;
    uint16_t port; /* host order */
    uint8_t netif;
};

/* Whether it is ::ffff:a.b.c.d, which is how an IPv4 address is held. */
bool ipaddr_is_v4(const struct ipaddr *);
bool ipaddr_eq(const struct ipaddr *, const struct ipaddr *);
struct ipaddr ipaddr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);

/* "192.0.2.1" or "2001:db8::1" (RFC 5952), zero-terminated. */
enum { IPADDR_TEXT_BYTES = 46, ENDPOINT_TEXT_BYTES = 56 };
void ipaddr_format(char out[IPADDR_TEXT_BYTES], const struct ipaddr *);
/* False, `out` untouched, when `text` is not exactly one address.  IPv4 is
 * four decimal numbers without leading zeros; IPv6 as RFC 4291 2.2. */
MUST_USE bool ipaddr_parse(struct ipaddr *out, struct span text);
/* "192.0.2.1:80" or "[2001:db8::1]:80". */
void endpoint_format(char out[ENDPOINT_TEXT_BYTES], const struct endpoint *);
MUST_USE bool endpoint_parse(struct endpoint *out, struct span text);

/* Called once per accepted connection.  The stream is yours: set on_event,
 * and stream_release() it after STREAM_CLOSED.  Returning false refuses it
 * with RST. */
typedef bool accept_fn(struct stream *, const struct endpoint *peer,
                       void *user);

/* E_FULL: no listener slot.  E_INVAL: the port is taken. */
MUST_USE enum err tcp_listen(struct net *, uint16_t port, accept_fn *,
                             void *user);
/* Stop listening; accepted connections live on. */
void tcp_unlisten(struct net *, uint16_t port);

/* STREAM_OPEN or STREAM_CLOSED follows; never from inside the call.  E_FULL:
 * no connection slot or port is free.  E_UNREACH: no route. */
MUST_USE enum err tcp_connect(struct net *, const struct endpoint *,
                              struct stream **out);

/* The same, with what is zero chosen by the stack (RFC 9293 MUST-43, 48, 49).
 * E_UNREACH: `source` is not an address of ours.  E_INVAL: there is a
 * connection between these two ends. */
struct tcp_dial {
    struct ipaddr source;
    uint16_t port; /* ours; 0: random (RFC 6056) */
    uint8_t dscp;  /* 0 to 63 */
    uint8_t ttl;   /* or hop limit; 0: 64, or what the router says */
};
MUST_USE enum err tcp_connect_from(struct net *, const struct endpoint *,
                                   const struct tcp_dial *,
                                   struct stream **out);
/* DSCP and TTL of what is sent from now on; for accepted streams, too. */
void tcp_mark(struct stream *, uint8_t dscp, uint8_t ttl);

/* The two ends of a TCP stream.  Only for streams from this header. */
void tcp_peer(const struct stream *, struct endpoint *out);
void tcp_local(const struct stream *, struct endpoint *out);

/* Send a probe after this much silence; 0 is off, the default (RFC 9293
 * 3.8.4).  Four unanswered probes end the connection with E_TIMEOUT. */
void tcp_keepalive(struct stream *, ns_t idle);
/* End the connection with E_TIMEOUT when sent data stays unacknowledged this
 * long (RFC 9293 3.8.3); 0 is the default of 5 minutes. */
void tcp_user_timeout(struct stream *, ns_t);
/* The same, agreed on with the peer (RFC 5482): it is told ours, and the longer
 * of both holds, 100 s at least and an hour at most.  0: no more of that. */
void tcp_agree_timeout(struct stream *, uint32_t seconds);

/* What is known of one connection; sizes in bytes. */
struct tcp_info {
    struct endpoint local, remote;
    const char *state;          /* as RFC 9293 names it: "ESTABLISHED" */
    const char *recovery;       /* "open", "disorder", "recovery" or "loss" */
    const char *congestion;     /* the algorithm: "newreno" */
    uint32_t rtt_us, rttvar_us; /* smoothed; 0: not measured yet */
    uint32_t rto_us;            /* without the back-off: doubled... */
    uint32_t backoff;           /* ...so many times */
    uint32_t cwnd, ssthresh;    /* ssthresh 0: none yet */
    uint32_t mss, rcv_mss;      /* ours to send; the peer's, as estimated */
    uint32_t path_mtu;
    uint32_t unacked;                /* sent, not acknowledged */
    uint32_t retransmits;            /* segments sent again, ever */
    uint32_t snd_wnd, rcv_wnd;       /* offered by the peer, by us */
    uint32_t snd_queued, snd_buffer; /* written, not acknowledged; limit now */
    uint32_t rcv_queued, rcv_buffer; /* received, not read; limit now */
    uint32_t pieces; /* references to received blocks that it holds */
    uint8_t snd_wscale, rcv_wscale;
    bool timestamps, sack, wscale, ecn; /* agreed on */
    ns_t idle; /* since something was received, or payload sent */
};
/* One connection after the other: start with *cursor 0; false after the last.
 * Connections may come and go between two calls: those that stay are seen
 * exactly once.  Half-open and TIME-WAIT are only counted. */
bool tcp_info_next(struct net *, uint32_t *cursor, struct tcp_info *out);

struct tcp_counts { /* now, and at most */
    uint32_t connections, connections_max;
    uint32_t half_open, half_open_max;
    uint32_t time_wait, time_wait_max;
};
void tcp_counts(struct net *, struct tcp_counts *out);

struct udp_dgram {
    struct endpoint remote, local; /* local.addr all zero: the stack chooses */
    struct span data;
    bool broadcast; /* received: not sent to an address of ours alone */
};

/* `data` and `*d` are lent for the call only. */
typedef void udp_fn(const struct udp_dgram *d, void *user);

/* E_FULL: no slot.  E_INVAL: the port is taken.  Port 0: a random free port
 * (RFC 6056), returned in *port. */
MUST_USE enum err udp_bind(struct net *, uint16_t *port, udp_fn *, void *user);
void udp_unbind(struct net *, uint16_t port);
/* Copies `data`.  local.port must be bound.  E_FULL: no packet free now.
 * E_UNREACH: no route.  E_INVAL: longer than a datagram can be. */
MUST_USE enum err udp_send(struct net *, const struct udp_dgram *);

/* Joins a multicast group on one network: routers are told (IGMPv3, MLDv2), and
 * what is sent to it reaches the bound ports.  To be undone as often as it was
 * done.  E_INVAL: no group, no such network.  E_FULL: 16 are joined there. */
MUST_USE enum err ip_join(struct net *, uint8_t netif,
                          const struct ipaddr *group);
void ip_leave(struct net *, uint8_t netif, const struct ipaddr *group);

/* The addresses of a name, best first.  `n` is 0 when err is not OK. */
enum { DNS_ADDRS_MAX = 8 };
typedef void dns_fn(enum err, const struct ipaddr *, unsigned n, void *user);
/*
 * An address in text form is answered without asking anyone, "localhost"
 * likewise.  A name without a dot is looked for in the domains of the search
 * list first; one that ends with a dot is taken as it is.  Names are ASCII:
 * one of other letters must come as IDNA's A-labels ("xn--...").
 *
 * The callback never runs from inside the call.  E_FULL: too many questions
 * open.  E_INVAL: not a name, or one that ends with a number.
 */
MUST_USE enum err dns_resolve(struct net *, const char *name, dns_fn *,
                              void *user);

enum dns_record_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_MX = 15,
    DNS_TYPE_TXT = 16,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_SRV = 33
};
/* What a record of that type has not is zero.  Bytes are lent for the call. */
struct dns_record {
    uint16_t type;
    uint16_t priority, weight, port; /* MX: priority alone; SRV */
    struct ipaddr addr;              /* A, AAAA */
    struct span name; /* MX, SRV, PTR: in wire form, see dns_name_text() */
    struct span data; /* the whole record's; of TXT: strings, each behind a
                       * byte that says its length */
};
/* At most DNS_ADDRS_MAX of them, and together at most 512 bytes; the rest is
 * left off.  `n` is 0 when err is not OK. */
typedef void dns_records_fn(enum err, const struct dns_record *, unsigned n,
                            void *user);
/* The records of one type; the search list is not used.  As dns_resolve(). */
MUST_USE enum err dns_lookup(struct net *, const char *name,
                             enum dns_record_type, dns_records_fn *,
                             void *user);
/* The name to look up PTR records of an address under. */
enum { DNS_REVERSE_BYTES = 74, DNS_NAME_TEXT_BYTES = 1024 };
void dns_reverse(char out[DNS_REVERSE_BYTES], const struct ipaddr *);
/* "example.com", with what is not visible as RFC 1035 5.1 has it ("\032").
 * Returns its length. */
size_t dns_name_text(char out[DNS_NAME_TEXT_BYTES], struct span name);
/* Forgets the questions with that `user`: their callback will not run. */
void dns_cancel(struct net *, const void *user);

/*
 * Connecting to a name: happy eyeballs (RFC 8305).  Both families are resolved
 * at once and tried in turns, each attempt a little after the one before, until
 * one is open; the others are dropped.  The struct is the caller's and stays
 * until the callback ran or it was cancelled.
 */
enum { DIAL_TRIES_MAX = 12 };
struct dial_try {
    struct ipaddr addr;
    struct stream *s; /* while it is being tried */
    enum err err;     /* why it failed */
    bool tried;
};
struct happy_eyeballs;
/* OK: `s` is yours; set on_event and nothing else now: STREAM_OPEN follows at
 * once.  Else `s` is NULL and the tries say why. */
typedef void dial_fn(enum err, struct stream *s, struct happy_eyeballs *,
                     void *user);
struct happy_eyeballs {
    /* The caller's, before: for all of it, 0 is 30 s; between attempts, 0 is
     * 250 ms, and held between 100 ms and 2 s. */
    ns_t timeout, delay;
    /* To be read after: in the order they were tried; others are not. */
    unsigned n;
    struct dial_try tries[DIAL_TRIES_MAX];
    /* The stack's. */
    struct net *net;
    struct happy_eyeballs *next;
    dial_fn *fn;
    void *user;
    uint16_t port;
    bool resolved, over;
    enum err err;
    ns_t next_at, ends_at;
};
/* Zero the struct first.  E_FULL, E_INVAL: as dns_resolve(). */
MUST_USE enum err happy_eyeballs_dial(struct net *, struct happy_eyeballs *,
                                      const char *name, uint16_t port,
                                      dial_fn *, void *user);
/* No callback follows.  Nothing when it is over. */
void happy_eyeballs_cancel(struct happy_eyeballs *);
/* "2001:db8::1: timed out; 192.0.2.1: connection refused": what was tried. */
void happy_eyeballs_text(char *out, size_t size, const struct happy_eyeballs *);

/* Shows a service on the local networks by DNS-SD (RFC 6763): "_http._tcp",
 * under the host's name.  `txt` is strings, each behind a byte that says its
 * length, or empty; both stay the caller's and must not change.  Nothing is
 * seen of it without --mdns=on.  E_FULL: four are shown.  E_INVAL: not a type,
 * or `txt` is longer than 200 bytes. */
MUST_USE enum err mdns_publish(struct net *, const char *type, uint16_t port,
                               struct span txt);

/* One address that this host has. */
struct net_addr {
    struct ipaddr addr;
    uint8_t prefix_bits, netif;
    bool tentative; /* duplicate detection is not over */
};
/* Fills `out` with at most `max` and returns how many there are. */
unsigned net_addrs(const struct net *, struct net_addr *out, unsigned max);

#endif
