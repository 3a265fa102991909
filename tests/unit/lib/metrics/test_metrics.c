/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <metrics/metrics_impl.h>
#include <string.h>

#define SHOP_METRICS(X)                                                        \
    X(COUNTER, orders, "", "Orders taken")                                     \
    X(COUNTER, refused__price, "reason=\"price\"", "Orders refused")           \
    X(GAUGE, basket, "", "Carts \"open\"\nnow \\ here")                        \
    X(COUNTER, refused__stock, "reason=\"stock\"", "Orders refused")
METRICS_STRUCT(shop, SHOP_METRICS);
METRICS_TABLE(shop, SHOP_METRICS);

#define NIC_METRICS(X)                                                         \
    X(COUNTER, frames__in, "dir=\"in\"", "Frames")                             \
    X(COUNTER, frames__out, "dir=\"out\"", "Frames")                           \
    X(GAUGE, up, "", "Link is up")
METRICS_STRUCT(nic, NIC_METRICS);
METRICS_TABLE(nic, NIC_METRICS);

static struct metrics m;

/* All of it, in pieces of `size` bytes. */
static const char *text(size_t size)
{
    static char all[65536];
    uint8_t piece[4096];
    uint32_t cursor = 0;
    size_t n = 0, got;

    while ((got = metrics_format(&m, &cursor, (struct mspan){piece, size}))) {
        ck_assert_uint_le(got, size);
        ck_assert_int_eq(piece[got - 1], '\n');
        memcpy(all + n, piece, got);
        n += got;
    }
    all[n] = 0;
    return all;
}

START_TEST(test_openmetrics_text_exactly)
{
    struct shop_metrics shop = {.orders = 5,
                                .refused__price = 1,
                                .refused__stock = UINT64_MAX,
                                .basket = 2};

    m = (struct metrics){0};
    metrics_add(&m, &shop_metrics_group, &shop.orders);
    ck_assert_str_eq(text(4096),
                     "# TYPE shop_orders counter\n"
                     "# HELP shop_orders Orders taken\n"
                     "shop_orders_total 5\n"
                     "# TYPE shop_refused counter\n"
                     "# HELP shop_refused Orders refused\n"
                     "shop_refused_total{reason=\"price\"} 1\n"
                     "shop_refused_total{reason=\"stock\"} "
                     "18446744073709551615\n"
                     "# TYPE shop_basket gauge\n"
                     "# HELP shop_basket Carts \\\"open\\\"\\nnow \\\\ here\n"
                     "shop_basket 2\n"
                     "# EOF\n");
}
END_TEST

START_TEST(test_no_groups_is_only_the_end)
{
    m = (struct metrics){0};
    ck_assert_str_eq(text(512), "# EOF\n");
}
END_TEST

START_TEST(test_a_family_is_written_once_over_several_groups)
{
    struct nic_metrics a = {1, 2, 3}, b = {4, 5, 6};
    struct shop_metrics shop = {0};
    const char *all;

    m = (struct metrics){0};
    metrics_add_labelled(&m, &nic_metrics_group, &a.frames__in, "nic=\"a\"");
    metrics_add(&m, &shop_metrics_group, &shop.orders);
    metrics_add_labelled(&m, &nic_metrics_group, &b.frames__in, "nic=\"b\"");
    all = text(600);
    ck_assert_ptr_eq(strstr(all, "# TYPE nic_frames counter\n"
                                 "# HELP nic_frames Frames\n"
                                 "nic_frames_total{nic=\"a\",dir=\"in\"} 1\n"
                                 "nic_frames_total{nic=\"a\",dir=\"out\"} 2\n"
                                 "nic_frames_total{nic=\"b\",dir=\"in\"} 4\n"
                                 "nic_frames_total{nic=\"b\",dir=\"out\"} 5\n"
                                 "# TYPE nic_up gauge\n"
                                 "# HELP nic_up Link is up\n"
                                 "nic_up{nic=\"a\"} 3\n"
                                 "nic_up{nic=\"b\"} 6\n"
                                 "# TYPE shop_orders counter\n"),
                     all);
    ck_assert_ptr_null(strstr(strstr(all, "shop_orders"), "nic"));
}
END_TEST

START_TEST(test_pieces_of_any_size_make_the_same_text)
{
    struct nic_metrics nics[METRICS_GROUPS_MAX];
    char whole[65536];

    m = (struct metrics){0};
    for (unsigned i = 0; i < METRICS_GROUPS_MAX; i++) {
        nics[i] = (struct nic_metrics){i, i, i};
        metrics_add(&m, &nic_metrics_group, &nics[i].frames__in);
    }
    strcpy(whole, text(4096));
    ck_assert(strstr(whole, "# EOF\n"));
    for (size_t size = METRICS_LINE_BYTES; size < 1200; size += 13)
        ck_assert_str_eq(text(size), whole);
}
END_TEST

static struct shop_metrics computed;

static void refresh(void *user)
{
    computed.orders += *(unsigned *)user;
}

START_TEST(test_computed_values_are_refreshed_once_a_reading)
{
    unsigned step = 10;

    m = (struct metrics){0};
    computed = (struct shop_metrics){0};
    metrics_add_computed(&m, &shop_metrics_group, &computed.orders, refresh,
                         &step);
    ck_assert(strstr(text(512), "shop_orders_total 10\n"));
    ck_assert_uint_eq(computed.orders, 10);
    ck_assert(strstr(text(512), "shop_orders_total 20\n"));
}
END_TEST

START_TEST(test_computed_values_have_labels_too)
{
    unsigned step = 1;

    m = (struct metrics){0};
    computed = (struct shop_metrics){0};
    metrics_add_computed(&m, &shop_metrics_group, &computed.orders, refresh,
                         &step);
    metrics_label(&m, "town=\"Ulm\"");
    ck_assert(strstr(text(512), "shop_orders_total{town=\"Ulm\"} 1\n"));
}
END_TEST

START_TEST(test_get_sums_over_labels)
{
    struct nic_metrics a = {1, 2, 3}, b = {4, 5, 6};

    m = (struct metrics){0};
    metrics_add(&m, &nic_metrics_group, &a.frames__in);
    metrics_add(&m, &nic_metrics_group, &b.frames__in);
    ck_assert_uint_eq(metrics_get(&m, "nic_frames"), 12);
    ck_assert_uint_eq(metrics_get(&m, "nic_up"), 9);
    ck_assert_uint_eq(metrics_get(&m, "nic"), 0);
    ck_assert_uint_eq(metrics_get(&m, "nic_frames__in"), 0);
}
END_TEST

START_TEST(test_one_group_too_many_panics)
{
    struct nic_metrics a = {0};

    m = (struct metrics){0};
    for (unsigned i = 0; i <= METRICS_GROUPS_MAX; i++)
        metrics_add(&m, &nic_metrics_group, &a.frames__in);
}
END_TEST

RUN_TESTS("metrics", PANICS(test_one_group_too_many_panics),
          test_openmetrics_text_exactly, test_no_groups_is_only_the_end,
          test_a_family_is_written_once_over_several_groups,
          test_pieces_of_any_size_make_the_same_text,
          test_computed_values_are_refreshed_once_a_reading,
          test_computed_values_have_labels_too, test_get_sums_over_labels)
