/* SPDX-License-Identifier: ISC */
/*
 * machine.c - from the first C to billet_main(): the order in which the parts
 * of a machine are set up.
 */
#include <billet/machine.h>
#include <start.h>

#include "apic.h"
#include "boot_memory.h"
#include "button.h"
#include "clock.h"
#include "console.h"
#include "cpu.h"
#include "fault.h"
#include "irq_wait.h"
#include "pci_config.h"
#include "platform.h"
#include "xen.h"

_Noreturn void machine_start(uint32_t eax, uint32_t ebx, uint64_t first_tsc,
                             uint32_t esp);

struct platform platform;

void machine_log(struct span text)
{
    serial_write(text);
    vga_write(text);
    xen_write(text);
}

static void say(const char *text)
{
    machine_log(span_of(text));
}

/* A machine that cannot stand says why, and leaves with status 1; or with 2,
 * as for any key that is not accepted, when a user can mend it. */
static void must(const char *wrong)
{
    if (!wrong)
        return;
    say("boot: ");
    say(wrong);
    say("\n");
    machine_exit(platform.boot.misused ? 2 : 1);
}

/* From entry.S, on the boot stack, in the loader's memory. */
_Noreturn void machine_start(uint32_t eax, uint32_t ebx, uint64_t first_tsc,
                             uint32_t esp)
{
    const struct phys early = {.size = UINT64_C(1) << 32};
    const char *wrong;

    serial_start();
    serial_write(SPAN("\n")); /* firmware leaves its last line open */
    xen_start();
    fault_start();
    cpu_start();
    platform.boot.map = xen_memory_map();
    wrong = boot_info_read(&platform.boot, &early, eax, ebx, esp);
    vga_start(platform.boot.display, platform.boot.efi);
    must(wrong);
    platform_take_arguments();
    must(memory_start(&platform.boot));
    cpu_guard_branches();
    vga_remap();
    xen_remap();
    platform_acpi_start();
    irq_start();
    must(apic_start(&platform.madt));
    (void)button_start();
    memory_seal();
    clock_start(first_tsc);
    billet_main();
}

const char *const *machine_args(void)
{
    return platform.boot.cmdline.args;
}

static const char *board(void)
{
    bool qemu = cpu.hypervisor == HYPERVISOR_TCG;

    if (platform.has_acpi) {
        struct span fadt = acpi_table("FACP");

        qemu |= fadt.n > 16 && memcmp(fadt.p + 10, "BOCHS ", 6) == 0;
    }
    if (!qemu)
        return cpu.hypervisor == HYPERVISOR_KVM    ? "KVM"
               : cpu.hypervisor == HYPERVISOR_XEN  ? "Xen"
               : cpu.hypervisor != HYPERVISOR_NONE ? "a virtual machine"
                                                   : "a PC";
    switch (pci_host_bridge()) {
    case 0x12378086:
        return "QEMU pc";
    case 0x29c08086:
        return "QEMU q35";
    default:
        return "QEMU microvm";
    }
}

const char *machine_name(void)
{
    static const char *const by[] = {[BOOT_NONE] = "",
                                     [BOOT_MULTIBOOT1] = " by multiboot",
                                     [BOOT_MULTIBOOT2] = " by multiboot2",
                                     [BOOT_PVH] = " by PVH",
                                     [BOOT_OPENBSD] = " by vmd"};
    static char name[64];
    const char *parts[] = {board(), by[platform.boot.protocol],
                           platform.boot.efi ? " on UEFI" : "", NULL};
    size_t n = 0;

    for (unsigned i = 0; parts[i]; i++)
        for (const char *c = parts[i]; *c && n + 1 < sizeof(name); c++)
            name[n++] = *c;
    name[n] = 0;
    return name;
}
