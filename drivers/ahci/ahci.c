/* SPDX-License-Identifier: ISC */
/*
 * ahci.c - requests of a SATA disk: commands that are not queued, which the
 * controller takes from its list one after the other.
 *
 * A request is over when the controller clears its bit.  Bits that were never
 * set are not looked at.  After an error nobody is believed: a controller stops
 * at the command that failed, but QEMU's (7.2) clears its bit and goes on.  So
 * all that was out is shown once more, one at a time.
 */
#include <ahci/ahci_impl.h>
#include <base/dma.h>

static struct ahci *ahci(struct blk *b)
{
    return CONTAINER(b, struct ahci, blk);
}

static void put64(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* The register FIS from host to device: 10.3.4 of SATA. */
static void put_fis(uint8_t *f, uint8_t op, uint64_t lba, uint32_t blocks)
{
    memset(f, 0, 64);
    f[0] = 0x27;
    f[1] = 0x80; /* a command */
    f[2] = op;
    f[7] = 0x40; /* by block number */
    for (unsigned i = 0; i < 3; i++) {
        f[4 + i] = (uint8_t)(lba >> 8 * i);
        f[8 + i] = (uint8_t)(lba >> 8 * (i + 3));
    }
    put_le16(f + 12, (uint16_t)blocks);
}

void ahci_command(struct ahci *a, unsigned slot, uint8_t op, uint64_t lba,
                  uint32_t blocks, struct mspan data, bool out)
{
    struct ahci_header *h = &a->header[slot];
    uint8_t *table = a->table + (size_t)slot * AHCI_TABLE;
    uint8_t *prd = table + AHCI_TABLE_PRD;

    put_fis(table, op, lba, blocks);
    memset(prd, 0, 16);
    if (data.n > 0) {
        put64(prd, dma_address(data.p));
        put64(prd + 8, (uint64_t)(data.n - 1) << 32);
    }
    *h = (struct ahci_header){.flags = 5, /* words of the FIS */
                              .prds = data.n > 0,
                              .table = dma_address(table)};
    if (out)
        h->flags |= 0x40;
}

static bool start(struct blk *b, unsigned slot, const struct blk_req *r)
{
    static const uint8_t ops[] = {[BLK_READ] = ATA_READ,
                                  [BLK_WRITE] = ATA_WRITE,
                                  [BLK_FLUSH] = ATA_FLUSH};
    struct ahci *a = ahci(b);
    uint32_t block = b->block_size / BLK_SECTOR_BYTES;

    if (r->op == BLK_FLUSH)
        ahci_command(a, slot, ATA_FLUSH, 0, 0, (struct mspan){0}, false);
    else if (a->packet)
        ahci_packet_read(a, slot, r->sector / block,
                         (uint32_t)(r->data.n / b->block_size), r->data);
    else
        ahci_command(a, slot, ops[r->op], r->sector / block,
                     (uint32_t)(r->data.n / b->block_size), r->data,
                     r->op == BLK_WRITE);
    a->fresh |= UINT32_C(1) << slot;
    return true;
}

static void show(struct ahci *a, uint32_t slots)
{
    a->issued |= slots;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* tables, then the bits */
    ahci_put(a, PORT_CI, slots);
}

static void kick(struct blk *b)
{
    struct ahci *a = ahci(b);

    if (a->state != AHCI_RUNS || a->again) /* behind those */
        a->again |= a->fresh;
    else
        show(a, a->fresh);
    a->fresh = 0;
}

static bool until_clear(struct ahci *a, unsigned at, uint32_t bits)
{
    for (unsigned i = 0; i < AHCI_STOP_READS; i++)
        if (!(ahci_get(a, at) & bits))
            return true;
    return false;
}

bool ahci_halt(struct ahci *a)
{
    uint32_t cmd = ahci_get(a, PORT_CMD);

    ahci_put(a, PORT_CMD, cmd & ~(uint32_t)CMD_ST);
    return until_clear(a, PORT_CMD, CMD_CR);
}

bool ahci_go(struct ahci *a)
{
    if (!until_clear(a, PORT_TFD, TFD_BSY | TFD_DRQ))
        return false;
    ahci_put(a, PORT_CMD, ahci_get(a, PORT_CMD) | CMD_ST);
    return true;
}

static void finish(struct ahci *a, unsigned slot, enum err err)
{
    const struct blk_req *r = blk_at(&a->blk, slot);
    uint32_t done = __atomic_load_n(&a->header[slot].done, __ATOMIC_RELAXED);

    a->issued &= ~(UINT32_C(1) << slot);
    if (!err && r && r->op == BLK_READ && done != r->data.n)
        err = E_IO; /* less came than was asked for */
    if (!blk_finish(&a->blk, slot, err))
        blk_fail(&a->blk, "it answered what nobody asked");
}

/* Whose error it was is clear only where one was out; it has done no harm to do
 * the others a second time, for nobody has been told of a first. */
static void on_error(struct ahci *a)
{
    if (!a->issued) {
        blk_fail(&a->blk, "it failed where it had nothing to do");
        return;
    }
    a->state = AHCI_STOPS;
    if (a->issued & (a->issued - 1)) {
        a->again |= a->issued;
        a->issued = 0;
    } else {
        finish(a, (unsigned)__builtin_ctz(a->issued), E_IO);
    }
}

/* 6.2.2.1.  One that went on after the error is not stopped in the middle of a
 * command, and has the rest of its old list to do when it starts again. */
static void recover(struct ahci *a)
{
    if (a->state == AHCI_STOPS) {
        if (ahci_get(a, PORT_TFD) & (TFD_BSY | TFD_DRQ))
            return;
        if (!ahci_halt(a)) {
            blk_fail(&a->blk, "it does not stop after an error");
            return;
        }
        ahci_put(a, PORT_SERR, UINT32_MAX);
        if (!ahci_go(a)) {
            blk_fail(&a->blk, "it is busy after an error");
            return;
        }
        a->state = AHCI_DRAINS;
    }
    if (ahci_get(a, PORT_CI))
        return;
    ahci_put(a, PORT_IS, UINT32_MAX);
    a->state = AHCI_RUNS;
}

static void poll(struct blk *b)
{
    struct ahci *a = ahci(b);
    /* In this order: what had failed before its bit went has set the other. */
    uint32_t done = a->issued & ~ahci_get(a, PORT_CI);
    uint32_t why = ahci_get(a, PORT_IS);

    ahci_put(a, PORT_IS, why);
    a->regs->write(a->regs, REG_IS,
                   UINT32_C(1) << (a->port - PORT_FIRST) / PORT_BYTES);
    if (a->state == AHCI_RUNS && why & IS_ERRORS)
        on_error(a);
    else
        for (unsigned i = 0; i < BLK_DEPTH && !b->failed; i++)
            if (done >> i & 1)
                finish(a, i, OK);
    if (!b->failed && a->state != AHCI_RUNS)
        recover(a);
    if (!b->failed && a->state == AHCI_RUNS && a->again && !a->issued) {
        uint32_t one = a->again & ~(a->again - 1);

        a->again &= ~one;
        show(a, one);
    }
}

static bool arm(struct blk *b)
{
    struct ahci *a = ahci(b);

    if (a->regs->line)
        a->regs->write(a->regs, REG_GHC, GHC_AE | GHC_IE);
    if (a->state == AHCI_STOPS)
        return !(ahci_get(a, PORT_TFD) & (TFD_BSY | TFD_DRQ));
    if (a->state == AHCI_DRAINS)
        return !ahci_get(a, PORT_CI);
    return a->issued & ~ahci_get(a, PORT_CI);
}

/* Its neighbours go on, unless it cannot be kept from memory alone. */
static void stop(struct blk *b, const char *why)
{
    struct ahci *a = ahci(b);

    (void)why;
    ahci_put(a, PORT_IE, 0);
    if (!ahci_halt(a))
        a->regs->stop(a->regs);
    ahci_put(a, PORT_CMD, ahci_get(a, PORT_CMD) & ~(uint32_t)CMD_FRE);
}

const struct blk_ops ahci_ops = {
    .start = start, .kick = kick, .poll = poll, .arm = arm, .stop = stop};
