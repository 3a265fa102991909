/* SPDX-License-Identifier: ISC */
/*
 * front.c - see front.h.
 */
#include "front.h"

#include <base/bytes.h>
#include <string.h>
#include <x86_64/io.h>
#include <x86_64/irq.h>
#include <x86_64/memory.h>

struct front front;

static struct virtio_dev *dev(void)
{
    return &front.fake.dev;
}

static const struct virtio_bus *bus(void)
{
    return front.fake.dev.bus;
}

/* The queue as its addresses say, not as the driver's struct does. */
static void start_queue(unsigned i)
{
    struct vq *q = &front.view[i];

    ASSERT(front.size[i] != 0 && front.size[i] <= front.fake.queue[i].max);
    *q = (struct vq){.desc = (void *)(uintptr_t)front.addr[i][0],
                     .avail = (void *)(uintptr_t)front.addr[i][1],
                     .used = (void *)(uintptr_t)front.addr[i][2],
                     .mask = (uint16_t)(front.size[i] - 1)};
    q->used_event = &q->avail->ring[front.size[i]];
    q->avail_event = (uint16_t *)(void *)&q->used->ring[front.size[i]];
    ASSERT(!bus()->queue_start(dev(), i, q));
}

/* 2.7.2: what a page number means. */
static void start_legacy_queue(unsigned i, uint32_t page)
{
    uint64_t at = (uint64_t)page << 12, n = front.size[i];

    front.addr[i][0] = at;
    front.addr[i][1] = at + 16 * n;
    front.addr[i][2] = (at + 16 * n + 6 + 2 * n + 4095) & ~UINT64_C(4095);
    start_queue(i);
}

static unsigned selected(void)
{
    ASSERT(front.queue_sel < VIRTIO_QUEUES_MAX);
    return front.queue_sel;
}

static void write_status(uint8_t v)
{
    if (v & VIRTIO_FEATURES_OK && !(bus()->status(dev()) & VIRTIO_FEATURES_OK))
        bus()->accept(dev(), front.driver_features);
    if (v == 0) {
        front.isr = 0;
        front.config_vector = 0xffff;
    }
    bus()->set_status(dev(), v);
}

static void put_half(uint64_t *to, unsigned half, uint32_t v)
{
    *to = half ? (*to & UINT32_MAX) | (uint64_t)v << 32
               : (*to & ~(uint64_t)UINT32_MAX) | v;
}

static uint32_t config_bytes(unsigned at, unsigned bytes)
{
    uint32_t v = 0;

    bus()->config(dev(), at, &v, bytes);
    return v;
}

static uint32_t take_isr(void)
{
    uint32_t v = front.isr;

    front.isr = 0;
    return v;
}

/* 4.1.4.3 */
static uint32_t common_read(unsigned at, unsigned bytes)
{
    ASSERT(at % bytes == 0);
    switch (at << 4 | bytes) {
    case 0x044:
        return (uint32_t)(bus()->features(dev()) >>
                          (front.device_sel ? 32 : 0));
    case 0x102:
        return front.config_vector;
    case 0x141:
        return bus()->status(dev());
    case 0x151:
        return bus()->generation(dev());
    case 0x182:
        return bus()->queue_max(dev(), front.queue_sel);
    case 0x1a2:
        return front.queue_vector[selected()];
    case 0x1e2:
        return front.notify_off[selected()];
    }
    front.wild++;
    return UINT32_MAX;
}

static void common_write(unsigned at, unsigned bytes, uint32_t v)
{
    ASSERT(at % bytes == 0);
    if (at >= 0x20 && at < 0x38 && bytes == 4) {
        put_half(&front.addr[selected()][(at - 0x20) / 8], at / 4 % 2, v);
        return;
    }
    switch (at << 4 | bytes) {
    case 0x004:
        front.device_sel = v;
        return;
    case 0x084:
        front.driver_sel = v;
        return;
    case 0x0c4:
        put_half(&front.driver_features, front.driver_sel, v);
        return;
    case 0x102:
        front.config_vector = front.refuses_vectors ? 0xffff : (uint16_t)v;
        return;
    case 0x141:
        write_status((uint8_t)v);
        return;
    case 0x162:
        front.queue_sel = v;
        return;
    case 0x182:
        front.size[selected()] = v;
        return;
    case 0x1a2:
        front.queue_vector[selected()] = (uint16_t)v;
        return;
    case 0x1c2:
        ASSERT(v == 1);
        start_queue(selected());
        return;
    }
    front.wild++;
}

static uint32_t bar_read(unsigned at, unsigned bytes)
{
    if (at < FRONT_COMMON + 0x38)
        return common_read(at - FRONT_COMMON, bytes);
    if (at == FRONT_ISR && bytes == 1)
        return take_isr();
    if (at >= FRONT_CONFIG && at + bytes <= FRONT_CONFIG + FAKE_CONFIG_BYTES)
        return config_bytes(at - FRONT_CONFIG, bytes);
    front.wild++;
    return UINT32_MAX;
}

static void bar_write(unsigned at, unsigned bytes, uint32_t v)
{
    if (at < FRONT_COMMON + 0x38) {
        common_write(at - FRONT_COMMON, bytes, v);
        return;
    }
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        if (at == FRONT_NOTIFY + front.notify_off[i] * 4u && /* the step */
            bytes == 2 && v == i) {
            bus()->notify(dev(), i);
            return;
        }
    front.wild++;
}

/* 4.2.2, 4.2.4 */
static uint32_t window_read(unsigned at, unsigned bytes)
{
    if (at >= 0x100 && at + bytes <= 0x200)
        return config_bytes(at - 0x100, bytes);
    ASSERT(bytes == 4);
    switch (at) {
    case 0x000:
        return front.magic;
    case 0x004:
        return front.version;
    case 0x008:
        return front.device_id;
    case 0x010:
        return (uint32_t)(bus()->features(dev()) >>
                          (front.device_sel ? 32 : 0));
    case 0x034:
        return bus()->queue_max(dev(), front.queue_sel);
    case 0x060:
        return front.isr;
    case 0x070:
        return bus()->status(dev());
    case 0x0fc:
        ASSERT(front.version == 2);
        return bus()->generation(dev());
    }
    front.wild++;
    return UINT32_MAX;
}

static void window_write_modern(unsigned at, uint32_t v)
{
    static const uint8_t places[] = {0x80, 0x90, 0xa0};

    for (unsigned i = 0; i < 3; i++)
        if (at == places[i] || at == places[i] + 4u) {
            put_half(&front.addr[selected()][i], at / 4 % 2, v);
            return;
        }
    if (at == 0x44 && v == 1)
        start_queue(selected());
    else
        front.wild++;
}

static void window_write_legacy(unsigned at, uint32_t v)
{
    if (at == 0x28)
        front.page_bytes = v;
    else if (at == 0x3c)
        front.align = v;
    else if (at == 0x40 && front.page_bytes == 4096 && front.align == 4096)
        start_legacy_queue(selected(), v);
    else
        front.wild++;
}

static void window_write(unsigned at, unsigned bytes, uint32_t v)
{
    ASSERT(bytes == 4);
    switch (at) {
    case 0x014:
        front.device_sel = v;
        return;
    case 0x020:
        put_half(&front.driver_features, front.driver_sel, v);
        if (front.version == 1)
            bus()->accept(dev(), front.driver_features);
        return;
    case 0x024:
        front.driver_sel = v;
        return;
    case 0x030:
        front.queue_sel = v;
        return;
    case 0x038:
        front.size[selected()] = v;
        return;
    case 0x050:
        bus()->notify(dev(), v);
        return;
    case 0x064:
        front.isr &= ~v;
        return;
    case 0x070:
        write_status((uint8_t)v);
        return;
    }
    if (front.version == 2)
        window_write_modern(at, v);
    else
        window_write_legacy(at, v);
}

uint32_t front_read(uintptr_t at, unsigned bytes)
{
    unsigned off = (unsigned)(at - FRONT_BASE);

    return front.no_mmio ? bar_read(off, bytes) : window_read(off, bytes);
}

void front_write(uintptr_t at, unsigned bytes, uint32_t v)
{
    unsigned off = (unsigned)(at - FRONT_BASE);

    if (front.no_mmio)
        bar_write(off, bytes, v);
    else
        window_write(off, bytes, v);
}

/* 4.1.4.8 */
uint32_t front_in(unsigned port, unsigned bytes)
{
    unsigned at = port - FRONT_PORT, config = front.msix_on ? 24 : 20;

    if (at >= config && at + bytes <= config + FAKE_CONFIG_BYTES)
        return config_bytes(at - config, bytes);
    switch (at << 4 | bytes) {
    case 0x004:
        return (uint32_t)bus()->features(dev());
    case 0x0c2:
        front.size[selected()] = bus()->queue_max(dev(), selected());
        return front.size[selected()];
    case 0x121:
        return bus()->status(dev());
    case 0x131:
        return take_isr();
    case 0x142:
        return front.config_vector;
    case 0x162:
        return front.queue_vector[selected()];
    }
    front.wild++;
    return UINT32_MAX;
}

void front_out(unsigned port, unsigned bytes, uint32_t v)
{
    switch ((port - FRONT_PORT) << 4 | bytes) {
    case 0x044:
        bus()->accept(dev(), v);
        return;
    case 0x084:
        start_legacy_queue(selected(), v);
        return;
    case 0x0e2:
        front.queue_sel = v;
        return;
    case 0x102:
        bus()->notify(dev(), v);
        return;
    case 0x121:
        write_status((uint8_t)v);
        return;
    case 0x142:
        front.config_vector = front.refuses_vectors ? 0xffff : (uint16_t)v;
        return;
    case 0x162:
        front.queue_vector[selected()] = (uint16_t)v;
        return;
    }
    front.wild++;
}

/* arch/x86_64 */

volatile void *memory_map_device(uint64_t phys, size_t n)
{
    return n ? (volatile void *)(uintptr_t)phys : NULL;
}

unsigned mmio_virtio_devices(struct mmio_virtio *out, unsigned max)
{
    if (front.no_mmio || max == 0)
        return 0;
    *out = front.mmio;
    return 1;
}

unsigned pci_scan(struct pci_dev *out, unsigned max)
{
    if (front.no_pci || max == 0)
        return 0;
    *out = front.pci;
    return 1;
}

uint8_t pci_read8(const struct pci_dev *p, unsigned at)
{
    (void)p;
    ASSERT(at < sizeof(front.space));
    return front.space[at];
}

uint32_t pci_read32(const struct pci_dev *p, unsigned at)
{
    (void)p;
    ASSERT(at + 4 <= sizeof(front.space) && at % 4 == 0);
    return le32(front.space + at);
}

unsigned pci_find_cap(const struct pci_dev *p, uint8_t id, unsigned after)
{
    unsigned at = after ? front.space[after + 1] : front.space[0x34];

    (void)p;
    for (unsigned i = 0; i < PCI_CAPS_MAX && at >= 0x40; i++) {
        at &= 0xfc;
        if (front.space[at] == id)
            return at;
        at = front.space[at + 1];
    }
    return 0;
}

bool pci_bar(const struct pci_dev *p, unsigned index, struct pci_bar *out)
{
    (void)p;
    ASSERT(index < PCI_BARS);
    *out = front.bar[index];
    return out->size != 0;
}

volatile void *pci_map(const struct pci_bar *b, uint64_t off, size_t n)
{
    if (b->is_port || off > b->size || n > b->size - off)
        return NULL;
    return (volatile void *)(uintptr_t)(b->base + off);
}

void pci_enable(const struct pci_dev *p)
{
    (void)p;
    front.enabled++;
}

void pci_disable(const struct pci_dev *p)
{
    (void)p;
    front.disabled++;
}

bool pci_msix_open(const struct pci_dev *p, struct pci_msix *out)
{
    *out = (struct pci_msix){.dev = *p, .entries = front.msix_entries};
    return front.msix_entries != 0;
}

bool pci_msix_set(const struct pci_msix *m, unsigned n, int vector)
{
    if (n >= m->entries)
        return false;
    front.msix_vector[n] = vector;
    return true;
}

void pci_msix_enable(const struct pci_msix *m, bool on)
{
    (void)m;
    front.msix_on = on;
}

bool pci_intx(const struct pci_dev *p, int vector)
{
    (void)p;
    front.line = vector;
    return !front.no_intx;
}

int irq_alloc(void (*handler)(void *), void *arg)
{
    if (front.handlers + 1 >= (int)ARRAY_LEN(front.handler))
        return -1;
    front.handler[++front.handlers] = handler;
    front.handler_arg[front.handlers] = arg;
    return front.handlers;
}

bool irq_gsi(unsigned gsi, bool level, bool active_low, int vector)
{
    ASSERT(gsi == front.mmio.gsi && level && !active_low);
    front.line = vector;
    return !front.no_gsi;
}

unsigned front_interrupt(bool config)
{
    unsigned entry = config ? front.config_vector : front.queue_vector[0];
    int vector = front.line;

    if (front.msix_on)
        vector = entry < FRONT_MSIX_ENTRIES ? front.msix_vector[entry] : 0;
    else
        front.isr |= config ? 3 : 1;
    if (vector <= 0)
        return 0;
    front.handler[vector](front.handler_arg[vector]);
    return 1;
}

uint8_t *front_cap(unsigned type)
{
    return front.space + FRONT_CAPS + (type - 1) * FRONT_CAP_BYTES;
}

static void init_caps(void)
{
    static const uint32_t place[] = {FRONT_COMMON, FRONT_NOTIFY, FRONT_ISR,
                                     FRONT_CONFIG};

    front.space[0x34] = FRONT_CAPS;
    for (unsigned type = 1; type <= 4; type++) {
        uint8_t *c = front_cap(type);
        uint32_t at = place[type - 1];

        c[0] = PCI_CAP_VENDOR;
        c[1] = type == 4 ? 0 : (uint8_t)(c - front.space + FRONT_CAP_BYTES);
        c[2] = type == 2 ? 20 : 16;
        c[3] = (uint8_t)type;
        c[4] = FRONT_BAR;
        memcpy(c + 8, &at, 4);
        put_le16(c + 12, 0x1000);
        put_le16(c + 16, type == 2 ? FRONT_NOTIFY_STEP : 0);
    }
}

void front_init(enum front_kind kind, uint64_t offers)
{
    bool modern = kind == FRONT_PCI || kind == FRONT_MMIO;
    bool pci = kind == FRONT_PCI || kind == FRONT_PCI_LEGACY;

    front = (struct front){.no_pci = !pci,
                           .no_mmio = pci,
                           .msix_entries = FRONT_MSIX_ENTRIES,
                           .mmio = {FRONT_BASE, 512, 17},
                           .magic = 0x74726976,
                           .version = modern ? 2 : 1,
                           .device_id = VIRTIO_KIND_NET,
                           .config_vector = 0xffff,
                           .notify_off = {3, 1}};
    fake_init(&front.fake, VIRTIO_KIND_NET, modern, offers);
    front.fake.dev.size_fixed = kind == FRONT_PCI_LEGACY;
    front.pci = (struct pci_dev){.dev = 3,
                                 .vendor = 0x1af4,
                                 .device = 0x1000,
                                 .subdevice = VIRTIO_KIND_NET};
    front.bar[0] = (struct pci_bar){FRONT_PORT, FRONT_PORTS, true, false};
    front.bar[1] = (struct pci_bar){0x20000000, 0x1000, false, false};
    if (kind == FRONT_PCI) {
        front.bar[FRONT_BAR] =
            (struct pci_bar){FRONT_BASE, FRONT_BAR_BYTES, false, true};
        init_caps();
    }
}
