/* SPDX-License-Identifier: ISC */
/*
 * test_kv.c - the store, and the power going at each sector that it writes.
 */
#include "../suite.h"

#include <base/bytes.h>
#include <stdio.h>
#include <store/kv_impl.h>
#include <string.h>

enum { MEMORY = 8192, SECTORS = 2 * (4096 + MEMORY) / 512 + 8, PENDING = 256 };

static uint8_t disk[SECTORS][512]; /* what is safe */
static struct {
    uint64_t sector;
    uint8_t data[512];
} cache[PENDING]; /* what is not yet */
static unsigned pending, writes, flushes, cut_at;
static bool power, fails;
static _Alignas(16) uint8_t memory[MEMORY];
static struct kv kv;

/* One sector more, unless the power has gone. */
static enum err write_sector(uint64_t sector, const uint8_t *p)
{
    if (fails || !power || writes == cut_at) {
        power = power && fails;
        return E_IO;
    }
    writes++;
    ck_assert_uint_lt(pending, PENDING);
    cache[pending].sector = sector;
    memcpy(cache[pending++].data, p, 512);
    return OK;
}

static void settle(unsigned which)
{
    for (unsigned i = 0; i < pending; i++)
        if (which >> (i % 5) & 1)
            memcpy(disk[cache[i].sector], cache[i].data, 512);
    pending = 0;
}

static enum err io(struct kv *k, enum blk_op op, uint64_t sector,
                   struct mspan m)
{
    enum err err = OK;

    ck_assert_ptr_eq(k, &kv);
    ck_assert_uint_le(sector * 512 + m.n, sizeof(disk));
    ck_assert_uint_eq(m.n % 4096, 0);
    if (op == BLK_FLUSH) {
        flushes++;
        if (!power)
            return E_IO;
        settle(31);
    }
    for (size_t i = 0; !err && op == BLK_WRITE && i < m.n; i += 512)
        err = write_sector(sector + i / 512, m.p + i);
    for (size_t i = 0; op == BLK_READ && i < m.n; i += 512)
        memcpy(m.p + i, disk[sector + i / 512], 512);
    return err;
}

/* The power is on; what was in the cache of the disk and is kept of it. */
static enum err boot(unsigned kept)
{
    settle(kept);
    power = true;
    fails = false;
    cut_at = UINT32_MAX;
    writes = flushes = 0;
    kv = (struct kv){.io = io, .sectors = SECTORS};
    memset(memory, 0xee, sizeof(memory));
    return kv_load(&kv, (struct mspan){memory, MEMORY});
}

static void fresh(void)
{
    memset(disk, 0, sizeof(disk));
    pending = 0;
    ck_assert_int_eq(boot(0), OK);
}

static void put(const char *name, const char *value)
{
    ck_assert_int_eq(kv_put(&kv, name, span_of(value)), OK);
}

static void expect(const char *name, const char *value)
{
    struct span got = kv_get(&kv, name);

    ck_assert_msg(value ? got.p != NULL : got.p == NULL, "%s", name);
    if (value)
        ck_assert(span_eq(got, span_of(value)));
}

START_TEST(test_values_outlive_the_power)
{
    fresh();
    put("a", "1");
    put("b", "");
    put("a/long/name", "three");
    ck_assert_int_eq(kv_commit(&kv), OK);
    put("a", "never committed");
    ck_assert_int_eq(boot(0), OK);
    expect("a", "1");
    expect("b", "");
    expect("a/long/name", "three");
    expect("c", NULL);
    put("a", "22");
    ck_assert_int_eq(kv_remove(&kv, "b"), OK);
    ck_assert_int_eq(kv_remove(&kv, "b"), E_NOENT);
    ck_assert_int_eq(kv_commit(&kv), OK);
    ck_assert_int_eq(boot(0), OK);
    expect("a", "22");
    expect("b", NULL);
    ck_assert_uint_eq(kv.sequence, 4);
}
END_TEST

START_TEST(test_a_commit_of_nothing_new_writes_nothing)
{
    fresh();
    put("a", "1");
    ck_assert_int_eq(kv_commit(&kv), OK);
    writes = 0;
    put("a", "1");
    ck_assert_int_eq(kv_commit(&kv), OK);
    ck_assert_uint_eq(writes, 0);
}
END_TEST

/* The power goes after each number of sectors, and of those that were not
 * flushed some are lost, in several ways. */
START_TEST(test_a_power_cut_leaves_the_old_or_the_new)
{
    static char large[6000], larger[7000];
    static const unsigned kept[] = {0, 31, 1, 14, 21, 10};
    unsigned total;
    bool old = false, new = false;

    memset(large, 'x', sizeof(large) - 1);
    memset(larger, 'y', sizeof(larger) - 1);
    fresh();
    put("v", larger);
    writes = 0;
    ck_assert_int_eq(kv_commit(&kv), OK);
    total = writes;
    ck_assert_uint_gt(total, 16);
    for (unsigned k = 0; k < ARRAY_LEN(kept); k++)
        for (unsigned at = 0; at <= total; at++) {
            bool done;

            fresh();
            put("v", large);
            put("other", "same");
            ck_assert_int_eq(kv_commit(&kv), OK);
            put("v", larger);
            writes = 0;
            cut_at = at;
            done = kv_commit(&kv) == OK;
            ck_assert_int_eq(boot(kept[k]), OK);
            expect("other", "same");
            if (kv_get(&kv, "v").n == sizeof(large) - 1) {
                expect("v", large);
                ck_assert(!done);
                old = true;
            } else {
                expect("v", larger);
                new = true;
            }
            put("v", "z"); /* and it goes on */
            ck_assert_int_eq(kv_commit(&kv), OK);
            ck_assert_int_eq(boot(0), OK);
            expect("v", "z");
        }
    ck_assert(old && new);
}
END_TEST

START_TEST(test_a_power_cut_while_a_store_is_made)
{
    for (unsigned at = 0; at <= 16; at++) {
        memset(disk, 0, sizeof(disk));
        pending = 0;
        kv = (struct kv){.io = io, .sectors = SECTORS};
        power = true;
        writes = 0;
        cut_at = at;
        (void)!kv_load(&kv, (struct mspan){memory, MEMORY});
        ck_assert_int_eq(boot(at % 2 ? 31 : 1), OK);
        put("a", "1");
        ck_assert_int_eq(kv_commit(&kv), OK);
        ck_assert_int_eq(boot(0), OK);
        expect("a", "1");
    }
}
END_TEST

START_TEST(test_a_write_that_fails_may_be_tried_again)
{
    fresh();
    put("a", "1");
    ck_assert_int_eq(kv_commit(&kv), OK);
    put("a", "2");
    fails = true;
    ck_assert_int_eq(kv_commit(&kv), E_IO);
    expect("a", "2");
    fails = false;
    pending = 0;
    ck_assert_int_eq(kv_commit(&kv), OK);
    ck_assert_int_eq(boot(0), OK);
    expect("a", "2");
}
END_TEST

START_TEST(test_a_damaged_place_is_not_believed)
{
    fresh();
    put("a", "1");
    ck_assert_int_eq(kv_commit(&kv), OK);
    put("a", "2");
    ck_assert_int_eq(kv_commit(&kv), OK); /* in place 0 */
    disk[_i ? 8 : 0][_i ? 3 : 17] ^= 0x40;
    ck_assert_int_eq(boot(0), OK);
    expect("a", "1");
    disk[(4096 + MEMORY) / 512][33] ^= 1;
    ck_assert_int_eq(boot(0), E_PROTO);
    ck_assert_int_eq(kv_format(&kv), OK);
    ck_assert_int_eq(boot(0), OK);
    expect("a", NULL);
}
END_TEST

START_TEST(test_what_belongs_to_others_is_left_alone)
{
    static const unsigned used[] = {0, 55, 40};

    memset(disk, 0, sizeof(disk));
    disk[used[_i]][510] = 0x55;
    pending = 0;
    ck_assert_int_eq(boot(0), E_REFUSED);
    ck_assert_uint_eq(writes, 0);
}
END_TEST

START_TEST(test_a_store_that_is_full)
{
    char name[16];
    unsigned n = 0;
    enum err err = OK;
    size_t used;

    fresh();
    do
        snprintf(name, sizeof(name), "key%03u", n++);
    while (!(err = kv_put(&kv, name, SPAN("a value of this length"))));
    ck_assert_int_eq(err, E_FULL);
    ck_assert_uint_eq(n - 1, MEMORY / (6 + 6 + 22));
    used = kv.used;
    ck_assert_int_eq(kv_put(&kv, "key000", SPAN("a value of THIS length")), OK);
    ck_assert_uint_eq(kv.used, used);
    ck_assert_int_eq(kv_put(&kv, "", SPAN("x")), E_INVAL);
    ck_assert_int_eq(kv_commit(&kv), OK);
    ck_assert_int_eq(boot(0), OK);
    ck_assert_uint_eq(kv.used, used);
    expect("key000", "a value of THIS length");
    expect("key017", "a value of this length");
}
END_TEST

START_TEST(test_memory_of_another_size)
{
    fresh();
    kv = (struct kv){.io = io, .sectors = SECTORS};
    ck_assert_int_eq(kv_load(&kv, (struct mspan){memory, 4096}), E_FULL);
    kv = (struct kv){.io = io, .sectors = 20};
    ck_assert_int_eq(kv_load(&kv, (struct mspan){memory, MEMORY}), E_INVAL);
}
END_TEST

START_TEST(test_changes_wait_for_a_commit)
{
    fresh();
    kv.busy = true;
    ck_assert_int_eq(kv_put(&kv, "a", SPAN("1")), E_AGAIN);
    ck_assert_int_eq(kv_remove(&kv, "a"), E_AGAIN);
    ck_assert_int_eq(kv_commit(&kv), E_AGAIN);
    kv.busy = false;
    kv.read_only = true;
    put("a", "1");
    ck_assert_int_eq(kv_commit(&kv), E_REFUSED);
}
END_TEST

RUN_CASES("kv", TEST(test_values_outlive_the_power),
          TEST(test_a_commit_of_nothing_new_writes_nothing),
          TEST(test_a_power_cut_leaves_the_old_or_the_new),
          TEST(test_a_power_cut_while_a_store_is_made),
          TEST(test_a_write_that_fails_may_be_tried_again),
          LOOP(test_a_damaged_place_is_not_believed, 0, 2),
          LOOP(test_what_belongs_to_others_is_left_alone, 0, 3),
          TEST(test_a_store_that_is_full), TEST(test_memory_of_another_size),
          TEST(test_changes_wait_for_a_commit))
