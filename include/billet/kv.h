/* SPDX-License-Identifier: ISC */
/*
 * kv.h - a few values under names that outlive the power: an account, a
 * certificate, leases.
 *
 *     kv_open(env, disk, memory, &kv);
 *     kv_put(&kv, "acme/account", key);
 *     err = kv_commit(&kv);
 *
 * All of it is in memory, and is written as a whole, to one of two places in
 * turn.  So when the power goes at any moment, what is found afterwards is all
 * of the last commit that was done, or all of the one that was under way.
 */
#ifndef BILLET_KV_H
#define BILLET_KV_H

#include <billet/blk.h>

enum {
    KV_KEY_MAX = 128,       /* bytes of a name */
    KV_HEADER_BYTES = 4096, /* on the disk, before each of the two places */
    KV_MEMORY_MIN = 4096,
    KV_MEMORY_MAX = 16 << 20
};

struct kv {
    enum err (*io)(struct kv *, enum blk_op, uint64_t sector, struct mspan);
    struct env *env;
    struct blk *blk;
    uint64_t first, sectors; /* of the disk; both 0 before kv_open(): all */
    struct mspan memory;     /* the records, one behind the other */
    size_t used;
    uint64_t sequence; /* of the last commit */
    uint8_t place;     /* where that is: 0 or 1 */
    bool busy, dirty;  /* a commit is under way; there is something for one */
    bool read_only;
    _Alignas(64) uint8_t header[KV_HEADER_BYTES];
};

/*
 * Waits.  `memory` is the caller's for as long as the store is used: a multiple
 * of 4096 bytes, aligned to 16; the disk needs twice as much and 8 KiB.  A part
 * of a disk is taken by setting kv.first and kv.sectors before (files_part()).
 * A disk that is all zero at its start becomes a store.
 *
 * E_REFUSED: something else is on it.  E_PROTO: it was a store, and nothing
 * of it can be read.  E_FULL: what is there is more than `memory` holds.
 * E_INVAL: the disk is too small.
 */
MUST_USE enum err kv_open(struct env *, struct blk *, struct mspan memory,
                          struct kv *);

/* Waits.  Makes an empty store of whatever is there. */
MUST_USE enum err kv_format(struct kv *);

/* NULL `p`: there is none.  Valid until the next change. */
struct span kv_get(const struct kv *, const char *name);

/* In memory.  E_FULL: no room, nothing is changed.  E_AGAIN: a commit is under
 * way.  E_INVAL: a name that is empty or too long. */
MUST_USE enum err kv_put(struct kv *, const char *name, struct span value);
/* E_NOENT: there was none. */
MUST_USE enum err kv_remove(struct kv *, const char *name);

/* Waits.  OK: all is on the disk, and safe.  Else it may be, or what was there
 * before is; a later commit tries again.  E_AGAIN: one is under way.
 * E_REFUSED: the disk is read-only. */
MUST_USE enum err kv_commit(struct kv *);

/* The records one by one; *cursor is 0 at first.  False: no more. */
bool kv_next(const struct kv *, size_t *cursor, struct span *name,
             struct span *value);

#endif
