/* SPDX-License-Identifier: ISC */
/*
 * help.c - the table of keys as text.
 */
#include "keys.h"

#include <base/fmt.h>
#include <string.h>

/* The key with `rank` names before its own; NULL beyond the last. */
static const struct key *by_rank(const struct keys *keys, unsigned rank)
{
    for (const struct key *k = keys->first; k != keys->end; k++) {
        unsigned before = 0;

        for (const struct key *o = keys->first; o != keys->end; o++) {
            int order = strcmp(o->name, k->name);

            before += order < 0 || (order == 0 && o < k);
        }
        if (before == rank)
            return k;
    }
    return NULL;
}

/* What can be said besides the help line, items separated by "; ". */
static size_t details(const struct keys *keys, const struct key *k, char *out,
                      size_t size)
{
    const char *net = keys->manifest->nets[0];
    size_t n = 0;

    if (k->type == KEY_TYPE_UINT)
        n += fmt(out + n, size - n, "; %lu to %lu", (unsigned long)k->min,
                 (unsigned long)k->max);
    if (k->fallback)
        n += fmt(out + n, size - n, "; default: %s", k->fallback);
    if (k->per_net && *net)
        n += fmt(out + n, size - n, "; for one network: --%.*s.%s",
                 APP_NAME_BYTES, net, k->name);
    if (k->alias)
        n += fmt(out + n, size - n, "; also: --%s", k->alias);
    return n;
}

size_t keys_help(const struct keys *keys, unsigned *cursor, char *out,
                 size_t size)
{
    const struct key *k = by_rank(keys, *cursor);
    char more[KEYS_HELP_BYTES];
    size_t n = 0;

    if (!k)
        return 0;
    if (*cursor == 0)
        n = fmt(out, size,
                "%.*s takes these keys, as --KEY=VALUE or KEY=VALUE:\n",
                APP_NAME_BYTES, keys->manifest->name);
    ++*cursor;
    n += fmt(out + n, size - n,
             k->type == KEY_TYPE_FLAG ? "  --%s[=%s]\n" : "  --%s=%s\n",
             k->name, k->what);
    n += fmt(out + n, size - n, "      %s\n", k->help);
    if (details(keys, k, more, sizeof(more)) > 2)
        n += fmt(out + n, size - n, "      %s\n", more + 2);
    return n;
}
