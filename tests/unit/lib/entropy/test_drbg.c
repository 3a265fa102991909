/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <entropy/drbg.h>
#include <string.h>

#include "hex.h"

static const struct span none;

static void draw(struct drbg *d, uint8_t *out, size_t n, struct span more)
{
    drbg_generate(d, (struct mspan){out, n}, more);
}

/* CAVP's Hash_DRBG.rsp without reseeding: SHA-256, no personalization, no
 * additional input, COUNT = 0.  The second 128 bytes are compared. */
START_TEST(test_cavp_no_reseed)
{
    struct drbg d;
    uint8_t out[128];

    drbg_start(
        &d,
        hex("a65ad0f345db4e0effe875c3a2e71f42c7129d620ff5c119a9ef55f05185e0fb"
            "8581f9317517276e06e9607ddbcbcc2e"));
    draw(&d, out, sizeof(out), none);
    draw(&d, out, sizeof(out), none);
    ck_assert_mem_eq(
        out,
        hex("d3e160c35b99f340b2628264d1751060e0045da383ff57a57d73a673d2b8d80d"
            "aaf6a6c35a91bb4579d73fd0c8fed111b0391306828adfed528f018121b3febd"
            "c343e797b87dbb63db1333ded9d1ece177cfa6b71fe8ab1da46624ed6415e51c"
            "cde2c7ca86e283990eeaeb91120415528b2295910281b02dd431f4c9f70427df")
            .p,
        sizeof(out));
}
END_TEST

/* CAVP's, reseeded once, with a personalization string. */
START_TEST(test_cavp_reseed_and_personalization)
{
    struct drbg d;
    uint8_t out[128];

    drbg_start(
        &d,
        hex("b87bb4de5c148d964fc0cb612d69295671780b4270fe32bf389b6f49488efe13"
            "27eb37a0c695c4ee3c9b70b7f6b3349252321406ac8a9c266b1f8d811bb87126"
            "9e5824b59a0234f01d358193523bbb7c"));
    drbg_reseed(&d, hex("7638267f534c4e6ee22cc6ca6ed824fd5d3d387c00b89dd791eb5a"
                        "c9766385b8"));
    draw(&d, out, sizeof(out), none);
    draw(&d, out, sizeof(out), none);
    ck_assert_mem_eq(
        out,
        hex("de01c061651bab3cef2fc4ea89a56b6e86e74b2e9fd11ed671c97c813778a06a"
            "2c1f41b41e754a5257750c6bde9601da9d67d8d9564f4a8538b92516a2dacc49"
            "6dee257b85393f2a01ad59aa3257f1b6da9566e3706d2d6d4a26e511b0c64d7d"
            "c223acb24827178afa43ca8d5a66f983d6929dc61564c4c14fc32d85765a23f7")
            .p,
        sizeof(out));
}
END_TEST

/* By a model in Python that passes CAVP's: odd lengths, additional input, 300
 * requests, so that every carry and the counter's second byte are seen. */
START_TEST(test_many_requests_with_additional_input)
{
    uint8_t seed[80], out[80], more[70];
    struct drbg d;

    for (unsigned i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)i;
    drbg_start(&d, (struct span){seed, 48});
    draw(&d, out, 1, SPAN("x"));
    draw(&d, out, 33, none);
    for (unsigned i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)(100 + i);
    drbg_reseed(&d, (struct span){seed, 80});
    for (unsigned i = 0; i < 300; i++) {
        memset(more, (int)i, sizeof(more));
        draw(&d, out, 7 + i % 60, (struct span){more, i % 70});
    }
    for (unsigned i = 0; i < 16; i++)
        more[i] = (uint8_t)i;
    draw(&d, out, sizeof(out), (struct span){more, 16});
    ck_assert_mem_eq(
        out,
        hex("b7ce6f7c78d4e32ea6c229555373895b0c93227b9d356fb7975d5f0d7ce10275"
            "f791e88381f98969d3c1aa018a3cf7815dce9b67500bef30d5d6bdabe273d0e0"
            "6bb99220c3e73253b135c8d304065fd1")
            .p,
        sizeof(out));
}
END_TEST

/* What has been given cannot be computed back from what is kept: the state
 * moves on with each request. */
START_TEST(test_no_request_repeats)
{
    struct drbg d;
    uint8_t a[32], b[32];

    drbg_start(&d, SPAN("a seed"));
    draw(&d, a, sizeof(a), none);
    draw(&d, b, sizeof(b), none);
    ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

START_TEST(test_too_long_a_request_panics)
{
    static uint8_t out[DRBG_REQUEST_BYTES_MAX + 1];
    struct drbg d;

    drbg_start(&d, SPAN("a seed"));
    draw(&d, out, sizeof(out), none);
}
END_TEST

RUN_TESTS("drbg", PANICS(test_too_long_a_request_panics), test_cavp_no_reseed,
          test_cavp_reseed_and_personalization,
          test_many_requests_with_additional_input, test_no_request_repeats)
