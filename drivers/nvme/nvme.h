/* SPDX-License-Identifier: ISC */
/*
 * nvme.h - NVMe disks: the first namespace of a controller.
 */
#ifndef NVME_NVME_H
#define NVME_NVME_H

#include <bus/regs.h>

enum {
    NVME_CLASS = 0x010802, /* of PCI */
    NVME_BAR = 0,
    NVME_REGS_MIN = 0x1010 /* two queues' doorbells, the closest they can be */
};

/* Starts a controller.  NULL when the arena is too small; otherwise a disk,
 * which has `failed` set and `failure` filled in when the controller was found
 * to lie, to be dead or to be of no use here. */
struct blk *nvme_attach(struct regs *, const struct blk_host *);

/* Arena bytes that it takes at most. */
size_t nvme_bytes(void);

#endif
