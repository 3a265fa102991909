/* SPDX-License-Identifier: ISC */
/*
 * scsi.h - disks behind virtio-scsi: one for each target that has one.
 */
#ifndef VIRTIO_SCSI_H
#define VIRTIO_SCSI_H

#include <disk/blk_impl.h>
#include <virtio/virtio.h>

/* Starts a controller and the disks and CDs of it: the first unit of each of
 * its first targets.  At most `max` are written; a disk that was found to lie
 * has `failed` set.  What is wrong with the controller itself is
 * virtio_dev.failure. */
unsigned virtio_scsi_attach(struct virtio_dev *, const struct blk_host *,
                            struct blk **out, unsigned max);

/* Arena bytes that the controller takes at most, and each disk. */
size_t virtio_scsi_bytes(void);
size_t virtio_scsi_disk_bytes(void);

#endif
