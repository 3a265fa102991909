/* SPDX-License-Identifier: ISC */
/*
 * consoles_metal.c - see consoles.h.
 */
#include "consoles.h"

#include <billet/machine.h>
#include <log/log_impl.h>
#include <virtio/virtio.h>

#include "system.h"

enum {
    TRIES = 64, /* while the host takes nothing; beyond: it is not heard */
    WAIT_MS = 1
};

static struct virtio_console *console;
static bool patient; /* what is said now is the last */

static void rest(void)
{
    machine_wait(machine_now() + WAIT_MS * NS_PER_MS);
    machine_woken();
}

static void write_all(struct span text)
{
    for (unsigned i = 0; text.n > 0 && i < TRIES; i++) {
        size_t n = virtio_console_write(console, text);

        text.p += n;
        text.n -= n;
        if (text.n > 0)
            rest();
    }
}

static void log_to_all(struct span text)
{
    machine_log(text);
    if (!patient) {
        virtio_console_write(console, text);
        return;
    }
    write_all(text);
    rest(); /* for a host that reads later than it is told to */
}

static void describe(struct env *env, const struct virtio_dev *dev)
{
    char text[VIRTIO_DESCRIBE_BYTES];

    if (!log_on(env->log, LOG_DEBUG, "virtio"))
        return;
    virtio_describe(dev, text, sizeof(text));
    log_debug(env->log, "virtio", "%s", text);
}

void console_attach(struct env *env, struct virtio_dev *dev)
{
    struct span text;
    uint64_t at = 0;

    if (console || !(console = virtio_console_attach(dev, &boot_system.arena)))
        return;
    describe(env, dev);
    while ((text = log_read(env->log, &at)).n > 0)
        write_all(text);
    env->log->sink = log_to_all;
}

void console_last_words(struct env *env)
{
    struct virtio_dev *devs[VIRTIO_DEVS_MAX];
    unsigned n;

    patient = true;
    if (console)
        return;
    if (!boot_system.arena.p)
        arena_init(&boot_system.arena, machine_memory());
    n = virtio_scan(devs, VIRTIO_DEVS_MAX, &boot_system.arena);
    for (unsigned i = 0; i < n; i++)
        if (devs[i]->kind == VIRTIO_KIND_CONSOLE)
            console_attach(env, devs[i]);
}
