/* SPDX-License-Identifier: ISC */
/*
 * test_ata.c - the driver of IDE CDs on a channel in memory: honest, lying.
 */
#include "case.h"

#include <ata/ata_impl.h>

enum lie {
    HONEST,
    LONG_PACKET,
    SHORT_READ,
    A_FAULT,
    SILENT,
    NO_REASON,
    TAKES,
    NOTHING,
    ODD,
    TOO_MUCH,
    RUN_LIES,
    NOBODY,
    FLOATING,
    BUSY,
    A_DISK,
    A_TAPE,
    SILENT_START,
    NO_MEDIUM,
    NEVER_READY,
    ODD_BLOCKS,
    NO_BLOCKS,
    LIES
};

struct unit {
    bool there, attention;
    enum lie lie;
    uint8_t status, reason;
    unsigned want; /* bytes of a packet */
    uint8_t cdb[16];
    uint8_t answer[65536];
    size_t n, at; /* of the answer */
    unsigned packets;
};

static struct {
    struct ata_channel channel;
    struct unit unit[2];
    unsigned selected, resets;
    uint8_t count[2], control;
    bool mute;
} dev;

static struct unit *now(void)
{
    return &dev.unit[dev.selected];
}

/* The next piece, or the end. */
static void offer(struct unit *u)
{
    size_t most = dev.count[0] | (size_t)dev.count[1] << 8;
    size_t n = u->n - u->at < most ? u->n - u->at : most;

    if (n == 0) {
        u->status = 0x50;
        u->reason = 3;
        return;
    }
    if (u->lie == NOTHING)
        n = 0;
    if (u->lie == ODD)
        n--;
    if (u->lie == TOO_MUCH)
        n += 2;
    dev.count[0] = (uint8_t)n;
    dev.count[1] = (uint8_t)(n >> 8);
    u->status = 0x58;
    u->reason = u->lie == TAKES ? 0 : 2;
}

static void packet(struct unit *u)
{
    const uint8_t *cdb = u->cdb;

    u->packets++;
    u->at = 0;
    u->n = 8;
    if (cdb[0] == 3) {
        u->attention = u->lie == NEVER_READY;
        u->n = 18;
    } else if (u->attention || u->lie == NO_MEDIUM) {
        u->status = 0x51;
        return;
    } else if (cdb[0] == 0x25) {
        put_be32(u->answer, u->lie == NO_BLOCKS ? UINT32_MAX : SECTORS / 4 - 1);
        put_be32(u->answer + 4, u->lie == ODD_BLOCKS  ? 2352
                                : u->lie == NO_BLOCKS ? 0
                                                      : 2048);
    } else {
        ck_assert_uint_eq(cdb[0], 0x28);
        u->n = be16(cdb + 7) * 2048u;
        ck_assert_uint_le(u->n, sizeof(u->answer));
        memcpy(u->answer, image + be32(cdb + 2) * UINT64_C(2048), u->n);
        if (u->lie == A_FAULT) {
            u->status = 0x71;
            return;
        }
        if (u->lie == SHORT_READ)
            u->n -= 2048;
    }
    offer(u);
}

static void identify(struct unit *u)
{
    memset(u->answer, 0, 512);
    put_le16(u->answer, u->lie == A_TAPE        ? 0x8180
                        : u->lie == LONG_PACKET ? 0x8581
                                                : 0x8580);
    for (unsigned i = 0; i < 20; i++)
        u->answer[20 + (i ^ 1)] = (uint8_t) "serial-of-cd        "[i];
    u->n = 512;
    u->at = 0;
    u->status = u->lie == A_DISK ? 0x51 : 0x58;
}

static void command(struct unit *u, uint8_t op)
{
    if (!u->there)
        return;
    ck_assert(!(u->status & 0x88));
    if (dev.mute || u->lie == SILENT_START) {
        u->status = 0x80;
    } else if (op == 0xa1) {
        identify(u);
    } else {
        ck_assert_uint_eq(op, 0xa0);
        u->want = u->lie == LONG_PACKET ? 16 : 12;
        u->status = 0x58;
        u->reason = u->lie == NO_REASON ? 0 : 1;
    }
}

static void put(struct ata_channel *c, enum ata_reg reg, uint8_t v)
{
    (void)c;
    if (reg == ATA_DEVICE)
        dev.selected = v >> 4 & 1;
    else if (reg == ATA_COUNT_LOW)
        dev.count[0] = v;
    else if (reg == ATA_COUNT_HIGH)
        dev.count[1] = v;
    else if (reg == ATA_COMMAND)
        command(now(), v);
    else if (reg == ATA_CONTROL) {
        ck_assert_uint_eq(v & 2, 2);
        dev.control = v;
        dev.resets += v >> 2 & 1;
        for (unsigned i = 0; i < 2 && v & 4; i++)
            dev.unit[i].status = dev.unit[i].there ? 0x50 : 0;
    }
}

static uint8_t get(struct ata_channel *c, enum ata_reg reg)
{
    (void)c;
    switch (reg) {
    case ATA_REASON:
        return now()->reason;
    case ATA_COUNT_LOW:
        return dev.count[0];
    case ATA_COUNT_HIGH:
        return dev.count[1];
    case ATA_STATUS:
    case ATA_CONTROL:
        return now()->status;
    default:
        ck_abort_msg("register %d", (int)reg);
    }
}

static void in(struct ata_channel *c, uint8_t *to, size_t words)
{
    struct unit *u = now();

    (void)c;
    ck_assert_uint_le(words * 2, u->n - u->at);
    memcpy(to, u->answer + u->at, words * 2);
    u->at += words * 2;
    offer(u);
}

static void out(struct ata_channel *c, const uint8_t *from, size_t words)
{
    struct unit *u = now();

    (void)c;
    ck_assert_uint_eq(words * 2, u->want);
    memcpy(u->cdb, from, words * 2);
    packet(u);
}

static void unit(unsigned i, enum lie lie)
{
    static const uint8_t at_rest[LIES] = {
        [FLOATING] = 0xff, [BUSY] = 0x80, [NOBODY] = 0};
    struct unit *u = &dev.unit[i];

    memset(u, 0, sizeof(*u));
    u->lie = lie;
    u->there = lie != NOBODY && lie != FLOATING && lie != BUSY;
    u->status = u->there ? 0x50 : at_rest[lie];
    u->attention = true;
}

static unsigned attach(enum lie first, enum lie second, struct blk *out_[2])
{
    case_begin();
    memset(&dev, 0, offsetof(typeof(dev), unit));
    dev.resets = dev.selected = 0;
    dev.mute = false;
    dev.channel = (struct ata_channel){
        .read = get, .write = put, .in = in, .out = out, .name = "ide fake"};
    unit(0, first);
    unit(1, second);
    return ata_attach(&dev.channel, &case_host, out_, 2);
}

static struct blk *make(enum lie lie)
{
    struct blk *found[2] = {NULL, NULL};

    ck_assert_uint_eq(attach(NOBODY, lie, found), 1);
    ck_assert_str_eq(found[0]->device, "ide fake unit 1");
    ck_assert_msg(!found[0]->failed, "%s", found[0]->failure);
    memcpy(image + 16 * 512, copy, sizeof(copy));
    return found[0];
}

/* 65,536 bytes come in two pieces. */
START_TEST(test_reads)
{
    static const size_t sizes[] = {2048, 8192, 65536};
    struct blk *b = make((enum lie)_i);

    ck_assert_uint_eq(b->block_size, 2048);
    ck_assert_uint_eq(b->sectors, SECTORS);
    ck_assert_str_eq(b->serial, "serial-of-cd");
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        struct blk_req r = case_req(BLK_READ, 16, 0, sizes[i]);

        memset(data, 0, sizeof(data));
        ck_assert_int_eq(case_run(b, &r), OK);
        ck_assert_mem_eq(data, copy, sizes[i]);
    }
    ck_assert_uint_eq(dev.control, 2);
    ck_assert_uint_eq(dev.resets, 0);
}
END_TEST

START_TEST(test_it_is_for_reading)
{
    struct blk *b = make(HONEST);
    struct blk_req w = case_req(BLK_WRITE, 16, 0, 2048);
    struct blk_req fl = case_req(BLK_FLUSH, 0, 0, 0);

    ck_assert_int_eq(case_run(b, &w), E_REFUSED);
    ck_assert_int_eq(case_run(b, &fl), OK);
    case_full(b, 1);
}
END_TEST

/* One command on the channel at a time, whoever asks first. */
START_TEST(test_two_on_a_channel)
{
    struct blk *b[2] = {NULL, NULL};
    struct blk_req r[2] = {case_req(BLK_READ, 16, 0, 65536),
                           case_req(BLK_READ, 20, 65536, 4096)};

    ck_assert_uint_eq(attach(HONEST, HONEST, b), 2);
    memcpy(image + 16 * 512, copy, sizeof(copy));
    dev.unit[0].status = 0x80; /* still at something */
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(blk_submit(b[i], &r[i]), OK);
        blk_show(b[i], clock);
    }
    for (unsigned i = 0; i < 4; i++)
        blk_poll(b[i & 1], clock, 1);
    ck_assert_uint_eq(ended, 1);
    dev.unit[0].status = 0x50;
    for (unsigned i = 0; i < 4; i++)
        blk_poll(b[i & 1], clock, 1);
    ck_assert_uint_eq(ended, 2);
    ck_assert_mem_eq(data, copy, 65536);
    ck_assert_mem_eq(data + 65536, copy + 2048, 4096);
}
END_TEST

/* The one that falls silent keeps the channel no longer than itself. */
START_TEST(test_a_neighbour_that_falls_silent)
{
    struct blk *b[2] = {NULL, NULL};
    struct blk_req r[2] = {case_req(BLK_READ, 16, 0, 2048),
                           case_req(BLK_READ, 16, 0, 2048)};

    ck_assert_uint_eq(attach(HONEST, HONEST, b), 2);
    dev.mute = true;
    ck_assert_int_eq(blk_submit(b[0], &r[0]), OK);
    blk_show(b[0], clock);
    dev.mute = false;
    clock += NS_PER_SEC;
    ck_assert_int_eq(blk_submit(b[1], &r[1]), OK);
    blk_show(b[1], clock);
    blk_poll(b[1], clock, 1);
    ck_assert_uint_eq(ended, 0);
    clock += b[0]->timeout - NS_PER_SEC;
    blk_poll(b[0], clock, 1);
    ck_assert_int_eq(ended_with, E_TIMEOUT);
    ck_assert(b[0]->failed);
    ck_assert_uint_eq(dev.resets, 1);
    blk_poll(b[1], clock, 1);
    ck_assert_uint_eq(ended, 2);
    ck_assert_int_eq(ended_with, OK);
    ck_assert(!b[1]->failed);
}
END_TEST

START_TEST(test_a_lie)
{
    struct blk *b = make(HONEST);
    struct blk_req r = case_req(BLK_READ, 16, 0, 65536);
    bool gentle = _i == SHORT_READ || _i == A_FAULT;

    dev.unit[1].lie = (enum lie)_i;
    dev.mute = _i == SILENT;
    memset(data, 0x5a, sizeof(data));
    ck_assert_int_eq(blk_submit(b, &r), OK);
    blk_show(b, clock);
    clock += _i == SILENT ? b->timeout : 0;
    blk_poll(b, clock, 100);
    ck_assert_uint_eq(ended, 1);
    ck_assert_int_eq(ended_with, _i == SILENT ? E_TIMEOUT : E_IO);
    ck_assert_uint_eq(data[65536], 0x5a);
    ck_assert(b->failed != gentle);
    ck_assert_uint_eq(dev.resets, !gentle);
    ck_assert_ptr_null(dev.channel.owner);
    if (b->failed && _i != SILENT)
        ck_assert_str_eq(b->failure,
                         "it gives other bytes than it was asked for");
    if (!gentle)
        return;
    dev.unit[1].lie = HONEST;
    ck_assert_int_eq(case_run(b, &r), OK);
}
END_TEST

START_TEST(test_what_is_no_cd)
{
    struct blk *b[2] = {NULL, NULL};
    unsigned n = attach((enum lie)_i, HONEST, b);

    ck_assert_str_eq(b[n - 1]->device, "ide fake unit 1");
    ck_assert(!b[n - 1]->failed);
    ck_assert_uint_lt(clock, 61 * NS_PER_SEC);
    if (_i < ODD_BLOCKS) {
        ck_assert_uint_eq(n, 1);
        ck_assert_uint_le(dev.unit[0].packets, 10);
        return;
    }
    ck_assert_uint_eq(n, 2);
    ck_assert(b[0]->failed);
    ck_assert_str_eq(b[0]->failure, "its blocks are not of 512 to 4096 bytes");
}
END_TEST

START_TEST(test_the_arena_is_as_large_as_said)
{
    (void)make(HONEST);
    ck_assert_uint_le(MEMORY - (size_t)(arena.end - arena.p), ata_bytes());
}
END_TEST

RUN_CASES("ata", LOOP(test_reads, HONEST, LONG_PACKET + 1),
          TEST(test_it_is_for_reading), TEST(test_two_on_a_channel),
          TEST(test_a_neighbour_that_falls_silent),
          LOOP(test_a_lie, SHORT_READ, RUN_LIES),
          LOOP(test_what_is_no_cd, NOBODY, LIES),
          TEST(test_the_arena_is_as_large_as_said))
