/* SPDX-License-Identifier: ISC */
/*
 * csum.c - the Internet checksum (RFC 1071), 64 bits at a time.
 *
 * A one's complement sum may be taken over words of any multiple of 16 bits
 * and in either byte order, as long as every carry is added back in.
 */
#include <base/csum.h>
#include <string.h>

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t sum;
    bool carry = __builtin_add_overflow(a, b, &sum);

    return sum + carry;
}

/* The last n < 8 bytes, as if zeroes followed. */
static uint64_t tail(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    unsigned shift = 0;

    if (n & 4) {
        uint32_t four;

        memcpy(&four, p, sizeof(four));
        v = four;
        p += 4;
        shift = 32;
    }
    if (n & 2) {
        uint16_t two;

        memcpy(&two, p, sizeof(two));
        v |= (uint64_t)two << shift;
        p += 2;
        shift += 16;
    }
    if (n & 1)
        v |= (uint64_t)*p << shift;
    return v;
}

/* 64 bytes a round, one add-with-carry for each 8. */
static uint64_t add_64s(uint64_t sum, const uint8_t *p, const uint8_t *end)
{
    for (; p != end; p += 64) {
        unsigned long long s = sum;
        unsigned char c = 0;

        c = __builtin_ia32_addcarryx_u64(c, s, load64(p), &s);
        c = __builtin_ia32_addcarryx_u64(c, s, load64(p + 8), &s);
        c = __builtin_ia32_addcarryx_u64(c, s, load64(p + 16), &s);
        c = __builtin_ia32_addcarryx_u64(c, s, load64(p + 24), &s);
        c = __builtin_ia32_addcarryx_u64(c, s, load64(p + 32), &s);
        c = __builtin_ia32_addcarryx_u64(c, s, load64(p + 40), &s);
        c = __builtin_ia32_addcarryx_u64(c, s, load64(p + 48), &s);
        c = __builtin_ia32_addcarryx_u64(c, s, load64(p + 56), &s);
        sum = add(s, c);
    }
    return sum;
}

uint64_t csum_add(uint64_t sum, const void *bytes, size_t n, bool odd)
{
    const uint8_t *p = bytes, *end = p + (n & ~(size_t)63);
    uint64_t part = add_64s(0, p, end);

    for (p = end, n &= 63; n >= 8; p += 8, n -= 8)
        part = add(part, load64(p));
    if (n)
        part = add(part, tail(p, n));
    /* Bytes behind an odd number of others stand in the other half of their
     * 16-bit word: turning the whole sum by 8 bits moves each there. */
    if (odd)
        part = part << 8 | part >> 56;
    return add(sum, part);
}

uint16_t csum_fold(uint64_t sum)
{
    sum = (sum >> 32) + (uint32_t)sum;
    sum = (sum >> 32) + (uint32_t)sum;
    sum = (sum >> 16) + (uint16_t)sum;
    sum = (sum >> 16) + (uint16_t)sum;
    return __builtin_bswap16((uint16_t)sum);
}
