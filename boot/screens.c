/* SPDX-License-Identifier: ISC */
/*
 * screens.c - a screen and a keyboard for the image, and their place in the
 * loop.
 */
#include "screens.h"

#include <billet/machine.h>
#include <log/log_impl.h>
#include <string.h>

#include "consoles.h"
#include "system.h"

static const char *check_size(struct span v);

KEY_STRING(screen, "screen", "WIDTHxHEIGHT", "1024x768",
           "size of the screen, in pixels; if not given, the firmware's",
           .check = check_size);
KEY_CHOICE(keyboard, "keyboard", "us|de", "us", "what is on the keys");

enum { PAGE = MACHINE_PAGE_BYTES };

static struct {
    struct screen screen;
    struct input input;
    struct display *display; /* NULL: nobody sees it */
    struct screen_console *log;
    void (*below)(struct span); /* where the log went before */
    struct source source;
    ns_t now;
    bool said; /* that the display failed */
} screens;

static bool number(struct span *v, uint32_t *out)
{
    size_t n = 0;

    for (*out = 0; n < v->n && v->p[n] >= '0' && v->p[n] <= '9'; n++)
        if (n == 5)
            return false;
        else
            *out = *out * 10 + v->p[n] - '0';
    v->p += n;
    v->n -= n;
    return n > 0;
}

static bool read_size(struct span v, uint32_t *width, uint32_t *height)
{
    if (!number(&v, width) || v.n == 0 || *v.p != 'x')
        return false;
    v.p++;
    v.n--;
    /* Lines of whole 32 bytes are what all displays take. */
    return number(&v, height) && v.n == 0 && *width % 8 == 0 &&
           *width >= SCREEN_WIDTH_MIN && *width <= SCREEN_WIDTH_MAX &&
           *height >= SCREEN_HEIGHT_MIN && *height <= SCREEN_HEIGHT_MAX;
}

static const char *check_size(struct span v)
{
    uint32_t width, height;

    return read_size(v, &width, &height)
               ? NULL
               : "WIDTHxHEIGHT, from 320x200 to 4096x2160, the width a "
                 "multiple of 8";
}

static bool size(uint32_t *width, uint32_t *height)
{
    const struct keys *keys = boot_system.env.keys;
    const char *text = key_string(keys, &key_screen);
    bool asked = key_given(keys, &key_screen);

    if (!asked && screens_given_size(width, height))
        return false;
    if (!read_size((struct span){(const uint8_t *)text, strlen(text)}, width,
                   height))
        panic(__FILE__, __LINE__, "a key's value that its check refuses");
    return asked;
}

static size_t screens_bytes(void)
{
    uint32_t width, height;

    size(&width, &height);
    return (size_t)width * height * sizeof(uint32_t) + PAGE +
           screens_devices_bytes();
}

static void on_key(void *user, unsigned code, bool pressed)
{
    (void)user;
    input_key(&screens.input, screens.now, code, pressed);
}

static bool poll_display(struct env *env, ns_t now)
{
    struct display *d = screens.display;
    bool done = d && d->ops->poll && d->ops->poll(d, now);

    if (d && d->failure && !screens.said) {
        screens.said = true;
        log_error(env->log, "screen", "%s shut off: %s", d->name, d->failure);
    }
    return done;
}

static unsigned poll_screens(struct source *s, ns_t now, unsigned budget)
{
    unsigned n;

    (void)s;
    screens.now = now;
    n = screens_poll_keys(budget, on_key, NULL);
    if (input_pending(&screens.input))
        input_deliver(&screens.input);
    return n + poll_display(&boot_system.env, now);
}

static void flush_screens(struct source *s, ns_t now)
{
    struct screen *screen = &screens.screen;
    struct display *d = screens.display;

    (void)s;
    if (screen->damage.w == 0)
        return;
    if (!d || d->failure ||
        d->ops->show(d, screen->pixels, screen->width, screen->damage, now))
        screen->damage = (struct rect){0};
}

static bool arm_screens(struct source *s)
{
    struct display *d = screens.display;
    bool busy = screens_arm_keys();

    flush_screens(s, screens.now); /* what was drawn after the flush: a log */
    return (d && d->ops->arm && d->ops->arm(d)) || busy;
}

static ns_t deadline_screens(const struct source *s)
{
    const struct display *d = screens.display;
    ns_t at = screens_keys_deadline(screens.now);
    ns_t its = d && d->ops->deadline ? d->ops->deadline(d) : NS_NEVER;

    (void)s;
    if (input_pending(&screens.input))
        return screens.now;
    return its < at ? its : at;
}

static void say(struct env *env)
{
    const struct screen *s = &screens.screen;
    const struct display *d = screens.display;

    if (!d)
        log_warn(env->log, "screen",
                 "no display, so nobody sees the %ux%u pixels", s->width,
                 s->height);
    else if (d->width != s->width || d->height != s->height)
        log_warn(env->log, "screen", "%s shows %ux%u of %ux%u pixels", d->name,
                 d->width, d->height, s->width, s->height);
    else
        log_info(env->log, "screen", "%s, %ux%u", d->name, s->width, s->height);
    log_info(env->log, "screen", "keyboards: %s", screens.input.devices);
}

static enum err screens_up(struct env *env)
{
    struct screen *s = &screens.screen;
    const struct keymap *map =
        keymap_find(key_string(env->keys, &key_keyboard));
    bool wanted = size(&s->width, &s->height);
    size_t n = (size_t)s->width * s->height * sizeof(uint32_t);
    enum err err;

    s->pixels = arena_alloc(&boot_system.arena, n, PAGE);
    if ((err = screens_find_display(env, s, wanted, &screens.display)))
        return err;
    s->device = screens.display ? screens.display->name : "none";
    input_init(&screens.input, map);
    screens.input.devices = screens_find_keyboards(env, map);
    say(env);
    metrics_add(env->metrics, &input_metrics_group,
                &screens.input.counters.events);
    env->screen = s;
    env->input = &screens.input;
    screen_show(s, screen_rect(s)); /* black, whatever was there */
    screens.source = (struct source){.name = "screens",
                                     .poll = poll_screens,
                                     .flush = flush_screens,
                                     .arm = arm_screens,
                                     .deadline = deadline_screens};
    loop_add(env->loop, &screens.source);
    return OK;
}

static bool screens_in_use(void)
{
    return screens.input.on_keys != NULL;
}

static void screens_down(void)
{
    screens_close(screens.display);
}

static void log_both(struct span line)
{
    screens.below(line);
    screen_console_write(screens.log, line);
}

void screen_show_log(struct env *env, struct screen_console *c)
{
    uint64_t at = 0;
    struct span text;

    if (!screens.below)
        screens.below = env->log->sink;
    screens.log = c;
    env->log->sink = c ? log_both : screens.below;
    while (c && (text = log_read(env->log, &at)).n > 0)
        screen_console_write(c, text);
}

const struct screens billet_screens = {.bytes = screens_bytes,
                                       .up = screens_up,
                                       .in_use = screens_in_use,
                                       .down = screens_down,
                                       .last_words = console_last_words};
