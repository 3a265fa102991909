/* SPDX-License-Identifier: ISC */
/*
 * ide.c - see ide.h.
 */
#include <bus/ide.h>

#include <base/fmt.h>
#include <base/pool.h>
#include <x86_64/io.h>
#include <x86_64/pci.h>

enum {
    FUNCTIONS_MAX = 128, /* looked at; beyond: not seen */
    CLASS_IDE = 0x0101,  /* and an interface */
    OWN_PORTS = 1,       /* of the first channel; the second has bit 2 */
    COMMAND = 4,         /* of PCI, and what it says: */
    DECODES_PORTS = 1,
    COMMAND_PORTS = 8, /* of a channel, and of its control block: */
    CONTROL_PORTS = 4,
    CONTROL_AT = 2
};

struct ide_channel {
    struct ata_channel channel;
    uint16_t command, control; /* the first ports */
};

static uint16_t port(const struct ide_channel *c, enum ata_reg reg)
{
    return reg == ATA_CONTROL ? c->control : (uint16_t)(c->command + reg);
}

static struct ide_channel *ide(struct ata_channel *c)
{
    return CONTAINER(c, struct ide_channel, channel);
}

static uint8_t read8(struct ata_channel *c, enum ata_reg reg)
{
    return in8(port(ide(c), reg));
}

static void write8(struct ata_channel *c, enum ata_reg reg, uint8_t v)
{
    out8(port(ide(c), reg), v);
}

static void in(struct ata_channel *c, uint8_t *to, size_t words)
{
    in16_many(ide(c)->command, to, words);
}

static void out(struct ata_channel *c, const uint8_t *from, size_t words)
{
    for (size_t i = 0; i < words; i++)
        out16(ide(c)->command,
              (uint16_t)(from[2 * i] | (unsigned)from[2 * i + 1] << 8));
}

static bool own_ports(const struct pci_dev *dev, unsigned i,
                      struct ide_channel *c)
{
    struct pci_bar command, control;

    if (!pci_bar(dev, 2 * i, &command) || !pci_bar(dev, 2 * i + 1, &control) ||
        !command.is_port || !control.is_port || command.size < COMMAND_PORTS ||
        control.size < CONTROL_PORTS ||
        command.base > UINT16_MAX - COMMAND_PORTS ||
        control.base > UINT16_MAX - CONTROL_PORTS)
        return false;
    c->command = (uint16_t)command.base;
    c->control = (uint16_t)(control.base + CONTROL_AT);
    return true;
}

/* The old ports are of one controller only. */
static bool old_ports(unsigned i, struct ide_channel *c, unsigned *taken)
{
    if (*taken >> i & 1)
        return false;
    *taken |= 1u << i;
    c->command = i == 0 ? 0x1f0 : 0x170;
    c->control = i == 0 ? 0x3f6 : 0x376;
    return true;
}

static struct ata_channel *open(const struct pci_dev *dev, unsigned i,
                                unsigned *taken, struct arena *a)
{
    struct ide_channel c = {
        .channel = {.read = read8, .write = write8, .in = in, .out = out}};
    struct ide_channel *p;

    if (!(dev->class_code & (unsigned)OWN_PORTS << 2 * i
              ? own_ports(dev, i, &c)
              : old_ports(i, &c, taken)) ||
        !(p = arena_try(a, sizeof(*p), _Alignof(struct ide_channel))))
        return NULL;
    fmt(c.channel.name, sizeof(c.channel.name), "ide %02x:%02x.%u channel %u",
        dev->bus, dev->dev, dev->fn, i);
    *p = c;
    return &p->channel;
}

size_t bus_ide_bytes(void)
{
    return BUS_IDE_MAX *
           (sizeof(struct ide_channel) + _Alignof(struct ide_channel));
}

unsigned bus_ide_find(struct ata_channel *found[BUS_IDE_MAX], struct arena *a)
{
    struct pci_dev all[FUNCTIONS_MAX];
    unsigned n = pci_scan(all, FUNCTIONS_MAX), channels = 0, taken = 0;

    for (unsigned i = 0; i < n; i++) {
        if (all[i].class_code >> 8 != CLASS_IDE)
            continue;
        pci_write16(&all[i], COMMAND,
                    (uint16_t)(pci_read16(&all[i], COMMAND) | DECODES_PORTS));
        for (unsigned k = 0; k < 2 && channels < BUS_IDE_MAX; k++)
            if ((found[channels] = open(&all[i], k, &taken, a)))
                channels++;
    }
    return channels;
}
