/* SPDX-License-Identifier: ISC */
/*
 * fmt.h - text from values, without libc: the printf subset that log.h names.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <billet/base.h>
#include <stdarg.h>

/* As snprintf: always terminates when size > 0; returns the bytes written
 * without the zero, which is less than `size` (it does NOT say how much a cut
 * text would have needed). */
size_t fmt(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t vfmt(char *out, size_t size, const char *format, va_list);
/* The same, but bytes below 0x20 and 0x7f that come from arguments (which a
 * stranger may have chosen) are written as '?'. */
size_t vfmt_clean(char *out, size_t size, const char *format, va_list);

/* Decimal digits of `v` at out, no zero; at most 20.  Returns how many. */
unsigned fmt_u64(char *out, uint64_t v);

/* Exactly a decimal number, no sign, no blanks; false when it is not or does
 * not fit. */
MUST_USE bool parse_u64(struct span text, uint64_t *out);

#endif
