/* SPDX-License-Identifier: ISC */
/*
 * yaml.c - lines, and how deep they are: which map or list a value is in.
 */
#include <platform/yaml.h>

#include <base/bytes.h>

#define FLOW_INDENT UINT32_MAX

void yaml_start(struct yaml *y, struct span text, const char *only)
{
    y->text = text;
    y->only = only;
    y->at = 0;
    y->line = 0;
    y->why = NULL;
    y->depth = 0;
    y->open = y->skipping = y->flow = y->bare = false;
    y->rest = (struct span){0};
    y->column = 0;
    y->n = 0;
}

static bool fail(struct yaml *y, const char *why)
{
    y->why = why;
    return false;
}

static void skip_blanks(struct yaml *y)
{
    while (y->rest.n > 0 && yaml_is_blank(y->rest.p[0])) {
        y->rest = (struct span){y->rest.p + 1, y->rest.n - 1};
        y->column++;
    }
    if (y->rest.n > 0 && y->rest.p[0] == '#')
        y->rest.n = 0;
}

static bool is_item(struct span s)
{
    return s.n > 0 && s.p[0] == '-' && (s.n == 1 || yaml_is_blank(s.p[1]));
}

/* The next line that says something to `rest`; false: there is none. */
static bool read_line(struct yaml *y)
{
    while (y->at < y->text.n) {
        const uint8_t *p = y->text.p + y->at;
        const uint8_t *end = memchr(p, '\n', y->text.n - y->at);
        size_t n = end ? (size_t)(end - p) : y->text.n - y->at;

        y->at += n + (end != NULL);
        y->line++;
        y->rest = (struct span){p, n > 0 && p[n - 1] == '\r' ? n - 1 : n};
        y->column = 0;
        skip_blanks(y);
        if (y->rest.n == 0 || (y->line <= 2 && span_eq(y->rest, SPAN("---"))))
            continue;
        if (y->skipping && (y->column > 0 || is_item(y->rest)))
            continue;
        y->skipping = false;
        if (memchr(p, '\t', y->column))
            return fail(y, "a tab before the first word");
        return true;
    }
    return false;
}

static struct yaml_step *top(struct yaml *y)
{
    return &y->path[y->depth - 1];
}

static bool push(struct yaml *y, unsigned indent, bool is_list)
{
    if (y->depth == YAML_DEPTH_MAX)
        return fail(y, "maps or lists in each other deeper than twelve");
    y->path[y->depth] = (struct yaml_step){.is_list = is_list};
    y->indent[y->depth++] = indent;
    y->open = false;
    return true;
}

/* Whether what begins in this column is the value of what is open.  A list may
 * stand right below the name that it belongs to. */
static bool nests(struct yaml *y, bool is_list)
{
    unsigned indent = y->indent[y->depth - 1];

    return y->column > indent ||
           (y->column == indent && is_list && !top(y)->is_list);
}

/* The map or list that this column belongs to is the last of the path. */
static bool enter(struct yaml *y, bool is_list)
{
    if (y->depth == 0)
        return y->column == 0 ? push(y, 0, is_list)
                              : fail(y, "the first line is indented");
    if (y->open)
        return push(y, y->column, is_list);
    while (y->depth > 1 && (y->indent[y->depth - 1] > y->column ||
                            (y->indent[y->depth - 1] == y->column &&
                             top(y)->is_list && !is_list)))
        y->depth--;
    if (y->indent[y->depth - 1] != y->column || top(y)->is_list != is_list)
        return fail(y, "this is indented as nothing before it");
    top(y)->index++;
    return true;
}

static bool take_value(struct yaml *y)
{
    const char *why;

    y->open = false;
    if (y->rest.p[0] == '[' && !y->flow) {
        y->rest = (struct span){y->rest.p + 1, y->rest.n - 1};
        y->flow = push(y, FLOW_INDENT, true);
        return false;
    }
    if ((why = yaml_scalar(y)))
        return fail(y, why);
    skip_blanks(y);
    if (!y->flow && y->rest.n > 0)
        return fail(y, "something behind a value in quotes");
    return true;
}

/* Within brackets.  True: there is a value. */
static bool take_flow(struct yaml *y)
{
    uint8_t c;

    skip_blanks(y);
    if (y->rest.n == 0)
        return fail(y, "a bracket that is not closed on its line");
    if (y->rest.p[0] == ']') {
        y->rest = (struct span){y->rest.p + 1, y->rest.n - 1};
        y->flow = false;
        y->depth--;
        skip_blanks(y);
        return y->rest.n > 0 ? fail(y, "something behind a bracket") : false;
    }
    if (!take_value(y))
        return false;
    c = y->rest.n > 0 ? y->rest.p[0] : 0;
    if (c != ',' && c != ']')
        return fail(y, "a bracket that is not closed on its line");
    return true;
}

/* Behind a value in brackets: on to the next. */
static void pass_comma(struct yaml *y)
{
    if (y->rest.n > 0 && y->rest.p[0] == ',') {
        y->rest = (struct span){y->rest.p + 1, y->rest.n - 1};
        top(y)->index++;
    }
}

/* "- ...": what follows has a column of its own. */
static bool take_item(struct yaml *y)
{
    if (!enter(y, true))
        return false;
    y->open = true;
    y->rest = (struct span){y->rest.p + 1, y->rest.n - 1};
    y->column++;
    skip_blanks(y);
    if (y->rest.n == 0 || is_item(y->rest))
        return false;
    {
        struct span rest = y->rest, name;

        return yaml_name(&rest, &name) ? false : take_value(y);
    }
}

static bool take_member(struct yaml *y)
{
    struct span rest = y->rest, name;

    if (!yaml_name(&rest, &name))
        return fail(y, "neither `name: value` nor `- value`");
    if (!enter(y, false))
        return false;
    top(y)->name = name;
    y->rest = rest;
    y->open = true;
    if (y->depth == 1 && y->only && !span_eq(name, span_of(y->only))) {
        y->rest.n = 0;
        y->open = false;
        y->skipping = true;
        return false;
    }
    skip_blanks(y);
    return y->rest.n > 0 && take_value(y);
}

/* What was open has no value after all. */
static bool is_empty(struct yaml *y)
{
    if (!y->open || (y->rest.n > 0 && nests(y, is_item(y->rest))))
        return false;
    y->open = false;
    y->n = 0;
    y->bare = true;
    return true;
}

bool yaml_next(struct yaml *y)
{
    if (y->flow)
        pass_comma(y);
    while (!y->why) {
        bool item;

        if (y->flow) {
            if (take_flow(y))
                return true;
            continue;
        }
        if (y->rest.n == 0 && !read_line(y))
            return y->why ? false : is_empty(y);
        if (is_empty(y))
            return true;
        item = is_item(y->rest);
        if (item ? take_item(y) : take_member(y))
            return true;
    }
    return false;
}

static bool step_is(const struct yaml_step *s, struct span name)
{
    if (s->is_list)
        return span_eq(name, SPAN("[]"));
    return span_eq(name, SPAN("*")) || span_eq(name, s->name);
}

bool yaml_at(const struct yaml *y, unsigned first, const char *path)
{
    for (unsigned i = first; i < y->depth; i++) {
        const char *end = path;

        while (*end && *end != '.')
            end++;
        if (end == path ||
            !step_is(&y->path[i], (struct span){(const uint8_t *)path,
                                                (size_t)(end - path)}))
            return false;
        path = *end ? end + 1 : end;
    }
    return *path == 0;
}
