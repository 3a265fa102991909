/* SPDX-License-Identifier: ISC */
/*
 * scsi_impl.h - shared by scsi.c, which runs, and scsi_start.c, which starts.
 */
#ifndef VIRTIO_SCSI_IMPL_H
#define VIRTIO_SCSI_IMPL_H

#include <base/bytes.h>
#include <virtio/scsi.h>

enum { /* virtio 1.2, 5.6.2 */
       SCSI_CONTROL = 0,
       SCSI_EVENT = 1,
       SCSI_REQUEST = 2,
       SCSI_QUEUES = 3
};
enum {
    SCSI_RING = 128,  /* descriptors of requests to use at most */
    SCSI_IDLE = 2,    /* of the queues that are set up and not used */
    SCSI_HEADER = 51, /* bytes: unit, tag, three more, a command of 32 */
    SCSI_ANSWER = 108,
    SCSI_SENSE = 12, /* where it starts in an answer */
    SCSI_CDB = 19,
    SCSI_TARGETS = 32 /* asked; beyond: not seen */
};
enum { /* of an answer */
       SCSI_RESIDUAL = 4,
       SCSI_STATUS = 10,
       SCSI_RESPONSE = 11,
       SCSI_RESPONSE_MAX = 12, /* the last that means something */
       SCSI_CHECK = 2,         /* a status: see the sense */
       SCSI_ATTENTION = 6      /* a sense key: something happened, try again */
};

/* What the device reads and writes beside the data. */
struct scsi_frame {
    uint8_t header[64];
    uint8_t answer[128];
};

struct scsi_disk;
/* Ours: what the device cannot change. */
struct scsi_slot {
    struct scsi_disk *disk;
    uint8_t number;
};

struct scsi {
    struct virtio_dev *dev;
    struct vq control, event, q;
    uint32_t max_bytes;
};

struct scsi_disk {
    struct blk blk;
    struct scsi *scsi;
    uint8_t target;
    uint32_t again; /* slots that were shown a second time */
    struct scsi_slot slot[BLK_DEPTH];
    struct scsi_frame *frame; /* BLK_DEPTH of them, by slot */
};

/* The header of a frame, all zero but the unit. */
uint8_t *scsi_command(struct scsi_frame *, uint8_t target);
/* Frame and data into the ring.  False: it is full. */
MUST_USE bool scsi_add(struct scsi *, struct scsi_frame *, struct mspan data,
                       bool out, void *cookie);
void scsi_kick(struct scsi *);

extern const struct blk_ops virtio_scsi_ops;

#endif
