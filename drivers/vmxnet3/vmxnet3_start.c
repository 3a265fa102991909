/* SPDX-License-Identifier: ISC */
/*
 * vmxnet3_start.c - bringing a card up: reset, who it is, what it is told of
 * rings and filters, go.
 */
#include <vmxnet3/vmxnet3_impl.h>

#include <base/dma.h>
#include <string.h>

enum { /* words of what is shared; the card's configuration */
       SHARED_MAGIC = 0,
       SHARED_DRIVER = 8 / 4,
       SHARED_GUEST = 12 / 4,
       SHARED_REVISION = 16 / 4,
       SHARED_UPT = 20 / 4,
       SHARED_FEATURES = 24 / 4,
       SHARED_DATA = 32 / 4,
       SHARED_QUEUES = 40 / 4,
       SHARED_DATA_BYTES = 48 / 4,
       SHARED_QUEUE_BYTES = 52 / 4,
       SHARED_MTU = 56 / 4,
       SHARED_COUNTS = 60 / 4, /* buffers of a frame; queues each way */
       SHARED_INTERRUPTS = 80 / 4,
       SHARED_RX_MODE = 120 / 4,
       SHARED_VLANS = 136 / 4,
       VLAN_WORDS = 128
};
enum { /* of a queue's */
       QUEUE_RING = 16 / 4,
       QUEUE_SECOND = 24 / 4,
       QUEUE_DONE = 32 / 4,
       QUEUE_ENTRIES = 56 / 4,
       QUEUE_DONE_ENTRIES = 64 / 4
};
enum {
    FEATURE_RX_SUM = 1,
    GUEST_64_BITS = 2 | 1 << 2, /* and Linux, of which it asks the least */
    MODE_UCAST = 1,
    MODE_MCAST = 2,
    MODE_BCAST = 4,
    MODE_ALL_MULTI = 8, /* the stack knows which are ours */
    RING_ALIGN = 512,
    SHARED_ALIGN = 128,
    DESCS = 4,       /* rings */
    PLAIN_SEGS = 16, /* descriptors of a packet; of one that is cut */
    LARGE_SEGS = 24,
    TSO_BYTES = (LARGE_SEGS - 2) * NIC_BLOCK_MIN
};
#define MAGIC UINT32_C(0xbabefee1)

static const uint16_t devices[] = {0x07b0};

const struct bus_want vmxnet3_want = {.kind = "vmxnet3",
                                      .devices = devices,
                                      .ndevices = ARRAY_LEN(devices),
                                      .vendor = 0x15ad,
                                      .bar = 0,
                                      .beside = 1,
                                      .least = REGS_LEAST};

static void put_address(uint32_t *at, const void *p)
{
    uint64_t addr = dma_address(p);

    at[0] = (uint32_t)addr;
    at[1] = (uint32_t)(addr >> 32);
}

static void describe_queues(struct vmxnet3 *v)
{
    uint32_t *tx = v->queues, *rx = v->queues + QUEUE_WORDS;

    put_address(tx + QUEUE_RING, v->txd);
    put_address(tx + QUEUE_DONE, v->tx_done);
    tx[QUEUE_ENTRIES] = tx[QUEUE_DONE_ENTRIES] = v->nic.size;
    put_address(rx + QUEUE_RING, v->rxd);
    put_address(rx + QUEUE_DONE, v->rx_done);
    rx[QUEUE_ENTRIES] = rx[QUEUE_DONE_ENTRIES] = v->nic.size;
}

static void describe(struct vmxnet3 *v)
{
    uint32_t *s = v->shared;

    s[SHARED_MAGIC] = MAGIC;
    s[SHARED_DRIVER] = 1;
    s[SHARED_GUEST] = GUEST_64_BITS;
    s[SHARED_REVISION] = s[SHARED_UPT] = 1;
    s[SHARED_FEATURES] = FEATURE_RX_SUM;
    put_address(s + SHARED_DATA, s);
    s[SHARED_DATA_BYTES] = SHARED_WORDS * 4;
    put_address(s + SHARED_QUEUES, v->queues);
    s[SHARED_QUEUE_BYTES] = 2 * QUEUE_WORDS * 4;
    s[SHARED_MTU] = NIC_MTU;
    s[SHARED_COUNTS] = 1 | 1 << 16 | 1 << 24;
    s[SHARED_INTERRUPTS] = 1 | 1 << 8; /* masks itself; one, for all */
    s[SHARED_RX_MODE] = MODE_UCAST | MODE_MCAST | MODE_BCAST | MODE_ALL_MULTI;
    memset(s + SHARED_VLANS, 0xff, VLAN_WORDS * 4);
    describe_queues(v);
}

static bool start(struct vmxnet3 *v)
{
    struct nic *n = &v->nic;
    struct regs *r = n->regs->beside;
    uint64_t shared = dma_address(v->shared);
    uint32_t low, high;

    r->write(r, REG_COMMAND, COMMAND_RESET);
    nic_write(n, REG_IMR, 1);
    if (!(r->read(r, REG_REVISIONS) & 1) ||
        !(r->read(r, REG_UPT_REVISIONS) & 1) ||
        r->read(r, REG_REVISIONS) == UINT32_MAX)
        return nic_fail(n, "it is not of the first revision");
    r->write(r, REG_REVISIONS, 1);
    r->write(r, REG_UPT_REVISIONS, 1);
    low = vmxnet3_ask(v, COMMAND_MAC_LOW);
    high = vmxnet3_ask(v, COMMAND_MAC_HIGH) & 0xffff;
    if (!nic_set_mac(n, low, high))
        return false;
    r->write(r, REG_MAC_LOW, low);
    r->write(r, REG_MAC_HIGH, high);
    describe(v);
    r->write(r, REG_SHARED_LOW, (uint32_t)shared);
    r->write(r, REG_SHARED_HIGH, (uint32_t)(shared >> 32));
    if (vmxnet3_ask(v, COMMAND_ACTIVATE) != 0)
        return nic_fail(n, "it refused to start");
    r->write(r, REG_COMMAND, COMMAND_VLANS);
    r->write(r, REG_COMMAND, COMMAND_RX_MODE);
    n->nif.link_up = vmxnet3_ask(v, COMMAND_LINK) & 1;
    n->nif.caps = NETIF_RX_CSUM | NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6;
    n->nif.tso_max = TSO_BYTES;
    nic_prime(n);
    return true;
}

static void quieten(struct regs *r)
{
    if (r->beside->read(r->beside, REG_LINE))
        r->write(r, REG_IMR, 1);
}

size_t vmxnet3_bytes(unsigned ring)
{
    return sizeof(struct vmxnet3) + _Alignof(struct vmxnet3) + nic_bytes(ring) +
           DESCS * sizeof(struct vmxnet3_desc) * NIC_RING_MAX + RING_ALIGN +
           4 * (SHARED_WORDS + 2 * QUEUE_WORDS) + 2 * SHARED_ALIGN;
}

/* Rings and what is shared, all zero: no bit of a round is set. */
static bool get_memory(struct vmxnet3 *v, struct arena *a)
{
    size_t ring = sizeof(struct vmxnet3_desc) * v->nic.size;
    size_t queues = 2 * QUEUE_WORDS * 4, shared = SHARED_WORDS * 4;

    v->txd = arena_try(a, DESCS * ring, RING_ALIGN);
    v->queues = arena_try(a, queues, SHARED_ALIGN);
    v->shared = arena_try(a, shared, SHARED_ALIGN);
    if (!v->txd || !v->queues || !v->shared)
        return false;
    memset(v->txd, 0, DESCS * ring);
    memset(v->queues, 0, queues);
    memset(v->shared, 0, shared);
    v->rxd = v->txd + v->nic.size;
    v->tx_done = v->rxd + v->nic.size;
    v->rx_done = v->tx_done + v->nic.size;
    return true;
}

struct netif *vmxnet3_attach(struct regs *regs, const struct nic_config *config)
{
    struct arena *a = config->host->arena;
    struct vmxnet3 *v = arena_try(a, sizeof(*v), _Alignof(struct vmxnet3));
    struct nic_config c = *config;

    if (!v)
        return NULL;
    *v = (struct vmxnet3){.nic = {.ops = &vmxnet3_ops,
                                  .tx_segs = PLAIN_SEGS,
                                  .tx_large = LARGE_SEGS}};
    c.kind = "vmxnet3";
    if (!nic_init(&v->nic, regs, &c) || !get_memory(v, a))
        return NULL;
    regs->quieten = quieten;
    (void)start(v);
    return &v->nic.nif;
}
