/* SPDX-License-Identifier: ISC */
/*
 * addr.h - the addresses of a NIC: from the first probe to the last second.
 *
 * IPv6: duplicate address detection (RFC 4862 5.4), optimistic (RFC 4429) for
 * addresses that we made ourselves.  IPv4: RFC 5227, with shorter waits.
 */
#ifndef IP_ADDR_H
#define IP_ADDR_H

#include <base/bytes.h>
#include <billet/net.h>

struct net;
struct nif;

enum {
    ADDRS_MAX = 16,        /* of one NIC, both families; more are refused */
    ACD_PROBES = 3,        /* RFC 5227 1.1: PROBE_NUM */
    ACD_ANNOUNCEMENTS = 2, /* ANNOUNCE_NUM */
    DAD_PROBES = 1,        /* RFC 4862 5.1: DupAddrDetectTransmits */
    DAD_RETRIES = 3        /* RFC 7217 6: IDGEN_RETRIES */
};
/* RFC 5227 waits for seconds, for slow switches of 2008.  A machine that boots
 * in a tenth of a second does not: a neighbour answers within a millisecond,
 * and one that answers late is still dealt with as a later conflict. */
#define ACD_PROBE_NS (20 * NS_PER_MS) /* and as much again at random */
#define ACD_WAIT_NS  (60 * NS_PER_MS)
/* The RFC's own, for link-local addresses and where the owner wants them. */
#define ACD_FULL_PROBE_NS NS_PER_SEC
#define ACD_FULL_WAIT_NS  (2 * NS_PER_SEC)
#define ACD_ANNOUNCE_NS   (2 * NS_PER_SEC)
#define ACD_DEFEND_NS     (10 * NS_PER_SEC)
#define ADDR_RETRY_NS     (60 * NS_PER_SEC) /* a static address that was taken */

enum addr_state {
    ADDR_NONE,
    ADDR_DUPLICATE,  /* static, and someone else has it; tried again */
    ADDR_TENTATIVE,  /* not ours yet */
    ADDR_OPTIMISTIC, /* ours, unless someone objects: RFC 4429 */
    ADDR_PREFERRED,
    ADDR_DEPRECATED /* not for new connections: RFC 4862 5.5.4 */
};

/* Who gave us an address, a route or a name server. */
enum origin {
    ORIGIN_STATIC,
    ORIGIN_DHCP,
    ORIGIN_DHCP6,
    ORIGIN_RA,
    ORIGIN_LINK_LOCAL,
    ORIGIN_CONNECTED /* the route to an address's own network */
};

struct ifaddr {
    struct ipaddr addr;
    uint8_t state;  /* enum addr_state */
    uint8_t origin; /* enum origin */
    uint8_t bits;   /* of the prefix, as in net_addr: up to 32 or 128 */
    uint8_t probes, announcements; /* still to send */
    uint8_t dad_counter;           /* RFC 7217 5 */
    bool temporary, succeeded;     /* RFC 8981; a younger one is there */
    ns_t next;                     /* probe, announcement or verdict */
    ns_t preferred_until, valid_until;
    ns_t defended;
    ns_t made;              /* a temporary one, or it would last for ever... */
    uint32_t desync_s;      /* ...and so much less, so that hosts differ */
    uint64_t advertised_by; /* bits of routers: select_router_bit() */
    uint64_t nonce;         /* of our own probes: RFC 7527 */
};

static inline struct ipaddr ip4_addr(uint32_t v4)
{
    struct ipaddr a = {.b = {[10] = 0xff, [11] = 0xff}};

    put_be32(a.b + 12, v4);
    return a;
}

static inline uint32_t ip4_of(const struct ipaddr *a)
{
    return be32(a->b + 12);
}

static inline bool addr_same(const struct ipaddr *a, const struct ipaddr *b)
{
    uint64_t x[2], y[2];

    memcpy(x, a, 16);
    memcpy(y, b, 16);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool addr_is_zero(const struct ipaddr *a)
{
    return (be64(a->b) | be64(a->b + 8)) == 0;
}

/* Whether the first `bits` of the 16 bytes agree. */
bool addr_in_prefix(const struct ipaddr *, const struct ipaddr *prefix,
                    unsigned bits);
/* The prefix alone, the rest zero. */
struct ipaddr addr_prefix(const struct ipaddr *, unsigned bits);
/* A prefix length counted in the 16 bytes. */
static inline unsigned addr_bits16(const struct ipaddr *a, unsigned bits)
{
    return ipaddr_is_v4(a) ? bits + 96 : bits;
}

/* Whether an address can be ours or a broadcast address of ours, going by its
 * last byte: if not, it is not. */
static inline bool addr_may_be_ours(uint64_t filter, uint8_t last)
{
    return filter >> (last % 64) & 1;
}

/* Ours and in use; NULL otherwise. */
struct ifaddr *addr_find(struct nif *, const struct ipaddr *);
/* In any state. */
struct ifaddr *addr_find_any(struct nif *, const struct ipaddr *);
/* The first that is past doubt (and link-local, for IPv6); NULL if none. */
struct ifaddr *addr_first(struct nif *, bool v4);
/* A directed broadcast address (RFC 919) of the NIC's IPv4 networks. */
bool addr_is_broadcast(const struct nif *, uint32_t v4);

/* Starts to acquire it; if it is there, its lifetimes are renewed.  NULL when
 * the NIC has ADDRS_MAX already. */
struct ifaddr *addr_add(struct net *, struct nif *, const struct ifaddr *,
                        ns_t now);
void addr_remove(struct net *, struct nif *, struct ifaddr *, ns_t now);
/* Someone else claims to have it. */
void addr_conflict(struct net *, struct nif *, struct ifaddr *, ns_t now);
/* The link came back, perhaps to another switch: say where we are. */
void addr_link_up(struct net *, struct nif *, ns_t now);
/* Does what is due; returns when it is to be called again. */
ns_t addr_tick(struct net *, struct nif *, ns_t now);

/* RFC 7217 5: an interface identifier below `prefix`. */
struct ipaddr addr_stable(const struct nif *, const struct ipaddr *prefix,
                          uint8_t dad_counter);

#endif
