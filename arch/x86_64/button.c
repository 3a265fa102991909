/* SPDX-License-Identifier: ISC */
/*
 * button.c - ACPI's power button: the owner wants the machine to end.
 *
 * In the fixed registers of a PC, or where hardware is reduced (QEMU's microvm)
 * behind the generic event device.
 */
#include "button.h"

#include <billet/machine.h>

#include "io.h"
#include "irq.h"
#include "memory.h"
#include "platform.h"
#include "power.h"

enum {
    PRESSED = 1 << 8,    /* PM1 status and enable */
    GED_PRESSED = 1 << 1 /* QEMU's, in the register that says what happened */
};

static struct {
    uint16_t status[2]; /* ports; 0: none */
    volatile uint8_t *events;
    bool pressed;
} button;

bool machine_ending(void)
{
    return button.pressed;
}

/* Level-triggered: what has happened is said to be seen. */
static void on_sci(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < ARRAY_LEN(button.status); i++) {
        uint16_t port = button.status[i];

        if (port && in16(port) & PRESSED) {
            out16(port, PRESSED);
            button.pressed = true;
        }
    }
}

static void on_event(void *arg)
{
    (void)arg; /* reading clears */
    button.pressed |= (mmio_read32(button.events) & GED_PRESSED) != 0;
}

/* Without an interrupt nobody hears of it, which is as on a machine that has no
 * button. */
static bool start_ged(void)
{
    struct acpi_ged ged;
    int vector;

    if (!acpi_find_ged(acpi_table("DSDT"), &ged))
        return false;
    button.events = memory_map_device(ged.events, sizeof(uint32_t));
    vector = button.events ? irq_alloc(on_event, NULL) : -1;
    return vector >= 0 && irq_gsi(ged.gsi, ged.level, false, vector);
}

bool button_start(void)
{
    const struct acpi_fadt *f = &platform.fadt;
    const uint32_t blocks[] = {f->pm1a_event, f->pm1b_event};

    if (!platform.has_fadt)
        return false;
    if (f->hardware_reduced)
        return start_ged();
    if (!f->power_button || f->pm1a_event == 0 ||
        !irq_isa(f->sci, on_sci, NULL))
        return false;
    power_take_over();
    for (unsigned i = 0; i < ARRAY_LEN(blocks) && blocks[i]; i++) {
        button.status[i] = (uint16_t)blocks[i];
        out16(button.status[i], PRESSED); /* of another time */
        out16((uint16_t)(blocks[i] + f->pm1_event_bytes / 2), PRESSED);
    }
    return true;
}
