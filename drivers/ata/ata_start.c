/* SPDX-License-Identifier: ISC */
/*
 * ata_start.c - finding the CDs of an IDE channel.
 */
#include <ata/ata_impl.h>
#include <base/fmt.h>
#include <bus/regs.h>

enum {
    WORDS = 256, /* of an identity */
    KIND_MASK = 0xdf00,
    KIND_CD = 0x8500, /* takes packets, and is a CD */
    SENSE_BYTES = 18,
    TRIES = 5 /* of a command while it wants to say something */
};
#define IDENTIFY_NS NS_PER_SEC
#define PACKET_NS   (10 * NS_PER_SEC)

struct waiting {
    struct ata *ata;
    enum ata_result result;
};

static bool is_over(void *user)
{
    struct waiting *w = user;

    for (unsigned i = 0; i < 4 && w->result == ATA_GOES_ON; i++)
        w->result = ata_step(w->ata);
    return w->result != ATA_GOES_ON;
}

static bool run(struct ata *a, const struct blk_host *host, const uint8_t *cdb,
                struct mspan data)
{
    struct waiting w = {.ata = a};

    ata_ask(a, cdb, 12, data);
    if (!regs_wait(host, PACKET_NS, is_over, &w) || w.result == ATA_LIES) {
        a->channel->owner = NULL;
        ata_reset(a);
        return false;
    }
    return w.result == ATA_GOOD;
}

static bool is_idle(void *user)
{
    struct ata *a = user;

    return !(a->channel->read(a->channel, ATA_CONTROL) & STATUS_BSY);
}

/* What is no CD does not know the command. */
static bool identify(struct ata *a, const struct blk_host *host)
{
    struct ata_channel *c = a->channel;
    uint8_t page[2 * WORDS], text[20], status;
    uint16_t kind;

    ata_select(a);
    status = c->read(c, ATA_CONTROL);
    if (status == 0 || status == 0xff || /* nobody */
        !regs_wait(host, IDENTIFY_NS, is_idle, a))
        return false;
    c->write(c, ATA_COMMAND, COMMAND_IDENTIFY_PACKET);
    ata_select(a);
    if (!regs_wait(host, IDENTIFY_NS, is_idle, a) ||
        (c->read(c, ATA_STATUS) & (STATUS_DRQ | STATUS_ERR | STATUS_DF)) !=
            STATUS_DRQ)
        return false;
    c->in(c, page, WORDS);
    kind = le16(page);
    if ((kind & KIND_MASK) != KIND_CD)
        return false;
    a->packet_bytes = kind & 3 ? CDB_BYTES : 12;
    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = page[(20 + i) ^ 1];
    blk_name(a->blk.serial, text, sizeof(text));
    return true;
}

/* The first answers of a CD are that it was switched on, or changed; it says so
 * until it is asked what it wants to say. */
static bool capacity(struct ata *a, const struct blk_host *host)
{
    static const uint8_t ask[12] = {0x25};
    static const uint8_t sense[12] = {3, 0, 0, 0, SENSE_BYTES};
    uint8_t answer[8], why[SENSE_BYTES];

    for (unsigned i = 0; i < TRIES; i++) {
        if (run(a, host, ask, (struct mspan){answer, sizeof(answer)})) {
            uint32_t block = be32(answer + 4);

            a->blk.block_size = block <= BLK_BLOCK_MAX ? block : 0;
            a->blk.sectors = ((uint64_t)be32(answer) + 1) *
                             (a->blk.block_size / BLK_SECTOR_BYTES);
            return true;
        }
        (void)!run(a, host, sense, (struct mspan){why, sizeof(why)});
    }
    return false;
}

static bool begin(struct ata *a, const struct blk_host *host)
{
    const char *why;

    if (!identify(a, host) || !capacity(a, host))
        return false;
    a->blk.read_only = true;
    a->blk.polled = true;
    a->blk.depth = 1;
    if ((why = blk_init(&a->blk))) {
        a->blk.failed = true;
        a->blk.failure = why;
    }
    return true;
}

size_t ata_bytes(void)
{
    return sizeof(struct ata) + _Alignof(struct ata);
}

unsigned ata_attach(struct ata_channel *c, const struct blk_host *host,
                    struct blk **out, unsigned max)
{
    unsigned n = 0;

    c->write(c, ATA_CONTROL, CONTROL_QUIET);
    for (unsigned i = 0; i < ATA_DEVICES && n < max; i++) {
        struct ata probe = {.blk = {.ops = &ata_ops},
                            .channel = c,
                            .device = (uint8_t)(0xa0 | i << 4)};
        struct ata *a;

        if (!begin(&probe, host) ||
            !(a = arena_try(host->arena, sizeof(*a), _Alignof(struct ata))))
            continue;
        *a = probe;
        if (!a->blk.failed)
            (void)!blk_init(&a->blk); /* which points into itself */
        fmt(a->blk.device, sizeof(a->blk.device), "%s unit %u", c->name, i);
        out[n++] = &a->blk;
    }
    return n;
}
