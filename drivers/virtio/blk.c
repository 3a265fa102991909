/* SPDX-License-Identifier: ISC */
/*
 * blk.c - virtio disks (virtio 1.2, 5.2): one queue, a header and a status
 * byte around each request.
 *
 * The status is read only after the ring has said that the request is over,
 * and once.  Whatever it says that is no status shuts the device off.
 */
#include <virtio/blk.h>

#include <base/bytes.h>

enum { /* feature bits, 5.2.3 */
       BLK_F_SIZE_MAX = 1,
       BLK_F_SEG_MAX = 2,
       BLK_F_RO = 5,
       BLK_F_BLK_SIZE = 6,
       BLK_F_FLUSH = 9,
       BLK_F_DISCARD = 13
};
enum { /* of the configuration, 5.2.4 */
       CONFIG_CAPACITY = 0,
       CONFIG_SIZE_MAX = 8,
       CONFIG_SEG_MAX = 12,
       CONFIG_BLK_SIZE = 20,
       CONFIG_DISCARD_MAX = 36
};
enum { /* requests, 5.2.6 */
       T_IN = 0,
       T_OUT = 1,
       T_FLUSH = 4,
       T_GET_ID = 8,
       T_DISCARD = 11
};
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2, S_NONE = 0xff };
enum {
    QUEUE = 0,
    RING = 128,        /* descriptors to use at most: 3 or 4 for a request */
    RING_MIN = 4,      /* fewer: not one request fits */
    LEGACY_RING = 256, /* what a legacy device dictates, usually */
    HEADER_BYTES = 16,
    ID_BYTES = 20,
    SEGS_MAX = VQ_CHAIN_MAX - 2, /* of the data of a request */
    SEG_BYTES_MIN = 4096         /* smaller ones: the device is of no use */
};
#define ID_NS NS_PER_SEC /* for the serial number; beyond: dead */

/* What the device reads and writes beside the data. */
struct frame {
    uint8_t header[HEADER_BYTES];
    uint8_t discard[HEADER_BYTES];
    uint8_t status;
    uint8_t spare[31]; /* each in a cache line of its own */
};

struct virtio_blk {
    struct blk blk;
    struct virtio_dev *dev;
    struct vq q;
    uint32_t seg_bytes, segs; /* data of a request: so many of that size */
    uint32_t config_seen;
    struct frame *frame; /* BLK_DEPTH of them, by slot */
};

static const struct virtio_feature wanted[] = {
    {BLK_F_SIZE_MAX, "size_max"},
    {BLK_F_SEG_MAX, "seg_max"},
    {BLK_F_RO, "ro"},
    {BLK_F_BLK_SIZE, "blk_size"},
    {BLK_F_FLUSH, "flush"},
    {BLK_F_DISCARD, "discard"},
};

static struct virtio_blk *virtio_blk(struct blk *b)
{
    return CONTAINER(b, struct virtio_blk, blk);
}

static void put_header(struct frame *f, uint32_t type, uint64_t sector)
{
    memset(f->header, 0, sizeof(f->header));
    put_le16(f->header, (uint16_t)type);
    for (unsigned i = 0; i < 8; i++)
        f->header[8 + i] = (uint8_t)(sector >> 8 * i);
    f->status = S_NONE;
}

/* The data in pieces that the device takes.  Returns how many. */
static unsigned cut(const struct virtio_blk *v, struct mspan data,
                    struct vq_seg *seg)
{
    unsigned n = 0;

    while (data.n > 0) {
        uint32_t part = data.n < v->seg_bytes ? (uint32_t)data.n : v->seg_bytes;

        seg[n++] = (struct vq_seg){data.p, part};
        data.p += part;
        data.n -= part;
    }
    return n;
}

static unsigned cut_discard(struct frame *f, const struct blk_req *r,
                            struct vq_seg *seg)
{
    memset(f->discard, 0, sizeof(f->discard));
    for (unsigned i = 0; i < 8; i++)
        f->discard[i] = (uint8_t)(r->sector >> 8 * i);
    for (unsigned i = 0; i < 4; i++)
        f->discard[8 + i] = (uint8_t)(r->sectors >> 8 * i);
    *seg = (struct vq_seg){f->discard, sizeof(f->discard)};
    return 1;
}

static bool start(struct blk *b, unsigned slot, const struct blk_req *r)
{
    static const uint8_t types[] = {[BLK_READ] = T_IN,
                                    [BLK_WRITE] = T_OUT,
                                    [BLK_FLUSH] = T_FLUSH,
                                    [BLK_DISCARD] = T_DISCARD};
    struct virtio_blk *v = virtio_blk(b);
    struct frame *f = &v->frame[slot];
    struct vq_seg seg[VQ_CHAIN_MAX] = {{f->header, HEADER_BYTES}};
    unsigned n = 1;

    put_header(f, types[r->op],
               r->op == BLK_READ || r->op == BLK_WRITE ? r->sector : 0);
    if (r->op == BLK_DISCARD)
        n += cut_discard(f, r, seg + 1);
    else if (r->op != BLK_FLUSH)
        n += cut(v, r->data, seg + 1);
    seg[n] = (struct vq_seg){&f->status, 1};
    if (r->op == BLK_READ)
        return vq_add(&v->q, seg, 1, n, f);
    return vq_add(&v->q, seg, n, 1, f);
}

static void kick(struct blk *b)
{
    struct virtio_blk *v = virtio_blk(b);

    if (vq_publish(&v->q))
        virtio_notify(v->dev, QUEUE);
}

/* The status of a finished request.  False: the device lied. */
static bool judge(const struct virtio_blk *v, const struct blk_req *r,
                  uint8_t status, uint32_t len, enum err *err)
{
    *err = status == S_OK ? OK : E_IO;
    if (status > S_UNSUPP)
        return false;
    /* Old devices report nonsense here; modern ones say what they wrote. */
    return !v->dev->modern || status != S_OK || r->op != BLK_READ ||
           len == r->data.n + 1;
}

static void take_one(struct virtio_blk *v)
{
    uint32_t len;
    struct frame *f = vq_take(&v->q, &len);
    unsigned slot = f ? (unsigned)(f - v->frame) : 0;
    const struct blk_req *r = f ? blk_at(&v->blk, slot) : NULL;
    enum err err;

    if (!f)
        blk_fail(&v->blk, v->q.failure);
    else if (!r || !judge(v, r, __atomic_load_n(&f->status, __ATOMIC_RELAXED),
                          len, &err))
        blk_fail(&v->blk, "its answer is none");
    else if (!blk_finish(&v->blk, slot, err))
        blk_fail(&v->blk, "it answered twice");
}

/* The disk may have become larger or smaller, or want to be reset. */
static void reread(struct virtio_blk *v)
{
    uint64_t sectors = 0;

    v->config_seen = v->dev->config_changes;
    if (v->dev->bus->status(v->dev) & VIRTIO_NEEDS_RESET)
        blk_fail(&v->blk, "it asked to be reset");
    else if (!virtio_config(v->dev, CONFIG_CAPACITY, &sectors, 8))
        blk_fail(&v->blk, "its configuration never held still");
    else if (sectors <= UINT64_MAX / BLK_SECTOR_BYTES)
        v->blk.sectors =
            sectors - sectors % (v->blk.block_size / BLK_SECTOR_BYTES);
}

static void poll(struct blk *b)
{
    struct virtio_blk *v = virtio_blk(b);

    if (v->config_seen != v->dev->config_changes)
        reread(v);
    if (b->failed)
        return;
    if (v->q.added != v->q.published) /* vq_ready() wants it so */
        kick(b);
    for (unsigned n = vq_ready(&v->q); n > 0 && !b->failed; n--)
        take_one(v);
    if (v->q.failure)
        blk_fail(b, v->q.failure);
}

static bool arm(struct blk *b)
{
    return vq_arm(&virtio_blk(b)->q, 1);
}

static void stop(struct blk *b, const char *why)
{
    virtio_fail(virtio_blk(b)->dev, why);
}

static const struct blk_ops virtio_blk_ops = {
    .start = start, .kick = kick, .poll = poll, .arm = arm, .stop = stop};

static bool fail(struct virtio_blk *v, const char *why)
{
    virtio_fail(v->dev, why);
    return false;
}

/* 5.2.5: sizes.  A device that does not say has no limits. */
static bool read_sizes(struct virtio_blk *v)
{
    struct virtio_dev *d = v->dev;
    uint32_t size_max = 0, seg_max = 0;

    v->blk.block_size = BLK_SECTOR_BYTES;
    if (!virtio_config(d, CONFIG_CAPACITY, &v->blk.sectors, 8) ||
        (virtio_has(d, BLK_F_SIZE_MAX) &&
         !virtio_config(d, CONFIG_SIZE_MAX, &size_max, 4)) ||
        (virtio_has(d, BLK_F_SEG_MAX) &&
         !virtio_config(d, CONFIG_SEG_MAX, &seg_max, 4)) ||
        (virtio_has(d, BLK_F_BLK_SIZE) &&
         !virtio_config(d, CONFIG_BLK_SIZE, &v->blk.block_size, 4)) ||
        (virtio_has(d, BLK_F_DISCARD) &&
         !virtio_config(d, CONFIG_DISCARD_MAX, &v->blk.max_discard, 4)))
        return fail(v, "its configuration never held still");
    v->seg_bytes = BLK_BYTES_MAX;
    if (size_max != 0 && size_max < v->seg_bytes)
        v->seg_bytes = size_max - size_max % BLK_SECTOR_BYTES;
    if (v->seg_bytes < SEG_BYTES_MIN)
        return fail(v, "it takes less than 4096 bytes at once");
    v->segs = seg_max != 0 && seg_max < SEGS_MAX ? seg_max : SEGS_MAX;
    return true;
}

/* How much of a request fits into the ring, and what the disk can do. */
static bool set_up(struct virtio_blk *v)
{
    struct virtio_dev *d = v->dev;
    uint32_t room = v->q.slots - 2u;
    const char *why;

    if (v->q.slots < RING_MIN)
        return fail(v, "its queue is too short");
    v->segs = v->segs < room ? v->segs : room;
    v->blk.max_bytes = BLK_BYTES_MAX;
    if (v->segs < BLK_BYTES_MAX / v->seg_bytes)
        v->blk.max_bytes = v->segs * v->seg_bytes;
    v->blk.read_only = virtio_has(d, BLK_F_RO);
    v->blk.has_flush = virtio_has(d, BLK_F_FLUSH);
    v->blk.has_discard =
        virtio_has(d, BLK_F_DISCARD) && v->blk.max_discard != 0;
    v->blk.polled = !d->interrupts;
    why = blk_init(&v->blk);
    return why ? fail(v, why) : true;
}

/* What the host calls this disk; one that cannot say so has no name. */
static bool ask_id(struct virtio_blk *v, const struct blk_host *host)
{
    struct frame *f = v->frame;
    uint8_t *id = f[1].header; /* 16 and 16 bytes: nobody else is here yet */
    struct vq_seg seg[] = {
        {f->header, HEADER_BYTES}, {id, ID_BYTES}, {&f->status, 1}};
    ns_t until = host->now() + ID_NS;
    uint32_t len;

    put_header(f, T_GET_ID, 0);
    if (!vq_add(&v->q, seg, 1, 2, f))
        return fail(v, "its queue is too short");
    kick(&v->blk);
    while (vq_ready(&v->q) == 0 && !v->q.failure && host->now() < until)
        if (!vq_arm(&v->q, 1))
            host->rest(v->blk.polled ? host->now() + BLK_POLL_US * NS_PER_US
                                     : until);
    if (vq_ready(&v->q) == 0 || !vq_take(&v->q, &len))
        return fail(v, v->q.failure ? v->q.failure : "it does not answer");
    if (f->status == S_OK)
        blk_name(v->blk.serial, id, ID_BYTES);
    return true;
}

static struct vq_config ring(void)
{
    return (struct vq_config){.align = VQ_LEGACY_ALIGN,
                              .slots = RING,
                              .size = LEGACY_RING,
                              .tables = RING / VIRTIO_TABLES};
}

size_t virtio_blk_bytes(void)
{
    struct vq_config c = ring();

    return sizeof(struct virtio_blk) + sizeof(struct frame) * (BLK_DEPTH + 1) +
           _Alignof(struct virtio_blk) + vq_bytes(&c);
}

struct blk *virtio_blk_attach(struct virtio_dev *d, const struct blk_host *host)
{
    struct virtio_blk *v =
        arena_try(host->arena, sizeof(*v), _Alignof(struct virtio_blk));
    struct frame *frame =
        arena_try(host->arena, sizeof(*frame) * BLK_DEPTH, sizeof(*frame));

    ASSERT(d->kind == VIRTIO_KIND_BLK);
    if (!v || !frame)
        return NULL;
    *v = (struct virtio_blk){
        .blk = {.ops = &virtio_blk_ops}, .dev = d, .frame = frame};
    memcpy(v->blk.device, d->name, sizeof(d->name));
    if (!virtio_negotiate(d, wanted, ARRAY_LEN(wanted), NULL, NULL) ||
        !read_sizes(v) || !virtio_queue(d, QUEUE, &v->q, RING, host->arena) ||
        !set_up(v) || !virtio_ready(d) || !ask_id(v, host)) {
        v->blk.failed = true;
        v->blk.failure = d->failure;
    }
    return &v->blk;
}
