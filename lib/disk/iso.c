/* SPDX-License-Identifier: ISC */
/*
 * iso.c - ISO 9660 (ECMA-119), to be read, with the names of Rock Ridge (SUSP
 * 1.12) or else of Joliet.
 */
#include <disk/volume.h>

enum {
    SECTOR = 2048,
    FIRST = 16,           /* sector of the first descriptor */
    DESCRIPTORS_MAX = 32, /* looked at; beyond: as if there were no more */
    ROOT = 156,           /* of a descriptor: the root's record */
    RECORD_MIN = 34,
    RECORD_MAX = 255,
    FLAG_DIR = 2,
    FLAG_MORE = 0x80,
    DIR_BYTES_MAX = 16 << 20, /* beyond: its end */
    CONTINUED_MAX = 8         /* areas of a record's system use */
};

static bool is_joliet(const uint8_t *d)
{
    return d[0] == 2 && d[88] == '%' && d[89] == '/' &&
           (d[90] == '@' || d[90] == 'C' || d[90] == 'E');
}

static void label_of(char *out, const uint8_t *in, size_t n)
{
    while (n > 0 && (in[n - 1] == ' ' || in[n - 1] == 0))
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(in[i] > ' ' && in[i] < 0x7f ? in[i] : '_');
    out[n] = 0;
}

/* Where a record's bytes are.  False: outside the volume, or in a way that is
 * not read here. */
static bool place(const struct files *f, const uint8_t *r, struct file *out)
{
    uint64_t start = ((uint64_t)le32(r + 2) + r[1]) * f->iso.block;

    out->size = le32(r + 10);
    out->start = start;
    out->dir = r[25] & FLAG_DIR;
    return r[26] == 0 && r[27] == 0 && start <= f->bytes &&
           out->size <= f->bytes - start;
}

/* A record and its length, which is 0 where a block's rest is empty. */
static enum err record(struct files *f, const struct file *dir, uint64_t at,
                       uint8_t r[RECORD_MAX + 1])
{
    uint64_t left = f->iso.block - at % f->iso.block;
    enum err err = volume_get(f, dir->start + at, (struct mspan){r, 1});

    if (err || r[0] == 0)
        return err;
    if (r[0] < RECORD_MIN || r[0] > left || r[0] > dir->size - at)
        return E_PROTO;
    err = volume_get(f, dir->start + at, (struct mspan){r, r[0]});
    return !err && RECORD_MIN - 1u + r[32] > r[0] ? E_PROTO : err;
}

/* One area of system use: its NM entries go to the name, its CE says where it
 * goes on. */
static void use_area(const uint8_t *p, size_t n, char *name, size_t *len,
                     const uint8_t **more)
{
    while (n >= 4 && p[2] >= 4 && p[2] <= n) {
        if (p[0] == 'N' && p[1] == 'M' && p[2] >= 5 && !(p[4] & 6)) {
            size_t part = p[2] - 5u;

            if (part > FILES_NAME_BYTES - 1 - *len)
                part = FILES_NAME_BYTES - 1 - *len;
            memcpy(name + *len, p + 5, part);
            *len += part;
        } else if (p[0] == 'C' && p[1] == 'E' && p[2] >= 28) {
            *more = p;
        } else if (p[0] == 'S' && p[1] == 'T') {
            return;
        }
        n -= p[2];
        p += p[2];
    }
}

/* The name by Rock Ridge, if the record has one. */
static enum err rock_name(struct files *f, const uint8_t *r, char *name)
{
    size_t skip = 33u + r[32] + !(r[32] & 1) + f->iso.skip, len = 0;
    uint8_t area[SECTOR];
    const uint8_t *more = NULL;
    enum err err;

    if (skip < r[0])
        use_area(r + skip, r[0] - skip, name, &len, &more);
    for (unsigned i = 0; more && i < CONTINUED_MAX; i++) {
        uint64_t at = (uint64_t)le32(more + 4) * f->iso.block + le32(more + 12);
        uint32_t n = le32(more + 20);

        more = NULL;
        if (n > sizeof(area))
            break;
        if ((err = volume_get(f, at, (struct mspan){area, n})))
            return err;
        use_area(area, n, name, &len, &more);
    }
    name[len] = 0;
    return OK;
}

/* "README.TXT;1" without what nobody types. */
static void plain_name(const uint8_t *in, size_t n, char *out)
{
    size_t len = 0;

    while (len < n && in[len] != ';') {
        out[len] =
            (char)(in[len] > ' ' && in[len] < 0x7f && in[len] != '/' ? in[len]
                                                                     : '_');
        len++;
    }
    if (len > 0 && out[len - 1] == '.')
        len--;
    out[len] = 0;
}

static void joliet_name(struct files *f, const uint8_t *in, size_t n, char *out)
{
    size_t len = 0;

    while (len < n / 2 && be16(in + 2 * len) != ';') {
        f->long_name[len] = be16(in + 2 * len);
        len++;
    }
    if (!utf16_to_utf8(out, FILES_NAME_BYTES, f->long_name, len))
        out[0] = 0;
}

static enum err name_of(struct files *f, const uint8_t *r, struct file *out)
{
    enum err err;

    out->name[0] = 0;
    if (f->iso.rock && (err = rock_name(f, r, out->name)))
        return err;
    if (out->name[0] == 0 && f->iso.joliet)
        joliet_name(f, r + 33, r[32], out->name);
    if (out->name[0] == 0 && !f->iso.joliet)
        plain_name(r + 33, r[32], out->name);
    return OK;
}

static enum err next(struct files *f, struct file *dir, uint64_t *cursor,
                     struct file *out)
{
    uint8_t r[RECORD_MAX + 1];
    bool parts = false; /* of a file in several extents: not read here */
    enum err err;

    while (*cursor < dir->size && *cursor < DIR_BYTES_MAX) {
        bool skip;

        if ((err = record(f, dir, *cursor, r)))
            return err;
        if (r[0] == 0) { /* on to the next block */
            *cursor += f->iso.block - *cursor % f->iso.block;
            continue;
        }
        *cursor += r[0];
        /* "." and ".." */
        skip = parts || r[25] & FLAG_MORE || (r[32] == 1 && r[33] <= 1);
        parts = r[25] & FLAG_MORE;
        *out = (struct file){0};
        if (skip || !place(f, r, out))
            continue;
        if ((err = name_of(f, r, out)))
            return err;
        if (out->name[0])
            return OK;
    }
    return E_NOENT;
}

static enum err get(struct files *f, struct file *file, uint64_t at,
                    struct mspan into)
{
    return volume_get(f, file->start + at, into);
}

/* SUSP 5.3: the root's own record begins with SP, and says how much of each
 * record is somebody else's. */
static enum err look_for_rock(struct files *f)
{
    uint8_t r[RECORD_MAX + 1];
    enum err err = record(f, &f->root, 0, r);
    const uint8_t *sp = r + 33 + 1;

    if (err || r[0] < 34 + 7 || r[32] != 1)
        return err;
    if (sp[0] == 'S' && sp[1] == 'P' && sp[2] == 7 && sp[4] == 0xbe &&
        sp[5] == 0xef) {
        f->iso.rock = true;
        f->iso.skip = sp[6];
    }
    return OK;
}

/* A descriptor that can be used: its block size and root. */
static bool use(struct files *f, const uint8_t *d)
{
    f->iso.block = le16(d + 128);
    if (f->iso.block != 512 && f->iso.block != 1024 && f->iso.block != 2048)
        return false;
    return d[ROOT] >= RECORD_MIN && place(f, d + ROOT, &f->root) && f->root.dir;
}

static enum err open(struct files *f)
{
    struct file plain = {0};
    uint8_t d[192];
    bool found = false;

    f->iso.joliet = f->iso.rock = false;
    f->iso.skip = 0;
    for (unsigned i = 0; i < DESCRIPTORS_MAX; i++) {
        enum err err = volume_get(f, (uint64_t)(FIRST + i) * SECTOR,
                                  (struct mspan){d, sizeof(d)});

        if (err)
            return err;
        if (memcmp(d + 1, "CD001", 5) != 0 || d[0] == 255)
            break;
        if (d[0] == 1 && !found) {
            if (!use(f, d))
                return E_PROTO;
            found = true;
            plain = f->root;
            label_of(f->label, d + 40, 32);
            if ((err = look_for_rock(f)))
                return err;
        } else if (found && !f->iso.rock && is_joliet(d)) {
            uint32_t block = f->iso.block;

            if (use(f, d) && f->iso.block == block)
                f->iso.joliet = true;
            else
                f->root = plain;
            f->iso.block = block;
        }
    }
    return found ? OK : E_PROTO;
}

const struct file_system volume_iso = {.open = open, .next = next, .get = get};
