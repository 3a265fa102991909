/* SPDX-License-Identifier: ISC */
/*
 * layers.h - the layers that a script can name, as tables.
 */
#ifndef LAYERS_H
#define LAYERS_H

#include <stdbool.h>
#include <stdint.h>

enum { FIELDS_MAX = 16, LAYER_START = 40 };

struct field {
    const char *name;
    uint16_t at, bits; /* in bits, from the layer's start */
};

struct layer {
    const char *name;
    int32_t proto; /* as the layer below calls it; -1: not at all */
    uint16_t bytes;
    bool ext; /* an extension header of IPv6: its second byte is its length */
    const char *next_name;
    uint16_t next_at, next_bits; /* where it says what follows */
    int16_t sum_at;              /* the checksum over it and all behind; -1 */
    struct field field[FIELDS_MAX];
    uint8_t start[LAYER_START]; /* unless the line says more; then zeros */
};

/* Ended by one without a name. */
extern const struct layer layers[];

#endif
