/* SPDX-License-Identifier: ISC */
/*
 * test_wire_tcp.c - reading and writing TCP headers: RFC 9293 3.1, 3.2.
 */
#include "tcp_suite.h"

#include <stdlib.h>
#include <wire/tcp.h>

static bool parse(struct tcp_hdr *h, const uint8_t *p, size_t n)
{
    return tcp_parse(h, (struct span){p, n}, (uint32_t)n);
}

/* A header with these options, padded with zeroes; its length. */
static size_t with_options(uint8_t *p, const void *options, size_t n)
{
    size_t whole = (TCP_BYTES + n + 3) / 4 * 4;

    memset(p, 0, TCP_HDR_MAX + 4);
    p[1] = 7;
    p[3] = 8;
    p[12] = (uint8_t)(whole << 2);
    p[13] = TCP_ACK;
    memcpy(p + TCP_BYTES, options, n);
    return whole;
}

static bool takes(struct tcp_seg *s, const void *options, size_t n)
{
    uint8_t p[TCP_HDR_MAX + 4];
    struct tcp_hdr h;
    bool ok = parse(&h, p, with_options(p, options, n));

    *s = h.seg;
    return ok;
}
#define TAKES(s, ...)                                                          \
    takes(s, (uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static struct tcp_seg some(uint8_t opts, uint8_t nsack)
{
    struct tcp_seg s = {.seq = 0x01020304,
                        .ack = 0xa1b2c3d4,
                        .wnd = 0x1234,
                        .flags = TCP_ACK | TCP_PSH,
                        .opts = opts,
                        .tsval = 0xdeadbeef,
                        .tsecr = 0x00c0ffee,
                        .mss = 1460,
                        .wscale = 7,
                        .nsack = nsack};

    for (uint32_t i = 0; i < nsack; i++)
        s.sack[i] = (struct seq_range){100 * i + 1, 100 * i + 51};
    return s;
}

/* Every set of options that we send comes back as it was. */
START_TEST(test_what_is_written_is_read)
{
    uint8_t opts = (uint8_t)(_i % 16), nsack = (uint8_t)(_i / 16);
    struct tcp_seg s = some(opts, nsack);
    unsigned n = tcp_emit_bytes(&s);
    uint8_t out[TCP_HDR_MAX + 20];
    struct tcp_hdr h;

    if (n > TCP_HDR_MAX)
        return; /* more than a header holds; nobody asks for it */
    memset(out, 0x55, sizeof(out));
    tcp_emit(out, n, 4660, 80, &s);
    ck_assert_uint_eq(n % 4, 0);
    ck_assert_uint_eq(out[n], 0x55);
    ck_assert(tcp_parse(&h, (struct span){out, n}, n + 9));
    ck_assert_uint_eq(h.src, 4660);
    ck_assert_uint_eq(h.dst, 80);
    ck_assert_uint_eq(h.hdr_len, n);
    ck_assert_uint_eq(h.seg.len, 9);
    ck_assert_uint_eq(h.seg.seq, s.seq);
    ck_assert_uint_eq(h.seg.ack, s.ack);
    ck_assert_uint_eq(h.seg.wnd, s.wnd);
    ck_assert_uint_eq(h.seg.flags, s.flags);
    ck_assert_uint_eq(h.seg.opts, s.opts);
    ck_assert_uint_eq(h.seg.nsack, nsack);
    ck_assert_mem_eq(h.seg.sack, s.sack, nsack * sizeof(s.sack[0]));
    if (opts & TCP_OPT_TS) {
        ck_assert_uint_eq(h.seg.tsval, s.tsval);
        ck_assert_uint_eq(h.seg.tsecr, s.tsecr);
    }
    if (opts & TCP_OPT_MSS)
        ck_assert_uint_eq(h.seg.mss, 1460);
    if (opts & TCP_OPT_WSCALE)
        ck_assert_uint_eq(h.seg.wscale, 7);
}
END_TEST

START_TEST(test_timestamp_alone_is_in_the_usual_place)
{
    struct tcp_seg s = some(TCP_OPT_TS, 0);
    uint8_t out[TCP_HDR_MAX];

    ck_assert_uint_eq(tcp_emit_bytes(&s), 32);
    tcp_emit(out, 32, 1, 2, &s);
    ck_assert_uint_eq(be32(out + 20), 0x0101080a);
    s = some(TCP_OPT_TS, 3);
    ck_assert_uint_eq(tcp_emit_bytes(&s), TCP_EMIT_MAX);
}
END_TEST

START_TEST(test_checksum_and_urgent_pointer_are_zero)
{
    struct tcp_seg s = some(0, 0);
    uint8_t out[TCP_HDR_MAX];

    memset(out, 0xff, sizeof(out));
    tcp_emit(out, 20, 1, 2, &s);
    ck_assert_uint_eq(be32(out + TCP_CSUM_AT), 0);
}
END_TEST

START_TEST(test_lengths_that_contradict_each_other)
{
    uint8_t p[TCP_HDR_MAX + 4] = {0};
    struct tcp_hdr h;

    p[12] = 5 << 4;
    for (size_t n = 0; n < TCP_BYTES; n++)
        ck_assert(!parse(&h, p, n));
    ck_assert(parse(&h, p, TCP_BYTES));
    p[12] = 4 << 4; /* shorter than a header can be */
    ck_assert(!parse(&h, p, TCP_BYTES));
    p[12] = 6 << 4; /* longer than there is */
    ck_assert(!parse(&h, p, TCP_BYTES));
    ck_assert(!tcp_parse(&h, (struct span){p, TCP_BYTES}, 24));
    ck_assert(!tcp_parse(&h, (struct span){p, 24}, 20));
    p[12] = 15 << 4;
    ck_assert(parse(&h, p, 60));
    ck_assert_uint_eq(h.seg.len, 0);
}
END_TEST

/* MUST-7: an illegal option length. */
START_TEST(test_must_7_illegal_option_lengths)
{
    struct tcp_seg s;

    ck_assert(!TAKES(&s, 2, 0, 0, 0));  /* would not advance */
    ck_assert(!TAKES(&s, 2, 1, 0, 0));  /* within itself */
    ck_assert(!TAKES(&s, 99, 1, 0, 0)); /* even if unknown */
    ck_assert(!TAKES(&s, 2, 5, 0, 0));  /* beyond the header */
    ck_assert(!TAKES(&s, 1, 1, 1, 2));  /* kind without length */
    ck_assert(!TAKES(&s, 2, 3, 5, 0));  /* MSS of one byte */
    ck_assert(!TAKES(&s, 3, 4, 1, 0));  /* window scale of two */
    ck_assert(!TAKES(&s, 4, 3, 1, 0));  /* SACK permitted of one */
    ck_assert(!TAKES(&s, 8, 9, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0));
    ck_assert(!TAKES(&s, 5, 2, 0, 0));  /* SACK of no block */
    ck_assert(!TAKES(&s, 28, 3, 1, 0)); /* user timeout of one byte */
    ck_assert(!TAKES(&s, 5, 9, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0));
}
END_TEST

START_TEST(test_must_6_unknown_options_are_skipped)
{
    struct tcp_seg s;

    ck_assert(TAKES(&s, 253, 6, 1, 2, 3, 4, 2, 4, 5, 0xb4, 34, 2));
    ck_assert_uint_eq(s.opts, TCP_OPT_MSS);
    ck_assert_uint_eq(s.mss, 1460);
}
END_TEST

START_TEST(test_end_of_options_ends_them)
{
    struct tcp_seg s;

    ck_assert(TAKES(&s, 0, 2, 0, 0, 2, 4, 5, 0xb4));
    ck_assert_uint_eq(s.opts, 0);
}
END_TEST

START_TEST(test_window_scale_is_clamped)
{
    struct tcp_seg s;

    ck_assert(TAKES(&s, 3, 3, 200, 1));
    ck_assert_uint_eq(s.wscale, TCP_WSCALE_MAX); /* RFC 7323 2.3 */
}
END_TEST

START_TEST(test_reserved_bits_are_ignored)
{
    uint8_t p[TCP_BYTES] = {[12] = 5 << 4 | 0xf, [13] = 0xff};
    struct tcp_hdr h;

    ck_assert(parse(&h, p, sizeof(p)));
    ck_assert_uint_eq(h.seg.flags, 0xff);
}
END_TEST

/* Anything at all: the parser neither reads too far nor loops. */
START_TEST(test_random_bytes)
{
    uint8_t *p = malloc(64);
    struct tcp_hdr h;

    srand((unsigned)_i);
    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)rand() % 64;
        uint8_t *exact = malloc(n);

        for (size_t k = 0; k < n; k++)
            exact[k] = (uint8_t)(rand() >> 3);
        if (n > 20 && rand() % 2)
            for (size_t k = 20; k < n; k++)
                exact[k] %= 11;
        if (parse(&h, exact, n)) {
            ck_assert_uint_le(h.hdr_len + h.seg.len, n);
            ck_assert_uint_le(h.seg.nsack, TCP_SACKS_MAX);
        }
        free(exact);
    }
    free(p);
}
END_TEST

TCP_SUITE("wire tcp", LOOP(test_what_is_written_is_read, 0, 16 * 5),
          TEST(test_timestamp_alone_is_in_the_usual_place),
          TEST(test_checksum_and_urgent_pointer_are_zero),
          TEST(test_lengths_that_contradict_each_other),
          TEST(test_must_7_illegal_option_lengths),
          TEST(test_must_6_unknown_options_are_skipped),
          TEST(test_end_of_options_ends_them),
          TEST(test_window_scale_is_clamped),
          TEST(test_reserved_bits_are_ignored), LOOP(test_random_bytes, 0, 4))
