/* SPDX-License-Identifier: ISC */
/*
 * slots.c - the boot block, and writing what it speaks of in the right order.
 */
#include "slots.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <entropy/sha256.h>

#define FIRST "# GRUB Environment Block\n"

enum { LINES_MAX = 16, PAD = '#' };

/* The line at *at, which moves behind it; what is not ended is none. */
static bool next_line(const uint8_t *in, size_t *at, struct span *line)
{
    size_t end = *at;

    while (end < BLK_SECTOR_BYTES && in[end] != '\n')
        end++;
    if (end == BLK_SECTOR_BYTES)
        return false;
    *line = (struct span){in + *at, end - *at};
    *at = end + 1;
    return true;
}

static bool take_line(struct boot_block *b, struct span line)
{
    static const char sequence[] = "sequence=";
    size_t n = sizeof(sequence) - 1;

    if (span_eq(line, SPAN("keep=b")))
        b->keep = 1;
    else if (span_eq(line, SPAN("tries=1")))
        b->try = true;
    else if (line.n > n && memcmp(line.p, sequence, n) == 0)
        return parse_u64((struct span){line.p + n, line.n - n}, &b->sequence);
    return true;
}

bool boot_block_parse(struct boot_block *out,
                      const uint8_t in[BLK_SECTOR_BYTES])
{
    struct boot_block b = {0};
    size_t at = sizeof(FIRST) - 1;
    struct span line;

    if (memcmp(in, FIRST, at) != 0)
        return false;
    for (unsigned i = 0; i < LINES_MAX && next_line(in, &at, &line); i++)
        if (!take_line(&b, line))
            return false;
    *out = b;
    return true;
}

void boot_block_write(const struct boot_block *b, uint8_t out[BLK_SECTOR_BYTES])
{
    size_t n = fmt((char *)out, BLK_SECTOR_BYTES,
                   FIRST "keep=%s\ntries=%u\nsequence=%lu\n",
                   b->keep ? "b" : "a", b->try, (unsigned long)b->sequence);

    memset(out + n, PAD, BLK_SECTOR_BYTES - n);
}

static struct mspan block(struct slots *s)
{
    return (struct mspan){s->sector, sizeof(s->sector)};
}

enum err slots_read(struct slots *s, struct boot_block *b)
{
    enum err err = s->io(s, BLK_READ, s->block, block(s));

    return err ? err : boot_block_parse(b, s->sector) ? OK : E_PROTO;
}

static enum err put_block(struct slots *s, const struct boot_block *b)
{
    enum err err;

    boot_block_write(b, s->sector);
    if ((err = s->io(s, BLK_WRITE, s->block, block(s))))
        return err;
    return s->io(s, BLK_FLUSH, 0, (struct mspan){0});
}

enum err slots_try(struct slots *s, uint64_t sequence)
{
    struct boot_block b;
    enum err err = slots_read(s, &b);

    if (err)
        return err;
    b.try = true;
    b.sequence = sequence;
    return put_block(s, &b);
}

enum err slots_keep(struct slots *s, unsigned slot)
{
    struct boot_block b;
    enum err err = slots_read(s, &b);

    if (err)
        return err;
    b.try = false;
    b.keep = slot;
    return put_block(s, &b);
}

enum err slots_put(struct slots *s, unsigned slot, struct mspan memory,
                   size_t n, const uint8_t digest[SLOTS_DIGEST_BYTES])
{
    uint8_t found[SHA256_BYTES];
    struct sha256 hash;
    enum err err;

    ASSERT(slot < SLOTS && n <= memory.n && memory.n <= s->bytes);
    ASSERT(memory.n % BLK_SECTOR_BYTES == 0);
    memset(memory.p + n, 0, memory.n - n);
    if ((err = s->io(s, BLK_WRITE, s->slot[slot], memory)) ||
        (err = s->io(s, BLK_FLUSH, 0, (struct mspan){0})))
        return err;
    memset(memory.p, 0, memory.n);
    if ((err = s->io(s, BLK_READ, s->slot[slot], memory)))
        return err;
    sha256_start(&hash);
    sha256_add(&hash, memory.p, n);
    sha256_end(&hash, found);
    return memcmp(found, digest, sizeof(found)) == 0 ? OK : E_IO;
}
