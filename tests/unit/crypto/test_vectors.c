/* SPDX-License-Identifier: ISC */
/*
 * test_vectors.c - the published vectors of each algorithm that is compiled in
 * (FIPS, NIST, RFC), as wolfSSL's own test has them, with our settings.
 */
#include <mem.h>
#include <wolfssl/wolfcrypt/settings.h>
/* after the settings */
#include <wolfcrypt/test/test.h>

#include "../lib/suite.h"

static uint8_t memory[8 << 20] __attribute__((aligned(16)));

START_TEST(test_published_vectors)
{
    struct crypto_mem mem;

    crypto_mem_init(&mem, (struct mspan){memory, sizeof(memory)}, 1);
    ck_assert_int_eq(wolfcrypt_test(NULL), 0);
    ck_assert_uint_eq(mem.heap.in_use, 0);
}
END_TEST

RUN_TESTS("vectors", PANICS(), test_published_vectors)
