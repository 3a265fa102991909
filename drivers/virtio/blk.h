/* SPDX-License-Identifier: ISC */
/*
 * blk.h - virtio disks: apart from virtio.h, for only images with disks link
 * them.
 */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include <disk/blk_impl.h>
#include <virtio/virtio.h>

/*
 * Starts a virtio-blk device.  NULL when the arena is too small; otherwise a
 * disk, which has `failed` set and `failure` filled in when the device was
 * found to lie or to be dead.
 */
struct blk *virtio_blk_attach(struct virtio_dev *, const struct blk_host *);

/* Arena bytes that it takes at most, as virtio_net_bytes(). */
size_t virtio_blk_bytes(void);

#endif
