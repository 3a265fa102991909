/* SPDX-License-Identifier: ISC */
/*
 * levels.c - sources of lines and which level each is logged at.
 */
#include "levels.h"

#include <base/bytes.h>

static const char *const level_name[] = {[LOG_QUIET] = "quiet",
                                         [LOG_ERROR] = "error",
                                         [LOG_WARN] = "warn",
                                         [LOG_INFO] = "info",
                                         [LOG_DEBUG] = "debug"};

static bool level_parse(enum log_level *out, struct span text)
{
    for (unsigned i = 0; i < ARRAY_LEN(level_name); i++)
        if (span_eq(text, span_of(level_name[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    return false;
}

/* Splits off what stands before `mark`; all of it when there is none. */
static struct span cut(struct span *rest, char mark)
{
    struct span head = {rest->p, 0};

    while (head.n < rest->n && rest->p[head.n] != (uint8_t)mark)
        head.n++;
    rest->p += head.n;
    rest->n -= head.n;
    if (rest->n) {
        rest->p++;
        rest->n--;
    }
    return head;
}

/* One item of --logs: "info" (no name) or "dhcp:debug". */
struct item {
    struct span name;
    enum log_level level;
};

static bool item_parse(struct item *out, struct span text)
{
    struct span level = text, name = cut(&level, ':');

    if (name.n == text.n) {
        *out = (struct item){0};
        return level_parse(&out->level, text);
    }
    *out = (struct item){.name = name};
    return name.n > 0 && name.n < LOG_NAME_BYTES &&
           level_parse(&out->level, level);
}

const char *log_levels_check(struct span text)
{
    bool open_end = text.n && text.p[text.n - 1] == ',';
    struct item item;
    unsigned named = 0;

    do {
        if (open_end || !item_parse(&item, cut(&text, ',')))
            return "LEVEL or SOURCE:LEVEL, commas between; a LEVEL is quiet, "
                   "error, warn, info or debug";
        named += item.name.n > 0;
    } while (text.n);
    return named < LOG_SOURCES_MAX ? NULL : "at most 31 sources";
}

static struct log_source *source_add(struct log *l, struct span name)
{
    struct log_source *s = &l->source[l->nsources++];

    *s = (struct log_source){.level = l->level, .tokens = LOG_BURST};
    memcpy(s->name, name.p, name.n);
    return s;
}

static const struct log_source *source_find(const struct log *l,
                                            struct span name)
{
    for (unsigned i = 0; i < l->nsources; i++)
        if (span_eq(span_of(l->source[i].name), name))
            return &l->source[i];
    return NULL;
}

/* As much of it as the table keeps. */
static struct span source_name(const char *name)
{
    struct span text = span_of(name);

    text.n = text.n < LOG_NAME_BYTES ? text.n : LOG_NAME_BYTES - 1;
    return text;
}

static struct log_source *source_get(struct log *l, struct span name)
{
    const struct log_source *s = source_find(l, name);

    if (s)
        return &l->source[s - l->source];
    if (l->nsources == LOG_SOURCES_MAX)
        return &l->source[LOG_SOURCES_MAX - 1];
    if (l->nsources == LOG_SOURCES_MAX - 1)
        name = SPAN("(others)");
    return source_add(l, name);
}

struct log_source *log_source_get(struct log *l, const char *name)
{
    return source_get(l, source_name(name));
}

/* The items without a name if `named` is false, else those with one. */
static void apply(struct log *l, struct span text, bool named)
{
    while (text.n) {
        struct item item;
        bool good = item_parse(&item, cut(&text, ','));

        ASSERT(good);
        if (named && item.name.n)
            source_get(l, item.name)->level = item.level;
        else if (!named && !item.name.n)
            l->level = item.level;
    }
}

void log_levels(struct log *l, struct span text)
{
    apply(l, text, false);
    for (unsigned i = 0; i < l->nsources; i++)
        l->source[i].level = l->level;
    apply(l, text, true);
    l->highest = l->level;
    for (unsigned i = 0; i < l->nsources; i++)
        if (l->source[i].level > l->highest)
            l->highest = l->source[i].level;
}

bool log_on(const struct log *l, enum log_level level, const char *source)
{
    const struct log_source *s;

    if (level > l->highest || level == LOG_QUIET)
        return false;
    s = source_find(l, source_name(source));
    return level <= (s ? s->level : l->level);
}
