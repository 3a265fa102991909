/* SPDX-License-Identifier: ISC */
#include "input.h"

#include <stdio.h>
#include <string.h>

struct span fuzz_in;

_Noreturn void fuzz_broken(int line, const char *claim)
{
    fprintf(stderr, "line %d: not so: %s\n", line, claim);
    abort();
}

uint8_t take8(void)
{
    if (fuzz_in.n == 0)
        return 0;
    fuzz_in.n--;
    return *fuzz_in.p++;
}

uint16_t take16(void)
{
    uint8_t high = take8();

    return (uint16_t)(high << 8 | take8());
}

uint32_t take32(void)
{
    uint32_t high = take16();

    return high << 16 | take16();
}

size_t take_bytes(uint8_t *to, size_t most)
{
    size_t n = take16() % (most + 1);

    n = n < fuzz_in.n ? n : fuzz_in.n;
    if (n > 0)
        memcpy(to, fuzz_in.p, n);
    fuzz_in.p += n;
    fuzz_in.n -= n;
    return n;
}

int fuzz_either(struct span input, void (*even)(void), void (*odd)(void))
{
    if (input.n == 0)
        return 0;
    fuzz_in = (struct span){input.p + 1, input.n - 1};
    (input.p[0] & 1 ? odd : even)();
    return 0;
}
