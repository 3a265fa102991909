/* SPDX-License-Identifier: ISC */
/*
 * pci_modern.c - the interface of virtio 1 over PCI (virtio 1.2, 4.1.4): its
 * structures lie in BARs, and capabilities say where.
 *
 * A capability is the device's word: one that points outside its BAR, or is
 * too small for its structure, is as good as none.
 */
#include <base/dma.h>
#include <string.h>
#include <virtio/pci_impl.h>
#include <x86_64/io.h>

enum cap_type { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_CONFIG, CAP_TYPES };

enum { /* of a vendor capability, 4.1.4 */
       CAP_LEN = 2,
       CAP_TYPE = 3,
       CAP_BAR = 4,
       CAP_OFFSET = 8,
       CAP_BYTES = 12,
       CAP_NOTIFY_STEP = 16,
       CAP_MIN = 16,
       CONFIG_SPACE = 256
};

enum { /* of the common configuration, 4.1.4.3 */
       DEVICE_FEATURE_SELECT = 0x00,
       DEVICE_FEATURE = 0x04,
       DRIVER_FEATURE_SELECT = 0x08,
       DRIVER_FEATURE = 0x0c,
       CONFIG_VECTOR = 0x10,
       STATUS = 0x14,
       GENERATION = 0x15,
       QUEUE_SELECT = 0x16,
       QUEUE_SIZE = 0x18,
       QUEUE_VECTOR = 0x1a,
       QUEUE_ENABLE = 0x1c,
       QUEUE_NOTIFY_OFF = 0x1e,
       QUEUE_DESC = 0x20,
       QUEUE_DRIVER = 0x28,
       QUEUE_DEVICE = 0x30,
       COMMON_BYTES = 0x38,
       CONFIG_BYTES_MAX = 4096 /* mapped of the device's own configuration */
};

struct cap {
    unsigned at; /* in configuration space; 0: none */
    struct pci_bar bar;
    uint32_t off, bytes;
};

static uint64_t features(struct virtio_dev *d)
{
    volatile uint8_t *c = pci_virtio(d)->common;
    uint64_t low;

    mmio_write32(c + DEVICE_FEATURE_SELECT, 0);
    low = mmio_read32(c + DEVICE_FEATURE);
    mmio_write32(c + DEVICE_FEATURE_SELECT, 1);
    return low | (uint64_t)mmio_read32(c + DEVICE_FEATURE) << 32;
}

static void accept(struct virtio_dev *d, uint64_t bits)
{
    volatile uint8_t *c = pci_virtio(d)->common;

    mmio_write32(c + DRIVER_FEATURE_SELECT, 0);
    mmio_write32(c + DRIVER_FEATURE, (uint32_t)bits);
    mmio_write32(c + DRIVER_FEATURE_SELECT, 1);
    mmio_write32(c + DRIVER_FEATURE, (uint32_t)(bits >> 32));
}

static uint8_t status(struct virtio_dev *d)
{
    return mmio_read8(pci_virtio(d)->common + STATUS);
}

static void set_status(struct virtio_dev *d, uint8_t v)
{
    mmio_write8(pci_virtio(d)->common + STATUS, v);
}

static uint32_t generation(struct virtio_dev *d)
{
    return mmio_read8(pci_virtio(d)->common + GENERATION);
}

static void config(struct virtio_dev *d, unsigned at, void *out, unsigned n)
{
    const struct pci_virtio *v = pci_virtio(d);
    uint8_t *to = out;

    if (n > v->config_bytes || at > v->config_bytes - n) {
        memset(out, 0, n);
    } else if (n == 2) {
        uint16_t word = mmio_read16(v->config + at);

        memcpy(out, &word, n);
    } else if (n == 4) {
        uint32_t word = mmio_read32(v->config + at);

        memcpy(out, &word, n);
    } else {
        for (unsigned i = 0; i < n; i++)
            to[i] = mmio_read8(v->config + at + i);
    }
}

static uint16_t set_config_vector(struct pci_virtio *v, uint16_t entry)
{
    mmio_write16(v->common + CONFIG_VECTOR, entry);
    return mmio_read16(v->common + CONFIG_VECTOR);
}

static uint8_t read_isr(struct pci_virtio *v)
{
    return mmio_read8(v->isr);
}

static uint32_t queue_max(struct virtio_dev *d, unsigned index)
{
    volatile uint8_t *c = pci_virtio(d)->common;

    mmio_write16(c + QUEUE_SELECT, (uint16_t)index);
    return mmio_read16(c + QUEUE_SIZE);
}

/* Two halves: 4.1.3.1 promises no more. */
static void write_addr(volatile uint8_t *at, const volatile void *p)
{
    uint64_t addr = dma_address(p);

    mmio_write32(at, (uint32_t)addr);
    mmio_write32(at + 4, (uint32_t)(addr >> 32));
}

/* 4.1.4.4: where to write to notify the selected queue. */
static volatile uint16_t *notify_place(const struct pci_virtio *v)
{
    uint64_t off =
        (uint64_t)mmio_read16(v->common + QUEUE_NOTIFY_OFF) * v->notify_step;

    if (v->notify_bytes < 2 || off > v->notify_bytes - 2 ||
        ((v->notify_off + off) & 1) != 0)
        return NULL;
    return pci_map(&v->notify_bar, v->notify_off + off, sizeof(uint16_t));
}

static const char *queue_start(struct virtio_dev *d, unsigned index,
                               const struct vq *q)
{
    struct pci_virtio *v = pci_virtio(d);
    volatile uint8_t *c = v->common;

    mmio_write16(c + QUEUE_SELECT, (uint16_t)index);
    v->notify[index] = notify_place(v);
    if (!v->notify[index])
        return "its notification register lies outside its BAR";
    mmio_write16(c + QUEUE_SIZE, (uint16_t)(q->mask + 1));
    if (v->use_msix) {
        mmio_write16(c + QUEUE_VECTOR, PCI_VECTOR_QUEUE);
        if (mmio_read16(c + QUEUE_VECTOR) != PCI_VECTOR_QUEUE)
            return "it refused an interrupt vector";
    }
    write_addr(c + QUEUE_DESC, q->desc);
    write_addr(c + QUEUE_DRIVER, q->avail);
    write_addr(c + QUEUE_DEVICE, q->used);
    mmio_write16(c + QUEUE_ENABLE, 1);
    return NULL;
}

static void notify(struct virtio_dev *d, unsigned index)
{
    mmio_write16(pci_virtio(d)->notify[index], (uint16_t)index);
}

static const struct virtio_bus modern = {.features = features,
                                         .accept = accept,
                                         .status = status,
                                         .set_status = set_status,
                                         .generation = generation,
                                         .config = config,
                                         .wire = pci_virtio_wire,
                                         .queue_max = queue_max,
                                         .queue_start = queue_start,
                                         .notify = notify,
                                         .stop = pci_virtio_stop};

/* One structure; false when it is not where it says, or not for us. */
static bool read_cap(const struct pci_dev *p, unsigned at, struct cap *out)
{
    uint8_t bar = pci_read8(p, at + CAP_BAR);

    out->at = at;
    out->off = pci_read32(p, at + CAP_OFFSET);
    out->bytes = pci_read32(p, at + CAP_BYTES);
    return bar < PCI_BARS && pci_bar(p, bar, &out->bar) && !out->bar.is_port &&
           out->off <= out->bar.size && out->bytes <= out->bar.size - out->off;
}

/* The first good one of each type: 4.1.4.1 puts the preferred one first. */
static void read_caps(const struct pci_dev *p, struct cap caps[CAP_TYPES])
{
    unsigned at = 0;

    for (unsigned i = 0; i < PCI_CAPS_MAX; i++) {
        struct cap c;
        uint8_t type;

        at = pci_find_cap(p, PCI_CAP_VENDOR, at);
        if (at == 0 || at > CONFIG_SPACE - CAP_MIN)
            return;
        type = pci_read8(p, at + CAP_TYPE);
        if (pci_read8(p, at + CAP_LEN) < CAP_MIN || type == 0 ||
            type >= CAP_TYPES || caps[type].at)
            continue;
        if (read_cap(p, at, &c))
            caps[type] = c;
    }
}

static volatile uint8_t *map_cap(const struct cap *c, uint32_t n)
{
    return pci_map(&c->bar, c->off, n);
}

static bool take_notify(struct pci_virtio *v, const struct cap *c)
{
    if (!c->at || c->at > CONFIG_SPACE - CAP_MIN - sizeof(uint32_t) ||
        pci_read8(&v->pci, c->at + CAP_LEN) < CAP_MIN + sizeof(uint32_t))
        return false;
    v->notify_bar = c->bar;
    v->notify_off = c->off;
    v->notify_bytes = c->bytes;
    v->notify_step = pci_read32(&v->pci, c->at + CAP_NOTIFY_STEP);
    return true;
}

const char *pci_modern_open(struct pci_virtio *v)
{
    struct cap caps[CAP_TYPES] = {0};
    const struct cap *common = &caps[CAP_COMMON], *isr = &caps[CAP_ISR];
    const struct cap *own = &caps[CAP_CONFIG];

    read_caps(&v->pci, caps);
    if (common->bytes < COMMON_BYTES || (common->off & 3) != 0 ||
        isr->bytes < 1 || !take_notify(v, &caps[CAP_NOTIFY]))
        return "its registers are not where its capabilities say";
    v->common = map_cap(common, COMMON_BYTES);
    v->isr = map_cap(isr, 1);
    if (own->at && own->bytes != 0 && (own->off & 3) == 0) {
        v->config_bytes =
            own->bytes < CONFIG_BYTES_MAX ? own->bytes : CONFIG_BYTES_MAX;
        v->config = map_cap(own, v->config_bytes);
    }
    if (!v->common || !v->isr || (v->config_bytes != 0 && !v->config))
        return "its registers cannot be mapped";
    v->read_isr = read_isr;
    v->set_config_vector = set_config_vector;
    v->dev.modern = true;
    v->dev.bus = &modern;
    return NULL;
}
