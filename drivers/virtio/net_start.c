/* SPDX-License-Identifier: ISC */
/*
 * net_start.c - bringing a network device up, and shutting it off.
 */
#include <virtio/net_impl.h>

#include <string.h>

static const struct virtio_feature wanted[] = {
    {NET_F_CSUM, "csum"},
    {NET_F_GUEST_CSUM, "guest_csum"},
    {NET_F_MTU, "mtu"},
    {NET_F_MAC, "mac"},
    {NET_F_GUEST_TSO4, "guest_tso4"},
    {NET_F_GUEST_TSO6, "guest_tso6"},
    {NET_F_HOST_TSO4, "host_tso4"},
    {NET_F_HOST_TSO6, "host_tso6"},
    {NET_F_MRG_RXBUF, "mrg_rxbuf"},
    {NET_F_STATUS, "status"},
};

static uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

static uint16_t config16(struct virtio_net *v, unsigned at)
{
    uint16_t value = 0;

    if (!virtio_config(v->dev, at, &value, sizeof(value)))
        virtio_net_fail(v, "its configuration never held still");
    return value;
}

/* The largest frame, the device's header included, that a buffer holds. */
static uint32_t mtu_of_block(const struct virtio_net *v)
{
    return v->rx_blocks->block_bytes - HDR_BYTES - ETH_BYTES - VLAN_BYTES;
}

/* 5.1.3.1 says which feature needs which; a device need not have heard of it.
 * Two more are ours: merged segments need buffers that can be joined, and an
 * MTU that we cannot receive is not agreed to. */
static uint64_t drop(void *driver, uint64_t f)
{
    struct virtio_net *v = driver;
    uint64_t lro = bit(NET_F_GUEST_TSO4) | bit(NET_F_GUEST_TSO6);
    uint32_t room = v->rx_blocks->block_bytes * (uint32_t)PKT_FRAGS_MAX;

    if (!(f & bit(NET_F_CSUM)))
        f &= ~(bit(NET_F_HOST_TSO4) | bit(NET_F_HOST_TSO6));
    if (!(f & bit(NET_F_GUEST_CSUM)) || !(f & bit(NET_F_MRG_RXBUF)) ||
        room < FRAME_MAX + HDR_BYTES)
        f &= ~lro;
    if (f & bit(NET_F_MTU) && !(f & bit(NET_F_MRG_RXBUF)) &&
        config16(v, CONFIG_MTU) > mtu_of_block(v))
        f &= ~bit(NET_F_MTU);
    return f;
}

void virtio_net_fail(struct virtio_net *v, const char *why)
{
    struct pkt *p;

    if (v->nif.failed)
        return;
    virtio_fail(v->dev, why);
    v->nif.failed = true;
    v->nif.failure = v->dev->failure;
    v->nif.link_up = false;
    v->nif.poll_us = 0;
    /* What was to be sent goes back to its owners, who wait for it.  Receive
     * buffers do not: the device may still write to them. */
    while (v->tx.slot && (p = vq_reclaim(&v->tx)))
        pkt_put(p);
}

void virtio_net_reread(struct virtio_net *v)
{
    v->config_seen = v->dev->config_changes;
    if (v->dev->bus->status(v->dev) & VIRTIO_NEEDS_RESET)
        virtio_net_fail(v, "it asked to be reset");
    else if (virtio_has(v->dev, NET_F_STATUS))
        v->nif.link_up = config16(v, CONFIG_STATUS) & CONFIG_LINK_UP;
    if (v->nif.failed)
        v->nif.link_up = false;
}

static bool read_mac(struct virtio_net *v, const uint8_t fallback[6])
{
    static const uint8_t none[6];
    struct netif *nif = &v->nif;

    memcpy(nif->mac, fallback, sizeof(nif->mac));
    if (virtio_has(v->dev, NET_F_MAC) &&
        !virtio_config(v->dev, CONFIG_MAC, nif->mac, sizeof(nif->mac))) {
        virtio_net_fail(v, "its configuration never held still");
        return false;
    }
    if (nif->mac[0] & 1 || memcmp(nif->mac, none, sizeof(none)) == 0) {
        virtio_net_fail(v, "its MAC address is not that of one station");
        return false;
    }
    return true;
}

static bool read_mtu(struct virtio_net *v)
{
    uint32_t mtu = MTU_DEFAULT;

    if (virtio_has(v->dev, NET_F_MTU)) {
        mtu = config16(v, CONFIG_MTU);
        if (mtu < MTU_MIN)
            virtio_net_fail(v, "its MTU is below 68");
    }
    v->nif.mtu = (uint16_t)mtu;
    return !v->nif.failed;
}

static uint32_t caps_of(const struct virtio_net *v)
{
    const struct virtio_dev *d = v->dev;
    uint32_t caps = 0;

    if (virtio_has(d, NET_F_GUEST_CSUM))
        caps |= NETIF_RX_CSUM;
    if (virtio_has(d, NET_F_GUEST_TSO4) || virtio_has(d, NET_F_GUEST_TSO6))
        caps |= NETIF_LRO;
    if (!virtio_has(d, NET_F_CSUM))
        return caps;
    caps |= NETIF_TX_CSUM;
    if (v->tx.slots < VQ_CHAIN_MAX) /* a large packet might never fit */
        return caps;
    if (virtio_has(d, NET_F_HOST_TSO4))
        caps |= NETIF_TSO4;
    if (virtio_has(d, NET_F_HOST_TSO6))
        caps |= NETIF_TSO6;
    return caps;
}

/* 5.1.6.1: without ANY_LAYOUT or virtio 1 the header is a segment apart,
 * except before merged buffers, where it never was. */
static void choose_layout(struct virtio_net *v)
{
    struct virtio_dev *d = v->dev;

    v->merge = virtio_has(d, NET_F_MRG_RXBUF);
    v->hdr_bytes = d->modern || v->merge ? HDR_BYTES : HDR_LEGACY_BYTES;
    v->split_tx = !d->modern && !virtio_has(d, VIRTIO_F_ANY_LAYOUT);
    v->split_rx = v->split_tx && !v->merge;
}

static bool start_queues(struct virtio_net *v,
                         const struct virtio_net_config *c)
{
    uint32_t holds;

    if (!virtio_queue(v->dev, QUEUE_RX, &v->rx, c->rx_ring, c->arena) ||
        !virtio_queue(v->dev, QUEUE_TX, &v->tx, c->tx_ring, c->arena))
        return false;
    if (v->rx.slots < RING_MIN || v->tx.slots < RING_MIN) {
        virtio_fail(v->dev, "its queues are too short");
        return false;
    }
    v->rx_want = (uint16_t)(v->split_rx ? v->rx.slots / 2 : v->rx.slots);
    v->rx_batch = v->rx_want / 4 < RX_BATCH ? v->rx_want / 4 : RX_BATCH;
    if (v->rx_batch == 0)
        v->rx_batch = 1;
    v->tx_frags = (uint16_t)(v->tx.slots - (v->split_tx ? 2 : 1));
    holds = v->merge ? mtu_of_block(v) * v->rx_want : mtu_of_block(v);
    if (v->nif.mtu > holds) /* a frame must fit into the whole ring */
        v->nif.mtu = (uint16_t)holds;
    return true;
}

static bool start(struct virtio_net *v, const struct virtio_net_config *c)
{
    if (!virtio_negotiate(v->dev, wanted, ARRAY_LEN(wanted), drop, v) ||
        v->nif.failed || !read_mac(v, c->mac) || !read_mtu(v))
        return false;
    choose_layout(v);
    if (!start_queues(v, c) || !virtio_ready(v->dev))
        return false;
    v->nif.caps = caps_of(v);
    if (v->nif.caps & (NETIF_TSO4 | NETIF_TSO6))
        v->nif.tso_max = TSO_MAX;
    v->nif.link_up = true;
    virtio_net_reread(v);
    if (!v->nif.failed)
        virtio_net_prime(v);
    return !v->nif.failed;
}

size_t virtio_net_bytes(unsigned rx_ring, unsigned tx_ring)
{
    struct vq_config c = {.align = VQ_LEGACY_ALIGN};
    size_t n = sizeof(struct virtio_net) + _Alignof(struct virtio_net);

    for (unsigned i = 0; i < 2; i++) {
        c.slots = i ? tx_ring : rx_ring;
        c.size = c.slots < LEGACY_RING ? LEGACY_RING : c.slots;
        c.tables = c.slots / VIRTIO_TABLES < VQ_TABLES_MAX
                       ? c.slots / VIRTIO_TABLES
                       : VQ_TABLES_MAX;
        n += vq_bytes(&c);
    }
    return n;
}

struct netif *virtio_net_attach(struct virtio_dev *d,
                                const struct virtio_net_config *c)
{
    struct virtio_net *v =
        arena_try(c->arena, sizeof(*v), _Alignof(struct virtio_net));

    ASSERT(d->kind == VIRTIO_KIND_NET && !(c->mac[0] & 1));
    ASSERT(c->rx_blocks->block_bytes >= VIRTIO_NET_BLOCK_MIN);
    if (!v)
        return NULL;
    *v = (struct virtio_net){
        .dev = d,
        .pkts = c->pkts,
        .rx_blocks = c->rx_blocks,
        .nif = {.ops = &virtio_net_ops, .name = c->name, .kind = d->type}};
    if (!start(v, c))
        virtio_net_fail(v, d->failure); /* which stays as it is */
    return &v->nif;
}
