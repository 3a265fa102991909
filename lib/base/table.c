/* SPDX-License-Identifier: ISC */
/*
 * table.c - putting into and deleting from the bounded hash index.
 */
#include <base/table.h>
#include <string.h>

/* The smallest power of two that leaves at least half of the entries empty. */
static uint32_t entries(uint32_t limit)
{
    uint32_t n = 2;

    ASSERT(limit <= UINT32_C(1) << 30);
    while (n < 2 * limit)
        n *= 2;
    return n;
}

size_t table_bytes(uint32_t limit)
{
    return entries(limit) * sizeof(struct table_entry);
}

void table_init(struct table *t, void *memory, uint32_t limit)
{
    *t = (struct table){
        .entry = memory, .mask = entries(limit) - 1, .limit = limit};
    memset(memory, 0, table_bytes(limit));
}

bool table_put(struct table *t, uint32_t hash, uint32_t index)
{
    uint32_t i = hash & t->mask;

    if (t->count == t->limit)
        return false;
    while (t->entry[i].index_plus_1)
        i = (i + 1) & t->mask;
    t->entry[i] = (struct table_entry){.hash = hash, .index_plus_1 = index + 1};
    t->count++;
    return true;
}

/* Closes the hole at `hole`: each entry behind it that its own search would
 * not find any more moves into it and leaves the next hole. */
static void shift_back(struct table *t, uint32_t hole)
{
    for (uint32_t i = (hole + 1) & t->mask; t->entry[i].index_plus_1;
         i = (i + 1) & t->mask) {
        uint32_t wanted = t->entry[i].hash & t->mask;

        if (((i - wanted) & t->mask) < ((i - hole) & t->mask))
            continue;
        t->entry[hole] = t->entry[i];
        hole = i;
    }
    t->entry[hole] = (struct table_entry){0};
}

void table_del(struct table *t, uint32_t hash, uint32_t index)
{
    uint32_t at = 0;
    uint32_t i = table_first(t, hash, &at);

    while (i != TABLE_NONE && i != index)
        i = table_next(t, hash, &at);
    ASSERT(i == index);
    shift_back(t, at);
    t->count--;
}
