/* SPDX-License-Identifier: ISC */
/*
 * test_console.c - what text and ANSI sequences make of pixels.
 *
 * A letter is found again by looking at the pixels of its place.
 */
#include "../../lib/suite.h"

#include <screen/font.h>
#include <screen/screen_impl.h>
#include <string.h>

enum {
    COLUMNS = 12,
    ROWS = 4,
    WIDTH = 8 * COLUMNS + 16,
    HEIGHT = 16 * ROWS + 8
};
enum {
    GREY = 0xaaaaaa,
    RED = 0xaa0000,
    BRIGHT_RED = 0xff5555,
    EDGE = 0x123456
};

static uint32_t pixels[WIDTH * HEIGHT];
static struct screen s;
static struct screen_console c;

static void start(void)
{
    s = (struct screen){.pixels = pixels, .width = WIDTH, .height = HEIGHT};
    for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
        pixels[i] = EDGE;
    screen_console_init(&c, &s,
                        (struct rect){8, 4, 8 * COLUMNS + 7, 16 * ROWS});
    screen_console_write(&c, SPAN("\033[?25l"));
}

static void say(const char *text)
{
    screen_console_write(&c,
                         (struct span){(const uint8_t *)text, strlen(text)});
}

static uint32_t at(unsigned column, unsigned row, unsigned x, unsigned y)
{
    return pixels[(4 + row * 16 + y) * WIDTH + 8 + column * 8 + x];
}

/* Whether this letter stands there, in these colours. */
static bool is(unsigned column, unsigned row, uint32_t ch, uint32_t colour,
               uint32_t background)
{
    const uint64_t *glyph = font_glyph(ch);

    for (unsigned y = 0; y < 16; y++)
        for (unsigned x = 0; x < 8; x++)
            if (at(column, row, x, y) !=
                (font_row(glyph, y) >> (7 - x) & 1 ? colour : background))
                return false;
    return true;
}

/* The whole console in letters of any colour; '?' where there is none. */
static const char *shown(void)
{
    static char text[(COLUMNS + 1) * ROWS + 1];
    char *to = text;

    for (unsigned row = 0; row < ROWS; row++, *to++ = '\n')
        for (unsigned column = 0; column < COLUMNS; column++) {
            uint32_t ch = 0x20;
            uint32_t colour = at(column, row, 0, 0), other = colour;

            for (unsigned i = 0; i < 128; i++)
                if (at(column, row, i % 8, i / 8) != colour)
                    other = at(column, row, i % 8, i / 8);
            while (ch < 0x7f && !is(column, row, ch, other, colour))
                ch++;
            *to++ = ch == ' ' ? '.' : ch < 0x7f ? (char)ch : '?';
        }
    *to = 0;
    return text;
}

START_TEST(test_text_and_its_edges)
{
    start();
    say("Ab\ncd\r\ne\tf\bG");
    ck_assert_str_eq(shown(), "Ab..........\ncd..........\n"
                              "e.......G...\n............\n");
    ck_assert(is(0, 0, 'A', GREY, 0));
    for (unsigned y = 0; y < HEIGHT; y++)
        for (unsigned x = 0; x < WIDTH; x++)
            if (y < 4 || y >= 4 + 16 * ROWS || x < 8 ||
                x >= 8 + 8 * COLUMNS + 7)
                ck_assert_uint_eq(pixels[y * WIDTH + x], EDGE);
}
END_TEST

/* The very bytes of a letter. */
START_TEST(test_letter_a)
{
    static const char *const rows[] = {
        "........", "........", "........", "........", "...##...", "..#..#..",
        ".#....#.", ".#....#.", ".#....#.", ".######.", ".#....#.", ".#....#.",
        ".#....#.", "........", "........", "........"};

    start();
    say("A");
    for (unsigned y = 0; y < 16; y++)
        for (unsigned x = 0; x < 8; x++)
            ck_assert_uint_eq(at(0, 0, x, y), rows[y][x] == '#' ? GREY : 0);
}
END_TEST

START_TEST(test_a_full_row_goes_on_in_the_next)
{
    start();
    say("123456789abc");
    ck_assert_uint_eq(c.row, 0);
    say("d");
    ck_assert_str_eq(shown(), "123456789abc\nd...........\n"
                              "............\n............\n");
}
END_TEST

START_TEST(test_scrolling)
{
    start();
    say("1\n2\n3\n4\n5");
    ck_assert_str_eq(shown(), "2...........\n3...........\n"
                              "4...........\n5...........\n");
    s.damage = (struct rect){0};
    say("\n");
    ck_assert(s.damage.w == 8 * COLUMNS && s.damage.h == 16 * ROWS);
}
END_TEST

START_TEST(test_colours)
{
    start();
    say("\033[31ma\033[1;31mb\033[44mc\033[0md\033[7me\033[27mf"
        "\033[91;102mg\033[39;49mh\033[38;5;196mi\033[48;2;1;2;3mj");
    ck_assert(is(0, 0, 'a', RED, 0));
    ck_assert(is(1, 0, 'b', BRIGHT_RED, 0));
    ck_assert(is(2, 0, 'c', BRIGHT_RED, 0x0000aa));
    ck_assert(is(3, 0, 'd', GREY, 0));
    ck_assert(is(4, 0, 'e', 0, GREY));
    ck_assert(is(5, 0, 'f', GREY, 0));
    ck_assert(is(6, 0, 'g', BRIGHT_RED, 0x55ff55));
    ck_assert(is(7, 0, 'h', GREY, 0));
    ck_assert(is(8, 0, 'i', 0xff0000, 0));
    ck_assert(is(9, 0, 'j', 0xff0000, 0x010203));
}
END_TEST

START_TEST(test_moving_and_erasing)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"\033[2;3Hx",
         "aaaaaaaaaaaa\nbbxbbbbbbbbb\ncccccccccccc\ndddddddddddd\n"},
        {"\033[99;99Hx",
         "aaaaaaaaaaaa\nbbbbbbbbbbbb\ncccccccccccc\ndddddddddddx\n"},
        {"\033[Hx\033[2B\033[3Cy\033[A\033[9Dz",
         "xaaaaaaaaaaa\nzbbbbbbbbbbb\nccccyccccccc\ndddddddddddd\n"},
        {"\033[3d\033[2Gx",
         "aaaaaaaaaaaa\nbbbbbbbbbbbb\ncxcccccccccc\ndddddddddddd\n"},
        {"\033[2;3H\033[J",
         "aaaaaaaaaaaa\nbb..........\n............\n............\n"},
        {"\033[2;3H\033[1J",
         "............\n...bbbbbbbbb\ncccccccccccc\ndddddddddddd\n"},
        {"\033[2J", "............\n............\n............\n............\n"},
        {"\033[2;3H\033[K",
         "aaaaaaaaaaaa\nbb..........\ncccccccccccc\ndddddddddddd\n"},
        {"\033[2;3H\033[1K",
         "aaaaaaaaaaaa\n...bbbbbbbbb\ncccccccccccc\ndddddddddddd\n"},
        {"\033[2;3H\033[2K",
         "aaaaaaaaaaaa\n............\ncccccccccccc\ndddddddddddd\n"},
        {"\033[2;3H\033[s\033[Hx\033[uy",
         "xaaaaaaaaaaa\nbbybbbbbbbbb\ncccccccccccc\ndddddddddddd\n"},
    };

    start();
    say("aaaaaaaaaaaabbbbbbbbbbbbccccccccccccdddddddddddd");
    say(cases[_i].text);
    ck_assert_str_eq(shown(), cases[_i].want);
}
END_TEST

/* What nobody knows is read over, and harms nothing. */
START_TEST(test_sequences_of_strangers)
{
    static const char *const text[] = {
        "\033[?2004hab", "\033[1;2;3;4;5;6;7;8;9;10;11mab",
        "\033[>4;1mab",  "\033[99999999999999Aab",
        "\033[38;5mab",  "\033[38mab",
        "\033Mab",       "\033[12\rab",
        "\a\033[5nab"};

    start();
    say(text[_i]);
    ck_assert_str_eq(shown(), "ab..........\n............\n"
                              "............\n............\n");
}
END_TEST

START_TEST(test_utf8_in_parts)
{
    start();
    say("\xc3");
    say("\xbc\xe2\x82\xac\xff\xc3(\xf0\x9f\x98\x80z");
    ck_assert(is(0, 0, 0xfc, GREY, 0));
    for (unsigned i = 1; i < 4; i++)
        ck_assert(is(i, 0, '?', GREY, 0));
    ck_assert(is(4, 0, '(', GREY, 0));
    ck_assert(is(5, 0, '?', GREY, 0));
    ck_assert(is(6, 0, 'z', GREY, 0));
}
END_TEST

START_TEST(test_cursor_is_inverse_and_leaves_nothing)
{
    start();
    say("ab\033[1;1H\033[?25h");
    ck_assert(is(0, 0, 'a', GREY ^ 0xffffff, 0xffffff));
    say("\033[1;2H");
    ck_assert(is(0, 0, 'a', GREY, 0));
    ck_assert(is(1, 0, 'b', GREY ^ 0xffffff, 0xffffff));
    say("\033[?25l");
    ck_assert(is(1, 0, 'b', GREY, 0));
}
END_TEST

/* Any bytes at all, in any parts: within the console, and nowhere else. */
START_TEST(test_noise)
{
    uint32_t x = 12345;

    start();
    for (unsigned i = 0; i < 50000; i++) {
        uint8_t b;

        x = x * 1664525 + 1013904223;
        b = x >> 28 == 0 ? 033 : x >> 28 == 1 ? '[' : (uint8_t)(x >> 20);
        screen_console_write(&c, (struct span){&b, 1});
        ck_assert(c.column <= COLUMNS && c.row < ROWS);
    }
    for (unsigned i = 0; i < WIDTH * 4; i++)
        ck_assert(pixels[i] == EDGE);
    for (unsigned i = WIDTH * (4 + 16 * ROWS); i < WIDTH * HEIGHT; i++)
        ck_assert(pixels[i] == EDGE);
}
END_TEST

START_TEST(test_no_room_for_a_letter)
{
    start();
    screen_console_init(&c, &s, (struct rect){WIDTH - 7, 0, 100, 100});
    say("ab\nc\033[2J");
    screen_console_init(&c, &s, (struct rect){WIDTH, HEIGHT, 100, 100});
    say("ab\nc\033[2J");
    ck_assert(c.columns == 0 && c.rows == 0);
}
END_TEST

RUN_CASES("console", TEST(test_text_and_its_edges), TEST(test_letter_a),
          TEST(test_a_full_row_goes_on_in_the_next), TEST(test_scrolling),
          TEST(test_colours), LOOP(test_moving_and_erasing, 0, 11),
          LOOP(test_sequences_of_strangers, 0, 9), TEST(test_utf8_in_parts),
          TEST(test_cursor_is_inverse_and_leaves_nothing), TEST(test_noise),
          TEST(test_no_room_for_a_letter))
