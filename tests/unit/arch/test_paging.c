/* SPDX-License-Identifier: ISC */
/* Page tables, walked as the processor walks them. */
#include <lib/suite.h>
#include <paging.h>
#include <string.h>

enum { POOL_PAGES = 40 };
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define NX  (UINT64_C(1) << 63)

static uint8_t pool[POOL_PAGES * PAGE_BYTES] __attribute__((aligned(4096)));
static struct page_tables t;

static void start(bool huge)
{
    t = (struct page_tables){.no_execute = NX, .huge = huge};
    memset(pool, 0xee, sizeof(pool));
    ck_assert(paging_start(&t, pool, sizeof(pool)));
}

static unsigned used(void)
{
    return (unsigned)((size_t)(t.next - pool) / PAGE_BYTES);
}

static void is(uint64_t at, enum page_use use)
{
    ck_assert_int_eq(paging_use(&t, at), use);
}

/* The physical address, by the manual rather than by paging.c; and the rights
 * of all levels together.  0: a fault. */
static uint64_t walk(uint64_t va, bool *write, bool *execute)
{
    const uint64_t *table = t.root;

    *write = *execute = true;
    for (unsigned shift = 39;; shift -= 9) {
        uint64_t e = table[va >> shift & 511];

        if (!(e & 1))
            return 0;
        *write &= (e & 2) != 0;
        *execute &= !(e & NX);
        if (shift == 12 || (shift < 39 && e & 0x80)) {
            uint64_t mask = (UINT64_C(1) << shift) - 1;

            return (e & 0x000ffffffffff000 & ~mask) | (va & mask);
        }
        table = (const uint64_t *)(uintptr_t)(e & 0x000ffffffffff000);
    }
}

/* As the image is, which lies below 4 GiB. */
START_TEST(test_the_upper_half_maps_to_its_lowest_32_bits)
{
    const uint64_t high = UINT64_C(0xffffabcd00000000);
    bool w, x;

    start(true);
    ck_assert(paging_set(&t, high + MIB, high + 3 * MIB, PAGE_TEXT));
    ck_assert(paging_set(&t, MIB, 3 * MIB, PAGE_DATA));
    ck_assert(paging_set(&t, high + GIB, high + 2 * GIB, PAGE_CONST));
    is(high + MIB, PAGE_TEXT);
    is(high + MIB - 1, PAGE_ABSENT);
    is(high + 3 * MIB, PAGE_ABSENT);
    is(MIB, PAGE_DATA);
    ck_assert_uint_eq(walk(high + MIB + 0x1234, &w, &x), MIB + 0x1234);
    ck_assert(!w && x);
    ck_assert_uint_eq(walk(high + GIB + 5, &w, &x), GIB + 5);
    ck_assert(!w && !x);
    is(UINT64_C(1) << 63, PAGE_ABSENT); /* no address at all */
    is(UINT64_C(1) << 47, PAGE_ABSENT);
}
END_TEST

START_TEST(test_everything_maps_to_itself_with_its_rights)
{
    bool w, x;

    start(false);
    ck_assert(paging_set(&t, MIB, 64 * MIB, PAGE_DATA));
    ck_assert(paging_set(&t, MIB, MIB + 0x8000, PAGE_TEXT));
    ck_assert(paging_set(&t, MIB + 0x8000, MIB + 0xa000, PAGE_CONST));
    for (uint64_t at = MIB; at < 64 * MIB; at += 0x1234)
        ck_assert_uint_eq(walk(at, &w, &x), at);
    ck_assert_uint_eq(walk(MIB + 0x7fff, &w, &x), MIB + 0x7fff);
    ck_assert(!w && x);
    ck_assert_uint_eq(walk(MIB + 0x8000, &w, &x), MIB + 0x8000);
    ck_assert(!w && !x);
    ck_assert_uint_eq(walk(MIB + 0xa000, &w, &x), MIB + 0xa000);
    ck_assert(w && !x);
    ck_assert_uint_eq(walk(0, &w, &x), 0);
    ck_assert_uint_eq(walk(MIB - 1, &w, &x), 0);
    ck_assert_uint_eq(walk(64 * MIB, &w, &x), 0);
    is(MIB, PAGE_TEXT);
    is(MIB + 0x8000, PAGE_CONST);
    is(64 * MIB - 1, PAGE_DATA);
    is(64 * MIB, PAGE_ABSENT);
}
END_TEST

START_TEST(test_large_pages_are_used_where_they_fit)
{
    start(false);
    ck_assert(paging_set(&t, 4 * GIB, 7 * GIB, PAGE_DATA));
    ck_assert_uint_eq(used(), 1 + 1 + 3); /* root, one of 512 GiB, three */
    is(4 * GIB, PAGE_DATA);
    is(7 * GIB - 1, PAGE_DATA);
    is(7 * GIB, PAGE_ABSENT);
    start(true);
    ck_assert(paging_set(&t, 4 * GIB, 7 * GIB, PAGE_DATA));
    ck_assert_uint_eq(used(), 2);
    is(4 * GIB - 1, PAGE_ABSENT);
    is(7 * GIB - 1, PAGE_DATA);
}
END_TEST

START_TEST(test_a_guard_splits_and_leaves_the_rest)
{
    bool w, x;

    for (unsigned huge = 0; huge < 2; huge++) {
        start(huge);
        ck_assert(paging_set(&t, GIB, 2 * GIB, PAGE_DATA));
        ck_assert(
            paging_set(&t, GIB + 5 * MIB, GIB + 5 * MIB + 4096, PAGE_GUARD));
        is(GIB + 5 * MIB, PAGE_GUARD);
        is(GIB + 5 * MIB - 1, PAGE_DATA);
        is(GIB + 5 * MIB + 4096, PAGE_DATA);
        is(GIB, PAGE_DATA);
        for (uint64_t at = GIB; at < 2 * GIB; at += 0x3fff)
            ck_assert_uint_eq(walk(at, &w, &x),
                              at >> 12 == (GIB + 5 * MIB) >> 12 ? 0 : at);
        ck_assert(
            paging_set(&t, GIB + 5 * MIB, GIB + 5 * MIB + 4096, PAGE_DATA));
        is(GIB + 5 * MIB, PAGE_DATA);
    }
}
END_TEST

START_TEST(test_a_large_guard_splits_into_guards)
{
    start(false);
    ck_assert(paging_set(&t, 2 * MIB, 4 * MIB, PAGE_GUARD));
    is(3 * MIB, PAGE_GUARD);
    ck_assert(paging_set(&t, 2 * MIB, 2 * MIB + 4096, PAGE_DATA));
    is(2 * MIB, PAGE_DATA);
    is(3 * MIB, PAGE_GUARD);
}
END_TEST

START_TEST(test_devices_are_uncached_wherever_they_are)
{
    start(true);
    ck_assert(paging_set(&t, 0xfee00000, 0xfee01000, PAGE_DEVICE));
    ck_assert(paging_set(&t, UINT64_C(0x800000000000) - 4096,
                         UINT64_C(0x800000000000), PAGE_DEVICE));
    is(0xfee00fff, PAGE_DEVICE);
    is(0xfee01000, PAGE_ABSENT);
    is(UINT64_C(0x7ffffffff000), PAGE_DEVICE);
    is(UINT64_C(0x800000000000), PAGE_ABSENT); /* not an address */
}
END_TEST

START_TEST(test_without_nx_nothing_else_changes)
{
    bool w, x;

    t = (struct page_tables){0};
    ck_assert(paging_start(&t, pool, sizeof(pool)));
    ck_assert(paging_set(&t, MIB, 2 * MIB, PAGE_DATA));
    ck_assert_uint_eq(walk(MIB, &w, &x), MIB);
    ck_assert(w && x);
    is(MIB, PAGE_DATA);
}
END_TEST

START_TEST(test_tables_run_out_and_the_second_pool_is_taken)
{
    start(false);
    t.end = t.next + 2 * PAGE_BYTES;
    ck_assert(!paging_set(&t, MIB, MIB + 4096, PAGE_DATA));
    start(false);
    t.end = t.next + 2 * PAGE_BYTES;
    t.next2 = pool + 8 * PAGE_BYTES;
    t.end2 = t.next2 + PAGE_BYTES;
    ck_assert(paging_set(&t, MIB, MIB + 4096, PAGE_DATA));
    is(MIB, PAGE_DATA);
    ck_assert(!paging_set(&t, GIB, GIB + 4096, PAGE_DATA));
    ck_assert(!paging_start(&t, pool, PAGE_BYTES - 1));
}
END_TEST

START_TEST(test_random_settings_agree_with_a_list)
{
    enum { PAGES = 3 * 512 };
    static enum page_use want[PAGES];
    uint32_t seed = 7;

    start(false);
    memset(want, 0, sizeof(want));
    for (unsigned i = 0; i < 3000; i++) {
        unsigned a, b;
        enum page_use use;

        seed = seed * 1103515245 + 12345;
        a = (seed >> 8) % PAGES;
        b = a + (seed >> 4) % (i % 2 ? 9 : PAGES);
        b = b > PAGES ? PAGES : b;
        use = (seed >> 20) % PAGE_FOREIGN;
        ck_assert(paging_set(&t, a * 4096ull, b * 4096ull, use));
        for (unsigned k = a; k < b; k++)
            want[k] = use;
        for (unsigned k = i % 37; k < PAGES; k += 37)
            is(k * 4096ull + k, want[k]);
        /* whole large pages give their table up for good */
        if (used() > 30 || t.end - t.next < 8 * PAGE_BYTES) {
            start(false);
            for (unsigned k = 0; k < PAGES; k++)
                ck_assert(
                    paging_set(&t, k * 4096ull, (k + 1) * 4096ull, want[k]));
        }
    }
}
END_TEST

RUN_TESTS("paging", PANICS(), test_everything_maps_to_itself_with_its_rights,
          test_the_upper_half_maps_to_its_lowest_32_bits,
          test_large_pages_are_used_where_they_fit,
          test_a_guard_splits_and_leaves_the_rest,
          test_a_large_guard_splits_into_guards,
          test_devices_are_uncached_wherever_they_are,
          test_without_nx_nothing_else_changes,
          test_tables_run_out_and_the_second_pool_is_taken,
          test_random_settings_agree_with_a_list)
