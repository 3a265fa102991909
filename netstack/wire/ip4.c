/* SPDX-License-Identifier: ISC */
/*
 * ip4.c - IPv4 options; the rest of ip4.h is inline.
 */
#include "ip4.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_LSRR = 131, OPT_SSRR = 137 };

enum ip4_options ip4_options(struct span in)
{
    size_t at = 0;

    while (at < in.n && in.p[at] != OPT_END) {
        uint8_t kind = in.p[at];

        if (kind == OPT_NOP) {
            at++;
            continue;
        }
        if (in.n - at < 2 || in.p[at + 1] < 2 || in.p[at + 1] > in.n - at)
            return IP4_OPTIONS_BAD;
        if (kind == OPT_LSRR || kind == OPT_SSRR)
            return IP4_OPTIONS_ROUTE;
        at += in.p[at + 1];
    }
    return IP4_OPTIONS_SKIP;
}
