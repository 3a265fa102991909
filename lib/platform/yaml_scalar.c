/* SPDX-License-Identifier: ISC */
/*
 * yaml_scalar.c - values and names of YAML: plain, "double" and 'single'.
 */
#include <platform/yaml.h>

#include <base/bytes.h>

static const char too_long[] = "a value is longer than 4096 bytes";

static bool put(struct yaml *y, uint8_t c)
{
    if (y->n == sizeof(y->value))
        return false;
    y->value[y->n++] = c;
    return true;
}

static void drop(struct span *s, size_t n)
{
    *s = (struct span){s->p + n, s->n - n};
}

/* The byte that a backslash and `c` stand for; 0: none that we take. */
static uint8_t escaped(uint8_t c)
{
    return c == 'n'                                        ? '\n'
           : c == 't'                                      ? '\t'
           : c == 'r'                                      ? '\r'
           : c == '"' || c == '\\' || c == '/' || c == ' ' ? c
                                                           : 0;
}

static const char *take_quoted(struct yaml *y, uint8_t quote)
{
    struct span *s = &y->rest;

    for (drop(s, 1); s->n > 0; drop(s, 1)) {
        uint8_t c = s->p[0];

        if (c == quote && quote == '\'' && s->n > 1 && s->p[1] == quote) {
            drop(s, 1);
        } else if (c == quote) {
            drop(s, 1);
            return NULL;
        } else if (c == '\\' && quote == '"') {
            if (s->n < 2 || !(c = escaped(s->p[1])))
                return "an escape that is not taken";
            drop(s, 1);
        }
        if (!put(y, c))
            return too_long;
    }
    return "a quote that is not closed on its line";
}

static bool ends_plain(const struct yaml *y, struct span s)
{
    if (y->flow && (s.p[0] == ',' || s.p[0] == ']'))
        return true;
    return yaml_is_blank(s.p[0]) && s.n > 1 && s.p[1] == '#';
}

static const char *take_plain(struct yaml *y)
{
    struct span *s = &y->rest;

    for (; s->n > 0 && !ends_plain(y, *s); drop(s, 1)) {
        if (s->p[0] == ':' && (s->n == 1 || yaml_is_blank(s->p[1])))
            return "a map that begins on the line of its key";
        if (!put(y, s->p[0]))
            return too_long;
    }
    while (y->n > 0 && yaml_is_blank(y->value[y->n - 1]))
        y->n--;
    return NULL;
}

static const char *refused(struct span s)
{
    switch (s.p[0]) {
    case '|':
    case '>':
        return "a block of text; put the value into quotes";
    case '&':
    case '*':
        return "an anchor or alias";
    case '!':
        return "a tag";
    case '{':
        return "a map in braces; write it in lines";
    case '[':
        return "a list within a list";
    case '%':
    case '@':
    case '`':
    case ']':
    case '}':
    case ',':
        return "a value that begins with a sign; put it into quotes";
    case '-':
    case '?':
        return s.n == 1 || yaml_is_blank(s.p[1])
                   ? "a list that begins on the line of its key"
                   : NULL;
    default:
        return NULL;
    }
}

const char *yaml_scalar(struct yaml *y)
{
    const char *why;

    y->n = 0;
    y->bare = false;
    if (y->rest.p[0] == '"' || y->rest.p[0] == '\'')
        return take_quoted(y, y->rest.p[0]);
    y->bare = true;
    return (why = refused(y->rest)) ? why : take_plain(y);
}

bool yaml_name(struct span *rest, struct span *name)
{
    struct span s = *rest;
    size_t n = 0, end;

    if (s.n > 0 && (s.p[0] == '"' || s.p[0] == '\'')) {
        for (n = 1; n < s.n && s.p[n] != s.p[0]; n++)
            if (s.p[n] == '\\')
                return false;
        *name = (struct span){s.p + 1, n - 1};
        end = n + 1;
        if (end >= s.n || s.p[end] != ':')
            return false;
    } else {
        while (n < s.n &&
               !(s.p[n] == ':' && (n + 1 == s.n || yaml_is_blank(s.p[n + 1]))))
            if (yaml_is_blank(s.p[n]) || memchr("{}[],&*!|>%@`#", s.p[n++], 14))
                return false;
        *name = (struct span){s.p, n};
        end = n;
    }
    if (name->n == 0 || end >= s.n ||
        (end + 1 < s.n && !yaml_is_blank(s.p[end + 1])))
        return false;
    *rest = (struct span){s.p + end + 1, s.n - end - 1};
    return true;
}
