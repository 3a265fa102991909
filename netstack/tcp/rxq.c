/* SPDX-License-Identifier: ISC */
/*
 * rxq.c - the receive queue: references on the blocks that the NIC filled.
 *
 * A piece pins its block, whatever its length, so it is charged as one.  Small
 * payloads are copied together when blocks are scarce or when the connection
 * has a backlog; a connection whose pieces pin more than twice its buffer has
 * everything copied.  Copies of all connections share blocks.
 */
#include "shell.h"

enum { RX_BLOCK_BYTES = 2048 };

static bool pins_too_much(const struct conn *c)
{
    return (uint64_t)c->nrx * RX_BLOCK_BYTES > 2 * (uint64_t)c->rcv_buf;
}

/* Whether `n` bytes can be copied.  Copies take blocks from those for sending,
 * but never the last quarter. */
static bool small_ready(struct tcp *tcp, uint32_t n)
{
    const struct pool *tx = &tcp->config.tx_blocks->blocks;
    struct block *b;

    if (tcp->small && tcp->small->size - tcp->small_used >= n)
        return true;
    if (n > tcp->config.tx_blocks->block_bytes ||
        tx->in_use >= tx->count - tx->count / 4)
        return false;
    b = block_get(tcp->config.tx_blocks);
    if (!b)
        return false;
    if (tcp->small)
        buf_drop(&tcp->small->buf);
    tcp->small = b;
    tcp->small_used = 0;
    return true;
}

static uint8_t *small_copy(struct tcp *tcp, const struct pkt *pkt, uint32_t at,
                           uint32_t n)
{
    uint8_t *to = tcp->small->data + tcp->small_used;

    ASSERT(pkt_copy(pkt, at, to, n));
    tcp->small_used += (n + SMALL_GRAIN - 1) & ~(SMALL_GRAIN - 1u);
    tcp->count.rx_copies++;
    return to;
}

static struct piece *new_piece(struct tcp *tcp, struct buf *buf,
                               const uint8_t *p, uint32_t n, uint32_t seq)
{
    struct piece *piece = piece_take(tcp);

    *piece = (struct piece){.buf = buf_hold(buf), .p = p, .len = n, .seq = seq};
    return piece;
}

static void append(struct conn *c, struct piece *p)
{
    p->next = NULL;
    if (c->rx)
        c->rx_last->next = p;
    else
        c->rx = p;
    c->rx_last = p;
    c->nrx++;
    c->rx_room = 0;
}

/* Bytes in order; where they go on in memory, too, the last piece grows. */
static void append_bytes(struct conn *c, struct buf *buf, const uint8_t *p,
                         uint32_t n, uint32_t seq)
{
    struct piece *last = c->rx_last;

    if (c->rx && last->buf == buf && last->p + last->len == p)
        last->len += n;
    else
        append(c, new_piece(c->tcp, buf, p, n, seq));
}

/* Where `at` of the frame lies, and how many bytes of `n` follow there. */
static const struct frag *locate(const struct frag *f, uint32_t *at, uint32_t n,
                                 uint32_t *part)
{
    while (*at >= f->len) {
        *at -= f->len;
        f++;
    }
    *part = f->len - *at < n ? f->len - *at : n;
    return f;
}

/* What nearly all segments are: in one fragment, for an empty queue. */
static bool take_simply(struct conn *c, const struct pkt *pkt, uint32_t at,
                        const struct tcp_act *act)
{
    const struct frag *f = &pkt->frag[0];
    struct piece *p;

    if (c->rx || pkt->nfrags != 1 || rx_pressed(c->tcp))
        return false;
    p = piece_take(c->tcp);
    p->next = NULL;
    p->buf = buf_hold(f->buf);
    p->p = f->p + at;
    p->len = act->take_len;
    p->seq = act->take_seq;
    c->rx = c->rx_last = p;
    c->nrx = 1;
    c->rx_room = 0;
    return true;
}

static bool should_copy(const struct conn *c, uint32_t n)
{
    if (n < SMALL_BYTES)
        return c->rx || rx_pressed(c->tcp);
    return pins_too_much(c);
}

/* Behind the bytes that were copied last, where they are: whoever sends byte by
 * byte costs no piece for each. */
static void grow_last(struct conn *c, const struct pkt *pkt, uint32_t at,
                      uint32_t n)
{
    struct piece *last = c->rx_last;

    ASSERT(pkt_copy(pkt, at, (uint8_t *)(uintptr_t)(last->p + last->len), n));
    last->len += n;
    c->rx_room -= n;
    c->tcp->count.rx_copies++;
}

static void take_in_order(struct conn *c, const struct pkt *pkt, uint32_t at,
                          uint32_t n, uint32_t seq)
{
    const struct frag *f = pkt->frag;
    uint32_t part;

    if (c->rx && n <= c->rx_room) {
        grow_last(c, pkt, at, n);
        return;
    }
    if (should_copy(c, n) && small_ready(c->tcp, n)) {
        const uint8_t *p = small_copy(c->tcp, pkt, at, n);

        append_bytes(c, &c->tcp->small->buf, p, n, seq);
        c->rx_room = -n & (SMALL_GRAIN - 1u);
        return;
    }
    for (; n; n -= part, at += part, seq += part) {
        f = locate(f, &at, n, &part);
        append_bytes(c, f->buf, f->p + at, part, seq);
    }
}

static void hold_list(struct conn *c)
{
    struct tcp *tcp = c->tcp;

    if (c->on & ON_OOO)
        return;
    c->on |= ON_OOO;
    c->next_ooo = NULL;
    c->link_ooo = tcp->ooo_tail;
    *tcp->ooo_tail = c;
    tcp->ooo_tail = &c->next_ooo;
}

static void unhold_list(struct conn *c)
{
    if (!(c->on & ON_OOO))
        return;
    c->on = (uint8_t)(c->on & ~ON_OOO);
    *c->link_ooo = c->next_ooo;
    if (c->next_ooo)
        c->next_ooo->link_ooo = c->link_ooo;
    else
        c->tcp->ooo_tail = c->link_ooo;
}

/* Puts bytes that nobody has yet between `before` and what follows it. */
static struct piece *insert(struct conn *c, struct piece *before,
                            struct piece *p)
{
    struct piece **link = before ? &before->next : &c->ooo;

    p->next = *link;
    *link = p;
    if (!p->next)
        c->ooo_last = p;
    c->nooo++;
    return p;
}

/* [seq, seq + n), in no piece so far. */
static struct piece *fill_gap(struct conn *c, struct piece *before,
                              const struct pkt *pkt, uint32_t at, uint32_t n,
                              uint32_t seq)
{
    const struct frag *f = pkt->frag;
    uint32_t part;

    if (n < SMALL_BYTES && small_ready(c->tcp, n)) {
        const uint8_t *p = small_copy(c->tcp, pkt, at, n);

        return insert(c, before,
                      new_piece(c->tcp, &c->tcp->small->buf, p, n, seq));
    }
    for (; n; n -= part, at += part, seq += part) {
        f = locate(f, &at, n, &part);
        before =
            insert(c, before, new_piece(c->tcp, f->buf, f->p + at, part, seq));
    }
    return before;
}

/* Out of order, or in order while something is: what was there first stays,
 * and only the gaps between are filled. */
static RARE void take_out_of_order(struct conn *c, const struct pkt *pkt,
                                   uint32_t at, uint32_t n, uint32_t seq)
{
    struct piece *before = NULL, *next = c->ooo;

    hold_list(c);
    if (c->ooo && seq_le(c->ooo_last->seq + c->ooo_last->len, seq)) {
        before = c->ooo_last;
        next = NULL;
    }
    while (n) {
        uint32_t gap = n, skip = 0;

        if (next && seq_lt(next->seq, seq + n)) {
            gap = seq_lt(seq, next->seq) ? next->seq - seq : 0;
            skip = next->seq + next->len;
        }
        if (gap)
            before = fill_gap(c, before, pkt, at, gap, seq);
        if (gap == n)
            return;
        /* On behind the piece that is there. */
        skip = seq_lt(seq, skip) ? skip - seq : 0;
        skip = skip < n ? skip : n;
        at += skip;
        seq += skip;
        n -= skip;
        before = next;
        next = next->next;
    }
}

/* What is in order now moves to the queue that is read. */
static void drain(struct conn *c)
{
    struct piece *p;

    while ((p = c->ooo) && seq_lt(p->seq, c->tcb.rcv_nxt)) {
        c->ooo = p->next;
        c->nooo--;
        append(c, p);
    }
    if (!c->ooo)
        unhold_list(c);
}

void rxq_take(struct conn *c, const struct tcp_in *in,
              const struct tcp_act *act)
{
    uint32_t at = in->rx->l4 + in->h.hdr_len + act->take_off;

    if (!c->ooo && seq_lt(act->take_seq, c->tcb.rcv_nxt)) {
        if (!take_simply(c, in->rx->pkt, at, act))
            take_in_order(c, in->rx->pkt, at, act->take_len, act->take_seq);
        return;
    }
    take_out_of_order(c, in->rx->pkt, at, act->take_len, act->take_seq);
    if (seq_lt(act->take_seq, c->tcb.rcv_nxt))
        drain(c);
    else
        c->tcp->count.ooo_segs++;
}

void ooo_free(struct conn *c)
{
    struct piece *p;

    while ((p = c->ooo)) {
        c->ooo = p->next;
        piece_drop(c->tcp, p);
    }
    c->nooo = 0;
    unhold_list(c);
}

static void renege(struct conn *c)
{
    ooo_free(c);
    tcp_forget_ooo(&c->tcb);
    c->tcp->count.ooo_reneged++;
}

bool ooo_drop_oldest(struct tcp *tcp)
{
    if (!tcp->ooo_oldest)
        return false;
    renege(tcp->ooo_oldest);
    return true;
}

/* Pieces that this segment may take: one for each fragment, one more for each
 * piece out of order that it may be cut at. */
static unsigned pieces_wanted(const struct conn *c, const struct tcp_in *in)
{
    uint32_t end = in->h.seg.seq + in->h.seg.len;
    unsigned n = in->rx->pkt->nfrags;

    if (!c->ooo || seq_le(c->ooo_last->seq + c->ooo_last->len, in->h.seg.seq))
        return n;
    for (const struct piece *p = c->ooo; p && seq_lt(p->seq, end); p = p->next)
        n++;
    return n;
}

static bool may_be_out_of_order(struct conn *c, unsigned nfrags)
{
    struct tcp *tcp = c->tcp;
    uint32_t most = OOO_PIECES_MIN + c->rcv_buf / 1024;

    if (c->nooo + nfrags > most || rx_pressed(tcp))
        return false;
    if (!c->tcb.ooo)
        c->tcb.ooo = set_get(tcp);
    return c->tcb.ooo != NULL;
}

enum tcp_room rxq_room(struct conn *c, const struct tcp_in *in)
{
    struct tcp *tcp = c->tcp;
    uint32_t n = in->h.seg.len;
    unsigned wanted;

    if (!c->ooo && in->h.seg.seq == c->tcb.rcv_nxt && !rx_pressed(tcp) &&
        tcp->nspare >= in->rx->pkt->nfrags)
        return TCP_ROOM_ALL;
    if (c->rx && n <= c->rx_room && in->h.seg.seq == c->tcb.rcv_nxt && !c->ooo)
        return TCP_ROOM_ALL;
    if (c->rx && pieces_pressed(tcp))
        return TCP_ROOM_NONE;
    if (rx_pressed(tcp)) {
        (void)ooo_drop_oldest(tcp);
        if (!c->rx && rx_nearly_out(tcp))
            (void)conn_reap(tcp);
        /* A little for everyone; more only for those who have read it.  The
         * last blocks are the NIC's, else nobody would be heard any more. */
        if ((c->rx || rx_nearly_out(tcp)) &&
            (n >= SMALL_BYTES || !small_ready(tcp, n)))
            return TCP_ROOM_NONE;
    }
    wanted = pieces_wanted(c, in);
    if (wanted > PIECES_SPARE) {
        renege(c);
        wanted = in->rx->pkt->nfrags;
    }
    if (!pieces_ready(tcp, wanted))
        return TCP_ROOM_NONE;
    if (in->h.seg.seq == c->tcb.rcv_nxt)
        return TCP_ROOM_ALL;
    return may_be_out_of_order(c, wanted) ? TCP_ROOM_ALL : TCP_ROOM_IN_ORDER;
}

/* What was read in a round trip is what a sender whose window is full gets
 * through; one that is still speeding up gets through twice that in the next,
 * and as much again waits behind a segment that was lost.  What the buffer
 * promises is never more than half of the memory that is free. */
void rcv_right_size(struct conn *c)
{
    struct tcp *tcp = c->tcp;
    const struct pool *rx = tcp->config.rx_blocks;
    uint64_t want = 4 * (uint64_t)c->read, most;

    c->read = 0;
    c->read_since = tcp->now;
    if (rx_pressed(tcp)) {
        c->rcv_buf =
            c->rcv_buf / 2 > rcv_begin(tcp) ? c->rcv_buf / 2 : rcv_begin(tcp);
        return;
    }
    if (want <= c->rcv_buf)
        return;
    most = tcp->config.limits.tcp_rcvbuf;
    if (rx && most > (uint64_t)(rx->count - rx->in_use) * (RX_BLOCK_BYTES / 2))
        most = (uint64_t)(rx->count - rx->in_use) * (RX_BLOCK_BYTES / 2);
    if (want > most)
        want = most;
    if (want > c->rcv_buf)
        c->rcv_buf = (uint32_t)want;
}

void rxq_consume(struct conn *c, size_t n)
{
    for (;;) {
        struct piece *p = c->rx;

        ASSERT(p);
        if (n < p->len) {
            p->p += n;
            p->len -= (uint32_t)n;
            return;
        }
        n -= p->len;
        c->rx = p->next;
        c->nrx--;
        piece_drop(c->tcp, p);
        if (!n)
            return;
    }
}

void rxq_free(struct conn *c)
{
    struct piece *p;

    while ((p = c->rx)) {
        c->rx = p->next;
        piece_drop(c->tcp, p);
    }
    c->nrx = 0;
}

struct piece *rxq_keep(struct tcp *tcp, const struct pkt *pkt, uint32_t at,
                       uint32_t n)
{
    if (!small_ready(tcp, n) || !pieces_ready(tcp, 1))
        return NULL;
    return new_piece(tcp, &tcp->small->buf, small_copy(tcp, pkt, at, n), n, 0);
}
