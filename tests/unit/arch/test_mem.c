/* SPDX-License-Identifier: ISC */
/* memcpy and friends in assembly, against byte loops. */
#include <lib/suite.h>
#include <stdint.h>
#include <string.h>

void *billet_memcpy(void *, const void *, size_t);
void *billet_memmove(void *, const void *, size_t);
void *billet_memset(void *, int, size_t);
int billet_memcmp(const void *, const void *, size_t);

enum { AREA = 1200, AT = 400, LENGTHS = 420 };
static uint8_t area[AREA], want[AREA], other[AREA];

static void fill(uint8_t *p, unsigned seed)
{
    for (unsigned i = 0; i < AREA; i++) {
        seed = seed * 1103515245 + 12345;
        p[i] = (uint8_t)(seed >> 16);
    }
}

static void check(const char *what, size_t n, long off)
{
    ck_assert_msg(memcmp(area, want, AREA) == 0, "%s %zu bytes by %ld", what, n,
                  off);
}

START_TEST(test_memmove_every_length_and_overlap)
{
    for (size_t n = 0; n < LENGTHS; n++)
        for (long off = -390; off <= 390;
             off += off > -40 && off < 40 ? 1 : 7) {
            uint8_t *to = area + AT + off;

            if (AT + off + (long)n > AREA)
                continue;
            fill(area, (unsigned)n);
            fill(want, (unsigned)n);
            memcpy(other, want, AREA);
            for (size_t i = 0; i < n; i++)
                want[AT + off + (long)i] = other[AT + i];
            ck_assert_ptr_eq(billet_memmove(to, area + AT, n), to);
            check("memmove", n, off);
        }
}
END_TEST

START_TEST(test_memcpy_every_length_and_alignment)
{
    for (size_t n = 0; n < LENGTHS; n++)
        for (unsigned a = 0; a < 17; a++) {
            fill(area, 1);
            fill(want, 1);
            fill(other, (unsigned)n + a);
            for (size_t i = 0; i < n; i++)
                want[300 + a + i] = other[5 + i];
            ck_assert_ptr_eq(billet_memcpy(area + 300 + a, other + 5, n),
                             area + 300 + a);
            check("memcpy", n, a);
        }
}
END_TEST

START_TEST(test_memset_every_length_and_alignment)
{
    for (size_t n = 0; n < LENGTHS; n++)
        for (unsigned a = 0; a < 17; a++) {
            fill(area, 1);
            fill(want, 1);
            for (size_t i = 0; i < n; i++)
                want[300 + a + i] = 0xa5;
            /* only the low byte counts */
            ck_assert_ptr_eq(billet_memset(area + 300 + a, 0x7fa5, n),
                             area + 300 + a);
            check("memset", n, a);
        }
}
END_TEST

START_TEST(test_memcmp_finds_the_first_difference)
{
    for (size_t n = 0; n < 140; n++) {
        fill(area, (unsigned)n);
        memcpy(other, area, AREA);
        /* what lies outside does not count */
        other[AT - 1] ^= 1;
        other[AT + n] ^= 1;
        ck_assert_int_eq(billet_memcmp(area + AT, other + AT, n), 0);
        for (size_t i = 0; i < n; i++) {
            area[AT + i] = 0x7f; /* bytes compare without a sign */
            other[AT + i] = 0x80;
            if (i + 1 < n) {
                area[AT + n - 1] = 0xff;
                other[AT + n - 1] = 0;
            }
            ck_assert_int_lt(billet_memcmp(area + AT, other + AT, n), 0);
            ck_assert_int_gt(billet_memcmp(other + AT, area + AT, n), 0);
            area[AT + i] = other[AT + i];
            area[AT + n - 1] = other[AT + n - 1];
        }
    }
}
END_TEST

RUN_TESTS("mem", PANICS(), test_memmove_every_length_and_overlap,
          test_memcpy_every_length_and_alignment,
          test_memset_every_length_and_alignment,
          test_memcmp_finds_the_first_difference)
