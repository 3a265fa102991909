/* SPDX-License-Identifier: ISC */
/*
 * tw.c - the TIME-WAIT records: a queue in the order of their ends, one timer.
 */
#include "shell.h"

enum {
    TW_REPLIES = 16, /* ACKs that one record gives; beyond: silence */
    TICKS_PER_S = 4
};

static uint16_t ticks(ns_t t)
{
    return (uint16_t)(t / (NS_PER_SEC / TICKS_PER_S));
}

static void append(struct tcp *tcp, struct tw *w, uint32_t index)
{
    w->older = tcp->time_wait.newest;
    w->newer = TW_NONE;
    if (w->older == TW_NONE)
        tcp->time_wait.oldest = index;
    else
        tw_at(tcp, w->older)->newer = index;
    tcp->time_wait.newest = index;
    w->ends_s4 = ticks(tcp->now + TIME_WAIT_NS);
    if (!timer_is_set(&tcp->tw_timer))
        tcp_set_timer(tcp, &tcp->tw_timer, tcp->now + TIME_WAIT_NS);
}

static void unlink(struct tcp *tcp, struct tw *w)
{
    if (w->older == TW_NONE)
        tcp->time_wait.oldest = w->newer;
    else
        tw_at(tcp, w->older)->newer = w->newer;
    if (w->newer == TW_NONE)
        tcp->time_wait.newest = w->older;
    else
        tw_at(tcp, w->newer)->older = w->older;
}

static void tw_free(struct tcp *tcp, uint32_t index)
{
    struct tw *w = tw_at(tcp, index);

    table_del(&tcp->table, w->hash, index);
    unlink(tcp, w);
    pool_put(&tcp->tws, w);
}

static struct tw *tw_get(struct tcp *tcp)
{
    struct tw *w = pool_get(&tcp->tws);

    if (w || tcp->time_wait.oldest == TW_NONE)
        return w;
    tcp->count.time_wait_recycled++;
    tw_free(tcp, tcp->time_wait.oldest);
    return pool_get(&tcp->tws);
}

/* The connection's last ACK has left: a record takes its place. */
void tw_start(struct conn *c)
{
    struct tcp *tcp = c->tcp;
    struct tw *w = tw_get(tcp);
    uint32_t index;

    conn_close(c, OK);
    if (!w)
        return;
    index = tcp->tw_from +
            (uint32_t)((size_t)((uint8_t *)w - tcp->tw_base) / tcp->tw_size);
    *w = (struct tw){.hash = c->hash,
                     .snd_nxt = c->tcb.snd_nxt,
                     .rcv_nxt = c->tcb.rcv_nxt,
                     .ts_recent = c->tcb.ts_recent,
                     .ts_ok = c->tcb.ts_ok,
                     .replies = TW_REPLIES};
    conn_key(c, &w->key);
    ASSERT(table_put(&tcp->table, w->hash, index));
    append(tcp, w, index);
}

static void answer(struct tcp *tcp, struct tw *w, const struct tcp_in *in)
{
    struct tcp_seg s = {.seq = w->snd_nxt, .ack = w->rcv_nxt, .flags = TCP_ACK};

    if (!w->replies)
        return;
    w->replies--;
    if (w->ts_ok) {
        s.opts = TCP_OPT_TS;
        s.tsval =
            tcp_ticks(tcp->now) + secret_of(&tcp->secrets, &w->key).ts_offset;
        s.tsecr = w->ts_recent;
    }
    tcp_reply(tcp, &w->key, in->rx->netif, &s);
}

void tw_input(struct tcp *tcp, uint32_t index, struct tcp_in *in)
{
    struct tw *w = tw_at(tcp, index);
    uint32_t after = w->snd_nxt;

    switch (tw_on_segment(w, &in->h.seg)) {
    case TW_ACK:
        answer(tcp, w, in);
        break;
    case TW_RESTART:
        answer(tcp, w, in);
        unlink(tcp, w);
        append(tcp, w, index);
        return;
    case TW_REOPEN:
        if (listener_find(tcp, w->key.lport)) {
            tw_free(tcp, index);
            tcp->count.time_wait_reused++;
            listen_input(tcp, in, &after);
            return;
        }
        break;
    case TW_END:
        tw_free(tcp, index);
        return;
    default:
        break;
    }
    tcp->count.dropped__time_wait++;
}

/* Ends those that are due; the rest of one quarter of a second may be early,
 * never more. */
static void fire(struct timer *timer, ns_t now)
{
    struct tcp *tcp = CONTAINER(timer, struct tcp, tw_timer);
    unsigned budget = TICK_BUDGET;
    uint32_t i;

    while ((i = tcp->time_wait.oldest) != TW_NONE) {
        int left = (int16_t)(tw_at(tcp, i)->ends_s4 - ticks(now));
        ns_t wait = left > 0 ? (ns_t)left : 0;

        if (left > 0 || !budget--) {
            tcp_set_timer(tcp, timer,
                          now + wait * (NS_PER_SEC / TICKS_PER_S) + NS_PER_MS);
            return;
        }
        tw_free(tcp, i);
    }
}

void tw_init(struct tcp *tcp)
{
    tcp->time_wait = (struct tw_list){.oldest = TW_NONE, .newest = TW_NONE};
    tcp->tw_timer.fire = fire;
}
