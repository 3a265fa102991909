/* SPDX-License-Identifier: ISC */
/*
 * test_display.c - pictures in memory of any format, the registers of Bochs
 * and an i8042 with a keyboard, honest and not.
 */
#include "../lib/suite.h"

#include <base/bytes.h>
#include <billet/input.h>
#include <display/bochs.h>
#include <display/ps2.h>
#include <string.h>

static const uint32_t pixels[] = {0x112233, 0xff8040, 0x000000, 0xffffff};

static void show(struct linear *l, struct rect r)
{
    ck_assert(l->display.ops->show(&l->display, pixels, 2, r, 0));
}

START_TEST(test_linear_formats)
{
    static const struct {
        struct linear_format format;
        const char *first; /* of 0x112233 */
    } cases[] = {
        {{4, 16, 8, 8, 8, 0, 8}, "\x33\x22\x11\x00"},
        {{4, 0, 8, 8, 8, 16, 8}, "\x11\x22\x33\x00"},
        {{3, 16, 8, 8, 8, 0, 8}, "\x33\x22\x11"},
        {{2, 11, 5, 5, 6, 0, 5}, "\x06\x11"},
        {{2, 10, 5, 5, 5, 0, 5}, "\x86\x08"},
    };
    uint8_t picture[64];
    struct linear l = {0};
    uint8_t n = cases[_i].format.bytes;

    memset(picture, 0xee, sizeof(picture));
    ck_assert(linear_init(&l, picture, 2, 2, 16, cases[_i].format));
    show(&l, (struct rect){0, 0, 1, 1});
    ck_assert_mem_eq(picture, cases[_i].first, n);
    ck_assert_uint_eq(picture[n], 0xee); /* its neighbour */
    show(&l, (struct rect){1, 1, 1, 1});
    for (unsigned i = 0; n > 2 && i < 3; i++)
        ck_assert_uint_eq(picture[16 + n + i], 0xff);
    ck_assert_uint_eq(picture[16 + 2 * n], 0xee);
    ck_assert_uint_eq(picture[15], 0xee);
}
END_TEST

/* More than it has is not drawn. */
START_TEST(test_linear_is_cut)
{
    uint32_t picture[4] = {9, 9, 9, 9};
    struct linear l = {0};

    ck_assert(linear_init(&l, picture, 1, 1, 8, linear_xrgb8888));
    show(&l, (struct rect){0, 0, 2, 2});
    ck_assert(picture[0] == 0x112233 && picture[1] == 9 && picture[2] == 9);
    show(&l, (struct rect){1, 1, 1, 1});
    ck_assert(picture[3] == 9);
}
END_TEST

static void put32(uint8_t *p, uint32_t v)
{
    put_le16(p, (uint16_t)v);
    put_le16(p + 2, (uint16_t)(v >> 16));
}

/* As GRUB says it: 1024 by 768, 32 bits. */
static void place(uint8_t tag[40])
{
    memset(tag, 0, 40);
    put32(tag, 8);
    put32(tag + 4, 38);
    put32(tag + 8, 0xfd000000);
    put32(tag + 16, 4096);
    put32(tag + 20, 1024);
    put32(tag + 24, 768);
    memcpy(tag + 28, "\x20\x01\0\0\x10\x08\x08\x08\0\x08", 10);
}

START_TEST(test_place_is_read)
{
    struct linear_place p;
    uint8_t tag[40];

    place(tag);
    ck_assert(linear_place_read(&p, (struct span){tag, 38}));
    ck_assert(p.at == 0xfd000000 && p.pitch == 4096 && p.width == 1024 &&
              p.height == 768);
    ck_assert_mem_eq(&p.format, &linear_xrgb8888, sizeof(p.format));
    for (size_t n = 0; n < 38; n++)
        ck_assert(!linear_place_read(&p, (struct span){tag, n}));
}
END_TEST

/* Each of these alone makes it useless. */
START_TEST(test_place_that_cannot_be_is_refused)
{
    static const struct {
        unsigned at, bytes;
        uint32_t v;
    } lies[] = {
        {8, 4, 0},           /* nowhere */
        {12, 4, 0x7fffffff}, /* beyond all memory */
        {16, 4, 4095},       /* rows that overlap */
        {16, 4, 4098},       /* rows that are not aligned */
        {16, 4, 0xfffffffc}, /* rows too far apart */
        {20, 4, 0},          {20, 4, 0x40000001}, /* times four wraps around */
        {24, 4, 0},          {24, 4, 100000},
        {28, 1, 8},                      /* a palette's depth */
        {28, 1, 255},        {29, 1, 0}, /* a palette */
        {29, 1, 2},                      /* text */
        {32, 1, 25},                     /* a colour outside of its pixel */
        {33, 1, 0},          {35, 1, 9},
    };
    struct linear_place p;
    uint8_t tag[40];

    place(tag);
    if (lies[_i].bytes == 4)
        put32(tag + lies[_i].at, lies[_i].v);
    else
        tag[lies[_i].at] = (uint8_t)lies[_i].v;
    ck_assert(!linear_place_read(&p, (struct span){tag, 38}));
}
END_TEST

struct card {
    struct bochs_regs regs;
    uint16_t reg[16];
    int stuck; /* a register that keeps its value; -1: none */
};

static uint16_t card_read(struct bochs_regs *r, unsigned i)
{
    return CONTAINER(r, struct card, regs)->reg[i];
}

static void card_write(struct bochs_regs *r, unsigned i, uint16_t v)
{
    struct card *c = CONTAINER(r, struct card, regs);

    if ((int)i != c->stuck)
        c->reg[i] = v;
}

static struct card card(void)
{
    return (struct card){.regs = {.read = card_read, .write = card_write},
                         .reg = {[0] = 0xb0c5, [10] = 256},
                         .stuck = -1};
}

START_TEST(test_bochs_sets_the_mode)
{
    struct card c = card();

    ck_assert_ptr_null(bochs_start(&c.regs, 1024, 768, 16 << 20));
    ck_assert(c.reg[1] == 1024 && c.reg[2] == 768 && c.reg[3] == 32);
    ck_assert(c.reg[4] == 0x41 && c.reg[6] == 1024);
}
END_TEST

START_TEST(test_bochs_that_lies_is_left_alone)
{
    static const char *const why[] = {
        "it is no Bochs display", "it is no Bochs display",
        "its memory is too small", "its memory is too small",
        "it does not take that size"};
    struct card c = card();
    uint64_t bytes = _i == 2 ? 1024 * 768 * 4 - 1 : 16 << 20;

    if (_i == 0)
        c.reg[0] = 0xffff;
    if (_i == 1)
        c.reg[0] = 0xb0c1; /* without a linear picture */
    if (_i == 3)
        c.reg[10] = 47;
    if (_i >= 4)
        c.stuck = (int[]){1, 2, 3, 4, 6}[_i - 4];
    ck_assert_str_eq(bochs_start(&c.regs, 1024, 768, bytes),
                     why[_i < 4 ? _i : 4]);
    ck_assert_uint_eq(c.reg[4], 0); /* off */
}
END_TEST

/* An i8042: bytes that wait to be read, and what was asked last. */
static struct pc {
    struct ps2_ports ports;
    uint8_t out[64], config, command;
    unsigned n;
    bool translates, no_keyboard, dead, mouse, endless, absent, scans;
} pc;

static void queue(const char *bytes, size_t n)
{
    memcpy(pc.out + pc.n, bytes, n);
    pc.n += (unsigned)n;
}

static uint8_t pc_read(struct ps2_ports *p, unsigned port)
{
    uint8_t v = pc.out[0];

    (void)p;
    if (pc.absent)
        return 0xff;
    if (port == PS2_STATUS)
        return (uint8_t)((pc.n || pc.endless ? 1 : 0) | (pc.dead ? 2 : 0) |
                         (pc.mouse ? 0x20 : 0));
    ck_assert(pc.n > 0 || pc.endless);
    if (pc.n > 0)
        memmove(pc.out, pc.out + 1, --pc.n);
    return v;
}

static void pc_write(struct ps2_ports *p, unsigned port, uint8_t v)
{
    (void)p;
    if (port == PS2_STATUS) {
        pc.command = v;
        if (v == 0x20)
            queue((char *)&pc.config, 1);
        return;
    }
    if (pc.command == 0x60) {
        pc.config = pc.translates ? v : v & 0xbf;
        pc.command = 0;
    } else if (v == 0xf4 && !pc.no_keyboard) {
        pc.scans = true;
        queue("\xfa", 1);
    }
}

static const char *start(struct ps2 *k)
{
    pc.ports = (struct ps2_ports){.read = pc_read, .write = pc_write};
    return ps2_start(k, &pc.ports);
}

static struct {
    unsigned n, code[32];
    bool pressed[32];
} got;

static void on_key(void *user, unsigned code, bool pressed)
{
    (void)user;
    got.code[got.n] = code;
    got.pressed[got.n++] = pressed;
}

static void typed(struct ps2 *k, const char *bytes, size_t n)
{
    got.n = 0;
    queue(bytes, n);
    ck_assert_uint_eq(ps2_poll(k, 64, on_key, NULL), n);
    ck_assert(!ps2_stirred(k));
}

START_TEST(test_ps2_starts)
{
    struct ps2 k;

    pc = (struct pc){.translates = true, .config = 0x12};
    queue("old", 3);
    ck_assert_ptr_null(start(&k));
    ck_assert(pc.scans && !k.set2);
    ck_assert_uint_eq(pc.config, 0x41);
    ck_assert_uint_eq(pc.command, 0xae);
}
END_TEST

START_TEST(test_ps2_that_is_not_there)
{
    static const char *const why[] = {
        "the controller does not answer", "no keyboard answers",
        "the controller does not answer", "there is no controller"};
    struct ps2 k;

    pc = (struct pc){.translates = true,
                     .dead = _i == 0,
                     .no_keyboard = _i == 1,
                     .endless = _i == 2,
                     .absent = _i == 3};
    ck_assert_str_eq(start(&k), why[_i]);
}
END_TEST

START_TEST(test_ps2_keys_of_set_1)
{
    struct ps2 k;

    pc = (struct pc){.translates = true};
    ck_assert_ptr_null(start(&k));
    typed(&k, "\x1e\x9e\xe0\x48\xe0\xc8", 6);
    ck_assert(got.n == 4 && got.code[0] == 30 && got.code[2] == 103);
    ck_assert(got.pressed[0] && !got.pressed[1] && got.pressed[2] &&
              !got.pressed[3]);
    typed(&k, "\xe0\x2a\xe0\x37", 4); /* Print makes a shift up */
    ck_assert(got.n == 1 && got.code[0] == KEY_CODE_PRINT);
    typed(&k, "\xe1\x1d\x45\xe1\x9d\xc5\x1e", 7); /* Pause, A */
    ck_assert(got.n == 3 && got.code[0] == KEY_CODE_PAUSE && got.code[2] == 30);
    typed(&k, "\x00\xff\xfa\xee\x7f", 5); /* errors and echoes */
    ck_assert_uint_eq(got.n, 0);
    pc.mouse = true;
    typed(&k, "\x1e", 1);
    ck_assert_uint_eq(got.n, 0);
}
END_TEST

START_TEST(test_ps2_keys_of_set_2)
{
    struct ps2 k;

    pc = (struct pc){.translates = false};
    ck_assert_ptr_null(start(&k));
    ck_assert(k.set2);
    typed(&k, "\x1c\xf0\x1c\xe0\x75\xe0\xf0\x75\x83", 9);
    ck_assert(got.n == 5 && got.code[0] == 30 && got.code[2] == 103 &&
              got.code[4] == 65);
    ck_assert(got.pressed[0] && !got.pressed[1] && got.pressed[2] &&
              !got.pressed[3] && got.pressed[4]);
    typed(&k, "\xe1\x14\x77\xe1\xf0\x14\xf0\x77\x1c", 9);
    ck_assert(got.n == 3 && got.code[0] == KEY_CODE_PAUSE && got.code[2] == 30);
}
END_TEST

START_TEST(test_ps2_reads_within_its_budget)
{
    struct ps2 k;

    pc = (struct pc){.translates = true};
    ck_assert_ptr_null(start(&k));
    got.n = 0;
    queue("\x1e\x9e\x1f", 3);
    ck_assert_uint_eq(ps2_poll(&k, 2, on_key, NULL), 2);
    ck_assert(ps2_stirred(&k));
    ck_assert_uint_eq(ps2_poll(&k, 2, on_key, NULL), 1);
    ck_assert_uint_eq(got.n, 3);
}
END_TEST

RUN_CASES("display", LOOP(test_linear_formats, 0, 5), TEST(test_linear_is_cut),
          TEST(test_place_is_read),
          LOOP(test_place_that_cannot_be_is_refused, 0, 16),
          TEST(test_bochs_sets_the_mode),
          LOOP(test_bochs_that_lies_is_left_alone, 0, 9), TEST(test_ps2_starts),
          LOOP(test_ps2_that_is_not_there, 0, 4), TEST(test_ps2_keys_of_set_1),
          TEST(test_ps2_keys_of_set_2), TEST(test_ps2_reads_within_its_budget))
