/* SPDX-License-Identifier: ISC */
/*
 * test_others.c - randomness and the console on a fake device.
 */
#include "../lib/suite.h"
#include "fake.h"

#include <base/bytes.h>
#include <stdlib.h>
#include <virtio/virtio.h>

enum { MEMORY = 1 << 17 };

static struct fake f;
static struct arena arena;
static uint8_t *memory;

static void set_up(void)
{
    memory = aligned_alloc(4096, MEMORY);
    memset(memory, 0xa5, MEMORY);
    arena_init(&arena, (struct mspan){memory, MEMORY});
}

static void tear_down(void)
{
    free(memory);
}

static struct virtio_rng *rng(bool modern)
{
    fake_init(&f, VIRTIO_KIND_RNG, modern, 1u << VIRTIO_F_EVENT_IDX);
    f.queue[0].max = 8;
    return virtio_rng_attach(&f.dev, &arena);
}

START_TEST(test_rng_answers_later)
{
    struct virtio_rng *r = rng(_i);
    struct fake_chain c;
    struct span got;

    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(virtio_rng_take(r).n, 0); /* nothing asked */
    virtio_rng_ask(r);
    virtio_rng_ask(r);
    ck_assert_uint_eq(virtio_rng_take(r).n, 0);
    ck_assert_uint_eq(f.queue[0].notified, 1);
    ck_assert(fake_pop(&f, 0, &c));
    ck_assert_uint_eq(c.in, VIRTIO_RNG_BYTES);
    ck_assert(fake_fill(&c, "0123456789", 10));
    fake_use(&f, 0, c.id, 10);
    ck_assert(fake_interrupts(&f, 0, 0));
    got = virtio_rng_take(r);
    ck_assert(span_eq(got, SPAN("0123456789")));
    ck_assert_uint_eq(virtio_rng_take(r).n, 0); /* once only */
    virtio_rng_ask(r);
    ck_assert(fake_pop(&f, 0, &c));
    ck_assert(!fake_pop(&f, 0, &c));
}
END_TEST

START_TEST(test_rng_that_lies_is_shut_off)
{
    static const char *const why[] = {
        "it wrote more than a buffer holds",
        "it finished a buffer that does not exist",
        "it finished more buffers than it was given"};
    struct virtio_rng *r = rng(true);

    virtio_rng_ask(r);
    fake_use(&f, 0, _i == 1 ? 9 : 0, _i == 0 ? VIRTIO_RNG_BYTES + 1 : 1);
    if (_i == 2)
        fake_show_index(&f, 0, 2);
    ck_assert_uint_eq(virtio_rng_take(r).n, 0);
    ck_assert_str_eq(f.dev.failure, why[_i]);
    ck_assert_uint_eq(f.stops, 1);
    virtio_rng_ask(r);
    ck_assert_uint_eq(virtio_rng_take(r).n, 0);
}
END_TEST

START_TEST(test_rng_that_never_starts_is_none)
{
    fake_init(&f, VIRTIO_KIND_RNG, true, 0);
    f.features_withdrawn = true;
    ck_assert_ptr_null(virtio_rng_attach(&f.dev, &arena));
    ck_assert_ptr_nonnull(f.dev.failure);
}
END_TEST

static struct virtio_console *console(void)
{
    struct virtio_console *c;

    fake_init(&f, VIRTIO_KIND_CONSOLE, true, 1u << VIRTIO_F_EVENT_IDX);
    f.queue[0].max = f.queue[1].max = 64;
    f.wants_all_kicks = true;
    c = virtio_console_attach(&f.dev, &arena);
    ck_assert_ptr_nonnull(c);
    return c;
}

START_TEST(test_console_writes_a_copy)
{
    struct virtio_console *k = console();
    uint8_t text[600], got[600];
    struct fake_chain c;
    uint32_t n = 0;

    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = (uint8_t)('a' + i % 26);
    ck_assert_uint_eq(virtio_console_write(k, (struct span){text, 600}), 600);
    memset(text, 0, sizeof(text));
    ck_assert_uint_eq(f.queue[1].notified, 1);
    while (fake_pop(&f, 1, &c)) {
        n += fake_drain(&c, got + n, (uint32_t)sizeof(got) - n);
        fake_use(&f, 1, c.id, 0);
    }
    ck_assert_uint_eq(n, 600);
    for (unsigned i = 0; i < sizeof(got); i++)
        ck_assert_uint_eq(got[i], 'a' + i % 26);
}
END_TEST

START_TEST(test_console_takes_what_fits_and_goes_on)
{
    struct virtio_console *k = console();
    static uint8_t text[10000];
    struct fake_chain c;
    size_t n = virtio_console_write(k, (struct span){text, sizeof(text)});

    ck_assert_uint_gt(n, 2000);
    ck_assert_uint_lt(n, sizeof(text));
    ck_assert_uint_eq(virtio_console_write(k, SPAN("more")), 0);
    ck_assert(fake_pop(&f, 1, &c));
    fake_use(&f, 1, c.id, 0);
    ck_assert_uint_eq(virtio_console_write(k, SPAN("more")), 4);
}
END_TEST

START_TEST(test_console_reads_what_is_typed)
{
    struct virtio_console *k = console();
    uint8_t got[8];
    struct mspan out = {got, 3};
    struct fake_chain c;

    ck_assert_uint_eq(virtio_console_read(k, out), 0);
    for (unsigned i = 0; i < 5; i++) {
        uint16_t before = f.queue[0].used;

        ck_assert(fake_pop(&f, 0, &c));
        ck_assert(fake_fill(&c, "help", 4));
        fake_use(&f, 0, c.id, 4);
        ck_assert(fake_interrupts(&f, 0, before));
        ck_assert_uint_eq(virtio_console_read(k, out), 3);
        ck_assert_int_eq(memcmp(got, "hel", 3), 0);
        ck_assert_uint_eq(virtio_console_read(k, out), 1);
        ck_assert_uint_eq(got[0], 'p');
    }
}
END_TEST

START_TEST(test_console_that_lies_is_shut_off)
{
    struct virtio_console *k = console();
    uint8_t got[8];

    ck_assert_uint_eq(virtio_console_write(k, SPAN("x")), 1);
    fake_use(&f, (unsigned)_i, 30, 1);
    ck_assert_uint_eq(virtio_console_read(k, (struct mspan){got, 8}), 0);
    ck_assert_uint_eq(virtio_console_write(k, SPAN("y")), 0);
    ck_assert_str_eq(f.dev.failure, "it finished a buffer that does not exist");
    ck_assert_uint_eq(virtio_console_read(k, (struct mspan){got, 8}), 0);
    ck_assert_uint_eq(f.stops, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("virtio-rng, virtio-console");
    TCase *r = tcase_create("rng"), *c = tcase_create("console");

    tcase_add_checked_fixture(r, set_up, tear_down);
    tcase_add_loop_test(r, test_rng_answers_later, 0, 2);
    tcase_add_loop_test(r, test_rng_that_lies_is_shut_off, 0, 3);
    tcase_add_test(r, test_rng_that_never_starts_is_none);
    suite_add_tcase(suite, r);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, test_console_writes_a_copy);
    tcase_add_test(c, test_console_takes_what_fits_and_goes_on);
    tcase_add_test(c, test_console_reads_what_is_typed);
    tcase_add_loop_test(c, test_console_that_lies_is_shut_off, 0, 2);
    suite_add_tcase(suite, c);
    return suite_run(suite);
}
