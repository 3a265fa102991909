/* SPDX-License-Identifier: ISC */
/*
 * icmp.c - what the network says of our segments, believed only as far as RFC
 * 5927 allows: the quoted sequence number must be in flight.
 */
#include "shell.h"

enum {
    IP4_MTU_FLOOR = 576,  /* below, the news is not used to shrink segments */
    IP6_MTU_FLOOR = 1280, /* RFC 8200 5 */
    ADDRS_MAX_SEEN = 64
};

static struct conn *quoted_conn(struct tcp *tcp, const struct ip_error *e)
{
    struct tcp_key k = {.local = e->src,
                        .remote = e->dst,
                        .lport = be16(e->quoted),
                        .rport = be16(e->quoted + 2)};
    uint32_t seq = be32(e->quoted + 4);
    uint32_t i = tcp_find(tcp, &k, key_hash(tcp, &k));
    struct conn *c;

    if (i == TABLE_NONE || i >= tcp->half_from)
        return NULL;
    c = conn_at(tcp, i);
    /* SND.UNA =< SEG.SEQ < SND.NXT (RFC 5927 4.1) */
    if (seq - c->tcb.snd_una >= c->tcb.snd_nxt - c->tcb.snd_una)
        return NULL;
    return c;
}

void conn_narrow(struct conn *c, uint16_t mtu)
{
    struct tcp *tcp = c->tcp;

    ip_pmtu_update(tcp->net, &c->path.dst, mtu, tcp->now);
    c->path.mtu = mtu;
    conn_refresh_path(c);
    tcp->count.pmtu_shrunk++;
    conn_dirty(c);
}

/* RFC 8201 4, RFC 1191 3. */
static void too_big(struct conn *c, const struct ip_error *e)
{
    uint32_t floor = e->v4 ? IP4_MTU_FLOOR : IP6_MTU_FLOOR;
    uint32_t mtu = e->mtu > floor ? e->mtu : floor;

    if (mtu < c->path.mtu && pl_believes(c, (uint16_t)mtu, be32(e->quoted + 4)))
        conn_narrow(c, (uint16_t)mtu);
}

/* RFC 1122 4.2.3.9 has hard errors end a connection; RFC 5461 and 5927 show why
 * only one that is not open yet should listen to them. */
static void unreachable(struct conn *c, const struct ip_error *e)
{
    bool opening = c->tcb.state == TCP_SYN_SENT;

    c->soft_error = E_UNREACH;
    if (!opening)
        return;
    if (e->kind == IP_ERR_PORT || e->kind == IP_ERR_PROHIBITED ||
        e->kind == IP_ERR_PARAM) {
        c->tcp->count.attempt_fails++;
        conn_abort(c, e->kind == IP_ERR_PORT ? E_REFUSED : E_UNREACH);
    }
}

void tcp_icmp(struct tcp *tcp, const struct ip_error *e, ns_t now)
{
    struct conn *c;

    tcp->now = now;
    c = quoted_conn(tcp, e);
    if (!c)
        tcp->count.dropped__icmp++;
    else if (e->kind == IP_ERR_TOO_BIG)
        too_big(c, e);
    else
        unreachable(c, e);
}

struct addrs {
    struct net_addr a[ADDRS_MAX_SEEN];
    unsigned n;
};

static bool is_gone(const struct ipaddr *addr, void *user)
{
    const struct addrs *all = user;

    for (unsigned i = 0; i < all->n; i++)
        if (ipaddr_eq(&all->a[i].addr, addr))
            return false;
    return true;
}

static void end_if_gone(struct conn *c, void *user)
{
    if (!is_gone(&c->path.src, user))
        return;
    (void)tcp_on_abort(&c->tcb);
    conn_close(c, E_UNREACH);
}

/* A connection whose source address is not ours any more cannot go on, and
 * can tell its peer nothing either. */
void tcp_addrs_changed(struct tcp *tcp, ns_t now)
{
    struct addrs all;

    tcp->now = now;
    all.n = net_addrs(tcp->net, all.a, ADDRS_MAX_SEEN);
    if (all.n > ADDRS_MAX_SEEN)
        return; /* not all are known here: end nothing by mistake */
    half_free_stale(tcp, is_gone, &all);
    conns_each(tcp, end_if_gone, &all);
}
