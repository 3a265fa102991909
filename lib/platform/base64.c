/* SPDX-License-Identifier: ISC */
/*
 * base64.c - base64 as metadata services write it.
 */
#include <platform/settings.h>

static int digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool base64_decode(struct span in, struct mspan out, size_t *n)
{
    uint32_t bits = 0;
    unsigned have = 0, digits = 0, padding = 0;
    size_t got = 0;

    for (size_t i = 0; i < in.n; i++) {
        int d = digit(in.p[i]);

        if (is_blank(in.p[i]))
            continue;
        if (in.p[i] == '=' && padding < 2) {
            padding++;
            continue;
        }
        if (d < 0 || padding > 0)
            return false;
        digits++;
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have < 8)
            continue;
        if (got == out.n)
            return false;
        have -= 8;
        out.p[got++] = (uint8_t)(bits >> have);
    }
    /* What is left over is less than a byte, and the padding fits to it. */
    if (digits % 4 == 1 || (padding > 0 && (digits + padding) % 4 != 0))
        return false;
    *n = got;
    return true;
}
