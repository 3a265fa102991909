/* SPDX-License-Identifier: ISC */
/*
 * e1000.c - frames in, frames out.
 *
 * Receive descriptors are of the oldest kind, which all these cards know;
 * frames that need a second buffer are not of this network's MTU and dropped.
 * A packet that is to be finished or cut has a context descriptor in front.
 *
 * What the card writes is read once; its addresses are never read back.
 */
#include <e1000/e1000_impl.h>

#include <base/bytes.h>

enum {
    ETH_BYTES = 14,
    VLAN_BYTES = 4,
    ETHERTYPE_VLAN = 0x8100,
    OFFSET_MAX = 255
};

static struct e1000 *e1000(struct nic *n)
{
    return CONTAINER(n, struct e1000, nic);
}

static uint32_t last_word(const struct e1000_desc *d)
{
    return __atomic_load_n(&d->word[3], __ATOMIC_ACQUIRE);
}

static void post(struct nic *n, unsigned at, uint64_t addr)
{
    struct e1000_desc *d = &e1000(n)->rxd[at % n->size];

    *d = (struct e1000_desc){{(uint32_t)addr, (uint32_t)(addr >> 32), 0, 0}};
}

static bool has_received(struct nic *n)
{
    return last_word(&e1000(n)->rxd[n->rx.taken % n->size]) & RX_DD;
}

static enum nic_got received(struct nic *n, uint32_t *len, uint16_t *flags)
{
    struct e1000 *e = e1000(n);
    struct e1000_desc *d = &e->rxd[n->rx.taken % n->size];
    uint32_t status = last_word(d);
    bool part = e->in_frame;

    if (!(status & RX_DD))
        return NIC_NOTHING;
    *len = __atomic_load_n(&d->word[2], __ATOMIC_RELAXED) & 0xffff;
    e->in_frame = !(status & RX_EOP);
    if (part || e->in_frame || status & RX_BAD)
        return NIC_BROKEN;
    if ((status & (RX_IXSM | RX_TCPCS | RX_TCPE)) == RX_TCPCS)
        *flags = PKT_CSUM_GOOD;
    return NIC_FRAME;
}

static struct e1000_desc *next(struct e1000 *e, unsigned i)
{
    return &e->txd[(e->nic.tx.added + i) % e->nic.size];
}

/* The network header of a packet whose headers are all in one place. */
static unsigned network_at(const uint8_t *eth)
{
    return be16(eth + 12) == ETHERTYPE_VLAN ? ETH_BYTES + VLAN_BYTES
                                            : ETH_BYTES;
}

/* For each piece the card writes lengths and the sum of the network header, and
 * adds the length to the sum of the pseudo-header, so none of these may be
 * there before. */
static void clear_lengths(const struct pkt *p, uint8_t *eth)
{
    uint8_t *ip = eth + network_at(eth);
    uint8_t *sum = eth + p->csum_start + p->csum_off;
    uint32_t s = be16(sum) + (uint16_t) ~(p->len - p->csum_start);

    if (p->flags & PKT_GSO4) {
        put_be16(ip + 2, 0);
        put_be16(ip + 10, 0);
    } else {
        put_be16(ip + 4, 0);
    }
    put_be16(sum, (uint16_t)((s & 0xffff) + (s >> 16)));
}

/* What the card has to do with the packet that follows. */
static void put_context(struct e1000 *e, const struct pkt *p)
{
    uint8_t *eth = (uint8_t *)(uintptr_t)(p->hdr + PKT_HDR_MAX - p->hdr_len);
    uint32_t start = p->csum_start, ip = ETH_BYTES;
    struct e1000_desc d = {{0, start | (start + p->csum_off) << 8,
                            (uint32_t)TX_DEXT | TX_CONTEXT_TCP, 0}};

    if (p->flags & (PKT_GSO4 | PKT_GSO6)) {
        clear_lengths(p, eth);
        ip = network_at(eth);
        d.word[2] |= (uint32_t)TX_TSE | (p->len - p->gso_hdr);
        d.word[3] = (uint32_t)p->gso_hdr << 8 | (uint32_t)p->gso_size << 16;
    }
    d.word[0] = ip | (start - 1) << 16;
    if (p->flags & PKT_GSO4) {
        d.word[0] |= (ip + 10) << 8;
        d.word[2] |= TX_CONTEXT_IP4;
    }
    *next(e, 0) = d;
}

static bool can_do(const struct nic *n, const struct pkt *p)
{
    uint32_t field = (uint32_t)p->csum_start + p->csum_off;

    if (!(p->flags & (PKT_CSUM_PARTIAL | PKT_GSO4 | PKT_GSO6)))
        return true;
    ASSERT(n->nif.caps & NETIF_TX_CSUM && p->flags & PKT_CSUM_PARTIAL);
    if (p->flags & (PKT_GSO4 | PKT_GSO6)) {
        ASSERT(n->nif.caps & (p->flags & PKT_GSO4 ? NETIF_TSO4 : NETIF_TSO6));
        return p->csum_start >= ETH_BYTES + 20 && field + 2 <= p->gso_hdr &&
               p->gso_hdr <= OFFSET_MAX && p->len > p->gso_hdr;
    }
    return p->csum_start > ETH_BYTES && field <= OFFSET_MAX &&
           field + 2 <= p->len;
}

static unsigned put(struct nic *n, const struct pkt *p,
                    const struct nic_seg *seg, unsigned count)
{
    struct e1000 *e = e1000(n);
    uint32_t command = (uint32_t)TX_DEXT | TX_DATA | TX_IFCS, options = 0;
    unsigned at = 0;

    if (!can_do(n, p))
        return 0;
    if (p->flags & PKT_CSUM_PARTIAL) {
        put_context(e, p);
        at = 1;
        options = TX_TXSM | (p->flags & PKT_GSO4 ? TX_IXSM : 0);
        command |= p->flags & (PKT_GSO4 | PKT_GSO6) ? TX_TSE : 0;
    }
    for (unsigned i = 0; i < count; i++)
        *next(e, at++) = (struct e1000_desc){{(uint32_t)seg[i].addr,
                                              (uint32_t)(seg[i].addr >> 32),
                                              command | seg[i].n, options}};
    next(e, at - 1)->word[2] |= (uint32_t)TX_EOP | TX_RS;
    return at;
}

static bool sent(struct nic *n, unsigned last)
{
    return last_word(&e1000(n)->txd[last % n->size]) & TX_DD;
}

static void show_rx(struct nic *n)
{
    nic_write(n, REG_RX_RING + RING_TAIL, n->rx.shown % n->size);
}

static void show_tx(struct nic *n)
{
    nic_write(n, REG_TX_RING + RING_TAIL, n->tx.shown % n->size);
}

static void quiet(struct nic *n)
{
    nic_write(n, REG_IMC, UINT32_MAX);
}

/* Causes are forgotten by the read while none is let through, which all these
 * cards have in common; what comes after it is one more interrupt. */
static bool wake(struct nic *n, bool tx)
{
    struct e1000 *e = e1000(n);
    uint32_t mask = ICR_RXT0 | ICR_RXO | ICR_RXDMT0 | (tx ? ICR_TXDW : 0);
    uint32_t cause = nic_read(n, REG_ICR), status;
    bool up = n->nif.link_up;

    if (e->messages)
        mask = ICR_RXQ0 | ICR_OTHER | (tx ? ICR_TXQ0 : 0);
    if (cause & ICR_LSC) {
        status = nic_read(n, REG_STATUS);
        if (status == UINT32_MAX)
            return nic_fail(n, "it is gone");
        n->nif.link_up = status & STATUS_LU;
    }
    nic_write(n, REG_IMS, mask | ICR_LSC);
    return n->nif.link_up != up;
}

static void stop(struct nic *n)
{
    quiet(n);
    nic_write(n, REG_RCTL, 0);
    nic_write(n, REG_TCTL, 0);
    nic_write(n, REG_CTRL, CTRL_RST);
}

const struct nic_ops e1000_ops = {.post = post,
                                  .put = put,
                                  .show_rx = show_rx,
                                  .show_tx = show_tx,
                                  .received = received,
                                  .has_received = has_received,
                                  .sent = sent,
                                  .wake = wake,
                                  .quiet = quiet,
                                  .stop = stop};
