/* SPDX-License-Identifier: ISC */
/*
 * scsi_start.c - bringing a virtio-scsi controller up, and asking each target
 * who it is.
 */
#include <virtio/scsi_impl.h>

enum { CONFIG_MAX_SECTORS = 8, CONFIG_MAX_TARGET = 30 };
enum {
    TYPE_DISK = 0,
    TYPE_CD = 5,
    TRIES = 4, /* of a command while the unit wants to say something */
    PAGE_BYTES = 512
};
#define ASK_NS (5 * NS_PER_SEC)

static bool fail(struct scsi *s, const char *why)
{
    virtio_fail(s->dev, why);
    return false;
}

/* One command, and its answer.  False: an error, or no answer at all, and then
 * the controller has failed. */
static bool ask(struct scsi_disk *d, const struct blk_host *host,
                const uint8_t *cdb, size_t n, struct mspan into)
{
    struct scsi *s = d->scsi;
    const uint8_t *a = d->frame->answer;
    ns_t until = host->now() + ASK_NS;
    uint32_t len;

    memcpy(scsi_command(d->frame, d->target), cdb, n);
    if (!scsi_add(s, d->frame, into, false, d))
        return fail(s, "its queue is too short");
    scsi_kick(s);
    while (vq_ready(&s->q) == 0 && !s->q.failure && host->now() < until)
        if (!vq_arm(&s->q, 1))
            host->rest(s->dev->interrupts
                           ? until
                           : host->now() + BLK_POLL_US * NS_PER_US);
    if (vq_ready(&s->q) == 0 || !vq_take(&s->q, &len))
        return fail(s, s->q.failure ? s->q.failure : "it does not answer");
    if (a[SCSI_RESPONSE] > SCSI_RESPONSE_MAX)
        return fail(s, "its answer is none");
    return a[SCSI_RESPONSE] == 0 && a[SCSI_STATUS] == 0;
}

static bool ask_again(struct scsi_disk *d, const struct blk_host *host,
                      const uint8_t *cdb, size_t n, struct mspan into)
{
    for (unsigned i = 0; i < TRIES && !d->scsi->dev->failure; i++)
        if (ask(d, host, cdb, n, into))
            return true;
    return false;
}

static void read_serial(struct scsi_disk *d, const struct blk_host *host,
                        struct mspan page)
{
    static const uint8_t cdb[] = {0x12, 1, 0x80, 0, 64, 0};
    struct mspan into = {page.p, 64};

    memset(page.p, 0, 64);
    if (ask_again(d, host, cdb, sizeof(cdb), into) && page.p[1] == 0x80)
        blk_name(d->blk.serial, page.p + 4, page.p[3] < 60 ? page.p[3] : 60);
}

static bool read_capacity(struct scsi_disk *d, const struct blk_host *host,
                          struct mspan page)
{
    static const uint8_t ten[] = {0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t sixteen[] = {0x9e, 0x10, 0, 0, 0, 0,  0, 0,
                                      0,    0,    0, 0, 0, 32, 0, 0};
    uint64_t last;

    if (!ask_again(d, host, ten, sizeof(ten), (struct mspan){page.p, 8}))
        return false;
    last = be32(page.p);
    d->blk.block_size = be32(page.p + 4);
    if (last == UINT32_MAX) {
        if (!ask_again(d, host, sixteen, sizeof(sixteen),
                       (struct mspan){page.p, 32}))
            return false;
        last = be64(page.p);
        d->blk.block_size = be32(page.p + 8);
    }
    if (d->blk.block_size > BLK_BLOCK_MAX || last >= UINT64_MAX / BLK_BLOCK_MAX)
        d->blk.block_size = 0; /* blk_init() has the words */
    d->blk.sectors = (last + 1) * (d->blk.block_size / BLK_SECTOR_BYTES);
    return true;
}

/* Write-protected? */
static void read_mode(struct scsi_disk *d, const struct blk_host *host,
                      struct mspan page)
{
    static const uint8_t cdb[] = {0x1a, 8, 0x3f, 0, 192, 0};

    memset(page.p, 0, 192);
    if (ask_again(d, host, cdb, sizeof(cdb), (struct mspan){page.p, 192}))
        d->blk.read_only |= page.p[2] >> 7;
}

/* Whether there is a disk or a CD with something in it. */
static bool look(struct scsi_disk *d, const struct blk_host *host,
                 struct mspan page)
{
    static const uint8_t inquiry[] = {0x12, 0, 0, 0, 36, 0};
    static const uint8_t ready[] = {0, 0, 0, 0, 0, 0};
    const char *why;

    d->blk = (struct blk){.ops = &virtio_scsi_ops};
    memcpy(d->blk.device, d->scsi->dev->name, sizeof(d->scsi->dev->name));
    if (!ask(d, host, inquiry, sizeof(inquiry), (struct mspan){page.p, 36}) ||
        (page.p[0] != TYPE_DISK && page.p[0] != TYPE_CD))
        return false;
    d->blk.read_only = page.p[0] == TYPE_CD;
    d->blk.has_flush = page.p[0] == TYPE_DISK;
    if (!ask_again(d, host, ready, sizeof(ready), (struct mspan){0}))
        return false;
    read_serial(d, host, page);
    if (!read_capacity(d, host, page))
        return false;
    if (!d->blk.read_only)
        read_mode(d, host, page);
    d->blk.polled = !d->scsi->dev->interrupts;
    d->blk.max_bytes = d->scsi->max_bytes;
    if ((why = blk_init(&d->blk))) {
        d->blk.failed = true;
        d->blk.failure = why;
    }
    return true;
}

/* The controller itself.  `*last` is its last target. */
static bool begin(struct scsi *s, struct arena *a, unsigned *last)
{
    struct virtio_dev *d = s->dev;
    uint32_t max_sectors = 0;
    uint16_t max_target = 0;

    if (!virtio_negotiate(d, NULL, 0, NULL, NULL))
        return false;
    if (!virtio_config(d, CONFIG_MAX_SECTORS, &max_sectors, 4) ||
        !virtio_config(d, CONFIG_MAX_TARGET, &max_target, 2))
        return fail(s, "its configuration never held still");
    s->max_bytes = BLK_BYTES_MAX;
    if (max_sectors != 0 && max_sectors < BLK_BYTES_MAX / BLK_SECTOR_BYTES)
        s->max_bytes = max_sectors * BLK_SECTOR_BYTES;
    *last = max_target < SCSI_TARGETS ? max_target : SCSI_TARGETS - 1u;
    if (!virtio_queue(d, SCSI_CONTROL, &s->control, SCSI_IDLE, a) ||
        !virtio_queue(d, SCSI_EVENT, &s->event, SCSI_IDLE, a) ||
        !virtio_queue(d, SCSI_REQUEST, &s->q, SCSI_RING, a))
        return false;
    /* QEMU counts what it read as written; residual and answer tell. */
    s->q.any_length = true;
    if (s->q.slots < 4)
        return fail(s, "its queue is too short");
    return virtio_ready(d);
}

static struct scsi_disk *make(struct scsi *s, struct arena *a)
{
    struct scsi_disk *d = arena_try(a, sizeof(*d), _Alignof(struct scsi_disk));
    struct scsi_frame *frame = arena_try(a, sizeof(*frame) * BLK_DEPTH, 64);

    if (!d || !frame)
        return NULL;
    *d = (struct scsi_disk){.scsi = s, .frame = frame};
    return d;
}

size_t virtio_scsi_bytes(void)
{
    struct vq_config c = {
        .align = VQ_LEGACY_ALIGN, .slots = SCSI_RING, .size = 256};

    c.tables = c.slots / VIRTIO_TABLES;
    return sizeof(struct scsi) + _Alignof(struct scsi) + PAGE_BYTES + 64 +
           SCSI_QUEUES * vq_bytes(&c) + virtio_scsi_disk_bytes();
}

size_t virtio_scsi_disk_bytes(void)
{
    return sizeof(struct scsi_disk) + _Alignof(struct scsi_disk) + 64 +
           sizeof(struct scsi_frame) * BLK_DEPTH;
}

/* A disk's memory is tried on each target until one keeps it. */
unsigned virtio_scsi_attach(struct virtio_dev *dev, const struct blk_host *host,
                            struct blk **out, unsigned max)
{
    struct arena *a = host->arena;
    struct scsi *s = arena_try(a, sizeof(*s), _Alignof(struct scsi));
    struct mspan page = {arena_try(a, PAGE_BYTES, 64), PAGE_BYTES};
    struct scsi_disk *d = NULL;
    unsigned last, n = 0;

    ASSERT(dev->kind == VIRTIO_KIND_SCSI);
    if (!s || !page.p)
        return 0;
    *s = (struct scsi){.dev = dev};
    if (!begin(s, a, &last))
        return 0;
    for (unsigned t = 0; t <= last && n < max && !dev->failure; t++) {
        if (!d && !(d = make(s, a)))
            break;
        d->target = (uint8_t)t;
        if (!look(d, host, page))
            continue;
        out[n++] = &d->blk;
        d = NULL;
    }
    return n;
}
