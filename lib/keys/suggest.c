/* SPDX-License-Identifier: ISC */
/*
 * suggest.c - did you mean: by the number of slips of the finger between two
 * names, where a slip is a letter too many, too few, wrong or swapped with its
 * neighbour (optimal string alignment).
 */
#include "suggest.h"

#include <base/bytes.h>
#include <string.h>

enum {
    NAME_MAX = 40,
    FAR = NAME_MAX,
    PART_SCORE = 2,
    CASE = 0x20 /* what a capital letter has not; no slip by itself */
};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned slips(struct span a, struct span b)
{
    /* Distances between the first i bytes of `a` and the first j of `b`, for
     * this i and the two before it. */
    unsigned rows[3][NAME_MAX + 1];
    unsigned *now = rows[0], *one = rows[1], *two = rows[2];

    if (a.n > NAME_MAX || b.n > NAME_MAX)
        return FAR;
    for (unsigned j = 0; j <= b.n; j++)
        now[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned *spare = two;

        two = one;
        one = now;
        now = spare;
        now[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            bool same = ((a.p[i - 1] ^ b.p[j - 1]) & ~CASE) == 0;

            now[j] = least(least(one[j], now[j - 1]) + 1, one[j - 1] + !same);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
                a.p[i - 2] == b.p[j - 1])
                now[j] = least(now[j], two[j - 2] + 1);
        }
    }
    return now[b.n];
}

static bool contains(struct span whole, struct span part)
{
    if (part.n < 3)
        return false;
    for (size_t i = 0; i + part.n <= whole.n; i++)
        if (memcmp(whole.p + i, part.p, part.n) == 0)
            return true;
    return false;
}

static unsigned score(struct span wrong, const char *name)
{
    struct span right = span_of(name);
    unsigned n = slips(wrong, right);

    if (contains(wrong, right) || contains(right, wrong))
        n = least(n, PART_SCORE);
    return n;
}

/* Of names that are as near, the first by the alphabet: where the linker put a
 * key says nothing. */
static bool better(unsigned score, const struct key *k, unsigned other_score,
                   const struct key *other)
{
    if (score != other_score)
        return score < other_score;
    return strcmp(k->name, other->name) < 0;
}

unsigned suggest(const struct keys *keys, struct span name,
                 const struct key *out[SUGGEST_MAX])
{
    unsigned scores[SUGGEST_MAX], n = 0;
    unsigned most = name.n < 6 ? PART_SCORE : (unsigned)name.n / 3;

    for (const struct key *k = keys->first; k != keys->end; k++) {
        unsigned s = score(name, k->name), at;

        if (k->alias)
            s = least(s, score(name, k->alias));
        if (s > most || s >= name.n)
            continue;
        for (at = n; at > 0 && better(s, k, scores[at - 1], out[at - 1]); at--)
            if (at < SUGGEST_MAX) {
                scores[at] = scores[at - 1];
                out[at] = out[at - 1];
            }
        if (at < SUGGEST_MAX) {
            scores[at] = s;
            out[at] = k;
            n = least(n + 1, SUGGEST_MAX);
        }
    }
    return n;
}
