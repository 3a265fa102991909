/* SPDX-License-Identifier: ISC */
/*
 * pci.c - see pci.h.
 */
#include <bus/pci.h>

#include <base/fmt.h>
#include <x86_64/io.h>
#include <x86_64/irq.h>
#include <x86_64/pci.h>

enum {
    FUNCTIONS_MAX = 128, /* looked at; beyond: not seen */
    REGS_MAX = 1 << 20,  /* of a BAR that are mapped */
    MSI_CONTROL = 2,     /* of the capability */
    MSI_ADDRESS = 4,
    MSI_ENABLE = 1,
    MSI_MANY = 0x70, /* how many messages */
    MSI_WIDE = 0x80  /* 64-bit addresses */
};

struct pci_regs {
    struct regs regs;
    struct pci_dev pci;
    struct pci_msix msix;
    bool use_msix;
    volatile uint8_t *base;
};

static struct pci_regs *pci_regs(struct regs *r)
{
    return CONTAINER(r, struct pci_regs, regs);
}

static uint32_t read32(struct regs *r, unsigned at)
{
    ASSERT(at % 4 == 0 && at <= r->bytes - 4);
    return mmio_read32(pci_regs(r)->base + at);
}

static void write32(struct regs *r, unsigned at, uint32_t v)
{
    ASSERT(at % 4 == 0 && at <= r->bytes - 4);
    mmio_write32(pci_regs(r)->base + at, v);
}

static void stop(struct regs *r)
{
    struct pci_regs *p = pci_regs(r);

    if (p->use_msix)
        pci_msix_enable(&p->msix, false);
    pci_disable(&p->pci);
}

static void on_message(void *arg)
{
    struct pci_regs *p = arg;

    p->regs.wakeups++;
}

static void on_line(void *arg)
{
    struct pci_regs *p = arg;

    p->regs.wakeups++;
    if (p->regs.quieten)
        p->regs.quieten(&p->regs);
}

static bool wire_msix(struct pci_regs *p)
{
    int vector;

    if (!pci_msix_open(&p->pci, &p->msix) || p->msix.entries == 0)
        return false;
    vector = irq_alloc(on_message, p);
    if (vector < 0 || !pci_msix_set(&p->msix, 0, vector))
        return false;
    pci_msix_enable(&p->msix, true);
    p->use_msix = true;
    return true;
}

/* One message; what is off while it is written cannot be raised half. */
static bool wire_msi(struct pci_regs *p)
{
    unsigned cap =
        pci_may_use(PCI_MSI) ? pci_find_cap(&p->pci, PCI_CAP_MSI, 0) : 0;
    int vector = cap ? irq_alloc(on_message, p) : -1;
    uint64_t addr;
    uint32_t data;
    uint16_t control;

    if (vector < 0)
        return false;
    irq_msi(vector, &addr, &data);
    control = pci_read16(&p->pci, cap + MSI_CONTROL);
    control &= (uint16_t) ~(MSI_ENABLE | MSI_MANY);
    if (!(control & MSI_WIDE) && addr > UINT32_MAX)
        return false;
    pci_write16(&p->pci, cap + MSI_CONTROL, control);
    pci_write32(&p->pci, cap + MSI_ADDRESS, (uint32_t)addr);
    if (control & MSI_WIDE)
        pci_write32(&p->pci, cap + MSI_ADDRESS + 4, (uint32_t)(addr >> 32));
    pci_write16(&p->pci, cap + MSI_ADDRESS + (control & MSI_WIDE ? 8 : 4),
                (uint16_t)data);
    pci_write16(&p->pci, cap + MSI_CONTROL, control | MSI_ENABLE);
    return true;
}

static void wire(struct pci_regs *p)
{
    int vector;

    if (wire_msix(p)) {
        p->regs.interrupts = "MSI-X";
        return;
    }
    if (wire_msi(p)) {
        p->regs.interrupts = "MSI";
        return;
    }
    vector = irq_alloc(on_line, p);
    if (vector >= 0 && pci_intx(&p->pci, vector)) {
        p->regs.interrupts = "INTx";
        p->regs.line = true;
    }
}

static struct regs *map(const struct pci_dev *dev, unsigned index,
                        const struct bus_want *w, struct arena *a)
{
    struct pci_regs *p;
    struct pci_bar bar;

    if (!pci_bar(dev, index, &bar) || bar.is_port || bar.size < w->least ||
        !(p = arena_try(a, sizeof(*p), _Alignof(struct pci_regs))))
        return NULL;
    *p = (struct pci_regs){
        .regs = {.read = read32,
                 .write = write32,
                 .stop = stop,
                 .device = dev->device,
                 .bytes = bar.size < REGS_MAX ? (uint32_t)bar.size : REGS_MAX},
        .pci = *dev};
    p->base = pci_map(&bar, 0, p->regs.bytes);
    if (!p->base)
        return NULL;
    fmt(p->regs.name, sizeof(p->regs.name), "%s %02x:%02x.%u", w->kind,
        dev->bus, dev->dev, dev->fn);
    return &p->regs;
}

static struct regs *open(const struct pci_dev *dev, const struct bus_want *w,
                         struct arena *a)
{
    struct regs *r = map(dev, w->bar, w, a);

    if (!r || (w->beside != w->bar && !(r->beside = map(dev, w->beside, w, a))))
        return NULL;
    pci_enable(dev);
    wire(pci_regs(r));
    return r;
}

static bool is_wanted(const struct pci_dev *dev, const struct bus_want *w)
{
    if (w->ndevices == 0)
        return dev->class_code == w->class_code;
    for (unsigned i = 0; i < w->ndevices; i++)
        if (dev->vendor == w->vendor && dev->device == w->devices[i])
            return true;
    return false;
}

unsigned bus_pci_find(const struct bus_want *w, struct regs **out, unsigned max,
                      struct arena *a)
{
    struct pci_dev all[FUNCTIONS_MAX];
    unsigned n = pci_scan(all, FUNCTIONS_MAX), found = 0;

    if (max > BUS_FOUND_MAX)
        max = BUS_FOUND_MAX;
    for (unsigned i = 0; i < n && found < max; i++)
        if (is_wanted(&all[i], w) && (out[found] = open(&all[i], w, a)))
            found++;
    return found;
}
