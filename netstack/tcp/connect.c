/* SPDX-License-Identifier: ISC */
/*
 * connect.c - active opens, and what an application may ask of a stream.
 */
#include "shell.h"

/* RFC 6056 3.3.2: a random start, then the next ones.  Half of all ports: the
 * other half is where services are expected. */
enum { PORT_FIRST = 32768, PORTS = 32768 };

/* False: all ports to that endpoint are taken. */
static bool choose_port(struct tcp *tcp, struct tcp_key *k, uint32_t *hash)
{
    uint32_t start = rng_below(&tcp->rng, PORTS);

    for (uint32_t i = 0; i < PORTS; i++) {
        k->lport = (uint16_t)(PORT_FIRST + (start + i) % PORTS);
        *hash = key_hash(tcp, k);
        if (tcp_find(tcp, k, *hash) == TABLE_NONE &&
            !listener_find(tcp, k->lport))
            return true;
    }
    return false;
}

static bool can_connect_to(const struct endpoint *to)
{
    static const struct ipaddr zero;

    if (!to->port || ipaddr_eq(&to->addr, &zero))
        return false;
    if (!ipaddr_is_v4(&to->addr))
        return to->addr.b[0] != 0xff;
    return to->addr.b[12] != 0 && to->addr.b[12] < 224;
}

enum err tcp_connect(struct net *net, const struct endpoint *to,
                     struct stream **out)
{
    struct tcp *tcp = net_tcp(net);
    struct tcp_key k = {.remote = to->addr, .rport = to->port};
    struct ip_path path = {.dst = to->addr, .netif = to->netif};
    struct secret_name name;
    struct tcp_open open;
    struct conn *c;
    uint32_t hash;
    enum err err;

    tcp->now = net_now(net);
    if (!can_connect_to(to))
        return E_INVAL;
    if ((err = ip_path_find(net, &path)))
        return err;
    k.local = path.src;
    if (!choose_port(tcp, &k, &hash) || !(c = conn_new(tcp, &k, hash)))
        return E_FULL;
    c->path = path;
    conn_use_path(c);
    c->netif = link_netif(&k.remote, path.netif);
    name = secret_of(&tcp->secrets, &k);
    tcp_open_for(tcp, &path, secret_isn(&name, tcp->now), name.ts_offset,
                 &open);
    tcp_active(&c->tcb, &open, tcp->now);
    tcp_set_rcv_limit(&c->tcb, conn_rcv_limit(c));
    ASSERT(table_put(&tcp->table, hash, c->index));
    c->on |= IN_TABLE;
    c->owned = true;
    tcp->count.active_opens++;
    conn_dirty(c);
    *out = &c->stream;
    return OK;
}

static struct conn *conn_of(const struct stream *s)
{
    ASSERT(s->ops == &tcp_stream_ops);
    return CONTAINER((uintptr_t)s, struct conn, stream);
}

void tcp_peer(const struct stream *s, struct endpoint *out)
{
    const struct conn *c = conn_of(s);

    *out = (struct endpoint){
        .addr = c->path.dst, .port = c->rport, .netif = c->netif};
}

void tcp_local(const struct stream *s, struct endpoint *out)
{
    const struct conn *c = conn_of(s);

    *out = (struct endpoint){
        .addr = c->path.src, .port = c->lport, .netif = c->netif};
}

void tcp_keepalive(struct stream *s, ns_t idle)
{
    struct conn *c = conn_of(s);

    if (c->over)
        return;
    c->tcb.keep_idle = idle;
    c->tcb.heard_at = c->tcp->now;
    c->tcb.keep_probes = 0;
    conn_dirty(c); /* output arms the timer */
}

void tcp_user_timeout(struct stream *s, ns_t timeout)
{
    struct conn *c = conn_of(s);

    if (c->over)
        return;
    tcp_set_user_timeout(&c->tcb, timeout, c->tcp->now);
    conn_dirty(c);
}
