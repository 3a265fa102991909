/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <entropy/sha256.h>
#include <string.h>

#include "hex.h"

static void check(struct span text, size_t portion, const char *want)
{
    uint8_t out[SHA256_BYTES];
    struct sha256 s;

    sha256_start(&s);
    for (size_t at = 0; at < text.n; at += portion)
        sha256_add(&s, text.p + at,
                   text.n - at < portion ? text.n - at : portion);
    sha256_end(&s, out);
    ck_assert_mem_eq(out, hex(want).p, sizeof(out));
}

/* FIPS 180-4's own examples, and the empty text. */
START_TEST(test_the_standards_examples)
{
    check(SPAN("abc"), 3,
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(SPAN("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), 56,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check(SPAN(""), 1,
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(test_a_million_in_any_portions)
{
    static uint8_t text[1000000];
    const size_t portions[] = {1, 63, 64, 65, 1000000};

    memset(text, 'a', sizeof(text));
    for (unsigned i = 0; i < ARRAY_LEN(portions); i++)
        check(
            (struct span){text, sizeof(text)}, portions[i],
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

/* The length stands in the last block, or in one more. */
START_TEST(test_lengths_around_a_block)
{
    static const uint8_t zeros[64];

    check((struct span){zeros, 55}, 55,
          "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7");
    check((struct span){zeros, 56}, 56,
          "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb");
    check((struct span){zeros, 63}, 63,
          "c7723fa1e0127975e49e62e753db53924c1bd84b8ac1ac08df78d09270f3d971");
    check((struct span){zeros, 64}, 64,
          "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
}
END_TEST

START_TEST(test_nothing_is_left)
{
    struct sha256 s, none = {0};
    uint8_t out[SHA256_BYTES];

    sha256_start(&s);
    sha256_add(&s, "secret", 6);
    sha256_end(&s, out);
    ck_assert_mem_eq(&s, &none, sizeof(s));
}
END_TEST

RUN_TESTS("sha256", PANICS(), test_the_standards_examples,
          test_a_million_in_any_portions, test_lengths_around_a_block,
          test_nothing_is_left)
