/* SPDX-License-Identifier: ISC */
/*
 * table.h - a bounded hash index: open addressing, 8-byte entries {hash,
 * index}, load at most 1/2, deletion by backward shift.
 *
 * It holds indices into the caller's array and never sees a key: the caller
 * gives a keyed hash (siphash.h) and compares the candidates.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <billet/base.h>

struct table_entry {
    uint32_t hash, index_plus_1; /* 0: empty */
};

struct table {
    struct table_entry *entry;
    uint32_t mask, count, limit;
};

/* Bytes for a table of up to `limit` indices. */
size_t table_bytes(uint32_t limit);
/* `memory` has table_bytes(limit) bytes; it is zeroed here. */
void table_init(struct table *, void *memory, uint32_t limit);

/*
 * Candidates with this hash, one after the other:
 *     for (uint32_t at, i = table_first(t, h, &at); i != TABLE_NONE;
 *          i = table_next(t, h, &at))
 */
#define TABLE_NONE UINT32_MAX

/* The search goes on at entry `i`; ends at the first empty one, which there
 * always is. */
static inline uint32_t table_scan_(const struct table *t, uint32_t hash,
                                   uint32_t i, uint32_t *at)
{
    for (;; i = (i + 1) & t->mask) {
        const struct table_entry *e = &t->entry[i];

        if (e->index_plus_1 == 0)
            return TABLE_NONE;
        if (e->hash == hash) {
            *at = i;
            return e->index_plus_1 - 1;
        }
    }
}

static inline uint32_t table_first(const struct table *t, uint32_t hash,
                                   uint32_t *at)
{
    return table_scan_(t, hash, hash & t->mask, at);
}

static inline uint32_t table_next(const struct table *t, uint32_t hash,
                                  uint32_t *at)
{
    return table_scan_(t, hash, (*at + 1) & t->mask, at);
}

/* False when `limit` indices are in already. */
MUST_USE bool table_put(struct table *, uint32_t hash, uint32_t index);
/* Asserts that it is there. */
void table_del(struct table *, uint32_t hash, uint32_t index);

#endif
