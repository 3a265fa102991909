/* SPDX-License-Identifier: ISC */
/*
 * screens_metal.c - displays and keyboards of a machine.
 *
 * A picture that the boot loader set up is taken as it is: it is what somebody
 * looks at.  Else virtio's display is, else the one of Bochs.
 */
#include "screens.h"

#include <base/fmt.h>
#include <base/pool.h>
#include <billet/machine.h>
#include <display/bochs.h>
#include <display/ps2.h>
#include <log/log_impl.h>
#include <virtio/gpu.h>
#include <virtio/input.h>
#include <virtio/kinds.h>
#include <virtio/virtio.h>
#include <x86_64/console.h>
#include <x86_64/fault.h>
#include <x86_64/io.h>
#include <x86_64/irq.h>
#include <x86_64/memory.h>
#include <x86_64/pci.h>
#include <x86_64/platform.h>

#include "consoles.h"
#include "screens_panic.h"
#include "system.h"

enum {
    SCAN_BYTES = VIRTIO_DEVS_MAX * 384,
    KEYBOARDS_MAX = 4, /* of virtio; beyond: not used */
    FUNCTIONS_MAX = 128,
    BOCHS_VENDOR = 0x1234,
    BOCHS_DEVICE = 0x1111,
    BOCHS_PICTURE = 0, /* BARs */
    BOCHS_REGS = 2,
    REGS_BYTES = 0x520,
    VGA_AT = 0x400, /* ports 0x3c0 and so on */
    VGA_ATTRIBUTE = VGA_AT,
    VGA_STATUS = VGA_AT + 0x1a,
    VGA_SHOW = 0x20,
    DISPI_AT = 0x500,
    NAMES_BYTES = 160,
    KEYBOARD_IRQ = 1,
    POLL_MS = 10 /* where there is no interrupt */
};

/* A tag of Multiboot 2's header: a picture, please; image.ld gathers it.  In
 * images alone that are linked with this file. */
__attribute__((used, section(".boot.tags"))) static const struct {
    uint16_t type, optional;
    uint32_t size, width, height, depth, pad;
} please = {5, 1, 20, 1024, 768, 32, 0};

static const struct virtio_kind_name kinds[] = {
    {VIRTIO_KIND_GPU, "virtio-gpu-pci", "virtio-gpu-mmio"},
    {VIRTIO_KIND_INPUT, "virtio-input-pci", "virtio-input-mmio"},
    {0},
};
const struct virtio_kind_name *const virtio_more_kinds = kinds;

static struct {
    struct linear linear;
    struct virtio_input *virtio[KEYBOARDS_MAX];
    struct virtio_dev *dev[KEYBOARDS_MAX];
    unsigned nvirtio;
    struct ps2 ps2;
    bool has_ps2, polled;
    char names[NAMES_BYTES];
    struct screens_panic panic;
} found;

size_t screens_devices_bytes(void)
{
    return SCAN_BYTES + CONSOLE_ARENA_BYTES + virtio_gpu_bytes() +
           KEYBOARDS_MAX * virtio_input_bytes();
}

static bool given(struct linear_place *p)
{
    const struct boot_info *b = &platform.boot;
    struct span tag;

    if (!b->framebuffer)
        return false;
    tag = phys_at(&phys_memory, b->framebuffer, 8);
    tag = tag.n ? phys_at(&phys_memory, b->framebuffer, le32(tag.p + 4)) : tag;
    return tag.n > 0 && linear_place_read(p, tag);
}

bool screens_given_size(uint32_t *width, uint32_t *height)
{
    struct linear_place p;

    if (!given(&p) || p.width < SCREEN_WIDTH_MIN ||
        p.height < SCREEN_HEIGHT_MIN || p.width > SCREEN_WIDTH_MAX ||
        p.height > SCREEN_HEIGHT_MAX)
        return false;
    *width = p.width;
    *height = p.height;
    return true;
}

static struct display *use_given(const struct linear_place *p)
{
    volatile void *base =
        memory_map_device(p->at, (size_t)p->pitch * p->height);

    if (!linear_init(&found.linear, base, p->width, p->height, p->pitch,
                     p->format))
        return NULL;
    fmt(found.linear.display.name, DISPLAY_NAME_BYTES,
        "the boot loader's framebuffer");
    return &found.linear.display;
}

static struct display *find_gpu(struct env *env, struct screen *s,
                                struct virtio_dev **devs, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct display *d = NULL;

        if (devs[i]->kind == VIRTIO_KIND_GPU)
            d = virtio_gpu_attach(devs[i], &boot_system.arena, s->pixels,
                                  s->width, s->height);
        if (d && !d->failure)
            return d;
        if (d)
            log_error(env->log, "screen", "%s shut off: %s", d->name,
                      d->failure);
    }
    return NULL;
}

struct card {
    struct bochs_regs regs;
    volatile uint8_t *base;
};

static uint16_t card_read(struct bochs_regs *r, unsigned index)
{
    return mmio_read16(CONTAINER(r, struct card, regs)->base + DISPI_AT +
                       2 * index);
}

static void card_write(struct bochs_regs *r, unsigned index, uint16_t v)
{
    mmio_write16(CONTAINER(r, struct card, regs)->base + DISPI_AT + 2 * index,
                 v);
}

/* A card with VGA on it may have been told to be dark. */
static void unblank(const struct card *c)
{
    mmio_read8(c->base + VGA_STATUS); /* the next write is to an index */
    mmio_write8(c->base + VGA_ATTRIBUTE, VGA_SHOW);
}

static const char *start_bochs(const struct pci_dev *p, const struct screen *s)
{
    struct card c = {.regs = {.read = card_read, .write = card_write}};
    size_t bytes = (size_t)s->width * s->height * 4;
    struct pci_bar picture, regs;
    const char *why;

    if (!pci_bar(p, BOCHS_PICTURE, &picture) || picture.is_port ||
        !pci_bar(p, BOCHS_REGS, &regs))
        return "its registers are not to be had";
    pci_enable(p);
    c.base = pci_map(&regs, 0, REGS_BYTES);
    if (!c.base)
        return "its registers are not to be had";
    if (picture.size < bytes)
        return "its memory is too small";
    if ((why = bochs_start(&c.regs, s->width, s->height, picture.size)))
        return why;
    unblank(&c);
    vga_stop();
    return linear_init(&found.linear, pci_map(&picture, 0, bytes), s->width,
                       s->height, s->width * 4, linear_xrgb8888)
               ? NULL
               : "its memory cannot be mapped";
}

static struct display *find_bochs(struct env *env, const struct screen *s)
{
    struct pci_dev all[FUNCTIONS_MAX];
    struct display *d = &found.linear.display;
    unsigned n = pci_scan(all, FUNCTIONS_MAX);

    for (unsigned i = 0; i < n; i++) {
        const char *why;

        if (all[i].vendor != BOCHS_VENDOR || all[i].device != BOCHS_DEVICE)
            continue;
        why = start_bochs(&all[i], s);
        fmt(d->name, DISPLAY_NAME_BYTES, "bochs-display %02x:%02x.%u",
            all[i].bus, all[i].dev, all[i].fn);
        if (!why)
            return d;
        log_warn(env->log, "screen", "%s: %s", d->name, why);
    }
    return NULL;
}

static void find_inputs(struct env *env, struct virtio_dev **devs, unsigned n)
{
    for (unsigned i = 0; i < n && found.nvirtio < KEYBOARDS_MAX; i++) {
        struct virtio_input *v = NULL;

        if (devs[i]->kind != VIRTIO_KIND_INPUT)
            continue;
        v = virtio_input_attach(devs[i], &boot_system.arena);
        if (!v && devs[i]->failure)
            log_error(env->log, "screen", "%s shut off: %s", devs[i]->name,
                      devs[i]->failure);
        if (!v)
            continue;
        found.polled |= !devs[i]->interrupts;
        found.dev[found.nvirtio] = devs[i];
        found.virtio[found.nvirtio++] = v;
    }
}

static void panicked(struct span text)
{
    screens_panic_say(&found.panic, text);
}

enum err screens_find_display(struct env *env, struct screen *s, bool wanted,
                              struct display **out)
{
    struct virtio_dev *devs[VIRTIO_DEVS_MAX];
    unsigned n = virtio_scan(devs, VIRTIO_DEVS_MAX, &boot_system.arena);
    struct linear_place p;
    bool is_given = given(&p);

    for (unsigned i = 0; i < n; i++)
        if (devs[i]->kind == VIRTIO_KIND_CONSOLE)
            console_attach(env, devs[i]);
    find_inputs(env, devs, n);
    *out = NULL;
    if (is_given && (!wanted || (p.width == s->width && p.height == s->height)))
        *out = use_given(&p);
    if (!*out)
        *out = find_gpu(env, s, devs, n);
    if (!*out)
        *out = find_bochs(env, s);
    if (!*out && is_given)
        *out = use_given(&p);
    found.panic = (struct screens_panic){
        .screen = s, .display = *out, .now = machine_now};
    panic_shows(panicked);
    return OK;
}

static uint8_t port_read(struct ps2_ports *p, unsigned port)
{
    (void)p;
    return in8((uint16_t)port);
}

static void port_write(struct ps2_ports *p, unsigned port, uint8_t v)
{
    (void)p;
    out8((uint16_t)port, v);
}

static struct ps2_ports ports = {.read = port_read, .write = port_write};

const char *screens_find_keyboards(struct env *env, const struct keymap *map)
{
    const char *why = ps2_start(&found.ps2, &ports);
    size_t n = 0;

    (void)map;
    found.has_ps2 = !why;
    if (why)
        log_debug(env->log, "screen", "PS/2: %s", why);
    else
        n = fmt(found.names, NAMES_BYTES, "PS/2");
    if (found.has_ps2 && !irq_isa(KEYBOARD_IRQ, NULL, NULL))
        found.polled = true;
    for (unsigned i = 0; i < found.nvirtio; i++)
        n += fmt(found.names + n, NAMES_BYTES - n, "%s%s", n ? ", " : "",
                 found.dev[i]->name);
    return n ? found.names : "none";
}

unsigned screens_poll_keys(unsigned budget, key_fn *key, void *user)
{
    unsigned n = 0;

    if (found.has_ps2)
        n = ps2_poll(&found.ps2, budget, key, user);
    for (unsigned i = 0; i < found.nvirtio; i++)
        n += virtio_input_poll(found.virtio[i], budget, key, user);
    return n;
}

bool screens_arm_keys(void)
{
    bool busy = found.has_ps2 && ps2_stirred(&found.ps2);

    for (unsigned i = 0; i < found.nvirtio; i++)
        busy |= virtio_input_arm(found.virtio[i]);
    return busy;
}

ns_t screens_keys_deadline(ns_t now)
{
    return found.polled ? now + POLL_MS * NS_PER_MS : NS_NEVER;
}

void screens_close(struct display *d)
{
    (void)d;
}
