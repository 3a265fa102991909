/* SPDX-License-Identifier: ISC */
/*
 * yaml.h - as much of YAML as configuration files for machines are written in:
 * maps, lists, scalars that are plain or in quotes, comments, and lists of
 * scalars in [brackets].  Whatever else YAML has (tags, anchors, text blocks,
 * maps in braces, tabs that indent) is an error that names the line.
 */
#ifndef PLATFORM_YAML_H
#define PLATFORM_YAML_H

#include <billet/base.h>

enum {
    YAML_DEPTH_MAX = 12,     /* maps and lists in each other; beyond: refused */
    YAML_SCALAR_BYTES = 4096 /* of a value; beyond: refused */
};

/* One step of the way from the root to a value. */
struct yaml_step {
    struct span name; /* of a member of a map; lists: empty */
    unsigned index;   /* of an element of a list, from 0 */
    bool is_list;
};

struct yaml {
    struct span text; /* all of it; stays */
    const char *only; /* a member of the root: all others are passed over */
    size_t at;
    unsigned line;   /* from 1 */
    const char *why; /* NULL: all is well so far */
    unsigned depth;  /* steps of the path */
    struct yaml_step path[YAML_DEPTH_MAX];
    unsigned indent[YAML_DEPTH_MAX];
    bool open;        /* the last step has no value yet */
    bool skipping;    /* below a member of the root that is passed over */
    struct span rest; /* of a line that has more: "- a: b", "[a, b]" */
    unsigned column;  /* of `rest` */
    bool flow;        /* `rest` is within brackets */
    bool bare;        /* the value was plain, not in quotes */
    size_t n;
    uint8_t value[YAML_SCALAR_BYTES];
};

/* `only` may be NULL. */
void yaml_start(struct yaml *, struct span text, const char *only);

/* The next scalar: `path` leads to it, `value` has `n` bytes.  False: the end,
 * or an error, with `why` and `line`.  What has no value at all ("key:") is
 * given as an empty bare one. */
bool yaml_next(struct yaml *);

/* Whether the path from step `first` on is this one: names, "*" for any, "[]"
 * for an element of a list; "network.ethernets.*.addresses.[]". */
bool yaml_at(const struct yaml *, unsigned first, const char *path);

/* For yaml.c: the scalar at the start of `rest`, which moves behind it, to
 * `value`; and the name before a colon.  NULL, or what is wrong. */
const char *yaml_scalar(struct yaml *);
bool yaml_name(struct span *rest, struct span *name);

static inline bool yaml_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

#endif
