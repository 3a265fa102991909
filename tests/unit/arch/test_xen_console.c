/* SPDX-License-Identifier: ISC */
/* The ring of Xen's console, with a host that reads, does not, or lies. */
#include <lib/suite.h>
#include <string.h>
#include <xen.h>

static struct xen_console ring;
static char heard[3 * XEN_CONSOLE_BYTES];
static size_t heard_n;

static size_t put(const char *text)
{
    return xen_console_put(&ring,
                           (struct span){(const uint8_t *)text, strlen(text)});
}

/* What a console daemon does. */
static void host_reads(void)
{
    for (; ring.out_cons != ring.out_prod; ring.out_cons++) {
        ck_assert_uint_lt(heard_n, sizeof(heard));
        heard[heard_n++] = (char)ring.out[ring.out_cons % XEN_CONSOLE_BYTES];
    }
}

static void from(uint32_t index)
{
    memset(&ring, 0, sizeof(ring));
    ring.out_cons = ring.out_prod = index;
    heard_n = 0;
}

START_TEST(test_a_line_ends_with_both)
{
    from(0);
    ck_assert_uint_eq(put("one\ntwo"), 7);
    ck_assert_uint_eq(put(""), 0);
    host_reads();
    ck_assert_mem_eq(heard, "one\r\ntwo", heard_n);
    ck_assert_uint_eq(heard_n, 8);
}
END_TEST

START_TEST(test_what_does_not_fit_is_left)
{
    char text[XEN_CONSOLE_BYTES + 1];

    from(UINT32_MAX - 3); /* the counts wrap, and so does the ring */
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    ck_assert_uint_eq(put("ab"), 2);
    ck_assert_uint_eq(put(text), XEN_CONSOLE_BYTES - 2);
    ck_assert_uint_eq(put("c"), 0);
    host_reads();
    ck_assert_uint_eq(heard_n, XEN_CONSOLE_BYTES);
    ck_assert_mem_eq(heard, "abxx", 4);
    ck_assert_uint_eq(put("c\n"), 2);
    host_reads();
    ck_assert_mem_eq(heard + XEN_CONSOLE_BYTES, "c\r\n", 3);
}
END_TEST

START_TEST(test_half_an_end_of_line_is_not_put)
{
    from(7);
    ring.out_prod += XEN_CONSOLE_BYTES - 1;
    ck_assert_uint_eq(put("\n"), 0);
    ck_assert_uint_eq(ring.out_prod, 7 + XEN_CONSOLE_BYTES - 1);
    ck_assert_uint_eq(put("x\n"), 1);
}
END_TEST

START_TEST(test_a_count_that_cannot_be_takes_nothing)
{
    from(100);
    ring.out_cons++;
    ck_assert_uint_eq(put("x"), 0);
    ring.out_cons = ring.out_prod - XEN_CONSOLE_BYTES - 1;
    ck_assert_uint_eq(put("x"), 0);
    ck_assert_uint_eq(ring.out_prod, 100);
    for (uint32_t i = 0; i < 100000; i++) {
        ring.out_cons = i * 2654435761u;
        ring.out_prod = i * 40503u << 7;
        ck_assert_uint_le(put("hostile\n"), 8);
    }
    ck_assert_uint_eq(ring.in_cons | ring.in_prod, 0);
}
END_TEST

RUN_TESTS("xen_console", PANICS(), test_a_line_ends_with_both,
          test_what_does_not_fit_is_left, test_half_an_end_of_line_is_not_put,
          test_a_count_that_cannot_be_takes_nothing)
