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

/* The port that the options name, else one that is free. */
static enum err our_port(struct tcp *tcp, const struct tcp_dial *how,
                         struct tcp_key *k, uint32_t *hash)
{
    if (!how->port)
        return choose_port(tcp, k, hash) ? OK : E_FULL;
    k->lport = how->port;
    *hash = key_hash(tcp, k);
    return tcp_find(tcp, k, *hash) == TABLE_NONE ? OK : E_INVAL;
}

static struct conn *conn_of(const struct stream *s)
{
    ASSERT(s->ops == &tcp_stream_ops);
    return CONTAINER((uintptr_t)s, struct conn, stream);
}

/* The lowest two bits are ECN's. */
void tcp_mark(struct stream *s, uint8_t dscp, uint8_t ttl)
{
    struct ip_path *path = &conn_of(s)->path;

    path->tos = (uint8_t)((path->tos & 3) | dscp << 2);
    path->ttl = ttl;
}

enum err tcp_connect(struct net *net, const struct endpoint *to,
                     struct stream **out)
{
    return tcp_connect_from(net, to, &(struct tcp_dial){0}, out);
}

enum err tcp_connect_from(struct net *net, const struct endpoint *to,
                          const struct tcp_dial *how, struct stream **out)
{
    struct tcp *tcp = net_tcp(net);
    struct tcp_key k = {.remote = to->addr, .rport = to->port};
    struct ip_path path = {
        .src = how->source, .dst = to->addr, .netif = to->netif};
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
    if (path.neighbour == IP_PATH_GROUP) /* the broadcast address of a net */
        return E_INVAL;
    k.local = path.src;
    if ((err = our_port(tcp, how, &k, &hash)))
        return err;
    if (!(c = conn_new(tcp, &k, hash)))
        return E_FULL;
    c->path = path;
    conn_use_path(c);
    c->netif = link_netif(&k.remote, path.netif);
    tcp_see_epoch(tcp);
    name = secret_of(&tcp->secrets, &k);
    tcp_open_for(tcp, &path, secret_isn(&name, tcp->now), name.ts_offset,
                 &open);
    tcp_active(&c->tcb, &open, tcp->now);
    tcp_set_rcv_limit(&c->tcb, conn_rcv_limit(c));
    conn_publish(c);
    c->owned = true;
    tcp_mark(&c->stream, how->dscp, how->ttl);
    tcp->count.active_opens++;
    conn_dirty(c);
    *out = &c->stream;
    return OK;
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
    c->uto_ours = 0; /* from now on it is the owner's alone */
    c->uto_due = false;
    tcp_set_user_timeout(&c->tcb, timeout, c->tcp->now);
    conn_dirty(c);
}
