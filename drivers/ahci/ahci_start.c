/* SPDX-License-Identifier: ISC */
/*
 * ahci_start.c - bringing an AHCI controller and its disks up
 * (AHCI 1.3.1, 10.1).
 */
#include <ahci/ahci_impl.h>
#include <base/dma.h>

enum {
    LIST_BYTES = 1024, /* of headers */
    FIS_BYTES = 256,
    DET_THERE = 3,
    SIG_CD = 0xeb14 /* the upper half of a signature; a disk's is 0 */
};
#define IDENTIFY_NS (10 * NS_PER_SEC)
#define LINK_NS     (100 * NS_PER_MS) /* for a disk to show up */

static bool fail(struct ahci *a, const char *why)
{
    if (!a->blk.failed) {
        a->blk.failed = true;
        a->blk.failure = why;
        a->blk.ops->stop(&a->blk, why);
    }
    return false;
}

static bool has_link(void *user)
{
    struct ahci *a = user;

    return (ahci_get(a, PORT_SSTS) & 15) == DET_THERE &&
           !(ahci_get(a, PORT_TFD) & (TFD_BSY | TFD_DRQ));
}

static bool off(struct ahci *a, uint32_t bit, uint32_t runs)
{
    ahci_put(a, PORT_CMD, ahci_get(a, PORT_CMD) & ~bit);
    for (unsigned i = 0; i < AHCI_STOP_READS; i++)
        if (!(ahci_get(a, PORT_CMD) & runs))
            return true;
    return false;
}

static void put_address(struct ahci *a, unsigned at, const void *p)
{
    ahci_put(a, at, (uint32_t)dma_address(p));
    ahci_put(a, at + 4, (uint32_t)(dma_address(p) >> 32));
}

static bool engine(struct ahci *a, const uint8_t *fis)
{
    if (!off(a, CMD_ST, CMD_CR) || !off(a, CMD_FRE, CMD_FR))
        return fail(a, "its port does not stop");
    put_address(a, PORT_CLB, a->header);
    put_address(a, PORT_FB, fis);
    ahci_put(a, PORT_SERR, UINT32_MAX);
    ahci_put(a, PORT_IS, UINT32_MAX);
    ahci_put(a, PORT_CMD, ahci_get(a, PORT_CMD) | CMD_FRE | CMD_SUD | CMD_POD);
    if (!ahci_go(a))
        return fail(a, "it is busy for ever");
    ahci_put(a, PORT_IE, IS_WANTED);
    return true;
}

static bool is_done(void *user)
{
    struct ahci *a = user;

    return !(ahci_get(a, PORT_CI) & 1) ||
           ahci_get(a, PORT_IS) & (uint32_t)IS_ERRORS;
}

static uint16_t word(const struct ahci *a, unsigned i)
{
    return le16(a->page + (size_t)2 * i);
}

/* ATA strings have the letters of each word the other way round. */
void ahci_read_serial(struct ahci *a)
{
    uint8_t text[20];

    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = a->page[(20 + i) ^ 1];
    blk_name(a->blk.serial, text, sizeof(text));
}

static bool identify(struct ahci *a, const struct blk_host *host)
{
    uint64_t blocks;

    ahci_command(a, 0, ATA_IDENTIFY, 0, 0,
                 (struct mspan){a->page, AHCI_PAGE_BYTES}, false);
    ahci_put(a, PORT_CI, 1);
    if (!regs_wait(host, IDENTIFY_NS, is_done, a))
        return fail(a, "it does not answer");
    if (ahci_get(a, PORT_CI) & 1 || ahci_get(a, PORT_TFD) & TFD_ERR)
        return fail(a, "it does not say who it is");
    ahci_put(a, PORT_IS, UINT32_MAX);
    if ((word(a, 83) & 0xc400) != 0x4400)
        return fail(a, "it has no 48-bit addresses");
    ahci_read_serial(a);
    a->blk.block_size = BLK_SECTOR_BYTES;
    if ((word(a, 106) & 0xd000) == 0x5000) {
        uint32_t words = (uint32_t)word(a, 118) << 16 | word(a, 117);

        a->blk.block_size = words <= BLK_BLOCK_MAX ? words * 2 : 0;
    }
    blocks = le64(a->page + 200);
    if (blocks >> 48)
        return fail(a, "its size makes no sense");
    a->blk.sectors = blocks * (a->blk.block_size / BLK_SECTOR_BYTES);
    a->blk.has_flush = word(a, 83) & 0x2000;
    return true;
}

/* What a request here needs at most: the registers, one disk's memory. */
static struct ahci *make(struct regs *regs, const struct blk_host *host,
                         unsigned port, uint8_t **fis)
{
    struct arena *arena = host->arena;
    struct ahci *a = arena_try(arena, sizeof(*a), _Alignof(struct ahci));
    uint8_t *list = arena_try(arena, LIST_BYTES, LIST_BYTES);
    uint8_t *table =
        arena_try(arena, (size_t)AHCI_TABLE * BLK_DEPTH, AHCI_TABLE);

    *fis = arena_try(arena, FIS_BYTES + AHCI_PAGE_BYTES, FIS_BYTES);
    if (!a || !list || !table || !*fis)
        return NULL;
    memset(list, 0, LIST_BYTES);
    memset(*fis, 0, FIS_BYTES + AHCI_PAGE_BYTES);
    *a = (struct ahci){.blk = {.ops = &ahci_ops},
                       .regs = regs,
                       .port = PORT_FIRST + port * PORT_BYTES,
                       .header = (void *)list,
                       .table = table,
                       .page = *fis + FIS_BYTES};
    return a;
}

static void begin(struct ahci *a, const struct blk_host *host, unsigned depth,
                  const uint8_t *fis)
{
    const char *why;

    if (!engine(a, fis))
        return;
    a->packet = ahci_get(a, PORT_SIG) >> 16 == SIG_CD;
    if (a->packet && (why = ahci_packet_identify(a, host))) {
        fail(a, why);
        return;
    }
    if (!a->packet && !identify(a, host))
        return;
    a->blk.depth = (uint8_t)depth;
    a->blk.polled = !a->regs->interrupts;
    if ((why = blk_init(&a->blk)))
        fail(a, why);
}

static void quieten(struct regs *r)
{
    r->write(r, REG_GHC, GHC_AE);
}

size_t ahci_bytes(void)
{
    return sizeof(struct ahci) + _Alignof(struct ahci) + 2 * LIST_BYTES +
           2 * FIS_BYTES + AHCI_PAGE_BYTES +
           (size_t)AHCI_TABLE * (BLK_DEPTH + 1);
}

/* A port that has a disk or a CD on it, and no bridge or port multiplier. */
static bool has_disk(struct regs *regs, const struct blk_host *host,
                     unsigned port)
{
    struct ahci probe = {.regs = regs, .port = PORT_FIRST + port * PORT_BYTES};
    uint32_t sig;

    if ((ahci_get(&probe, PORT_SSTS) & 15) == 0)
        return false;
    if (!regs_wait(host, LINK_NS, has_link, &probe))
        return false;
    sig = ahci_get(&probe, PORT_SIG) >> 16;
    return sig == 0 || sig == SIG_CD;
}

unsigned ahci_attach(struct regs *regs, const struct blk_host *host,
                     struct blk **out, unsigned max)
{
    uint32_t cap = regs->read(regs, REG_CAP), ports;
    unsigned n = 0;

    if (cap == UINT32_MAX || !(cap >> 31)) /* memory beyond 4 GiB */
        return 0;
    regs->quieten = quieten;
    regs->write(regs, REG_GHC, GHC_AE);
    ports = regs->read(regs, REG_PI);
    for (unsigned i = 0; i < AHCI_PORTS && n < max; i++) {
        struct ahci *a;
        uint8_t *fis;

        if (!(ports >> i & 1) ||
            PORT_FIRST + (i + 1) * (unsigned)PORT_BYTES > regs->bytes ||
            !has_disk(regs, host, i) || !(a = make(regs, host, i, &fis)))
            continue;
        memcpy(a->blk.device, regs->name, sizeof(a->blk.device));
        begin(a, host, (cap >> 8 & 31) + 1, fis);
        if (!a->empty)
            out[n++] = &a->blk;
    }
    regs->write(regs, REG_IS, UINT32_MAX);
    regs->write(regs, REG_GHC, GHC_AE | GHC_IE);
    return n;
}
