/* SPDX-License-Identifier: ISC */
/*
 * rtc.c - reading the CMOS clock.  It updates itself once a second and must
 * not be read meanwhile.
 */
#include "rtc.h"

#include <billet/machine.h>
#include <string.h>

#include "io.h"

enum { INDEX = 0x70, DATA = 0x71 };
enum {
    SECOND = 0,
    MINUTE = 2,
    HOUR = 4,
    DAY = 7,
    MONTH = 8,
    YEAR = 9,
    STATUS_A = 10,
    STATUS_B = 11,
    UPDATING = 0x80,
    TRIES = 16,  /* an update takes 2 ms at most */
    NAP_US = 300 /* asleep between two looks */
};

static uint8_t cmos(uint8_t at)
{
    out8(INDEX, at);
    return in8(DATA);
}

static struct rtc read_once(uint8_t century_at)
{
    struct rtc r = {.second = cmos(SECOND),
                    .minute = cmos(MINUTE),
                    .hour = cmos(HOUR),
                    .day = cmos(DAY),
                    .month = cmos(MONTH),
                    .year = cmos(YEAR),
                    .status_b = cmos(STATUS_B)};

    if (century_at && century_at < RTC_REGISTERS)
        r.century = cmos(century_at);
    return r;
}

uint64_t rtc_look(uint8_t century_at)
{
    struct rtc a, b;

    if (cmos(STATUS_A) & UPDATING)
        return 0;
    a = read_once(century_at);
    b = read_once(century_at);
    return memcmp(&a, &b, sizeof(a)) == 0 ? rtc_seconds(&a) : 0;
}

uint64_t rtc_read(uint8_t century_at)
{
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t seconds = rtc_look(century_at);

        if (seconds)
            return seconds;
        machine_wait(machine_now() + NAP_US * NS_PER_US);
    }
    return 0;
}
