/* SPDX-License-Identifier: ISC */
/*
 * test_ahci.c - the AHCI driver on a controller in memory: honest, then lying.
 */
#include "case.h"

#include <ahci/ahci_impl.h>

enum lie {
    HONEST,
    A_CD,
    SHORT_READ,
    SILENT,
    NEVER_STOPS,
    BUSY_AFTER,
    FROM_NOWHERE,
    RUN_LIES,
    NO_LINK,
    A_MULTIPLIER,
    STUCK,
    BUSY,
    SILENT_START,
    NO_IDENTITY,
    NO_LBA48,
    ODD_BLOCKS,
    ABSURD_SIZE,
    EMPTY,
    LIES
};

static struct {
    struct regs regs;
    uint32_t reg[0x200 / 4];
    enum lie lie;
    unsigned stops, restarts;
    uint64_t bad;  /* a sector that cannot be done, and one more; 0: none */
    bool goes_on;  /* as QEMU 7.2 after an error */
    uint32_t left; /* that one still has when it is stopped */
    bool mute, cd;
    unsigned attentions; /* packets that are answered with one */
} dev;

static uint32_t *port(unsigned at)
{
    return &dev.reg[(PORT_FIRST + at) / 4];
}

static void put_word(uint8_t *page, unsigned i, uint16_t v)
{
    put_le16(page + (size_t)2 * i, v);
}

static bool identify(uint8_t *page)
{
    memset(page, 0, 512);
    for (unsigned i = 0; i < 20; i++)
        page[20 + (i ^ 1)] = (uint8_t) "serial-of-sata      "[i];
    put_word(page, 83, dev.lie == NO_LBA48 ? 0x4000 : 0x6400);
    put_word(page, 106, dev.lie == ODD_BLOCKS ? 0x5000 : 0x4000);
    put_word(page, 117, 300);
    put_word(page, 100, dev.lie == EMPTY ? 0 : SECTORS);
    put_word(page, 103, dev.lie == ABSURD_SIZE ? 1 : 0);
    return dev.lie != NO_IDENTITY;
}

static bool packet(struct ahci_header *h, const uint8_t *cdb, uint8_t *p,
                   uint32_t n)
{
    ck_assert_uint_eq(h->flags, 5 | 0x20);
    if (dev.attentions > 0) {
        dev.attentions--;
        return false;
    }
    h->done = n;
    if (cdb[0] == 0x25) {
        put_be32(p, SECTORS / 4 - 1);
        put_be32(p + 4, 2048);
        return true;
    }
    ck_assert_uint_eq(cdb[0], 0x28);
    ck_assert_uint_eq(be16(cdb + 7) * 2048u, n);
    memcpy(p, image + be32(cdb + 2) * UINT64_C(2048), n);
    return true;
}

static bool serve_one(struct ahci_header *h)
{
    const uint8_t *t = (const uint8_t *)(uintptr_t)h->table;
    uint8_t *p = (uint8_t *)(uintptr_t)le64(t + AHCI_TABLE_PRD);
    uint32_t n = le32(t + AHCI_TABLE_PRD + 12) + 1;
    uint64_t lba = t[4] | (uint64_t)t[5] << 8 | (uint64_t)t[6] << 16;

    ck_assert_uint_eq(t[0], 0x27);
    ck_assert_uint_eq(h->flags & 31, 5);
    if (t[2] == ATA_IDENTIFY || t[2] == 0xa1)
        return (t[2] == 0xa1) == dev.cd && identify(p);
    if (dev.cd)
        return packet(h, t + 0x40, p, n);
    if (t[2] == ATA_FLUSH)
        return true;
    if (dev.bad == lba + 1)
        return false;
    ck_assert_uint_eq(h->prds, 1);
    ck_assert_uint_eq(le16(t + 12) * 512u, n);
    h->done = dev.lie == SHORT_READ ? n - 512 : n;
    if (t[2] == ATA_WRITE)
        memcpy(image + lba * 512, p, n);
    else
        memcpy(p, image + lba * 512, n);
    ck_assert(!(h->flags & 0x40) == (t[2] == ATA_READ));
    return true;
}

static void run(void)
{
    struct ahci_header *list =
        (void *)(uintptr_t)((uint64_t)*port(4) << 32 | *port(PORT_CLB));

    if (dev.mute || !(*port(PORT_CMD) & CMD_ST))
        return;
    for (unsigned i = 0; i < 32; i++) {
        if (!(*port(PORT_CI) >> i & 1))
            continue;
        if (!serve_one(&list[i])) {
            *port(PORT_IS) |= 1u << 30;
            *port(PORT_TFD) |= TFD_ERR;
            if (!dev.goes_on)
                return;
        }
        *port(PORT_CI) &= ~(1u << i);
        *port(PORT_IS) |= 1;
    }
}

static uint32_t get(struct regs *r, unsigned at)
{
    ck_assert_uint_le(at, r->bytes - 4);
    return dev.reg[at / 4];
}

static void put_cmd(uint32_t v)
{
    bool was = *port(PORT_CMD) & CMD_ST;

    *port(PORT_CMD) = (v & ~(uint32_t)(CMD_CR | CMD_FR)) |
                      (v & CMD_ST ? CMD_CR : 0) | (v & CMD_FRE ? CMD_FR : 0);
    if (was && !(v & CMD_ST)) {
        *port(PORT_CI) = dev.goes_on ? dev.left : 0;
        *port(PORT_TFD) &= ~(uint32_t)TFD_ERR;
        dev.restarts++;
        if (dev.lie == BUSY_AFTER)
            *port(PORT_TFD) |= TFD_BSY;
    }
    if (dev.lie == STUCK || (dev.lie == NEVER_STOPS && !(v & CMD_ST)))
        *port(PORT_CMD) |= CMD_CR;
}

static void put(struct regs *r, unsigned at, uint32_t v)
{
    ck_assert_uint_le(at, r->bytes - 4);
    if (at == REG_IS || at == PORT_FIRST + PORT_IS ||
        at == PORT_FIRST + PORT_SERR) {
        dev.reg[at / 4] &= ~v;
    } else if (at == PORT_FIRST + PORT_CMD) {
        put_cmd(v);
    } else if (at == PORT_FIRST + PORT_CI) {
        *port(PORT_CI) |= v;
        run();
    } else {
        dev.reg[at / 4] = v;
    }
}

static void stop(struct regs *r)
{
    (void)r;
    dev.stops++;
}

static struct blk *make(enum lie lie)
{
    struct blk *out[2] = {NULL, NULL};
    unsigned n;

    case_begin();
    memset(&dev, 0, sizeof(dev));
    dev.regs = (struct regs){.read = get,
                             .write = put,
                             .stop = stop,
                             .bytes = 0x200,
                             .interrupts = "fake",
                             .name = "ahci fake"};
    dev.reg[REG_CAP / 4] = 1u << 31 | 31u << 8;
    dev.reg[REG_PI / 4] = 0xffffffff; /* most of them beyond its registers */
    *port(PORT_SSTS) = lie == NO_LINK ? 1 : 0x113;
    *port(PORT_SIG) = lie == A_MULTIPLIER ? 0x96690101 : 0x101;
    *port(PORT_TFD) = lie == BUSY ? TFD_BSY : 0x50;
    dev.mute = lie == SILENT_START;
    if (lie == A_CD) {
        dev.cd = true;
        dev.attentions = 2;
        *port(PORT_SIG) = 0xeb140101;
    }
    dev.lie = lie;
    n = ahci_attach(&dev.regs, &case_host, out, 2);
    ck_assert_uint_le(n, 1);
    return out[0];
}

START_TEST(test_all_operations)
{
    struct blk *b = make(HONEST);
    struct blk_req fl = case_req(BLK_FLUSH, 0, 0, 0);

    ck_assert_ptr_nonnull(b);
    ck_assert_msg(!b->failed, "%s", b->failure);
    ck_assert_str_eq(b->serial, "serial-of-sata");
    ck_assert_uint_eq(b->sectors, SECTORS);
    case_all(b);
    ck_assert_int_eq(case_run(b, &fl), OK);
    case_full(b, BLK_DEPTH);
}
END_TEST

START_TEST(test_a_cd)
{
    struct blk *b = make(A_CD);
    struct blk_req r = case_req(BLK_READ, 16, 0, 8192);
    struct blk_req w = case_req(BLK_WRITE, 16, 0, 2048);

    ck_assert_ptr_nonnull(b);
    ck_assert_msg(!b->failed, "%s", b->failure);
    ck_assert_uint_eq(b->block_size, 2048);
    ck_assert_uint_eq(b->sectors, SECTORS);
    memcpy(image + 16 * 512, copy, 8192);
    ck_assert_int_eq(case_run(b, &r), OK);
    ck_assert_mem_eq(data, copy, 8192);
    ck_assert_int_eq(case_run(b, &w), E_REFUSED);
    ck_assert_uint_eq(dev.restarts, 2);
}
END_TEST

static void eight(struct blk *b, struct blk_req *all, enum blk_op op)
{
    for (unsigned i = 0; i < 8; i++) {
        all[i] = case_req(op, i * 8, i * 512, 512);
        ck_assert_int_eq(blk_submit(b, &all[i]), OK);
    }
    blk_show(b, clock);
}

static void one_of_eight(bool goes_on, enum blk_op op, unsigned bad)
{
    static struct blk_req all[8], late;
    struct blk *b = make(HONEST);
    unsigned failed = 0;

    dev.bad = (uint64_t)bad * 8 + 1;
    dev.goes_on = goes_on;
    eight(b, all, op);
    blk_poll(b, clock, 100);
    late = case_req(op, 256, 0, 512);
    ck_assert_int_eq(blk_submit(b, &late), OK);
    blk_show(b, clock);
    for (unsigned i = 0; i < 11; i++)
        blk_poll(b, clock, 100);
    ck_assert_msg(!b->failed, "%s", b->failure);
    ck_assert_uint_eq(ended, 9);
    for (unsigned i = 0; i < 8; i++)
        failed += all[i].status != OK;
    ck_assert_uint_eq(failed, 1);
    ck_assert_int_eq(all[bad].status, E_IO);
    ck_assert_int_eq(late.status, OK);
    ck_assert_uint_eq(b->counters.errors, 1);
}

/* The list stops at the one; the others are done all the same. */
START_TEST(test_an_error_is_of_one_request)
{
    one_of_eight(false, BLK_READ, (unsigned)_i);
    one_of_eight(false, BLK_WRITE, (unsigned)_i);
}
END_TEST

/* No bit says whose error it was: no other write may be called done for it. */
START_TEST(test_an_error_is_of_one_request_where_the_list_goes_on)
{
    one_of_eight(true, BLK_READ, (unsigned)_i);
    one_of_eight(true, BLK_WRITE, (unsigned)_i);
}
END_TEST

/* It is stopped between two commands, and does its old list to the end before
 * anything new is shown. */
START_TEST(test_what_goes_on_after_an_error_is_waited_for)
{
    static struct blk_req all[8];
    struct blk *b = make(HONEST);

    dev.bad = 1;
    dev.goes_on = true;
    eight(b, all, BLK_WRITE);
    *port(PORT_TFD) |= TFD_BSY;
    blk_poll(b, clock, 100);
    ck_assert_uint_eq(dev.restarts, 0);
    dev.left = 0x80;
    *port(PORT_TFD) &= ~(uint32_t)TFD_BSY;
    blk_poll(b, clock, 100);
    ck_assert_uint_eq(dev.restarts, 1);
    ck_assert_uint_eq(*port(PORT_CI), 0x80);
    dev.left = 0;
    blk_poll(b, clock, 100);
    ck_assert_uint_eq(*port(PORT_CI), 0x80);
    ck_assert_uint_eq(ended, 0);
    *port(PORT_CI) = 0;
    for (unsigned i = 0; i < 10; i++)
        blk_poll(b, clock, 100);
    ck_assert_uint_eq(ended, 8);
    ck_assert_int_eq(all[0].status, E_IO);
    ck_assert_int_eq(all[7].status, OK);
}
END_TEST

START_TEST(test_a_lie_costs_the_disk_and_nothing_else)
{
    static const char *const why[] = {
        [SILENT] = "it did not answer in time",
        [NEVER_STOPS] = "it does not stop after an error",
        [BUSY_AFTER] = "it is busy after an error",
        [FROM_NOWHERE] = "it failed where it had nothing to do"};
    struct blk *b = make(HONEST);
    struct blk_req r = case_req(BLK_READ, 0, 0, 1024);

    dev.lie = (enum lie)_i;
    dev.mute = _i == SILENT;
    dev.bad = _i > SILENT;
    ck_assert_int_eq(blk_submit(b, &r), OK);
    if (_i == FROM_NOWHERE)
        *port(PORT_IS) |= 1u << 30;
    else
        blk_show(b, clock);
    clock += _i == SILENT ? b->timeout : 0;
    blk_poll(b, clock, 100);
    ck_assert_uint_eq(ended, 1);
    ck_assert_int_eq(ended_with, _i == SILENT ? E_TIMEOUT : E_IO);
    if (_i == SHORT_READ) {
        ck_assert(!b->failed);
        return;
    }
    ck_assert(b->failed);
    ck_assert_str_eq(b->failure, why[_i]);
    ck_assert_uint_eq(dev.stops, _i == NEVER_STOPS);
    ck_assert_uint_eq(*port(PORT_IE), 0);
}
END_TEST

START_TEST(test_a_port_of_no_use)
{
    static const char *const why[] = {
        [STUCK] = "its port does not stop",
        [SILENT_START] = "it does not answer",
        [NO_IDENTITY] = "it does not say who it is",
        [NO_LBA48] = "it has no 48-bit addresses",
        [ODD_BLOCKS] = "its blocks are not of 512 to 4096 bytes",
        [ABSURD_SIZE] = "its size makes no sense",
        [EMPTY] = "its size makes no sense"};
    struct blk *b = make((enum lie)_i);

    if (_i == NO_LINK || _i == A_MULTIPLIER || _i == BUSY) {
        ck_assert_ptr_null(b);
        return;
    }
    ck_assert(b->failed);
    ck_assert_str_eq(b->failure, why[_i]);
}
END_TEST

START_TEST(test_the_arena_is_as_large_as_said)
{
    (void)make(HONEST);
    ck_assert_uint_le(MEMORY - (size_t)(arena.end - arena.p), ahci_bytes());
}
END_TEST

RUN_CASES("ahci", TEST(test_all_operations), TEST(test_a_cd),
          LOOP(test_an_error_is_of_one_request, 0, 8),
          LOOP(test_an_error_is_of_one_request_where_the_list_goes_on, 0, 8),
          TEST(test_what_goes_on_after_an_error_is_waited_for),
          LOOP(test_a_lie_costs_the_disk_and_nothing_else, SHORT_READ,
               RUN_LIES),
          LOOP(test_a_port_of_no_use, NO_LINK, LIES),
          TEST(test_the_arena_is_as_large_as_said))
