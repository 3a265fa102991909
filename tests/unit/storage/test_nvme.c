/* SPDX-License-Identifier: ISC */
/*
 * test_nvme.c - the NVMe driver on a controller in memory: honest, then lying.
 */
#include "case.h"

#include <nvme/nvme_impl.h>

enum lie {
    HONEST,
    /* while it runs */
    WRONG_ID,
    ID_NOT_OUT,
    WRONG_QUEUE,
    TWICE,
    SILENT,
    FATAL,
    RUN_LIES,
    /* when it starts */
    NOT_THERE,
    LARGE_PAGES,
    WIDE_DOORBELLS,
    SHORT_QUEUES,
    NO_RESET,
    NOT_READY,
    FATAL_START,
    SILENT_ADMIN,
    WRONG_ADMIN_ID,
    NO_SPACE,
    METADATA,
    ODD_BLOCKS,
    ABSURD_SIZE,
    QUEUE_REFUSED,
    LIES
};

static struct {
    struct regs regs;
    uint32_t reg[0x40 / 4];
    uint64_t sq[2], cq[2];
    uint16_t head[2], tail[2], n[2], phase[2];
    uint8_t shift, mdts;
    unsigned stops, commands;
    enum lie lie;
    uint16_t status; /* of requests */
} dev;

static void answer(unsigned q, uint16_t id, uint16_t status, unsigned of)
{
    uint32_t *a = (uint32_t *)(uintptr_t)dev.cq[q] + 4u * dev.tail[q];

    a[0] = a[1] = 0;
    a[2] = dev.head[q] | of << 16;
    a[3] = id | (uint32_t)dev.phase[q] << 16 | (uint32_t)status << 17;
    if (++dev.tail[q] == dev.n[q]) {
        dev.tail[q] = 0;
        dev.phase[q] ^= 1;
    }
}

static void put64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, 8);
}

static uint16_t identify(const uint32_t *c)
{
    uint8_t *out = (uint8_t *)(uintptr_t)((uint64_t)c[7] << 32 | c[6]);

    memset(out, 0, 4096);
    if (c[10] == 1) {
        memcpy(out + 4, "serial-of-nvme      ", 20);
        out[77] = dev.mdts;
        out[520] = 4;
        out[525] = 1;
        return 0;
    }
    if (c[10] == 2) {
        out[0] = 3;
        return dev.lie == NO_SPACE ? 2 : 0;
    }
    if (dev.lie == NO_SPACE || c[1] != 3)
        return 11;
    put64(out, dev.lie == ABSURD_SIZE ? UINT64_MAX
                                      : (uint64_t)SECTORS >> (dev.shift - 9));
    out[26] = 1;
    out[128 + 4] = dev.lie == METADATA ? 8 : 0;
    out[128 + 6] = dev.lie == ODD_BLOCKS ? 20 : dev.shift;
    return 0;
}

static uint16_t admin(const uint32_t *c)
{
    unsigned q = c[10] & 0xffff;
    uint8_t op = c[0] & 0xff;

    if (op == ADMIN_IDENTIFY)
        return identify(c);
    ck_assert_uint_eq(q, 1);
    if (dev.lie == QUEUE_REFUSED)
        return 0x101;
    dev.n[1] = (uint16_t)((c[10] >> 16) + 1);
    if (op == ADMIN_CREATE_CQ)
        dev.cq[1] = (uint64_t)c[7] << 32 | c[6];
    else
        dev.sq[1] = (uint64_t)c[7] << 32 | c[6];
    return 0;
}

/* The pieces of memory that a command names, as 4.3 has it. */
static void move(const uint32_t *c, bool out)
{
    size_t left = ((size_t)(c[12] & 0xffff) + 1) << dev.shift, n;
    uint8_t *at = image + ((uint64_t)c[11] << 32 | c[10]) * (1u << dev.shift);
    uint64_t prp = (uint64_t)c[7] << 32 | c[6];
    uint64_t more = (uint64_t)c[9] << 32 | c[8];
    const uint64_t *list = NULL;

    n = 4096 - prp % 4096;
    if (left > n + 4096)
        list = (const uint64_t *)(uintptr_t)more;
    for (;;) {
        n = n < left ? n : left;
        if (out)
            memcpy(at, (void *)(uintptr_t)prp, n);
        else
            memcpy((void *)(uintptr_t)prp, at, n);
        left -= n;
        at += n;
        if (left == 0)
            return;
        prp = list ? *list++ : more;
        ck_assert_uint_eq(prp % 4096, 0);
        n = 4096;
    }
}

static void io(const uint32_t *c)
{
    uint8_t op = c[0] & 0xff;
    uint16_t id = (uint16_t)(c[0] >> 16);

    ck_assert_uint_eq(c[1], 3);
    if (dev.lie == SILENT)
        return;
    if (op == IO_READ || op == IO_WRITE)
        move(c, op == IO_WRITE);
    else if (op == IO_DATASET)
        ck_assert_uint_eq(c[11], 4);
    if (dev.lie == WRONG_ID)
        id = 4711;
    else if (dev.lie == ID_NOT_OUT)
        id++;
    answer(1, id, dev.status, dev.lie == WRONG_QUEUE ? 0 : 1);
    if (dev.lie == TWICE)
        answer(1, id, 0, 1);
}

static void serve(unsigned q, uint32_t tail)
{
    while (dev.head[q] != tail) {
        const uint32_t *c =
            (const uint32_t *)(uintptr_t)dev.sq[q] + 16u * dev.head[q];

        ck_assert_uint_lt(tail, dev.n[q]);
        dev.head[q] = (uint16_t)((dev.head[q] + 1) % dev.n[q]);
        dev.commands++;
        if (q)
            io(c);
        else if (dev.lie != SILENT_ADMIN)
            answer(0, dev.lie == WRONG_ADMIN_ID ? 9 : (uint16_t)(c[0] >> 16),
                   admin(c), 0);
    }
}

static uint32_t get(struct regs *r, unsigned at)
{
    ck_assert_uint_le(at, r->bytes - 4);
    if (at == REG_CSTS && dev.lie == FATAL && dev.commands > 4)
        return CSTS_READY | CSTS_FATAL;
    return dev.reg[at / 4];
}

static void enable(uint32_t v)
{
    uint32_t ready = v & 1;

    if (dev.lie == NOT_READY || (!ready && dev.lie == NO_RESET))
        ready = !ready;
    dev.reg[REG_CSTS / 4] = ready;
    if (ready && dev.lie == FATAL_START)
        dev.reg[REG_CSTS / 4] = CSTS_FATAL;
    dev.sq[0] = (uint64_t)dev.reg[REG_ASQ / 4 + 1] << 32 | dev.reg[REG_ASQ / 4];
    dev.cq[0] = (uint64_t)dev.reg[REG_ACQ / 4 + 1] << 32 | dev.reg[REG_ACQ / 4];
    dev.n[0] = (uint16_t)((dev.reg[REG_AQA / 4] & 0xfff) + 1);
}

static void put(struct regs *r, unsigned at, uint32_t v)
{
    ck_assert_uint_le(at, r->bytes - 4);
    if (at >= REG_DOORBELLS) {
        unsigned bell = (at - REG_DOORBELLS) / 4;

        ck_assert_uint_lt(bell, 4);
        if (bell % 2 == 0)
            serve(bell / 2, v);
        return;
    }
    dev.reg[at / 4] = v;
    if (at == REG_CC)
        enable(v);
}

static void stop(struct regs *r)
{
    (void)r;
    dev.stops++;
}

static struct blk *make(enum lie lie, uint8_t shift)
{
    struct blk *b;

    case_begin();
    memset(&dev, 0, sizeof(dev));
    dev.regs = (struct regs){.read = get,
                             .write = put,
                             .stop = stop,
                             .bytes = 0x2000,
                             .interrupts = "fake",
                             .name = "nvme fake"};
    dev.reg[0] = (lie == SHORT_QUEUES ? 0 : 63) | 10u << 24;
    dev.reg[1] =
        (lie == LARGE_PAGES ? 1u << 16 : 0) | (lie == WIDE_DOORBELLS ? 15 : 0);
    if (lie == NOT_THERE)
        memset(dev.reg, 0xff, sizeof(dev.reg));
    dev.phase[0] = dev.phase[1] = 1;
    dev.shift = shift;
    dev.lie = lie;
    b = nvme_attach(&dev.regs, &case_host);
    ck_assert_ptr_nonnull(b);
    return b;
}

START_TEST(test_all_operations)
{
    struct blk *b = make(HONEST, (uint8_t)(_i ? 12 : 9));
    struct blk_req fl = case_req(BLK_FLUSH, 0, 0, 0);
    struct blk_req d = case_req(BLK_DISCARD, 0, 0, 0);

    ck_assert_msg(!b->failed, "%s", b->failure);
    ck_assert_str_eq(b->serial, "serial-of-nvme");
    ck_assert_uint_eq(b->sectors, SECTORS);
    ck_assert_uint_eq(b->block_size, _i ? 4096 : 512);
    case_all(b);
    ck_assert_int_eq(case_run(b, &fl), OK);
    ck_assert_int_eq(case_run(b, &d), OK);
    ck_assert(!blk_busy(b));
}
END_TEST

START_TEST(test_the_rings_go_round)
{
    struct blk *b = make(HONEST, 9);

    for (unsigned i = 0; i < 7; i++)
        case_full(b, BLK_DEPTH);
    ck_assert_uint_eq(b->counters.reads, 7 * BLK_DEPTH);
}
END_TEST

START_TEST(test_an_error_is_of_one_request)
{
    struct blk *b = make(HONEST, 9);
    struct blk_req r = case_req(BLK_READ, 0, 0, 512);

    dev.status = 0x281; /* unrecovered read error */
    ck_assert_int_eq(case_run(b, &r), E_IO);
    dev.status = 0;
    ck_assert_int_eq(case_run(b, &r), OK);
    ck_assert(!b->failed);
}
END_TEST

START_TEST(test_small_transfers)
{
    struct blk *b;

    case_begin();
    b = make(HONEST, 9);
    ck_assert_uint_eq(b->max_bytes, BLK_BYTES_MAX);
    dev.mdts = 1;
    arena_init(&arena, (struct mspan){memory, MEMORY});
    memset(dev.head, 0, sizeof(dev.head));
    memset(dev.tail, 0, sizeof(dev.tail));
    dev.phase[0] = 1;
    b = nvme_attach(&dev.regs, &case_host);
    ck_assert(!b->failed);
    ck_assert_uint_eq(b->max_bytes, 8192);
}
END_TEST

START_TEST(test_a_lie_costs_the_disk_and_nothing_else)
{
    static const char *const why[] = {
        [WRONG_ID] = "it answered what nobody asked",
        [ID_NOT_OUT] = "it answered what nobody asked",
        [WRONG_QUEUE] = "it answered what nobody asked",
        [TWICE] = "it answered what nobody asked",
        [SILENT] = "it did not answer in time",
        [FATAL] = "it says that it has failed"};
    struct blk *b = make(HONEST, 9);
    struct blk_req r = case_req(BLK_READ, 0, 0, 512);

    dev.lie = (enum lie)_i;
    dev.commands = 10;
    ck_assert_int_eq(blk_submit(b, &r), OK);
    if (_i == FATAL)
        dev.lie = SILENT;
    blk_show(b, clock);
    dev.lie = (enum lie)_i;
    clock += _i == SILENT ? b->timeout : 0;
    blk_poll(b, clock, 100);
    ck_assert(b->failed);
    ck_assert_str_eq(b->failure, why[_i]);
    ck_assert_uint_eq(ended, 1);
    ck_assert_int_eq(ended_with, _i == SILENT  ? E_TIMEOUT
                                 : _i == TWICE ? OK
                                               : E_IO);
    ck_assert_uint_eq(dev.stops, 1);
    ck_assert_int_eq(blk_submit(b, &r), E_IO);
}
END_TEST

START_TEST(test_a_controller_of_no_use)
{
    static const char *const why[] = {
        [NOT_THERE] = "its pages are not of 4096 bytes",
        [LARGE_PAGES] = "its pages are not of 4096 bytes",
        [WIDE_DOORBELLS] = "its doorbells are beyond its registers",
        [SHORT_QUEUES] = "its queues are too short",
        [NO_RESET] = "its reset never completed",
        [NOT_READY] = "its reset never completed",
        [FATAL_START] = "it never became ready",
        [SILENT_ADMIN] = "it does not answer",
        [WRONG_ADMIN_ID] = "it answered what nobody asked",
        [NO_SPACE] = "it has no namespace",
        [METADATA] = "its blocks carry data of their own",
        [ODD_BLOCKS] = "its blocks are not of 512 to 4096 bytes",
        [ABSURD_SIZE] = "its size makes no sense",
        [QUEUE_REFUSED] = "it refused a queue"};
    struct blk *b = make((enum lie)_i, 9);

    ck_assert(b->failed);
    ck_assert_str_eq(b->failure, why[_i]);
    ck_assert_uint_eq(dev.stops, 1);
}
END_TEST

START_TEST(test_the_arena_is_as_large_as_said)
{
    (void)make(HONEST, 9);
    ck_assert_uint_le(MEMORY - (size_t)(arena.end - arena.p), nvme_bytes());
    arena_init(&arena, (struct mspan){memory, 8192});
    ck_assert_ptr_null(nvme_attach(&dev.regs, &case_host));
}
END_TEST

RUN_CASES("nvme", LOOP(test_all_operations, 0, 2),
          TEST(test_the_rings_go_round), TEST(test_an_error_is_of_one_request),
          TEST(test_small_transfers),
          LOOP(test_a_lie_costs_the_disk_and_nothing_else, WRONG_ID, RUN_LIES),
          LOOP(test_a_controller_of_no_use, NOT_THERE, LIES),
          TEST(test_the_arena_is_as_large_as_said))
