/* SPDX-License-Identifier: ISC */
/*
 * blk.h - a block device: a disk, or a partition of one.
 *
 *     BILLET_APP(start, .name = "shop", .blks = {"state", "seed?"});
 *     BILLET_DISKS;
 *     ... struct blk *disk = env->blk[0]; ...
 *
 * The caller owns a request and its memory until `done` runs, which is never
 * from inside blk_submit() and happens exactly once, also when the device
 * fails or falls silent (docs/disks.md).
 */
#ifndef BILLET_BLK_H
#define BILLET_BLK_H

#include <billet/loop.h>
#include <billet/metrics.h>

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD };

enum {
    BLK_SECTOR_BYTES = 512,
    BLK_BLOCK_MAX = 4096,  /* the largest block that a disk may have */
    BLK_ALIGN = 16,        /* of a request's memory */
    BLK_DEPTH = 32,        /* requests that a disk has; beyond: E_FULL */
    BLK_BYTES_MAX = 65536, /* of one request; blk.max_bytes may be less */
    BLK_SERIAL_BYTES = 41, /* with its zero */
    BLK_DEVICE_BYTES = 48,
};

struct blk_req {
    struct blk_req *next; /* the disk's, while it has the request */
    enum blk_op op;
    uint64_t sector;   /* in units of 512 bytes, a multiple of a block */
    struct mspan data; /* of a read or a write: whole blocks, 1 at least */
    uint32_t sectors;  /* of a discard: how many */
    enum err status;   /* valid once done */
    void (*done)(struct blk_req *);
    void *user; /* the caller's */
};

#define BLK_METRICS(X)                                                         \
    X(COUNTER, reads, "", "Reads done")                                        \
    X(COUNTER, read_bytes, "", "Bytes read")                                   \
    X(COUNTER, writes, "", "Writes done")                                      \
    X(COUNTER, written_bytes, "", "Bytes written")                             \
    X(COUNTER, flushes, "", "Flushes done")                                    \
    X(COUNTER, discards, "", "Discards done")                                  \
    X(COUNTER, errors, "", "Requests that the disk failed")                    \
    X(COUNTER, timeouts, "", "Requests that were never answered")              \
    X(COUNTER, refusals, "",                                                   \
      "Requests refused because too many were under "                          \
      "way")                                                                   \
    X(GAUGE, in_flight, "", "Requests under way")
METRICS_STRUCT(blk, BLK_METRICS);

struct blk_ops;

struct blk {
    const struct blk_ops *ops;
    uint64_t sectors;     /* 512 bytes each; a multiple of block_size */
    uint32_t block_size;  /* 512, 1024, 2048 or 4096 */
    uint32_t max_bytes;   /* of one request */
    uint32_t max_discard; /* sectors of one discard; 0: any number */
    bool read_only;
    bool has_flush;   /* else what was written is safe once it is done */
    bool has_discard; /* else a discard is done without doing anything */
    bool failed;      /* for good; `failure` says why, for the log */
    bool polled;      /* has no interrupt that works */
    bool dirty;       /* written since the last flush */
    uint8_t depth;    /* requests it may have, BLK_DEPTH at most */
    const char *failure;
    char device[BLK_DEVICE_BYTES]; /* "virtio-blk-pci 00:03.0" */
    char serial[BLK_SERIAL_BYTES]; /* as the host named it, or "" */
    struct blk_metrics counters;

    /* lib/disk's own */
    struct blk_req *slot[BLK_DEPTH];
    ns_t due[BLK_DEPTH]; /* of a slot that was shown to the device */
    uint32_t fresh;      /* slots that were not yet */
    ns_t timeout;
    struct blk_req *ended, **ended_tail;
};

/*
 * Hands a request over; nothing is shown to the device before the end of the
 * turn.  E_FULL: too many are under way, try again when one is done.  E_INVAL:
 * outside the disk, not whole blocks, too large, ill aligned.  E_REFUSED: a
 * write to a disk that is read-only.  E_IO: the disk has failed.  No done()
 * follows any of these.
 *
 * A status may be OK, E_IO, E_TIMEOUT (never answered; the disk has failed).
 * Requests are done in any order: only a flush, submitted after a write was
 * done, makes that write safe.
 */
MUST_USE enum err blk_submit(struct blk *, struct blk_req *);

/* The same in blocking form, on a fiber; as many bytes as there are, a multiple
 * of a block.  Waits, and a cancelled fiber waits as well: the device has the
 * memory. */
struct env;
MUST_USE enum err blk_read(struct env *, struct blk *, uint64_t sector,
                           struct mspan into);
MUST_USE enum err blk_write(struct env *, struct blk *, uint64_t sector,
                            struct span from);
MUST_USE enum err blk_flush(struct env *, struct blk *);

#endif
