/* SPDX-License-Identifier: ISC */
/*
 * ata.c - requests of a CD on an IDE channel: a command, its packet, and the
 * answer in pieces of a size that the device says each time (ATA/ATAPI-6, 9.8).
 *
 * Interrupts stay off, for those of such a channel are shared in old ways; the
 * state is looked at instead.
 */
#include <ata/ata_impl.h>

enum {
    PIECE_MAX = 31 * 2048, /* of an answer; 16 bits, and even */
    REASON_PACKET = 1,     /* it wants a packet */
    REASON_IN = 2,         /* it gives, and does not take */
    SETTLE_READS = 5,      /* of 100 ns at least */
    RESET_READS = 60,
    STEPS_MAX = 16 /* at a time */
};

static struct ata *ata(struct blk *b)
{
    return CONTAINER(b, struct ata, blk);
}

static void settle(struct ata_channel *c, unsigned reads)
{
    for (unsigned i = 0; i < reads; i++)
        (void)c->read(c, ATA_CONTROL);
}

void ata_select(struct ata *a)
{
    a->channel->write(a->channel, ATA_DEVICE, a->device);
    settle(a->channel, SETTLE_READS);
}

void ata_reset(struct ata *a)
{
    struct ata_channel *c = a->channel;

    c->write(c, ATA_CONTROL, CONTROL_QUIET | CONTROL_RESET);
    settle(c, RESET_READS);
    c->write(c, ATA_CONTROL, CONTROL_QUIET);
    settle(c, RESET_READS);
}

void ata_ask(struct ata *a, const uint8_t *cdb, size_t n, struct mspan data)
{
    memset(a->cdb, 0, sizeof(a->cdb));
    memcpy(a->cdb, cdb, n);
    a->data = data;
    a->done = 0;
    a->state = ATA_WAITS;
}

static enum ata_result end(struct ata *a, enum ata_result result)
{
    a->state = ATA_RESTS;
    a->channel->owner = NULL;
    return result;
}

static enum ata_result begin(struct ata *a)
{
    struct ata_channel *c = a->channel;

    if (c->owner)
        return ATA_GOES_ON;
    ata_select(a);
    if (c->read(c, ATA_CONTROL) & (STATUS_BSY | STATUS_DRQ))
        return ATA_GOES_ON;
    c->owner = a;
    c->write(c, ATA_FEATURES, 0); /* no DMA */
    c->write(c, ATA_COUNT_LOW, PIECE_MAX & 0xff);
    c->write(c, ATA_COUNT_HIGH, PIECE_MAX >> 8);
    c->write(c, ATA_COMMAND, COMMAND_PACKET);
    settle(c, SETTLE_READS);
    a->state = ATA_ASKED;
    return ATA_GOES_ON;
}

static enum ata_result tell(struct ata *a)
{
    struct ata_channel *c = a->channel;

    if (!(c->read(c, ATA_REASON) & REASON_PACKET))
        return end(a, ATA_LIES);
    c->out(c, a->cdb, a->packet_bytes / 2);
    settle(c, SETTLE_READS);
    a->state = ATA_TOLD;
    return ATA_GOES_ON;
}

static enum ata_result take(struct ata *a)
{
    struct ata_channel *c = a->channel;
    size_t n = c->read(c, ATA_COUNT_LOW) | (size_t)c->read(c, ATA_COUNT_HIGH)
                                               << 8;

    if ((c->read(c, ATA_REASON) & (REASON_PACKET | REASON_IN)) != REASON_IN ||
        n == 0 || n % 2 != 0 || n > a->data.n - a->done)
        return end(a, ATA_LIES);
    c->in(c, a->data.p + a->done, n / 2);
    a->done += n;
    settle(c, SETTLE_READS);
    return ATA_GOES_ON;
}

enum ata_result ata_step(struct ata *a)
{
    uint8_t status;

    if (a->state == ATA_RESTS)
        return ATA_LIES;
    if (a->state == ATA_WAITS)
        return begin(a);
    status = a->channel->read(a->channel, ATA_STATUS);
    if (status & STATUS_BSY)
        return ATA_GOES_ON;
    if (status & (STATUS_ERR | STATUS_DF))
        return end(a, ATA_BAD);
    if (status & STATUS_DRQ)
        return a->state == ATA_ASKED ? tell(a) : take(a);
    if (a->state == ATA_ASKED)
        return ATA_GOES_ON;
    return end(a, a->done == a->data.n ? ATA_GOOD : ATA_BAD);
}

static bool start(struct blk *b, unsigned slot, const struct blk_req *r)
{
    uint8_t cdb[12] = {0x28};

    (void)slot; /* one at a time */
    put_be32(cdb + 2, (uint32_t)(r->sector / (b->block_size / 512)));
    put_be16(cdb + 7, (uint16_t)(r->data.n / b->block_size));
    ata_ask(ata(b), cdb, sizeof(cdb), r->data);
    return true;
}

static void poll(struct blk *b)
{
    enum ata_result result = ATA_GOES_ON;

    if (!blk_at(b, 0))
        return;
    for (unsigned i = 0; i < STEPS_MAX && result == ATA_GOES_ON; i++)
        result = ata_step(ata(b));
    if (result == ATA_LIES)
        blk_fail(b, "it gives other bytes than it was asked for");
    else if (result != ATA_GOES_ON)
        (void)!blk_finish(b, 0, result == ATA_GOOD ? OK : E_IO);
}

/* To show it is to look at it; it has no interrupt. */
static void kick(struct blk *b)
{
    poll(b);
}

static bool arm(struct blk *b)
{
    (void)b;
    return false;
}

/* It cannot reach memory.  Its neighbour waits no longer for it. */
static void stop(struct blk *b, const char *why)
{
    struct ata *a = ata(b);

    (void)why;
    a->state = ATA_RESTS;
    if (a->channel->owner && a->channel->owner != a)
        return;
    a->channel->owner = NULL;
    ata_reset(a);
}

const struct blk_ops ata_ops = {
    .start = start, .kick = kick, .poll = poll, .arm = arm, .stop = stop};
