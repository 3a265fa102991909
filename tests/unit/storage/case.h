/* SPDX-License-Identifier: ISC */
/*
 * case.h - a disk in memory, time, and one request from end to end: what the
 * tests of controllers share.
 */
#ifndef TESTS_STORAGE_CASE_H
#define TESTS_STORAGE_CASE_H

#include "../lib/suite.h"

#include <base/bytes.h>
#include <bus/regs.h>
#include <string.h>

enum { MEMORY = 1 << 18, SECTORS = 2048 };

static _Alignas(4096) uint8_t memory[MEMORY];
static uint8_t image[SECTORS * 512];
static _Alignas(4096) uint8_t data[BLK_BYTES_MAX + 4096], copy[BLK_BYTES_MAX];
static struct arena arena;
static ns_t clock;
static unsigned ended;
static enum err ended_with;

static ns_t case_now(void)
{
    return clock;
}

static void case_rest(ns_t until)
{
    clock = until;
}

static const struct blk_host case_host = {
    .arena = &arena, .now = case_now, .rest = case_rest};

static void case_begin(void)
{
    memset(memory, 0xa5, sizeof(memory));
    memset(image, 0, sizeof(image));
    arena_init(&arena, (struct mspan){memory, MEMORY});
    clock = NS_PER_SEC;
    ended = 0;
    ended_with = OK;
    for (unsigned i = 0; i < sizeof(copy); i++)
        copy[i] = (uint8_t)(i * 7 + i / 512);
}

static void case_done(struct blk_req *r)
{
    ended++;
    ended_with = r->status;
}

static struct blk_req case_req(enum blk_op op, uint64_t sector, size_t off,
                               size_t n)
{
    return (struct blk_req){.op = op,
                            .sector = sector,
                            .data = {data + off, n},
                            .sectors = 8,
                            .done = case_done};
}

static enum err case_run(struct blk *b, struct blk_req *r)
{
    enum err err = blk_submit(b, r);

    if (err)
        return err;
    blk_show(b, clock);
    blk_poll(b, clock, 100);
    return ended_with;
}

/* Writes and reads back, from memory that crosses pages in every way. */
static inline void case_all(struct blk *b)
{
    static const size_t offs[] = {0, 16, 4080, 2048};
    static const size_t sizes[] = {4096, 8192, 12288, 65536};

    for (unsigned i = 0; i < ARRAY_LEN(offs); i++)
        for (unsigned k = 0; k < ARRAY_LEN(sizes); k++) {
            uint64_t at = 8 + i * 256 + k * 8;
            struct blk_req w = case_req(BLK_WRITE, at, offs[i], sizes[k]);
            struct blk_req r = case_req(BLK_READ, at, offs[i], sizes[k]);

            memcpy(w.data.p, copy, sizes[k]);
            ck_assert_int_eq(case_run(b, &w), OK);
            ck_assert_mem_eq(image + at * 512, copy, sizes[k]);
            memset(data, 0, sizeof(data));
            ck_assert_int_eq(case_run(b, &r), OK);
            ck_assert_mem_eq(r.data.p, copy, sizes[k]);
        }
}

/* Thirty-two at once, and what is beyond. */
static inline void case_full(struct blk *b, unsigned depth)
{
    static struct blk_req all[BLK_DEPTH + 1];

    for (unsigned i = 0; i < depth; i++) {
        all[i] = case_req(BLK_READ, i * 8, i * 512u, 4096);
        ck_assert_int_eq(blk_submit(b, &all[i]), OK);
    }
    all[depth] = case_req(BLK_READ, 0, 0, 4096);
    ck_assert_int_eq(blk_submit(b, &all[depth]), E_FULL);
    ended = 0;
    blk_show(b, clock);
    blk_poll(b, clock, 100);
    ck_assert_uint_eq(ended, depth);
    ck_assert(!b->failed);
}

#endif
