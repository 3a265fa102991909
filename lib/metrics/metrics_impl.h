/* SPDX-License-Identifier: ISC */
/*
 * metrics_impl.h - the registry as its owner sees it; zeroed is its start.
 */
#ifndef METRICS_IMPL_H
#define METRICS_IMPL_H

#include <billet/metrics.h>

struct metrics_entry {
    const struct metrics_group *group;
    const uint64_t *values;
    const char *labels; /* of every row; NULL: none */
    void (*refresh)(void *user);
    void *user;
};

struct metrics {
    unsigned n;
    struct metrics_entry entry[METRICS_GROUPS_MAX];
};

#endif
