/* SPDX-License-Identifier: ISC */
/*
 * value.c - one value against the declaration of its key.
 */
#include "value.h"

#include <base/bytes.h>
#include <base/fmt.h>

bool value_flag(struct span text, bool *out)
{
    static const char *const word[] = {"off", "on",  "false", "true",
                                       "no",  "yes", "0",     "1"};

    for (unsigned i = 0; i < ARRAY_LEN(word); i++)
        if (span_eq(text, span_of(word[i]))) {
            *out = i % 2;
            return true;
        }
    return false;
}

static bool value_choice(const char *choices, struct span text)
{
    for (const char *c = choices;; c++) {
        struct span one = {(const uint8_t *)c, 0};

        for (; *c && *c != '|'; c++)
            one.n++;
        if (span_eq(one, text))
            return true;
        if (!*c)
            return false;
    }
}

const char *value_refused(const struct key *k, struct span text,
                          char words[VALUE_WORDS_BYTES])
{
    struct ipaddr addr;
    uint64_t number;
    bool good = true, flag;

    switch ((enum key_type)k->type) {
    case KEY_TYPE_STRING:
        break;
    case KEY_TYPE_FLAG:
        good = value_flag(text, &flag);
        fmt(words, VALUE_WORDS_BYTES, "on or off");
        break;
    case KEY_TYPE_UINT:
        good = parse_u64(text, &number) && number >= k->min && number <= k->max;
        fmt(words, VALUE_WORDS_BYTES, "a number from %lu to %lu",
            (unsigned long)k->min, (unsigned long)k->max);
        break;
    case KEY_TYPE_ADDR:
        good = ipaddr_parse(&addr, text);
        fmt(words, VALUE_WORDS_BYTES,
            "an IP address such as 192.0.2.1 or 2001:db8::1");
        break;
    case KEY_TYPE_CHOICE:
        good = value_choice(k->choices, text);
        fmt(words, VALUE_WORDS_BYTES, "one of %s", k->choices);
        break;
    }
    if (!good)
        return words;
    return k->check ? k->check(text) : NULL;
}
