/* SPDX-License-Identifier: ISC */
/*
 * seqset.c - a bounded set of sequence numbers.
 */
#include "seqset.h"

/* The first range that ends at or after `seq`; n if there is none. */
static unsigned from(const struct seq_set *s, uint32_t seq)
{
    unsigned i = 0;

    while (i < s->n && seq_lt(s->r[i].end, seq))
        i++;
    return i;
}

static void remember(struct seq_set *s, uint32_t seq, struct seq_range in)
{
    unsigned kept = 0;
    uint32_t old[SEQ_SET_RECENT];

    /* One place in `recent` for each range: what merged is said once. */
    for (unsigned i = 0; i < s->nrecent && kept < SEQ_SET_RECENT - 1; i++)
        if (seq_lt(s->recent[i], in.start) || seq_le(in.end, s->recent[i]))
            old[kept++] = s->recent[i];
    s->recent[0] = seq;
    memcpy(s->recent + 1, old, kept * sizeof(old[0]));
    s->nrecent = (uint16_t)(kept + 1);
}

bool seq_set_add(struct seq_set *s, struct seq_range a)
{
    unsigned i = from(s, a.start), j = i;
    uint32_t seq = a.start;

    while (j < s->n && seq_le(s->r[j].start, a.end)) {
        a.start = seq_min(a.start, s->r[j].start);
        a.end = seq_max(a.end, s->r[j].end);
        j++;
    }
    if (i == j && s->n == SEQ_SET_MAX)
        return false;
    if (j != i + 1)
        memmove(&s->r[i + 1], &s->r[j], (s->n - j) * sizeof(s->r[0]));
    s->n = (uint16_t)(s->n - (j - i) + 1);
    s->r[i] = a;
    remember(s, seq, a);
    return true;
}

void seq_set_cut(struct seq_set *s, uint32_t edge)
{
    unsigned gone = 0, kept = 0;

    while (gone < s->n && seq_le(s->r[gone].end, edge))
        gone++;
    if (gone) {
        s->n = (uint16_t)(s->n - gone);
        memmove(s->r, s->r + gone, s->n * sizeof(s->r[0]));
        for (unsigned i = 0; i < s->nrecent; i++)
            if (seq_le(edge, s->recent[i]))
                s->recent[kept++] = s->recent[i];
        s->nrecent = (uint16_t)kept;
    }
    if (s->n && seq_lt(s->r[0].start, edge))
        s->r[0].start = edge;
}

unsigned seq_set_find(const struct seq_set *s, uint32_t seq)
{
    for (unsigned i = 0; i < s->n && seq_le(s->r[i].start, seq); i++)
        if (seq_lt(seq, s->r[i].end))
            return i;
    return SEQ_SET_NONE;
}

uint32_t seq_set_bytes(const struct seq_set *s, uint32_t a, uint32_t b)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < s->n && seq_lt(s->r[i].start, b); i++) {
        uint32_t start = seq_max(s->r[i].start, a);
        uint32_t end = seq_min(s->r[i].end, b);

        if (seq_lt(start, end))
            sum += end - start;
    }
    return sum;
}

uint32_t seq_set_gap(const struct seq_set *s, uint32_t seq)
{
    unsigned i = seq_set_find(s, seq);

    return i == SEQ_SET_NONE ? seq : s->r[i].end;
}

uint32_t seq_set_after(const struct seq_set *s, uint32_t seq, uint32_t end)
{
    for (unsigned i = 0; i < s->n; i++)
        if (seq_lt(seq, s->r[i].start))
            return seq_min(s->r[i].start, end);
    return end;
}

unsigned seq_set_report(const struct seq_set *s, struct seq_range *out,
                        unsigned max)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->nrecent && n < max; i++) {
        unsigned at = seq_set_find(s, s->recent[i]);

        if (at != SEQ_SET_NONE)
            out[n++] = s->r[at];
    }
    return n;
}
