/* SPDX-License-Identifier: ISC */
/*
 * test_panic_screen.c - last words on a display that is busy, silent, or gone.
 */
#include "../lib/suite.h"

#include <screens_panic.h>

enum { COLUMNS = 16, ROWS = 4, WIDTH = 8 * COLUMNS, HEIGHT = 16 * ROWS };
enum { RED = 0xaa0000, WHITE = 0xffffff, DRAWN = 0x123456 };

static uint32_t pixels[WIDTH * HEIGHT];
static struct screen s;
static ns_t clock;

/* Takes `busy` polls for what it is shown; forever if that is 0. */
static struct {
    struct display display;
    unsigned busy, left, shown, polls;
} fake;

static ns_t tick(void)
{
    return clock += NS_PER_MS;
}

static bool show(struct display *d, const uint32_t *p, uint32_t width,
                 struct rect r, ns_t now)
{
    (void)now;
    ck_assert_ptr_eq(p, pixels);
    ck_assert_uint_eq(width, WIDTH);
    ck_assert_uint_gt(r.w, 0);
    ck_assert_ptr_eq(d, &fake.display);
    if (fake.left)
        return false;
    fake.left = fake.busy ? fake.busy : 1;
    fake.shown++;
    return true;
}

static bool poll(struct display *d, ns_t now)
{
    (void)d, (void)now;
    fake.polls++;
    if (fake.busy && fake.left)
        fake.left--;
    return true;
}

static ns_t deadline(const struct display *d)
{
    (void)d;
    return fake.left ? clock : NS_NEVER;
}

static const struct display_ops slow = {
    .show = show, .poll = poll, .deadline = deadline};

static bool show_at_once(struct display *d, const uint32_t *p, uint32_t width,
                         struct rect r, ns_t now)
{
    (void)d, (void)p, (void)width, (void)r, (void)now;
    fake.shown++;
    return true;
}

static const struct display_ops at_once = {.show = show_at_once};

static struct screens_panic start(const struct display_ops *ops, unsigned busy)
{
    s = (struct screen){.pixels = pixels, .width = WIDTH, .height = HEIGHT};
    for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
        pixels[i] = DRAWN;
    fake.display = (struct display){.ops = ops};
    fake.busy = busy;
    fake.left = fake.shown = fake.polls = 0;
    clock = 0;
    return (struct screens_panic){
        .screen = &s, .display = &fake.display, .now = tick};
}

/* Pixels of a letter that are set, in its place. */
static unsigned lit(unsigned column, unsigned row)
{
    unsigned n = 0;

    for (unsigned y = 0; y < 16; y++)
        for (unsigned x = 0; x < 8; x++)
            n += pixels[(row * 16 + y) * WIDTH + column * 8 + x] == WHITE;
    return n;
}

START_TEST(test_last_words_are_over_all_that_was_drawn)
{
    struct screens_panic p = start(&at_once, 0);

    screens_panic_say(&p, SPAN("PANIC: x\n"));
    screens_panic_say(&p, SPAN("  at\n"));
    ck_assert_uint_eq(fake.shown, 2);
    for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
        ck_assert(pixels[i] == RED || pixels[i] == WHITE);
    ck_assert_uint_gt(lit(0, 0), 0);
    ck_assert_uint_eq(lit(0, 1), 0);
    ck_assert_uint_gt(lit(2, 1), 0);
}
END_TEST

START_TEST(test_a_busy_display_is_waited_for)
{
    struct screens_panic p = start(&slow, 3);

    fake.left = 2; /* with what the application had drawn */
    screens_panic_say(&p, SPAN("PANIC: x\n"));
    ck_assert_uint_eq(fake.shown, 1);
    ck_assert_uint_eq(fake.left, 0);
    ck_assert_uint_eq(fake.polls, 5);
    screens_panic_say(&p, SPAN("  at\n"));
    ck_assert_uint_eq(fake.shown, 2);
    ck_assert_uint_eq(fake.left, 0);
}
END_TEST

START_TEST(test_a_silent_display_costs_a_second_in_all)
{
    struct screens_panic p = start(&slow, 0);

    for (unsigned i = 0; i < ROWS - 1; i++)
        screens_panic_say(&p, SPAN("x\n"));
    ck_assert_uint_eq(fake.shown, 1);
    ck_assert_uint_lt(clock, NS_PER_SEC + 50 * NS_PER_MS);
}
END_TEST

static ns_t stands_still(void)
{
    return 0;
}

START_TEST(test_a_clock_that_stands_does_not_hold_it)
{
    struct screens_panic p = start(&slow, 0);

    p.now = stands_still;
    screens_panic_say(&p, SPAN("x\n"));
    ck_assert_uint_gt(fake.polls, 0);
    ck_assert_uint_eq(p.looks, 0);
}
END_TEST

START_TEST(test_the_first_lines_stay)
{
    struct screens_panic p = start(&at_once, 0);
    unsigned first;

    screens_panic_say(&p, SPAN("PANIC: x\n"));
    first = lit(0, 0);
    for (unsigned i = 0; i < 3 * ROWS; i++)
        screens_panic_say(&p, SPAN("  at\n"));
    ck_assert_uint_eq(lit(0, 0), first);
    ck_assert_uint_eq(fake.shown, ROWS - 1);
}
END_TEST

START_TEST(test_a_panic_of_drawing_draws_no_more)
{
    struct screens_panic p = start(&at_once, 0);

    p.busy = true;
    screens_panic_say(&p, SPAN("PANIC inside a panic\n"));
    ck_assert_uint_eq(pixels[0], DRAWN);
    ck_assert_uint_eq(fake.shown, 0);
}
END_TEST

START_TEST(test_without_a_display_nothing_is_drawn)
{
    struct screens_panic p = start(&at_once, 0);

    fake.display.failure = "it lied";
    screens_panic_say(&p, SPAN("PANIC: x\n"));
    p.display = NULL;
    screens_panic_say(&p, SPAN("PANIC: x\n"));
    p = (struct screens_panic){0}; /* before there is a screen */
    screens_panic_say(&p, SPAN("PANIC: x\n"));
    ck_assert_uint_eq(pixels[0], DRAWN);
    ck_assert_uint_eq(fake.shown, 0);
}
END_TEST

RUN_TESTS("panic_screen", PANICS(), test_last_words_are_over_all_that_was_drawn,
          test_a_busy_display_is_waited_for,
          test_a_silent_display_costs_a_second_in_all,
          test_a_clock_that_stands_does_not_hold_it, test_the_first_lines_stay,
          test_a_panic_of_drawing_draws_no_more,
          test_without_a_display_nothing_is_drawn)
