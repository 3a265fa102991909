/* SPDX-License-Identifier: ISC */
/*
 * tcp.c - TCP headers: reading and writing.
 */
#include "tcp.h"

enum {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_OK = 4,
    KIND_SACK = 5,
    KIND_TS = 8,
    KIND_UTO = 28
};

/* What nearly every segment carries: NOP, NOP, timestamps (RFC 7323 A). */
#define TS_ALONE UINT32_C(0x0101080a)
enum { TS_ALONE_BYTES = 12, UTO_BYTES = 4 };

static bool take_sack(struct tcp_seg *s, const uint8_t *p, unsigned n)
{
    unsigned blocks = (n - 2) / 8;

    if (n != 2 + 8 * blocks || blocks == 0 || blocks > TCP_SACKS_MAX)
        return false;
    for (unsigned i = 0; i < blocks; i++)
        s->sack[i] = (struct seq_range){.start = be32(p + 2 + 8 * i),
                                        .end = be32(p + 6 + 8 * i)};
    s->nsack = (uint8_t)blocks;
    return true;
}

/* One option of `n` bytes in all, 2 at least.  False: known, but of a length
 * that it cannot have. */
static bool take_option(struct tcp_seg *s, const uint8_t *p, unsigned n)
{
    switch (p[0]) {
    case KIND_MSS:
        if (n != 4)
            return false;
        s->mss = be16(p + 2);
        s->opts |= TCP_OPT_MSS;
        return true;
    case KIND_WSCALE:
        if (n != 3)
            return false;
        s->wscale = p[2] > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : p[2];
        s->opts |= TCP_OPT_WSCALE;
        return true;
    case KIND_SACK_OK:
        s->opts |= TCP_OPT_SACK_OK;
        return n == 2;
    case KIND_TS:
        if (n != 10)
            return false;
        s->tsval = be32(p + 2);
        s->tsecr = be32(p + 6);
        s->opts |= TCP_OPT_TS;
        return true;
    case KIND_SACK:
        return take_sack(s, p, n);
    case KIND_UTO:
        if (n != 4)
            return false;
        s->uto = be16(p + 2);
        s->opts |= TCP_OPT_UTO;
        return true;
    default:
        return true; /* MUST-6: ignore what is not known */
    }
}

/* RFC 9293 3.2: MUST-5, MUST-6, MUST-7, MUST-68. */
static bool take_options(struct tcp_seg *s, const uint8_t *p,
                         const uint8_t *end)
{
    while (p != end && *p != KIND_END) {
        unsigned n;

        if (*p == KIND_NOP) {
            p++;
            continue;
        }
        if (end - p < 2)
            return false;
        n = p[1];
        if (n < 2 || n > (size_t)(end - p) || !take_option(s, p, n))
            return false;
        p += n;
    }
    return true;
}

bool tcp_parse(struct tcp_hdr *h, struct span in, uint32_t len)
{
    struct tcp_seg *s = &h->seg;
    const uint8_t *p = in.p;
    unsigned n;

    if (in.n < TCP_BYTES || len < TCP_BYTES)
        return false;
    n = (unsigned)p[12] >> 4 << 2;
    if (n < TCP_BYTES || n > len || n > in.n)
        return false;
    h->src = be16(p);
    h->dst = be16(p + 2);
    h->hdr_len = n;
    s->seq = be32(p + 4);
    s->ack = be32(p + 8);
    s->len = len - n;
    s->wnd = be16(p + 14);
    s->flags = p[13];
    s->ce = s->ect = false;
    s->opts = 0;
    s->nsack = 0;
    if (n == TCP_BYTES)
        return true;
    if (n == TCP_BYTES + TS_ALONE_BYTES && be32(p + 20) == TS_ALONE) {
        s->opts = TCP_OPT_TS;
        s->tsval = be32(p + 24);
        s->tsecr = be32(p + 28);
        return true;
    }
    return take_options(s, p + TCP_BYTES, p + n);
}

static unsigned option_bytes(const struct tcp_seg *s)
{
    unsigned n = 0;

    if (s->opts & TCP_OPT_MSS)
        n += 4;
    if (s->opts & TCP_OPT_SACK_OK)
        n += 2;
    if (s->opts & TCP_OPT_TS)
        n += 10;
    if (s->opts & TCP_OPT_WSCALE)
        n += 3;
    if (s->opts & TCP_OPT_UTO)
        n += UTO_BYTES;
    if (s->nsack)
        n += 2 + 8u * s->nsack;
    return n;
}

unsigned tcp_emit_bytes(const struct tcp_seg *s)
{
    if (s->opts == TCP_OPT_TS && s->nsack == 0)
        return TCP_BYTES + TS_ALONE_BYTES;
    return TCP_BYTES + ((option_bytes(s) + 3) & ~3u);
}

static uint8_t *put_ts(uint8_t *p, const struct tcp_seg *s)
{
    p[0] = KIND_TS;
    p[1] = 10;
    put_be32(p + 2, s->tsval);
    put_be32(p + 6, s->tsecr);
    return p + 10;
}

static uint8_t *put_sack(uint8_t *p, const struct tcp_seg *s)
{
    p[0] = KIND_SACK;
    p[1] = (uint8_t)(2 + 8 * s->nsack);
    p += 2;
    for (unsigned i = 0; i < s->nsack; i++, p += 8) {
        put_be32(p, s->sack[i].start);
        put_be32(p + 4, s->sack[i].end);
    }
    return p;
}

/* The padding goes in front, so that with two bytes of it a timestamp alone
 * comes out as NOP, NOP, TS, which receivers look for. */
static void put_options(uint8_t *p, const uint8_t *end, const struct tcp_seg *s)
{
    for (unsigned pad = (unsigned)(end - p) - option_bytes(s); pad; pad--)
        *p++ = KIND_NOP;
    if (s->opts & TCP_OPT_MSS) {
        p[0] = KIND_MSS;
        p[1] = 4;
        put_be16(p + 2, s->mss);
        p += 4;
    }
    if (s->opts & TCP_OPT_SACK_OK) {
        p[0] = KIND_SACK_OK;
        p[1] = 2;
        p += 2;
    }
    if (s->opts & TCP_OPT_TS)
        p = put_ts(p, s);
    if (s->opts & TCP_OPT_WSCALE) {
        p[0] = KIND_WSCALE;
        p[1] = 3;
        p[2] = s->wscale;
        p += 3;
    }
    if (s->opts & TCP_OPT_UTO) {
        p[0] = KIND_UTO;
        p[1] = UTO_BYTES;
        put_be16(p + 2, s->uto);
        p += UTO_BYTES;
    }
    if (s->nsack)
        p = put_sack(p, s);
}

void tcp_emit(uint8_t *out, unsigned n, uint16_t src, uint16_t dst,
              const struct tcp_seg *s)
{
    put_be16(out, src);
    put_be16(out + 2, dst);
    put_be32(out + 4, s->seq);
    put_be32(out + 8, s->ack);
    out[12] = (uint8_t)(n << 2);
    out[13] = s->flags;
    put_be16(out + 14, s->wnd);
    put_be32(out + TCP_CSUM_AT, 0); /* the checksum and the urgent pointer */
    if (n == TCP_BYTES + TS_ALONE_BYTES && s->opts == TCP_OPT_TS &&
        s->nsack == 0) {
        put_be32(out + 20, TS_ALONE);
        put_be32(out + 24, s->tsval);
        put_be32(out + 28, s->tsecr);
    } else if (n > TCP_BYTES) {
        put_options(out + TCP_BYTES, out + n, s);
    }
}
