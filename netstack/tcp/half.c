/* SPDX-License-Identifier: ISC */
/*
 * half.c - half-open connections: what a SYN costs before its sender has shown
 * that it is there.  RFC 9293 3.10.7.4 for SYN-RECEIVED, opened passively.
 */
#include "shell.h"

enum half_verdict {
    HALF_IGNORE,
    HALF_RESEND, /* the SYN again: so the SYN-ACK again */
    HALF_ACK,    /* not acceptable, or a reset that may be a guess */
    HALF_RESET,  /* it acknowledges what we never sent */
    HALF_END,
    HALF_DONE /* the handshake is complete */
};

static void unlink(struct tcp *tcp, struct half *h)
{
    if (h->older == HALF_NONE)
        tcp->half_oldest = h->newer;
    else
        half_at(tcp, h->older)->newer = h->newer;
    if (h->newer == HALF_NONE)
        tcp->half_newest = h->older;
    else
        half_at(tcp, h->newer)->older = h->older;
}

static uint32_t index_of(const struct half *h)
{
    const struct tcp *tcp = h->tcp;

    return tcp->half_from +
           (uint32_t)((size_t)((const uint8_t *)h - tcp->half_base) /
                      tcp->half_size);
}

void half_free(struct half *h)
{
    struct tcp *tcp = h->tcp;

    table_del(&tcp->table, h->hash, index_of(h));
    wheel_clear(&tcp->wheel, &h->timer);
    unlink(tcp, h);
    source_of(tcp, &h->key.remote)->halves--;
    if (h->data)
        piece_drop(tcp, h->data);
    pool_put(&tcp->halves, h);
}

static void send_again(struct half *h, ns_t now)
{
    struct tcp *tcp = h->tcp;
    struct syn_ack s = {.iss = h->iss,
                        .ack = h->irs + 1 + h->data_len,
                        .tsval = tcp_ticks(now) + h->ts_offset,
                        .tsecr = h->ts_recent,
                        .opts = h->opts};

    syn_ack_send(tcp, &h->key, h->netif, &s);
}

static void fire(struct timer *timer, ns_t now)
{
    struct half *h = CONTAINER(timer, struct half, timer);
    struct tcp *tcp = h->tcp;
    bool full = tcp->halves.in_use > tcp->halves.count / 2;

    tcp->now = now;
    if (h->tries >= (full ? HALF_TRIES_FULL : HALF_TRIES)) {
        tcp->count.half_open_expired++;
        tcp->count.attempt_fails++;
        half_free(h);
        return;
    }
    h->tries++;
    tcp->count.retrans_segs++;
    send_again(h, now);
    tcp_set_timer(tcp, timer, now + (TCP_RTO_INITIAL << h->tries));
}

static struct half *half_get(struct tcp *tcp)
{
    struct half *h = pool_get(&tcp->halves), *oldest;

    if (h || tcp->half_oldest == HALF_NONE)
        return h;
    oldest = half_at(tcp, tcp->half_oldest);
    if (oldest->tries < HALF_TRIES_FULL)
        return NULL;
    tcp->count.half_open_evicted++;
    tcp->count.attempt_fails++;
    half_free(oldest);
    return pool_get(&tcp->halves);
}

/* Payload on the SYN is kept, to be delivered when the connection is open;
 * what cannot be kept is not acknowledged either. */
static void keep_data(struct half *h, const struct tcp_in *in)
{
    uint32_t n = in->h.seg.len, most = h->tcp->config.limits.tcp_rcvbuf;

    if (most > HALF_DATA_MAX)
        most = HALF_DATA_MAX;
    if (n > most)
        n = most;
    if (!n || rx_pressed(h->tcp))
        return;
    h->data = rxq_keep(h->tcp, in->rx->pkt, in->rx->l4 + in->h.hdr_len, n);
    if (h->data)
        h->data_len = (uint16_t)n;
}

struct half *half_new(struct tcp *tcp, const struct tcp_in *in, uint32_t iss,
                      uint32_t ts_offset)
{
    const struct tcp_seg *s = &in->h.seg;
    struct tcp_source *source = source_of(tcp, &in->key.remote);
    struct half *h;

    if (source->halves >= tcp->source_halves) {
        tcp->count.source_half_full++;
        return NULL;
    }
    if (!(h = half_get(tcp)))
        return NULL;
    source->halves++;
    *h = (struct half){.timer = {.fire = fire},
                       .tcp = tcp,
                       .key = in->key,
                       .hash = in->hash,
                       .iss = iss,
                       .irs = s->seq,
                       .ts_recent = s->opts & TCP_OPT_TS ? s->tsval : 0,
                       .older = tcp->half_newest,
                       .newer = HALF_NONE,
                       .peer_mss = s->opts & TCP_OPT_MSS ? s->mss : 0,
                       .snd_wscale = s->opts & TCP_OPT_WSCALE ? s->wscale : 0,
                       .netif = in->rx->netif,
                       .opts = syn_opts(tcp, s),
                       .ts_offset = ts_offset,
                       .sent = (uint32_t)(tcp->now >> 10)};
    if (h->older == HALF_NONE)
        tcp->half_oldest = index_of(h);
    else
        half_at(tcp, h->older)->newer = index_of(h);
    tcp->half_newest = index_of(h);
    ASSERT(table_put(&tcp->table, h->hash, index_of(h)));
    keep_data(h, in);
    tcp_set_timer(tcp, &h->timer, tcp->now + TCP_RTO_INITIAL);
    send_again(h, tcp->now);
    return h;
}

static bool acceptable(const struct half *h, const struct tcp_seg *s,
                       uint32_t rcv_nxt)
{
    uint32_t wnd = tcp_syn_wnd(h->tcp->config.limits.tcp_rcvbuf);
    uint32_t n = s->len + !!(s->flags & TCP_FIN) + !!(s->flags & TCP_SYN);

    if (h->opts & TCP_OPT_TS && s->opts & TCP_OPT_TS &&
        seq_lt(s->tsval, h->ts_recent))
        return false;
    if (n == 0)
        return s->seq - rcv_nxt < wnd || s->seq == rcv_nxt;
    return seq_lt(s->seq, rcv_nxt + wnd) && seq_lt(rcv_nxt, s->seq + n);
}

static enum half_verdict judge(const struct half *h, const struct tcp_seg *s)
{
    uint32_t rcv_nxt = h->irs + 1 + h->data_len;

    if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
        s->seq == h->irs)
        return HALF_RESEND;
    if (!acceptable(h, s, rcv_nxt))
        return s->flags & TCP_RST ? HALF_IGNORE : HALF_ACK;
    if (s->flags & TCP_RST)
        return s->seq == rcv_nxt ? HALF_END : HALF_ACK;
    if (s->flags & TCP_SYN)
        return HALF_END;
    if (!(s->flags & TCP_ACK))
        return HALF_IGNORE;
    return s->ack == h->iss + 1 ? HALF_DONE : HALF_RESET;
}

static void complete(struct half *h, struct tcp_in *in)
{
    struct tcp *tcp = h->tcp;
    uint32_t since = (uint32_t)(tcp->now >> 10) - h->sent;
    struct tcp_synced p = {.irs = h->irs,
                           .ts_recent = h->ts_recent,
                           .peer_mss = h->peer_mss,
                           .snd_wscale = h->snd_wscale,
                           .ts = h->opts & TCP_OPT_TS,
                           .sack = h->opts & TCP_OPT_SACK_OK,
                           .wscale = h->opts & TCP_OPT_WSCALE,
                           .ecn = h->opts & TCP_OPT_ECN,
                           .resent = h->tries != 0,
                           .wnd = tcp_syn_wnd(tcp->config.limits.tcp_rcvbuf),
                           .data = h->data_len,
                           .iss = h->iss,
                           .ts_offset = h->ts_offset,
                           .sent_at = tcp->now - ((ns_t)since << 10)};
    struct piece *data = h->data;
    struct conn *c;

    c = accept_conn(tcp, in, &p);
    if (!c)
        return;
    h->data = NULL;
    half_free(h);
    if (data) {
        data->seq = p.irs + 1;
        c->rx = c->rx_last = data;
        c->nrx = 1;
    }
    conn_input(c, in);
}

/* As many as there are retransmissions: RFC 5961 7 in its smallest form. */
static void ack_again(struct half *h)
{
    struct tcp_seg s = {.seq = h->iss + 1,
                        .ack = h->irs + 1 + h->data_len,
                        .wnd = tcp_syn_wnd(h->tcp->config.limits.tcp_rcvbuf),
                        .flags = TCP_ACK};
    struct tcp *tcp = h->tcp;

    if (h->acks == HALF_ANSWERS)
        return;
    h->acks++;
    tcp->count.challenge_acks++;
    if (h->opts & TCP_OPT_TS) {
        s.opts = TCP_OPT_TS;
        s.tsval = tcp_ticks(tcp->now) + h->ts_offset;
        s.tsecr = h->ts_recent;
    }
    tcp_reply(tcp, &h->key, h->netif, &s);
}

void half_input(struct half *h, struct tcp_in *in)
{
    struct tcp *tcp = h->tcp;

    switch (judge(h, &in->h.seg)) {
    case HALF_DONE:
        complete(h, in);
        return;
    case HALF_RESEND:
        if (h->resends == HALF_ANSWERS)
            break;
        h->resends++;
        send_again(h, tcp->now);
        return;
    case HALF_ACK:
        ack_again(h);
        break;
    case HALF_RESET:
        tcp_reply_rst(tcp, in);
        break;
    case HALF_END:
        tcp->count.attempt_fails++;
        half_free(h);
        break;
    default:
        break;
    }
    tcp->count.dropped__handshake++;
}

void half_free_port(struct tcp *tcp, uint16_t port)
{
    uint32_t i = tcp->half_oldest;

    while (i != HALF_NONE) {
        struct half *h = half_at(tcp, i);

        i = h->newer;
        if (h->key.lport == port)
            half_free(h);
    }
}

void half_free_stale(struct tcp *tcp,
                     bool (*gone)(const struct ipaddr *, void *), void *user)
{
    uint32_t i = tcp->half_oldest;

    while (i != HALF_NONE) {
        struct half *h = half_at(tcp, i);

        i = h->newer;
        if (gone(&h->key.local, user))
            half_free(h);
    }
}
