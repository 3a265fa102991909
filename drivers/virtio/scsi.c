/* SPDX-License-Identifier: ISC */
/*
 * scsi.c - requests of disks behind virtio-scsi (virtio 1.2, 5.6): a header
 * with a SCSI command before the data, an answer behind.
 *
 * All disks of a controller share its queue; whoever is polled takes the
 * answers of all.  A lie is the controller's, and costs all of them.
 */
#include <virtio/scsi_impl.h>

static struct scsi_disk *scsi_disk(struct blk *b)
{
    return CONTAINER(b, struct scsi_disk, blk);
}

uint8_t *scsi_command(struct scsi_frame *f, uint8_t target)
{
    memset(f, 0, sizeof(*f));
    f->header[0] = 1;
    f->header[1] = target;
    f->header[2] = 0x40; /* unit 0 */
    f->answer[SCSI_RESPONSE] = 0xff;
    return f->header + SCSI_CDB;
}

bool scsi_add(struct scsi *s, struct scsi_frame *f, struct mspan data, bool out,
              void *cookie)
{
    struct vq_seg seg[3] = {{f->header, SCSI_HEADER}};
    unsigned n = 1;

    if (out && data.n > 0)
        seg[n++] = (struct vq_seg){data.p, (uint32_t)data.n};
    seg[n++] = (struct vq_seg){f->answer, SCSI_ANSWER};
    if (!out && data.n > 0)
        seg[n++] = (struct vq_seg){data.p, (uint32_t)data.n};
    return out ? vq_add(&s->q, seg, n - 1, 1, cookie)
               : vq_add(&s->q, seg, 1, n - 1, cookie);
}

void scsi_kick(struct scsi *s)
{
    if (vq_publish(&s->q))
        virtio_notify(s->dev, SCSI_REQUEST);
}

/* READ and WRITE of 10 bytes where they reach, which all devices know, or else
 * of 16. */
static void put_transfer(uint8_t *cdb, const struct blk *b,
                         const struct blk_req *r)
{
    uint64_t lba = r->sector / (b->block_size / BLK_SECTOR_BYTES);
    uint32_t n = (uint32_t)(r->data.n / b->block_size);
    bool out = r->op == BLK_WRITE;

    if (lba + n <= UINT32_MAX) {
        cdb[0] = out ? 0x2a : 0x28;
        put_be32(cdb + 2, (uint32_t)lba);
        put_be16(cdb + 7, (uint16_t)n);
    } else {
        cdb[0] = out ? 0x8a : 0x88;
        put_be64(cdb + 2, lba);
        put_be32(cdb + 10, n);
    }
}

static bool start(struct blk *b, unsigned slot, const struct blk_req *r)
{
    struct scsi_disk *d = scsi_disk(b);
    struct scsi_frame *f = &d->frame[slot];
    uint8_t *cdb = scsi_command(f, d->target);

    d->again &= ~(UINT32_C(1) << slot);
    d->slot[slot] = (struct scsi_slot){d, (uint8_t)slot};
    if (r->op == BLK_FLUSH) {
        cdb[0] = 0x35;
        return scsi_add(d->scsi, f, (struct mspan){0}, false, &d->slot[slot]);
    }
    put_transfer(cdb, b, r);
    return scsi_add(d->scsi, f, r->data, r->op == BLK_WRITE, &d->slot[slot]);
}

static void kick(struct blk *b)
{
    scsi_kick(scsi_disk(b)->scsi);
}

/* The controller is at fault. */
static void lie(struct scsi *s, const char *why)
{
    virtio_fail(s->dev, why);
}

/* A unit that wants to say something first: once more. */
static bool repeat(struct scsi_disk *d, unsigned slot, const struct blk_req *r)
{
    const uint8_t *a = d->frame[slot].answer;

    if (a[SCSI_STATUS] != SCSI_CHECK || le32(a) < 3 ||
        (a[SCSI_SENSE + 2] & 15) != SCSI_ATTENTION || d->again >> slot & 1)
        return false;
    if (!start(&d->blk, slot, r))
        return false;
    d->again |= UINT32_C(1) << slot;
    return true;
}

static void finish(struct scsi *s, const struct scsi_slot *slot)
{
    struct scsi_disk *d = slot->disk;
    const struct blk_req *r = blk_at(&d->blk, slot->number);
    const uint8_t *a = d->frame[slot->number].answer;
    uint8_t response = __atomic_load_n(&a[SCSI_RESPONSE], __ATOMIC_RELAXED);
    bool good;

    if (!r || response > SCSI_RESPONSE_MAX) {
        lie(s, "its answer is none");
        return;
    }
    good = response == 0 && a[SCSI_STATUS] == 0 &&
           (r->op != BLK_READ || le32(a + SCSI_RESIDUAL) == 0);
    if (!good && response == 0 && repeat(d, slot->number, r))
        return;
    if (!blk_finish(&d->blk, slot->number, good ? OK : E_IO))
        lie(s, "it answered twice");
}

static void poll(struct blk *b)
{
    struct scsi *s = scsi_disk(b)->scsi;
    uint32_t len;

    scsi_kick(s); /* vq_ready() wants all to be shown */
    for (unsigned n = vq_ready(&s->q); n > 0 && !s->dev->failure; n--) {
        struct scsi_slot *slot = vq_take(&s->q, &len);

        if (!slot)
            break;
        finish(s, slot);
    }
    if (s->q.failure)
        lie(s, s->q.failure);
    if (s->dev->bus->status(s->dev) & VIRTIO_NEEDS_RESET)
        lie(s, "it asked to be reset");
    if (s->dev->failure)
        blk_fail(b, s->dev->failure);
    else
        scsi_kick(s);
}

static bool arm(struct blk *b)
{
    return vq_arm(&scsi_disk(b)->scsi->q, 1);
}

static void stop(struct blk *b, const char *why)
{
    virtio_fail(scsi_disk(b)->scsi->dev, why);
}

const struct blk_ops virtio_scsi_ops = {
    .start = start, .kick = kick, .poll = poll, .arm = arm, .stop = stop};
