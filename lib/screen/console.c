/* SPDX-License-Identifier: ISC */
/*
 * console.c - text with ANSI sequences (ECMA-48) on pixels.
 *
 * Nothing is kept of a letter but its pixels: scrolling moves them, and the
 * cursor inverts them, which undoes itself.
 */
#include <screen/screen_impl.h>

#include <base/fmt.h>
#include <string.h>

enum {
    TEXT,
    AFTER_ESC,
    IN_SEQUENCE, /* CSI */
    TAB_COLUMNS = 8,
    PARAM_MAX = 9999, /* beyond: this */
    PARAMS_MAX = 8,   /* beyond: read over */
    GREY = 7,
    BRIGHT = 8
};

static uint32_t palette(unsigned n)
{
    static const uint32_t colours[] = {0x000000, 0xaa0000, 0x00aa00, 0xaa5500,
                                       0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
                                       0x555555, 0xff5555, 0x55ff55, 0xffff55,
                                       0x5555ff, 0xff55ff, 0x55ffff, 0xffffff};
    unsigned cube = n - 16, part[3] = {cube / 36, cube / 6 % 6, cube % 6};
    uint32_t v = 0;

    if (n < ARRAY_LEN(colours))
        return colours[n];
    if (n >= 232) /* greys */
        return (8 + 10 * (n - 232)) * 0x010101u;
    for (unsigned i = 0; i < 3; i++)
        v = v << 8 | (part[i] ? 55 + 40 * part[i] : 0);
    return v;
}

static struct rect cell(const struct screen_console *c, uint32_t column,
                        uint32_t row)
{
    return (struct rect){c->x + column * SCREEN_FONT_WIDTH,
                         c->y + row * SCREEN_FONT_HEIGHT, SCREEN_FONT_WIDTH,
                         SCREEN_FONT_HEIGHT};
}

/* From one letter to before another of the same row. */
static void clear(struct screen_console *c, uint32_t row, uint32_t from,
                  uint32_t to)
{
    struct rect r = cell(c, from, row);

    if (from >= to)
        return;
    r.w *= to - from;
    screen_fill(c->screen, r, c->background);
}

static void toggle_cursor(struct screen_console *c)
{
    struct screen *s = c->screen;
    uint32_t column = c->column < c->columns ? c->column : c->columns - 1;
    struct rect r = cell(c, column, c->row);

    for (uint32_t y = r.y; y < r.y + r.h; y++)
        for (uint32_t x = r.x; x < r.x + r.w; x++)
            s->pixels[(size_t)y * s->width + x] ^= 0xffffff;
    screen_show(s, r);
    c->cursor_drawn = !c->cursor_drawn;
}

static void scroll(struct screen_console *c)
{
    struct screen *s = c->screen;
    uint32_t step = SCREEN_FONT_HEIGHT;
    uint32_t w = c->columns * SCREEN_FONT_WIDTH;
    uint32_t h = c->rows * SCREEN_FONT_HEIGHT;

    for (uint32_t y = c->y; y < c->y + h - step; y++) {
        uint32_t *to = s->pixels + (size_t)y * s->width + c->x;

        memcpy(to, to + (size_t)step * s->width, (size_t)w * sizeof(*to));
    }
    clear(c, c->rows - 1, 0, c->columns);
    screen_show(s, (struct rect){c->x, c->y, w, h});
}

static void next_row(struct screen_console *c)
{
    if (c->row + 1 < c->rows)
        c->row++;
    else
        scroll(c);
}

static void put(struct screen_console *c, uint32_t ch)
{
    struct rect r;

    if (c->column == c->columns) {
        c->column = 0;
        next_row(c);
    }
    r = cell(c, c->column++, c->row);
    screen_glyph(c->screen, r.x, r.y, ch,
                 c->inverse ? c->background : c->colour,
                 c->inverse ? c->colour : c->background, 1);
    screen_show(c->screen, r);
}

static void control(struct screen_console *c, uint8_t b)
{
    switch (b) {
    case '\n': /* as a log wants it: to the start of the next row */
        c->column = 0;
        next_row(c);
        break;
    case '\r':
        c->column = 0;
        break;
    case '\b':
        if (c->column > 0)
            c->column--;
        break;
    case '\t':
        do
            put(c, ' ');
        while (c->column % TAB_COLUMNS && c->column < c->columns);
        break;
    case '\033':
        c->state = AFTER_ESC;
        break;
    default:
        break;
    }
}

static void plain_colours(struct screen_console *c)
{
    c->colour = palette(GREY);
    c->background = palette(0);
    c->bold = c->inverse = false;
}

/* 38 and 48: ;5;N or ;2;R;G;B.  How many parameters it took. */
static unsigned long_colour(const struct screen_console *c, unsigned at,
                            uint32_t *out)
{
    const uint16_t *p = c->param + at;
    unsigned left = c->nparams - at;

    if (left >= 3 && p[1] == 5 && p[2] < 256) {
        *out = palette(p[2]);
        return 3;
    }
    if (left >= 5 && p[1] == 2) {
        *out = (p[2] & 0xffu) << 16 | (p[3] & 0xffu) << 8 | (p[4] & 0xffu);
        return 5;
    }
    return left;
}

/* SGR, one parameter and what belongs to it. */
static unsigned set_graphic(struct screen_console *c, unsigned at)
{
    unsigned n = c->param[at], bright = c->bold ? BRIGHT : 0;

    if (n == 38 || n == 48)
        return long_colour(c, at, n == 38 ? &c->colour : &c->background);
    if (n == 0)
        plain_colours(c);
    else if (n == 1)
        c->bold = true;
    else if (n == 22)
        c->bold = false;
    else if (n == 7 || n == 27)
        c->inverse = n == 7;
    else if (n >= 30 && n <= 37)
        c->colour = palette(n - 30 + bright);
    else if (n == 39)
        c->colour = palette(GREY);
    else if (n >= 40 && n <= 47)
        c->background = palette(n - 40);
    else if (n == 49)
        c->background = palette(0);
    else if (n >= 90 && n <= 97)
        c->colour = palette(n - 90 + BRIGHT);
    else if (n >= 100 && n <= 107)
        c->background = palette(n - 100 + BRIGHT);
    return 1;
}

static void erase_display(struct screen_console *c, unsigned how)
{
    uint32_t from = how == 0 ? c->row + 1 : 0;
    uint32_t to = how == 1 ? c->row : c->rows;

    if (how == 0)
        clear(c, c->row, c->column, c->columns);
    if (how == 1)
        clear(c, c->row, 0,
              c->column < c->columns ? c->column + 1 : c->columns);
    for (uint32_t row = from; row < to; row++)
        clear(c, row, 0, c->columns);
}

static void erase_line(struct screen_console *c, unsigned how)
{
    uint32_t here = c->column < c->columns ? c->column + 1 : c->columns;

    clear(c, c->row, how == 0 ? c->column : 0, how == 1 ? here : c->columns);
}

static uint32_t at_most(uint32_t v, uint32_t most)
{
    return v < most ? v : most;
}

/* Parameters of places count from 1, and 0 is 1. */
static void move(struct screen_console *c, uint8_t final)
{
    uint32_t n = c->param[0] ? c->param[0] : 1;
    uint32_t m = c->nparams > 1 && c->param[1] ? c->param[1] : 1;

    if (c->column == c->columns)
        c->column--;
    if (final == 'A')
        c->row -= at_most(n, c->row);
    else if (final == 'B')
        c->row = at_most(c->row + n, c->rows - 1);
    else if (final == 'C')
        c->column = at_most(c->column + n, c->columns - 1);
    else if (final == 'D')
        c->column -= at_most(n, c->column);
    else if (final == 'G')
        c->column = at_most(n, c->columns) - 1;
    else if (final == 'd')
        c->row = at_most(n, c->rows) - 1;
    if (final != 'H' && final != 'f')
        return;
    c->row = at_most(n, c->rows) - 1;
    c->column = at_most(m, c->columns) - 1;
}

static void end_sequence(struct screen_console *c, uint8_t final)
{
    c->nparams = (uint8_t)at_most(c->nparams, PARAMS_MAX);
    if (c->private) {
        if ((final == 'h' || final == 'l') && c->param[0] == 25)
            c->cursor_hidden = final == 'l';
        return;
    }
    switch (final) {
    case 'm':
        for (unsigned i = 0; i < c->nparams;)
            i += set_graphic(c, i);
        break;
    case 'J':
        erase_display(c, c->param[0]);
        break;
    case 'K':
        erase_line(c, c->param[0]);
        break;
    case 's':
        c->saved_column = c->column;
        c->saved_row = c->row;
        break;
    case 'u':
        c->column = c->saved_column;
        c->row = c->saved_row;
        break;
    default:
        move(c, final);
    }
}

static void in_sequence(struct screen_console *c, uint8_t b)
{
    uint16_t *p = &c->param[c->nparams - 1];

    if (b >= '0' && b <= '9') {
        *p = (uint16_t)at_most(*p * 10u + b - '0', PARAM_MAX);
    } else if (b == ';' || b == ':') {
        if (c->nparams <= PARAMS_MAX)
            c->nparams++;
        c->param[c->nparams - 1] = 0;
    } else if (b == '?') {
        c->private = true;
    } else if (b >= 0x40 && b < 0x7f) {
        end_sequence(c, b);
        c->state = TEXT;
    } else if (b < 0x20) { /* something else begins */
        c->state = TEXT;
        control(c, b);
    }
}

static void after_esc(struct screen_console *c, uint8_t b)
{
    c->state = TEXT;
    if (b != '[')
        return;
    c->state = IN_SEQUENCE;
    memset(c->param, 0, sizeof(c->param));
    c->nparams = 1;
    c->private = false;
}

/* UTF-8; what is none becomes a question mark. */
static void text(struct screen_console *c, uint8_t b)
{
    if (c->rune_left && (b & 0xc0) == 0x80) {
        c->rune = c->rune << 6 | (b & 0x3fu);
        if (--c->rune_left == 0)
            put(c, c->rune);
        return;
    }
    if (c->rune_left)
        put(c, '?');
    c->rune_left = 0;
    if (b < 0x20 || b == 0x7f) {
        control(c, b);
    } else if (b < 0x80) {
        put(c, b);
    } else if (b < 0xc2 || b > 0xf4) {
        put(c, '?');
    } else {
        c->rune_left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
        c->rune = b & (0x3fu >> c->rune_left);
    }
}

void screen_console_init(struct screen_console *c, struct screen *s,
                         struct rect area)
{
    area = rect_cut(area, s->width, s->height);
    *c = (struct screen_console){.screen = s,
                                 .x = area.x,
                                 .y = area.y,
                                 .columns = area.w / SCREEN_FONT_WIDTH,
                                 .rows = area.h / SCREEN_FONT_HEIGHT};
    plain_colours(c);
    screen_fill(s, area, c->background);
    if (c->columns > 0 && c->rows > 0)
        toggle_cursor(c);
}

void screen_console_write(struct screen_console *c, struct span in)
{
    if (c->columns == 0 || c->rows == 0)
        return;
    if (c->cursor_drawn)
        toggle_cursor(c);
    for (size_t i = 0; i < in.n; i++) {
        if (c->state == TEXT)
            text(c, in.p[i]);
        else if (c->state == AFTER_ESC)
            after_esc(c, in.p[i]);
        else
            in_sequence(c, in.p[i]);
    }
    if (!c->cursor_hidden)
        toggle_cursor(c);
}

void screen_console_print(struct screen_console *c, const char *format, ...)
{
    char text[SCREEN_PRINT_BYTES];
    va_list args;
    size_t n;

    va_start(args, format);
    n = vfmt(text, sizeof(text), format, args);
    va_end(args);
    screen_console_write(c, (struct span){(const uint8_t *)text, n});
}
