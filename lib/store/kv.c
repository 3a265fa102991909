/* SPDX-License-Identifier: ISC */
/*
 * kv.c - see kv.h.
 *
 * On the disk: twice a header and room for the records.  A commit writes the
 * records to the place that is not in force, flushes, writes the header, which
 * has a larger sequence number and checksums of both, and flushes again.  What
 * is in force is never written to; a header that is half written is none.
 */
#include <base/bytes.h>
#include <disk/crc32.h>
#include <store/kv_impl.h>

enum {
    MAGIC_BYTES = 8,
    AT_VERSION = 8,
    AT_SEQUENCE = 16,
    AT_BYTES = 24,
    AT_PLACE = 28, /* bytes that each place has for records */
    AT_SUM = 32,   /* of the records */
    AT_CHECK = 36, /* of the header up to here */
    VERSION = 1,
    RECORD = 6,         /* bytes before a name: its length, that of the value */
    BLANK_BYTES = 36864 /* of the start have to be zero: boot sectors, tables
                         * of partitions, ISO 9660 */
};
static const char magic[MAGIC_BYTES + 1] = "BilletKV";

static void put_le32(uint8_t *p, uint32_t v)
{
    put_le16(p, (uint16_t)v);
    put_le16(p + 2, (uint16_t)(v >> 16));
}

static uint64_t place_at(const struct kv *kv, unsigned place)
{
    return kv->first +
           place * ((KV_HEADER_BYTES + kv->memory.n) / BLK_SECTOR_BYTES);
}

static uint64_t records_at(const struct kv *kv, unsigned place)
{
    return place_at(kv, place) + KV_HEADER_BYTES / BLK_SECTOR_BYTES;
}

/* The record at `at`; its length, or 0: none is there. */
static size_t record(const struct kv *kv, size_t at, struct span *name,
                     struct span *value)
{
    const uint8_t *p = kv->memory.p + at;
    size_t left = kv->used - at, n;

    if (left < RECORD)
        return 0;
    name->n = le16(p);
    value->n = le32(p + 2);
    n = RECORD + name->n;
    if (name->n == 0 || name->n > KV_KEY_MAX || n > left || value->n > left - n)
        return 0;
    name->p = p + RECORD;
    value->p = name->p + name->n;
    return n + value->n;
}

bool kv_next(const struct kv *kv, size_t *cursor, struct span *name,
             struct span *value)
{
    size_t n = *cursor < kv->used ? record(kv, *cursor, name, value) : 0;

    *cursor += n;
    return n != 0;
}

/* Where a name's record starts, and its length; 0: there is none. */
static size_t find(const struct kv *kv, struct span want, size_t *at,
                   struct span *value)
{
    struct span name;
    size_t cursor = 0;

    for (*at = 0; kv_next(kv, &cursor, &name, value); *at = cursor)
        if (span_eq(name, want))
            return cursor - *at;
    return 0;
}

struct span kv_get(const struct kv *kv, const char *name)
{
    struct span value;
    size_t at;

    return find(kv, span_of(name), &at, &value) ? value : (struct span){0};
}

static void cut(struct kv *kv, size_t at, size_t n)
{
    memmove(kv->memory.p + at, kv->memory.p + at + n, kv->used - at - n);
    kv->used -= n;
    kv->dirty = true;
}

enum err kv_remove(struct kv *kv, const char *name)
{
    struct span value;
    size_t at, n;

    if (kv->busy)
        return E_AGAIN;
    if (!(n = find(kv, span_of(name), &at, &value)))
        return E_NOENT;
    cut(kv, at, n);
    return OK;
}

enum err kv_put(struct kv *kv, const char *text, struct span value)
{
    struct span name = span_of(text), old;
    size_t at, n = find(kv, name, &at, &old), more;
    uint8_t *p;

    if (kv->busy)
        return E_AGAIN;
    if (name.n == 0 || name.n > KV_KEY_MAX)
        return E_INVAL;
    more = RECORD + name.n;
    if (value.n > kv->memory.n || more + value.n > kv->memory.n - kv->used + n)
        return E_FULL;
    if (n && span_eq(old, value))
        return OK;
    if (n) {
        /* a value that is taken from the store itself would move */
        ASSERT(value.p + value.n <= kv->memory.p ||
               value.p >= kv->memory.p + kv->memory.n);
        cut(kv, at, n);
    }
    p = kv->memory.p + kv->used;
    put_le16(p, (uint16_t)name.n);
    put_le32(p + 2, (uint32_t)value.n);
    memcpy(p + RECORD, name.p, name.n);
    if (value.n)
        memcpy(p + more, value.p, value.n);
    kv->used += more + value.n;
    kv->dirty = true;
    return OK;
}

static enum err io(struct kv *kv, enum blk_op op, uint64_t sector, uint8_t *p,
                   size_t n)
{
    return kv->io(kv, op, sector, (struct mspan){p, n});
}

static void make_header(struct kv *kv, uint64_t sequence)
{
    uint8_t *h = kv->header;

    memset(h, 0, sizeof(kv->header));
    memcpy(h, magic, MAGIC_BYTES);
    put_le32(h + AT_VERSION, VERSION);
    put_le32(h + AT_SEQUENCE, (uint32_t)sequence);
    put_le32(h + AT_SEQUENCE + 4, (uint32_t)(sequence >> 32));
    put_le32(h + AT_BYTES, (uint32_t)kv->used);
    put_le32(h + AT_PLACE, (uint32_t)kv->memory.n);
    put_le32(h + AT_SUM, crc32(0, (struct span){kv->memory.p, kv->used}));
    put_le32(h + AT_CHECK, crc32(0, (struct span){h, AT_CHECK}));
}

/* Whole blocks, of any size, with zeros behind the last record. */
static size_t round_up(struct kv *kv)
{
    size_t n = (kv->used + BLK_BLOCK_MAX - 1) / BLK_BLOCK_MAX * BLK_BLOCK_MAX;

    memset(kv->memory.p + kv->used, 0, n - kv->used);
    return n;
}

static enum err write_all(struct kv *kv, unsigned place, uint64_t sequence)
{
    size_t n = round_up(kv);
    enum err err = OK;

    make_header(kv, sequence);
    if (n > 0)
        err = io(kv, BLK_WRITE, records_at(kv, place), kv->memory.p, n);
    if (!err)
        err = io(kv, BLK_FLUSH, 0, NULL, 0);
    if (!err)
        err =
            io(kv, BLK_WRITE, place_at(kv, place), kv->header, KV_HEADER_BYTES);
    if (!err)
        err = io(kv, BLK_FLUSH, 0, NULL, 0);
    return err;
}

enum err kv_commit(struct kv *kv)
{
    enum err err;

    if (kv->busy)
        return E_AGAIN;
    if (!kv->dirty)
        return OK;
    if (kv->read_only)
        return E_REFUSED;
    kv->busy = true;
    err = write_all(kv, !kv->place, kv->sequence + 1);
    kv->busy = false;
    if (!err) {
        kv->place = !kv->place;
        kv->sequence++;
        kv->dirty = false;
    }
    return err;
}

enum err kv_format(struct kv *kv)
{
    enum err err;

    if (kv->busy)
        return E_AGAIN;
    if (kv->read_only)
        return E_REFUSED;
    kv->used = 0;
    kv->dirty = false;
    kv->sequence = 2;
    kv->busy = true;
    err = write_all(kv, 0, 2);
    if (!err)
        err = write_all(kv, 1, 1);
    kv->busy = false;
    kv->place = 0;
    return err;
}

/* What a header says, if it holds together. */
struct found {
    bool ours, whole;
    uint64_t sequence;
    uint32_t bytes, sum, room;
};

static enum err look(struct kv *kv, unsigned place, struct found *out)
{
    uint8_t *h = kv->header;
    enum err err = io(kv, BLK_READ, place_at(kv, place), h, KV_HEADER_BYTES);

    *out = (struct found){0};
    if (err)
        return err;
    out->ours = memcmp(h, magic, MAGIC_BYTES) == 0;
    out->whole = out->ours && le32(h + AT_VERSION) == VERSION &&
                 crc32(0, (struct span){h, AT_CHECK}) == le32(h + AT_CHECK);
    out->sequence = le64(h + AT_SEQUENCE);
    out->bytes = le32(h + AT_BYTES);
    out->sum = le32(h + AT_SUM);
    out->room = le32(h + AT_PLACE);
    return OK;
}

/* The records of a place into memory.  E_PROTO: they are not what the header
 * is about. */
static enum err take(struct kv *kv, unsigned place, const struct found *f)
{
    struct span name, value;
    size_t cursor = 0, n;
    enum err err = OK;

    if (f->bytes > kv->memory.n)
        return E_FULL;
    kv->used = f->bytes;
    n = (f->bytes + BLK_BLOCK_MAX - 1u) / BLK_BLOCK_MAX * BLK_BLOCK_MAX;
    if (n > 0)
        err = io(kv, BLK_READ, records_at(kv, place), kv->memory.p, n);
    if (!err && crc32(0, (struct span){kv->memory.p, kv->used}) != f->sum)
        err = E_PROTO;
    if (err)
        return err;
    while (kv_next(kv, &cursor, &name, &value))
        ;
    if (cursor != kv->used)
        return E_PROTO;
    kv->place = place != 0;
    kv->sequence = f->sequence;
    kv->dirty = false;
    return OK;
}

/* Whether nobody has ever used what is here. */
static enum err blank(struct kv *kv)
{
    uint64_t sectors = BLANK_BYTES / BLK_SECTOR_BYTES;
    uint64_t step = KV_HEADER_BYTES / BLK_SECTOR_BYTES;
    uint64_t end = sectors < kv->sectors ? sectors : kv->sectors;
    enum err err;

    for (uint64_t at = 0; at + step <= end; at += step) {
        if ((err =
                 io(kv, BLK_READ, kv->first + at, kv->header, KV_HEADER_BYTES)))
            return err;
        for (size_t i = 0; i < KV_HEADER_BYTES; i++)
            if (kv->header[i])
                return E_REFUSED;
    }
    return OK;
}

enum err kv_load(struct kv *kv, struct mspan memory)
{
    struct found f[2];
    unsigned newer;
    enum err err;

    ASSERT(memory.n >= KV_MEMORY_MIN && memory.n <= KV_MEMORY_MAX &&
           memory.n % BLK_BLOCK_MAX == 0 &&
           (uintptr_t)memory.p % BLK_ALIGN == 0);
    kv->memory = memory;
    kv->used = 0;
    if (kv->sectors < 2 * (KV_HEADER_BYTES + memory.n) / BLK_SECTOR_BYTES)
        return E_INVAL;
    if ((err = look(kv, 0, &f[0])))
        return err;
    /* Where the second is depends on the room that the store was made with. */
    if (f[0].whole && f[0].room != memory.n)
        return f[0].room > memory.n ? E_FULL : E_INVAL;
    if ((err = look(kv, 1, &f[1])))
        return err;
    newer = f[1].whole && (!f[0].whole || f[1].sequence > f[0].sequence);
    err = f[newer].whole ? take(kv, newer, &f[newer]) : E_PROTO;
    if (err == E_PROTO && f[!newer].whole)
        err = take(kv, !newer, &f[!newer]);
    if (err != E_PROTO)
        return err;
    kv->used = 0;
    if (f[0].ours || f[1].ours)
        return E_PROTO;
    if ((err = blank(kv)))
        return err;
    return kv_format(kv);
}
