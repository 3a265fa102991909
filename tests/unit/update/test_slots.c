/* SPDX-License-Identifier: ISC */
/*
 * test_slots.c - the boot block, and the power going at each sector that an
 * update writes: what boots then is whole, the old image or the new one.
 */
#include "../lib/suite.h"

#include <entropy/sha256.h>
#include <string.h>
#include <update/slots.h>

enum {
    SLOT_SECTORS = 8,
    BLOCK_AT = 3,
    SLOT_A = 8,
    SLOT_B = 16,
    SECTORS = 24,
    OLD_BYTES = 2100,
    NEW_BYTES = 3333, /* seven sectors, and the block: WRITES */
    WRITES = 8
};

static uint8_t disk[SECTORS][512]; /* what is safe */
static struct {
    uint64_t sector;
    uint8_t data[512];
} cache[64]; /* what is not yet */
static unsigned pending, writes, cut_at;
static bool power, lies;
static struct slots slots;
static _Alignas(16) uint8_t memory[SLOT_SECTORS * 512];
static uint8_t old_image[OLD_BYTES], new_image[NEW_BYTES];
static uint8_t digest[SHA256_BYTES];

static enum err write_sector(uint64_t sector, const uint8_t *p)
{
    if (!power || writes == cut_at) {
        power = false;
        return E_IO;
    }
    writes++;
    ck_assert_uint_lt(pending, 64);
    cache[pending].sector = sector;
    memcpy(cache[pending++].data, p, 512);
    return OK;
}

/* `which`: those of each five that the disk still got to its medium. */
static void settle(unsigned which)
{
    for (unsigned i = 0; i < pending; i++)
        if (which >> (i % 5) & 1)
            memcpy(disk[cache[i].sector], cache[i].data, 512);
    pending = 0;
}

static enum err io(struct slots *s, enum blk_op op, uint64_t sector,
                   struct mspan m)
{
    enum err err = OK;

    ck_assert_ptr_eq(s, &slots);
    ck_assert_uint_eq(m.n % 512, 0);
    ck_assert_uint_le(sector * 512 + m.n, sizeof(disk));
    if (op == BLK_FLUSH) {
        if (!power)
            return E_IO;
        settle(31);
    }
    for (size_t i = 0; !err && op == BLK_WRITE && i < m.n; i += 512)
        err = write_sector(sector + i / 512, m.p + i);
    for (size_t i = 0; op == BLK_READ && i < m.n; i += 512)
        memcpy(m.p + i, disk[sector + i / 512], 512);
    if (op == BLK_READ && lies && m.n > 512)
        m.p[700] ^= 1;
    return err;
}

static void hash(const uint8_t *p, size_t n)
{
    struct sha256 h;

    sha256_start(&h);
    sha256_add(&h, p, n);
    sha256_end(&h, digest);
}

static void start(void)
{
    struct boot_block b = {.sequence = 7};

    memset(disk, 0, sizeof(disk));
    for (unsigned i = 0; i < OLD_BYTES; i++)
        old_image[i] = (uint8_t)(i * 7 + i / 256);
    for (unsigned i = 0; i < NEW_BYTES; i++)
        new_image[i] = (uint8_t)(i * 13 + i / 100);
    memcpy(disk[SLOT_A], old_image, OLD_BYTES);
    boot_block_write(&b, disk[BLOCK_AT]);
    pending = writes = 0;
    cut_at = UINT32_MAX;
    power = true;
    lies = false;
    slots = (struct slots){.io = io,
                           .block = BLOCK_AT,
                           .slot = {SLOT_A, SLOT_B},
                           .bytes = SLOT_SECTORS * 512};
    hash(new_image, NEW_BYTES);
}

/* As lib/update does it. */
static enum err update(void)
{
    size_t n = (NEW_BYTES + 511) / 512 * 512;
    enum err err;

    memset(memory, 0xee, sizeof(memory));
    memcpy(memory, new_image, NEW_BYTES);
    err = slots_put(&slots, 1, (struct mspan){memory, n}, NEW_BYTES, digest);
    return err ? err : slots_try(&slots, 8);
}

/* What boot/image/settings.py has GRUB do: the slot that runs. */
static unsigned boot(void)
{
    struct boot_block b;

    if (!boot_block_parse(&b, disk[BLOCK_AT]))
        return 0;
    if (!b.try)
        return b.keep;
    b.try = false;
    boot_block_write(&b, disk[BLOCK_AT]);
    return !b.keep;
}

static bool holds(unsigned slot, const uint8_t *image, size_t n)
{
    return memcmp(disk[slots.slot[slot]], image, n) == 0;
}

START_TEST(test_an_update_is_tried_once_and_kept)
{
    struct boot_block b;

    start();
    ck_assert_int_eq(update(), OK);
    ck_assert_uint_eq(writes, WRITES);
    ck_assert_uint_eq(pending, 0);
    ck_assert_uint_eq(boot(), 1);
    ck_assert(holds(1, new_image, NEW_BYTES));
    ck_assert_int_eq(slots_keep(&slots, 1), OK);
    ck_assert_uint_eq(boot(), 1);
    ck_assert_uint_eq(boot(), 1);
    ck_assert_int_eq(slots_read(&slots, &b), OK);
    ck_assert_uint_eq(b.keep, 1);
    ck_assert_uint_eq(b.sequence, 8);
    ck_assert(!b.try);
}
END_TEST

START_TEST(test_what_is_not_kept_is_booted_once)
{
    start();
    ck_assert_int_eq(update(), OK);
    ck_assert_uint_eq(boot(), 1);
    ck_assert_uint_eq(boot(), 0);
    ck_assert_uint_eq(boot(), 0);
    ck_assert(holds(0, old_image, OLD_BYTES));
}
END_TEST

/* _i: the write that does not come to be; and some of those before it that no
 * flush was after, in each combination of five. */
START_TEST(test_a_power_cut_leaves_a_whole_image)
{
    for (unsigned kept = 0; kept < 32; kept++) {
        unsigned slot;

        start();
        cut_at = (unsigned)_i;
        ck_assert_int_eq(update(), _i < WRITES ? E_IO : OK);
        settle(kept);
        slot = boot();
        ck_assert(slot == 0 ? holds(0, old_image, OLD_BYTES)
                            : holds(1, new_image, NEW_BYTES));
        /* Without its last write nothing was switched. */
        ck_assert_uint_eq(slot, _i < WRITES ? 0 : 1);
    }
}
END_TEST

START_TEST(test_a_power_cut_while_it_is_kept)
{
    for (unsigned kept = 0; kept < 2; kept++) {
        start();
        ck_assert_int_eq(update(), OK);
        ck_assert_uint_eq(boot(), 1);
        cut_at = writes + (unsigned)_i;
        ck_assert_int_eq(slots_keep(&slots, 1), _i ? OK : E_IO);
        settle(kept);
        ck_assert_uint_eq(boot(), _i ? 1 : 0);
        ck_assert_uint_eq(boot(), _i ? 1 : 0);
    }
}
END_TEST

START_TEST(test_a_disk_that_gives_back_something_else_is_not_switched_to)
{
    start();
    lies = true;
    ck_assert_int_eq(update(), E_IO);
    ck_assert_uint_eq(writes, WRITES - 1);
    ck_assert_uint_eq(boot(), 0);
}
END_TEST

START_TEST(test_the_rest_of_the_last_sector_is_zero)
{
    start();
    ck_assert_int_eq(update(), OK);
    ck_assert_uint_eq(disk[SLOT_B + 6][511], 0);
    ck_assert_uint_eq(disk[SLOT_B + 6][NEW_BYTES % 512], 0);
}
END_TEST

START_TEST(test_a_block_that_grub_wrote)
{
    static const char text[] = "# GRUB Environment Block\n"
                               "keep=b\nother=x\\\\\nsequence=12\ntries=0\n##";
    uint8_t raw[512];
    struct boot_block b = {0};

    memset(raw, '#', sizeof(raw));
    memcpy(raw, text, sizeof(text) - 1);
    ck_assert(boot_block_parse(&b, raw));
    ck_assert_uint_eq(b.keep, 1);
    ck_assert_uint_eq(b.sequence, 12);
    ck_assert(!b.try);
}
END_TEST

START_TEST(test_what_is_no_block)
{
    static const char *const bad[] = {
        "", "# GRUB Environment Bloc\nkeep=b\n",
        "# GRUB Environment Block\nsequence=1x\n",
        "# GRUB Environment Block\nsequence=18446744073709551616\n"};
    struct boot_block b = {.sequence = 5};
    uint8_t raw[512];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(raw, '#', sizeof(raw));
        memcpy(raw, bad[i], strlen(bad[i]));
        ck_assert(!boot_block_parse(&b, raw));
        ck_assert_uint_eq(b.sequence, 5);
    }
    start();
    memset(disk[BLOCK_AT], 0, 512);
    ck_assert_int_eq(slots_try(&slots, 9), E_PROTO);
    ck_assert_int_eq(slots_keep(&slots, 1), E_PROTO);
    ck_assert_uint_eq(writes, 0);
}
END_TEST

RUN_CASES("slots", TEST(test_an_update_is_tried_once_and_kept),
          TEST(test_what_is_not_kept_is_booted_once),
          LOOP(test_a_power_cut_leaves_a_whole_image, 0, WRITES + 1),
          LOOP(test_a_power_cut_while_it_is_kept, 0, 2),
          TEST(test_a_disk_that_gives_back_something_else_is_not_switched_to),
          TEST(test_the_rest_of_the_last_sector_is_zero),
          TEST(test_a_block_that_grub_wrote), TEST(test_what_is_no_block))
