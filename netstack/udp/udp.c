/* SPDX-License-Identifier: ISC */
/*
 * udp.c - see udp.h.
 */
#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"
#include "../wire/udp.h"

size_t udp_bytes(const struct limits *l)
{
    return l->udp_binds * sizeof(struct udp_sock) + table_bytes(l->udp_binds) +
           32;
}

bool udp_init(struct net *net, const struct limits *l)
{
    struct udp *u = &net->udp;
    void *entries;

    u->n = l->udp_binds;
    u->sock = arena_try(net->config.arena, u->n * sizeof(struct udp_sock), 16);
    entries = arena_try(net->config.arena, table_bytes(u->n), 16);
    if (!u->sock || !entries)
        return false;
    memset(u->sock, 0, u->n * sizeof(struct udp_sock));
    table_init(&u->ports, entries, u->n);
    u->waiting_max = net->config.pkts->count / 4;
    return true;
}

/* Ports are ours to choose, so no key is needed to spread them. */
static uint32_t hash(uint16_t port)
{
    return port * UINT32_C(0x9e3779b1) >> 16;
}

static struct udp_sock *find(const struct udp *u, uint16_t port)
{
    uint32_t at;

    for (uint32_t i = table_first(&u->ports, hash(port), &at); i != TABLE_NONE;
         i = table_next(&u->ports, hash(port), &at))
        if (u->sock[i].port == port)
            return &u->sock[i];
    return NULL;
}

uint16_t udp_free_port(struct net *net)
{
    for (unsigned i = 0; i < UDP_PORT_TRIES; i++) {
        uint16_t port =
            (uint16_t)(UDP_PORT_FIRST +
                       rng_below(&net->rng, 65536 - UDP_PORT_FIRST));

        if (!find(&net->udp, port) && !dns_has_port(net, port) &&
            !ntp_has_port(net, port))
            return port;
    }
    return 0;
}

enum err udp_bind(struct net *net, uint16_t *port, udp_fn *fn, void *user)
{
    struct udp *u = &net->udp;
    uint16_t wanted = *port ? *port : udp_free_port(net);

    if (wanted == 0)
        return E_FULL;
    if (find(u, wanted) || dns_has_port(net, wanted) ||
        ntp_has_port(net, wanted))
        return E_INVAL;
    for (unsigned i = 0; i < u->n; i++) {
        struct udp_sock *s = &u->sock[i];

        if (s->port)
            continue;
        if (!table_put(&u->ports, hash(wanted), i))
            break;
        *s = (struct udp_sock){.port = wanted, .fn = fn, .user = user};
        u->bound++;
        *port = wanted;
        return OK;
    }
    return E_FULL;
}

void udp_unbind(struct net *net, uint16_t port)
{
    struct udp *u = &net->udp;
    struct udp_sock *s = find(u, port);
    struct pkt *p;

    if (!s)
        return;
    u->waiting -= s->rx.count;
    while ((p = pktq_pop(&s->rx)))
        pkt_put(p);
    table_del(&u->ports, hash(port), (uint32_t)(s - u->sock));
    s->port = 0;
    u->bound--;
}

/* RFC 1122 4.1.3.4, RFC 8200 8.1: no checksum is allowed for IPv4 alone. */
static bool checksum_ok(const struct ip_rx *rx, uint16_t csum)
{
    return csum == 0 ? rx->v4 : ip_l4_csum_ok(rx);
}

/* A received packet has no headers of its own to send: their room holds what
 * is known of it until it is delivered. */
static void keep(struct net *net, struct udp_sock *s, const struct ip_rx *rx)
{
    _Static_assert(sizeof(*rx) <= PKT_HDR_MAX, "it must fit");

    if (s->rx.count >= UDP_QUEUE_MAX ||
        net->udp.waiting >= net->udp.waiting_max) {
        net_drop(net, rx->pkt, udp_full);
        return;
    }
    memcpy(rx->pkt->hdr, rx, sizeof(*rx));
    net->udp.waiting++;
    net->count.udp_in++;
    pktq_push(&s->rx, rx->pkt);
}

/* What belongs to the stack itself; false: to an application. */
static bool internal(struct net *net, const struct ip_rx *rx,
                     const struct udp_hdr *h, ns_t now)
{
    uint32_t at = rx->l4 + UDP_BYTES, n = rx->len - UDP_BYTES;

    if (h->dst == DHCP4_CLIENT_PORT && rx->v4 &&
        net_nif(net, rx->netif)->dhcp.core.state != DHCP_OFF) {
        dhcp_input(net, rx, at, n, now);
        return true;
    }
    if (h->dst == DHCP6_CLIENT_PORT && !rx->v4 &&
        net_nif(net, rx->netif)->dhcp6.core.state != DHCP6_OFF) {
        dhcp6_input(net, rx, at, n, now);
        return true;
    }
    if (h->src == NTP_PORT && ntp_has_port(net, h->dst)) {
        ntp_input(net, rx, h->src, h->dst, at, n, now);
        return true;
    }
    if (h->dst == MDNS_PORT && net->mdns.on) {
        mdns_input(net, rx, h->src, at, n, now);
        return true;
    }
    if (net->dns.open && dns_has_port(net, h->dst)) {
        dns_input(net, rx, h->src, h->dst, at, n, now);
        return true;
    }
    return false;
}

void udp_input(struct net *net, struct ip_rx *rx, ns_t now)
{
    uint8_t room[UDP_BYTES];
    const uint8_t *in = pkt_together(rx->pkt, rx->l4, UDP_BYTES,
                                     (struct mspan){room, sizeof(room)});
    struct udp_hdr h;
    struct udp_sock *s;

    if (!in || !udp_parse(&h, (struct span){in, UDP_BYTES}, rx->len)) {
        net_drop(net, rx->pkt, udp_length);
        return;
    }
    rx->len = h.len; /* what stands behind it is not UDP's */
    if (!checksum_ok(rx, h.csum)) {
        net_drop(net, rx->pkt, udp_checksum);
        return;
    }
    if (internal(net, rx, &h, now)) {
        pkt_put(rx->pkt);
        return;
    }
    s = h.dst ? find(&net->udp, h.dst) : NULL;
    if (!s) {
        icmp_port_unreachable(net, rx, now);
        net_drop(net, rx->pkt, udp_no_port);
        return;
    }
    keep(net, s, rx);
}

/* Only what fits something we could have sent is believed: from a port that is
 * bound, and larger than what is said to fit. */
void udp_icmp(struct net *net, const struct ip_error *e, ns_t now)
{
    uint16_t port = be16(e->quoted);
    uint32_t had = be16(e->quoted + 4) + (e->v4 ? 20u : 40u);

    if (e->kind == IP_ERR_TOO_BIG && e->mtu < had && e->mtu <= UINT16_MAX &&
        find(&net->udp, port))
        ip_pmtu_update(net, &e->dst, (uint16_t)e->mtu, now);
}

static RARE void deliver(struct net *net, struct udp_sock *s, struct pkt *p)
{
    struct udp_dgram d = {0};
    uint8_t ports[4];
    struct ip_rx rx;

    memcpy(&rx, p->hdr, sizeof(rx));
    d.data.n = rx.len - UDP_BYTES;
    d.data.p =
        pkt_together(p, rx.l4 + UDP_BYTES, (uint32_t)d.data.n, net->scratch);
    if (!d.data.p || !pkt_copy(p, rx.l4, ports, sizeof(ports))) {
        net->count.drops__udp_full++; /* larger than there is room for */
        return;
    }
    d.remote = (struct endpoint){
        .addr = rx.src, .port = be16(ports), .netif = rx.netif};
    d.local = (struct endpoint){
        .addr = rx.dst, .port = be16(ports + 2), .netif = rx.netif};
    d.broadcast = rx.not_unicast;
    s->fn(&d, s->user);
}

unsigned udp_dispatch(struct net *net)
{
    struct udp *u = &net->udp;
    unsigned done = 0, idle = 0;

    /* One datagram of each port in turn, so that none starves another. */
    while (u->waiting && done < UDP_DISPATCH_MAX && idle < u->n) {
        struct udp_sock *s = &u->sock[u->next];
        struct pkt *p;

        u->next = (u->next + 1) % u->n;
        if (!s->port || !(p = pktq_pop(&s->rx))) {
            idle++;
            continue;
        }
        idle = 0;
        u->waiting--;
        done++;
        deliver(net, s, p);
        pkt_put(p);
    }
    return done;
}

/* The way to `to`: the last one's, if it still holds. */
static enum err find_path(struct net *net, struct ip_path *path,
                          const struct ipaddr *from, const struct endpoint *to)
{
    if (path->gen == net->path_gen && addr_same(&path->dst, &to->addr) &&
        (!to->netif || to->netif == path->netif) &&
        (!from || addr_same(&path->src, from)))
        return OK;
    *path = (struct ip_path){.dst = to->addr, .netif = to->netif};
    if (from)
        path->src = *from;
    return ip_path_find(net, path);
}

enum err udp_send_on(struct net *net, uint16_t port, struct ip_path *path,
                     uint16_t to_port, struct span data)
{
    struct udp_hdr h = {
        .src = port, .dst = to_port, .len = (uint16_t)(UDP_BYTES + data.n)};
    uint32_t most = path->mtu - (path->v4 ? 20u : 40u), tso;
    struct pkt *p = net_pkt(net);
    uint64_t sum;
    uint8_t *udp;

    if (!p)
        return E_FULL;
    if (data.n <= UDP_HDR_PAYLOAD_MAX) {
        if (data.n)
            memcpy(pkt_push(p, (unsigned)data.n), data.p, data.n);
    } else if (!net_pkt_append(net, p, data.p, data.n)) {
        pkt_put(p);
        return E_FULL;
    }
    udp = pkt_push(p, UDP_BYTES);
    udp_emit(udp, &h);
    sum = ip_pseudo_sum(&path->src, &path->dst, path->v4, IPPROTO_UDP_, p->len);
    if ((ip_path_caps(net, path, &tso) & NETIF_TX_CSUM) && p->len <= most) {
        p->flags |= PKT_CSUM_PARTIAL;
        p->csum_off = 6;
        put_be16(udp + 6, csum_fold(sum));
    } else {
        uint16_t csum = (uint16_t)~csum_fold(pkt_sum(p, 0, p->len, sum));

        put_be16(udp + 6, csum ? csum : 0xffff);
    }
    net->count.udp_out++;
    ip_send(net, path, IPPROTO_UDP_, p, net->now);
    return OK;
}

enum err udp_send_from(struct net *net, uint16_t port,
                       const struct ipaddr *from, const struct endpoint *to,
                       struct span data)
{
    struct ip_path path = {0};
    enum err err = find_path(net, &path, from, to);

    return err ? err : udp_send_on(net, port, &path, to->port, data);
}

enum err udp_send(struct net *net, const struct udp_dgram *d)
{
    struct udp_sock *s = find(&net->udp, d->local.port);
    size_t most = ipaddr_is_v4(&d->remote.addr) ? 65507 : 65527;
    bool any = addr_is_zero(&d->local.addr);
    enum err err;

    if (!s || d->local.port == 0 || d->remote.port == 0 || d->data.n > most)
        return E_INVAL;
    if ((err =
             find_path(net, &s->path, any ? NULL : &d->local.addr, &d->remote)))
        return err;
    if (net_nif(net, s->path.netif)->out.count >= net->out_max)
        return E_FULL;
    return udp_send_on(net, d->local.port, &s->path, d->remote.port, d->data);
}
