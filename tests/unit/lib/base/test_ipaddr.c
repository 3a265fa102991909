/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <arpa/inet.h>
#include <base/bytes.h>
#include <billet/net.h>
#include <stdio.h>

START_TEST(test_text_forms_of_rfc_5952)
{
    static const struct {
        const char *in, *out;
    } c[] = {
        {"2001:db8::1", "2001:db8::1"},
        {"2001:0DB8:0:0:0:0:2:1", "2001:db8::2:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, /* 4.2.2 */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          /* 4.2.3 */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"fe80::1:2:3.4.5.6", "fe80::1:2:304:506"},
        {"1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::192.0.2.1", "::c000:201"},
        {"192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
    };

    for (unsigned i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        char text[IPADDR_TEXT_BYTES];
        struct ipaddr a, again;

        ck_assert_msg(ipaddr_parse(&a, span_of(c[i].in)), "%s", c[i].in);
        ipaddr_format(text, &a);
        ck_assert_str_eq(text, c[i].out);
        ck_assert(ipaddr_parse(&again, span_of(text)));
        ck_assert(ipaddr_eq(&a, &again));
    }
}
END_TEST

START_TEST(test_what_is_not_exactly_an_address)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "01.2.3.4",
                                      "1.2.3.04",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "1..2.3",
                                      ".1.2.3.4",
                                      "1.2.3.4.",
                                      "1.2.3.-4",
                                      "1.2.3.4444",
                                      ":",
                                      ":::",
                                      "1:2:3",
                                      "1::2::3",
                                      "1:2:3:4:5:6:7",
                                      "1:2:3:4:5:6:7:8:9",
                                      ":1::2",
                                      "1::2:",
                                      "12345::",
                                      "::g",
                                      "::1.2.3",
                                      "1.2.3.4::",
                                      "::1.2.3.4:5",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "[::1]",
                                      "::1%eth0",
                                      "1:2:3:4:5:6:7:8::",
                                      "::1:2:3:4:5:6:7:8",
                                      "1.2.3.4:5:6:7:8:9:a",
                                      "fe80:::1",
                                      "0x1.2.3.4"};
    struct ipaddr a = ipaddr_v4(1, 2, 3, 4), before = a;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!ipaddr_parse(&a, span_of(bad[i])), "%s", bad[i]);
    ck_assert(ipaddr_eq(&a, &before));
}
END_TEST

/* Random texts out of the alphabet of addresses: glibc agrees on each. */
START_TEST(test_agrees_with_inet_pton)
{
    static const char alphabet[] = "01f:::.2";
    uint32_t seed = 1;
    unsigned good = 0;

    for (unsigned round = 0; round < 400000; round++) {
        char text[24];
        uint8_t v4[4], v6[16];
        struct ipaddr a;
        size_t n;
        bool want, ours, same;

        for (n = 0; n < sizeof(text) - 1; n++) {
            seed = seed * 1664525 + 1013904223;
            if (n > 2 && (seed >> 28) == 0)
                break;
            text[n] = alphabet[seed >> 16 & 7];
        }
        text[n] = 0;
        want = inet_pton(AF_INET, text, v4) == 1;
        ours = ipaddr_parse(&a, span_of(text));
        same = want && ours && memcmp(a.b + 12, v4, 4) == 0;
        if (!want && (want = inet_pton(AF_INET6, text, v6) == 1))
            same = ours && memcmp(a.b, v6, 16) == 0;
        if (want ? !same : ours)
            ck_abort_msg("%s", text);
        good += want;
    }
    ck_assert_uint_gt(good, 300);
}
END_TEST

START_TEST(test_every_pattern_of_zero_groups_as_inet_ntop)
{
    for (unsigned map = 0; map < 256; map++) {
        char ours[IPADDR_TEXT_BYTES], libc[INET6_ADDRSTRLEN];
        struct ipaddr a = {0};

        for (unsigned i = 0; i < 8; i++)
            a.b[2 * i] = a.b[2 * i + 1] = map >> i & 1 ? 0xa1 : 0;
        inet_ntop(AF_INET6, a.b, libc, sizeof(libc));
        if (strchr(libc, '.'))
            continue; /* glibc shows ::/96 as IPv4-compatible */
        ipaddr_format(ours, &a);
        ck_assert_str_eq(ours, libc);
    }
}
END_TEST

START_TEST(test_endpoints)
{
    static const char *const good[] = {"192.0.2.1:80", "[2001:db8::1]:65535",
                                       "[::]:0"};
    static const char *const bad[] = {
        "192.0.2.1",      "192.0.2.1:", "192.0.2.1:65536", ":80",
        "[192.0.2.1]:80", "::1:80",     "[::1]",           "[::1]80",
        "[::1]:8x",       "192.0.2:80", "[]:80",           "[::1:80"};
    char text[ENDPOINT_TEXT_BYTES];
    struct endpoint e = {.port = 5};

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!endpoint_parse(&e, span_of(bad[i])), "%s", bad[i]);
    ck_assert_uint_eq(e.port, 5);
    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert(endpoint_parse(&e, span_of(good[i])));
        endpoint_format(text, &e);
        ck_assert_str_eq(text, good[i]);
    }
}
END_TEST

START_TEST(test_the_longest_texts_fit)
{
    char text[ENDPOINT_TEXT_BYTES];
    struct endpoint e = {.port = 65535};

    memset(e.addr.b, 0xaf, 16);
    endpoint_format(text, &e);
    ck_assert_str_eq(text, "[afaf:afaf:afaf:afaf:afaf:afaf:afaf:afaf]:65535");
    ck_assert(!ipaddr_is_v4(&e.addr));
}
END_TEST

RUN_TESTS("ipaddr", PANICS(), test_text_forms_of_rfc_5952,
          test_what_is_not_exactly_an_address, test_agrees_with_inet_pton,
          test_every_pattern_of_zero_groups_as_inet_ntop, test_endpoints,
          test_the_longest_texts_fit)
