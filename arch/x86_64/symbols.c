/* SPDX-License-Identifier: ISC */
/*
 * symbols.c - look an address up in the table of symbols.h.
 *
 * Runs inside a panic, so it trusts nothing, not even the table, and takes no
 * memory.  Linear: a panic has the time.
 */
#include "symbols.h"

struct reader {
    const uint8_t *p, *end;
};

/* False at the end of the table, or for a number beyond 32 bits. */
static bool read_number(struct reader *r, uint32_t *out)
{
    uint32_t value = 0;

    for (unsigned shift = 0; shift < 32 && r->p < r->end; shift += 7) {
        uint8_t byte = *r->p++;

        value |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* Overwrites `name` behind what it shares with the one before. */
static bool read_name(struct reader *r, char name[SYMBOL_NAME_BYTES])
{
    unsigned at;

    if (r->p >= r->end)
        return false;
    for (at = *r->p++; r->p < r->end && at < SYMBOL_NAME_BYTES; at++) {
        name[at] = (char)*r->p++;
        if (name[at] == 0)
            return true;
    }
    return false;
}

bool symbol_find(struct span table, uint64_t at, char name[SYMBOL_NAME_BYTES],
                 uint64_t *into)
{
    struct reader r = {table.p, table.p + table.n};
    uint64_t address = 0, start = 0;
    uint32_t delta;

    name[0] = 0;
    while (read_number(&r, &delta)) {
        address += delta;
        if (address > at) {
            *into = at - start;
            return name[0] != 0;
        }
        if (!read_name(&r, name))
            return false;
        start = address;
    }
    return false;
}
