/* SPDX-License-Identifier: ISC */
/*
 * test_disk.c - virtio-blk on a fake device: honest, then lying.
 */
#include "../lib/suite.h"
#include "fake.h"

#include <base/bytes.h>
#include <stdlib.h>
#include <virtio/blk.h>

enum {
    MEMORY = 1 << 18,
    SECTORS = 2048,
    F_SIZE_MAX = 1,
    F_SEG_MAX = 2,
    F_RO = 5,
    F_BLK_SIZE = 6,
    F_FLUSH = 9,
    F_DISCARD = 13
};
#define BIT(n) (UINT64_C(1) << (n))
#define RINGS  (BIT(VIRTIO_F_EVENT_IDX) | BIT(VIRTIO_F_INDIRECT_DESC))
#define ALL                                                                    \
    (RINGS | BIT(F_SEG_MAX) | BIT(F_BLK_SIZE) | BIT(F_FLUSH) | BIT(F_DISCARD))

static struct fake f;
static struct blk_host host;
static struct arena arena;
static uint8_t *memory, *image;
static _Alignas(16) uint8_t data[BLK_BYTES_MAX], copy[BLK_BYTES_MAX];
static ns_t clock;
static struct {
    bool silent, short_read;
    int status; /* instead of the right one; -1: none at all */
    unsigned served, done;
    enum err err;
} dev;

/* What a disk does with one chain. */
static void serve_one(struct fake_chain *c)
{
    uint8_t head[16 + BLK_BYTES_MAX], status = 0;
    uint32_t got = fake_drain(c, head, sizeof(head)), in = c->in;
    uint64_t at = le64(head + 8) * 512;
    struct fake_seg *last = &c->seg[c->n - 1];

    ck_assert_uint_ge(got, 16);
    ck_assert(last->writable && last->n == 1);
    if (le32(head) == 0)
        ck_assert(fake_fill(c, image + at, in - 1));
    else if (le32(head) == 1)
        memcpy(image + at, head + 16, got - 16);
    else if (le32(head) == 8)
        ck_assert(fake_fill(c, "serial-of-the-disk!!", 20));
    else if (le32(head) == 11)
        memset(image + le64(head + 16) * 512, 0, le32(head + 24) * 512u);
    else if (le32(head) != 4)
        status = 2;
    if (dev.status > 0 && le32(head) != 8)
        status = (uint8_t)dev.status;
    if (dev.status >= 0)
        *last->p = status;
    fake_use(&f, 0, c->id, dev.short_read ? in - 1 : in);
    dev.served++;
}

static void serve(void)
{
    struct fake_chain c;

    while (!dev.silent && fake_pop(&f, 0, &c))
        serve_one(&c);
}

static ns_t now(void)
{
    return clock;
}

static void rest(ns_t until)
{
    serve();
    clock = until < clock + 10 * NS_PER_MS ? until : clock + 10 * NS_PER_MS;
}

static void set_up(void)
{
    memory = aligned_alloc(4096, MEMORY);
    image = calloc(SECTORS, 512);
    arena_init(&arena, (struct mspan){memory, MEMORY});
    host = (struct blk_host){.arena = &arena, .now = now, .rest = rest};
    memset(&dev, 0, sizeof(dev));
    clock = NS_PER_SEC;
}

static void tear_down(void)
{
    free(memory);
    free(image);
}

static void put32(unsigned at, uint32_t v)
{
    put_le16(f.config + at, (uint16_t)v);
    put_le16(f.config + at + 2, (uint16_t)(v >> 16));
}

static void make(bool modern, uint64_t offers)
{
    fake_init(&f, VIRTIO_KIND_BLK, modern, offers);
    put32(0, SECTORS);
    put32(8, 65536);
    put32(12, 126);
    put32(20, 512);
    put32(36, 1024);
}

static void on_done(struct blk_req *r)
{
    dev.done++;
    dev.err = r->status;
}

static struct blk_req req(enum blk_op op, uint64_t sector, size_t n)
{
    return (struct blk_req){.op = op,
                            .sector = sector,
                            .data = {data, n},
                            .sectors = 16,
                            .done = on_done};
}

/* One request from end to end. */
static enum err run(struct blk *b, struct blk_req *r)
{
    enum err err = blk_submit(b, r);

    if (err)
        return err;
    blk_show(b, clock);
    serve();
    blk_poll(b, clock, 100);
    return dev.err;
}

START_TEST(test_all_operations)
{
    struct blk *b;
    struct blk_req w = req(BLK_WRITE, 8, sizeof(data));
    struct blk_req r = req(BLK_READ, 8, 4096), fl = req(BLK_FLUSH, 0, 0);
    struct blk_req d = req(BLK_DISCARD, 16, 0);

    make(_i & 1, _i & 2 ? ALL : 0);
    b = virtio_blk_attach(&f.dev, &host);
    ck_assert_ptr_nonnull(b);
    ck_assert_msg(!b->failed, "%s", b->failure);
    ck_assert_uint_eq(b->sectors, SECTORS);
    ck_assert_str_eq(b->serial, "serial-of-the-disk!!");
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 512);
    memcpy(copy, data, sizeof(data));
    ck_assert_int_eq(run(b, &w), OK);
    ck_assert_mem_eq(image + 8 * 512, copy, sizeof(copy));
    memset(data, 0, sizeof(data));
    ck_assert_int_eq(run(b, &r), OK);
    ck_assert_mem_eq(data, copy, 4096);
    ck_assert_int_eq(run(b, &fl), OK);
    ck_assert_int_eq(run(b, &d), OK);
    ck_assert_uint_eq(dev.done, 4);
    ck_assert_int_eq(image[16 * 512], _i & 2 ? 0 : copy[8 * 512]);
}
END_TEST

START_TEST(test_a_device_that_takes_small_segments)
{
    struct blk *b;
    struct blk_req w = req(BLK_WRITE, 0, 32768);

    make(true, ALL | BIT(F_SIZE_MAX));
    put32(8, 8192 + 17);
    put32(12, 4);
    b = virtio_blk_attach(&f.dev, &host);
    ck_assert(!b->failed);
    ck_assert_uint_eq(b->max_bytes, 32768);
    memset(data, 0x5a, sizeof(data));
    ck_assert_int_eq(run(b, &w), OK);
    ck_assert_mem_eq(image, data, 32768);
}
END_TEST

START_TEST(test_read_only_and_large_blocks)
{
    struct blk *b;
    struct blk_req w = req(BLK_WRITE, 0, 4096), r = req(BLK_READ, 0, 512);

    make(true, ALL | BIT(F_RO));
    put32(20, 4096);
    b = virtio_blk_attach(&f.dev, &host);
    ck_assert(!b->failed && b->read_only);
    ck_assert_uint_eq(b->block_size, 4096);
    ck_assert_int_eq(run(b, &w), E_REFUSED);
    ck_assert_int_eq(run(b, &r), E_INVAL);
}
END_TEST

START_TEST(test_errors_are_of_one_request)
{
    struct blk *b;
    struct blk_req r = req(BLK_READ, 0, 512);

    make(true, ALL);
    b = virtio_blk_attach(&f.dev, &host);
    dev.status = _i + 1; /* IOERR, UNSUPP */
    ck_assert_int_eq(run(b, &r), E_IO);
    dev.status = 0;
    ck_assert_int_eq(run(b, &r), OK);
    ck_assert_uint_eq(b->counters.errors, 1);
}
END_TEST

/* How a device lies about a request that is under way, and how that ends. */
static void lie(struct blk *b, int how, uint16_t id)
{
    switch (how) {
    case 0: /* no such descriptor */
        fake_use(&f, 0, 1000, 1);
        return;
    case 1: /* one that is not out */
        fake_use(&f, 0, (uint32_t)(id + 5u), 1);
        return;
    case 2: /* longer than there is room for */
        fake_use(&f, 0, id, 514);
        return;
    case 3: /* done, with data that was never written */
        dev.short_read = true;
        serve();
        return;
    case 4: /* done, with no status */
        dev.status = -1;
        serve();
        return;
    case 5: /* a status that is none */
        dev.status = 77;
        serve();
        return;
    case 6: /* twice */
        fake_put(&f, 0, id, 513);
        fake_use(&f, 0, id, 513);
        return;
    case 7: /* an index from nowhere */
        fake_show_index(&f, 0, 999);
        return;
    case 8: /* asks to be reset */
        f.status |= VIRTIO_NEEDS_RESET;
        f.dev.config_changes++;
        return;
    case 9: /* a configuration that never holds still */
        f.restless_config = true;
        f.dev.config_changes++;
        return;
    default: /* never */
        clock += b->timeout;
    }
}

START_TEST(test_a_lie_costs_the_disk_and_nothing_else)
{
    static const char *const why[] = {
        "it finished a buffer that does not exist",
        "it finished a buffer that it did not have",
        "it wrote more than a buffer holds",
        "its answer is none",
        "its answer is none",
        "its answer is none",
        "it finished more buffers than it was given",
        "it finished more buffers than it was given",
        "it asked to be reset",
        "its configuration never held still",
        "it did not answer in time"};
    struct blk *b;
    struct blk_req r = req(BLK_READ, 0, 512), w = req(BLK_WRITE, 0, 512);
    struct fake_chain c;

    make(true, ALL);
    b = virtio_blk_attach(&f.dev, &host);
    ck_assert(!b->failed);
    dev.err = OK;
    ck_assert_int_eq(blk_submit(b, &r), OK);
    blk_show(b, clock);
    ck_assert(fake_peek(&f, 0, &c));
    lie(b, _i, c.id);
    blk_poll(b, clock, 100);
    ck_assert(b->failed);
    ck_assert_str_eq(b->failure, why[_i]);
    ck_assert_uint_eq(dev.done, 1);
    ck_assert_int_eq(dev.err, _i == 10 ? E_TIMEOUT : E_IO);
    ck_assert_uint_eq(f.stops, 1);
    ck_assert_int_eq(blk_submit(b, &w), E_IO);
    ck_assert_uint_eq(blk_poll(b, clock, 100), 0);
}
END_TEST

START_TEST(test_a_device_that_is_no_disk)
{
    static const char *const why[] = {
        "it does not answer",
        "its blocks are not of 512 to 4096 bytes",
        "its size makes no sense",
        "it takes less than 4096 bytes at once",
        "its queue is too short",
        "its configuration never held still",
        "it withdrew features that it had offered",
        "its size makes no sense"};
    struct blk *b;

    make(true, ALL | (_i == 3 ? BIT(F_SIZE_MAX) : 0));
    dev.silent = _i == 0;
    put32(20, _i == 1 ? 600 : 512);
    put32(0, _i == 2 ? 0 : SECTORS);
    put32(8, 1024);
    f.queue[0].max = _i == 4 ? 2 : 256;
    f.restless_config = _i == 5;
    f.features_withdrawn = _i == 6;
    put32(4, _i == 7 ? UINT32_MAX : 0);
    b = virtio_blk_attach(&f.dev, &host);
    ck_assert(b->failed);
    ck_assert_str_eq(b->failure, why[_i]);
    ck_assert_uint_eq(f.stops, 1);
}
END_TEST

START_TEST(test_a_ring_that_is_full_says_so)
{
    static struct blk_req all[BLK_DEPTH];
    unsigned n = 0;
    struct blk *b;

    make(true, BIT(F_FLUSH)); /* no indirect descriptors */
    f.queue[0].max = 16;
    b = virtio_blk_attach(&f.dev, &host);
    ck_assert(!b->failed);
    for (; n < BLK_DEPTH; n++) {
        all[n] = req(BLK_READ, n, 512);
        if (blk_submit(b, &all[n]))
            break;
    }
    ck_assert_uint_eq(n, 5);
    ck_assert_uint_eq(b->counters.refusals, 1);
    blk_show(b, clock);
    serve();
    ck_assert_uint_eq(blk_poll(b, clock, 100), 5);
}
END_TEST

START_TEST(test_a_disk_that_grows)
{
    struct blk *b;

    make(true, ALL);
    b = virtio_blk_attach(&f.dev, &host);
    put32(0, SECTORS * 2);
    f.dev.config_changes++;
    {
        struct blk_req r = req(BLK_READ, 0, 512);

        ck_assert_int_eq(run(b, &r), OK);
    }
    ck_assert_uint_eq(b->sectors, SECTORS * 2);
}
END_TEST

START_TEST(test_the_arena_is_as_large_as_said)
{
    for (int modern = 0; modern < 2; modern++) {
        struct mspan m = {memory, virtio_blk_bytes()};

        make(modern, ALL);
        f.dev.size_fixed = !modern;
        arena_init(&arena, m);
        ck_assert_ptr_nonnull(virtio_blk_attach(&f.dev, &host));
    }
    arena_init(&arena, (struct mspan){memory, 64});
    make(true, ALL);
    ck_assert_ptr_null(virtio_blk_attach(&f.dev, &host));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("virtio-blk");
    TCase *tc = tcase_create("virtio-blk");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, test_all_operations, 0, 4);
    tcase_add_test(tc, test_a_device_that_takes_small_segments);
    tcase_add_test(tc, test_read_only_and_large_blocks);
    tcase_add_loop_test(tc, test_errors_are_of_one_request, 0, 2);
    tcase_add_loop_test(tc, test_a_lie_costs_the_disk_and_nothing_else, 0, 11);
    tcase_add_loop_test(tc, test_a_device_that_is_no_disk, 0, 8);
    tcase_add_test(tc, test_a_ring_that_is_full_says_so);
    tcase_add_test(tc, test_a_disk_that_grows);
    tcase_add_test(tc, test_the_arena_is_as_large_as_said);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
