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

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *field, *labels;
    uint8_t kind; /* enum metric_kind */
#ifndef METRICS_NO_HELP
    const char *help;
#endif
};

struct metrics_group {
    const char *prefix; /* "net" */
    const struct metric *metrics;
    unsigned n;
};

#define METRICS_FIELD_(kind, field, labels, help) uint64_t field;
#ifdef METRICS_NO_HELP /* set by the build, for images */
#define METRICS_ROW_(kind, field, labels, help) {#field, labels, METRIC_##kind},
#else
#define METRICS_ROW_(kind, field, labels, help)                                \
    {#field, labels, METRIC_##kind, help},
#endif
/* The struct: in a header, or at the top of the one file that uses it. */
#define METRICS_STRUCT(prefix, LIST)                                           \
    struct prefix##_metrics {                                                  \
        LIST(METRICS_FIELD_)                                                   \
    }
/* The table: once, in a .c file. */
#define METRICS_TABLE(prefix_, LIST)                                           \
    static const struct metric prefix_##_metric_rows_[] = {                    \
        LIST(METRICS_ROW_)};                                                   \
    const struct metrics_group prefix_##_metrics_group = {                     \
        .prefix = #prefix_,                                                    \
        .metrics = prefix_##_metric_rows_,                                     \
        .n = sizeof(prefix_##_metric_rows_) / sizeof(struct metric)}

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
