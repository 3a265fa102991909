/* SPDX-License-Identifier: ISC */
/*
 * info.c - what there is to say of each connection; nothing here changes one.
 */
#include "shell.h"

static const char *const state_name[TCP_STATES] = {
    [TCP_SYN_SENT] = "SYN-SENT",       [TCP_SYN_RCVD] = "SYN-RECEIVED",
    [TCP_ESTABLISHED] = "ESTABLISHED", [TCP_FIN_WAIT_1] = "FIN-WAIT-1",
    [TCP_FIN_WAIT_2] = "FIN-WAIT-2",   [TCP_CLOSING] = "CLOSING",
    [TCP_TIME_WAIT] = "TIME-WAIT",     [TCP_CLOSE_WAIT] = "CLOSE-WAIT",
    [TCP_LAST_ACK] = "LAST-ACK",       [TCP_DONE] = "CLOSED"};

static const char *const recovery_name[] = {
    [TCP_CA_OPEN] = "open",
    [TCP_CA_DISORDER] = "disorder",
    [TCP_CA_RECOVERY] = "recovery",
    [TCP_CA_LOSS] = "loss",
};

/* From units of 1024 ns, times 2^shift. */
static uint32_t us(uint32_t v, unsigned shift)
{
    return (uint32_t)(((uint64_t)v << 10 >> shift) / NS_PER_US);
}

static void fill(const struct conn *c, struct tcp_info *out)
{
    const struct tcb *t = &c->tcb;
    ns_t now = c->tcp->now, last = t->heard_at;

    if (t->sent_at > last)
        last = t->sent_at;
    *out = (struct tcp_info){
        .state = state_name[t->state],
        .recovery = recovery_name[t->ca],
        .congestion = cc_ops_of(&t->cc)->name,
        .rtt_us = us(t->srtt8, 3),
        .rttvar_us = us(t->rttvar4, 2),
        .rto_us = (uint32_t)(t->rto / NS_PER_US),
        .backoff = t->backoff,
        .cwnd = t->cc.cwnd,
        .ssthresh = t->cc.ssthresh >= CC_CWND_MAX ? 0 : t->cc.ssthresh,
        .mss = t->mss,
        .rcv_mss = t->rcv_mss,
        .path_mtu = c->path.mtu,
        .unacked = t->snd_nxt - t->snd_una,
        .retransmits = c->retransmits,
        .snd_wnd = t->snd_wnd,
        .rcv_wnd = t->rcv_adv - t->rcv_nxt,
        .snd_queued = t->snd_end - t->snd_una,
        .snd_buffer = conn_snd_limit(c),
        .rcv_queued = t->rcv_unread,
        .rcv_buffer = conn_rcv_limit(c),
        .snd_wscale = t->snd_wscale,
        .rcv_wscale = t->rcv_wscale,
        .timestamps = t->ts_ok,
        .sack = t->sack_ok,
        .wscale = t->wscale_ok,
        .ecn = t->ecn_ok,
        .idle = now > last ? now - last : 0,
        .pieces = c->nrx + c->nooo,
    };
    /* While it opens, its SYN stands for a byte. */
    if (seq_lt(t->snd_end, t->snd_una))
        out->snd_queued = 0;
    tcp_local(&c->stream, &out->local);
    tcp_peer(&c->stream, &out->remote);
}

/* In the order of the pool: a connection keeps its place, so a walk that goes
 * on later misses none that was there all the time.  By the bits alone: what
 * is free belongs to the pool and is not read. */
bool tcp_info_next(struct net *net, uint32_t *cursor, struct tcp_info *out)
{
    const struct tcp *tcp = net_tcp(net);

    for (uint32_t at = *cursor; at < tcp->conns.count; at = (at | 31) + 1) {
        uint32_t bits = tcp->live[at / 32] >> at % 32;

        if (!bits)
            continue;
        at += (uint32_t)__builtin_ctz(bits);
        *cursor = at + 1;
        fill(conn_at(tcp, at), out);
        return true;
    }
    return false;
}

void tcp_counts(struct net *net, struct tcp_counts *out)
{
    const struct tcp *tcp = net_tcp(net);

    *out = (struct tcp_counts){.connections = tcp->conns.in_use,
                               .connections_max = tcp->conns.count,
                               .half_open = tcp->halves.in_use,
                               .half_open_max = tcp->halves.count,
                               .time_wait = tcp->tws.in_use,
                               .time_wait_max = tcp->tws.count};
}
