/* SPDX-License-Identifier: ISC */
/*
 * ntp_case.h - answers of time servers.
 */
#ifndef NTP_CASE_H
#define NTP_CASE_H

#include "rig.h"

#define S    NS_PER_SEC
#define MS   ((int64_t)NS_PER_MS)
#define WALL UINT64_C(1700000000000000000) /* at monotonic time 0 */

static inline void put_stamp(uint8_t *p, uint64_t unix_ns)
{
    uint64_t s = unix_ns / S + UINT64_C(2208988800);

    put_be32(p, (uint32_t)s);
    put_be32(p + 4, (uint32_t)(((unix_ns % S) << 32) / S));
}

/* A good server's answer: it took the question and gave it back at once. */
static inline void put_answer(uint8_t b[NTP_BYTES], uint64_t cookie,
                              uint64_t wall)
{
    memset(b, 0, NTP_BYTES);
    b[0] = 4 << 3 | 4;
    b[1] = 2;
    b[3] = (uint8_t)-20;
    put_be32(b + 4, 0x100); /* 3.9 ms */
    put_be32(b + 8, 0x80);
    put_be64(b + 24, cookie);
    put_stamp(b + 32, wall);
    put_stamp(b + 40, wall);
}

#endif
