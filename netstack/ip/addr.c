/* SPDX-License-Identifier: ISC */
/*
 * addr.c - see addr.h.
 */
#include "../stack.h"
#include "../tcp/tcp.h"

bool addr_in_prefix(const struct ipaddr *a, const struct ipaddr *prefix,
                    unsigned bits)
{
    uint64_t hi = be64(a->b) ^ be64(prefix->b);
    uint64_t lo = be64(a->b + 8) ^ be64(prefix->b + 8);

    if (bits == 0)
        return true;
    if (bits <= 64)
        return hi >> (64 - bits) == 0;
    return hi == 0 && (bits >= 128 ? lo : lo >> (128 - bits)) == 0;
}

struct ipaddr addr_prefix(const struct ipaddr *a, unsigned bits)
{
    struct ipaddr out = {{0}};

    memcpy(out.b, a->b, bits / 8);
    if (bits % 8)
        out.b[bits / 8] = (uint8_t)(a->b[bits / 8] & 0xff00 >> bits % 8);
    return out;
}

struct ifaddr *addr_find_any(struct nif *nif, const struct ipaddr *addr)
{
    for (unsigned i = 0; i < nif->naddrs; i++)
        if (nif->addr[i].state != ADDR_NONE &&
            addr_same(&nif->addr[i].addr, addr))
            return &nif->addr[i];
    return NULL;
}

struct ifaddr *addr_find(struct nif *nif, const struct ipaddr *addr)
{
    for (unsigned i = 0; i < nif->naddrs; i++)
        if (nif->addr[i].state >= ADDR_OPTIMISTIC &&
            addr_same(&nif->addr[i].addr, addr))
            return &nif->addr[i];
    return NULL;
}

struct ifaddr *addr_first(struct nif *nif, bool v4)
{
    for (unsigned i = 0; i < nif->naddrs; i++) {
        struct ifaddr *a = &nif->addr[i];

        if (a->state >= ADDR_PREFERRED && ipaddr_is_v4(&a->addr) == v4 &&
            (v4 || ip6_is_link_local(&a->addr)))
            return a;
    }
    return NULL;
}

bool addr_is_broadcast(const struct nif *nif, uint32_t v4)
{
    for (unsigned i = 0; i < nif->naddrs; i++) {
        const struct ifaddr *a = &nif->addr[i];
        uint32_t host;

        if (a->state < ADDR_PREFERRED || !ipaddr_is_v4(&a->addr) ||
            a->bits > 30) /* RFC 3021: none on /31 */
            continue;
        host = UINT32_MAX >> a->bits;
        if (((v4 ^ ip4_of(&a->addr)) & ~host) == 0 && (v4 & host) == host)
            return true;
    }
    return false;
}

struct ipaddr addr_stable(const struct nif *nif, const struct ipaddr *prefix,
                          uint8_t dad_counter)
{
    struct ipaddr out = addr_prefix(prefix, 64);
    uint8_t in[16];

    memcpy(in, prefix->b, 8);
    put_be64(in + 8, nif->mac << 16 | (uint64_t)nif->index << 8 | dad_counter);
    put_be64(out.b + 8, siphash24(&nif->stable_key, in, sizeof(in)));
    return out;
}

/* Keeps what the fast path looks at in step with the table. */
static void changed(struct net *net, struct nif *nif)
{
    nif->addr_filter = 0;
    nif->addr4 = 0;
    nif->addr6 = NULL;
    for (unsigned i = 0; i < nif->naddrs; i++) {
        const struct ifaddr *a = &nif->addr[i];

        if (a->state < ADDR_OPTIMISTIC)
            continue;
        nif->addr_filter |= UINT64_C(1) << a->addr.b[15] % 64;
        if (ipaddr_is_v4(&a->addr)) {
            uint32_t v4 = ip4_of(&a->addr);

            nif->addr4 = nif->addr4 ? nif->addr4 : v4;
            if (a->bits <= 30)
                nif->addr_filter |= UINT64_C(1)
                                    << (v4 | UINT32_MAX >> a->bits) % 64;
        }
    }
    net->path_gen++;
}

static const char *origin_name(uint8_t origin)
{
    static const char *const names[] = {[ORIGIN_STATIC] = "static",
                                        [ORIGIN_DHCP] = "dhcp",
                                        [ORIGIN_DHCP6] = "dhcp",
                                        [ORIGIN_RA] = "slaac",
                                        [ORIGIN_LINK_LOCAL] = "link-local"};

    return names[origin];
}

static void say(struct net *net, const struct nif *nif, const struct ifaddr *a,
                enum net_note_kind kind, ns_t now)
{
    struct net_note note = {.kind = kind,
                            .netif = nif->index,
                            .prefix_bits = a->bits,
                            .addr = a->addr,
                            .origin = a->temporary ? "temporary"
                                                   : origin_name(a->origin),
                            .seconds = UINT32_MAX};

    if (a->valid_until != NS_NEVER)
        note.seconds = a->valid_until > now
                           ? (uint32_t)((a->valid_until - now) / NS_PER_SEC)
                           : 0;
    net_say(net, &note);
}

/* A static or DHCP address brings the route to its own network. */
static struct route connected(const struct nif *nif, const struct ifaddr *a)
{
    unsigned bits = addr_bits16(&a->addr, a->bits);

    return (struct route){.dst = addr_prefix(&a->addr, bits),
                          .bits = (uint8_t)bits,
                          .netif = nif->index,
                          .origin = ORIGIN_CONNECTED,
                          .pref = NDP_PREF_MEDIUM,
                          .until = NS_NEVER};
}

static bool brings_route(const struct ifaddr *a)
{
    return a->origin == ORIGIN_STATIC || a->origin == ORIGIN_DHCP ||
           (a->origin == ORIGIN_LINK_LOCAL && ipaddr_is_v4(&a->addr));
}

static bool is_full(const struct nif *nif, const struct ifaddr *a)
{
    return nif->config.full_probe4 || a->origin == ORIGIN_LINK_LOCAL;
}

/* Between the probes for an IPv4 address, and as much again at random. */
static ns_t probe_ns(const struct nif *nif, const struct ifaddr *a)
{
    return is_full(nif, a) ? ACD_FULL_PROBE_NS : ACD_PROBE_NS;
}

static void begin(struct net *net, struct nif *nif, struct ifaddr *a, ns_t now)
{
    bool v4 = ipaddr_is_v4(&a->addr);
    bool ours =
        !v4 && (a->origin == ORIGIN_RA || a->origin == ORIGIN_LINK_LOCAL);

    a->state = ours ? ADDR_OPTIMISTIC : ADDR_TENTATIVE;
    a->nonce = (uint64_t)rng_u32(&net->rng) << 16 | 1;
    a->probes = v4 ? ACD_PROBES : DAD_PROBES;
    a->announcements = v4 ? ACD_ANNOUNCEMENTS : 0;
    a->next = now + rng_below(&net->rng,
                              (uint32_t)(v4 ? probe_ns(nif, a) : ACD_PROBE_NS));
    if (ours)
        changed(net, nif);
    net_wake_at(net, a->next);
}

struct ifaddr *addr_add(struct net *net, struct nif *nif,
                        const struct ifaddr *wanted, ns_t now)
{
    struct ifaddr *a = addr_find_any(nif, &wanted->addr);

    if (!a) {
        for (unsigned i = 0; i < ADDRS_MAX && !a; i++)
            if (nif->addr[i].state == ADDR_NONE) {
                a = &nif->addr[i];
                nif->naddrs = nif->naddrs > i ? nif->naddrs : i + 1;
            }
        if (!a) {
            net->count.full__addresses++;
            return NULL;
        }
        *a = *wanted;
        if (!ipaddr_is_v4(&a->addr))
            group_join_node(net, nif, &a->addr, now);
        begin(net, nif, a, now);
    }
    a->preferred_until = wanted->preferred_until;
    a->valid_until = wanted->valid_until;
    if (a->state == ADDR_DEPRECATED && now < a->preferred_until)
        a->state = ADDR_PREFERRED;
    net_wake_at(net, a->preferred_until);
    net_wake_at(net, a->valid_until);
    return a;
}

void addr_remove(struct net *net, struct nif *nif, struct ifaddr *a, ns_t now)
{
    struct ifaddr old = *a;

    a->state = ADDR_NONE;
    if (!ipaddr_is_v4(&old.addr))
        group_leave_node(net, nif, &old.addr, now);
    if (brings_route(&old)) {
        struct route r = connected(nif, &old);

        route_del(net, &r);
    }
    if (old.state < ADDR_OPTIMISTIC)
        return;
    changed(net, nif);
    if (old.state >= ADDR_PREFERRED)
        say(net, nif, &old, NET_ADDR_LOST, now);
    tcp_addrs_changed(net->tcp, now);
}

static void ready(struct net *net, struct nif *nif, struct ifaddr *a, ns_t now)
{
    a->state = now < a->preferred_until ? ADDR_PREFERRED : ADDR_DEPRECATED;
    a->next = a->announcements ? now : NS_NEVER;
    changed(net, nif);
    if (brings_route(a)) {
        struct route r = connected(nif, a);

        route_add(net, &r);
    }
    if (a->origin == ORIGIN_LINK_LOCAL && !ipaddr_is_v4(&a->addr))
        groups_tell(net, nif, false, now);
    say(net, nif, a, NET_ADDR_ADDED, now);
    if (a->origin == ORIGIN_DHCP)
        dhcp_addr_ready(net, nif, now);
}

static void announce4(struct net *net, struct nif *nif, const struct ifaddr *a,
                      bool probe)
{
    uint32_t addr = ip4_of(&a->addr);

    arp_send(net, nif,
             &(struct arp_msg){.op = ARP_REQUEST,
                               .sender_mac = nif->mac,
                               .sender = probe ? 0 : addr,
                               .target = addr},
             MAC_BROADCAST);
}

/* One step of acquiring: a probe, the verdict, or an announcement. */
static void step(struct net *net, struct nif *nif, struct ifaddr *a, ns_t now)
{
    bool v4 = ipaddr_is_v4(&a->addr);

    if (a->state == ADDR_DUPLICATE) {
        begin(net, nif, a, now);
    } else if (a->state >= ADDR_PREFERRED) {
        announce4(net, nif, a, false);
        a->next = --a->announcements ? now + ACD_ANNOUNCE_NS : NS_NEVER;
    } else if (a->probes == 0) {
        ready(net, nif, a, now);
    } else if (v4) {
        announce4(net, nif, a, true);
        a->next = now + probe_ns(nif, a) +
                  rng_below(&net->rng, (uint32_t)probe_ns(nif, a));
        if (--a->probes == 0)
            a->next = now + (is_full(nif, a) ? ACD_FULL_WAIT_NS : ACD_WAIT_NS);
    } else {
        ndp_send_probe(net, nif, a);
        a->probes--;
        a->next = now + nif->neigh.retrans_ns;
    }
}

ns_t addr_tick(struct net *net, struct nif *nif, ns_t now)
{
    ns_t due = NS_NEVER;

    for (unsigned i = 0; i < nif->naddrs; i++) {
        struct ifaddr *a = &nif->addr[i];

        if (a->state == ADDR_NONE)
            continue;
        if (now >= a->valid_until) {
            addr_remove(net, nif, a, now);
            continue;
        }
        if (now >= a->next)
            step(net, nif, a, now);
        if (a->state == ADDR_PREFERRED && now >= a->preferred_until) {
            a->state = ADDR_DEPRECATED;
            net->path_gen++;
        }
        due = a->next < due ? a->next : due;
        if (a->state < ADDR_DEPRECATED && a->preferred_until < due)
            due = a->preferred_until > now ? a->preferred_until : due;
        due = a->valid_until < due ? a->valid_until : due;
    }
    return due;
}

void addr_link_up(struct net *net, struct nif *nif, ns_t now)
{
    for (unsigned i = 0; i < nif->naddrs; i++) {
        struct ifaddr *a = &nif->addr[i];

        if (a->state == ADDR_TENTATIVE || a->state == ADDR_OPTIMISTIC) {
            begin(net, nif, a, now); /* what was asked so far, nobody heard */
        } else if (a->state >= ADDR_PREFERRED && ipaddr_is_v4(&a->addr)) {
            a->announcements = ACD_ANNOUNCEMENTS;
            a->next = now;
            net_wake_at(net, now);
        }
    }
}

/* Not ours after all.  An address that we made is made anew, otherwise. */
static void duplicate(struct net *net, struct nif *nif, struct ifaddr *a,
                      ns_t now)
{
    struct ifaddr next = *a;

    say(net, nif, a, NET_ADDR_CONFLICT, now);
    if (a->origin == ORIGIN_STATIC) {
        a->state = ADDR_DUPLICATE;
        a->next = now + ADDR_RETRY_NS;
        net_wake_at(net, a->next);
        return;
    }
    addr_remove(net, nif, a, now);
    if (next.origin == ORIGIN_DHCP) {
        dhcp_addr_conflict(net, nif, now);
    } else if (next.origin == ORIGIN_DHCP6) {
        dhcp6_addr_conflict(net, nif, &next.addr, now);
    } else if (ipaddr_is_v4(&next.addr)) {
        link_local4_conflict(net, nif, now);
    } else if (++next.dad_counter <= DAD_RETRIES) {
        next.addr = next.temporary
                        ? temporary_id(net, &next.addr)
                        : addr_stable(nif, &next.addr, next.dad_counter);
        addr_add(net, nif, &next, now);
    } else if (next.temporary) {
        nif->config.temporary6 = false; /* RFC 8981 3.3.3: not here */
    }
}

void addr_conflict(struct net *net, struct nif *nif, struct ifaddr *a, ns_t now)
{
    net->count.address_conflicts++;
    if (a->state == ADDR_DUPLICATE)
        return;
    if (a->state < ADDR_PREFERRED) {
        duplicate(net, nif, a, now);
        return;
    }
    if (!ipaddr_is_v4(&a->addr))
        return; /* RFC 4862 has nothing for this; a claim is not believed */
    if (a->defended == 0 || now - a->defended >= ACD_DEFEND_NS) {
        a->defended = now; /* RFC 5227 2.4 (b) and (c) */
        announce4(net, nif, a, false);
    } else if (a->origin != ORIGIN_STATIC) {
        duplicate(net, nif, a, now);
    }
}
