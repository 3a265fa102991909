/* SPDX-License-Identifier: ISC */
/*
 * test_screen.c - parts that have changed, boxes and letters; keys and what
 * they say.
 */
#include "../../lib/suite.h"

#include <screen/font.h>
#include <screen/screen_impl.h>
#include <string.h>

enum { WIDTH = 40, HEIGHT = 32 };

static uint32_t pixels[WIDTH * HEIGHT];
static struct screen s;
static struct input in;

static void start(void)
{
    memset(pixels, 0, sizeof(pixels));
    s = (struct screen){.pixels = pixels, .width = WIDTH, .height = HEIGHT};
}

static unsigned count(uint32_t colour)
{
    unsigned n = 0;

    for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
        n += pixels[i] == colour;
    return n;
}

static bool damaged(uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
    return s.damage.x == x && s.damage.y == y && s.damage.w == w &&
           s.damage.h == h;
}

START_TEST(test_damage_is_joined_and_cut)
{
    start();
    screen_show(&s, (struct rect){5, 6, 2, 3});
    ck_assert(damaged(5, 6, 2, 3));
    screen_show(&s, (struct rect){1, 8, 1, 4});
    ck_assert(damaged(1, 6, 6, 6));
    screen_show(&s, (struct rect){39, 31, UINT32_MAX, UINT32_MAX});
    ck_assert(damaged(1, 6, 39, 26));
    screen_show(&s, (struct rect){UINT32_MAX, 0, UINT32_MAX, 1});
    screen_show(&s, (struct rect){0, 0, 0, 9});
    ck_assert(damaged(1, 6, 39, 26));
}
END_TEST

START_TEST(test_fill_is_cut)
{
    start();
    screen_fill(&s, (struct rect){38, 30, 10, 10}, 7);
    ck_assert_uint_eq(count(7), 4);
    screen_fill(&s, (struct rect){40, 0, 1, 1}, 8);
    screen_fill(&s, (struct rect){0, 0, UINT32_MAX, UINT32_MAX}, 9);
    ck_assert_uint_eq(count(9), WIDTH * HEIGHT);
}
END_TEST

START_TEST(test_text_is_scaled_and_cut)
{
    unsigned set = 0;

    start();
    screen_text(&s, 0, 0, 1, 1, 2, "%c", 'A');
    set = count(1);
    ck_assert_uint_eq(set, 2 + 6 + 2 * 7 - 1 + 1);
    ck_assert_uint_eq(count(2), 128 - set);
    start();
    screen_text(&s, 8, 0, 2, 1, 2, "A");
    ck_assert_uint_eq(count(1), 4 * set);
    ck_assert(damaged(8, 0, 16, 32));
    start();
    screen_text(&s, 36, 30, 3, 1, 2, "%s", "AAAAAAAAAAAAAAAAAAAA");
    ck_assert_uint_eq(count(1) + count(2), 8);
    screen_text(&s, 0, 0, 0, 1, 2, "A");
    screen_text(&s, 0, 0, UINT32_MAX, 1, 2, "A");
    ck_assert_uint_eq(count(0), WIDTH * HEIGHT - 8);
}
END_TEST

START_TEST(test_runes)
{
    static const struct {
        const char *text;
        uint32_t runes[4];
    } cases[] = {{"a\xc3\xbc", {'a', 0xfc}},
                 {"\xe2\x82\xac!", {0x20ac, '!'}},
                 {"\xc3", {'?'}},
                 {"\xf0\x9f\x98", {'?'}},
                 {"\x80z", {'?', 'z'}},
                 {"\xc3z", {'?', 'z'}},
                 {"\xf0\x9f\x98\x80", {0x1f600}}};
    const char *text = cases[_i].text;

    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(screen_rune(&text), cases[_i].runes[i]);
}
END_TEST

static struct input_event next(void)
{
    struct input_event e;

    ck_assert(input_next(&in, &e));
    return e;
}

static uint32_t typed(unsigned code, unsigned with, unsigned too)
{
    struct input_event e = {0}, last;

    if (with)
        input_key(&in, 1, with, true);
    if (too)
        input_key(&in, 1, too, true);
    while (input_next(&in, &e))
        ;
    input_key(&in, 2, code, true);
    e = next();
    input_key(&in, 3, code, false);
    last = next();
    ck_assert(e.pressed && !e.repeated && e.at == 2 && e.code == code);
    ck_assert(!last.pressed && last.ch == 0 && last.at == 3);
    if (with)
        input_key(&in, 4, with, false);
    if (too)
        input_key(&in, 4, too, false);
    while (input_next(&in, &last))
        ;
    return e.ch;
}

START_TEST(test_layout_us)
{
    input_init(&in, keymap_find("us"));
    ck_assert_uint_eq(typed(30, 0, 0), 'a');
    ck_assert_uint_eq(typed(30, KEY_CODE_RIGHT_SHIFT, 0), 'A');
    ck_assert_uint_eq(typed(3, KEY_CODE_LEFT_SHIFT, 0), '@');
    ck_assert_uint_eq(typed(46, KEY_CODE_LEFT_CTRL, 0), 3);
    ck_assert_uint_eq(typed(53, 0, 0), '/');
    ck_assert_uint_eq(typed(53, KEY_CODE_LEFT_SHIFT, 0), '?');
    ck_assert_uint_eq(typed(86, 0, 0), '\\');
    ck_assert_uint_eq(typed(82, 0, 0), '0');
    ck_assert_uint_eq(typed(KEY_CODE_KP_ENTER, 0, 0), '\n');
    ck_assert_uint_eq(typed(KEY_CODE_ENTER, 0, 0), '\n');
    ck_assert_uint_eq(typed(KEY_CODE_SPACE, 0, 0), ' ');
    ck_assert_uint_eq(typed(KEY_CODE_UP, 0, 0), 0);
    ck_assert_uint_eq(typed(KEY_CODE_F1, 0, 0), 0);
    typed(KEY_CODE_CAPS_LOCK, 0, 0);
    ck_assert_uint_eq(typed(30, 0, 0), 'A');
    ck_assert_uint_eq(typed(30, KEY_CODE_LEFT_SHIFT, 0), 'a');
    ck_assert_uint_eq(typed(3, 0, 0), '2');
    typed(KEY_CODE_CAPS_LOCK, 0, 0);
    ck_assert_uint_eq(typed(30, 0, 0), 'a');
    ck_assert_uint_eq(typed(3, KEY_CODE_RIGHT_ALT, 0), '2');
}
END_TEST

START_TEST(test_layout_de)
{
    input_init(&in, keymap_find("de"));
    ck_assert_uint_eq(typed(21, 0, 0), 'z');
    ck_assert_uint_eq(typed(44, 0, 0), 'y');
    ck_assert_uint_eq(typed(26, 0, 0), 0xfc);
    ck_assert_uint_eq(typed(26, KEY_CODE_LEFT_SHIFT, 0), 0xdc);
    ck_assert_uint_eq(typed(12, 0, 0), 0xdf);
    ck_assert_uint_eq(typed(16, KEY_CODE_RIGHT_ALT, 0), '@');
    ck_assert_uint_eq(typed(8, KEY_CODE_LEFT_SHIFT, 0), '/');
    ck_assert_uint_eq(typed(86, KEY_CODE_RIGHT_ALT, 0), '|');
    ck_assert_uint_eq(typed(30, KEY_CODE_RIGHT_ALT, 0), 0);
    typed(KEY_CODE_CAPS_LOCK, 0, 0);
    ck_assert_uint_eq(typed(40, 0, 0), 0xc4);
    ck_assert_ptr_null(keymap_find("fr"));
}
END_TEST

START_TEST(test_what_is_held)
{
    struct input_event e;

    input_init(&in, keymap_find("us"));
    input_key(&in, 0, KEY_CODE_LEFT_SHIFT, true);
    input_key(&in, 0, KEY_CODE_LEFT_ALT, true);
    input_key(&in, 0, KEY_CODE_RIGHT_CTRL, true);
    input_key(&in, 0, KEY_CODE_LEFT_SHIFT, false);
    for (unsigned i = 0; i < 3; i++)
        e = next();
    ck_assert_uint_eq(e.held, INPUT_SHIFT | INPUT_ALT | INPUT_CTRL);
    ck_assert_uint_eq(next().held, INPUT_ALT | INPUT_CTRL);
    ck_assert(in.down[KEY_CODE_LEFT_ALT] && !in.down[KEY_CODE_LEFT_SHIFT]);
}
END_TEST

START_TEST(test_held_down_repeats)
{
    input_init(&in, keymap_find("us"));
    input_key(&in, 0, 30, true);
    input_key(&in, 0, 30, true);
    ck_assert(!next().repeated);
    ck_assert(next().repeated);
    input_key(&in, 0, 31, false); /* whose press nobody saw */
    input_key(&in, 0, 0, true);
    input_key(&in, 0, 256, true);
    input_key(&in, 0, UINT32_MAX, true);
    ck_assert_uint_eq(in.n, 0);
}
END_TEST

START_TEST(test_queue_drops_the_newest_and_counts)
{
    input_init(&in, keymap_find("us"));
    for (unsigned i = 0; i < 100; i++)
        input_key(&in, i, 30, i % 2 == 0);
    ck_assert_uint_eq(in.n, INPUT_QUEUE);
    ck_assert_uint_eq(in.counters.dropped, 100 - INPUT_QUEUE);
    ck_assert_uint_eq(in.counters.events, 100);
    for (unsigned i = 0; i < INPUT_QUEUE; i++)
        ck_assert_uint_eq(next().at, i);
    ck_assert(!in.down[30]); /* what was dropped counts all the same */
    input_key(&in, 7, 30, true);
    ck_assert_uint_eq(next().at, 7);
}
END_TEST

static unsigned calls;

static void on_keys(struct input *i, void *user)
{
    ck_assert_ptr_eq(i, &in);
    ck_assert_ptr_eq(user, &calls);
    calls++;
}

START_TEST(test_who_listens_is_told_once)
{
    input_init(&in, keymap_find("us"));
    input_key(&in, 0, 30, true);
    ck_assert(!input_pending(&in));
    input_listen(&in, on_keys, &calls);
    ck_assert(input_pending(&in)); /* what came before */
    input_deliver(&in);
    ck_assert(!input_pending(&in)); /* it did not take it: its own choice */
    input_key(&in, 0, 30, false);
    ck_assert(input_pending(&in));
    input_listen(&in, NULL, NULL);
    ck_assert(!input_pending(&in));
    ck_assert_uint_eq(calls, 1);
}
END_TEST

RUN_CASES("screen", TEST(test_damage_is_joined_and_cut), TEST(test_fill_is_cut),
          TEST(test_text_is_scaled_and_cut), LOOP(test_runes, 0, 7),
          TEST(test_layout_us), TEST(test_layout_de), TEST(test_what_is_held),
          TEST(test_held_down_repeats),
          TEST(test_queue_drops_the_newest_and_counts),
          TEST(test_who_listens_is_told_once))
