/* SPDX-License-Identifier: ISC */
/*
 * processor.c - which instructions wolfSSL may use; in place of its cpuid.c.
 *
 * That takes each bit of CPUID by itself.  Its code does not: what is written
 * with AES instructions has a carry-less product beside them, what is written
 * for AVX2 has AVX.  Who masks the bits of a virtual processor may leave one
 * without the other.
 */
#include "processor.h"

enum {
    LEAF_FEATURES = 1,
    LEAF_MORE_FEATURES = 7,
    XCR0_VECTORS = 1 << 1 | 1 << 2 /* XMM and YMM are saved */
};

/* Bits of leaf 1, ECX. */
#define C_PCLMUL  (1u << 1)
#define C_SSSE3   (1u << 9)
#define C_SSE41   (1u << 19)
#define C_MOVBE   (1u << 22)
#define C_AES     (1u << 25)
#define C_OSXSAVE (1u << 27)
#define C_AVX     (1u << 28)
/* Bits of leaf 7, EBX. */
#define B_BMI1 (1u << 3)
#define B_AVX2 (1u << 5)
#define B_BMI2 (1u << 8)
#define B_ADX  (1u << 19)
#define B_SHA  (1u << 29)

static bool has(uint32_t word, uint32_t bits)
{
    return (word & bits) == bits;
}

cpuid_flags_t processor_flags(uint32_t leaf1_c, uint32_t leaf7_b, uint32_t xcr0)
{
    bool sse = has(leaf1_c, C_SSSE3 | C_SSE41);
    bool avx =
        sse && has(leaf1_c, C_OSXSAVE | C_AVX) && has(xcr0, XCR0_VECTORS);
    bool avx2 = avx && has(leaf7_b, B_AVX2);
    cpuid_flags_t flags = 0;

    flags |= avx ? CPUID_AVX1 : 0;
    flags |= avx2 ? CPUID_AVX2 : 0;
    flags |= sse && has(leaf1_c, C_AES | C_PCLMUL) ? CPUID_AESNI : 0;
    flags |= sse && has(leaf7_b, B_SHA) ? CPUID_SHA : 0;
    flags |= has(leaf1_c, C_MOVBE) ? CPUID_MOVBE : 0;
    flags |= has(leaf7_b, B_BMI1) ? CPUID_BMI1 : 0;
    flags |= has(leaf7_b, B_BMI2) ? CPUID_BMI2 : 0;
    /* Curve25519 with it is written for AVX2 without asking. */
    flags |= avx2 && has(leaf7_b, B_ADX) ? CPUID_ADX : 0;
    return flags;
}

struct leaf {
    uint32_t a, b, c, d;
};

static struct leaf ask(uint32_t leaf)
{
    struct leaf r;

    __asm__("cpuid"
            : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
            : "a"(leaf), "c"(0));
    return r;
}

static uint32_t read_xcr0(void)
{
    uint32_t low, high;

    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

cpuid_flags_t cpuid_get_flags(void)
{
    static cpuid_flags_t flags = WC_CPUID_INITIALIZER;

    if (flags == WC_CPUID_INITIALIZER) {
        uint32_t c = ask(LEAF_FEATURES).c, b = 0;

        if (ask(0).a >= LEAF_MORE_FEATURES)
            b = ask(LEAF_MORE_FEATURES).b;
        flags = processor_flags(c, b, c & C_OSXSAVE ? read_xcr0() : 0);
    }
    return flags;
}
