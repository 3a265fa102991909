/* SPDX-License-Identifier: ISC */
/*
 * cloud_config.c - the part of a #cloud-config that is for us.
 */
#include <platform/settings.h>

#include <base/bytes.h>
#include <base/fmt.h>
#include <platform/yaml.h>

enum { NAME_BYTES = 128 /* of a key with its network; beyond: refused */ };

static bool refuse(struct settings *s, const struct yaml *y, const char *why)
{
    char text[SETTINGS_WHY_BYTES];

    fmt(text, sizeof(text), "line %u: %s", y->line, why);
    memcpy(s->why, text, sizeof(text));
    return false;
}

/* "uplink.ipv4" for the steps below `billet`; lists add nothing. */
static size_t name_of(const struct yaml *y, char *out, size_t room)
{
    size_t n = 0;

    for (unsigned i = 1; i < y->depth; i++) {
        const struct yaml_step *step = &y->path[i];

        if (step->is_list)
            continue;
        if (n + step->name.n + 2 > room)
            return 0;
        if (n > 0)
            out[n++] = '.';
        memcpy(out + n, step->name.p, step->name.n);
        n += step->name.n;
    }
    return n;
}

static bool names_in_lists(const struct yaml *y)
{
    bool list = false;

    for (unsigned i = 1; i < y->depth; i++) {
        if (list)
            return true;
        list = y->path[i].is_list;
    }
    return false;
}

/* An element that is not the first goes on where the one before ended. */
static const char *join(struct settings *s, struct span value)
{
    if (value.n + 1 > SETTINGS_BYTES - s->used)
        return "a list that is too long";
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < ' ' || value.p[i] == 0x7f)
            return "a control character";
    s->text[s->used - 1] = ',';
    memcpy(s->text + s->used, value.p, value.n);
    s->used += value.n + 1;
    s->text[s->used - 1] = 0;
    return NULL;
}

static const char *take(struct settings *s, enum settings_source source,
                        const struct yaml *y)
{
    const struct yaml_step *last = &y->path[y->depth - 1];
    struct span value = {y->value, y->n};
    char name[NAME_BYTES];
    size_t n;

    if (y->path[0].is_list)
        return "a map was expected: billet:";
    if (names_in_lists(y))
        return "a list of maps or lists is no value";
    if (y->n == 0 && y->bare)
        return y->depth == 1 ? NULL : "a key without a value";
    if (y->depth == 2 && last->is_list)
        return settings_add(s, source, value, NULL) ? NULL : s->why;
    if ((n = name_of(y, name, sizeof(name))) == 0)
        return y->depth == 1 ? "a map was expected below billet:"
                             : "the name of a key is too long";
    if (last->is_list && last->index > 0)
        return join(s, value);
    return settings_add(s, source, (struct span){(uint8_t *)name, n}, &value)
               ? NULL
               : s->why;
}

bool settings_cloud_config(struct settings *s, enum settings_source source,
                           struct span text)
{
    struct yaml *y = &s->yaml;
    const char *why;

    yaml_start(y, text, "billet");
    while (yaml_next(y))
        if ((why = take(s, source, y)))
            return refuse(s, y, why);
    return y->why ? refuse(s, y, y->why) : true;
}
