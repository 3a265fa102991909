/* SPDX-License-Identifier: ISC */
/*
 * forward.h - being a router: datagrams for others, and the hook through which
 * a router, firewall or NAT sees, judges and changes them.
 *
 * An application that calls net_set_forward() makes its machine a router, for
 * both families; one that does not links none of this.  docs/forwarding.md has
 * the rules by which a datagram is forwarded, and a whole example.
 *
 * The hook runs for each datagram, from inside net_input(): it must return
 * soon, must not wait, and may call nothing of the stack but what is here.
 */
#ifndef BILLET_FORWARD_H
#define BILLET_FORWARD_H

#include <billet/net.h>
#include <billet/pkt.h>

/* One datagram on its way, for the time of one call.  What is said of ports
 * holds for TCP and UDP; an echo's identifier stands for both of its ports. */
struct forward_pkt {
    struct ipaddr src, dst;
    uint16_t sport, dport; /* 0 without has_ports */
    uint8_t proto;         /* behind IPv6's extension headers */
    uint8_t ttl, tos;
    uint8_t tcp_flags;            /* FIN 1, SYN 2, RST 4, PSH 8, ACK 16 */
    uint8_t icmp_type, icmp_code; /* ICMP or ICMPv6 */
    uint8_t in, out;              /* networks, from 1; out is 0 on arrival */
    bool v4;
    bool has_ports;
    bool fragment; /* of a larger datagram: only the first has ports */
    bool for_us;   /* on arrival: it has an address of this machine */
    uint16_t mtu;  /* of the way out; 0 on arrival */
    uint32_t len;  /* IP header included; merged TCP segments are one */
    uint32_t l4;   /* where the transport header is, from the IP header */

    /* For the functions below alone. */
    struct pkt *pkt;
    uint32_t l3, outer, csum_at;
};

enum forward_verdict {
    FORWARD_ACCEPT,
    FORWARD_DROP,
    FORWARD_REJECT, /* and tell the sender: administratively prohibited */
    FORWARD_RESET   /* TCP gets a reset, all else "port unreachable" */
};
typedef enum forward_verdict forward_fn(struct forward_pkt *, void *user);

struct net_forward {
    /* Before the way is chosen: every unicast datagram that comes in, also one
     * for this machine.  To change its destination here (DNAT, the answers of
     * SNAT) changes where it goes.  NULL: not asked. */
    forward_fn *arrived;
    /* On its way to another host, the way known; what it leaves is sent.  Its
     * source may be changed here (SNAT).  NULL: all are accepted. */
    forward_fn *routed;
    void *user;
    /* Drop what comes in by another network than the way back to its source
     * would take (RFC 3704 2.2). */
    bool reverse_path;
};

/* From now on the machine forwards; `*f` is copied.  NULL: no longer. */
void net_set_forward(struct net *, const struct net_forward *f);

/* Copies `n` bytes of the datagram, from `at` bytes behind the start of its IP
 * header.  False when it is shorter. */
bool forward_read(const struct forward_pkt *, uint32_t at, void *out,
                  uint32_t n);
/*
 * Writes them; every checksum follows (RFC 1624), also one that a device is
 * still to complete.  At most FORWARD_WRITE_MAX bytes, all of them in the
 * addresses, in the rest of the IP header, or behind it.  False, and nothing
 * changed, otherwise.  The fields of the struct stay as they were.
 */
enum { FORWARD_WRITE_MAX = 64 };
bool forward_write(struct forward_pkt *, uint32_t at, const void *bytes,
                   uint32_t n);

/* New ends, in the datagram and in the struct.  The port is left alone when
 * there is none.  False: an address of the other family. */
bool forward_set_src(struct forward_pkt *, const struct ipaddr *,
                     uint16_t port);
bool forward_set_dst(struct forward_pkt *, const struct ipaddr *,
                     uint16_t port);

/* Lowers the MSS that a SYN announces to `mss`; 0: to what the way out takes.
 * True when it was changed. */
bool forward_clamp_mss(struct forward_pkt *, uint16_t mss);

/* The datagram that an ICMP error is about: its ends, as its sender wrote
 * them.  A NAT changes them by the functions above; the checksums of both
 * follow.  False: no error, or it quotes too little. */
bool forward_quoted(const struct forward_pkt *, struct forward_pkt *quoted);

#endif
