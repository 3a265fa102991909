/* SPDX-License-Identifier: ISC */
/*
 * packet.c - a CD behind AHCI, to be read: SCSI commands in packets of ATA.
 */
#include <ahci/ahci_impl.h>

enum {
    ATA_PACKET = 0xa0,
    ATA_IDENTIFY_PACKET = 0xa1,
    HEADER_PACKET = 0x20, /* the table has a packet */
    TABLE_PACKET = 0x40,  /* where */
    TRIES = 4             /* of a command while it wants to say something */
};
#define PACKET_NS (10 * NS_PER_SEC)

void ahci_packet(struct ahci *a, unsigned slot, const uint8_t *cdb, size_t n,
                 struct mspan data)
{
    uint8_t *table = a->table + (size_t)slot * AHCI_TABLE;

    ahci_command(a, slot, ATA_PACKET, UINT64_C(0xfffe) << 8, 0, data, false);
    table[3] = 1; /* by DMA */
    a->header[slot].flags |= HEADER_PACKET;
    memset(table + TABLE_PACKET, 0, 16);
    memcpy(table + TABLE_PACKET, cdb, n);
}

void ahci_packet_read(struct ahci *a, unsigned slot, uint64_t lba, uint32_t n,
                      struct mspan data)
{
    uint8_t cdb[12] = {0x28};

    put_be32(cdb + 2, (uint32_t)lba);
    put_be16(cdb + 7, (uint16_t)n);
    ahci_packet(a, slot, cdb, sizeof(cdb), data);
}

static bool is_over(void *user)
{
    struct ahci *a = user;

    return !(ahci_get(a, PORT_CI) & 1) ||
           ahci_get(a, PORT_IS) & (uint32_t)IS_ERRORS;
}

/* What is in slot 0, and its end.  False: an error; the port goes on. */
static bool ask(struct ahci *a, const struct blk_host *host)
{
    bool good;

    ahci_put(a, PORT_CI, 1);
    if (!regs_wait(host, PACKET_NS, is_over, a))
        return false;
    good = !(ahci_get(a, PORT_CI) & 1) && !(ahci_get(a, PORT_TFD) & TFD_ERR);
    if (!good) {
        if (!ahci_halt(a))
            return false;
        ahci_put(a, PORT_SERR, UINT32_MAX);
        ahci_put(a, PORT_IS, UINT32_MAX);
        (void)!ahci_go(a);
        return false;
    }
    ahci_put(a, PORT_IS, UINT32_MAX);
    return true;
}

/* The first answers of a CD are that it was switched on. */
static bool capacity(struct ahci *a, const struct blk_host *host)
{
    static const uint8_t cdb[12] = {0x25};

    for (unsigned i = 0; i < TRIES; i++) {
        ahci_packet(a, 0, cdb, sizeof(cdb), (struct mspan){a->page, 8});
        if (ask(a, host))
            return true;
    }
    return false;
}

const char *ahci_packet_identify(struct ahci *a, const struct blk_host *host)
{
    ahci_command(a, 0, ATA_IDENTIFY_PACKET, 0, 0,
                 (struct mspan){a->page, AHCI_PAGE_BYTES}, false);
    if (!ask(a, host))
        return "it does not say who it is";
    ahci_read_serial(a);
    a->empty = !capacity(a, host);
    if (a->empty)
        return "there is nothing in it";
    a->blk.block_size = be32(a->page + 4);
    if (a->blk.block_size > BLK_BLOCK_MAX)
        a->blk.block_size = 0; /* blk_init() has the words */
    a->blk.sectors =
        ((uint64_t)be32(a->page) + 1) * (a->blk.block_size / BLK_SECTOR_BYTES);
    a->blk.read_only = true;
    return NULL;
}
