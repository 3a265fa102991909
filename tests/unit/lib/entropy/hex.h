/* SPDX-License-Identifier: ISC */
/*
 * hex.h - bytes as vectors are printed.
 */
#ifndef UNIT_ENTROPY_HEX_H
#define UNIT_ENTROPY_HEX_H

#include <billet/base.h>
#include <stdlib.h>
#include <string.h>

enum { HEX_BYTES_MAX = 256 };

/* Valid until the eighth call from now. */
static inline struct span hex(const char *text)
{
    static uint8_t ring[8][HEX_BYTES_MAX];
    static unsigned turn;
    uint8_t *to = ring[turn++ % 8];
    size_t n = strlen(text) / 2;

    ASSERT(n <= HEX_BYTES_MAX);
    for (size_t i = 0; i < n; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], 0};

        to[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (struct span){to, n};
}

#endif
