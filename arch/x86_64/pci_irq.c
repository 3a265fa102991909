/* SPDX-License-Identifier: ISC */
/*
 * pci_irq.c - MSI-X, and the legacy pins.
 */
#include "io.h"
#include "irq.h"
#include "pci.h"
#include "pci_config.h"
#include "platform.h"

enum {
    COMMAND = 0x04,
    COMMAND_NO_INTX = 1 << 10,
    CONTROL = 2, /* in the capability */
    TABLE = 4,
    CONTROL_ENTRIES = 0x7ff, /* less one */
    CONTROL_MASKED = 1 << 14,
    CONTROL_ON = 1 << 15,
    ENTRY_BYTES = 16,
    ENTRY_HIGH = 4,
    ENTRY_DATA = 8,
    ENTRY_CONTROL = 12,
    ENTRY_MASKED = 1,
    ENTRIES_MAX = 256 /* opened; a device may have 2,048 */
};
/* QEMU's microvm: four pins, turned by the slot.  With a second I/O APIC, which
 * then serves virtio-mmio, they are others. */
enum { MICROVM_PINS = 12, MICROVM_PINS_BESIDE_SECOND = 16 };

static unsigned microvm_pin(const struct pci_dev *d)
{
    unsigned first =
        platform.madt.nioapics > 1 ? MICROVM_PINS_BESIDE_SECOND : MICROVM_PINS;

    return first + (d->dev + d->irq_pin - 1u) % 4;
}

static void set_control(const struct pci_msix *m, unsigned clear, unsigned set)
{
    uint16_t v = pci_read16(&m->dev, m->cap + CONTROL);

    pci_write16(&m->dev, m->cap + CONTROL, (uint16_t)((v & ~clear) | set));
}

static enum pci_interrupts best;

void pci_limit_interrupts(enum pci_interrupts limit)
{
    best = limit;
}

bool pci_may_use(enum pci_interrupts kind)
{
    return kind >= best;
}

bool pci_msix_open(const struct pci_dev *d, struct pci_msix *out)
{
    struct pci_bar bar;
    uint32_t table;

    *out = (struct pci_msix){.dev = *d};
    out->cap = pci_may_use(PCI_MSIX) ? pci_find_cap(d, PCI_CAP_MSIX, 0) : 0;
    if (out->cap == 0)
        return false;
    out->entries = (pci_read16(d, out->cap + CONTROL) & CONTROL_ENTRIES) + 1u;
    if (out->entries > ENTRIES_MAX)
        out->entries = ENTRIES_MAX;
    table = pci_read32(d, out->cap + TABLE);
    if (!pci_bar(d, table & 7, &bar))
        return false;
    out->table = pci_map(&bar, table & ~7u, out->entries * ENTRY_BYTES);
    if (!out->table)
        return false;
    pci_enable(d); /* else the table does not answer */
    set_control(out, CONTROL_ON, 0);
    for (unsigned i = 0; i < out->entries; i++)
        mmio_write32(out->table + i * ENTRY_BYTES + ENTRY_CONTROL,
                     ENTRY_MASKED);
    return true;
}

bool pci_msix_set(const struct pci_msix *m, unsigned n, int vector)
{
    volatile uint8_t *entry = m->table + n * ENTRY_BYTES;
    uint64_t address;
    uint32_t data;

    if (n >= m->entries || vector < 0)
        return false;
    irq_msi(vector, &address, &data);
    mmio_write32(entry + ENTRY_CONTROL, ENTRY_MASKED);
    mmio_write32(entry, (uint32_t)address);
    mmio_write32(entry + ENTRY_HIGH, (uint32_t)(address >> 32));
    mmio_write32(entry + ENTRY_DATA, data);
    mmio_write32(entry + ENTRY_CONTROL, 0);
    return true;
}

void pci_msix_enable(const struct pci_msix *m, bool on)
{
    uint16_t command = pci_read16(&m->dev, COMMAND);

    if (on) {
        pci_write16(&m->dev, COMMAND, (uint16_t)(command | COMMAND_NO_INTX));
        set_control(m, CONTROL_MASKED, CONTROL_ON);
    } else {
        set_control(m, CONTROL_ON, 0);
        pci_write16(&m->dev, COMMAND, (uint16_t)(command & ~COMMAND_NO_INTX));
    }
}

bool pci_intx(const struct pci_dev *d, int vector)
{
    if (d->irq_pin < 1 || d->irq_pin > 4)
        return false;
    if (pci_is_generic())
        return d->bus == 0 && irq_gsi(microvm_pin(d), true, false, vector);
    if (d->irq_line == 0 || d->irq_line > 23)
        return false;
    /* QEMU's firmware tables declare them active high, as its chips are. */
    return irq_gsi(d->irq_line, true, false, vector);
}
