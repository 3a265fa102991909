/* SPDX-License-Identifier: ISC */
/*
 * acpi.c - the tables of this machine, ACPI's and SMBIOS's.
 */
#include "acpi.h"

#include <billet/machine.h>

#include "cpu.h"
#include "io.h"
#include "memory.h"
#include "pci_config.h"
#include "platform.h"
#include "smbios.h"

static bool map(uint64_t at, size_t n)
{
    return memory_map_firmware(at, n) != NULL;
}

const struct phys phys_memory = {.size = BOOT_ADDRESS_MAX, .map = map};

bool machine_id(uint8_t out[MACHINE_ID_BYTES])
{
    return smbios_uuid(&phys_memory, out);
}

struct span machine_smbios(void)
{
    return smbios_table(&phys_memory, platform.boot.efi_table);
}

void platform_acpi_start(void)
{
    struct platform *p = &platform;
    uint64_t root = p->boot.rsdp;

    if (root == 0)
        root = acpi_find_root(&phys_memory, &p->boot.acpi);
    p->has_acpi = root != 0 && acpi_read(&p->acpi, &phys_memory, root);
    if (p->has_acpi)
        p->has_fadt = acpi_fadt_read(&p->fadt, acpi_table("FACP"));
    if (!p->has_acpi || !acpi_madt_read(&p->madt, acpi_table("APIC")))
        acpi_madt_default(&p->madt);
}

struct span acpi_table(const char signature[4])
{
    return platform.has_acpi ? acpi_get(&platform.acpi, signature)
                             : (struct span){0};
}

const volatile uint64_t *acpi_generation(void)
{
    enum { BYTES = 16 };
    struct span s = acpi_table("DSDT");
    uint64_t at = 0;

    for (unsigned i = 0; s.n > 0 && (at = acpi_find_generation(s)) == 0; i++)
        s = acpi_get_nth(&platform.acpi, "SSDT", i);
    return at % 8 == 0 ? memory_map_firmware(at, BYTES) : NULL;
}

void platform_take_arguments(void)
{
    struct platform *p = &platform;
    struct cmdline *c = &p->boot.cmdline;
    unsigned kept = 0;

    for (unsigned i = 0; i < c->n; i++) {
        if (p->nvirtio < MMIO_VIRTIO_MAX &&
            virtio_from_argument(c->args[i], &p->virtio[p->nvirtio]))
            p->nvirtio++;
        else
            c->args[kept++] = c->args[i];
    }
    c->n = kept;
    c->args[kept] = NULL;
}

/* A slot of microvm without a device has the magic and the id 0. */
static bool has_device(const struct mmio_virtio *v)
{
    enum { MAGIC = 0x74726976, DEVICE_ID = 8, BYTES = 0x100 };
    const volatile uint8_t *p = NULL;

    if (v->size >= BYTES && v->addr % 4 == 0)
        p = memory_map_device(v->addr, v->size);
    return p && mmio_read32(p) == MAGIC && mmio_read32(p + DEVICE_ID) != 0;
}

/* Where QEMU's microvm has them when it has no ACPI; by multiboot it does not
 * say so in the arguments either. */
static unsigned microvm_slots(struct mmio_virtio *out)
{
    enum { BASE = 0xfeb00000, BYTES = 512, SLOTS = 8, FIRST_PIN = 5 };

    if (cpu.hypervisor == HYPERVISOR_NONE || platform.has_acpi ||
        pci_host_bridge() != UINT32_MAX)
        return 0;
    for (unsigned i = 0; i < SLOTS; i++)
        out[i] = (struct mmio_virtio){
            .addr = BASE + BYTES * i, .size = BYTES, .gsi = FIRST_PIN + i};
    return SLOTS;
}

unsigned mmio_virtio_devices(struct mmio_virtio *out, unsigned max)
{
    struct mmio_virtio all[MMIO_VIRTIO_MAX];
    unsigned n = platform.nvirtio, found = 0;

    memcpy(all, platform.virtio, sizeof(all));
    /* A PC with PCI has none, and looking for them takes its time. */
    if (n == 0 && platform.has_fadt && platform.fadt.hardware_reduced)
        n = acpi_find_virtio(acpi_table("DSDT"), all, MMIO_VIRTIO_MAX);
    if (n == 0)
        n = microvm_slots(all);
    for (unsigned i = 0; i < n && found < max; i++)
        if (has_device(&all[i]))
            out[found++] = all[i];
    return found;
}
