/* SPDX-License-Identifier: ISC */
/*
 * pci.c - configuration space, and what is found there.
 */
#include "pci.h"

#include "cpu.h"
#include "io.h"
#include "memory.h"
#include "pci_config.h"
#include "platform.h"

enum {
    CONFIG_AT = 0xcf8,
    CONFIG = 0xcfc,
    CONFIG_BYTES = 256,
    ECAM_BYTES = 4096,
    VENDOR = 0x00,
    COMMAND = 0x04,
    STATUS = 0x06,
    REVISION = 0x08,
    HEADER = 0x0e,
    SECONDARY_BUS = 0x19,
    SUBSYSTEM = 0x2c,
    CAPABILITIES = 0x34,
    IRQ_LINE = 0x3c,
    HAS_CAPABILITIES = 1 << 4,
    COMMAND_ON = 7, /* ports, memory, bus mastering */
    COMMAND_NO_INTX = 1 << 10,
    HEADER_MANY = 0x80,
    HEADER_BRIDGE = 1
};
#define ENABLE 0x80000000u

enum { /* QEMU's microvm with pcie=on */
       GENERIC_BRIDGE = 0x00081b36
};
#define MICROVM_ECAM UINT64_C(0xe0000000)

static struct {
    bool known;
    bool ports;            /* CF8/CFC answer; cheaper, but for 256 bytes only */
    bool generic;          /* see pci_config.h */
    struct acpi_ecam ecam; /* at 0: none */
} config;

/* Where an ECAM has a function's registers; NULL when it has not. */
static volatile uint8_t *ecam(const struct pci_dev *d)
{
    uint64_t at = config.ecam.at + ((uint64_t)d->bus << 20) +
                  ((uint64_t)d->dev << 15) + ((uint64_t)d->fn << 12);

    if (config.ecam.at == 0 || d->bus < config.ecam.first_bus ||
        d->bus > config.ecam.last_bus)
        return NULL;
    return memory_map_device(at, ECAM_BYTES);
}

static bool has_ports(void)
{
    out32(CONFIG_AT, ENABLE);
    return in32(CONFIG_AT) == ENABLE;
}

/* An ECAM that no table names: looked for only where QEMU may be, for what is
 * there on another machine nobody knows. */
static void find_microvm_ecam(void)
{
    const struct pci_dev bridge = {0};
    volatile uint8_t *p;

    if (cpu.hypervisor == HYPERVISOR_NONE)
        return;
    config.ecam = (struct acpi_ecam){.at = MICROVM_ECAM, .last_bus = 255};
    p = ecam(&bridge);
    config.generic = p && mmio_read32(p) == GENERIC_BRIDGE;
    if (!config.generic)
        config.ecam.at = 0;
}

static void find_bus(void)
{
    if (config.known)
        return;
    config.known = true;
    config.ports = has_ports();
    if (!acpi_mcfg_read(&config.ecam, acpi_table("MCFG")) && !config.ports)
        find_microvm_ecam();
}

bool pci_is_generic(void)
{
    find_bus();
    return config.generic;
}

uint32_t pci_host_bridge(void)
{
    const struct pci_dev bridge = {0};

    return pci_read32(&bridge, VENDOR);
}

/* Point the port at a register; false when it has none such. */
static bool select(const struct pci_dev *d, unsigned at)
{
    find_bus();
    if (at >= CONFIG_BYTES || !config.ports)
        return false;
    out32(CONFIG_AT, ENABLE | (uint32_t)d->bus << 16 | (uint32_t)d->dev << 11 |
                         (uint32_t)d->fn << 8 | (at & ~3u));
    return true;
}

#define PCI_ACCESS(bits)                                                       \
    uint##bits##_t pci_read##bits(const struct pci_dev *d, unsigned at)        \
    {                                                                          \
        volatile uint8_t *p;                                                   \
                                                                               \
        if (select(d, at))                                                     \
            return in##bits((uint16_t)(CONFIG + (at & 3)));                    \
        if (at <= ECAM_BYTES - bits / 8 && (p = ecam(d)))                      \
            return mmio_read##bits(p + at);                                    \
        return (uint##bits##_t) - 1;                                           \
    }                                                                          \
    void pci_write##bits(const struct pci_dev *d, unsigned at,                 \
                         uint##bits##_t v)                                     \
    {                                                                          \
        volatile uint8_t *p;                                                   \
                                                                               \
        if (select(d, at))                                                     \
            out##bits((uint16_t)(CONFIG + (at & 3)), v);                       \
        else if (at <= ECAM_BYTES - bits / 8 && (p = ecam(d)))                 \
            mmio_write##bits(p + at, v);                                       \
    }
PCI_ACCESS(8)
PCI_ACCESS(16)
PCI_ACCESS(32)

static void describe(struct pci_dev *d, uint32_t id)
{
    uint32_t class = pci_read32(d, REVISION), v;

    d->vendor = (uint16_t)id;
    d->device = (uint16_t)(id >> 16);
    d->revision = (uint8_t) class;
    d->class_code = class >> 8;
    v = pci_read32(d, IRQ_LINE);
    d->irq_line = (uint8_t)v;
    d->irq_pin = (uint8_t)(v >> 8);
    if (d->header != HEADER_BRIDGE) {
        v = pci_read32(d, SUBSYSTEM);
        d->subvendor = (uint16_t)v;
        d->subdevice = (uint16_t)(v >> 16);
    }
}

/* Buses still to be scanned; a bridge adds the one behind it. */
struct scan {
    uint8_t buses[PCI_BUSES_MAX];
    unsigned nbuses, n, max;
    struct pci_dev *out;
};

static void add_bus(struct scan *s, uint8_t bus)
{
    if (bus == 0 || s->nbuses == PCI_BUSES_MAX)
        return; /* 0: nobody has numbered it */
    for (unsigned i = 0; i < s->nbuses; i++)
        if (s->buses[i] == bus)
            return;
    s->buses[s->nbuses++] = bus;
}

/* False when function 0 is missing, and so the whole device. */
static bool scan_function(struct scan *s, struct pci_dev *d, bool *many)
{
    uint32_t id = pci_read32(d, VENDOR);
    uint8_t header;

    if ((id & 0xffff) == 0xffff || (id & 0xffff) == 0)
        return false;
    header = pci_read8(d, HEADER);
    *many |= header & HEADER_MANY;
    d->header = header & (HEADER_MANY - 1);
    if (d->header == HEADER_BRIDGE)
        add_bus(s, pci_read8(d, SECONDARY_BUS));
    if (s->n < s->max) {
        describe(d, id);
        s->out[s->n++] = *d;
    }
    return true;
}

unsigned pci_scan(struct pci_dev *out, unsigned max)
{
    struct scan s = {.nbuses = 1, .max = max, .out = out};

    for (unsigned b = 0; b < s.nbuses; b++)
        for (unsigned dev = 0; dev < 32; dev++) {
            bool many = false;

            for (unsigned fn = 0; fn < (many ? 8 : 1); fn++) {
                struct pci_dev d = {
                    .bus = s.buses[b], .dev = (uint8_t)dev, .fn = (uint8_t)fn};

                (void)scan_function(&s, &d, &many);
            }
        }
    return s.n;
}

unsigned pci_find_cap(const struct pci_dev *d, uint8_t id, unsigned after)
{
    unsigned at;

    if (!(pci_read16(d, STATUS) & HAS_CAPABILITIES))
        return 0;
    at = pci_read8(d, after ? after + 1 : CAPABILITIES) & ~3u;
    for (unsigned i = 0; i < PCI_CAPS_MAX && at >= 0x40; i++) {
        uint16_t head = pci_read16(d, at);

        if ((head & 0xff) == id)
            return at;
        at = head >> 8 & ~3u;
    }
    return 0;
}

void pci_enable(const struct pci_dev *d)
{
    uint16_t command = pci_read16(d, COMMAND);

    pci_write16(d, COMMAND, (uint16_t)(command | COMMAND_ON));
}

void pci_disable(const struct pci_dev *d)
{
    uint16_t command = pci_read16(d, COMMAND);

    pci_write16(d, COMMAND,
                (uint16_t)((command & ~COMMAND_ON) | COMMAND_NO_INTX));
}
