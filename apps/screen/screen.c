/* SPDX-License-Identifier: ISC */
/*
 * screen - shows what screen and keyboard can do: bars of colour, a square that
 * the arrows push around, and a console for what is typed.  Escape ends it.
 *
 * The picture follows from the size and the keys alone, so one machine's can be
 * compared with another's.
 */
#include <billet/app.h>
#include <string.h>

KEY_FLAG(log, "log", "off", "show the lines of the log on the console, too");

enum {
    MARGIN = 16,
    TITLE_SCALE = 3,
    SIZE_Y = 72, /* where the parts begin */
    BARS_Y = 96,
    BARS_H = 24,
    FIELD_Y = 128,
    FIELD_H = 64,
    CONSOLE_Y = 208,
    SIDE = 16, /* of the square, and its steps */
    BACKGROUND = 0x102040,
    FIELD = 0x203060,
    SQUARE = 0xffcc00,
    WHITE = 0xffffff
};

struct card {
    struct env *env;
    struct screen *screen;
    struct screen_console console;
    struct rect field, square;
};

static void draw_square(struct card *c, uint32_t colour)
{
    screen_fill(c->screen, c->square, colour);
}

static void push(struct card *c, uint8_t code)
{
    struct rect *s = &c->square;
    const struct rect *f = &c->field;

    draw_square(c, FIELD);
    if (code == KEY_CODE_LEFT && s->x >= f->x + SIDE)
        s->x -= SIDE;
    if (code == KEY_CODE_RIGHT && s->x + 2 * SIDE <= f->x + f->w)
        s->x += SIDE;
    if (code == KEY_CODE_UP && s->y >= f->y + SIDE)
        s->y -= SIDE;
    if (code == KEY_CODE_DOWN && s->y + 2 * SIDE <= f->y + f->h)
        s->y += SIDE;
    draw_square(c, SQUARE);
}

/* A character of ISO 8859-1 as the console wants it, which is UTF-8. */
static void echo(struct card *c, uint32_t ch)
{
    uint8_t text[3] = {(uint8_t)ch};
    size_t n = 1;

    if (ch == '\b') {
        memcpy(text, "\b \b", n = 3);
    } else if (ch >= 0x80) {
        text[0] = (uint8_t)(0xc0 | ch >> 6);
        text[1] = (uint8_t)(0x80 | (ch & 0x3f));
        n = 2;
    }
    screen_console_write(&c->console, (struct span){text, n});
}

static void on_keys(struct input *in, void *user)
{
    struct card *c = user;
    struct input_event e;

    while (input_next(in, &e)) {
        if (!e.pressed)
            continue;
        if (e.code == KEY_CODE_ESC) {
            input_listen(in, NULL, NULL); /* nothing is left to happen */
            print_line(c->env->log, "screen: bye");
            return;
        }
        if (e.ch)
            echo(c, e.ch);
        else
            push(c, e.code);
    }
}

static void draw(struct card *c)
{
    static const uint32_t bars[] = {0xffffff, 0xffff00, 0x00ffff, 0x00ff00,
                                    0xff00ff, 0xff0000, 0x0000ff, 0x000000};
    struct screen *s = c->screen;
    uint32_t w = s->width / ARRAY_LEN(bars);

    screen_fill(s, screen_rect(s), BACKGROUND);
    screen_text(s, MARGIN, MARGIN, TITLE_SCALE, WHITE, BACKGROUND, "Billet");
    screen_text(s, MARGIN, SIZE_Y, 1, WHITE, BACKGROUND, "%u\u00d7%u", s->width,
                s->height);
    for (uint32_t i = 0; i < ARRAY_LEN(bars); i++)
        screen_fill(s, (struct rect){i * w, BARS_Y, w, BARS_H}, bars[i]);
    c->field = (struct rect){MARGIN, FIELD_Y,
                             (s->width - 2 * MARGIN) / SIDE * SIDE, FIELD_H};
    c->square = (struct rect){c->field.x, c->field.y, SIDE, SIDE};
    screen_fill(s, c->field, FIELD);
    draw_square(c, SQUARE);
    screen_console_init(&c->console, s,
                        (struct rect){MARGIN, CONSOLE_Y, s->width - 2 * MARGIN,
                                      s->height - CONSOLE_Y - MARGIN});
}

static enum err start(struct env *env)
{
    struct card *c = NEW(env, struct card);

    c->env = env;
    c->screen = env->screen;
    draw(c);
    screen_console_write(
        &c->console,
        SPAN("\033[1;32mType something.\033[0m The arrows push the "
             "square, \033[7mEscape\033[0m ends.\n"));
    if (key_flag(env->keys, &key_log))
        screen_show_log(env, &c->console);
    input_listen(env->input, on_keys, c);
    print_line(env->log, "screen: ready");
    return OK;
}

BILLET_APP(start, .name = "screen", .limits = {.fibers = 1});
BILLET_SCREEN;
