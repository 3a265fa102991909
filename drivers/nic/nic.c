/* SPDX-License-Identifier: ISC */
/*
 * nic.c - see nic.h.
 *
 * Receiving: blocks are posted, and what the card fills becomes a packet of
 * one fragment.  Sending: headers and fragments become segments; nothing is
 * copied.  Sent packets are given back by rx() in each turn, without
 * interrupts; when the machine would sleep with some unreturned, `poll_us` has
 * it look again soon, and only a full ring is worth an interrupt.
 */
#include <nic/nic.h>

#include <base/bytes.h>
#include <base/dma.h>

enum { ETH_BYTES = 14 };

static unsigned ring_size(unsigned ring)
{
    unsigned size = NIC_RING_MIN;

    while (size < ring && size < NIC_RING_MAX)
        size *= 2;
    return size;
}

size_t nic_bytes(unsigned ring)
{
    return ring_size(ring) *
               (sizeof(struct block *) + sizeof(struct nic_sent)) +
           _Alignof(struct nic_sent) + _Alignof(struct block *);
}

/* What was to be sent goes back to its owners, who wait for it.  Receive
 * buffers do not: the card may still write to them. */
bool nic_fail(struct nic *n, const char *why)
{
    if (n->nif.failed)
        return false;
    n->nif.failed = true;
    n->nif.failure = why;
    n->nif.link_up = false;
    n->nif.poll_us = 0;
    n->ops->stop(n);
    n->regs->stop(n->regs);
    while (n->tx.taken != n->tx.added) {
        struct nic_sent *s = &n->out[n->tx.taken % n->size];

        n->tx.taken = (uint16_t)(n->tx.taken + s->descs);
        pkt_put(s->pkt);
    }
    return false;
}

bool nic_set_mac(struct nic *n, uint32_t low, uint32_t high)
{
    put_le16(n->nif.mac, (uint16_t)low);
    put_le16(n->nif.mac + 2, (uint16_t)(low >> 16));
    put_le16(n->nif.mac + 4, (uint16_t)high);
    if (n->nif.mac[0] & 1 || (low == 0 && (uint16_t)high == 0))
        return nic_fail(n, "its MAC address is not that of one station");
    return true;
}

static void reap(struct nic *n)
{
    while (n->tx.taken != n->tx.shown) {
        struct nic_sent *s = &n->out[n->tx.taken % n->size];

        if (!n->ops->sent(n, n->tx.taken + s->descs - 1u) || n->nif.failed)
            return;
        n->tx.taken = (uint16_t)(n->tx.taken + s->descs);
        pkt_put(s->pkt);
    }
}

/* The frame in the buffer at rx.taken. */
static void take(struct nic *n, enum nic_got got, uint32_t len, uint16_t flags,
                 struct pktq *into)
{
    struct netif_counters *count = &n->nif.counters;
    struct block *b = n->block[n->rx.taken++ % n->size];
    struct pkt *p = NULL;

    if (got == NIC_BROKEN || len < ETH_BYTES)
        count->rx_bad++;
    else if (!(p = pkt_get(n->pkts)))
        count->rx_no_memory++;
    if (!p) {
        buf_drop(&b->buf);
        return;
    }
    p->frag[0] = (struct frag){.buf = &b->buf, .p = b->data, .len = len};
    p->nfrags = 1;
    p->len = len;
    p->flags = flags;
    count->rx_frames++;
    count->rx_bytes += len;
    pktq_push(into, p);
}

static unsigned rx(struct netif *nif, struct pktq *into, unsigned max)
{
    struct nic *n = nic_of(nif);
    unsigned frames = 0;

    if (nif->failed)
        return 0;
    if (n->armed) {
        n->armed = false;
        n->ops->quiet(n);
    }
    reap(n);
    while (frames < max && !nif->failed && n->rx.taken != n->rx.shown) {
        uint32_t len = 0;
        uint16_t flags = 0;
        enum nic_got got = n->ops->received(n, &len, &flags);

        if (got == NIC_NOTHING)
            break;
        if (len > n->rx_blocks->block_bytes) {
            nic_fail(n, "it wrote more than a buffer holds");
            break;
        }
        take(n, got, len, flags, into);
        frames++;
    }
    return frames;
}

/* A card cuts a packet only when all headers are where it can be told apart
 * from payload, and where they may be written: those of a packet that is passed
 * on may be in its first fragment. */
static bool pull_headers(struct pkt *p)
{
    unsigned have = p->hdr_len, more = p->gso_hdr - have;
    uint8_t *at = p->hdr + PKT_HDR_MAX - have;

    if (p->gso_hdr <= have)
        return p->gso_hdr == have;
    if (p->gso_hdr > PKT_HDR_MAX || p->nfrags == 0 || p->frag[0].len <= more)
        return false;
    memmove(at - more, at, have);
    memcpy(p->hdr + PKT_HDR_MAX - more, p->frag[0].p, more);
    p->hdr_len = p->gso_hdr;
    p->frag[0].p += more;
    p->frag[0].len -= more;
    return true;
}

static unsigned cut(struct nic_seg *seg, unsigned n, const uint8_t *p,
                    uint32_t bytes)
{
    for (; bytes > 0 && n < NIC_SEGS_MAX; n++) {
        uint32_t part = bytes < NIC_SEG_BYTES ? bytes : NIC_SEG_BYTES;

        seg[n] = (struct nic_seg){dma_address(p), part};
        p += part;
        bytes -= part;
    }
    return bytes > 0 ? NIC_SEGS_MAX + 1 : n;
}

/* 0: it has too many. */
static unsigned segments(struct pkt *p, struct nic_seg *seg)
{
    unsigned n = cut(seg, 0, p->hdr + PKT_HDR_MAX - p->hdr_len, p->hdr_len);

    for (unsigned i = 0; i < p->nfrags && n <= NIC_SEGS_MAX; i++)
        n = cut(seg, n, p->frag[i].p, p->frag[i].len);
    return n > NIC_SEGS_MAX ? 0 : n;
}

/* The payload in as few blocks as can be.  False: that is too many, or there
 * are none. */
static bool join(struct nic *n, struct pkt *p, unsigned most)
{
    uint32_t size = n->rx_blocks->block_bytes, at = p->hdr_len;
    unsigned count = (p->len - at + size - 1) / size, got = 0;
    struct frag made[PKT_FRAGS_MAX] UNSET;

    if (count > PKT_FRAGS_MAX || count + 1 > most)
        return false;
    for (; got < count; got++) {
        struct block *b = block_get(n->rx_blocks);
        uint32_t part = p->len - at < size ? p->len - at : size;

        if (!b)
            break;
        made[got] = (struct frag){.buf = &b->buf, .p = b->data, .len = part};
        if (!pkt_copy(p, at, b->data, part)) {
            got++;
            break;
        }
        at += part;
    }
    if (at != p->len) {
        while (got > 0)
            buf_drop(made[--got].buf);
        return false;
    }
    for (unsigned i = 0; i < p->nfrags; i++)
        buf_drop(p->frag[i].buf);
    memcpy(p->frag, made, sizeof(made[0]) * count);
    p->nfrags = (uint16_t)count;
    return true;
}

/* The segments that the card takes, or 0. */
static unsigned describe(struct nic *n, struct pkt *p, struct nic_seg *seg)
{
    bool large = p->flags & (PKT_GSO4 | PKT_GSO6);
    unsigned most = large ? n->tx_large : n->tx_segs, count;

    if (most == 0)
        most = NIC_SEGS_MAX;
    if (large && !pull_headers(p))
        return 0;
    count = segments(p, seg);
    if (count == 0 || count > most)
        count = join(n, p, most) ? segments(p, seg) : 0;
    return count;
}

static void drop_first(struct nic *n, struct pktq *from)
{
    n->nif.counters.tx_drops++;
    pkt_put(pktq_pop(from));
}

/* False: it does not fit now. */
static bool send_first(struct nic *n, struct pktq *from)
{
    struct nic_seg seg[NIC_SEGS_MAX] UNSET;
    struct pkt *p = from->head;
    struct nic_sent *s = &n->out[n->tx.added % n->size];
    unsigned count = describe(n, p, seg);
    unsigned out = (uint16_t)(n->tx.added - n->tx.taken);

    if (count + n->tx_more + out >= n->size) {
        if (out > 0)
            return false;
        count = 0; /* not even into an empty ring */
    }
    if (count)
        count = n->ops->put(n, p, seg, count);
    if (!count) {
        drop_first(n, from);
        return true;
    }
    *s = (struct nic_sent){.pkt = pktq_pop(from), .descs = (uint16_t)count};
    n->tx.added = (uint16_t)(n->tx.added + count);
    n->nif.counters.tx_frames++;
    n->nif.counters.tx_bytes += p->len;
    return true;
}

static unsigned tx(struct netif *nif, struct pktq *from)
{
    struct nic *n = nic_of(nif);
    uint64_t before = nif->counters.tx_frames;

    while (nif->failed && from->head)
        drop_first(n, from);
    n->tx_full = false;
    while (from->head && !n->tx_full)
        n->tx_full = !send_first(n, from);
    return (unsigned)(nif->counters.tx_frames - before);
}

/* Post what is missing, or as many as there are; the next turn tries again. */
static void refill(struct nic *n)
{
    while ((uint16_t)(n->rx.added - n->rx.taken) < n->rx_want) {
        struct block *b = block_get(n->rx_blocks);

        if (!b)
            break;
        n->block[n->rx.added % n->size] = b;
        n->ops->post(n, n->rx.added++, dma_address(b->data));
    }
}

/* Buffers and descriptors before what shows them. */
static void flush(struct netif *nif)
{
    struct nic *n = nic_of(nif);

    if (nif->failed)
        return;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    if (n->tx.shown != n->tx.added) {
        n->tx.shown = n->tx.added;
        n->ops->show_tx(n);
        nif->counters.kicks++;
    }
    if (n->rx_want - (uint16_t)(n->rx.added - n->rx.taken) >= NIC_RX_BATCH)
        refill(n);
    if (n->rx.shown == n->rx.added)
        return;
    n->rx.shown = n->rx.added;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    n->ops->show_rx(n);
    nif->counters.kicks++;
}

void nic_prime(struct nic *n)
{
    refill(n);
    flush(&n->nif);
}

static bool arm(struct netif *nif)
{
    struct nic *n = nic_of(nif);
    bool busy;

    if (nif->failed)
        return false;
    nif->counters.wakeups = n->regs->wakeups;
    nif->poll_us = n->tx.taken == n->tx.added ? 0 : NIC_POLL_REAP_US;
    if (!n->regs->interrupts)
        nif->poll_us = NIC_POLL_NO_INTERRUPT;
    if (n->armed)
        n->ops->quiet(n);
    n->armed = true;
    busy = n->ops->wake(n, n->tx_full);
    n->tx_full = false;
    return busy || (n->rx.taken != n->rx.shown && n->ops->has_received(n));
}

bool nic_init(struct nic *n, struct regs *regs, const struct nic_config *c)
{
    static const struct netif_ops ops = {
        .rx = rx, .tx = tx, .flush = flush, .arm = arm};

    ASSERT(c->rx_blocks->block_bytes >= NIC_BLOCK_MIN);
    n->nif = (struct netif){
        .ops = &ops, .name = c->name, .kind = c->kind, .mtu = NIC_MTU};
    n->regs = regs;
    n->pkts = c->pkts;
    n->rx_blocks = c->rx_blocks;
    n->size = (uint16_t)ring_size(c->ring);
    /* A ring that is full looks empty to some cards. */
    n->rx_want = (uint16_t)(c->ring < n->size ? c->ring : n->size - 1u);
    n->block = arena_try(c->host->arena, sizeof(*n->block) * n->size,
                         _Alignof(struct block *));
    n->out = arena_try(c->host->arena, sizeof(*n->out) * n->size,
                       _Alignof(struct nic_sent));
    return n->block && n->out;
}
