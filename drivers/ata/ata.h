/* SPDX-License-Identifier: ISC */
/*
 * ata.h - CDs on an IDE channel, to be read: ATAPI by programmed input, for
 * that is where older machines (QEMU's pc) give a config disk.
 */
#ifndef ATA_ATA_H
#define ATA_ATA_H

#include <disk/blk_impl.h>

/* Registers of a channel by number; the last is of its control block. */
enum ata_reg {
    ATA_FEATURES = 1,
    ATA_ERROR = 1,
    ATA_REASON = 2,
    ATA_COUNT_LOW = 4,
    ATA_COUNT_HIGH = 5,
    ATA_DEVICE = 6,
    ATA_STATUS = 7,
    ATA_COMMAND = 7,
    ATA_CONTROL = 8 /* read: the status, without a side effect */
};

/* Two devices share a channel, and one command is under way on it. */
struct ata_channel {
    uint8_t (*read)(struct ata_channel *, enum ata_reg);
    void (*write)(struct ata_channel *, enum ata_reg, uint8_t);
    /* The data register: words of 16 bits. */
    void (*in)(struct ata_channel *, uint8_t *to, size_t words);
    void (*out)(struct ata_channel *, const uint8_t *from, size_t words);
    struct ata *owner; /* whose command it is; the driver's */
    char name[BLK_DEVICE_BYTES];
};

enum { ATA_DEVICES = 2 };

/* Starts the CDs of a channel; at most `max` are written.  Whatever is not a
 * CD, or has none in it, is passed over. */
unsigned ata_attach(struct ata_channel *, const struct blk_host *,
                    struct blk **out, unsigned max);

/* Arena bytes that each CD takes at most. */
size_t ata_bytes(void);

#endif
