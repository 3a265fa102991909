/* SPDX-License-Identifier: ISC */
/*
 * linear.h - a picture in memory that the display reads by itself.
 */
#ifndef DISPLAY_LINEAR_H
#define DISPLAY_LINEAR_H

#include <screen/screen_impl.h>

/* Where each colour is in a pixel, which is little-endian. */
struct linear_format {
    uint8_t bytes; /* of a pixel: 2, 3 or 4 */
    uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
};

struct linear {
    struct display display;
    volatile uint8_t *base;
    uint32_t pitch; /* bytes from a row to the next */
    struct linear_format format;
};

/* What nearly all have: ours. */
extern const struct linear_format linear_xrgb8888;

/* False: not a format that can be; else `d.width` by `d.height` pixels from
 * `base` on, which are there. */
MUST_USE bool linear_init(struct linear *, volatile void *base, uint32_t width,
                          uint32_t height, uint32_t pitch,
                          struct linear_format);

/* What a boot loader says of it (Multiboot 2, tag 8). */
struct linear_place {
    uint64_t at;
    uint32_t pitch, width, height;
    struct linear_format format;
};
/* False: broken, or not of a kind that can be drawn to. */
MUST_USE bool linear_place_read(struct linear_place *, struct span tag);

#endif
