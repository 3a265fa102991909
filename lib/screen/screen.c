/* SPDX-License-Identifier: ISC */
/*
 * screen.c - what has changed, boxes and rows of letters.
 */
#include <screen/font.h>
#include <screen/screen_impl.h>

#include <base/fmt.h>

static uint32_t cut(uint32_t at, uint32_t n, uint32_t most)
{
    if (at >= most)
        return 0;
    return n < most - at ? n : most - at;
}

struct rect rect_cut(struct rect r, uint32_t width, uint32_t height)
{
    r.w = cut(r.x, r.w, width);
    r.h = cut(r.y, r.h, height);
    return r.w && r.h ? r : (struct rect){0};
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t higher(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

struct rect rect_join(struct rect a, struct rect b)
{
    struct rect r = {.x = lower(a.x, b.x), .y = lower(a.y, b.y)};

    if (a.w == 0)
        return b;
    if (b.w == 0)
        return a;
    r.w = higher(a.x + a.w, b.x + b.w) - r.x;
    r.h = higher(a.y + a.h, b.y + b.h) - r.y;
    return r;
}

void screen_show(struct screen *s, struct rect r)
{
    s->damage = rect_join(s->damage, rect_cut(r, s->width, s->height));
}

void screen_fill(struct screen *s, struct rect r, uint32_t colour)
{
    uint32_t *row;

    r = rect_cut(r, s->width, s->height);
    row = s->pixels + (size_t)r.y * s->width + r.x;
    for (uint32_t y = 0; y < r.h; y++, row += s->width)
        for (uint32_t x = 0; x < r.w; x++)
            row[x] = colour;
    screen_show(s, r);
}

void screen_glyph(struct screen *s, uint32_t x, uint32_t y, uint32_t ch,
                  uint32_t colour, uint32_t background, uint32_t scale)
{
    const uint64_t *glyph = font_glyph(ch);
    struct rect r = rect_cut((struct rect){x, y, SCREEN_FONT_WIDTH * scale,
                                           SCREEN_FONT_HEIGHT * scale},
                             s->width, s->height);
    uint32_t *row = s->pixels + (size_t)r.y * s->width + r.x;

    for (uint32_t i = 0; i < r.h; i++, row += s->width) {
        uint8_t bits = font_row(glyph, i / scale);

        for (uint32_t j = 0; j < r.w; j++)
            row[j] = bits >> (7 - j / scale) & 1 ? colour : background;
    }
}

uint32_t screen_rune(const char **text)
{
    const uint8_t *p = (const uint8_t *)*text;
    uint32_t ch = *p;
    unsigned more = ch < 0xc0 ? 0 : ch < 0xe0 ? 1 : ch < 0xf0 ? 2 : 3;

    if (ch == 0)
        return 0;
    p++;
    if (ch >= 0x80)
        ch = more ? ch & (0x3fu >> more) : '?';
    for (; more > 0; more--, p++) {
        if ((*p & 0xc0) != 0x80) {
            ch = '?';
            break;
        }
        ch = ch << 6 | (*p & 0x3fu);
    }
    *text = (const char *)p;
    return ch ? ch : '?';
}

void screen_text(struct screen *s, uint32_t x, uint32_t y, uint32_t scale,
                 uint32_t colour, uint32_t background, const char *format, ...)
{
    char row[SCREEN_TEXT_BYTES];
    const char *text = row;
    uint32_t first = x, ch;
    va_list args;

    va_start(args, format);
    vfmt(row, sizeof(row), format, args);
    va_end(args);
    if (scale == 0 || scale > s->height)
        return;
    while (x < s->width && (ch = screen_rune(&text)) != 0) {
        screen_glyph(s, x, y, ch, colour, background, scale);
        x += SCREEN_FONT_WIDTH * scale;
    }
    screen_show(s,
                (struct rect){first, y, x - first, SCREEN_FONT_HEIGHT * scale});
}
