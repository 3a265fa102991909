/* SPDX-License-Identifier: ISC */
/*
 * font.h - the one font.
 */
#ifndef SCREEN_FONT_H
#define SCREEN_FONT_H

#include <billet/screen.h>

/* 16 rows of 8 pixels; of a letter that it has not, a question mark. */
const uint64_t *font_glyph(uint32_t ch);

/* Row `y` of it; the leftmost pixel is the highest bit. */
static inline uint8_t font_row(const uint64_t *glyph, uint32_t y)
{
    return (uint8_t)(glyph[y / 8] >> 8 * (7 - y % 8));
}

#endif
