/* SPDX-License-Identifier: ISC */
/*
 * test_scsi.c - virtio-scsi on a fake device with a disk, an empty drive and a
 * CD: honest, then lying.
 */
#include "../lib/suite.h"
#include "fake.h"

#include <stdlib.h>
#include <virtio/scsi_impl.h>

enum { MEMORY = 1 << 19, SECTORS = 2048, DISK = 2, EMPTY = 3, CD = 5 };

static struct fake f;
static struct blk_host host;
static struct arena arena;
static uint8_t *memory, *image;
static _Alignas(16) uint8_t data[BLK_BYTES_MAX], copy[BLK_BYTES_MAX];
static struct blk *disks[4];
static ns_t clock;
static struct {
    bool silent, protected;
    uint8_t attentions; /* commands that are answered with one */
    int response;       /* instead of the right one */
    uint32_t residual;
    uint32_t block;
    uint64_t last; /* block of the disk; 0: the right one */
    unsigned served, done;
    enum err err;
} dev;

/* What is behind a command: bytes for the guest in `out`, or a status. */
static uint8_t inquire(const uint8_t *cdb, uint8_t target, uint8_t *out,
                       uint32_t *n)
{
    if (cdb[0] == 0x12 && cdb[1]) {
        memcpy(out, "\0\x80\0\x07scsi-of", 11);
        *n = 11;
    } else if (cdb[0] == 0x12) {
        out[0] = target == DISK ? 0 : 5;
        *n = 36;
    } else if (cdb[0] == 0x1a) {
        out[2] = dev.protected ? 0x80 : 0;
        *n = 4;
    } else if (cdb[0] == 0x25) {
        uint64_t last = target == CD ? 99 : SECTORS * 512u / dev.block - 1;

        if (dev.last)
            last = dev.last;
        put_be32(out, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
        put_be32(out + 4, target == CD ? 2048 : dev.block);
        *n = 8;
    } else if (cdb[0] == 0x9e) {
        put_be64(out, dev.last);
        put_be32(out + 8, dev.block);
        *n = 32;
    } else if (cdb[0] == 0 && target == EMPTY) {
        return 2;
    }
    return 0;
}

static void serve_one(const struct fake_chain *c)
{
    static uint8_t in[SCSI_HEADER + BLK_BYTES_MAX];
    static uint8_t out[SCSI_ANSWER + BLK_BYTES_MAX];
    uint32_t got = fake_drain(c, in, sizeof(in)), n = 0;
    const uint8_t *cdb = in + SCSI_CDB;
    uint64_t at = be32(cdb + 2) * (uint64_t)dev.block;

    memset(out, 0, sizeof(out));
    ck_assert_uint_ge(got, SCSI_HEADER);
    ck_assert_uint_ge(c->in, SCSI_ANSWER);
    ck_assert_uint_eq(in[0], 1);
    if (in[1] != DISK && in[1] != CD && in[1] != EMPTY) {
        out[SCSI_RESPONSE] = 3;
    } else if (dev.attentions > 0 && cdb[0] != 0x12) {
        dev.attentions--;
        out[SCSI_STATUS] = SCSI_CHECK;
        out[0] = 18;
        out[SCSI_SENSE + 2] = SCSI_ATTENTION;
    } else if (cdb[0] == 0x28) {
        n = c->in - SCSI_ANSWER;
        memcpy(out + SCSI_ANSWER, image + at, n);
        ck_assert_uint_eq(n, (uint32_t)be16(cdb + 7) * dev.block);
    } else if (cdb[0] == 0x2a) {
        memcpy(image + at, in + SCSI_HEADER, got - SCSI_HEADER);
    } else {
        out[SCSI_STATUS] = inquire(cdb, in[1], out + SCSI_ANSWER, &n);
    }
    if (dev.residual)
        out[SCSI_RESIDUAL] = (uint8_t)dev.residual;
    if (dev.response)
        out[SCSI_RESPONSE] = (uint8_t)dev.response;
    n = n < c->in - SCSI_ANSWER ? n : c->in - SCSI_ANSWER;
    ck_assert(fake_fill(c, out, SCSI_ANSWER + n));
    fake_use(&f, SCSI_REQUEST, c->id, SCSI_ANSWER + n);
    dev.served++;
}

static void serve(void)
{
    struct fake_chain c;

    while (!dev.silent && fake_pop(&f, SCSI_REQUEST, &c))
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
    memset(disks, 0, sizeof(disks));
    dev.block = 512;
    clock = NS_PER_SEC;
}

static void tear_down(void)
{
    free(memory);
    free(image);
}

static unsigned make(bool modern, uint64_t offers)
{
    fake_init(&f, VIRTIO_KIND_SCSI, modern, offers);
    f.config[8] = 64; /* sectors in a command */
    f.config[30] = 6; /* the last target */
    return virtio_scsi_attach(&f.dev, &host, disks, 4);
}

static void on_done(struct blk_req *r)
{
    dev.done++;
    dev.err = r->status;
}

static struct blk_req req(enum blk_op op, uint64_t sector, size_t n)
{
    return (struct blk_req){
        .op = op, .sector = sector, .data = {data, n}, .done = on_done};
}

static enum err run(struct blk *b, struct blk_req *r)
{
    enum err err = blk_submit(b, r);

    if (err)
        return err;
    for (unsigned i = 0; i < 3 && !dev.done; i++) {
        blk_show(b, clock);
        serve();
        blk_poll(b, clock, 100);
    }
    dev.done = 0;
    return dev.err;
}

START_TEST(test_a_disk_and_a_cd)
{
    struct blk_req w = req(BLK_WRITE, 8, 32768), r = req(BLK_READ, 8, 32768);
    struct blk_req fl = req(BLK_FLUSH, 0, 0);

    dev.attentions = _i & 2 ? 3 : 0;
    ck_assert_uint_eq(make(_i & 1, _i & 2 ? 1u << VIRTIO_F_EVENT_IDX : 0), 2);
    ck_assert(!disks[0]->failed && !disks[1]->failed);
    ck_assert_uint_eq(disks[0]->sectors, SECTORS);
    ck_assert_uint_eq(disks[0]->max_bytes, 32768);
    ck_assert_str_eq(disks[0]->serial, "scsi-of");
    ck_assert(!disks[0]->read_only && disks[0]->has_flush);
    ck_assert(disks[1]->read_only);
    ck_assert_uint_eq(disks[1]->block_size, 2048);
    ck_assert_uint_eq(disks[1]->sectors, 400);
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = copy[i] = (uint8_t)(i * 7 + i / 512);
    ck_assert_int_eq(run(disks[0], &w), OK);
    ck_assert_mem_eq(image + 8 * 512, copy, 32768);
    memset(data, 0, sizeof(data));
    ck_assert_int_eq(run(disks[0], &r), OK);
    ck_assert_mem_eq(data, copy, 32768);
    ck_assert_int_eq(run(disks[0], &fl), OK);
}
END_TEST

START_TEST(test_an_attention_is_passed_over_once)
{
    struct blk_req r = req(BLK_READ, 0, 512);

    make(true, 0);
    dev.attentions = 1;
    ck_assert_int_eq(run(disks[0], &r), OK);
    dev.attentions = 2;
    ck_assert_int_eq(run(disks[0], &r), E_IO);
    ck_assert_int_eq(run(disks[0], &r), OK);
}
END_TEST

START_TEST(test_errors_are_of_one_request)
{
    struct blk_req r = req(BLK_READ, 0, 512);

    make(true, 0);
    dev.residual = _i ? 4 : 0;
    dev.response = _i ? 0 : 5;
    ck_assert_int_eq(run(disks[0], &r), E_IO);
    dev.residual = 0;
    dev.response = 0;
    ck_assert_int_eq(run(disks[0], &r), OK);
    ck_assert(!disks[0]->failed);
}
END_TEST

START_TEST(test_protected_large_and_absurd_disks)
{
    dev.protected = _i == 0;
    dev.last = _i == 1 ? UINT64_C(0x123456789) : _i == 2 ? UINT64_MAX : 0;
    dev.block = _i == 1 ? 4096 : _i == 3 ? 520 : 512;
    ck_assert_uint_ge(make(true, 0), 1);
    ck_assert_int_eq(disks[0]->read_only, _i == 0);
    ck_assert_int_eq(disks[0]->failed, _i > 1);
    if (_i == 1)
        ck_assert_uint_eq(disks[0]->sectors, UINT64_C(0x12345678a) * 8);
}
END_TEST

START_TEST(test_a_lie_costs_the_controller)
{
    static const char *const why[] = {
        "it finished a buffer that does not exist",
        "its answer is none", /* whatever its length */
        "its answer is none",
        "it finished more buffers than it was given",
        "it asked to be reset",
        "it did not answer in time"};
    struct blk_req r = req(BLK_READ, 0, 512), o = req(BLK_READ, 0, 2048);
    struct fake_chain c;

    make(true, 0);
    ck_assert_int_eq(blk_submit(disks[0], &r), OK);
    ck_assert_int_eq(blk_submit(disks[1], &o), OK);
    blk_show(disks[0], clock);
    blk_show(disks[1], clock);
    ck_assert(fake_peek(&f, SCSI_REQUEST, &c));
    if (_i == 0)
        fake_use(&f, SCSI_REQUEST, 1000, 1);
    else if (_i == 1)
        fake_use(&f, SCSI_REQUEST, c.id, SCSI_ANSWER + 513);
    else if (_i == 2)
        fake_use(&f, SCSI_REQUEST, c.id, 0); /* with nothing written */
    else if (_i == 3)
        fake_show_index(&f, SCSI_REQUEST, 999);
    else if (_i == 4)
        f.status |= VIRTIO_NEEDS_RESET;
    else
        clock += disks[0]->timeout;
    blk_poll(disks[0], clock, 10);
    blk_poll(disks[1], clock, 10);
    ck_assert(disks[0]->failed && disks[1]->failed);
    ck_assert_str_eq(disks[0]->failure, why[_i]);
    ck_assert_uint_eq(dev.done, 2);
    ck_assert_int_ne(dev.err, OK);
    ck_assert_uint_eq(f.stops, 1);
}
END_TEST

START_TEST(test_a_controller_of_no_use)
{
    dev.silent = _i == 0;
    dev.response = _i == 1 ? 99 : 0;
    if (_i == 2) {
        fake_init(&f, VIRTIO_KIND_SCSI, true, 0);
        f.queue[SCSI_REQUEST].max = 2;
        ck_assert_uint_eq(virtio_scsi_attach(&f.dev, &host, disks, 4), 0);
    } else {
        ck_assert_uint_eq(make(true, 0), 0);
    }
    ck_assert_ptr_nonnull(f.dev.failure);
    ck_assert_uint_eq(f.stops, 1);
}
END_TEST

START_TEST(test_the_arena_is_as_large_as_said)
{
    make(false, 0);
    ck_assert_uint_le(MEMORY - (size_t)(arena.end - arena.p),
                      virtio_scsi_bytes() + 2 * virtio_scsi_disk_bytes());
    arena_init(&arena, (struct mspan){memory, 1024});
    ck_assert_uint_eq(make(true, 0), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("virtio-scsi");
    TCase *tc = tcase_create("virtio-scsi");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, test_a_disk_and_a_cd, 0, 4);
    tcase_add_test(tc, test_an_attention_is_passed_over_once);
    tcase_add_loop_test(tc, test_errors_are_of_one_request, 0, 2);
    tcase_add_loop_test(tc, test_protected_large_and_absurd_disks, 0, 4);
    tcase_add_loop_test(tc, test_a_lie_costs_the_controller, 0, 6);
    tcase_add_loop_test(tc, test_a_controller_of_no_use, 0, 3);
    tcase_add_test(tc, test_the_arena_is_as_large_as_said);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
