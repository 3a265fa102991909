/* SPDX-License-Identifier: ISC */
/*
 * value.h - what a key accepts, and how to say so; inside lib/keys only.
 */
#ifndef KEYS_VALUE_H
#define KEYS_VALUE_H

#include "keys.h"

#include <base/bytes.h>

/* Names in a manifest fill their 16 bytes or end with a zero. */
static inline struct span net_name(const struct manifest *m, unsigned i)
{
    struct span s = {(const uint8_t *)m->nets[i], 0};

    while (s.n < APP_NAME_BYTES && s.p[s.n])
        s.n++;
    return s;
}

/* NULL when the key takes this value, else the words for what it accepts.
 * Words that have to be made are put into `words`. */
enum { VALUE_WORDS_BYTES = 192 };
const char *value_refused(const struct key *, struct span value,
                          char words[VALUE_WORDS_BYTES]);

MUST_USE bool value_flag(struct span text, bool *out);

#endif
