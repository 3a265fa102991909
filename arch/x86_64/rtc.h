/* SPDX-License-Identifier: ISC */
/*
 * rtc.h - the time of day from the battery-backed clock.
 */
#ifndef X86_64_RTC_H
#define X86_64_RTC_H

#include <billet/base.h>

enum { RTC_REGISTERS = 128 };

/* What the clock's registers mean. */
struct rtc {
    uint8_t second, minute, hour, day, month, year, century; /* as they are */
    uint8_t status_b; /* bit 2: binary, else BCD; bit 1: 24 hours */
};

/* Seconds since 1970, or 0 when this is no date.  A century that makes no
 * sense, 0 for one, is taken as the one that puts the year at or after 2000. */
uint64_t rtc_seconds(const struct rtc *);

/* The same at once: 0 while the clock updates itself, for 2 ms in a second at
 * most. */
uint64_t rtc_look(uint8_t century_at);

/* Read the clock; register `century_at` holds the century, 0: none does.
 * 0 when there is no clock. */
uint64_t rtc_read(uint8_t century_at);

#endif
