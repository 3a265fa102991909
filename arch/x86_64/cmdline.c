/* SPDX-License-Identifier: ISC */
/*
 * cmdline.c - see cmdline.h.
 */
#include "cmdline.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_escaped(struct span s, size_t at)
{
    uint8_t c = at + 1 < s.n ? s.p[at + 1] : 0;

    return s.p[at] == '\\' && (c == '\\' || c == '"' || c == '\'');
}

/* One argument from s.p[*at] on, to `out`, without a zero.  False when a quote
 * is left open. */
static bool take_argument(struct span s, size_t *at, char **out)
{
    bool quoted = false;

    for (; *at < s.n && (quoted || !is_blank(s.p[*at])); ++*at) {
        if (s.p[*at] == '"') {
            quoted = !quoted;
            continue;
        }
        if (is_escaped(s, *at))
            ++*at;
        *(*out)++ = (char)s.p[*at];
    }
    return !quoted;
}

const char *cmdline_split(struct cmdline *c, struct span line)
{
    char *out = c->text, *start;
    size_t at = 0;

    c->n = 0;
    c->parted = false;
    c->args[0] = NULL;
    if (line.n >= CMDLINE_BYTES)
        return "the command line is longer than 4095 bytes";
    for (;;) {
        while (at < line.n && is_blank(line.p[at]))
            at++;
        if (at == line.n)
            break;
        if (c->n == CMDLINE_ARGS + (c->parted ? 1u : 0u))
            return "the command line has more than 64 arguments";
        start = out;
        if (!take_argument(line, &at, &out))
            return "the command line has a quote that is not closed";
        *out++ = 0;
        c->parted |= out - start == 3 && start[0] == '-' && start[1] == '-';
        c->args[c->n++] = start;
        c->args[c->n] = NULL;
    }
    return NULL;
}

static struct span skip(struct span s, bool blanks)
{
    while (s.n > 0 && is_blank(*s.p) == blanks)
        s = (struct span){s.p + 1, s.n - 1};
    return s;
}

struct span cmdline_without_path(struct span line)
{
    return skip(skip(skip(line, true), false), true);
}
