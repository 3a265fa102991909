/* SPDX-License-Identifier: ISC */
/*
 * pci.c - see pci.h: what is the same for modern and legacy devices.
 *
 * A transitional device has both interfaces; the modern one is taken when its
 * capabilities make sense.  Interrupts are MSI-X with one entry for changes of
 * configuration and one for the queues, or else the legacy line.
 */
#include <base/fmt.h>
#include <virtio/kinds.h>
#include <virtio/pci.h>
#include <virtio/pci_impl.h>
#include <x86_64/irq.h>

enum {
    VENDOR = 0x1af4,
    TRANSITIONAL_FIRST = 0x1000,
    MODERN_FIRST = 0x1040,
    DEVICE_LAST = 0x107f,
    FUNCTIONS_MAX = 128 /* looked at for virtio; beyond: not seen */
};

static void on_config(void *arg)
{
    struct pci_virtio *v = arg;

    v->dev.wakeups++;
    v->dev.config_changes++;
}

static void on_queue(void *arg)
{
    struct pci_virtio *v = arg;

    v->dev.wakeups++;
}

/* 4.1.5.4: reading the status lets go of the line.  Not ours: it is shared. */
static void on_line(void *arg)
{
    struct pci_virtio *v = arg;
    uint8_t isr = v->read_isr(v);

    v->dev.wakeups += isr != 0;
    v->dev.config_changes += (isr & PCI_ISR_CONFIG) != 0;
}

/* Both messages, or none of it. */
static bool wire_msix(struct pci_virtio *v)
{
    int config, queue;

    if (!pci_msix_open(&v->pci, &v->msix) || v->msix.entries < PCI_VECTORS)
        return false;
    config = irq_alloc(on_config, v);
    queue = irq_alloc(on_queue, v);
    if (config < 0 || queue < 0 ||
        !pci_msix_set(&v->msix, PCI_VECTOR_CONFIG, config) ||
        !pci_msix_set(&v->msix, PCI_VECTOR_QUEUE, queue))
        return false;
    pci_msix_enable(&v->msix, true);
    v->use_msix = true;
    if (v->set_config_vector(v, PCI_VECTOR_CONFIG) == PCI_VECTOR_CONFIG)
        return true;
    pci_msix_enable(&v->msix, false);
    v->use_msix = false;
    return false;
}

void pci_virtio_wire(struct virtio_dev *d)
{
    struct pci_virtio *v = pci_virtio(d);
    int vector;

    if (wire_msix(v)) {
        d->interrupts = "MSI-X";
        return;
    }
    vector = irq_alloc(on_line, v);
    if (vector >= 0 && pci_intx(&v->pci, vector))
        d->interrupts = "INTx";
}

void pci_virtio_stop(struct virtio_dev *d)
{
    struct pci_virtio *v = pci_virtio(d);

    if (v->use_msix)
        pci_msix_enable(&v->msix, false);
    pci_disable(&v->pci);
}

/* The first thing done to a device: nobody has looked at it before. */
static const char *open_pci(struct virtio_dev *d)
{
    struct pci_virtio *v = pci_virtio(d);
    bool transitional = v->pci.device < MODERN_FIRST;
    const char *why = pci_modern_open(v);

    if (why && transitional && pci_legacy_open(v))
        why = NULL;
    if (!why)
        pci_enable(&v->pci);
    return why;
}

/* Until open() has chosen, only it and stop() may be called. */
static void no_status(struct virtio_dev *d, uint8_t status)
{
    (void)d;
    (void)status;
}

static const struct virtio_bus unopened = {
    .open = open_pci, .set_status = no_status, .stop = pci_virtio_stop};

static unsigned kind_of(const struct pci_dev *p)
{
    if (p->vendor != VENDOR || p->device < TRANSITIONAL_FIRST ||
        p->device > DEVICE_LAST)
        return 0;
    if (p->device >= MODERN_FIRST)
        return p->device - (unsigned)MODERN_FIRST;
    return p->subdevice; /* 4.1.2.3 */
}

unsigned virtio_pci_scan(struct virtio_dev **out, unsigned max, struct arena *a)
{
    struct pci_dev all[FUNCTIONS_MAX];
    unsigned n = pci_scan(all, FUNCTIONS_MAX), found = 0;

    for (unsigned i = 0; i < n && found < max; i++) {
        const struct virtio_kind_name *name =
            virtio_kind_name(kind_of(&all[i]));
        struct pci_virtio *v =
            name ? arena_try(a, sizeof(*v), _Alignof(struct pci_virtio)) : NULL;

        if (!v)
            continue;
        *v = (struct pci_virtio){
            .dev = {.bus = &unopened, .kind = name->kind, .type = name->pci},
            .pci = all[i]};
        fmt(v->dev.name, sizeof(v->dev.name), "%s %02x:%02x.%u", name->pci,
            all[i].bus, all[i].dev, all[i].fn);
        out[found++] = &v->dev;
    }
    return found;
}
