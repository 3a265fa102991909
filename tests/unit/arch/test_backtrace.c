/* SPDX-License-Identifier: ISC */
/* Callers read off a made-up stack over made-up code. */
#include <backtrace.h>
#include <base/bytes.h>
#include <lib/suite.h>

enum { BASE = 0x100000, MAIN = 0, MIDDLE = 64, LEAF = 128, OTHER = 192 };

static uint8_t text[256];
static struct image image = {
    .text = {text, sizeof(text)}, .base = BASE, .origin = BASE};

/* main at 0, middle at 64, leaf at 128, other at 192, the end at 256 */
static const uint8_t names[] = {
    0,  0, 0,   'm', 'a', 'i', 'n', 0,  64, 1,   'i', 'd', 'd', 'l', 'e', 0,
    64, 0, 'l', 'e', 'a', 'f', 0,   64, 0,  'o', 't', 'h', 'e', 'r', 0,   64};

/* `call to`, ending at `end`: the return address. */
static uint64_t call(unsigned end, unsigned to)
{
    uint32_t off = to - end;

    text[end - 5] = 0xe8;
    for (unsigned i = 0; i < 4; i++)
        text[end - 4 + i] = (uint8_t)(off >> 8 * i);
    return BASE + end;
}

static uint64_t call_indirect(unsigned end, const uint8_t *code, unsigned n)
{
    memcpy(text + end - n, code, n);
    return BASE + end;
}

static unsigned trace(uint64_t pc, const uint64_t *words, unsigned n,
                      struct frame out[BACKTRACE_MAX])
{
    static uint8_t bytes[BACKTRACE_WORDS_MAX * 8];

    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < 8; k++)
            bytes[8 * i + k] = (uint8_t)(words[i] >> 8 * k);
    return backtrace_find(&image, pc, (struct span){bytes, 8 * (size_t)n}, out);
}

static void start(void)
{
    memset(text, 0x90, sizeof(text));
    image.symbols = (struct span){names, sizeof(names)};
}

START_TEST(test_direct_calls_are_sure_and_what_lies_between_is_not_seen)
{
    struct frame f[BACKTRACE_MAX];
    uint64_t words[] = {7, 0, 0, UINT64_MAX, 0, 0, 3};

    start();
    words[1] = call(230, MIDDLE); /* an old one: it does not call leaf */
    words[2] = call(80, LEAF);
    words[5] = call(20, MIDDLE);
    ck_assert_uint_eq(trace(BASE + LEAF + 5, words, 7, f), 2);
    ck_assert_uint_eq(f[0].address, BASE + 80);
    ck_assert_uint_eq(f[1].address, BASE + 20);
    ck_assert(f[0].sure && f[1].sure);
}
END_TEST

START_TEST(test_every_form_of_an_indirect_call_is_known)
{
    static const uint8_t forms[][8] = {
        {2, 0xff, 0xd0},                    /* *%rax */
        {3, 0x41, 0xff, 0xd4},              /* *%r12 */
        {2, 0xff, 0x10},                    /* *(%rax) */
        {3, 0xff, 0x50, 0x18},              /* *0x18(%rax) */
        {3, 0xff, 0x14, 0xc8},              /* *(%rax,%rcx,8) */
        {4, 0xff, 0x54, 0x24, 8},           /* *8(%rsp) */
        {6, 0xff, 0x15, 1, 2, 3, 4},        /* *x(%rip) */
        {6, 0xff, 0x93, 0, 1, 0, 0},        /* *0x100(%rbx) */
        {7, 0xff, 0x94, 0xc8, 0, 1, 0, 0}}; /* with an index */
    struct frame f[BACKTRACE_MAX];

    for (unsigned i = 0; i < ARRAY_LEN(forms); i++) {
        uint64_t word;

        start();
        word = call_indirect(80, forms[i] + 1, forms[i][0]);
        ck_assert_msg(trace(BASE + LEAF, &word, 1, f) == 1, "form %u", i);
        ck_assert_uint_eq(f[0].address, BASE + 80);
        ck_assert(!f[0].sure);
    }
}
END_TEST

START_TEST(test_a_sure_caller_behind_a_likely_one_wins)
{
    static const uint8_t through_rax[] = {0xff, 0xd0};
    struct frame f[BACKTRACE_MAX];
    uint64_t words[2];

    start();
    words[0] = call_indirect(250, through_rax, 2);
    words[1] = call(90, LEAF);
    ck_assert_uint_eq(trace(BASE + LEAF, words, 2, f), 1);
    ck_assert_uint_eq(f[0].address, BASE + 90);
}
END_TEST

START_TEST(test_a_tail_call_hides_one_and_the_rest_is_found)
{
    struct frame f[BACKTRACE_MAX];
    uint64_t word;

    start();
    word = call(20, MIDDLE); /* middle jumped to leaf */
    ck_assert_uint_eq(trace(BASE + LEAF, &word, 1, f), 1);
    ck_assert_uint_eq(f[0].address, BASE + 20);
    ck_assert(!f[0].sure);
}
END_TEST

START_TEST(test_without_names_the_nearest_call_is_taken)
{
    struct frame f[BACKTRACE_MAX];
    uint64_t words[2];

    start();
    image.symbols = (struct span){0};
    words[0] = call(80, LEAF);
    words[1] = call(20, MIDDLE);
    ck_assert_uint_eq(trace(BASE + LEAF, words, 2, f), 2);
    ck_assert_uint_eq(f[0].address, BASE + 80);
    ck_assert(!f[0].sure);
}
END_TEST

START_TEST(test_words_outside_of_the_text_and_at_its_edges)
{
    struct frame f[BACKTRACE_MAX];
    uint64_t words[] = {0,        1,          BASE - 1,   BASE,      BASE + 1,
                        BASE + 4, BASE + 256, BASE + 257, UINT64_MAX};

    start();
    ck_assert_uint_eq(trace(BASE + LEAF, words, ARRAY_LEN(words), f), 0);
    memset(text, 0xff, sizeof(text));
    ck_assert_uint_le(trace(BASE + LEAF, words, ARRAY_LEN(words), f), 1);
    ck_assert_uint_eq(trace(0, words, 0, f), 0);
}
END_TEST

START_TEST(test_depth_is_bounded)
{
    struct frame f[BACKTRACE_MAX];
    uint64_t words[100];

    start();
    for (unsigned i = 0; i < 100; i++)
        words[i] = call(80, MIDDLE); /* it calls itself */
    ck_assert_uint_eq(trace(BASE + MIDDLE, words, 100, f), BACKTRACE_MAX);
}
END_TEST

RUN_TESTS("backtrace", PANICS(),
          test_direct_calls_are_sure_and_what_lies_between_is_not_seen,
          test_every_form_of_an_indirect_call_is_known,
          test_a_sure_caller_behind_a_likely_one_wins,
          test_a_tail_call_hides_one_and_the_rest_is_found,
          test_without_names_the_nearest_call_is_taken,
          test_words_outside_of_the_text_and_at_its_edges,
          test_depth_is_bounded)
