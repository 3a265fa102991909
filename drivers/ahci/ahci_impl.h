/* SPDX-License-Identifier: ISC */
/*
 * ahci_impl.h - shared by ahci.c, which runs, and ahci_start.c, which starts.
 */
#ifndef AHCI_IMPL_H
#define AHCI_IMPL_H

#include <ahci/ahci.h>
#include <base/bytes.h>

enum { /* registers of the controller, AHCI 1.3.1, 3.1 */
       REG_CAP = 0x00,
       REG_GHC = 0x04,
       REG_IS = 0x08,
       REG_PI = 0x0c,
       GHC_IE = 2
};
#define GHC_AE (UINT32_C(1) << 31)

enum { /* of a port, 3.3 */
       PORT_CLB = 0x00,
       PORT_FB = 0x08,
       PORT_IS = 0x10,
       PORT_IE = 0x14,
       PORT_CMD = 0x18,
       PORT_TFD = 0x20,
       PORT_SIG = 0x24,
       PORT_SSTS = 0x28,
       PORT_SERR = 0x30,
       PORT_CI = 0x38,
       PORT_FIRST = 0x100,
       PORT_BYTES = 0x80
};
enum {
    CMD_ST = 1,
    CMD_SUD = 2,
    CMD_POD = 4,
    CMD_FRE = 0x10,
    CMD_FR = 0x4000,
    CMD_CR = 0x8000
};
enum { TFD_ERR = 1, TFD_DRQ = 8, TFD_BSY = 0x80 };
enum {
    IS_ERRORS = 0x78000000, /* task file, host bus, interface */
    IS_WANTED = 0x7800000f
};
enum { /* commands of ATA */
       ATA_READ = 0x25,
       ATA_WRITE = 0x35,
       ATA_FLUSH = 0xea,
       ATA_IDENTIFY = 0xec
};
enum {
    AHCI_TABLE = 256, /* bytes of a command's table, one piece of memory */
    AHCI_TABLE_PRD = 128,
    AHCI_PAGE_BYTES = 512,
    AHCI_STOP_READS = 100000 /* of a register until it says so; beyond: dead */
};

struct ahci_header {
    uint16_t flags, prds;
    uint32_t done; /* bytes moved, by the controller */
    uint64_t table;
    uint32_t spare[4];
};
_Static_assert(sizeof(struct ahci_header) == 32, "as the controller has it");

struct ahci {
    struct blk blk;
    struct regs *regs;
    bool packet, empty;         /* a CD; and there is none in it */
    unsigned port;              /* where its registers start */
    struct ahci_header *header; /* by slot */
    uint8_t *table;             /* AHCI_TABLE bytes each, by slot */
    uint8_t *page;              /* what is identified */
    uint32_t issued, fresh;     /* slots: shown, and not yet */
    uint32_t again;             /* to be shown one by one, after an error */
    enum ahci_state { AHCI_RUNS, AHCI_STOPS, AHCI_DRAINS } state;
};

static inline uint32_t ahci_get(struct ahci *a, unsigned at)
{
    return a->regs->read(a->regs, a->port + at);
}

static inline void ahci_put(struct ahci *a, unsigned at, uint32_t v)
{
    a->regs->write(a->regs, a->port + at, v);
}

/* A command into a slot: nothing is shown. */
void ahci_command(struct ahci *, unsigned slot, uint8_t op, uint64_t lba,
                  uint32_t blocks, struct mspan data, bool out);
/* The same with a SCSI command, for a CD (packet.c). */
void ahci_packet(struct ahci *, unsigned slot, const uint8_t *cdb, size_t n,
                 struct mspan data);
void ahci_packet_read(struct ahci *, unsigned slot, uint64_t lba, uint32_t n,
                      struct mspan data);
/* Serial number and size of a CD.  NULL, or what is wrong with it. */
MUST_USE const char *ahci_packet_identify(struct ahci *,
                                          const struct blk_host *);
void ahci_read_serial(struct ahci *);
/* Stop and start the port's engine.  False: it does not. */
MUST_USE bool ahci_halt(struct ahci *);
MUST_USE bool ahci_go(struct ahci *);

extern const struct blk_ops ahci_ops;

#endif
