/* SPDX-License-Identifier: ISC */
/*
 * mmio.c - virtio over plain registers (virtio 1.2, 4.2): QEMU's microvm,
 * Firecracker.  Version 2 is virtio 1, version 1 the legacy interface.
 */
#include <virtio/mmio.h>

#include <base/dma.h>
#include <base/fmt.h>
#include <string.h>
#include <virtio/kinds.h>
#include <x86_64/acpi.h>
#include <x86_64/io.h>
#include <x86_64/irq.h>
#include <x86_64/memory.h>

enum { /* 4.2.2 and, marked L, 4.2.4 */
       MAGIC = 0x000,
       VERSION = 0x004,
       DEVICE_ID = 0x008,
       DEVICE_FEATURES = 0x010,
       DEVICE_FEATURES_SEL = 0x014,
       DRIVER_FEATURES = 0x020,
       DRIVER_FEATURES_SEL = 0x024,
       GUEST_PAGE_SIZE = 0x028, /* L */
       QUEUE_SEL = 0x030,
       QUEUE_NUM_MAX = 0x034,
       QUEUE_NUM = 0x038,
       QUEUE_ALIGN = 0x03c, /* L */
       QUEUE_PFN = 0x040,   /* L */
       QUEUE_READY = 0x044,
       QUEUE_NOTIFY = 0x050,
       INTERRUPT_STATUS = 0x060,
       INTERRUPT_ACK = 0x064,
       STATUS = 0x070,
       QUEUE_DESC = 0x080,
       QUEUE_DRIVER = 0x090,
       QUEUE_DEVICE = 0x0a0,
       CONFIG_GENERATION = 0x0fc,
       CONFIG = 0x100,
       REGISTERS_BYTES = 0x200 /* the least a window has */
};

enum {
    MAGIC_VALUE = 0x74726976, /* "virt" */
    VERSION_LEGACY = 1,
    VERSION_MODERN = 2,
    INTERRUPT_CONFIG = 2,
    PAGE_SHIFT = 12
};

struct mmio_dev {
    struct virtio_dev dev;
    volatile uint8_t *regs;
    uint32_t bytes; /* of the window */
    uint32_t gsi;
};

static struct mmio_dev *mmio(struct virtio_dev *d)
{
    return CONTAINER(d, struct mmio_dev, dev);
}

static uint32_t get(struct virtio_dev *d, unsigned at)
{
    return mmio_read32(mmio(d)->regs + at);
}

static void set(struct virtio_dev *d, unsigned at, uint32_t v)
{
    mmio_write32(mmio(d)->regs + at, v);
}

static const char *open_mmio(struct virtio_dev *d)
{
    uint32_t version = get(d, VERSION);

    if (version != VERSION_LEGACY && version != VERSION_MODERN)
        return "its version is unknown";
    d->modern = version == VERSION_MODERN;
    return NULL;
}

static uint64_t features(struct virtio_dev *d)
{
    uint64_t low;

    set(d, DEVICE_FEATURES_SEL, 0);
    low = get(d, DEVICE_FEATURES);
    if (!d->modern)
        return low;
    set(d, DEVICE_FEATURES_SEL, 1);
    return low | (uint64_t)get(d, DEVICE_FEATURES) << 32;
}

static void accept(struct virtio_dev *d, uint64_t bits)
{
    set(d, DRIVER_FEATURES_SEL, 0);
    set(d, DRIVER_FEATURES, (uint32_t)bits);
    if (d->modern) {
        set(d, DRIVER_FEATURES_SEL, 1);
        set(d, DRIVER_FEATURES, (uint32_t)(bits >> 32));
    } else {
        set(d, GUEST_PAGE_SIZE, 1u << PAGE_SHIFT);
    }
}

static uint8_t status(struct virtio_dev *d)
{
    return (uint8_t)get(d, STATUS);
}

static void set_status(struct virtio_dev *d, uint8_t v)
{
    set(d, STATUS, v);
}

static uint32_t generation(struct virtio_dev *d)
{
    return d->modern ? get(d, CONFIG_GENERATION) : 0;
}

static void config(struct virtio_dev *d, unsigned at, void *out, unsigned n)
{
    const volatile uint8_t *from = mmio(d)->regs + CONFIG + at;
    uint8_t *to = out;

    if (CONFIG + at + n > mmio(d)->bytes) {
        memset(out, 0, n);
    } else if (n == 2 && d->modern) { /* legacy: bytes, 4.2.4 */
        uint16_t word = mmio_read16(from);

        memcpy(out, &word, n);
    } else if (n == 4 && d->modern) {
        uint32_t word = mmio_read32(from);

        memcpy(out, &word, n);
    } else {
        for (unsigned i = 0; i < n; i++)
            to[i] = mmio_read8(from + i);
    }
}

/* 4.2.2: what is read must be written back before the line falls. */
static void on_line(void *arg)
{
    struct virtio_dev *d = arg;
    uint32_t cause = get(d, INTERRUPT_STATUS);

    if (cause == 0)
        return;
    set(d, INTERRUPT_ACK, cause);
    d->wakeups++;
    d->config_changes += (cause & INTERRUPT_CONFIG) != 0;
}

static void wire(struct virtio_dev *d)
{
    int vector = irq_alloc(on_line, d);

    if (vector >= 0 && irq_gsi(mmio(d)->gsi, true, false, vector))
        d->interrupts = "GSI";
}

static uint32_t queue_max(struct virtio_dev *d, unsigned index)
{
    set(d, QUEUE_SEL, index);
    return get(d, QUEUE_NUM_MAX);
}

static void set_addr(struct virtio_dev *d, unsigned at, const volatile void *p)
{
    uint64_t addr = dma_address(p);

    set(d, at, (uint32_t)addr);
    set(d, at + 4, (uint32_t)(addr >> 32));
}

static const char *queue_start(struct virtio_dev *d, unsigned index,
                               const struct vq *q)
{
    uint64_t page = dma_address(q->desc) >> PAGE_SHIFT;

    set(d, QUEUE_SEL, index);
    set(d, QUEUE_NUM, q->mask + 1u);
    if (!d->modern) {
        if (page > UINT32_MAX)
            return "its queue lies where the legacy interface cannot say it";
        set(d, QUEUE_ALIGN, VQ_LEGACY_ALIGN);
        set(d, QUEUE_PFN, (uint32_t)page);
        return NULL;
    }
    set_addr(d, QUEUE_DESC, q->desc);
    set_addr(d, QUEUE_DRIVER, q->avail);
    set_addr(d, QUEUE_DEVICE, q->used);
    set(d, QUEUE_READY, 1);
    return NULL;
}

static void notify(struct virtio_dev *d, unsigned index)
{
    set(d, QUEUE_NOTIFY, index);
}

/* Nothing but the reset keeps such a device from memory; its line is level-
 * triggered and is let go of here. */
static void stop(struct virtio_dev *d)
{
    set(d, INTERRUPT_ACK, get(d, INTERRUPT_STATUS));
}

static const struct virtio_bus mmio_bus = {.open = open_mmio,
                                           .features = features,
                                           .accept = accept,
                                           .status = status,
                                           .set_status = set_status,
                                           .generation = generation,
                                           .config = config,
                                           .wire = wire,
                                           .queue_max = queue_max,
                                           .queue_start = queue_start,
                                           .notify = notify,
                                           .stop = stop};

static struct virtio_dev *found(const struct mmio_virtio *at, struct arena *a)
{
    volatile uint8_t *regs;
    const struct virtio_kind_name *name;
    struct mmio_dev *m;

    if (at->size < REGISTERS_BYTES)
        return NULL;
    regs = memory_map_device(at->addr, at->size);
    if (!regs || mmio_read32(regs + MAGIC) != MAGIC_VALUE)
        return NULL;
    name = virtio_kind_name(mmio_read32(regs + DEVICE_ID));
    m = name ? arena_try(a, sizeof(*m), _Alignof(struct mmio_dev)) : NULL;
    if (!m)
        return NULL;
    *m = (struct mmio_dev){
        .dev = {.bus = &mmio_bus, .kind = name->kind, .type = name->mmio},
        .regs = regs,
        .bytes = at->size,
        .gsi = at->gsi};
    fmt(m->dev.name, sizeof(m->dev.name), "%s %lx", name->mmio,
        (unsigned long)at->addr);
    return &m->dev;
}

unsigned virtio_mmio_scan(struct virtio_dev **out, unsigned max,
                          struct arena *a)
{
    struct mmio_virtio at[MMIO_VIRTIO_MAX];
    unsigned n = mmio_virtio_devices(at, MMIO_VIRTIO_MAX), count = 0;

    for (unsigned i = 0; i < n && count < max; i++) {
        struct virtio_dev *d = found(&at[i], a);

        if (d)
            out[count++] = d;
    }
    return count;
}
