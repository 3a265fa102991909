/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/siphash.h>

/* Key 00 01 .. 0f, messages 00 01 .. n-1, as in the paper. */
static const struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static uint64_t of(size_t n, uint64_t (*hash)(const struct siphash_key *,
                                              const void *, size_t))
{
    uint8_t message[64] = {0};

    for (size_t i = 0; i < n; i++)
        message[i] = (uint8_t)i;
    return hash(&key, message, n);
}

/* The reference implementation's vectors_sip64, and appendix A of the paper
 * for length 15. */
START_TEST(test_2_4_known_answers)
{
    ck_assert_uint_eq(of(0, siphash24), 0x726fdb47dd0e0e31);
    ck_assert_uint_eq(of(1, siphash24), 0x74f839c593dc67fd);
    ck_assert_uint_eq(of(7, siphash24), 0xab0200f58b01d137);
    ck_assert_uint_eq(of(8, siphash24), 0x93f5f5799a932462);
    ck_assert_uint_eq(of(15, siphash24), 0xa129ca6149be45e5);
    ck_assert_uint_eq(of(63, siphash24), 0x958a324ceb064572);
}
END_TEST

/* Of an independent implementation, which agrees with the vectors above and
 * with the hashes of CPython. */
START_TEST(test_1_3_known_answers)
{
    ck_assert_uint_eq(of(0, siphash13), 0xabac0158050fc4dc);
    ck_assert_uint_eq(of(1, siphash13), 0xc9f49bf37d57ca93);
    ck_assert_uint_eq(of(15, siphash13), 0xd320d86d2a519956);
}
END_TEST

RUN_TESTS("siphash", PANICS(), test_2_4_known_answers, test_1_3_known_answers)
