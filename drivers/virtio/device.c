/* SPDX-License-Identifier: ISC */
/*
 * device.c - bringing a virtio device up (virtio 1.2, 3.1.1) and shutting it
 * off, over any bus.
 */
#include <virtio/device.h>

#include <base/fmt.h>
#include <string.h>
#include <virtio/virtio.h>

/* What every driver here takes when it is offered.  ACCESS_PLATFORM: memory is
 * reached by physical addresses unless somebody turned an IOMMU on, and nobody
 * did.  ORDER_PLATFORM: our barriers are real ones. */
static const struct virtio_feature common[] = {
    {VIRTIO_F_ANY_LAYOUT, "any_layout"},
    {VIRTIO_F_INDIRECT_DESC, "indirect_desc"},
    {VIRTIO_F_EVENT_IDX, "event_idx"},
    {VIRTIO_F_VERSION_1, "version_1"},
    {VIRTIO_F_ACCESS_PLATFORM, "access_platform"},
    {VIRTIO_F_RING_PACKED, "packed"},
    {VIRTIO_F_ORDER_PLATFORM, "order_platform"},
};

static uint64_t bits_of(const struct virtio_feature *table, unsigned n)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < n; i++)
        bits |= UINT64_C(1) << table[i].bit;
    return bits;
}

void virtio_fail(struct virtio_dev *d, const char *why)
{
    if (d->failure)
        return;
    d->failure = why;
    d->bus->set_status(d, VIRTIO_FAILED);
    d->bus->set_status(d, 0); /* not waited for: nothing depends on it */
    d->bus->stop(d);
}

static bool fail(struct virtio_dev *d, const char *why)
{
    virtio_fail(d, why);
    return false;
}

static bool reset(struct virtio_dev *d)
{
    d->bus->set_status(d, 0);
    for (unsigned i = 0; i < VIRTIO_RESET_READS; i++)
        if (d->bus->status(d) == 0)
            return true;
    return false;
}

static void add_status(struct virtio_dev *d, uint8_t bits)
{
    d->bus->set_status(d, (uint8_t)(d->bus->status(d) | bits));
}

bool virtio_negotiate(struct virtio_dev *d, const struct virtio_feature *table,
                      unsigned n, virtio_drop_fn *drop, void *driver)
{
    uint64_t version_1 = UINT64_C(1) << VIRTIO_F_VERSION_1;
    uint64_t known = bits_of(common, ARRAY_LEN(common)) | bits_of(table, n);
    const char *why;

    if (d->failure)
        return false;
    d->table = table;
    d->ntable = n;
    if ((why = d->bus->open(d)))
        return fail(d, why);
    if (!reset(d))
        return fail(d, "its reset never completed");
    add_status(d, VIRTIO_ACKNOWLEDGE);
    add_status(d, VIRTIO_DRIVER);
    d->offered = d->bus->features(d);
    if (!vq_packed)
        known &= ~(UINT64_C(1) << VIRTIO_F_RING_PACKED);
    if (!d->modern)
        known &= UINT32_MAX;
    else if (!(d->offered & version_1))
        return fail(d, "it is a modern device that does not offer version_1");
    d->features = d->offered & known;
    if (drop)
        d->features = drop(driver, d->features);
    if (d->failure) /* its driver found something */
        return false;
    d->bus->accept(d, d->features);
    if (d->modern) {
        add_status(d, VIRTIO_FEATURES_OK);
        if (!(d->bus->status(d) & VIRTIO_FEATURES_OK))
            return fail(d, "it withdrew features that it had offered");
    }
    d->bus->wire(d);
    return true;
}

/* The ring's size: what the device wants, or a power of two below it. */
static uint32_t ring_size(const struct virtio_dev *d, uint32_t most,
                          unsigned slots_max)
{
    uint32_t size = 1;

    if (d->size_fixed)
        return most;
    while (size * 2 <= most && size < slots_max)
        size *= 2;
    return size;
}

bool virtio_queue(struct virtio_dev *d, unsigned index, struct vq *q,
                  unsigned slots_max, struct arena *a)
{
    uint32_t most = d->bus->queue_max(d, index);
    struct vq_config c = {.align =
                              d->modern ? VQ_MODERN_ALIGN : VQ_LEGACY_ALIGN,
                          .event_idx = virtio_has(d, VIRTIO_F_EVENT_IDX),
                          .packed = virtio_has(d, VIRTIO_F_RING_PACKED)};
    const char *why;

    if (most == 0)
        return fail(d, "it lacks a queue");
    /* A packed ring may have any size: it gets a power of two below. */
    if (most > VQ_SIZE_MAX ||
        ((most & (most - 1)) != 0 && (!c.packed || d->size_fixed)))
        return fail(d, "the size of its queue is not a power of two "
                       "up to 32768");
    c.size = ring_size(d, most, slots_max);
    c.slots = c.size < slots_max ? c.size : slots_max;
    if (virtio_has(d, VIRTIO_F_INDIRECT_DESC))
        c.tables = c.slots / VIRTIO_TABLES < VQ_TABLES_MAX
                       ? c.slots / VIRTIO_TABLES
                       : VQ_TABLES_MAX;
    if (!vq_init(q, &c, a))
        return fail(d, "memory is too short for its queue");
    if ((why = d->bus->queue_start(d, index, q)))
        return fail(d, why);
    d->ring[index] = (uint16_t)c.slots;
    return true;
}

bool virtio_ready(struct virtio_dev *d)
{
    uint8_t status;

    add_status(d, VIRTIO_DRIVER_OK);
    status = d->bus->status(d);
    if (!(status & VIRTIO_DRIVER_OK) || status & VIRTIO_NEEDS_RESET)
        return fail(d, "it never became ready");
    return true;
}

bool virtio_config(struct virtio_dev *d, unsigned at, void *out, unsigned n)
{
    uint8_t again[VIRTIO_CONFIG_MAX];

    ASSERT(n <= sizeof(again));
    for (unsigned i = 0; i < VIRTIO_CONFIG_READS; i++) {
        uint32_t before = d->bus->generation(d);

        d->bus->config(d, at, out, n);
        if (!d->modern) { /* 2.4.4: no generation, so the same twice */
            d->bus->config(d, at, again, n);
            if (memcmp(out, again, n) == 0)
                return true;
        } else if (d->bus->generation(d) == before) {
            return true;
        }
    }
    return false;
}

size_t virtio_describe(const struct virtio_dev *d, char *out, size_t size)
{
    size_t n = fmt(out, size, "%s, %s, %s, ring %u", d->name,
                   d->modern ? "virtio 1" : "legacy",
                   d->interrupts ? d->interrupts : "polled", d->ring[0]);

    for (unsigned i = 1; i < VIRTIO_QUEUES_MAX && d->ring[i]; i++)
        n += fmt(out + n, size - n, "+%u", d->ring[i]);
    for (unsigned i = 0; i < ARRAY_LEN(common); i++)
        if (virtio_has(d, common[i].bit))
            n += fmt(out + n, size - n, " %s", common[i].name);
    for (unsigned i = 0; i < d->ntable; i++)
        if (virtio_has(d, d->table[i].bit))
            n += fmt(out + n, size - n, " %s", d->table[i].name);
    return n;
}
