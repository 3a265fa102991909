/* SPDX-License-Identifier: ISC */
/*
 * output.c - what the core wants sent becomes packets.
 */
#include "shell.h"

enum { IP_ECT0 = 2 }; /* ECN: may be marked, RFC 3168 5 */

#include <base/csum.h>

/* A packet; one is kept at hand between connections of one turn. */
struct pkt *tcp_pkt(struct tcp *tcp)
{
    struct pkt *p = tcp->spare_pkt;

    tcp->spare_pkt = NULL;
    return p ? p : pkt_get(tcp->config.pkts);
}

/* The pseudo-header's length field, as csum_add() of its four bytes would do
 * it: the sum is of words in this machine's byte order. */
static uint64_t add_len(uint64_t sum, uint32_t len)
{
    uint64_t with = sum + __builtin_bswap32(len);

    return with + (with < sum);
}

static uint16_t whole_csum(const struct pkt *p, uint64_t sum)
{
    uint32_t n = p->hdr_len;

    sum = csum_add(sum, p->hdr + PKT_HDR_MAX - n, n, false);
    for (unsigned i = 0; i < p->nfrags; i++) {
        sum = csum_add(sum, p->frag[i].p, p->frag[i].len, n & 1);
        n += p->frag[i].len;
    }
    return (uint16_t)~csum_fold(sum);
}

/* The sum for the device to complete, or the whole of it. */
static inline void put_csum(struct pkt *p, uint8_t *hdr, uint64_t pseudo,
                            uint32_t caps)
{
    uint64_t sum = add_len(pseudo, p->len);

    if (caps & NETIF_TX_CSUM) {
        p->flags |= PKT_CSUM_PARTIAL;
        p->csum_off = TCP_CSUM_AT;
        put_be16(hdr + TCP_CSUM_AT, csum_fold(sum));
    } else {
        put_be16(hdr + TCP_CSUM_AT, whole_csum(p, sum));
    }
}

static uint8_t *push_header(struct pkt *p, const struct tcp_seg *s,
                            uint16_t lport, uint16_t rport)
{
    unsigned n = tcp_emit_bytes(s);
    uint8_t *hdr = pkt_push(p, n);

    tcp_emit(hdr, n, lport, rport, s);
    return hdr;
}

void tcp_send_seg(struct tcp *tcp, struct pkt *p, const struct tcp_seg *s,
                  const struct tcp_key *k, struct ip_path *path)
{
    uint8_t *hdr = push_header(p, s, k->lport, k->rport);
    uint32_t tso, caps = ip_path_caps(tcp->net, path, &tso);

    put_csum(p, hdr,
             ip_pseudo_sum(&path->src, &path->dst, path->v4, IPPROTO_TCP_, 0),
             caps);
    ip_send(tcp->net, path, IPPROTO_TCP_, p, tcp->now);
}

/* RFC 4022 counts a retransmission apart from what is new; what a NIC will cut
 * counts as what it will be. */
static inline void count_out(struct conn *c, const struct tcp_seg *s,
                             uint32_t nxt)
{
    uint32_t mss = c->tcb.mss;
    uint32_t n = s->len > mss ? (s->len + mss - 1) / mss : 1;

    if (seq_lt(s->seq, nxt) && (s->len || s->flags & (TCP_SYN | TCP_FIN))) {
        c->tcp->count.retrans_segs += n;
        c->retransmits += n;
        if (c->pl_len && s->seq == c->pl_seq)
            pl_lost(c);
    } else {
        c->tcp->count.out_segs += n;
    }
}

/* One segment of the core, which may be many on the wire.  More fragments than
 * a packet holds make it several packets; a packet missing then is a packet
 * lost, which the core can live with. */
static unsigned emit(struct conn *c, struct pkt *p, struct tcp_seg *s)
{
    struct tcp *tcp = c->tcp;
    uint32_t left = s->len;
    uint8_t last_flags = s->flags & (TCP_FIN | TCP_PSH);
    unsigned sent = 0;

    do {
        uint32_t n = left ? txq_fill(c, p, s->seq, left) : 0;

        left -= n;
        s->flags = (uint8_t)(s->flags & ~(TCP_FIN | TCP_PSH));
        if (!left)
            s->flags |= last_flags;
        if (n > c->tcb.mss && !c->pl_sending) {
            p->flags |= c->path.v4 ? PKT_GSO4 : PKT_GSO6;
            p->gso_size = c->tcb.mss;
        }
        put_csum(p, push_header(p, s, c->lport, c->rport), c->pseudo_sum,
                 c->caps);
        c->path.tos = (uint8_t)((c->path.tos & ~3) | (s->ect ? IP_ECT0 : 0));
        ip_send(tcp->net, &c->path, IPPROTO_TCP_, p, tcp->now);
        sent++;
        s->seq += n;
    } while (left && (p = tcp_pkt(tcp)));
    return sent;
}

/* One segment that is not like others: larger, to see whether it arrives, or
 * with a rare option. */
static RARE unsigned send_rare(struct conn *c)
{
    uint16_t size = c->pl_hi ? pl_size(c) : 0;
    struct pkt *p;
    uint32_t before = c->tcb.snd_nxt;
    struct tcp_seg s;
    unsigned sent;

    if ((!size && !c->uto_due) || !(p = tcp_pkt(c->tcp)))
        return 0;
    if (c->uto_due && c->tcb.state >= TCP_ESTABLISHED)
        c->tcb.ack_now = true;
    if (c->uto_due)
        size = (uint16_t)(c->tcb.mss - UTO_ROOM);
    if (!tcp_next(&c->tcb, size, &s, c->tcp->now)) {
        c->tcp->spare_pkt = p;
        return 0;
    }
    count_out(c, &s, before);
    if (c->uto_due)
        uto_put(c, &s);
    else if (s.len == size && s.seq == before)
        pl_sent(c, &s);
    c->pl_sending = true;
    sent = emit(c, p, &s);
    c->pl_sending = false;
    if (sent > 1 && c->pl_seq == before)
        c->pl_len = 0; /* cut: it says nothing */
    return sent;
}

/* Returns how many packets were sent; false in *done when it has more to say
 * or no packet to say it with. */
static unsigned send_all(struct conn *c, unsigned max, bool *done)
{
    struct tcp *tcp = c->tcp;
    struct tcb *t = &c->tcb;
    struct tcp_seg s UNSET;
    unsigned sent = 0;

    while (tcp_has_next(t)) {
        uint32_t before = t->snd_nxt;
        struct pkt *p;

        if (sent >= max)
            return *done = false, sent;
        p = tcp_pkt(tcp);
        if (!p) {
            tcp->count.no_packet++;
            tcp->retry_at = tcp->now + OUTPUT_RETRY;
            return *done = false, sent;
        }
        if (!tcp_next(t, c->max_payload, &s, tcp->now)) {
            tcp->spare_pkt = p;
            break;
        }
        count_out(c, &s, before);
        sent += emit(c, p, &s);
        if (c->path.gen != c->path_gen)
            conn_refresh_path(c);
    }
    *done = true;
    return sent;
}

static RARE unsigned send_rst(struct conn *c)
{
    struct tcp_key k;
    struct tcp_seg s;

    c->rst_due = false;
    tcp_make_rst(&c->tcb, &s, c->tcp->now);
    conn_key(c, &k);
    tcp_reply(c->tcp, &k, c->path.netif, &s);
    return 1;
}

/* Returns whether the connection is done with for this turn. */
static bool serve(struct conn *c, unsigned max, unsigned *sent)
{
    bool done = true;

    if (c->rst_due)
        *sent += send_rst(c);
    if (c->over)
        return true;
    if (c->tx && !c->tx_last->len)
        txq_trim(c);
    tcp_set_rcv_limit(&c->tcb, conn_rcv_limit(c));
    if (c->pl_hi | c->uto_due)
        *sent += send_rare(c);
    *sent += send_all(c, max, &done);
    if (done && c->tcb.state == TCP_TIME_WAIT)
        tw_start(c);
    else
        conn_rearm(c);
    return done;
}

static void put_spares(struct tcp *tcp)
{
    if (tcp->spare_pkt)
        pkt_put(tcp->spare_pkt);
    tcp->spare_pkt = NULL;
    if (tcp->small && tcp->small->buf.refs == 1) {
        buf_drop(&tcp->small->buf);
        tcp->small = NULL;
    }
}

unsigned tcp_output(struct tcp *tcp, unsigned max, ns_t now)
{
    unsigned sent = 0;
    struct conn *c;

    tcp->now = now;
    tcp->retry_at = 0;
    tcp->rcv_most =
        rx_pressed(tcp) ? rcv_begin(tcp) / 4 : tcp->config.limits.tcp_rcvbuf;
    while (sent < max && !tcp->retry_at && (c = list_pop(tcp, LIST_DIRTY))) {
        c->on |= IN_CALL;
        if (!serve(c, max - sent, &sent))
            conn_dirty(c);
        conn_let_go(c);
    }
    put_spares(tcp);
    return sent;
}
