/* SPDX-License-Identifier: ISC */
/*
 * fuzz_vq.c - the input is a virtio-net device: what it offers, what it writes
 * into rings, buffers and configuration, in between the turns of the loop.
 *
 * Whatever it does, the driver touches only what is its own (ASan watches:
 * blocks and packets in a pool are poisoned), never stops the machine, and
 * after it shut the device off every packet is back.
 */
#include <base/bytes.h>
#include <virtio/fake.c>
#include <virtio/fake_packed.h>
#include <virtio/rig.c>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 2000, FRAME_BYTES = 9000 };

struct input {
    const uint8_t *p;
    size_t n;
};

static uint8_t byte(struct input *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->p++;
}

static uint16_t word(struct input *in)
{
    uint16_t high = byte(in);

    return (uint16_t)(high << 8 | byte(in));
}

/* Mostly plausible, sometimes not. */
static uint32_t number(struct input *in, uint32_t likely)
{
    uint8_t how = byte(in);

    if (how < 128)
        return likely;
    if (how < 192)
        return how - 128u;
    return (uint32_t)word(in) << (how & 16);
}

/* Whether all that it was shown is still its own: a device that finished
 * buffers by guessing must not use them as if it had not. */
static bool owns(const struct rig *r, unsigned queue)
{
    const struct fake_queue *fq = &r->fake.queue[queue];
    const struct vq *q = fq->q;

    if (fq->packed) /* it has overwritten what it was shown: see step() */
        return true;
    if ((uint16_t)(q->avail->idx - fq->seen) > q->mask + 1u)
        return false;
    for (uint16_t at = fq->seen; at != q->avail->idx; at++)
        if (!q->slot[q->avail->ring[at & q->mask]].cookie)
            return false;
    return true;
}

/* The device writes what it likes into a buffer that it has, and finishes it
 * with a length that it likes, or another.  False: another. */
static bool finish_buffer(struct rig *r, struct input *in)
{
    struct fake_chain c;
    uint8_t head[HDR_BYTES + 20];
    uint32_t len, id;

    if (!fake_pop(&r->fake, QUEUE_RX, &c))
        return true;
    for (unsigned i = 0; i < sizeof(head); i++)
        head[i] = 0;
    for (unsigned i = 0; i < HDR_BYTES; i++)
        head[i] = byte(in);
    len = number(in, 60 + HDR_BYTES);
    fake_fill(&c, head, sizeof(head));
    id = number(in, c.id);
    fake_put(&r->fake, QUEUE_RX, id, len);
    if (byte(in) & 1)
        fake_show(&r->fake, QUEUE_RX);
    return id == c.id;
}

static void deliver(struct rig *r, struct input *in)
{
    static uint8_t frame[FRAME_BYTES];
    uint8_t hdr[HDR_BYTES] = {byte(in), byte(in)};

    put_le16(hdr + HDR_GSO_SIZE, word(in));
    rig_deliver(r, hdr, frame, word(in) % FRAME_BYTES);
}

static void send(struct rig *r, struct input *in)
{
    unsigned hdr = byte(in) % (PKT_HDR_MAX - HDR_BYTES + 1);
    unsigned nfrags = byte(in) % (PKT_FRAGS_MAX + 1);
    struct pktq q = {0};

    if (r->pkts.in_use > RIG_PKTS / 2 ||
        r->blocks.blocks.in_use + nfrags > RIG_BLOCKS || hdr + nfrags == 0)
        return;
    pktq_push(&q, rig_pkt(r, 0, hdr, nfrags, 1 + byte(in)));
    if (r->nif->caps & NETIF_TX_CSUM && byte(in) & 1)
        q.head->flags = PKT_CSUM_PARTIAL;
    r->nif->ops->tx(r->nif, &q);
    while (q.head)
        pkt_put(pktq_pop(&q));
    r->nif->ops->flush(r->nif);
}

static void scribble(void *at, size_t n, struct input *in)
{
    uint8_t *p = at;

    for (unsigned i = byte(in) % 16; i > 0; i--)
        p[word(in) % n] = byte(in);
}

/* False when the shared rings are no longer fit for an honest device. */
static bool step(struct rig *r, struct input *in, bool rings_good)
{
    unsigned queue = byte(in) & 1;
    const struct vq *q = r->fake.queue[queue].q;
    bool packed = r->fake.queue[queue].packed;

    switch (byte(in) % 12) {
    case 0:
        rig_sink(r);
        break;
    case 1:
        send(r, in);
        break;
    case 2:
        r->nif->ops->flush(r->nif);
        break;
    case 3:
        (void)r->nif->ops->arm(r->nif);
        break;
    case 4:
        if (q && rings_good && owns(r, QUEUE_RX))
            deliver(r, in);
        break;
    case 5:
        if (q && rings_good && owns(r, QUEUE_RX) && !finish_buffer(r, in))
            return !packed;
        break;
    case 6:
        if (q)
            fake_use(&r->fake, queue, number(in, 1), number(in, 60));
        return rings_good && !packed;
    case 7:
        if (q)
            fake_show_index(&r->fake, queue, word(in));
        return rings_good && !packed;
    case 8:
        if (q && rings_good && owns(r, QUEUE_TX))
            rig_transmit(r);
        break;
    case 9:
        scribble(r->fake.config, sizeof(r->fake.config), in);
        r->fake.status ^= byte(in) & VIRTIO_NEEDS_RESET;
        r->fake.restless_config = byte(in) > 250;
        r->fake.dev.config_changes++;
        break;
    case 10: /* what is the device's own */
        if (q && packed)
            scribble(q->used, sizeof(uint32_t), in);
        else if (q)
            scribble(q->used, sizeof(*q->used) + 8 * (q->mask + (size_t)1), in);
        break;
    default: /* what is not, but shared */
        if (q) {
            scribble(q->desc, sizeof(*q->desc) * (q->mask + (size_t)1), in);
            scribble(q->avail,
                     packed ? sizeof(uint32_t) : 2 * (q->mask + (size_t)4), in);
            return false;
        }
    }
    return rings_good;
}

static void check(const struct rig *r)
{
    ASSERT(!r->nif->failed || (r->nif->failure && !r->nif->link_up));
    ASSERT(r->pkts.in_use <= (r->nif->failed ? 0u : 64u));
    ASSERT(r->nif->mtu >= MTU_MIN || r->nif->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    static struct rig r;
    uint8_t how = byte(&in);
    bool rings_good = true;

    rig_init(&r, how & 1, RIG_ALL & ~((uint64_t)word(&in) << 16 | word(&in)));
    r.fake.dev.size_fixed = !(how & 1);
    r.fake.no_interrupt = how & 2;
    if (how & 1 && how & 16)
        r.fake.offers |= UINT64_C(1) << VIRTIO_F_RING_PACKED;
    for (unsigned i = 0; how & 4 && i < VIRTIO_QUEUES_MAX; i++)
        r.fake.queue[i].max = number(&in, 64);
    for (unsigned i = 0; how & 8 && i < sizeof(r.fake.config); i++)
        r.fake.config[i] = byte(&in);
    r.fake.features_withdrawn = how > 250;
    rig_attach(&r);
    check(&r);
    for (unsigned i = 0; in.n > 0 && i < STEPS_MAX; i++) {
        rings_good = step(&r, &in, rings_good);
        check(&r);
    }
    rig_sink(&r);
    check(&r);
    rig_free(&r);
    return 0;
}
