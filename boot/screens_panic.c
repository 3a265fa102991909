/* SPDX-License-Identifier: ISC */
/*
 * screens_panic.c - see screens_panic.h.
 */
#include "screens_panic.h"

enum {
    LOOKS_MAX = 1 << 24 /* should the clock stand still */
};
#define PATIENCE_NS NS_PER_SEC /* with a display, for all lines together */
#define COLOURS     "\033[97;41m\033[2J\033[?25l"

static void begin(struct screens_panic *p)
{
    p->until = p->now() + PATIENCE_NS;
    p->looks = LOOKS_MAX;
    screen_console_init(&p->console, p->screen, screen_rect(p->screen));
    screen_console_write(&p->console, SPAN(COLOURS));
}

/* A display that is asked again and again, for there is no loop any more. */
static bool look(struct screens_panic *p)
{
    struct display *d = p->display;
    ns_t now = p->now();

    if (d->failure || p->looks == 0 || now > p->until)
        return false;
    p->looks--;
    if (d->ops->poll)
        (void)d->ops->poll(d, now);
    return true;
}

static bool is_busy(const struct display *d)
{
    return d->ops->deadline && d->ops->deadline(d) != NS_NEVER;
}

static void show(struct screens_panic *p)
{
    struct screen *s = p->screen;
    struct display *d = p->display;

    while (!d->ops->show(d, s->pixels, s->width, s->damage, p->now()))
        if (!look(p))
            return;
    s->damage = (struct rect){0};
    while (is_busy(d) && look(p))
        ;
}

void screens_panic_say(struct screens_panic *p, struct span text)
{
    struct screen_console *c = &p->console;

    if (p->busy || !p->display || p->display->failure)
        return;
    p->busy = true;
    if (!p->begun)
        begin(p);
    p->begun = true;
    /* What comes first says the most, so nothing scrolls. */
    if (c->row + 1 < c->rows) {
        screen_console_write(c, text);
        show(p);
    }
    p->busy = false;
}
