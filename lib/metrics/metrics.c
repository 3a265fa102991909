/* SPDX-License-Identifier: ISC */
/*
 * metrics.c - the registry of groups and its OpenMetrics text.
 *
 * A family is all rows of one name: within a group by the part of the field
 * before a double underscore, and across groups of one prefix.  OpenMetrics
 * wants a family's samples together, so the text is written family by family,
 * each where its first row stands.
 */
#include "metrics_impl.h"

#include <base/bytes.h>
#include <base/fmt.h>

/* The cursor is the family's first row and the row to write next, with
 * group and row numbers in 5 and 11 bits. */
enum { ROW_BITS = 11, ROWS_MAX = 1 << ROW_BITS, PLACE_BITS = 16 };
#define CURSOR_EOF (UINT32_MAX - 1) /* "# EOF" comes next */
#define CURSOR_END UINT32_MAX
_Static_assert(METRICS_GROUPS_MAX <= 1 << (PLACE_BITS - ROW_BITS), "cursor");

static void add(struct metrics *m, const struct metrics_entry *e)
{
    ASSERT(m->n < METRICS_GROUPS_MAX);
    m->entry[m->n++] = *e;
}

void metrics_add(struct metrics *m, const struct metrics_group *g,
                 const uint64_t *values)
{
    add(m, &(struct metrics_entry){.group = g, .values = values});
}

void metrics_add_labelled(struct metrics *m, const struct metrics_group *g,
                          const uint64_t *values, const char *labels)
{
    add(m, &(struct metrics_entry){
               .group = g, .values = values, .labels = labels});
}

void metrics_add_computed(struct metrics *m, const struct metrics_group *g,
                          const uint64_t *values, void (*refresh)(void *user),
                          void *user)
{
    add(m, &(struct metrics_entry){
               .group = g, .values = values, .refresh = refresh, .user = user});
}

void metrics_label(struct metrics *m, const char *labels)
{
    ASSERT(m->n > 0);
    m->entry[m->n - 1].labels = labels;
}

/* A row's position, in the order of registration. */
struct place {
    unsigned group, row;
    const char *text; /* its row, or the end of the group's; NULL: row 0 */
};

/* Behind a text and the zero that ends it. */
static const char *behind(const char *text)
{
    return text + strlen(text) + 1;
}

static const char *labels_of(const char *row)
{
    return behind(row);
}

/* False behind the last row. */
static bool settle(const struct metrics *m, struct place *p)
{
    for (; p->group < m->n; *p = (struct place){.group = p->group + 1}) {
        if (!p->text)
            p->text = m->entry[p->group].group->rows;
        if (*p->text)
            return true;
    }
    return false;
}

/* From a row to the next, or to the end of the group. */
static void advance(struct place *p)
{
    p->text = behind(behind(p->text));
#ifndef METRICS_NO_HELP
    p->text = behind(p->text);
#endif
    p->row++;
}

static bool step(const struct metrics *m, struct place *p)
{
    advance(p);
    return settle(m, p);
}

static size_t name_bytes(const char *field)
{
    size_t n = 0;

    while (field[n] && !(field[n] == '_' && field[n + 1] == '_'))
        n++;
    return n;
}

static bool same_prefix(const struct metrics *m, unsigned a, unsigned b)
{
    return a == b ||
           strcmp(m->entry[a].group->prefix, m->entry[b].group->prefix) == 0;
}

static bool same_name(const char *a, const char *b)
{
    size_t n = name_bytes(a);

    return n == name_bytes(b) && memcmp(a, b, n) == 0;
}

/* The first row from *p on of the family that `of` is in; false: none. */
static bool find_in_family(const struct metrics *m, struct place of,
                           struct place *p)
{
    while (settle(m, p)) {
        if (!same_prefix(m, p->group, of.group))
            *p = (struct place){.group = p->group + 1};
        else if (same_name(p->text, of.text))
            return true;
        else
            advance(p);
    }
    return false;
}

/* The next row that is the first of its family; false: none. */
static bool next_head(const struct metrics *m, struct place *p)
{
    while (step(m, p)) {
        struct place first = {0};

        find_in_family(m, *p, &first);
        if (first.group == p->group && first.row == p->row)
            return true;
    }
    return false;
}

/* "shop_refused", and "_total" for a counter's samples. */
static size_t put_name(const struct metrics *m, struct place p, char *out,
                       size_t size)
{
    return fmt(out, size, "%s_%.*s", m->entry[p.group].group->prefix,
               (int)name_bytes(p.text) - 1, p.text + 1);
}

#ifndef METRICS_NO_HELP
/* Help is shown as the format's escaped-string. */
static size_t put_escaped(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text; text++) {
        bool escape = *text == '\\' || *text == '"' || *text == '\n';

        n += fmt(out + n, size - n, escape ? "\\%c" : "%c",
                 *text == '\n' ? 'n' : *text);
    }
    return n;
}

static size_t put_help(const struct metrics *m, struct place p, char *out,
                       size_t size)
{
    size_t n = fmt(out, size, "# HELP ");

    n += put_name(m, p, out + n, size - n);
    n += fmt(out + n, size - n, " ");
    n += put_escaped(out + n, size - n, behind(labels_of(p.text)));
    n += fmt(out + n, size - n, "\n");
    return n;
}
#else
static size_t put_help(const struct metrics *m, struct place p, char *out,
                       size_t size)
{
    (void)m;
    (void)p;
    (void)out;
    (void)size;
    return 0;
}
#endif

static bool is_counter(struct place p)
{
    return *p.text == *METRICS_KIND_COUNTER_;
}

static size_t put_head(const struct metrics *m, struct place p, char *out,
                       size_t size)
{
    size_t n = fmt(out, size, "# TYPE ");

    n += put_name(m, p, out + n, size - n);
    n += fmt(out + n, size - n, " %s\n", is_counter(p) ? "counter" : "gauge");
    n += put_help(m, p, out + n, size - n);
    return n;
}

static size_t put_sample(const struct metrics *m, struct place p, char *out,
                         size_t size)
{
    const struct metrics_entry *e = &m->entry[p.group];
    const char *own = labels_of(p.text);
    const char *more = e->labels ? e->labels : "";
    bool any = *own || *more, both = *own && *more;
    size_t n = put_name(m, p, out, size);

    n += fmt(out + n, size - n, "%s%s%s%s%s%s %lu\n",
             is_counter(p) ? "_total" : "", any ? "{" : "", more,
             both ? "," : "", own, any ? "}" : "",
             (unsigned long)e->values[p.row]);
    return n;
}

static uint32_t pack(struct place p)
{
    /* One less, so that no place in the table looks like CURSOR_END. */
    ASSERT(p.row < ROWS_MAX - 1);
    return p.group << ROW_BITS | p.row;
}

static struct place unpack(const struct metrics *m, uint32_t v)
{
    struct place p = {.group = v >> ROW_BITS};

    for (unsigned row = v & (ROWS_MAX - 1); settle(m, &p) && p.row < row;)
        advance(&p);
    return p;
}

/* Writes one sample, with its family's head when it is the first, and moves
 * the cursor on. */
static size_t put_next(const struct metrics *m, uint32_t *cursor, char *out,
                       size_t size)
{
    struct place head = unpack(m, *cursor >> PLACE_BITS);
    struct place at = unpack(m, *cursor & ((1 << PLACE_BITS) - 1));
    bool more = true;
    size_t n = 0;

    if (*cursor == CURSOR_EOF || !settle(m, &head)) {
        *cursor = CURSOR_END;
        return fmt(out, size, "# EOF\n");
    }
    settle(m, &at);
    if (pack(head) == pack(at))
        n = put_head(m, head, out, size);
    n += put_sample(m, at, out + n, size - n);
    advance(&at);
    if (!find_in_family(m, head, &at)) {
        more = next_head(m, &head);
        at = head;
    }
    *cursor = more ? pack(head) << PLACE_BITS | pack(at) : CURSOR_EOF;
    return n;
}

static void refresh(const struct metrics *m)
{
    for (unsigned i = 0; i < m->n; i++)
        if (m->entry[i].refresh)
            m->entry[i].refresh(m->entry[i].user);
}

size_t metrics_format(const struct metrics *m, uint32_t *cursor,
                      struct mspan out)
{
    size_t n = 0;

    ASSERT(out.n >= METRICS_LINE_BYTES);
    if (*cursor == 0)
        refresh(m);
    while (*cursor != CURSOR_END && out.n - n >= METRICS_LINE_BYTES)
        n += put_next(m, cursor, (char *)out.p + n, out.n - n);
    return n;
}

uint64_t metrics_get(const struct metrics *m, const char *name)
{
    char full[METRICS_LINE_BYTES];
    struct place p = {0};
    uint64_t sum = 0;

    refresh(m);
    for (bool more = settle(m, &p); more; more = step(m, &p)) {
        put_name(m, p, full, sizeof(full));
        if (strcmp(full, name) == 0)
            sum += m->entry[p.group].values[p.row];
    }
    return sum;
}
