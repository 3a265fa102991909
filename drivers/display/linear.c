/* SPDX-License-Identifier: ISC */
/*
 * linear.c - see linear.h.
 */
#include <display/linear.h>

#include <base/bytes.h>

enum {
    TAG_BYTES = 38,
    RGB = 1, /* neither a palette nor text */
    SIDE_MAX = 16384,
    PITCH_MAX = 1 << 20
};

const struct linear_format linear_xrgb8888 = {4, 16, 8, 8, 8, 0, 8};

static bool is_ours(const struct linear_format *f)
{
    return f->bytes == 4 && f->red_at == 16 && f->green_at == 8 &&
           f->blue_at == 0 && f->red_bits == 8 && f->green_bits == 8 &&
           f->blue_bits == 8;
}

static uint32_t part(uint32_t pixel, unsigned shift, uint8_t at, uint8_t bits)
{
    return (pixel >> shift & 0xff) >> (8 - bits) << at;
}

static void put(volatile uint8_t *to, const struct linear_format *f,
                uint32_t pixel)
{
    uint32_t v = part(pixel, 16, f->red_at, f->red_bits) |
                 part(pixel, 8, f->green_at, f->green_bits) |
                 part(pixel, 0, f->blue_at, f->blue_bits);

    for (unsigned i = 0; i < f->bytes; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

static void put_row(const struct linear *l, volatile uint8_t *to,
                    const uint32_t *from, uint32_t n)
{
    if (is_ours(&l->format)) {
        volatile uint32_t *out = (volatile uint32_t *)(volatile void *)to;

        for (uint32_t i = 0; i < n; i++)
            out[i] = from[i];
        return;
    }
    for (uint32_t i = 0; i < n; i++, to += l->format.bytes)
        put(to, &l->format, from[i]);
}

static bool show(struct display *d, const uint32_t *pixels, uint32_t width,
                 struct rect r, ns_t now)
{
    struct linear *l = CONTAINER(d, struct linear, display);

    (void)now;
    r = rect_cut(r, d->width, d->height);
    for (uint32_t y = r.y; y < r.y + r.h; y++)
        put_row(l,
                l->base + (size_t)y * l->pitch + (size_t)r.x * l->format.bytes,
                pixels + (size_t)y * width + r.x, r.w);
    return true;
}

static const struct display_ops linear_ops = {.show = show};

static bool colour_is_sane(uint8_t at, uint8_t bits, unsigned all)
{
    return bits >= 1 && bits <= 8 && at + bits <= (int)all;
}

static bool is_sane(const struct linear_format *f)
{
    unsigned bits = f->bytes * 8u;

    return f->bytes >= 2 && f->bytes <= 4 &&
           colour_is_sane(f->red_at, f->red_bits, bits) &&
           colour_is_sane(f->green_at, f->green_bits, bits) &&
           colour_is_sane(f->blue_at, f->blue_bits, bits);
}

bool linear_init(struct linear *l, volatile void *base, uint32_t width,
                 uint32_t height, uint32_t pitch, struct linear_format format)
{
    if (!base || !is_sane(&format) || width == 0 || width > SIDE_MAX ||
        height == 0 || height > SIDE_MAX || pitch > PITCH_MAX ||
        pitch < width * format.bytes ||
        (is_ours(&format) && ((uintptr_t)base | pitch) % 4))
        return false;
    l->display.ops = &linear_ops;
    l->display.width = width;
    l->display.height = height;
    l->base = base;
    l->pitch = pitch;
    l->format = format;
    return true;
}

bool linear_place_read(struct linear_place *p, struct span tag)
{
    struct linear place; /* to be thrown away */

    if (tag.n < TAG_BYTES || tag.p[29] != RGB)
        return false;
    *p = (struct linear_place){.at = le64(tag.p + 8),
                               .pitch = le32(tag.p + 16),
                               .width = le32(tag.p + 20),
                               .height = le32(tag.p + 24),
                               .format = {(uint8_t)((tag.p[28] + 7) / 8),
                                          tag.p[32], tag.p[33], tag.p[34],
                                          tag.p[35], tag.p[36], tag.p[37]}};
    return p->at != 0 && p->at < UINT64_C(1) << 46 &&
           linear_init(&place, (volatile void *)(uintptr_t)p->at, p->width,
                       p->height, p->pitch, p->format);
}
