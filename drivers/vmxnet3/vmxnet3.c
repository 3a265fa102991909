/* SPDX-License-Identifier: ISC */
/*
 * vmxnet3.c - frames in, frames out.
 *
 * The card may read a descriptor as soon as its round is right, so that is
 * written last; for a packet, that of its first one.
 *
 * What the card writes is read once and checked against our own records; what
 * we have written is never read back.
 */
#include <vmxnet3/vmxnet3_impl.h>

#include <base/bytes.h>

enum { ETH_BYTES = 14, VLAN_BYTES = 4, ETHERTYPE_VLAN = 0x8100 };
enum { HEADERS_MAX = 1023 /* ten bits */ };

static struct vmxnet3 *vmxnet3(struct nic *n)
{
    return CONTAINER(n, struct vmxnet3, nic);
}

/* Whether position `at` is in a round of ones. */
static bool is_odd_round(const struct nic *n, unsigned at)
{
    return !((uint16_t)at / n->size & 1);
}

/* The last word of a completion, if it is new. */
static bool read_last(const struct nic *n, const struct vmxnet3_desc *done,
                      unsigned at, uint32_t *last)
{
    *last = __atomic_load_n(&done[at % n->size].word[3], __ATOMIC_ACQUIRE);
    return !!(*last & GEN) == is_odd_round(n, at);
}

static void post(struct nic *n, unsigned at, uint64_t addr)
{
    struct vmxnet3_desc *d = &vmxnet3(n)->rxd[at % n->size];

    d->word[0] = (uint32_t)addr;
    d->word[1] = (uint32_t)(addr >> 32);
    d->word[3] = 0;
    __atomic_store_n(&d->word[2],
                     n->rx_blocks->block_bytes |
                         (is_odd_round(n, at) ? GEN : 0),
                     __ATOMIC_RELEASE);
}

static bool has_received(struct nic *n)
{
    struct vmxnet3 *v = vmxnet3(n);
    uint32_t last;

    return read_last(n, v->rx_done, v->rx_seen, &last);
}

static bool is_good(uint32_t first, uint32_t last)
{
    return !(first & RX_UNCHECKED) && !(last & RX_FRAGMENT) &&
           last & RX_SUM_GOOD && last & (RX_TCP | RX_UDP);
}

/* A card may pass over buffers: those before the one it names are back. */
static enum nic_got received(struct nic *n, uint32_t *len, uint16_t *flags)
{
    struct vmxnet3 *v = vmxnet3(n);
    struct vmxnet3_desc *d = &v->rx_done[v->rx_seen % n->size];
    uint32_t first, size, last;
    unsigned ahead;

    if (!read_last(n, v->rx_done, v->rx_seen, &last))
        return NIC_NOTHING;
    first = __atomic_load_n(&d->word[0], __ATOMIC_RELAXED);
    size = __atomic_load_n(&d->word[2], __ATOMIC_RELAXED);
    ahead = ((first & DONE_INDEX) - n->rx.taken) % n->size;
    if ((first & DONE_INDEX) >= n->size || first & RX_QUEUE ||
        ahead >= (uint16_t)(n->rx.shown - n->rx.taken)) {
        nic_fail(n, "it filled a buffer that it did not have");
        return NIC_NOTHING;
    }
    if (ahead != 0)
        return NIC_BROKEN;
    v->rx_seen++;
    *len = size & RX_LEN;
    if (!(first & RX_SOP) || !(first & RX_EOP) || size & RX_ERROR)
        return NIC_BROKEN;
    if (is_good(first, last))
        *flags = PKT_CSUM_GOOD;
    return NIC_FRAME;
}

static bool sent(struct nic *n, unsigned last_at)
{
    struct vmxnet3 *v = vmxnet3(n);
    uint32_t last, first;

    if (!read_last(n, v->tx_done, v->tx_seen, &last))
        return false;
    first = __atomic_load_n(&v->tx_done[v->tx_seen % n->size].word[0],
                            __ATOMIC_RELAXED);
    if ((first & DONE_INDEX) != last_at % n->size)
        return nic_fail(n, "it sent what it was not given");
    v->tx_seen++;
    return true;
}

/* The card adds the length of each piece to the sum of the pseudo-header, and
 * makes the sum of the network header anew. */
static void clear_lengths(const struct pkt *p)
{
    uint8_t *eth = (uint8_t *)(uintptr_t)(p->hdr + PKT_HDR_MAX - p->hdr_len);
    uint8_t *ip = eth + ETH_BYTES, *sum = eth + p->csum_start + p->csum_off;
    uint32_t s = be16(sum) + (uint16_t) ~(p->len - p->csum_start);

    if (be16(eth + 12) == ETHERTYPE_VLAN)
        ip += VLAN_BYTES;
    if (p->flags & PKT_GSO4)
        put_be16(ip + 10, 0);
    put_be16(sum, (uint16_t)((s & 0xffff) + (s >> 16)));
}

/* What is asked for in the first descriptor; false: that cannot be said. */
static bool offload(const struct nic *n, const struct pkt *p, uint32_t *second,
                    uint32_t *fourth)
{
    uint32_t field = (uint32_t)p->csum_start + p->csum_off;

    if (!(p->flags & (PKT_CSUM_PARTIAL | PKT_GSO4 | PKT_GSO6)))
        return true;
    ASSERT(n->nif.caps & NETIF_TX_CSUM && p->flags & PKT_CSUM_PARTIAL);
    if (!(p->flags & (PKT_GSO4 | PKT_GSO6))) {
        *second |= field << TX_OFFSET_SHIFT;
        *fourth |= TX_MODE_SUM | p->csum_start;
        return field <= HEADERS_MAX && field + 2 <= p->len;
    }
    ASSERT(n->nif.caps & (p->flags & PKT_GSO4 ? NETIF_TSO4 : NETIF_TSO6));
    if (p->csum_start < ETH_BYTES + 20 || field + 2 > p->gso_hdr ||
        p->gso_size >= 1 << 14 || p->len <= p->gso_hdr)
        return false;
    clear_lengths(p);
    *second |= (uint32_t)p->gso_size << TX_OFFSET_SHIFT;
    *fourth |= TX_MODE_CUT | p->gso_hdr;
    return true;
}

static unsigned put(struct nic *n, const struct pkt *p,
                    const struct nic_seg *seg, unsigned count)
{
    struct vmxnet3 *v = vmxnet3(n);
    struct vmxnet3_desc *first = &v->txd[n->tx.added % n->size];
    uint32_t second = seg[0].n, fourth = count == 1 ? TX_EOP | TX_REPORT : 0;

    if (!offload(n, p, &second, &fourth))
        return 0;
    /* The first is of the last round until the others stand. */
    second |= is_odd_round(n, n->tx.added) ? 0 : TX_GEN;
    *first = (struct vmxnet3_desc){
        {(uint32_t)seg[0].addr, (uint32_t)(seg[0].addr >> 32), second, fourth}};
    for (unsigned i = 1; i < count; i++) {
        unsigned at = n->tx.added + i;

        v->txd[at % n->size] = (struct vmxnet3_desc){
            {(uint32_t)seg[i].addr, (uint32_t)(seg[i].addr >> 32),
             seg[i].n | (is_odd_round(n, at) ? TX_GEN : 0),
             i == count - 1 ? TX_EOP | TX_REPORT : 0}};
    }
    __atomic_store_n(&first->word[2], second ^ TX_GEN, __ATOMIC_RELEASE);
    return count;
}

static void show_rx(struct nic *n)
{
    nic_write(n, REG_RX_NEXT, n->rx.shown % n->size);
}

static void show_tx(struct nic *n)
{
    nic_write(n, REG_TX_NEXT, n->tx.shown % n->size);
}

static void quiet(struct nic *n)
{
    nic_write(n, REG_IMR, 1);
}

/* Sent packets interrupt like received ones, so `tx` changes nothing. */
static bool wake(struct nic *n, bool tx)
{
    struct vmxnet3 *v = vmxnet3(n);
    uint32_t events =
        __atomic_load_n(&v->shared[SHARED_EVENTS], __ATOMIC_RELAXED);
    bool up = n->nif.link_up;

    (void)tx;
    if (events) {
        n->regs->beside->write(n->regs->beside, REG_EVENTS, events);
        if (events & (EVENT_RX_STOPPED | EVENT_TX_STOPPED))
            return nic_fail(n, "it has stopped a queue");
        if (events & EVENT_LINK)
            n->nif.link_up = vmxnet3_ask(v, COMMAND_LINK) & 1;
    }
    nic_write(n, REG_IMR, 0);
    return n->nif.link_up != up;
}

static void stop(struct nic *n)
{
    struct regs *r = n->regs->beside;

    quiet(n);
    r->write(r, REG_COMMAND, COMMAND_QUIESCE);
    r->write(r, REG_COMMAND, COMMAND_RESET);
}

const struct nic_ops vmxnet3_ops = {.post = post,
                                    .put = put,
                                    .show_rx = show_rx,
                                    .show_tx = show_tx,
                                    .received = received,
                                    .has_received = has_received,
                                    .sent = sent,
                                    .wake = wake,
                                    .quiet = quiet,
                                    .stop = stop};
