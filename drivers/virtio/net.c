/* SPDX-License-Identifier: ISC */
/*
 * net.c - virtio-net as a netif: frames in, frames out (virtio 1.2, 5.1.6).
 *
 * Receiving: blocks are posted; what the device fills becomes a packet whose
 * fragments are those blocks, behind the device's own header.  Sending: that
 * header is put in front of the packet's headers, in the room pkt.h leaves for
 * it, so that a frame is one descriptor and one for each fragment.
 *
 * Sent packets are given back by rx() in each turn, without interrupts.  When
 * the machine would sleep with some unreturned, `poll_us` has it look again
 * soon; only a full ring is worth an interrupt.
 *
 * The header is written before the device sees the frame and read once after
 * it was used; every length in it and in the ring is checked before use.
 */
#include <virtio/net_impl.h>

#include <base/bytes.h>

_Static_assert(VQ_CHAIN_MAX >= PKT_FRAGS_MAX + 2, "any packet is one chain");

/* Whether a frame that says more about itself than nothing can be used; what
 * it says goes into `p`. */
static bool read_hdr(const struct virtio_net *v, const uint8_t *hdr,
                     struct pkt *p)
{
    unsigned type = hdr[HDR_GSO_TYPE] & ~(unsigned)HDR_GSO_ECN;
    unsigned gso4 = NET_F_GUEST_TSO4, gso6 = NET_F_GUEST_TSO6;

    if (v->nif.caps & NETIF_RX_CSUM &&
        hdr[HDR_FLAGS] & (HDR_NEEDS_CSUM | HDR_DATA_VALID))
        p->flags = PKT_CSUM_GOOD;
    if (p->flags && hdr[HDR_FLAGS] & HDR_NEEDS_CSUM) {
        p->flags |= PKT_CSUM_PARTIAL;
        p->csum_start = le16(hdr + HDR_CSUM_START);
        p->csum_off = le16(hdr + HDR_CSUM_OFFSET);
    }
    if (hdr[HDR_GSO_TYPE] == HDR_GSO_NONE)
        return true;
    p->gso_size = le16(hdr + HDR_GSO_SIZE);
    if (type == HDR_GSO_TCP4 && virtio_has(v->dev, gso4))
        p->flags |= PKT_GSO4;
    else if (type == HDR_GSO_TCP6 && virtio_has(v->dev, gso6))
        p->flags |= PKT_GSO6;
    else
        return false; /* a kind that nobody asked for */
    return p->gso_size != 0;
}

/* The other buffers of a frame: added to `p`, or dropped when that is NULL.
 * False: the device lied. */
static bool take_rest(struct virtio_net *v, struct pkt *p, unsigned n)
{
    for (; n > 0; n--) {
        uint32_t len;
        struct block *b = vq_take(&v->rx, &len);

        if (!b)
            return false;
        if (p) {
            p->frag[p->nfrags++] =
                (struct frag){.buf = &b->buf, .p = b->data, .len = len};
            p->len += len;
        } else {
            buf_drop(&b->buf);
        }
    }
    return true;
}

/* Why a completed buffer cannot be the start of a frame; NULL: it can. */
static const char *first_is_wrong(const struct virtio_net *v, uint32_t len,
                                  unsigned buffers, unsigned ready)
{
    if (len < v->hdr_bytes)
        return "it delivered a frame shorter than its header";
    if (buffers == 0)
        return "it delivered a frame in no buffers";
    if (buffers > ready)
        return "it delivered a frame in more buffers than it finished";
    if (buffers > PKT_FRAGS_MAX)
        return "it delivered a frame of more than 64 KiB";
    if (buffers > 1 && len < v->hdr_bytes + (uint32_t)PKT_PULL_MIN)
        return "it left the first buffer of a frame nearly empty";
    return NULL;
}

/* Into a packet, with the `more` buffers that follow.  False: the device
 * lied.  A frame that is of no use is dropped and counted. */
static bool make_pkt(struct virtio_net *v, struct block *b, uint32_t len,
                     unsigned more, struct pktq *into)
{
    struct netif_counters *count = &v->nif.counters;
    const uint8_t *hdr = b->data;
    struct pkt *p = pkt_get(v->pkts);

    if (!p) {
        count->rx_no_memory++;
        buf_drop(&b->buf);
        return take_rest(v, NULL, more);
    }
    p->frag[0].buf = &b->buf;
    p->frag[0].p = hdr + v->hdr_bytes;
    p->frag[0].len = p->len = len - v->hdr_bytes;
    p->nfrags = 1;
    if (p->len < ETH_BYTES || (le16(hdr) != 0 && !read_hdr(v, hdr, p))) {
        count->rx_bad++;
        pkt_put(p);
        return take_rest(v, NULL, more);
    }
    if (more != 0 && !take_rest(v, p, more)) {
        pkt_put(p);
        return false;
    }
    count->rx_frames++;
    count->rx_bytes += p->len;
    pktq_push(into, p);
    return true;
}

/* One frame of `ready` completed buffers.  Returns how many it had; 0: the
 * device lied, and `*why` may say how (else the ring does). */
static inline unsigned take_frame(struct virtio_net *v, struct pktq *into,
                                  unsigned ready, const char **why)
{
    uint32_t len;
    struct block *b = vq_take(&v->rx, &len);
    unsigned n = 1;

    if (!b)
        return 0;
    if (v->merge && len >= HDR_BYTES)
        n = le16(b->data + HDR_BUFFERS);
    if (n != 1 || len < v->hdr_bytes) {
        *why = first_is_wrong(v, len, n, ready);
        if (*why) {
            buf_drop(&b->buf);
            return 0;
        }
    }
    return make_pkt(v, b, len, n - 1, into) ? n : 0;
}

/* Give sent packets back. */
static void reap(struct virtio_net *v)
{
    uint32_t len;

    for (unsigned n = vq_ready(&v->tx); n > 0; n--) {
        struct pkt *p = vq_take(&v->tx, &len);

        if (!p)
            break;
        pkt_put(p);
    }
    if (v->tx.failure)
        virtio_net_fail(v, v->tx.failure);
}

static void disarm(struct virtio_net *v)
{
    v->armed = false;
    vq_disarm(&v->rx);
    vq_disarm(&v->tx);
}

static unsigned rx(struct netif *nif, struct pktq *into, unsigned max)
{
    struct virtio_net *v = virtio_net(nif);
    const char *why = NULL;
    unsigned ready, frames;

    if (nif->failed)
        return 0;
    if (v->armed)
        disarm(v);
    if (v->config_seen != v->dev->config_changes)
        virtio_net_reread(v);
    if (vq_stirred(&v->tx))
        reap(v);
    ready = nif->failed ? 0 : vq_ready(&v->rx);
    for (frames = 0; frames < max && ready > 0; frames++) {
        unsigned n = take_frame(v, into, ready, &why);

        if (n == 0)
            break;
        ready -= n;
    }
    if (why || v->rx.failure)
        virtio_net_fail(v, why ? why : v->rx.failure);
    return frames;
}

/* The device's header for a frame that it shall finish or cut. */
static void ask_offload(const struct virtio_net *v, const struct pkt *p,
                        uint8_t *hdr)
{
    ASSERT(v->nif.caps & NETIF_TX_CSUM && p->flags & PKT_CSUM_PARTIAL);
    hdr[HDR_FLAGS] = HDR_NEEDS_CSUM;
    put_le16(hdr + HDR_CSUM_START, p->csum_start);
    put_le16(hdr + HDR_CSUM_OFFSET, p->csum_off);
    if (p->flags & (PKT_GSO4 | PKT_GSO6)) {
        ASSERT(v->nif.caps & (p->flags & PKT_GSO4 ? NETIF_TSO4 : NETIF_TSO6));
        hdr[HDR_GSO_TYPE] = p->flags & PKT_GSO4 ? HDR_GSO_TCP4 : HDR_GSO_TCP6;
        put_le16(hdr + HDR_LEN, p->gso_hdr);
        put_le16(hdr + HDR_GSO_SIZE, p->gso_size);
    }
}

/* Into the ring.  False: it is full. */
static bool send(struct virtio_net *v, struct pkt *p)
{
    struct vq_seg seg[VQ_CHAIN_MAX] UNSET;
    uint8_t *hdr = p->hdr + PKT_HDR_MAX - p->hdr_len - v->hdr_bytes;
    const struct frag *f = p->frag, *end = f + p->nfrags;
    struct vq_seg *s = seg;

    ASSERT(p->hdr_len + (unsigned)v->hdr_bytes <= PKT_HDR_MAX);
    memset(hdr, 0, HDR_LEGACY_BYTES);
    if (v->hdr_bytes == HDR_BYTES)
        put_le16(hdr + HDR_BUFFERS, 0);
    if (p->flags & (PKT_CSUM_PARTIAL | PKT_GSO4 | PKT_GSO6))
        ask_offload(v, p, hdr);
    *s++ = (struct vq_seg){hdr, (uint32_t)v->hdr_bytes + p->hdr_len};
    if (v->split_tx && p->hdr_len != 0) {
        seg[0].n = v->hdr_bytes;
        *s++ = (struct vq_seg){hdr + v->hdr_bytes, p->hdr_len};
    }
    for (; f < end; f++)
        *s++ = (struct vq_seg){f->p, f->len};
    return vq_add_out(&v->tx, seg, (unsigned)(s - seg), p);
}

static void drop_first(struct virtio_net *v, struct pktq *from)
{
    v->nif.counters.tx_drops++;
    pkt_put(pktq_pop(from));
}

static unsigned tx(struct netif *nif, struct pktq *from)
{
    struct virtio_net *v = virtio_net(nif);
    unsigned frames = 0;
    uint64_t bytes = 0;

    while (nif->failed && from->head)
        drop_first(v, from);
    v->tx_full = false;
    for (struct pkt *p; (p = from->head);) {
        uint32_t len = p->len;

        if (p->nfrags > v->tx_frags) { /* not even into an empty ring */
            drop_first(v, from);
            continue;
        }
        v->tx_full = !send(v, p);
        if (v->tx_full)
            break;
        pktq_pop(from);
        bytes += len;
        frames++;
    }
    nif->counters.tx_frames += frames;
    nif->counters.tx_bytes += bytes;
    return frames;
}

/* Post `n` blocks, or as many as there are; the next turn tries again. */
static void refill(struct virtio_net *v, unsigned n)
{
    unsigned hdr = v->hdr_bytes;

    for (; n > 0; n--) {
        struct block *b = block_get(v->rx_blocks);
        bool fits;

        if (!b)
            break;
        if (v->split_rx) {
            struct vq_seg seg[] = {{b->data, hdr},
                                   {b->data + hdr, b->size - hdr}};

            fits = vq_add(&v->rx, seg, 0, 2, b);
        } else {
            fits = vq_add_in(&v->rx, b->data, b->size, b);
        }
        ASSERT(fits); /* rx_want is what fits */
    }
}

static void publish(struct virtio_net *v, struct vq *q, unsigned index)
{
    if (q->added != q->published && vq_publish(q)) {
        virtio_notify(v->dev, index);
        v->nif.counters.kicks++;
    }
}

void virtio_net_prime(struct virtio_net *v)
{
    refill(v, v->rx_want < RX_FIRST ? v->rx_want : RX_FIRST);
    publish(v, &v->rx, QUEUE_RX);
}

static void flush(struct netif *nif)
{
    struct virtio_net *v = virtio_net(nif);
    unsigned missing = v->rx_want - vq_outstanding(&v->rx);

    if (nif->failed)
        return;
    publish(v, &v->tx, QUEUE_TX); /* first: somebody waits for it */
    if (missing >= v->rx_batch)
        refill(v, missing);
    publish(v, &v->rx, QUEUE_RX);
}

static bool arm(struct netif *nif)
{
    struct virtio_net *v = virtio_net(nif);
    bool busy;

    if (nif->failed)
        return false;
    nif->counters.wakeups = v->dev->wakeups;
    nif->poll_us = vq_outstanding(&v->tx) == 0 ? 0 : POLL_REAP_US;
    if (!v->dev->interrupts)
        nif->poll_us = POLL_NO_INTERRUPT;
    v->armed = !v->rx.event_idx; /* with it there is nothing to undo */
    busy = vq_arm(&v->rx, 1);
    if (v->tx_full) { /* room for half a ring is worth waking up for */
        v->tx_full = false;
        busy |= vq_arm(&v->tx, (vq_outstanding(&v->tx) + 1) / 2);
    }
    return busy || v->config_seen != v->dev->config_changes;
}

const struct netif_ops virtio_net_ops = {
    .rx = rx, .tx = tx, .flush = flush, .arm = arm};
