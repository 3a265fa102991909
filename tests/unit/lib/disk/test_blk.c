/* SPDX-License-Identifier: ISC */
/*
 * test_blk.c - what all disks have in common, over a driver that does as told.
 */
#include "../suite.h"

#include <disk/blk_impl.h>
#include <stdio.h>
#include <string.h>

enum { SECTORS = 1000, REQS = BLK_DEPTH + 4 };

static struct blk disk;
static struct blk_req reqs[REQS];
static _Alignas(4096) uint8_t memory[BLK_BYTES_MAX * 2];
static struct {
    unsigned started, kicks, stops;
    bool refuses, raced;
    uint8_t answer[BLK_DEPTH]; /* slots to finish at the next poll */
    enum err status[BLK_DEPTH];
    unsigned answers;
} dev;
static char done[128];

static bool start(struct blk *b, unsigned slot, const struct blk_req *r)
{
    ck_assert_ptr_null(b->slot[slot]);
    ck_assert_ptr_nonnull(r);
    dev.started += !dev.refuses;
    return !dev.refuses;
}

static void kick(struct blk *b)
{
    (void)b;
    dev.kicks++;
}

static void poll(struct blk *b)
{
    unsigned n = dev.answers;

    dev.answers = 0;
    for (unsigned i = 0; i < n && !b->failed; i++)
        if (!blk_finish(b, dev.answer[i], dev.status[i]))
            blk_fail(b, "it answered twice");
}

static bool arm(struct blk *b)
{
    (void)b;
    return dev.raced;
}

static void stop(struct blk *b, const char *why)
{
    ck_assert_str_eq(b->failure, why);
    dev.stops++;
}

static const struct blk_ops ops = {
    .start = start, .kick = kick, .poll = poll, .arm = arm, .stop = stop};

static void on_done(struct blk_req *r)
{
    size_t n = strlen(done);

    snprintf(done + n, sizeof(done) - n, "%d:%s;", (int)(r - reqs),
             err_name(r->status));
}

static void make(uint32_t block, bool flush)
{
    memset(&dev, 0, sizeof(dev));
    memset(reqs, 0, sizeof(reqs));
    done[0] = 0;
    disk = (struct blk){.ops = &ops,
                        .sectors = SECTORS,
                        .block_size = block,
                        .has_flush = flush,
                        .has_discard = true};
    ck_assert_ptr_null(blk_init(&disk));
}

static enum err submit(unsigned i, enum blk_op op, uint64_t sector, size_t n)
{
    reqs[i] = (struct blk_req){.op = op,
                               .sector = sector,
                               .data = {memory, n},
                               .sectors = 8,
                               .done = on_done};
    return blk_submit(&disk, &reqs[i]);
}

static void answer(unsigned slot, enum err status)
{
    dev.answer[dev.answers] = (uint8_t)slot;
    dev.status[dev.answers++] = status;
}

START_TEST(test_a_request_is_shown_with_the_flush_and_done_with_a_poll)
{
    make(512, true);
    ck_assert_int_eq(submit(0, BLK_READ, 8, 4096), OK);
    ck_assert_uint_eq(dev.kicks, 0);
    blk_show(&disk, 1);
    blk_show(&disk, 1);
    ck_assert_uint_eq(dev.kicks, 1);
    ck_assert(blk_busy(&disk));
    answer(0, OK);
    ck_assert_uint_eq(blk_poll(&disk, 2, 10), 1);
    ck_assert_str_eq(done, "0:ok;");
    ck_assert_uint_eq(disk.counters.reads, 1);
    ck_assert_uint_eq(disk.counters.read_bytes, 4096);
    ck_assert(!blk_busy(&disk));
}
END_TEST

START_TEST(test_what_is_outside_or_uneven_is_refused)
{
    make(1024, true);
    ck_assert_int_eq(submit(0, BLK_READ, SECTORS - 2, 1024), OK);
    ck_assert_int_eq(submit(1, BLK_READ, SECTORS, 1024), E_INVAL);
    ck_assert_int_eq(submit(1, BLK_READ, SECTORS - 2, 2048), E_INVAL);
    ck_assert_int_eq(submit(1, BLK_READ, UINT64_MAX - 1, 2048), E_INVAL);
    ck_assert_int_eq(submit(1, BLK_READ, 1, 1024), E_INVAL);
    ck_assert_int_eq(submit(1, BLK_READ, 0, 512), E_INVAL);
    ck_assert_int_eq(submit(1, BLK_READ, 0, 0), E_INVAL);
    ck_assert_int_eq(submit(1, BLK_WRITE, 0, BLK_BYTES_MAX + 1024), E_INVAL);
    ck_assert_int_eq(submit(1, BLK_WRITE, 0, BLK_BYTES_MAX), OK);
    ck_assert_int_eq(submit(2, BLK_DISCARD, SECTORS - 4, 0), E_INVAL);
    reqs[2] = (struct blk_req){.op = BLK_READ, .data = {memory + 8, 1024}};
    ck_assert_int_eq(blk_submit(&disk, &reqs[2]), E_INVAL);
    disk.read_only = true;
    ck_assert_int_eq(submit(3, BLK_WRITE, 0, 1024), E_REFUSED);
    ck_assert_int_eq(submit(3, BLK_DISCARD, 0, 0), E_REFUSED);
    ck_assert_int_eq(submit(3, BLK_READ, 0, 1024), OK);
    ck_assert_uint_eq(dev.started, 3);
}
END_TEST

START_TEST(test_geometry_that_makes_no_sense)
{
    make(512, true);
    disk.block_size = 3000;
    ck_assert_ptr_nonnull(blk_init(&disk));
    disk.block_size = 65536;
    ck_assert_ptr_nonnull(blk_init(&disk));
    disk.block_size = 4096;
    disk.sectors = UINT64_MAX;
    ck_assert_ptr_nonnull(blk_init(&disk));
    disk.sectors = 7; /* less than a block */
    ck_assert_ptr_nonnull(blk_init(&disk));
    disk.sectors = 15;
    ck_assert_ptr_null(blk_init(&disk));
    ck_assert_uint_eq(disk.sectors, 8);
}
END_TEST

START_TEST(test_one_too_many_is_refused_and_counted)
{
    make(512, true);
    for (unsigned i = 0; i < BLK_DEPTH; i++)
        ck_assert_int_eq(submit(i, BLK_READ, i, 512), OK);
    ck_assert_int_eq(submit(BLK_DEPTH, BLK_READ, 0, 512), E_FULL);
    ck_assert_uint_eq(disk.counters.refusals, 1);
    answer(7, E_IO);
    blk_show(&disk, 0);
    blk_poll(&disk, 1, 10);
    ck_assert_str_eq(done, "7:device failure;");
    ck_assert_int_eq(submit(7, BLK_READ, 0, 512), OK);
    dev.refuses = true; /* the ring has no room, though a slot is free */
    answer(3, OK);
    blk_show(&disk, 0);
    blk_poll(&disk, 1, 10);
    ck_assert_int_eq(submit(3, BLK_READ, 0, 512), E_FULL);
    ck_assert_uint_eq(disk.counters.errors, 1);
}
END_TEST

START_TEST(test_a_disk_that_falls_silent_is_given_up)
{
    make(512, true);
    disk.timeout = 10;
    ck_assert_int_eq(submit(0, BLK_READ, 0, 512), OK);
    ck_assert_uint_eq(blk_deadline(&disk, 99), NS_NEVER); /* not shown yet */
    blk_show(&disk, 100);
    ck_assert_int_eq(submit(1, BLK_READ, 0, 512), OK);
    blk_show(&disk, 105);
    ck_assert_uint_eq(blk_deadline(&disk, 105), 110);
    ck_assert_uint_eq(blk_poll(&disk, 109, 10), 0);
    ck_assert_uint_eq(blk_poll(&disk, 110, 10), 2);
    ck_assert_str_eq(done, "0:timed out;1:device failure;");
    ck_assert_uint_eq(disk.counters.timeouts, 1);
    ck_assert_uint_eq(dev.stops, 1);
    ck_assert_int_eq(submit(2, BLK_READ, 0, 512), E_IO);
}
END_TEST

START_TEST(test_an_answer_to_nothing_ends_the_disk)
{
    make(512, true);
    ck_assert_int_eq(submit(0, BLK_WRITE, 0, 512), OK);
    blk_show(&disk, 0);
    answer(0, OK);
    answer(_i ? 0 : 200, OK);
    ck_assert_uint_eq(blk_poll(&disk, 1, 10), 1);
    ck_assert(disk.failed);
    ck_assert_str_eq(disk.failure, "it answered twice");
}
END_TEST

START_TEST(test_a_flush_that_is_needless_is_done_later_all_the_same)
{
    make(512, false);
    ck_assert_int_eq(submit(0, BLK_FLUSH, 0, 0), OK);
    ck_assert_str_eq(done, "");
    ck_assert(blk_arm(&disk));
    ck_assert_uint_eq(blk_deadline(&disk, 5), 5);
    ck_assert_uint_eq(blk_poll(&disk, 1, 10), 1);
    ck_assert_str_eq(done, "0:ok;");
    ck_assert_uint_eq(dev.started, 0);
}
END_TEST

START_TEST(test_dirty_from_a_write_to_a_flush)
{
    make(512, true);
    ck_assert_int_eq(submit(0, BLK_WRITE, 0, 512), OK);
    ck_assert(disk.dirty);
    ck_assert_int_eq(submit(1, BLK_READ, 0, 512), OK);
    ck_assert(disk.dirty);
    ck_assert_int_eq(submit(2, BLK_FLUSH, 0, 512), OK);
    ck_assert(!disk.dirty);
}
END_TEST

static void again(struct blk_req *r)
{
    on_done(r);
    ck_assert_int_eq(blk_submit(&disk, r), OK);
}

START_TEST(test_done_may_submit_and_the_budget_holds)
{
    make(512, false);
    for (unsigned i = 0; i < 3; i++) {
        reqs[i] = (struct blk_req){.op = BLK_FLUSH, .done = again};
        ck_assert_int_eq(blk_submit(&disk, &reqs[i]), OK);
    }
    ck_assert_uint_eq(blk_poll(&disk, 1, 4), 4);
    ck_assert_str_eq(done, "0:ok;1:ok;2:ok;0:ok;");
}
END_TEST

START_TEST(test_an_interrupt_that_is_missing_is_made_up_for)
{
    make(512, true);
    disk.polled = true;
    ck_assert_uint_eq(blk_deadline(&disk, 7), NS_NEVER);
    ck_assert_int_eq(submit(0, BLK_READ, 0, 512), OK);
    blk_show(&disk, 7);
    ck_assert_uint_eq(blk_deadline(&disk, 7), 7 + BLK_POLL_US * NS_PER_US);
    dev.raced = true;
    ck_assert(blk_arm(&disk));
}
END_TEST

START_TEST(test_names_are_trimmed_and_printable)
{
    char name[BLK_SERIAL_BYTES];

    blk_name(name, (const uint8_t *)"  QM\x01 0001   ", 13);
    ck_assert_str_eq(name, "QM? 0001");
    blk_name(name, (const uint8_t *)"state\0junk", 10);
    ck_assert_str_eq(name, "state");
    blk_name(name, memory, 0);
    ck_assert_str_eq(name, "");
    memset(memory, 'x', 100);
    blk_name(name, memory, 100);
    ck_assert_uint_eq(strlen(name), BLK_SERIAL_BYTES - 1);
}
END_TEST

RUN_CASES("blk",
          TEST(test_a_request_is_shown_with_the_flush_and_done_with_a_poll),
          TEST(test_what_is_outside_or_uneven_is_refused),
          TEST(test_geometry_that_makes_no_sense),
          TEST(test_one_too_many_is_refused_and_counted),
          TEST(test_a_disk_that_falls_silent_is_given_up),
          LOOP(test_an_answer_to_nothing_ends_the_disk, 0, 2),
          TEST(test_a_flush_that_is_needless_is_done_later_all_the_same),
          TEST(test_dirty_from_a_write_to_a_flush),
          TEST(test_done_may_submit_and_the_budget_holds),
          TEST(test_an_interrupt_that_is_missing_is_made_up_for),
          TEST(test_names_are_trimmed_and_printable))
