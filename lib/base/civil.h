/* SPDX-License-Identifier: ISC */
/*
 * civil.h - days since 1970 as year, month and day, and back.
 */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include <billet/base.h>

enum { CIVIL_DAY = 86400 /* seconds */ };

struct civil {
    uint64_t year;
    unsigned month, day; /* from 1 */
};

struct civil civil_of(uint64_t unix_days);
uint64_t civil_days(struct civil);

#endif
