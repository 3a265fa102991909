/* SPDX-License-Identifier: ISC */
/*
 * fat.c - FAT 12, 16 and 32 with long names, to be read.
 *
 * Every number of a volume is checked against the volume's own size; a chain of
 * clusters is followed as far as the file is long, and no farther, so a circle
 * ends.
 */
#include <disk/volume.h>

enum {
    RECORD = 32,
    ATTR_LABEL = 0x08,
    ATTR_DIR = 0x10,
    ATTR_LONG = 0x0f,
    LONG_UNITS = 13, /* of a name in one record */
    LONG_MAX = 20,   /* records of one name */
    FAT12_MAX = 4085,
    FAT16_MAX = 65525
};

static bool power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* Sizes of the boot sector, in bytes of the volume. */
static bool lay_out(struct files *f, const uint8_t *b)
{
    uint32_t sector = le16(b + 11), cluster = b[13], roots = le16(b + 17);
    uint64_t total = le16(b + 19) ? le16(b + 19) : le32(b + 32);
    uint64_t table = le16(b + 22) ? le16(b + 22) : le32(b + 36);
    uint64_t data;

    if (sector < 512 || sector > 4096 || !power_of_two(sector) ||
        !power_of_two(cluster) || le16(b + 14) == 0 || b[16] == 0 ||
        table == 0 || total == 0 || total > f->bytes / sector)
        return false;
    f->fat.table = (uint64_t)le16(b + 14) * sector;
    f->fat.table_bytes = table * sector;
    f->fat.root = f->fat.table + f->fat.table_bytes * b[16];
    f->fat.root_bytes = roots * RECORD;
    data = f->fat.root + (f->fat.root_bytes + sector - 1) / sector * sector;
    if (data >= total * sector)
        return false;
    f->fat.data = data;
    f->fat.cluster = cluster * sector;
    f->fat.clusters = (uint32_t)((total * sector - data) / f->fat.cluster);
    f->fat.bits = f->fat.clusters < FAT12_MAX   ? 12
                  : f->fat.clusters < FAT16_MAX ? 16
                                                : 32;
    return f->fat.clusters != 0 &&
           ((uint64_t)f->fat.clusters + 2) * f->fat.bits / 8 <=
               f->fat.table_bytes;
}

/* Names of eleven bytes: "README  TXT", and the two bits of lower case. */
static void short_name(char *out, const uint8_t *r)
{
    size_t n = 0;
    bool dot = false;

    for (unsigned i = 0; i < 11; i++) {
        uint8_t c = i == 0 && r[0] == 0x05 ? 0xe5 : r[i];
        bool lower = r[12] & (i < 8 ? 0x08 : 0x10);

        if (c == ' ')
            continue;
        if (i >= 8 && !dot) {
            out[n++] = '.';
            dot = true;
        }
        if (c < ' ' || c >= 0x7f || c == '/')
            c = '_';
        out[n++] = (char)(lower && c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    out[n] = 0;
}

static void label_of(char *out, const uint8_t *r)
{
    size_t n = 11;

    while (n > 0 && (r[n - 1] == ' ' || r[n - 1] == 0))
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(r[i] > ' ' && r[i] < 0x7f ? r[i] : '_');
    out[n] = 0;
}

/* The cluster behind `c`; 0: the end, or nonsense. */
static enum err after(struct files *f, uint64_t c, uint64_t *next)
{
    uint64_t bit = c * f->fat.bits;
    uint8_t e[4] = {0};
    size_t n = f->fat.bits == 32 ? 4 : 2;
    enum err err = volume_get(f, f->fat.table + bit / 8, (struct mspan){e, n});
    uint32_t v = le32(e);

    if (err)
        return err;
    if (f->fat.bits == 12)
        v = bit % 8 ? v >> 4 : v & 0xfff;
    v &= 0x0fffffff;
    *next = v >= 2 && v < (uint64_t)f->fat.clusters + 2 ? v : 0;
    return OK;
}

/* Cluster number `index` of a file; from where it was last, if that helps. */
static enum err seek(struct files *f, struct file *file, uint64_t index,
                     uint64_t *out)
{
    enum err err;

    if (file->at == 0 || file->at_index > index) {
        file->at = file->start;
        file->at_index = 0;
    }
    if (file->at < 2 || file->at >= (uint64_t)f->fat.clusters + 2)
        return E_PROTO;
    while (file->at_index < index) {
        uint64_t next;

        if ((err = after(f, file->at, &next)))
            return err;
        if (next == 0) {
            file->at = 0;
            return E_PROTO;
        }
        file->at = next;
        file->at_index++;
    }
    *out = file->at;
    return OK;
}

static enum err get(struct files *f, struct file *file, uint64_t at,
                    struct mspan into)
{
    uint32_t size = f->fat.cluster;

    while (into.n > 0) {
        size_t skip = (size_t)(at % size), n = size - skip;
        uint64_t c;
        enum err err = seek(f, file, at / size, &c);

        n = n < into.n ? n : into.n;
        if (!err)
            err = volume_get(f, f->fat.data + (c - 2) * size + skip,
                             (struct mspan){into.p, n});
        if (err)
            return err;
        at += n;
        into.p += n;
        into.n -= n;
    }
    return OK;
}

static enum err run(struct files *f, struct file *file, uint64_t *at)
{
    uint64_t n = (file->size + f->fat.cluster - 1) / f->fat.cluster, c;
    enum err err = n > 0 ? OK : E_REFUSED;

    if (n > f->fat.clusters)
        return E_PROTO;
    for (uint64_t i = 0; !err && i < n; i++)
        if (!(err = seek(f, file, i, &c)) && c != file->start + i)
            err = E_REFUSED;
    *at = f->fat.data + (file->start - 2) * f->fat.cluster;
    return err;
}

/* Record `i` of a directory.  The root of FAT 12 and 16 is no file. */
static enum err record(struct files *f, struct file *dir, uint64_t i,
                       uint8_t r[RECORD])
{
    uint64_t at = i * RECORD;
    enum err err;

    if (i >= FILES_ENTRIES_MAX)
        return E_NOENT;
    if (dir->start == 0 && f->fat.bits != 32) {
        if (at >= f->fat.root_bytes)
            return E_NOENT;
        return volume_get(f, f->fat.root + at, (struct mspan){r, RECORD});
    }
    err = get(f, dir, at, (struct mspan){r, RECORD});
    /* The chain is over where no record said so: lawful. */
    return err == E_PROTO && i > 0 ? E_NOENT : err;
}

static uint8_t checksum(const uint8_t *name)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < 11; i++)
        sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
    return sum;
}

/* A name in pieces, the last first. */
struct pieces {
    unsigned expect; /* number of the piece that has to come; 0: complete */
    unsigned n;      /* pieces of all; 0: none has begun */
    uint8_t sum;
};

static void take_piece(struct files *f, struct pieces *p, const uint8_t *r)
{
    static const uint8_t where[LONG_UNITS] = {1,  3,  5,  7,  9,  14, 16,
                                              18, 20, 22, 24, 28, 30};
    unsigned number = r[0] & 0x1f;

    if (r[0] & 0x40)
        *p = (struct pieces){number, number, r[13]};
    if (number == 0 || number > LONG_MAX || number != p->expect ||
        r[13] != p->sum) {
        *p = (struct pieces){0};
        return;
    }
    p->expect--;
    for (unsigned i = 0; i < LONG_UNITS; i++)
        f->long_name[(number - 1) * LONG_UNITS + i] = le16(r + where[i]);
}

static bool long_name(const struct files *f, const struct pieces *p,
                      const uint8_t *r, char *out)
{
    size_t n = 0, most = (size_t)p->n * LONG_UNITS;

    if (p->n == 0 || p->expect != 0 || p->sum != checksum(r))
        return false;
    while (n < most && f->long_name[n])
        n++;
    return utf16_to_utf8(out, FILES_NAME_BYTES, f->long_name, n);
}

static void fill_in(const struct files *f, const struct pieces *p,
                    const uint8_t *r, struct file *out)
{
    *out = (struct file){
        .size = le32(r + 28), .start = le16(r + 26), .dir = r[11] & ATTR_DIR};
    if (f->fat.bits == 32)
        out->start |= (uint64_t)le16(r + 20) << 16;
    if (!long_name(f, p, r, out->name))
        short_name(out->name, r);
    /* ".." of a directory below the root */
    if (out->dir && out->start == 0)
        *out = f->root;
}

static enum err next(struct files *f, struct file *dir, uint64_t *cursor,
                     struct file *out)
{
    struct pieces p = {0};
    uint8_t r[RECORD];
    enum err err;

    while (!(err = record(f, dir, *cursor, r))) {
        ++*cursor;
        if (r[0] == 0)
            return E_NOENT;
        if (r[0] != 0xe5 && (r[11] & 0x3f) == ATTR_LONG) {
            take_piece(f, &p, r);
            continue;
        }
        if (r[0] != 0xe5 && r[0] != '.' && !(r[11] & ATTR_LABEL)) {
            fill_in(f, &p, r, out);
            return OK;
        }
        p = (struct pieces){0};
    }
    return err;
}

/* The root's own record of the label is what tools change. */
static enum err read_label(struct files *f)
{
    uint8_t r[RECORD];
    enum err err = OK;

    for (uint64_t i = 0; i < FILES_ENTRIES_MAX; i++) {
        if ((err = record(f, &f->root, i, r)) || r[0] == 0)
            break;
        if (r[0] != 0xe5 && (r[11] & 0x3f) != ATTR_LONG &&
            (r[11] & ATTR_LABEL)) {
            label_of(f->label, r);
            break;
        }
    }
    return err == E_NOENT ? OK : err;
}

static enum err open(struct files *f)
{
    uint8_t b[512];
    enum err err = volume_get(f, 0, (struct mspan){b, sizeof(b)});

    if (err)
        return err;
    if (b[510] != 0x55 || b[511] != 0xaa || !lay_out(f, b))
        return E_PROTO;
    if (f->fat.bits == 32) {
        f->root.start = le32(b + 44);
        if (f->root.start < 2)
            return E_PROTO;
        label_of(f->label, b + 71);
    } else {
        label_of(f->label, b + 43);
    }
    return read_label(f);
}

const struct file_system volume_fat = {
    .open = open, .next = next, .get = get, .run = run};
