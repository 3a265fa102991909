/* SPDX-License-Identifier: ISC */
/*
 * kv_impl.h - the store without a disk: for kv_open() and tests.
 */
#ifndef STORE_KV_IMPL_H
#define STORE_KV_IMPL_H

#include <billet/kv.h>

/* Reads what is there, through kv.io, which is set, as are first and sectors.
 * As kv_open(). */
MUST_USE enum err kv_load(struct kv *, struct mspan memory);

#endif
