/* SPDX-License-Identifier: ISC */
/*
 * test_gpu.c - virtio-gpu and virtio-input on a fake device: honest, then
 * lying.
 */
#include "../lib/suite.h"
#include "fake.h"

#include <base/bytes.h>
#include <base/dma.h>
#include <stdlib.h>
#include <virtio/gpu.h>
#include <virtio/input.h>

enum {
    MEMORY = 1 << 16,
    WIDTH = 64,
    HEIGHT = 32,
    CREATE = 0x101,
    SCANOUT = 0x103,
    FLUSH = 0x104,
    TRANSFER = 0x105,
    BACKING = 0x106,
    DONE = 0x1100
};

static struct fake f;
static struct arena arena;
static uint8_t *memory;
static uint32_t pixels[WIDTH * HEIGHT];
static uint8_t command[64];
static struct {
    unsigned n, code[200];
    bool pressed[200];
} keys;

static void set_up(void)
{
    memory = aligned_alloc(4096, MEMORY);
    memset(memory, 0xa5, MEMORY);
    arena_init(&arena, (struct mspan){memory, MEMORY});
    keys.n = 0;
}

static void tear_down(void)
{
    free(memory);
}

static struct display *gpu(void)
{
    struct display *d;
    size_t left;

    fake_init(&f, VIRTIO_KIND_GPU, true,
              1u << VIRTIO_F_EVENT_IDX | 1u << VIRTIO_F_INDIRECT_DESC);
    f.queue[0].max = 64;
    f.queue[1].max = 16;
    left = (size_t)(arena.end - arena.p);
    d = virtio_gpu_attach(&f.dev, &arena, pixels, WIDTH, HEIGHT);
    ck_assert_uint_le(left - (size_t)(arena.end - arena.p), virtio_gpu_bytes());
    return d;
}

/* The command that is under way; 0: none.  Its bytes are in `command`. */
static uint32_t asked(struct fake_chain *c)
{
    uint32_t n;

    if (!fake_pop(&f, 0, c))
        return 0;
    n = fake_drain(c, command, sizeof(command));
    ck_assert_uint_ge(n, 24);
    ck_assert_uint_eq(c->in, 24);
    return le32(command);
}

static void answer(const struct fake_chain *c, uint32_t type, uint32_t len)
{
    uint8_t head[24] = {(uint8_t)type, (uint8_t)(type >> 8)};

    ck_assert(fake_fill(c, head, sizeof(head)));
    fake_use(&f, 0, c->id, len);
}

static void expect(struct display *d, uint32_t what)
{
    struct fake_chain c;

    ck_assert_uint_eq(asked(&c), what);
    answer(&c, DONE, 24);
    ck_assert(d->ops->poll(d, 0));
}

static struct display *ready(void)
{
    struct display *d = gpu();

    expect(d, CREATE);
    expect(d, BACKING);
    expect(d, SCANOUT);
    return d;
}

static uint32_t word(unsigned i)
{
    return le32(command + 24 + 4 * i);
}

START_TEST(test_gpu_sets_up_one_resource)
{
    struct display *d = gpu();

    ck_assert_ptr_null(d->failure);
    expect(d, CREATE);
    ck_assert(word(0) == 1 && word(1) == 2 && word(2) == WIDTH &&
              word(3) == HEIGHT);
    expect(d, BACKING);
    ck_assert(word(0) == 1 && word(1) == 1);
    ck_assert_uint_eq(word(2) | (uint64_t)word(3) << 32, dma_address(pixels));
    ck_assert_uint_eq(word(4), sizeof(pixels));
    expect(d, SCANOUT);
    ck_assert(word(2) == WIDTH && word(3) == HEIGHT && word(4) == 0 &&
              word(5) == 1);
    ck_assert(!fake_pop(&f, 0, &(struct fake_chain){0}));
    ck_assert_uint_eq(d->ops->deadline(d), NS_NEVER);
    ck_assert(!d->ops->arm(d));
}
END_TEST

START_TEST(test_gpu_shows_what_changed_and_no_more)
{
    struct display *d = ready();
    struct rect r = {8, 4, 16, 2};

    ck_assert(d->ops->show(d, pixels, WIDTH, r, 0));
    ck_assert(!d->ops->show(d, pixels, WIDTH, r, 0)); /* one at a time */
    expect(d, TRANSFER);
    ck_assert(word(0) == 8 && word(1) == 4 && word(2) == 16 && word(3) == 2);
    ck_assert_uint_eq(word(4), (4 * WIDTH + 8) * 4);
    ck_assert_uint_eq(word(6), 1);
    ck_assert(!d->ops->show(d, pixels, WIDTH, r, 0));
    expect(d, FLUSH);
    ck_assert(word(0) == 8 && word(1) == 4 && word(2) == 16 && word(3) == 2);
    ck_assert_uint_eq(word(4), 1);
    ck_assert(d->ops->show(d, pixels, WIDTH, r, 0));
}
END_TEST

/* After each number of good answers. */
START_TEST(test_gpu_that_lies_is_shut_off)
{
    static const char *const why[] = {
        "it refused a command",
        "it refused a command",
        "it finished a buffer that it did not have",
        "it wrote more than a buffer holds",
        "it does not answer",
    };
    struct display *d = _i / 5 == 0 ? gpu() : ready();
    struct fake_chain c;

    if (_i / 5 > 0)
        ck_assert(d->ops->show(d, pixels, WIDTH, (struct rect){0, 0, 1, 1}, 0));
    if (_i / 5 > 1)
        expect(d, TRANSFER);
    ck_assert_uint_ne(asked(&c), 0);
    ck_assert(!d->ops->poll(d, 0));
    if (_i % 5 == 0)
        answer(&c, 0x1200, 24);
    else if (_i % 5 == 1)
        answer(&c, DONE, 23);
    else if (_i % 5 == 2)
        fake_use(&f, 0, (uint32_t)c.id + 7, 24);
    else if (_i % 5 == 3)
        answer(&c, DONE, 25);
    ck_assert_uint_eq(d->ops->deadline(d), 5 * NS_PER_SEC);
    d->ops->poll(d, 5 * NS_PER_SEC);
    ck_assert_str_eq(d->failure, why[_i % 5]);
    ck_assert_uint_eq(f.stops, 1);
    ck_assert(!d->ops->poll(d, 6 * NS_PER_SEC) && !d->ops->arm(d));
    ck_assert(d->ops->show(d, pixels, WIDTH, (struct rect){0, 0, 1, 1}, 0));
    ck_assert_uint_eq(d->ops->deadline(d), NS_NEVER);
}
END_TEST

START_TEST(test_gpu_that_is_useless_says_so)
{
    struct display *d;

    fake_init(&f, VIRTIO_KIND_GPU, true, 0);
    f.queue[0].max = _i == 0 ? 0 : 1;
    f.never_ready = _i == 2;
    if (_i == 2)
        f.queue[0].max = 64;
    d = virtio_gpu_attach(&f.dev, &arena, pixels, WIDTH, HEIGHT);
    ck_assert_str_eq(d->failure, _i == 0   ? "it lacks a queue"
                                 : _i == 1 ? "its queue is too short"
                                           : "it never became ready");
    ck_assert(!d->ops->poll(d, 0));
}
END_TEST

static struct virtio_input *input(void)
{
    struct virtio_input *v;
    size_t left = (size_t)(arena.end - arena.p);

    fake_init(&f, VIRTIO_KIND_INPUT, true, 1u << VIRTIO_F_EVENT_IDX);
    f.queue[0].max = 64;
    v = virtio_input_attach(&f.dev, &arena);
    ck_assert_uint_le(left - (size_t)(arena.end - arena.p),
                      virtio_input_bytes());
    return v;
}

static bool say(unsigned type, unsigned code, unsigned value, uint32_t len)
{
    uint8_t event[8] = {(uint8_t)type, (uint8_t)(type >> 8), (uint8_t)code,
                        (uint8_t)(code >> 8), (uint8_t)value};
    struct fake_chain c;

    if (!fake_pop(&f, 0, &c))
        return false;
    ck_assert_uint_eq(c.in, 8);
    ck_assert(fake_fill(&c, event, 8));
    fake_use(&f, 0, c.id, len);
    return true;
}

static void on_key(void *user, unsigned code, bool pressed)
{
    ck_assert_ptr_eq(user, &keys);
    keys.code[keys.n] = code;
    keys.pressed[keys.n++] = pressed;
}

START_TEST(test_input_says_keys_and_nothing_else)
{
    struct virtio_input *v = input();

    ck_assert(!virtio_input_arm(v));
    ck_assert(say(1, 30, 1, 8));
    ck_assert(say(0, 0, 0, 8));     /* end of a report */
    ck_assert(say(3, 0, 77, 8));    /* a tablet's place */
    ck_assert(say(1, 0x110, 1, 8)); /* a button */
    ck_assert(say(1, 30, 2, 8));
    ck_assert(say(1, 30, 0, 8));
    ck_assert(fake_interrupts(&f, 0, 0));
    ck_assert_uint_eq(virtio_input_poll(v, 64, on_key, &keys), 6);
    ck_assert_uint_eq(keys.n, 3);
    ck_assert(keys.pressed[0] && keys.pressed[1] && !keys.pressed[2]);
    ck_assert_uint_eq(keys.code[2], 30);
    ck_assert(!virtio_input_arm(v));
    ck_assert(say(1, 31, 1, 8));
    ck_assert(virtio_input_arm(v));
}
END_TEST

/* As many as there are buffers, again and again; the budget holds. */
START_TEST(test_input_gives_its_buffers_back)
{
    struct virtio_input *v = input();

    for (unsigned round = 0; round < 5; round++) {
        unsigned n = 0;

        keys.n = 0;
        while (say(1, 30, 1, 8))
            n++;
        ck_assert_uint_eq(n, 64);
        ck_assert_uint_eq(virtio_input_poll(v, 10, on_key, &keys), 10);
        ck_assert_uint_eq(virtio_input_poll(v, 64, on_key, &keys), 54);
        ck_assert_uint_eq(keys.n, 64);
    }
}
END_TEST

START_TEST(test_input_that_lies_is_shut_off)
{
    static const char *const why[] = {
        "its event is none", "its event is none",
        "it wrote more than a buffer holds",
        "it finished a buffer that does not exist",
        "it finished more buffers than it was given"};
    struct virtio_input *v = input();

    if (FAKE_ALSO && _i == 4) /* a full packed ring has no room for that */
        return;
    if (_i < 3)
        ck_assert(say(1, 30, _i == 1 ? 3 : 1, _i == 0 ? 7 : _i == 1 ? 8 : 9));
    else if (_i == 3)
        fake_use(&f, 0, 4711, 8);
    else
        fake_show_index(&f, 0, 1000);
    virtio_input_poll(v, 64, on_key, &keys);
    ck_assert_str_eq(f.dev.failure, why[_i]);
    ck_assert_uint_eq(keys.n, 0);
    ck_assert_uint_eq(virtio_input_poll(v, 64, on_key, &keys), 0);
    ck_assert(!virtio_input_arm(v));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gpu");
    TCase *tc = tcase_create("gpu");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, test_gpu_sets_up_one_resource);
    tcase_add_test(tc, test_gpu_shows_what_changed_and_no_more);
    tcase_add_loop_test(tc, test_gpu_that_lies_is_shut_off, 0, 15);
    tcase_add_loop_test(tc, test_gpu_that_is_useless_says_so, 0, 3);
    tcase_add_test(tc, test_input_says_keys_and_nothing_else);
    tcase_add_test(tc, test_input_gives_its_buffers_back);
    tcase_add_loop_test(tc, test_input_that_lies_is_shut_off, 0, 5);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
