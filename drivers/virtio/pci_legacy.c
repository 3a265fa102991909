/* SPDX-License-Identifier: ISC */
/*
 * pci_legacy.c - the interface before virtio 1 (virtio 1.2, 4.1.4.8): ports in
 * BAR 0, and rings as large as the device says.
 */
#include <base/dma.h>
#include <string.h>
#include <virtio/pci_impl.h>
#include <x86_64/io.h>

enum {
    DEVICE_FEATURES = 0,
    DRIVER_FEATURES = 4,
    QUEUE_PAGE = 8,
    QUEUE_SIZE = 12,
    QUEUE_SELECT = 14,
    QUEUE_NOTIFY = 16,
    STATUS = 18,
    ISR = 19,
    CONFIG_VECTOR = 20, /* these two only while MSI-X is on, and before ... */
    QUEUE_VECTOR = 22,
    CONFIG = 20, /* ... the device's own configuration */
    CONFIG_WITH_VECTORS = 24,
    PAGE_SHIFT = 12
};

static uint16_t port(struct virtio_dev *d, unsigned at)
{
    return (uint16_t)(pci_virtio(d)->port + at);
}

static uint64_t features(struct virtio_dev *d)
{
    return in32(port(d, DEVICE_FEATURES));
}

static void accept(struct virtio_dev *d, uint64_t bits)
{
    out32(port(d, DRIVER_FEATURES), (uint32_t)bits);
}

static uint8_t status(struct virtio_dev *d)
{
    return in8(port(d, STATUS));
}

static void set_status(struct virtio_dev *d, uint8_t v)
{
    out8(port(d, STATUS), v);
}

static uint32_t generation(struct virtio_dev *d)
{
    (void)d;
    return 0; /* there is none */
}

static void config(struct virtio_dev *d, unsigned at, void *out, unsigned n)
{
    const struct pci_virtio *v = pci_virtio(d);
    uint8_t *to = out;

    at += v->use_msix ? CONFIG_WITH_VECTORS : CONFIG;
    if (at + n > v->ports) {
        memset(out, 0, n);
    } else if (n == 2) {
        uint16_t word = in16(port(d, at));

        memcpy(out, &word, n);
    } else if (n == 4) {
        uint32_t word = in32(port(d, at));

        memcpy(out, &word, n);
    } else {
        for (unsigned i = 0; i < n; i++)
            to[i] = in8(port(d, at + i));
    }
}

static uint16_t set_config_vector(struct pci_virtio *v, uint16_t entry)
{
    out16(port(&v->dev, CONFIG_VECTOR), entry);
    return in16(port(&v->dev, CONFIG_VECTOR));
}

static uint8_t read_isr(struct pci_virtio *v)
{
    return in8(port(&v->dev, ISR));
}

static uint32_t queue_max(struct virtio_dev *d, unsigned index)
{
    out16(port(d, QUEUE_SELECT), (uint16_t)index);
    return in16(port(d, QUEUE_SIZE));
}

static const char *queue_start(struct virtio_dev *d, unsigned index,
                               const struct vq *q)
{
    uint64_t page = dma_address(q->desc) >> PAGE_SHIFT;

    if (page > UINT32_MAX)
        return "its queue lies where the legacy interface cannot say it";
    out16(port(d, QUEUE_SELECT), (uint16_t)index);
    if (pci_virtio(d)->use_msix) {
        out16(port(d, QUEUE_VECTOR), PCI_VECTOR_QUEUE);
        if (in16(port(d, QUEUE_VECTOR)) != PCI_VECTOR_QUEUE)
            return "it refused an interrupt vector";
    }
    out32(port(d, QUEUE_PAGE), (uint32_t)page);
    return NULL;
}

static void notify(struct virtio_dev *d, unsigned index)
{
    out16(port(d, QUEUE_NOTIFY), (uint16_t)index);
}

static const struct virtio_bus legacy = {.features = features,
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

bool pci_legacy_open(struct pci_virtio *v)
{
    struct pci_bar bar;

    if (!pci_bar(&v->pci, 0, &bar) || !bar.is_port ||
        bar.size < CONFIG_WITH_VECTORS || bar.base > UINT16_MAX ||
        bar.size > UINT16_MAX - bar.base)
        return false;
    v->port = (uint16_t)bar.base;
    v->ports = (uint16_t)bar.size;
    v->read_isr = read_isr;
    v->set_config_vector = set_config_vector;
    v->dev.size_fixed = true;
    v->dev.bus = &legacy;
    return true;
}
