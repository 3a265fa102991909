/* SPDX-License-Identifier: ISC */
/*
 * seqset.h - a bounded set of sequence numbers, as sorted disjoint ranges.
 *
 * One is what arrived out of order; another is what the peer said so of.  A
 * connection has neither while nothing is missing, so they come from a pool.
 */
#ifndef TCP_SEQSET_H
#define TCP_SEQSET_H

#include "../wire/tcp.h"

enum {
    SEQ_SET_MAX = 32,   /* ranges; beyond: the caller drops or ignores */
    SEQ_SET_RECENT = 4, /* as many as a SACK option can report */
    SEQ_SET_NONE = SEQ_SET_MAX
};

struct seq_set {
    uint16_t n, nrecent;
    uint32_t recent[SEQ_SET_RECENT]; /* a number in each of the ranges added
                                      * to last, the latest first */
    struct seq_range r[SEQ_SET_MAX];
};

static inline void seq_set_clear(struct seq_set *s)
{
    s->n = s->nrecent = 0;
}

/* Adds [start, end), which is not empty; false, with nothing changed, when it
 * touches no range and there are SEQ_SET_MAX already. */
bool seq_set_add(struct seq_set *, struct seq_range);

/* Takes out everything below `edge`. */
void seq_set_cut(struct seq_set *, uint32_t edge);

/* The index of the range that has `seq`, else SEQ_SET_NONE. */
unsigned seq_set_find(const struct seq_set *, uint32_t seq);

/* How many numbers of [a, b) are in the set. */
uint32_t seq_set_bytes(const struct seq_set *, uint32_t a, uint32_t b);

/* The first number from `seq` on that is not in the set. */
uint32_t seq_set_gap(const struct seq_set *, uint32_t seq);

/* The first number above `seq` that is in the set, or `end`. */
uint32_t seq_set_after(const struct seq_set *, uint32_t seq, uint32_t end);

/* SACK blocks of the set, most recent first (RFC 2018 4); at most `max`. */
unsigned seq_set_report(const struct seq_set *, struct seq_range *out,
                        unsigned max);

#endif
