/* SPDX-License-Identifier: ISC */
/*
 * power.c - off, reset, and how a host learns of a failure.
 */
#include "power.h"

#include <billet/machine.h>

#include "acpi.h"
#include "console.h"
#include "cpu.h"
#include "io.h"
#include "memory.h"
#include "pci.h"
#include "platform.h"
#include "xen.h"

enum {
    DEBUG_EXIT = 0xf4,          /* where everybody puts it */
    DEBUG_EXIT_DEFAULT = 0x501, /* where QEMU does if it is not told */
    PVPANIC = 0x505,
    PVPANIC_PANICKED = 1,
    PVPANIC_ID = 0x00111b36, /* on PCI */
    PVPANIC_AMONG = 64,      /* functions; beyond: not found */
    RESET_CONTROL = 0xcf9,
    RESET_FULL = 6,
    KEYBOARD = 0x64,
    KEYBOARD_RESET = 0xfe,
    ACPI_SLEEP = 1 << 13, /* in the PM1 control register */
    ACPI_ON = 1 << 0,
    ACPI_WAITS = 3000, /* looks for the firmware to hand over */
    REDUCED_SLEEP = 1 << 5,
    SETTLE_LOOKS = 1 << 16, /* until a write has had its effect */
    PAUSE_TICKS = 1 << 30,  /* a second or less, so that a restart that */
    PAUSE_LOOKS = 1 << 20   /* fails again does not eat the host */
};

static void settle(void)
{
    for (unsigned i = 0; i < SETTLE_LOOKS; i++)
        cpu_pause();
}

static _Noreturn void halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

static void write_register(const struct acpi_register *r, uint8_t v)
{
    volatile void *p;

    if (r->at == 0)
        return;
    if (r->is_port)
        out8((uint16_t)r->at, v);
    else if ((p = memory_map_device(r->at, 1)))
        mmio_write8(p, v);
}

/* The firmware owns the registers until it is told otherwise. */
void power_take_over(void)
{
    const struct acpi_fadt *f = &platform.fadt;
    uint16_t port = (uint16_t)f->pm1a_control;

    if (port == 0 || in16(port) & ACPI_ON || f->smi_command == 0 ||
        f->acpi_enable == 0)
        return;
    out8((uint16_t)f->smi_command, f->acpi_enable);
    for (unsigned i = 0; i < ACPI_WAITS && !(in16(port) & ACPI_ON); i++)
        cpu_pause();
}

static void power_off(void)
{
    const struct acpi_fadt *f = &platform.fadt;
    uint8_t a, b;

    if (!platform.has_fadt || !acpi_find_s5(acpi_table("DSDT"), &a, &b))
        return;
    if (f->hardware_reduced) {
        write_register(&f->sleep_control, (uint8_t)(a << 2 | REDUCED_SLEEP));
    } else if (f->pm1a_control) {
        power_take_over();
        out16((uint16_t)f->pm1a_control, (uint16_t)(a << 10 | ACPI_SLEEP));
        if (f->pm1b_control)
            out16((uint16_t)f->pm1b_control, (uint16_t)(b << 10 | ACPI_SLEEP));
    }
    settle();
}

_Noreturn void machine_reset(void)
{
    const struct {
        uint16_t pad[3], limit;
        uint64_t base;
    } no_idt = {.limit = 0};

    __asm__ volatile("cli");
    serial_finish();
    xen_end(XEN_REBOOT);
    if (platform.has_fadt && platform.fadt.reset.at) {
        write_register(&platform.fadt.reset, platform.fadt.reset_value);
        settle();
    }
    out8(RESET_CONTROL, RESET_FULL);
    settle();
    out8(KEYBOARD, KEYBOARD_RESET);
    settle();
    /* A fault that cannot be delivered ends in a shutdown cycle. */
    __asm__ volatile("lidt %0; int3" : : "m"(no_idt.limit), "m"(no_idt.base));
    halt();
}

/* QEMU's isa-debug-exit reads as zero; a port with nothing behind it as ones.
 * Only a virtual machine is asked. */
static void tell_host(unsigned status)
{
    static const uint16_t ports[] = {DEBUG_EXIT, DEBUG_EXIT_DEFAULT};

    for (unsigned i = 0; i < ARRAY_LEN(ports); i++) {
        if (cpu.hypervisor == HYPERVISOR_NONE || in8(ports[i]) != 0)
            continue;
        out8(ports[i], (uint8_t)(status < STATUS_MAX ? status : STATUS_MAX));
        settle();
    }
}

/* It reads as the events it takes. */
static bool takes_panics(uint8_t events)
{
    return events != 0xff && events & PVPANIC_PANICKED;
}

/* Looked for only now: no other image has to pay for it. */
static void tell_pvpanic_on_pci(void)
{
    struct pci_dev all[PVPANIC_AMONG];
    unsigned n = pci_scan(all, PVPANIC_AMONG);

    for (unsigned i = 0; i < n; i++) {
        struct pci_bar bar;
        volatile uint8_t *events;

        if ((all[i].device << 16 | all[i].vendor) != PVPANIC_ID ||
            !pci_bar(&all[i], 0, &bar) || !(events = pci_map(&bar, 0, 1)))
            continue;
        pci_enable(&all[i]);
        if (takes_panics(mmio_read8(events)))
            mmio_write8(events, PVPANIC_PANICKED);
    }
}

/* Once: who fails at it comes here again. */
static void tell_pvpanic(void)
{
    static bool told;

    if (cpu.hypervisor == HYPERVISOR_NONE || told)
        return;
    told = true;
    if (takes_panics(in8(PVPANIC)))
        out8(PVPANIC, PVPANIC_PANICKED);
    else
        tell_pvpanic_on_pci();
    settle();
}

/* Who ends a machine from outside cuts its power. */
uint64_t machine_hangups(void)
{
    return 0;
}

/* A machine that cannot be switched off starts again: a microvm without ACPI
 * is ended that way, with -no-reboot. */
_Noreturn void machine_exit(int status)
{
    __asm__ volatile("cli");
    if (status) {
        tell_host((unsigned)status);
        tell_pvpanic();
    }
    serial_finish();
    xen_end(status ? XEN_CRASH : XEN_POWEROFF);
    power_off();
    machine_reset();
}

_Noreturn void power_panic(void)
{
    uint64_t start = rdtsc();

    __asm__ volatile("cli");
    tell_host(PANIC_STATUS);
    tell_pvpanic();
    xen_end(XEN_CRASH);
    for (unsigned i = 0; i < PAUSE_LOOKS && rdtsc() - start < PAUSE_TICKS; i++)
        cpu_pause();
    machine_reset();
}
