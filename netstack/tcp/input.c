/* SPDX-License-Identifier: ISC */
/*
 * input.c - a segment arrives: checked, then to whom it belongs.
 */
#include "shell.h"

/* The board is lent with the first SACK block that says something. */
static RARE void lend_board(struct conn *c, const struct tcp_seg *s)
{
    if (s->nsack && c->tcb.sack_ok && !c->tcb.board &&
        c->tcb.snd_una != c->tcb.snd_nxt)
        c->tcb.board = set_get(c->tcp);
}

/* The name of the connection it belongs to; nearly always nobody asks. */
static void name_it(struct tcp_in *in)
{
    in->key = (struct tcp_key){.local = in->rx->dst,
                               .remote = in->rx->src,
                               .lport = in->h.dst,
                               .rport = in->h.src};
}

static RARE void answer_rst(struct tcp *tcp, struct tcp_in *in)
{
    name_it(in);
    tcp_reply_rst(tcp, in);
}

void conn_input(struct conn *c, struct tcp_in *in)
{
    struct tcp *tcp = c->tcp;
    const struct tcp_seg *s = &in->h.seg;
    enum tcp_room room = s->len ? rxq_room(c, in) : TCP_ROOM_ALL;
    struct tcp_act act UNSET;

    c->on |= IN_CALL;
    if (s->nsack)
        lend_board(c, s);
    act = tcp_on_segment(&c->tcb, s, room, tcp->now);
    if (act.take_len)
        rxq_take(c, in, &act);
    if (act.acked)
        ip_path_confirm(tcp->net, &c->path, tcp->now);
    if (s->opts & TCP_OPT_UTO && !act.drop)
        uto_take(c, s->uto);
    conn_apply(c, &act);
    if (act.reset)
        answer_rst(tcp, in);
    if (!c->over) {
        if (c->tcb.state == TCP_TIME_WAIT)
            conn_finished(c);
        conn_dirty(c);
    }
    conn_let_go(c);
}

static void to_whom(struct tcp *tcp, struct tcp_in *in)
{
    uint32_t i;

    name_it(in);
    in->hash = key_hash(tcp, &in->key);
    i = tcp_find(tcp, &in->key, in->hash);
    if (i == TABLE_NONE) {
        listen_input(tcp, in, NULL);
    } else if (i < tcp->half_from) {
        tcp->recent = conn_at(tcp, i);
        conn_input(tcp->recent, in);
    } else if (i < tcp->tw_from) {
        half_input(half_at(tcp, i), in);
    } else {
        tw_input(tcp, i, in);
    }
}

static bool is_for(const struct conn *c, const struct tcp_in *in)
{
    return c->lport == in->h.dst && c->rport == in->h.src &&
           addr_eq(&c->path.dst, &in->rx->src) &&
           addr_eq(&c->path.src, &in->rx->dst);
}

static RARE bool parse_copy(struct tcp_in *in, const struct ip_rx *rx,
                            uint32_t n)
{
    uint8_t copy[TCP_HDR_MAX];

    return pkt_copy(rx->pkt, rx->l4, copy, n) &&
           tcp_parse(&in->h, (struct span){copy, n}, rx->len);
}

/* The header lies in the first fragment, but for the longest options. */
static bool parse(struct tcp_in *in, const struct ip_rx *rx)
{
    const struct frag *f = &rx->pkt->frag[0];
    uint32_t n = rx->len < TCP_HDR_MAX ? rx->len : TCP_HDR_MAX;

    if (rx->pkt->nfrags && f->len >= n && rx->l4 <= f->len - n)
        return tcp_parse(&in->h, (struct span){f->p + rx->l4, n}, rx->len);
    return parse_copy(in, rx, n);
}

/* False: not a segment for us.  MUST-2, MUST-57. */
static bool check(struct tcp *tcp, struct tcp_in *in, const struct ip_rx *rx)
{
    if (rx->not_unicast) {
        tcp->count.dropped__not_unicast++;
        return false;
    }
    if (!parse(in, rx) || !in->h.src || !in->h.dst) {
        tcp->count.dropped__header++;
        tcp->count.in_errs++;
        return false;
    }
    if (!(rx->pkt->flags & PKT_CSUM_GOOD) && !ip_l4_csum_ok(rx)) {
        tcp->count.dropped__checksum++;
        tcp->count.in_errs++;
        return false;
    }
    return true;
}

void tcp_input(struct tcp *tcp, struct ip_rx *rx, ns_t now)
{
    struct tcp_in in UNSET;

    tcp->now = now;
    tcp->count.in_segs++;
    if (check(tcp, &in, rx)) {
        in.rx = rx;
        in.h.seg.ce = (rx->tos & 3) == 3;
        /* Segments come in runs. */
        if (tcp->recent && is_for(tcp->recent, &in))
            conn_input(tcp->recent, &in);
        else
            to_whom(tcp, &in);
    }
    pkt_put(rx->pkt);
}
