/* SPDX-License-Identifier: ISC */
/*
 * slots.h - two places for an application on a disk, and the block that tells
 * the boot loader which.
 *
 * The block is the first sector of GRUB's environment, a file of text.  It says
 * which slot is kept, and whether the other one is to be tried once: the boot
 * loader spends that try, on the disk, before it boots it.  So each change of
 * mind is one write of one sector, and after any write, or half of the writes
 * of an image, the disk boots what it says.
 */
#ifndef UPDATE_SLOTS_H
#define UPDATE_SLOTS_H

#include <billet/blk.h>
#include <billet/files.h>

enum { SLOTS = 2, SLOTS_DIGEST_BYTES = 32 };

struct boot_block {
    unsigned keep;     /* the slot that is booted, 0 or 1 */
    bool try;          /* once the other one */
    uint64_t sequence; /* the highest that was ever to be tried */
};

/* False: it is none of ours; the boot loader then takes slot 0. */
MUST_USE bool boot_block_parse(struct boot_block *,
                               const uint8_t in[BLK_SECTOR_BYTES]);
void boot_block_write(const struct boot_block *, uint8_t out[BLK_SECTOR_BYTES]);

struct slots {
    enum err (*io)(struct slots *, enum blk_op, uint64_t sector, struct mspan);
    struct env *env;
    struct blk *blk;
    uint64_t block;       /* sectors: where the block is, */
    uint64_t slot[SLOTS]; /* and where each slot begins */
    uint64_t bytes;       /* of a slot */
    _Alignas(64) uint8_t sector[BLK_SECTOR_BYTES];
};

/* Waits.  The slots of a disk.  E_NOENT: it has none. */
MUST_USE enum err slots_find(struct slots *, struct env *, struct blk *,
                             struct files *scratch);

/* The following wait as well. */
MUST_USE enum err slots_read(struct slots *, struct boot_block *);

/* Writes an image, whose memory is whole sectors and is overwritten: what the
 * disk gives back must have that SHA-256, else E_IO.  The image has `n` bytes.
 */
MUST_USE enum err slots_put(struct slots *, unsigned slot, struct mspan memory,
                            size_t n, const uint8_t digest[SLOTS_DIGEST_BYTES]);

/* From now on the other slot is to be tried. */
MUST_USE enum err slots_try(struct slots *, uint64_t sequence);

/* This one is kept. */
MUST_USE enum err slots_keep(struct slots *, unsigned slot);

#endif
