/* SPDX-License-Identifier: ISC */
/*
 * civil.c - see civil.h.
 *
 * Days are counted in years that begin in March, so that the day that comes
 * and goes is the last of its year.
 */
#include "civil.h"

enum { ERA_DAYS = 146097, EPOCH_DAYS = 719468 };

struct civil civil_of(uint64_t unix_days)
{
    uint64_t z = unix_days + EPOCH_DAYS, era = z / ERA_DAYS;
    unsigned doe = (unsigned)(z % ERA_DAYS); /* of the 400 years */
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153; /* 0 is March */
    struct civil c = {.year = yoe + era * 400,
                      .month = mp < 10 ? mp + 3 : mp - 9,
                      .day = doy - (153 * mp + 2) / 5 + 1};

    c.year += c.month <= 2;
    return c;
}

uint64_t civil_days(struct civil c)
{
    uint64_t y = c.year - (c.month <= 2), era = y / 400;
    unsigned yoe = (unsigned)(y % 400);
    unsigned mp = c.month > 2 ? c.month - 3 : c.month + 9;
    unsigned doy = (153 * mp + 2) / 5 + c.day - 1;
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * ERA_DAYS + doe - EPOCH_DAYS;
}
