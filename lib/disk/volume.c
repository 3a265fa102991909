/* SPDX-License-Identifier: ISC */
/*
 * volume.c - bytes of a volume, paths, and which file system it is.
 */
#include <disk/volume.h>

static const struct file_system *system_of(const struct files *f)
{
    return f->kind == FILES_FAT ? &volume_fat : &volume_iso;
}

static enum err load(struct files *f, uint64_t block)
{
    struct mspan into = {f->cache, f->block};
    enum err err;

    if (f->cached == block + 1)
        return OK;
    f->cached = 0;
    err = f->read(f, block * (f->block / BLK_SECTOR_BYTES), into);
    if (!err)
        f->cached = block + 1;
    return err;
}

enum err volume_get(struct files *f, uint64_t at, struct mspan into)
{
    enum err err;

    if (at > f->bytes || into.n > f->bytes - at)
        return E_PROTO;
    at += f->first;
    while (into.n > 0) {
        uint64_t block = at / f->block;
        size_t skip = (size_t)(at % f->block), n = f->block - skip;

        if (skip == 0 && into.n >= f->block &&
            (uintptr_t)into.p % BLK_ALIGN == 0) {
            n = into.n - into.n % f->block;
            err = f->read(f, block * (f->block / BLK_SECTOR_BYTES),
                          (struct mspan){into.p, n});
            if (err)
                return err;
        } else {
            n = n < into.n ? n : into.n;
            if ((err = load(f, block)))
                return err;
            memcpy(into.p, f->cache + skip, n);
        }
        at += n;
        into.p += n;
        into.n -= n;
    }
    return OK;
}

enum err volume_open(struct files *f, uint64_t first, uint64_t bytes)
{
    enum err err;

    f->first = first;
    f->bytes = bytes;
    f->label[0] = 0;
    f->root = (struct file){.dir = true};
    f->kind = FILES_ISO;
    err = volume_iso.open(f);
    if (!err || err == E_IO || err == E_TIMEOUT)
        return err;
    f->kind = FILES_FAT;
    return volume_fat.open(f);
}

static bool wanted(const struct files *f, const char *label)
{
    return !label || same_name(f->label, span_of(label), true);
}

static void whole(struct files *f, uint64_t bytes)
{
    f->first = 0;
    f->bytes = bytes;
}

enum err volume_search(struct files *f, uint64_t bytes, const char *label)
{
    enum err err = volume_open(f, 0, bytes);
    struct parts parts;

    if (!err && wanted(f, label))
        return OK;
    whole(f, bytes);
    err = parts_open(f, &parts);
    for (unsigned i = 0; i < FILES_PARTS_MAX && !err; i++) {
        struct part p;

        whole(f, bytes);
        err = part_get(f, &parts, i, &p);
        if (!err) {
            err = volume_open(f, p.first, p.bytes);
            if (!err && wanted(f, label))
                return OK;
        }
        if (err == E_AGAIN || err == E_PROTO)
            err = OK;
    }
    return err == E_IO || err == E_TIMEOUT ? err : E_NOENT;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool same_name(const char *a, struct span b, bool any_case)
{
    for (size_t i = 0; i < b.n; i++) {
        char x = a[i], y = (char)b.p[i];

        if (x == 0 || (x != y && !(any_case && lower(x) == lower(y))))
            return false;
    }
    return a[b.n] == 0;
}

size_t utf8_put(char *out, size_t room, uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    if (room < n)
        return 0;
    for (size_t i = n; i > 1; i--, c >>= 6)
        out[i - 1] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

bool utf16_to_utf8(char *out, size_t room, const uint16_t *in, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t c = in[i];
        size_t put;

        if (c >= 0xd800 && c < 0xdc00 && i + 1 < n && in[i + 1] >= 0xdc00 &&
            in[i + 1] < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (in[++i] - 0xdc00u);
        else if (c < ' ' || (c >= 0xd800 && c < 0xe000))
            return false;
        put = utf8_put(out + len, room - 1 - len, c);
        if (put == 0)
            return false;
        len += put;
    }
    out[len] = 0;
    return n > 0;
}

enum err files_next(struct files *f, struct file *dir, uint64_t *cursor,
                    struct file *out)
{
    return dir->dir ? system_of(f)->next(f, dir, cursor, out) : E_INVAL;
}

static enum err step(struct files *f, struct file *dir, struct span name,
                     struct file *out)
{
    bool any_case = f->kind == FILES_FAT || !(f->iso.rock || f->iso.joliet);
    uint64_t cursor = 0;
    enum err err;

    do
        err = files_next(f, dir, &cursor, out);
    while (!err && !same_name(out->name, name, any_case));
    return err;
}

enum err files_find(struct files *f, const char *path, struct file *out)
{
    struct file dir = f->root;
    unsigned depth = 0;
    enum err err;

    *out = f->root;
    for (;;) {
        struct span name = {(const uint8_t *)path, 0};

        while (*path == '/')
            path++;
        name.p = (const uint8_t *)path;
        while (*path && *path != '/')
            path++;
        name.n = (size_t)((const uint8_t *)path - name.p);
        if (name.n == 0)
            return OK;
        dir = *out;
        if (!dir.dir)
            return E_NOENT;
        if (depth++ == FILES_DEPTH_MAX)
            return E_INVAL;
        if ((err = step(f, &dir, name, out)))
            return err;
    }
}

enum err files_get(struct files *f, struct file *file, uint64_t at,
                   struct mspan into, size_t *got)
{
    enum err err;

    *got = 0;
    if (file->dir)
        return E_INVAL;
    if (at >= file->size)
        return OK;
    if (into.n > file->size - at)
        into.n = (size_t)(file->size - at);
    if (!(err = system_of(f)->get(f, file, at, into)))
        *got = into.n;
    return err;
}

enum err files_run(struct files *f, struct file *file, uint64_t *sector)
{
    const struct file_system *system = system_of(f);
    uint64_t at;
    enum err err;

    if (file->dir || !system->run)
        return E_REFUSED;
    if ((err = system->run(f, file, &at)))
        return err;
    if ((f->first + at) % BLK_SECTOR_BYTES || file->size > f->bytes ||
        at > f->bytes - file->size)
        return E_REFUSED;
    *sector = (f->first + at) / BLK_SECTOR_BYTES;
    return OK;
}

enum err files_read(struct files *f, const char *path, struct mspan into,
                    size_t *got)
{
    struct file file;
    enum err err;

    *got = 0;
    if ((err = files_find(f, path, &file)))
        return err;
    if (file.size > into.n)
        return E_FULL;
    return files_get(f, &file, 0, into, got);
}
