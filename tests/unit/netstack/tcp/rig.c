/* SPDX-License-Identifier: ISC */
/*
 * rig.c - TCP without IP.
 */
#include "rig.h"

#include <base/csum.h>
#include <stdlib.h>

struct limits rig_limits = {.tcp_conns = 16,
                            .tcp_half_open = 8,
                            .tcp_listeners = 4,
                            .tcp_rcvbuf = 65536,
                            .tcp_sndbuf = 65536,
                            .rx_blocks = 256,
                            .tx_blocks = 64,
                            .udp_binds = 1};

uint32_t rig_per_source = UINT32_MAX;

struct ipaddr rig_local(const struct net *net)
{
    struct ipaddr a = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};

    return net->v6 ? a : ipaddr_v4(192, 0, 2, 1);
}

struct ipaddr rig_remote(const struct net *net)
{
    struct ipaddr a = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}};

    if (net->remote_set)
        return net->remote;

    return net->v6 ? a : ipaddr_v4(192, 0, 2, 2);
}

/* ---- the fake ip.h ---- */

struct tcp *net_tcp(struct net *net)
{
    return net->tcp;
}

ns_t net_now(const struct net *net)
{
    return net->now;
}

unsigned net_addrs(const struct net *net, struct net_addr *out, unsigned max)
{
    for (unsigned i = 0; i < net->naddrs && i < max; i++)
        out[i] = net->addrs[i];
    return net->naddrs;
}

enum err ip_path_find(struct net *net, struct ip_path *path)
{
    static const struct ipaddr zero;

    if (net->no_route)
        return E_UNREACH;
    if (ipaddr_eq(&path->src, &zero))
        path->src = rig_local(net);
    path->v4 = ipaddr_is_v4(&path->dst);
    path->mtu = net->mtu;
    path->netif = 1;
    path->gen = 1;
    return OK;
}

uint32_t ip_path_caps(const struct net *net, const struct ip_path *path,
                      uint32_t *tso_max)
{
    (void)path;
    *tso_max = net->tso_max;
    return net->caps;
}

uint64_t ip_pseudo_sum(const struct ipaddr *src, const struct ipaddr *dst,
                       bool v4, uint8_t proto, uint32_t len)
{
    uint8_t tail[8] = {0};
    unsigned at = v4 ? 12 : 0;
    uint64_t sum = csum_add(0, src->b + at, 16 - at, false);

    put_be32(tail, len);
    tail[7] = proto;
    sum = csum_add(sum, dst->b + at, 16 - at, false);
    return csum_add(sum, tail, sizeof(tail), false);
}

bool ip_l4_csum_ok(const struct ip_rx *rx)
{
    (void)rx;
    return true;
}

void ip_path_confirm(struct net *net, const struct ip_path *path, ns_t now)
{
    (void)path;
    (void)now;
    net->confirms++;
}

void ip_pmtu_update(struct net *net, const struct ipaddr *dst, uint16_t mtu,
                    ns_t now)
{
    (void)dst;
    (void)mtu;
    (void)now;
    net->pmtu_updates++;
}

static bool csum_is_right(const struct pkt *p, const struct ip_path *path,
                          const uint8_t *all)
{
    uint64_t sum = ip_pseudo_sum(&path->src, &path->dst, path->v4, 6, p->len);

    if (p->flags & PKT_CSUM_PARTIAL)
        return be16(all + TCP_CSUM_AT) == csum_fold(sum) &&
               p->csum_off == TCP_CSUM_AT;
    return csum_fold(csum_add(sum, all, p->len, false)) == 0xffff;
}

void ip_send(struct net *net, struct ip_path *path, uint8_t proto,
             struct pkt *p, ns_t now)
{
    struct rig_frame *f = &net->sent[net->last % RIG_SENT_MAX];
    uint8_t *all = malloc(p->len);

    ck_assert_uint_eq(proto, 6);
    ck_assert_uint_eq(now, net->now);
    ck_assert_uint_lt(net->last - net->first, RIG_SENT_MAX);
    ck_assert(pkt_copy(p, 0, all, p->len));
    *f = (struct rig_frame){.src = path->src,
                            .dst = path->dst,
                            .flags = p->flags,
                            .tos = path->tos,
                            .ttl = path->ttl,
                            .gso_size = p->gso_size};
    ck_assert(tcp_parse(&f->h, (struct span){all, p->len}, p->len));
    f->csum_ok = csum_is_right(p, path, all);
    f->len = f->h.seg.len;
    f->data = malloc(f->len + 1);
    memcpy(f->data, all + f->h.hdr_len, f->len);
    free(all);
    net->last++;
    if (net->hold_frames)
        pktq_push(&net->held, p);
    else
        pkt_put(p);
}

/* ---- the rig ---- */

struct net *rig_new_limits(bool v6, const struct limits *l)
{
    static const uint8_t seed[32] = {1, 2, 3};
    struct net *net = calloc(1, sizeof(*net));
    struct net_config c = {.limits = *l};

    net->bytes = tcp_bytes(l) + pool_bytes(sizeof(struct pkt), 512) +
                 block_pool_bytes(2048, l->rx_blocks) +
                 block_pool_bytes(4096, l->tx_blocks) + 65536;
    net->memory = aligned_alloc(4096, (net->bytes + 4095) & ~(size_t)4095);
    arena_init(&net->arena, (struct mspan){net->memory, net->bytes});
    ck_assert(pool_init(&net->pkts, "pkts", &net->arena, sizeof(struct pkt),
                        512, 16));
    ck_assert(block_pool_init(&net->rx, "rx", &net->arena, 2048, l->rx_blocks));
    ck_assert(block_pool_init(&net->tx, "tx", &net->arena, 4096, l->tx_blocks));
    net->v6 = v6;
    net->now = 1000 * NS_PER_SEC;
    net->mtu = 1500;
    net->caps = NETIF_TX_CSUM;
    net->addrs[0] = (struct net_addr){.addr = rig_local(net)};
    net->naddrs = 1;
    c.tcp_per_source = rig_per_source;
    c.pkts = &net->pkts;
    c.tx_blocks = &net->tx;
    c.rx_blocks = &net->rx.blocks;
    c.arena = &net->arena;
    net->tcp = tcp_new(net, &c, seed, net->now);
    ck_assert_ptr_nonnull(net->tcp);
    return net;
}

struct net *rig_new(bool v6)
{
    return rig_new_limits(v6, &rig_limits);
}

void rig_forget(struct net *net)
{
    while (net->first != net->last)
        free(net->sent[net->first++ % RIG_SENT_MAX].data);
}

void rig_free(struct net *net)
{
    struct tcp *t = net->tcp;
    struct pkt *p;

    rig_forget(net);
    while ((p = pktq_pop(&net->held)))
        pkt_put(p);
    ck_assert_uint_eq(t->conns.in_use, 0);
    ck_assert_uint_eq(t->halves.in_use, 0);
    ck_assert_uint_eq(t->sets.in_use, 0);
    ck_assert_uint_eq(t->pieces.in_use, t->nspare);
    ck_assert_uint_eq(t->table.count, t->tws.in_use);
    ck_assert_uint_eq(net->pkts.in_use, 0);
    ck_assert_uint_eq(net->rx.blocks.in_use, 0);
    rig_turn(net);
    ck_assert_uint_eq(net->tx.blocks.in_use, 0);
    rig_forget(net);
    free(net->memory);
    free(net);
}

/* NULL when a test lets the packets run out: the NIC would lose the frame. */
static struct pkt *frame(struct net *net, uint16_t sport, uint16_t dport,
                         const struct tcp_seg *s, const uint8_t *data)
{
    struct pkt *p = pkt_get(&net->pkts);
    struct block *b = p ? block_get(&net->rx) : NULL;
    unsigned n = tcp_emit_bytes(s);
    uint32_t done = 0, at = RIG_L4 + n;

    if (!p && net->pkts.fail_after >= 0)
        return NULL;
    ck_assert(p && b);
    memset(b->data, 0, RIG_L4);
    tcp_emit(b->data + RIG_L4, n, sport, dport, s);
    for (;;) { /* long ones in several blocks, as merged receive buffers do */
        uint32_t part =
            s->len - done < b->size - at ? s->len - done : b->size - at;

        if (part)
            memcpy(b->data + at, data + done, part);
        ck_assert(pkt_add_frag(p, &b->buf, b->data, at + part));
        buf_drop(&b->buf);
        done += part;
        if (done == s->len)
            return p;
        b = block_get(&net->rx);
        ck_assert(b);
        at = 0;
    }
}

void rig_in_from(struct net *net, uint16_t sport, uint16_t dport,
                 const struct tcp_seg *s, const void *data)
{
    struct ip_rx rx = {.pkt = frame(net, sport, dport, s, data),
                       .l3 = 14,
                       .l4 = RIG_L4,
                       .len = tcp_emit_bytes(s) + s->len,
                       .src = rig_remote(net),
                       .dst = rig_local(net),
                       .proto = 6,
                       .ttl = 64,
                       .netif = 1,
                       .v4 = !net->v6};

    if (rx.pkt)
        tcp_input(net->tcp, &rx, net->now);
}

void rig_turn(struct net *net)
{
    tcp_tick(net->tcp, net->now);
    tcp_dispatch(net->tcp, net->now);
    tcp_output(net->tcp, 256, net->now);
}

void rig_in(struct net *net, const struct tcp_seg *s, const void *data)
{
    rig_in_from(net, RIG_PEER_PORT, RIG_PORT, s, data);
    rig_turn(net);
}

/* Lets time pass, from one deadline to the next. */
void rig_after(struct net *net, ns_t wait)
{
    ns_t end = net->now + wait;

    for (unsigned i = 0; i < 100000; i++) {
        ns_t at = tcp_next_deadline(net->tcp);

        if (at > end)
            break;
        if (at > net->now)
            net->now = at;
        rig_turn(net);
    }
    net->now = end;
    rig_turn(net);
}

bool rig_quiet(const struct net *net)
{
    return net->first == net->last;
}

unsigned rig_sent(const struct net *net)
{
    return net->last - net->first;
}

struct rig_frame rig_out(struct net *net)
{
    static struct rig_frame f;
    static uint8_t data[1 << 17];

    ck_assert_msg(!rig_quiet(net), "nothing was sent");
    f = net->sent[net->first++ % RIG_SENT_MAX];
    ck_assert(f.csum_ok);
    memcpy(data, f.data, f.len);
    free(f.data);
    f.data = data;
    return f;
}

void rig_read(struct rig_end *e)
{
    for (;;) {
        struct span in = stream_peek(e->s);

        if (!in.n)
            return;
        ck_assert_uint_le(e->ngot + in.n, sizeof(e->got));
        memcpy(e->got + e->ngot, in.p, in.n);
        e->ngot += in.n;
        if (e->echo)
            ck_assert_uint_eq(stream_write(e->s, in), in.n);
        stream_consume(e->s, in.n);
    }
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct rig_end *e = user;

    ck_assert(!(e->events & STREAM_CLOSED));
    e->s = s;
    e->events |= events;
    e->last = events;
    e->calls++;
    if (events & STREAM_CLOSED && e->release_when_closed) {
        stream_release(s);
        e->s = NULL;
    }
}

void rig_attach(struct rig_end *e, struct stream *s)
{
    e->s = s;
    s->on_event = on_event;
    s->user = e;
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    struct rig_end *e = user;

    e->peer = *peer;
    if (e->refuse)
        return false;
    rig_attach(e, s);
    return true;
}

void rig_listen(struct net *net, uint16_t port, struct rig_end *end)
{
    ck_assert_uint_eq(tcp_listen(net, port, on_accept, end), OK);
}

struct tcp_seg rig_seg(struct rig_peer *p, uint8_t flags, uint32_t len)
{
    return (struct tcp_seg){.seq = p->seq,
                            .ack = p->ack,
                            .len = len,
                            .wnd = p->wnd,
                            .flags = flags,
                            .opts = p->ts ? TCP_OPT_TS : 0,
                            .tsval = p->tsval,
                            .tsecr = p->tsecr};
}

void rig_send(struct rig_peer *p, uint8_t flags, const void *data, uint32_t len)
{
    struct tcp_seg s = rig_seg(p, flags, len);

    rig_in_from(p->net, p->port, p->to, &s, data);
    rig_turn(p->net);
    p->seq += len + !!(flags & TCP_FIN);
}

struct rig_peer rig_connect(struct net *net, uint8_t opts)
{
    struct rig_peer p = {.net = net,
                         .port = RIG_PEER_PORT,
                         .to = RIG_PORT,
                         .seq = 1000,
                         .ts = opts & TCP_OPT_TS,
                         .tsval = 5000,
                         .wnd = 65535};
    struct tcp_seg syn = {.seq = p.seq,
                          .flags = TCP_SYN,
                          .wnd = 65535,
                          .opts = opts,
                          .mss = 1460,
                          .wscale = 2,
                          .tsval = p.tsval};
    struct rig_frame f;

    rig_in(net, &syn, NULL);
    f = rig_out(net);
    ck_assert_uint_eq(f.h.seg.flags, TCP_SYN | TCP_ACK);
    ck_assert_uint_eq(f.h.seg.ack, p.seq + 1);
    p.seq++;
    p.ack = f.h.seg.seq + 1;
    p.tsecr = f.h.seg.tsval;
    rig_send(&p, TCP_ACK, NULL, 0);
    return p;
}

struct conn *rig_conn(struct net *net)
{
    for (uint32_t i = 0; i <= net->tcp->table.mask; i++) {
        uint32_t at = net->tcp->table.entry[i].index_plus_1;

        if (at && at - 1 < net->tcp->half_from)
            return conn_at(net->tcp, at - 1);
    }
    return NULL;
}
