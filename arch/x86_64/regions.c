/* SPDX-License-Identifier: ISC */
/*
 * regions.c - see regions.h.  Linear: there are a dozen ranges, at boot only.
 */
#include "regions.h"

static void delete_at(struct regions *s, unsigned at)
{
    s->n--;
    for (unsigned i = at; i < s->n; i++)
        s->r[i] = s->r[i + 1];
}

static void forget_smallest(struct regions *s)
{
    unsigned least = 0;

    for (unsigned i = 1; i < s->n; i++)
        if (s->r[i].end - s->r[i].base < s->r[least].end - s->r[least].base)
            least = i;
    delete_at(s, least);
    s->forgotten++;
}

static void insert(struct regions *s, uint64_t base, uint64_t end)
{
    unsigned i;

    if (s->n == REGIONS_MAX)
        forget_smallest(s);
    for (i = s->n; i > 0 && s->r[i - 1].base > base; i--)
        s->r[i] = s->r[i - 1];
    s->r[i] = (struct region){base, end};
    s->n++;
}

void regions_add(struct regions *s, uint64_t base, uint64_t end)
{
    if (base >= end)
        return;
    for (unsigned i = 0; i < s->n;) {
        if (s->r[i].base > end || s->r[i].end < base) {
            i++;
            continue;
        }
        base = s->r[i].base < base ? s->r[i].base : base;
        end = s->r[i].end > end ? s->r[i].end : end;
        delete_at(s, i);
    }
    insert(s, base, end);
}

void regions_remove(struct regions *s, uint64_t base, uint64_t end)
{
    if (base >= end)
        return;
    for (unsigned i = 0; i < s->n;) {
        struct region r = s->r[i];

        if (r.base >= end || r.end <= base) {
            i++;
        } else if (r.base < base && r.end > end) {
            s->r[i].end = base;
            insert(s, end, r.end);
            return; /* no other range can meet it */
        } else if (r.base < base) {
            s->r[i++].end = base;
        } else if (r.end > end) {
            s->r[i++].base = end;
        } else {
            delete_at(s, i);
        }
    }
}

void regions_align(struct regions *s, uint64_t page)
{
    for (unsigned i = 0; i < s->n;) {
        uint64_t base = (s->r[i].base + page - 1) & ~(page - 1);
        uint64_t end = s->r[i].end & ~(page - 1);

        if (base >= end || base < s->r[i].base) {
            delete_at(s, i);
            continue;
        }
        s->r[i++] = (struct region){base, end};
    }
}

bool regions_overlap(const struct regions *s, uint64_t base, uint64_t end)
{
    for (unsigned i = 0; i < s->n; i++)
        if (base < s->r[i].end && end > s->r[i].base)
            return true;
    return false;
}

uint64_t regions_bytes(const struct regions *s)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < s->n; i++)
        n += s->r[i].end - s->r[i].base;
    return n;
}

uint64_t regions_carve(struct regions *s, uint64_t n, uint64_t from,
                       uint64_t below)
{
    for (unsigned i = 0; i < s->n; i++) {
        uint64_t base = s->r[i].base > from ? s->r[i].base : from;
        uint64_t end = s->r[i].end < below ? s->r[i].end : below;

        if (base < end && end - base >= n) {
            regions_remove(s, base, base + n);
            return base;
        }
    }
    return 0;
}

struct region regions_take_largest(struct regions *s, uint64_t from)
{
    struct region best = {0, 0};

    for (unsigned i = 0; i < s->n; i++) {
        uint64_t base = s->r[i].base > from ? s->r[i].base : from;

        if (base < s->r[i].end && s->r[i].end - base > best.end - best.base)
            best = (struct region){base, s->r[i].end};
    }
    regions_remove(s, best.base, best.end);
    return best;
}
