/* SPDX-License-Identifier: ISC */
/*
 * txq.c - the send queue: blocks that were written into, and loans.
 *
 * Frames point into it, so nothing is copied, and a retransmission points at
 * the same bytes again.  A piece goes when it is acknowledged; its bytes when
 * no device refers to them any more, either.
 */
#include "shell.h"

#define LOAN_MAX (UINT32_C(1) << 30) /* a quarter of the sequence space */

static bool tx_pressed(const struct tcp *tcp)
{
    const struct pool *tx = &tcp->config.tx_blocks->blocks;

    return tx->in_use >= tx->count - tx->count / 8;
}

static bool tx_nearly_out(const struct tcp *tcp)
{
    const struct pool *tx = &tcp->config.tx_blocks->blocks;

    return tx->in_use >= tx->count - tx->count / 16;
}

uint32_t conn_snd_limit(const struct conn *c)
{
    /* A window in flight, and one to go on with when it is acknowledged; while
     * a gap is repaired, more than that waits behind it.  What it begins with
     * while a quarter of the blocks is left. */
    const struct pool *tx = &c->tcp->config.tx_blocks->blocks;
    uint32_t most = c->tcp->config.limits.tcp_sndbuf, cwnd = c->tcb.cc.cwnd;
    uint32_t flight = c->tcb.snd_nxt - c->tcb.snd_una;
    uint32_t n = cwnd + (flight > cwnd ? flight : cwnd);

    if (n < BUFFER_BEGIN || tx->in_use >= tx->count - tx->count / 4)
        n = BUFFER_BEGIN;
    return n < most ? n : most;
}

static uint32_t queued(const struct conn *c)
{
    return c->tx ? c->tcb.snd_end - seq_max(c->tx->seq, c->tcb.snd_una) : 0;
}

/* Blocks are scarce: one for each connection. */
static bool may_have_block(const struct conn *c)
{
    const struct pool *tx = &c->tcp->config.tx_blocks->blocks;

    return tx->in_use < tx->count && (!c->tx || !tx_pressed(c->tcp));
}

bool txq_has_room(const struct conn *c)
{
    return queued(c) < conn_snd_limit(c) && (c->tx_room || may_have_block(c));
}

static void append(struct conn *c, struct piece *p)
{
    if (c->tx)
        c->tx_last->next = p;
    else
        c->tx = p;
    c->tx_last = p;
}

static bool add_block(struct conn *c)
{
    struct tcp *tcp = c->tcp;
    struct block *b;
    struct piece *p;

    /* The last ones: someone goes for each, before there is none. */
    if (!c->tx && tx_nearly_out(tcp))
        (void)conn_reap(tcp);
    if (!may_have_block(c))
        return false;
    if ((c->tx && pieces_pressed(tcp)) || !pieces_ready(tcp, 1) ||
        !(b = block_get(tcp->config.tx_blocks))) {
        tcp->wake_at = tcp->now + OUTPUT_RETRY;
        return false;
    }
    p = piece_take(tcp);
    *p = (struct piece){.buf = &b->buf, .p = b->data, .seq = c->tcb.snd_end};
    append(c, p);
    c->tx_room = b->size;
    conn_dirty(c); /* so that txq_trim() sees it if it is not used */
    return true;
}

/* The owner hears of room by STREAM_WRITABLE: when an ACK frees some, or when
 * blocks are free again. */
static RARE void wait_for_room(struct conn *c)
{
    c->wants_room = true;
    if (queued(c) < conn_snd_limit(c))
        list_push(c, LIST_WAIT);
}

struct mspan txq_reserve(struct conn *c)
{
    uint32_t most = conn_snd_limit(c), used = queued(c), n;

    if (!tcp_may_write(&c->tcb))
        return (struct mspan){0};
    if (used >= most || (!c->tx_room && !add_block(c))) {
        wait_for_room(c);
        return (struct mspan){0};
    }
    n = c->tx_room < most - used ? c->tx_room : most - used;
    /* The block is ours, the piece merely reads it. */
    return (struct mspan){
        (uint8_t *)(uintptr_t)(c->tx_last->p + c->tx_last->len), n};
}

void txq_commit(struct conn *c, size_t n)
{
    if (n == 0 || !tcp_may_write(&c->tcb))
        return;
    ASSERT(n <= c->tx_room);
    c->tx_room -= (uint32_t)n;
    c->tx_last->len += (uint32_t)n;
    tcp_on_write(&c->tcb, (uint32_t)n);
    conn_dirty(c);
}

/* The last reference is gone.  done() must not run from here, for this may be
 * the middle of input: it waits for dispatch. */
static void loan_free(struct buf *buf)
{
    struct loan *loan = CONTAINER(buf, struct loan, buf);
    struct tcp *tcp = CONTAINER(loan->next, struct tcp, loan_home);

    loan->next = tcp->loan_home.next;
    tcp->loan_home.next = loan;
}

bool txq_lend(struct conn *c, struct loan *loan)
{
    struct tcp *tcp = c->tcp;
    struct piece *p;

    if (loan->bytes.n == 0 || !tcp_may_write(&c->tcb))
        return false;
    ASSERT(loan->bytes.n <= LOAN_MAX);
    if (queued(c) >= conn_snd_limit(c)) {
        wait_for_room(c);
        return false;
    }
    if ((c->tx && pieces_pressed(tcp)) || !pieces_ready(tcp, 1)) {
        tcp->wake_at = tcp->now + OUTPUT_RETRY;
        wait_for_room(c);
        return false;
    }
    txq_trim(c);
    loan->buf = (struct buf){.refs = 1, .free = loan_free};
    loan->next = &tcp->loan_home;
    p = piece_take(tcp);
    *p = (struct piece){.buf = &loan->buf,
                        .p = loan->bytes.p,
                        .len = (uint32_t)loan->bytes.n,
                        .seq = c->tcb.snd_end};
    append(c, p);
    c->tx_room = 0;
    tcp_on_write(&c->tcb, p->len);
    conn_dirty(c);
    return true;
}

/* Gives back a block that was reserved and then not written to. */
void txq_trim(struct conn *c)
{
    struct piece *last = c->tx_last, *p = c->tx;

    if (!c->tx || last->len)
        return;
    if (p == last) {
        c->tx = NULL;
    } else {
        while (p->next != last)
            p = p->next;
        p->next = NULL;
        c->tx_last = p;
    }
    c->tx_hint = NULL;
    c->tx_room = 0;
    piece_drop(c->tcp, last);
}

/* Drops what is acknowledged.  An idle connection holds no block. */
void txq_release(struct conn *c)
{
    struct piece *p;

    while ((p = c->tx) && p->len && seq_le(p->seq + p->len, c->tcb.snd_una)) {
        c->tx = p->next;
        if (c->tx_hint == p)
            c->tx_hint = NULL;
        if (!c->tx)
            c->tx_room = 0;
        piece_drop(c->tcp, p);
    }
    if (c->wants_room && txq_has_room(c)) {
        c->wants_room = false;
        conn_post(c, STREAM_WRITABLE);
    } else if (c->wants_room) {
        wait_for_room(c); /* below its limit now, but blocks are scarce */
    }
}

void txq_free(struct conn *c)
{
    struct piece *p;

    while ((p = c->tx)) {
        c->tx = p->next;
        piece_drop(c->tcp, p);
    }
    c->tx_hint = NULL;
    c->tx_room = 0;
    c->wants_room = false;
}

/* The piece that has `seq`; the last frame ended near it. */
static struct piece *find(struct conn *c, uint32_t seq)
{
    struct piece *p = c->tx_hint;

    if (!p || seq_lt(seq, p->seq))
        p = c->tx;
    while (p && seq_le(p->seq + p->len, seq))
        p = p->next;
    return p;
}

uint32_t txq_fill(struct conn *c, struct pkt *pkt, uint32_t seq, uint32_t n)
{
    struct piece *p = find(c, seq);
    uint32_t filled = 0;

    while (n) {
        uint32_t off, part;

        ASSERT(p);
        off = seq - p->seq;
        part = p->len - off < n ? p->len - off : n;
        if (!pkt_add_frag(pkt, p->buf, p->p + off, part))
            break;
        c->tx_hint = p;
        filled += part;
        seq += part;
        n -= part;
        p = p->next;
    }
    return filled;
}

/* Blocks are free again: those who wait hear of it, as far as blocks go, the
 * first first. */
void txq_wake(struct tcp *tcp)
{
    const struct pool *tx = &tcp->config.tx_blocks->blocks;
    struct conn *c;

    tcp->wake_at = 0;
    if (tx->in_use < tx->count)
        tcp->reap_at = 0;
    else if (tcp->now >= tcp->reap_at && !conn_reap(tcp))
        tcp->reap_at = tcp->now + REAP_RETRY;
    for (uint32_t free = tx->count - tx->in_use, n = 0; n < free; n++) {
        c = list_pop(tcp, LIST_WAIT);
        if (!c)
            return;
        if (c->wants_room && !c->over) {
            if (txq_has_room(c)) {
                c->wants_room = false;
                conn_post(c, STREAM_WRITABLE);
            } else {
                wait_for_room(c);
            }
        }
        conn_maybe_free(c);
    }
}
