/* SPDX-License-Identifier: ISC */
/*
 * listen.c - LISTEN and CLOSED: RFC 9293 3.10.7.1 and 3.10.7.2, SYN cookies.
 */
#include "shell.h"

struct listener *listener_find(struct tcp *tcp, uint16_t port)
{
    for (uint32_t i = 0; i < tcp->config.limits.tcp_listeners; i++)
        if (tcp->listeners[i].fn && tcp->listeners[i].port == port)
            return &tcp->listeners[i];
    return NULL;
}

uint8_t syn_opts(const struct tcp *tcp, const struct tcp_seg *s)
{
    uint8_t ecn = (s->flags & TCP_ECN_FLAGS) == TCP_ECN_FLAGS &&
                          tcp->config.tcp_ecn != TCP_ECN_OFF
                      ? TCP_OPT_ECN
                      : 0;

    return ecn | (s->opts & (TCP_OPT_TS | TCP_OPT_SACK_OK | TCP_OPT_WSCALE));
}

void syn_ack_send(struct tcp *tcp, const struct tcp_key *k, uint8_t netif,
                  const struct syn_ack *a)
{
    uint32_t buffer = tcp->config.limits.tcp_rcvbuf;
    struct ip_path path = {.src = k->local, .dst = k->remote};
    struct tcp_seg s = {.seq = a->iss,
                        .ack = a->ack,
                        .flags = TCP_SYN | TCP_ACK,
                        .wnd = tcp_syn_wnd(buffer),
                        .opts = (uint8_t)(a->opts & ~TCP_OPT_ECN) | TCP_OPT_MSS,
                        .tsval = a->tsval,
                        .tsecr = a->tsecr,
                        .wscale = tcp_wscale_for(buffer)};
    struct pkt *p;

    if (answer_path(tcp->net, &path, netif))
        return;
    p = tcp_pkt(tcp);
    if (!p) {
        tcp->count.no_packet++;
        return;
    }
    if (a->opts & TCP_OPT_ECN)
        s.flags |= TCP_ECE;
    s.mss = tcp_path_mss(&path);
    tcp->count.out_segs++;
    tcp_send_seg(tcp, p, &s, k, &path);
}

void tcp_open_for(const struct tcp *tcp, const struct ip_path *path,
                  uint32_t iss, uint32_t ts_offset, struct tcp_open *out)
{
    *out = (struct tcp_open){.iss = iss,
                             .ts_offset = ts_offset,
                             .rcv_limit = tcp->config.limits.tcp_rcvbuf,
                             .mss = tcp_path_mss(path),
                             .mss_default =
                                 path->v4 ? TCP_MSS_DEFAULT4 : TCP_MSS_DEFAULT6,
                             .ts = true,
                             .sack = true,
                             .wscale = true,
                             .ecn = tcp->config.tcp_ecn != TCP_ECN_OFF,
                             .ecn_ask = tcp->config.tcp_ecn == TCP_ECN_ON,
                             .cc = tcp->config.tcp_congestion};
}

/* Whether there is room for one more.  Nothing is said to those for whom there
 * is none: their next try may find some. */
static bool may_accept(struct tcp *tcp, const struct tcp_source *source)
{
    if (tcp->conns.in_use == tcp->conns.count)
        tcp->count.dropped__conns_full++;
    else if (source->conns >= tcp->source_conns)
        tcp->count.dropped__source_full++;
    else if (tcp->accepting >= ACCEPT_QUEUE_MAX)
        tcp->count.dropped__accept_full++;
    else
        return true;
    return false;
}

struct conn *accept_conn(struct tcp *tcp, const struct tcp_in *in,
                         const struct tcp_synced *p)
{
    struct tcp_source *source = source_of(tcp, &in->key.remote);
    struct tcp_open open UNSET;
    struct conn *c;

    if (!may_accept(tcp, source))
        return NULL;
    c = conn_new(tcp, &in->key, in->hash);
    if (!c) {
        tcp->count.dropped__conns_full++;
        return NULL;
    }
    c->netif = link_netif(&in->key.remote, in->rx->netif);
    if (answer_path(tcp->net, &c->path, in->rx->netif)) {
        pool_put(&tcp->conns, c);
        return NULL;
    }
    conn_use_path(c);
    tcp_open_for(tcp, &c->path, p->iss, p->ts_offset, &open);
    tcp_passive(&c->tcb, &open, p, tcp->now);
    tcp_set_rcv_limit(&c->tcb, conn_rcv_limit(c));
    conn_publish(c);
    tcp->recent = c;
    c->accepting = c->counted = true;
    tcp->accepting++;
    source->conns++;
    list_push(c, LIST_EVENTS);
    return c;
}

/* The queue is full: the reply carries what an entry would hold. */
static void send_cookie(struct tcp *tcp, struct listener *l,
                        const struct tcp_in *in, uint32_t ts_offset)
{
    const struct tcp_seg *s = &in->h.seg;
    uint16_t mss = in->h.seg.opts & TCP_OPT_MSS ? s->mss : 0;
    bool v4 = ipaddr_is_v4(&in->key.remote);
    struct cookie c = {.wscale = s->wscale,
                       .has_wscale = s->opts & TCP_OPT_WSCALE,
                       .sack = s->opts & TCP_OPT_SACK_OK};
    uint8_t opts = syn_opts(tcp, s);
    struct syn_ack a = {.ack = s->seq + 1};

    if (!mss)
        mss = v4 ? TCP_MSS_DEFAULT4 : TCP_MSS_DEFAULT6;
    if (s->opts & TCP_OPT_TS) { /* without, there is no place for the rest */
        a.opts = opts;
        a.tsecr = s->tsval;
        c.ecn = opts & TCP_OPT_ECN;
        a.tsval = cookie_tsval(ts_offset, &c, tcp->now);
    }
    a.iss = cookie_isn(&tcp->secrets, &in->key, s->seq, mss, tcp->now);
    tcp->count.syn_cookies_sent++;
    l->cookies_until = tcp->now + COOKIE_LATE;
    syn_ack_send(tcp, &in->key, in->rx->netif, &a);
}

/* Third, check for a SYN.  Without a slot for the connection there is no use
 * in answering: the peer tries again. */
static void take_syn(struct tcp *tcp, struct listener *l, struct tcp_in *in,
                     const uint32_t *after)
{
    struct secret_name name UNSET;
    uint32_t iss;

    if (in->h.src == in->h.dst && ipaddr_eq(&in->key.local, &in->key.remote)) {
        tcp->count.dropped__handshake++; /* it would talk to itself */
        return;
    }
    if (!may_accept(tcp, source_of(tcp, &in->key.remote)))
        return;
    tcp_see_epoch(tcp);
    name = secret_of(&tcp->secrets, &in->key);
    iss = secret_isn(&name, tcp->now);
    /* RFC 6191: above all that the previous incarnation sent. */
    if (after && !seq_lt(*after + 1, iss))
        iss = *after + 1 + (1u << 16) + rng_below(&tcp->rng, 1u << 16);
    if (!half_new(tcp, in, iss, name.ts_offset))
        send_cookie(tcp, l, in, name.ts_offset);
}

/* An ACK that belongs to nothing: the answer to a cookie? */
static bool take_cookie(struct tcp *tcp, struct listener *l, struct tcp_in *in)
{
    const struct tcp_seg *s = &in->h.seg;
    struct secret_name name = secret_of(&tcp->secrets, &in->key);
    struct tcp_synced p;
    struct cookie k;
    struct conn *c;

    if (tcp->now >= l->cookies_until || s->flags & TCP_SYN)
        return false;
    if (!cookie_check(&k, &tcp->secrets, &in->key, s, name.ts_offset,
                      tcp->now)) {
        tcp->count.dropped__bad_cookie++;
        /* Payload that is not the first can come first, when that was lost: it
         * does not tell the number of the SYN.  The first will come again. */
        return s->len &&
               cookie_could_be(&tcp->secrets, &in->key, s->ack, tcp->now);
    }
    p = (struct tcp_synced){.irs = s->seq - 1,
                            .ts_recent = k.ts ? s->tsval : 0,
                            .iss = s->ack - 1,
                            .ts_offset = name.ts_offset,
                            .peer_mss = k.mss,
                            .snd_wscale = k.wscale,
                            .ts = k.ts,
                            .sack = k.ts && k.sack,
                            .wscale = k.ts && k.has_wscale,
                            .ecn = k.ecn,
                            .wnd = tcp_syn_wnd(tcp->config.limits.tcp_rcvbuf)};
    c = accept_conn(tcp, in, &p);
    if (!c)
        return true;
    tcp->count.syn_cookies_taken++;
    conn_input(c, in);
    return true;
}

void listen_input(struct tcp *tcp, struct tcp_in *in, const uint32_t *after)
{
    struct listener *l = listener_find(tcp, in->key.lport);
    uint8_t flags = in->h.seg.flags;

    if (!l) {
        tcp->count.dropped__no_listener++;
        tcp_reply_rst(tcp, in);
        return;
    }
    if (flags & TCP_RST) {
        tcp->count.dropped__handshake++;
        return;
    }
    if (flags & TCP_ACK) {
        if (!take_cookie(tcp, l, in)) {
            tcp->count.dropped__handshake++;
            tcp_reply_rst(tcp, in);
        }
        return;
    }
    if (flags & TCP_SYN)
        take_syn(tcp, l, in, after);
    else
        tcp->count.dropped__handshake++;
}

enum err tcp_listen(struct net *net, uint16_t port, accept_fn *fn, void *user)
{
    struct tcp *tcp = net_tcp(net);

    if (!port || !fn || listener_find(tcp, port))
        return E_INVAL;
    for (uint32_t i = 0; i < tcp->config.limits.tcp_listeners; i++) {
        if (tcp->listeners[i].fn)
            continue;
        tcp->listeners[i] =
            (struct listener){.fn = fn, .user = user, .port = port};
        tcp->nlisteners++;
        return OK;
    }
    return E_FULL;
}

void tcp_unlisten(struct net *net, uint16_t port)
{
    struct tcp *tcp = net_tcp(net);
    struct listener *l = listener_find(tcp, port);

    if (!l)
        return;
    l->fn = NULL;
    tcp->nlisteners--;
    half_free_port(tcp, port);
}
