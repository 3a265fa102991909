/* SPDX-License-Identifier: ISC */
#include "../lib/suite.h"

#include <base/bytes.h>
#include <proto/json.h>

static struct json parsed(const char *text)
{
    struct json v;

    ck_assert_msg(json_parse(&v, span_of(text)), "%s", text);
    return v;
}

static struct json member(const struct json *o, const char *name)
{
    struct json v;

    ck_assert_msg(json_get(o, name, &v), "%s", name);
    return v;
}

START_TEST(test_texts_that_are_json)
{
    static const char *const good[] = {"{}",
                                       "[]",
                                       " [ ] ",
                                       "null",
                                       "true",
                                       "false",
                                       "0",
                                       "-0",
                                       "1.5e+10",
                                       "-12E-3",
                                       "\"\"",
                                       "[1,[2,[]],{}]",
                                       "{\"a\":1}",
                                       "\t\r\n 1 ",
                                       "{\"\":{\"\":[]}}",
                                       "\"\\u0000\\ud834\\udd1e\"",
                                       "\"\xc3\xa9\xf0\x9f\x98\x80\"",
                                       "[{},[{}],\"]\"]"};

    for (unsigned i = 0; i < ARRAY_LEN(good); i++)
        parsed(good[i]);
}
END_TEST

START_TEST(test_texts_that_are_none)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{1:2}",
                                      "{\"a\":1]",
                                      "[1}",
                                      "1 2",
                                      "01",
                                      "-",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1e",
                                      "1e+",
                                      "0x1",
                                      "nul",
                                      "truth",
                                      "True",
                                      "\"",
                                      "\"\n\"",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12g4\"",
                                      "\"\\ud834\"",
                                      "\"\\udd1e\"",
                                      "\"\\ud834\\u0041\"",
                                      "\"\x80\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xc3\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xf4\x90\x80\x80\"",
                                      "\"\xe0\x80\x80\"",
                                      "NaN",
                                      "[1]x",
                                      "\xef\xbb\xbf{}",
                                      "'a'",
                                      "[1]//"};
    struct json v;

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!json_parse(&v, span_of(bad[i])), "%s", bad[i]);
    ck_assert(!json_parse(&v, SPAN("\"a\0b\"")));
    ck_assert(!json_parse(&v, SPAN("1\0")));
}
END_TEST

START_TEST(test_depth_is_bounded)
{
    char text[2 * JSON_DEPTH_MAX + 4];
    struct json v;

    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    ck_assert(json_parse(
        &v, (struct span){(uint8_t *)text, 2 * (size_t)JSON_DEPTH_MAX}));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    ck_assert(!json_parse(
        &v, (struct span){(uint8_t *)text, 2 * (size_t)JSON_DEPTH_MAX + 2}));
}
END_TEST

START_TEST(test_members_and_elements)
{
    struct json o = parsed(
                    "{ \"status\" : \"valid\", \"n\":18446744073709551615,"
                    "\"list\":[1, \"two\" ,{\"x\":null}],"
                    "\"twice\":1,\"tw\\u0069ce\":2, \"empty\":{} }"),
                v = member(&o, "list"), name, e;
    uint64_t n;
    size_t at = 0;

    ck_assert(json_is(&(struct json){0}, "") == false);
    v = member(&o, "status");
    ck_assert(json_is(&v, "valid") && !json_is(&v, "vali") &&
              !json_is(&v, "valid1"));
    v = member(&o, "n");
    ck_assert(json_u64(&v, &n) && n == UINT64_MAX);
    ck_assert(!json_get(&o, "none", &v) && !json_get(&o, "twice", &v));
    v = member(&o, "list");
    ck_assert(json_next(&v, &at, &name, &e) && name.kind == JSON_NONE);
    ck_assert(json_u64(&e, &n) && n == 1);
    ck_assert(json_next(&v, &at, &name, &e) && json_is(&e, "two"));
    ck_assert(json_next(&v, &at, &name, &e) && e.kind == JSON_OBJECT);
    ck_assert(json_get(&e, "x", &e) && e.kind == JSON_NULL);
    ck_assert(!json_next(&v, &at, &name, &e));
    v = member(&o, "empty");
    at = 0;
    ck_assert(!json_next(&v, &at, &name, &e));
    v = member(&o, "n");
    ck_assert(!json_next(&v, &at, &name, &e) && !json_get(&v, "n", &e));
}
END_TEST

START_TEST(test_numbers_that_are_no_counts)
{
    static const char *const bad[] = {"-1", "1.0", "1e2",
                                      "18446744073709551616", "\"1\""};
    uint64_t n;

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        struct json v = parsed(bad[i]);

        ck_assert(!json_u64(&v, &n));
    }
}
END_TEST

START_TEST(test_strings_are_decoded)
{
    struct json v = parsed("\"a\\n\\\"\\/\\u00e9\\ud83d\\ude00\xc3\xa9\""),
                zero = parsed("\"a\\u0000\"");
    uint8_t out[16];
    size_t n;

    ck_assert(json_text(&v, (struct mspan){out, sizeof(out)}, &n));
    ck_assert_uint_eq(n, 12);
    ck_assert_int_eq(memcmp(out, "a\n\"/\xc3\xa9\xf0\x9f\x98\x80\xc3\xa9", n),
                     0);
    ck_assert(json_text(&v, (struct mspan){out, 12}, &n));
    ck_assert(!json_text(&v, (struct mspan){out, 11}, &n));
    ck_assert(!json_text(&zero, (struct mspan){out, sizeof(out)}, &n));
    ck_assert(!json_is(&zero, "a"));
}
END_TEST

START_TEST(test_writing)
{
    static const char want[] = "{\"a\":[1,\"x\\\"\\\\\\u0001\xc3\xa9\",{}],"
                               "\"b\":{\"c\":true}}";
    char text[100];

    for (size_t room = 0; room < sizeof(text); room++) {
        struct json_out o = {.room = {(uint8_t *)text, room}};

        json_open(&o, '{');
        json_name(&o, "a");
        json_open(&o, '[');
        json_number(&o, 1);
        json_string(&o, SPAN("x\"\\\x01\xc3\xa9"));
        json_open(&o, '{');
        json_close(&o, '}');
        json_close(&o, ']');
        json_name(&o, "b");
        json_open(&o, '{');
        json_name(&o, "c");
        json_raw(&o, SPAN("true"));
        json_close(&o, '}');
        json_close(&o, '}');
        ck_assert(o.full == (room < sizeof(want) - 1));
        ck_assert(o.n <= room);
        if (!o.full)
            ck_assert(o.n == sizeof(want) - 1 && memcmp(text, want, o.n) == 0);
    }
}
END_TEST

START_TEST(test_base64url)
{
    static const char *const pairs[][2] = {
        {"", ""},           {"f", "Zg"},        {"fo", "Zm8"},
        {"foo", "Zm9v"},    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"},
        {"\xfb\xff", "-_8"}};
    static const char *const bad[] = {"Z", "Zh", "Zm9", "Zg==", "Zm9+", "Zm 9"};
    char text[16];
    uint8_t out[8];
    size_t n;

    for (unsigned i = 0; i < ARRAY_LEN(pairs); i++) {
        base64url(text, span_of(pairs[i][0]));
        ck_assert_uint_eq(base64url_bytes(strlen(pairs[i][0])),
                          strlen(pairs[i][1]));
        ck_assert_int_eq(memcmp(text, pairs[i][1], strlen(pairs[i][1])), 0);
        ck_assert(base64url_decode(span_of(pairs[i][1]),
                                   (struct mspan){out, sizeof(out)}, &n));
        ck_assert(span_eq((struct span){out, n}, span_of(pairs[i][0])));
    }
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!base64url_decode(span_of(bad[i]),
                                        (struct mspan){out, sizeof(out)}, &n),
                      "%s", bad[i]);
    ck_assert(!base64url_decode(SPAN("Zm9v"), (struct mspan){out, 2}, &n));
}
END_TEST

RUN_TESTS("json", PANICS(), test_texts_that_are_json, test_texts_that_are_none,
          test_depth_is_bounded, test_members_and_elements,
          test_numbers_that_are_no_counts, test_strings_are_decoded,
          test_writing, test_base64url)
