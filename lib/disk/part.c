/* SPDX-License-Identifier: ISC */
/*
 * part.c - partitions: GPT (UEFI 2.10, 5.3), else MBR with logical ones.
 */
#include <disk/crc32.h>
#include <disk/volume.h>

enum {
    GPT_HEADER = 92,
    GPT_ENTRY = 128, /* the least; a larger one has more behind it */
    GPT_ENTRY_MAX = 512,
    GPT_NAME = 36, /* UTF-16 units */
    MBR_TABLE = 446,
    MBR_ENTRY = 16,
    MBR_PRIMARY = 4,
    MBR_LOGICAL_MAX = 32 /* links of the chain; beyond: not seen */
};

static enum err gpt_header(struct files *f, uint64_t at, struct parts *out)
{
    uint8_t h[GPT_HEADER], e[GPT_ENTRY_MAX];
    uint32_t given, crc = 0;
    enum err err = volume_get(f, at, (struct mspan){h, sizeof(h)});

    if (err)
        return err;
    if (memcmp(h, "EFI PART", 8) != 0 || le32(h + 12) != GPT_HEADER)
        return E_PROTO;
    given = le32(h + 16);
    memset(h + 16, 0, 4);
    *out = (struct parts){.entries = le64(h + 72) * f->block,
                          .n = le32(h + 80),
                          .size = le32(h + 84)};
    if (crc32(0, (struct span){h, sizeof(h)}) != given ||
        le64(h + 24) * f->block != at || le64(h + 72) > UINT64_MAX / f->block ||
        out->n == 0 || out->n > FILES_PARTS_MAX || out->size < GPT_ENTRY ||
        out->size > GPT_ENTRY_MAX || out->size % 8 != 0)
        return E_PROTO;
    for (uint32_t i = 0; i < out->n; i++) {
        if ((err = volume_get(f, out->entries + (uint64_t)i * out->size,
                              (struct mspan){e, out->size})))
            return err;
        crc = crc32(crc, (struct span){e, out->size});
    }
    return crc == le32(h + 88) ? OK : E_PROTO;
}

static enum err gpt_get(struct files *f, const struct parts *g, unsigned i,
                        struct part *out)
{
    static const uint8_t none[16];
    uint8_t e[GPT_ENTRY];
    uint16_t name[GPT_NAME];
    uint64_t first, last, blocks = f->bytes / f->block;
    size_t n = 0;
    enum err err;

    if (i >= g->n)
        return E_NOENT;
    if ((err = volume_get(f, g->entries + (uint64_t)i * g->size,
                          (struct mspan){e, sizeof(e)})))
        return err;
    first = le64(e + 32);
    last = le64(e + 40);
    if (memcmp(e, none, sizeof(none)) == 0 || first == 0 || last < first ||
        last >= blocks)
        return E_AGAIN;
    *out = (struct part){.first = first * f->block,
                         .bytes = (last - first + 1) * f->block};
    for (; n < GPT_NAME && le16(e + 56 + 2 * n); n++)
        name[n] = le16(e + 56 + 2 * n);
    if (!utf16_to_utf8(out->label, sizeof(out->label), name, n))
        out->label[0] = 0;
    return OK;
}

/* An entry as it stands; `base` is what its address is relative to. */
static enum err mbr_entry(const struct files *f, const uint8_t *e,
                          uint64_t base, struct part *out)
{
    uint64_t sectors = f->bytes / BLK_SECTOR_BYTES;
    uint64_t first = base + le32(e + 8), n = le32(e + 12);

    if (e[4] == 0 || n == 0 || first == 0 || first >= sectors ||
        n > sectors - first)
        return E_AGAIN;
    *out = (struct part){.first = first * BLK_SECTOR_BYTES,
                         .bytes = n * BLK_SECTOR_BYTES};
    return OK;
}

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

static enum err mbr_table(struct files *f, uint64_t sector, uint8_t t[66])
{
    enum err err = volume_get(f, sector * BLK_SECTOR_BYTES + MBR_TABLE,
                              (struct mspan){t, 66});

    if (err)
        return err;
    return t[64] == 0x55 && t[65] == 0xaa ? OK : E_NOENT;
}

/* Number `i` of the logical ones: a chain of tables, which may lie. */
static enum err logical(struct files *f, uint64_t base, unsigned i,
                        struct part *out)
{
    uint64_t at = base;
    uint8_t t[66];
    enum err err;

    if (i >= MBR_LOGICAL_MAX)
        return E_NOENT;
    for (;; i--) {
        if ((err = mbr_table(f, at, t)))
            return err;
        if (i == 0)
            return mbr_entry(f, t, at, out);
        if (!is_extended(t[MBR_ENTRY + 4]) || le32(t + MBR_ENTRY + 8) == 0)
            return E_NOENT;
        at = base + le32(t + MBR_ENTRY + 8);
    }
}

static enum err mbr_get(struct files *f, unsigned i, struct part *out)
{
    uint8_t t[66];
    enum err err = mbr_table(f, 0, t);

    if (err)
        return err;
    if (i < MBR_PRIMARY) {
        const uint8_t *e = t + (size_t)i * MBR_ENTRY;

        return is_extended(e[4]) ? E_AGAIN : mbr_entry(f, e, 0, out);
    }
    for (unsigned k = 0; k < MBR_PRIMARY; k++) {
        const uint8_t *e = t + (size_t)k * MBR_ENTRY;

        if (is_extended(e[4]) && le32(e + 8) != 0)
            return logical(f, le32(e + 8), i - MBR_PRIMARY, out);
    }
    return E_NOENT;
}

enum err parts_open(struct files *f, struct parts *p)
{
    enum err err = gpt_header(f, f->block, p);
    uint8_t t[66];

    if (err == E_PROTO) /* its copy is in the last block */
        err = gpt_header(f, f->bytes - f->block, p);
    if (err != E_PROTO)
        return err;
    *p = (struct parts){0};
    return mbr_table(f, 0, t);
}

enum err part_get(struct files *f, const struct parts *p, unsigned i,
                  struct part *out)
{
    return p->n ? gpt_get(f, p, i, out) : mbr_get(f, i, out);
}
