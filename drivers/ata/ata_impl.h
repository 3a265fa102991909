/* SPDX-License-Identifier: ISC */
/*
 * ata_impl.h - shared by ata.c, which runs, and ata_start.c, which starts.
 */
#ifndef ATA_IMPL_H
#define ATA_IMPL_H

#include <ata/ata.h>
#include <base/bytes.h>

enum { STATUS_ERR = 1, STATUS_DRQ = 8, STATUS_DF = 0x20, STATUS_BSY = 0x80 };
enum { CONTROL_QUIET = 2, CONTROL_RESET = 4 }; /* no interrupts; a reset */
enum {
    COMMAND_PACKET = 0xa0,
    COMMAND_IDENTIFY_PACKET = 0xa1,
    CDB_BYTES = 16 /* at most; 12 as a rule */
};

struct ata {
    struct blk blk;
    struct ata_channel *channel;
    uint8_t device;       /* bits of the device register */
    uint8_t packet_bytes; /* 12 or 16 */
    enum ata_state { ATA_RESTS, ATA_WAITS, ATA_ASKED, ATA_TOLD } state;
    uint8_t cdb[CDB_BYTES];
    struct mspan data; /* for the answer */
    size_t done;       /* bytes of it */
};

/* A SCSI command; ata_step() takes it further until it is over. */
void ata_ask(struct ata *, const uint8_t *cdb, size_t n, struct mspan data);

enum ata_result { ATA_GOES_ON, ATA_GOOD, ATA_BAD, ATA_LIES };
MUST_USE enum ata_result ata_step(struct ata *);

/* The other device answers no more; 400 ns go by. */
void ata_select(struct ata *);
/* Both devices of the channel forget what they were doing. */
void ata_reset(struct ata *);

extern const struct blk_ops ata_ops;

#endif
