/* SPDX-License-Identifier: ISC */
/*
 * csum.h - the Internet checksum (RFC 1071), 64 bits at a time.
 */
#ifndef BASE_CSUM_H
#define BASE_CSUM_H

#include <billet/base.h>

/* Add bytes to a running sum; start with 0.  `odd` is whether an odd number of
 * bytes went before.  The sum stays in host order: see csum_fold(). */
uint64_t csum_add(uint64_t sum, const void *p, size_t n, bool odd);
/* 16 bits, not complemented, as a value for put_be16(). */
uint16_t csum_fold(uint64_t sum);

#endif
