/* SPDX-License-Identifier: ISC */
/*
 * suggest.h - the known names nearest to a mistyped one; inside lib/keys only.
 */
#ifndef KEYS_SUGGEST_H
#define KEYS_SUGGEST_H

#include "keys.h"

enum { SUGGEST_MAX = 3 };

/* The nearest keys, best first; returns how many, which may be none. */
unsigned suggest(const struct keys *, struct span name,
                 const struct key *out[SUGGEST_MAX]);

#endif
