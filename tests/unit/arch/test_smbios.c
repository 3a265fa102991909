/* SPDX-License-Identifier: ISC */
/* The UUID that firmware gives the machine, honest and hostile. */
#include <lib/suite.h>
#include <smbios.h>

#include "ram.h"

/* The array stands for memory from SMBIOS_FROM on. */
enum { ENTRY = 0x5ba0, TABLE = 0x12000, BIOS = TABLE, SYSTEM = TABLE + 34 };

static uint8_t uuid[SMBIOS_UUID_BYTES];
static const char id[] = "0123456789abcdef";

static bool is_there(uint64_t addr, size_t n)
{
    (void)n;
    return addr >= SMBIOS_FROM;
}

static struct phys high = {.size = SMBIOS_FROM + MEMORY_BYTES, .map = is_there};

static void fix_sum(size_t at, size_t n, size_t sum_at)
{
    uint8_t sum = 0;

    memory[sum_at] = 0;
    for (size_t i = 0; i < n; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[sum_at] = (uint8_t)-sum;
}

/* A structure about the BIOS with two texts, then the system with none. */
static size_t structures(void)
{
    put8(BIOS, 0), put8(BIOS + 1, 24);
    memcpy(memory + BIOS + 24, "our\0vers\0", 9); /* ends in two zeros */
    put8(SYSTEM, 1), put8(SYSTEM + 1, 27);
    memcpy(memory + SYSTEM + 8, id, sizeof(uuid));
    return SYSTEM + 27 + 2 - TABLE;
}

static void entry(bool v3)
{
    size_t n;

    high.base = (const uint8_t *)((uintptr_t)memory - SMBIOS_FROM);
    memset(memory + ENTRY, 0, 256);
    memset(memory + TABLE, 0, 256);
    n = structures();
    memcpy(memory + ENTRY, v3 ? "_SM3_" : "_SM_", v3 ? 5 : 4);
    put8(ENTRY + (v3 ? 6 : 5), v3 ? 24 : 31);
    if (v3) {
        put32(ENTRY + 12, (uint32_t)n);
        put64(ENTRY + 16, SMBIOS_FROM + TABLE);
        fix_sum(ENTRY, 24, ENTRY + 5);
    } else {
        put16(ENTRY + 22, (uint16_t)n);
        put32(ENTRY + 24, SMBIOS_FROM + TABLE);
        fix_sum(ENTRY, 31, ENTRY + 4);
    }
}

START_TEST(test_uuid_is_found_by_both_entry_points)
{
    for (unsigned v3 = 0; v3 < 2; v3++) {
        entry(v3);
        memset(uuid, 0, sizeof(uuid));
        ck_assert(smbios_uuid(&high, uuid));
        ck_assert_mem_eq(uuid, id, sizeof(uuid));
    }
}
END_TEST

START_TEST(test_no_entry_point_no_uuid)
{
    entry(true);
    memory[ENTRY + 12] ^= 1; /* the sum is wrong */
    ck_assert(!smbios_uuid(&high, uuid));
    entry(false);
    put8(ENTRY + 5, 23); /* too short to hold what it must */
    fix_sum(ENTRY, 23, ENTRY + 4);
    ck_assert(!smbios_uuid(&high, uuid));
    entry(false);
    memory[ENTRY] = 0;
    ck_assert(!smbios_uuid(&high, uuid));
    memcpy(memory + 0xfff0, "_SM_", 4); /* it would end beyond the area */
    put8(0xfff5, 31);
    fix_sum(0xfff0, 31, 0xfff4);
    ck_assert(!smbios_uuid(&high, uuid));
    ck_assert(!smbios_uuid(&phys, uuid)); /* a machine without a BIOS */
}
END_TEST

START_TEST(test_uuid_that_is_not_set_is_none)
{
    for (unsigned i = 0; i < 2; i++) {
        entry(false);
        memset(memory + SYSTEM + 8, i ? 0xff : 0, sizeof(uuid));
        ck_assert(!smbios_uuid(&high, uuid));
        put8(SYSTEM + 8, 7); /* one byte is enough */
        ck_assert(smbios_uuid(&high, uuid));
    }
}
END_TEST

START_TEST(test_structures_that_end_early_have_no_uuid)
{
    entry(true);
    put8(SYSTEM + 1, 23); /* of SMBIOS 2.0: there was none yet */
    ck_assert(!smbios_uuid(&high, uuid));
    for (uint32_t n = 0; n < 24 + 34; n++) {
        entry(true);
        put32(ENTRY + 12, n);
        fix_sum(ENTRY, 24, ENTRY + 5);
        ck_assert(!smbios_uuid(&high, uuid));
    }
    entry(true); /* texts that never end */
    memset(memory + BIOS + 24, 'x', 100);
    ck_assert(!smbios_uuid(&high, uuid));
    entry(true);
    put64(ENTRY + 16, SMBIOS_FROM + MEMORY_BYTES - 8);
    fix_sum(ENTRY, 24, ENTRY + 5);
    ck_assert(!smbios_uuid(&high, uuid));
}
END_TEST

START_TEST(test_twenty_thousand_mutations_are_survived)
{
    uint64_t seed = 5;
    unsigned found = 0;

    entry(true);
    for (unsigned i = 0; i < 20000; i++) {
        bool v3 = i % 2;

        entry(v3);
        for (unsigned k = next_random(&seed) % 4 + 1; k > 0; k--) {
            size_t at = next_random(&seed) % 2 ? ENTRY + 6 : (size_t)TABLE;

            put8(at + next_random(&seed) % 64, (uint8_t)next_random(&seed));
        }
        fix_sum(ENTRY, v3 ? 24 : 31, v3 ? ENTRY + 5 : ENTRY + 4);
        found += smbios_uuid(&high, uuid);
    }
    ck_assert_uint_gt(found, 1000);
    ck_assert_uint_lt(found, 19000);
}
END_TEST

RUN_TESTS("smbios", PANICS(), test_uuid_is_found_by_both_entry_points,
          test_no_entry_point_no_uuid, test_uuid_that_is_not_set_is_none,
          test_structures_that_end_early_have_no_uuid,
          test_twenty_thousand_mutations_are_survived)
