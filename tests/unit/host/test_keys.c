/* SPDX-License-Identifier: ISC */
/*
 * test_keys.c - the characters of a terminal as keys, and the picture as a
 * file.
 */
#include "../lib/suite.h"

#include <host/keys.h>
#include <host/picture.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char said[256];

/* "+30 -30 " */
static void on_key(void *user, unsigned code, bool pressed)
{
    size_t n = strlen(said);

    (void)user;
    snprintf(said + n, sizeof(said) - n, "%c%u ", pressed ? '+' : '-', code);
}

static const char *typed(const char *layout, const char *text, bool more)
{
    struct span in = {(const uint8_t *)text, strlen(text)};
    unsigned n;

    said[0] = 0;
    while ((n = host_keys_take(keymap_find(layout), in, more, on_key, NULL))) {
        ck_assert_uint_le(n, in.n);
        in.p += n;
        in.n -= n;
    }
    snprintf(said + strlen(said), 16, "%zu", in.n);
    return said;
}

START_TEST(test_characters_become_keys)
{
    ck_assert_str_eq(typed("us", "a", true), "+30 -30 0");
    ck_assert_str_eq(typed("us", "A", true), "+42 +30 -30 -42 0");
    ck_assert_str_eq(typed("us", "\003", true), "+29 +46 -46 -29 0");
    ck_assert_str_eq(typed("us", "\r\177", true), "+28 -28 +14 -14 0");
    ck_assert_str_eq(typed("us", "\xc3\xbc", true), "0"); /* has none */
    ck_assert_str_eq(typed("de", "\xc3\xbc@", true),
                     "+26 -26 +100 +16 -16 -100 0");
    ck_assert_str_eq(typed("us",
                           "\xe2\x82\xac\xff\xff\xff\xff"
                           "a",
                           true),
                     "+30 -30 0");
}
END_TEST

START_TEST(test_sequences_become_keys)
{
    ck_assert_str_eq(typed("us", "\033[A\033OB\033[5~", true),
                     "+103 -103 +108 -108 +104 -104 0");
    ck_assert_str_eq(typed("us", "\033", false), "+1 -1 0");
    ck_assert_str_eq(typed("us", "\033x", true), "+1 -1 +45 -45 0");
    ck_assert_str_eq(typed("us", "\033\033[A", false), "+1 -1 +103 -103 0");
    ck_assert_str_eq(typed("us", "\033[1;5Aa", true), "+30 -30 0");
    ck_assert_str_eq(typed("us", "\033[99~", true), "0");
}
END_TEST

START_TEST(test_parts_wait_for_the_rest)
{
    ck_assert_str_eq(typed("us", "\033", true), "1");
    ck_assert_str_eq(typed("us", "\033[", true), "2");
    ck_assert_str_eq(typed("us", "\033[5", true), "3");
    ck_assert_str_eq(typed("us", "\xc3", true), "1");
    ck_assert_str_eq(typed("us", "\xc3", false), "0");
    ck_assert_str_eq(typed("us", "\033[5", false), "0");
    /* ...but not for ever */
    ck_assert_str_eq(typed("us", "\033[0000000000a", true), "+11 -11 "
                                                            "+11 -11 +11 -11 "
                                                            "+30 -30 0");
}
END_TEST

START_TEST(test_picture_is_a_ppm)
{
    static struct picture p;
    uint32_t pixels[4] = {0x010203, 0xff8040, 0, 0xffffff};
    struct screen s = {.pixels = pixels, .width = 2, .height = 2};
    char path[] = "/tmp/billet-picture-XXXXXX", bytes[64];
    int fd = mkstemp(path);
    FILE *f;
    size_t n;

    ck_assert_ptr_null(picture_open(&p, path, &s));
    pixels[2] = 0x0a0b0c;
    ck_assert_uint_eq(p.display.ops->deadline(&p.display), NS_NEVER);
    ck_assert(p.display.ops->show(&p.display, pixels, 2, screen_rect(&s), 0));
    ck_assert(p.display.ops->poll(&p.display, 50));
    ck_assert(p.display.ops->show(&p.display, pixels, 2, screen_rect(&s), 50));
    ck_assert(!p.display.ops->poll(&p.display, 60)); /* too soon */
    ck_assert_uint_eq(p.display.ops->deadline(&p.display),
                      50 + 100 * NS_PER_MS);
    pixels[2] = 0x0d0e0f;
    picture_close(&p);
    f = fopen(path, "rb");
    n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    close(fd);
    unlink(path);
    ck_assert_uint_eq(n, 11 + 12);
    ck_assert_mem_eq(bytes, "P6\n2 2\n255\n\1\2\3\xff\x80\x40\x0d\x0e\x0f", 20);
    ck_assert_str_eq(picture_open(&p, "/nowhere/at/all", &s),
                     "No such file or directory");
}
END_TEST

RUN_TESTS("keys", PANICS(), test_characters_become_keys,
          test_sequences_become_keys, test_parts_wait_for_the_rest,
          test_picture_is_a_ppm)
