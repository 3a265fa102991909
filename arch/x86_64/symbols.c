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
    const uint8_t *pairs;
    unsigned npairs;
};

/* A name as far as it is written, and whether it fitted. */
struct writer {
    char *name;
    unsigned at;
    bool wrong;
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

static void write_byte(const struct reader *r, struct writer *w, uint8_t byte,
                       unsigned depth)
{
    if (byte >= 0x80) {
        if (byte - 0x80u >= r->npairs || depth == SYMBOL_PAIR_DEPTH) {
            w->wrong = true;
            return;
        }
        write_byte(r, w, r->pairs[2 * (byte - 0x80u)], depth + 1);
        write_byte(r, w, r->pairs[2 * (byte - 0x80u) + 1], depth + 1);
    } else if (w->at < SYMBOL_NAME_BYTES - 1) {
        w->name[w->at++] = (char)byte;
    } else {
        w->wrong = true;
    }
}

/* Overwrites `name` behind what it shares with the one before. */
static bool read_name(struct reader *r, char name[SYMBOL_NAME_BYTES])
{
    struct writer w = {.name = name};

    if (r->p >= r->end)
        return false;
    w.at = *r->p++;
    while (r->p < r->end && w.at < SYMBOL_NAME_BYTES && !w.wrong) {
        if (*r->p == 0) {
            name[w.at] = 0;
            r->p++;
            return true;
        }
        write_byte(r, &w, *r->p++, 0);
    }
    name[SYMBOL_NAME_BYTES - 1] = 0;
    return false;
}

/* Puts the reader behind the pairs. */
static bool read_pairs(struct reader *r)
{
    if (r->p == r->end)
        return false;
    r->npairs = *r->p++;
    r->pairs = r->p;
    if ((size_t)(r->end - r->p) < 2 * (size_t)r->npairs)
        return false;
    r->p += 2 * (size_t)r->npairs;
    return true;
}

bool symbol_find(struct span table, uint64_t at, char name[SYMBOL_NAME_BYTES],
                 uint64_t *into)
{
    struct reader r = {.p = table.p, .end = table.p + table.n};
    uint64_t address = 0, start = 0;
    uint32_t delta;

    name[0] = 0;
    if (!read_pairs(&r))
        return false;
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
