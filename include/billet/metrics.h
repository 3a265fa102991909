/* SPDX-License-Identifier: ISC */
/*
 * metrics.h - counters and gauges that show up by being declared.
 *
 *     #define SHOP_METRICS(X)                                                \
 *         X(COUNTER, orders, "", "Orders taken")                             \
 *         X(COUNTER, refused__price, "reason=\"price\"", "Orders refused")   \
 *         X(COUNTER, refused__stock, "reason=\"stock\"", "Orders refused")   \
 *         X(GAUGE, carts, "", "Carts open")
 *     METRICS_STRUCT(shop, SHOP_METRICS);     struct shop_metrics
 *     METRICS_TABLE(shop, SHOP_METRICS);      shop_metrics_group
 *     ...
 *     struct shop_metrics m;                  in the instance's state
 *     metrics_add(env->metrics, &shop_metrics_group, &m.orders);
 *     m.orders++;
 *
 * /metrics then has `shop_orders_total`, `shop_refused_total{reason="price"}`,
 * `shop_refused_total{reason="stock"}` and `shop_carts`.  A name is the prefix
 * and the field up to a double underscore, if it has one; what stands behind
 * that only keeps fields of one name apart, whose labels tell them apart.  They
 * need not be neighbours.  The words of help are for whoever reads the code and
 * asks a process; an image leaves them out, as OpenMetrics allows.
 */
#ifndef BILLET_METRICS_H
#define BILLET_METRICS_H

#include <billet/base.h>

/* Rows one behind the other, each "c" or "g" for its kind and the field, then
 * its labels, then its help unless that is left out; each part ends with a zero
 * byte, and one more is the end.  No pointers: an image has hundreds of rows.
 */
struct metrics_group {
    const char *prefix; /* "net" */
    const char *rows;
};

#define METRICS_KIND_COUNTER_                     "c"
#define METRICS_KIND_GAUGE_                       "g"
#define METRICS_FIELD_(kind, field, labels, help) uint64_t field;
#ifdef METRICS_NO_HELP /* set by the build, for images */
#define METRICS_ROW_(kind, field, labels, help)                                \
    METRICS_KIND_##kind##_ #field "\0" labels "\0"
#else
#define METRICS_ROW_(kind, field, labels, help)                                \
    METRICS_KIND_##kind##_ #field "\0" labels "\0" help "\0"
#endif
/* The struct: in a header, or at the top of the one file that uses it. */
#define METRICS_STRUCT(prefix, LIST)                                           \
    struct prefix##_metrics {                                                  \
        LIST(METRICS_FIELD_)                                                   \
    }
/* The table: once, in a .c file. */
#define METRICS_TABLE(prefix_, LIST)                                           \
    const struct metrics_group prefix_##_metrics_group = {                     \
        .prefix = #prefix_, .rows = LIST(METRICS_ROW_)}

struct metrics;

/* Show the group; `values` is the first field of a prefix##_metrics struct, one
 * uint64_t a row in order, and stays the caller's.  Panics beyond
 * METRICS_GROUPS_MAX. */
enum { METRICS_GROUPS_MAX = 32 };
void metrics_add(struct metrics *, const struct metrics_group *,
                 const uint64_t *values);

/* The same for values that are worked out when asked: `refresh` runs before a
 * reading and may update the values. */
void metrics_add_computed(struct metrics *, const struct metrics_group *,
                          const uint64_t *values, void (*refresh)(void *user),
                          void *user);

/* The same with labels for every row besides its own: "nic=\"uplink\"".  The
 * text must stay. */
void metrics_add_labelled(struct metrics *, const struct metrics_group *,
                          const uint64_t *values, const char *labels);
/* The same for the group that was added last. */
void metrics_label(struct metrics *, const char *labels);

/* One value by its full name without labels ("net_rx_frames"), summed over the
 * labels; 0 when there is none. */
uint64_t metrics_get(const struct metrics *, const char *name);

/*
 * The OpenMetrics text, in pieces: fills `out` from *cursor on (0 at first,
 * then what the last call left there), returns the bytes written; 0 when all is
 * written.  Whole lines only; `out` must hold METRICS_LINE_BYTES at least.
 */
enum { METRICS_LINE_BYTES = 512 };
size_t metrics_format(const struct metrics *, uint32_t *cursor,
                      struct mspan out);

#endif
