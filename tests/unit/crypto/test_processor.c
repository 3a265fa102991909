/* SPDX-License-Identifier: ISC */
/* What wolfSSL may use of processors that have one instruction without its
 * neighbours, as a host may mask them. */
#include "../lib/suite.h"
#include <wolfssl/processor.h>

enum { XMM_AND_YMM = 7 };
/* Leaf 1, ECX, and leaf 7, EBX, of a Tiger Lake under an OS. */
static const uint32_t all_c = 0x7ffafbff, all_b = 0xf3bfa7eb;

static bool may(uint32_t flag, uint32_t c, uint32_t b, uint32_t xcr0)
{
    return processor_flags(c, b, xcr0) & flag;
}

START_TEST(test_a_whole_processor_may_all)
{
    ck_assert_uint_eq(processor_flags(all_c, all_b, XMM_AND_YMM),
                      CPUID_AVX1 | CPUID_AVX2 | CPUID_BMI1 | CPUID_BMI2 |
                          CPUID_AESNI | CPUID_ADX | CPUID_MOVBE | CPUID_SHA);
    ck_assert_uint_eq(processor_flags(0, 0, 0), 0);
}
END_TEST

START_TEST(test_aes_wants_the_product_and_sse)
{
    static const unsigned wanted[] = {1, 9, 19, 25};

    for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
        ck_assert(
            !may(CPUID_AESNI, all_c & ~(1u << wanted[i]), all_b, XMM_AND_YMM));
    ck_assert(may(CPUID_AESNI, 1u << 1 | 1u << 9 | 1u << 19 | 1u << 25, 0, 0));
    ck_assert(!may(CPUID_SHA, all_c & ~(1u << 19), all_b, XMM_AND_YMM));
}
END_TEST

START_TEST(test_avx_wants_an_os_that_saves_it)
{
    const uint32_t both = CPUID_AVX1 | CPUID_AVX2;

    ck_assert(!may(both, all_c & ~(1u << 27), all_b, XMM_AND_YMM));
    ck_assert(!may(both, all_c & ~(1u << 28), all_b, XMM_AND_YMM));
    ck_assert(!may(both, all_c, all_b, 3));
    ck_assert(!may(both, all_c & ~(1u << 9), all_b, XMM_AND_YMM));
    ck_assert(may(CPUID_AVX1, all_c, 0, XMM_AND_YMM));
    ck_assert(!may(CPUID_AVX2, all_c, 0, XMM_AND_YMM));
    ck_assert(!may(CPUID_ADX, all_c, all_b & ~(1u << 5), XMM_AND_YMM));
}
END_TEST

START_TEST(test_this_processor_keeps_its_answer)
{
    ck_assert_uint_ne(cpuid_get_flags(), WC_CPUID_INITIALIZER);
    ck_assert_uint_eq(cpuid_get_flags(), cpuid_get_flags());
}
END_TEST

RUN_TESTS("processor", PANICS(), test_a_whole_processor_may_all,
          test_aes_wants_the_product_and_sse,
          test_avx_wants_an_os_that_saves_it,
          test_this_processor_keeps_its_answer)
