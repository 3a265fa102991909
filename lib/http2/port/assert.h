/* SPDX-License-Identifier: ISC */
/*
 * assert.h - nghttp2's assertions are ours: always compiled in, and a panic
 * says which.  Stands before the C library's.
 */
#include <billet/base.h>

#undef assert
#define assert(claim) ASSERT(claim)
