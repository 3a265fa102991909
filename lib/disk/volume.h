/* SPDX-License-Identifier: ISC */
/*
 * volume.h - what the file systems share: bytes of a volume, by blocks; and
 * what each of them provides.
 */
#ifndef DISK_VOLUME_H
#define DISK_VOLUME_H

#include <base/bytes.h>
#include <billet/files.h>

/* One file system.  All of them read with volume_get(). */
struct file_system {
    /* OK: it is ours, and makes sense; the volume is filled in. */
    enum err (*open)(struct files *);
    /* The record at *cursor, which moves on.  E_NOENT: the end. */
    enum err (*next)(struct files *, struct file *dir, uint64_t *cursor,
                     struct file *out);
    /* [at, at + into.n), which lies within the file. */
    enum err (*get)(struct files *, struct file *, uint64_t at,
                    struct mspan into);
    /* The byte of the volume where a file lies, in one piece. */
    enum err (*run)(struct files *, struct file *, uint64_t *at);
};
extern const struct file_system volume_fat, volume_iso;

/* Bytes of the volume.  E_PROTO: outside it. */
MUST_USE enum err volume_get(struct files *, uint64_t at, struct mspan into);

/* A part of a disk. */
struct part {
    uint64_t first, bytes; /* of the disk, in bytes */
    char label[FILES_LABEL_BYTES];
};

/* The table of a disk: a GPT, else an MBR with its logical partitions. */
struct parts {
    uint64_t entries; /* byte where those of a GPT are */
    uint32_t n, size; /* how many, of how many bytes; 0: an MBR */
};

/* Reads it; the volume is the whole disk, and has to be for part_get().
 * E_NOENT: there is none. */
MUST_USE enum err parts_open(struct files *, struct parts *);

/* Partition number `i`.  E_NOENT: no such; E_AGAIN: that one is empty, ask for
 * the next. */
MUST_USE enum err part_get(struct files *, const struct parts *, unsigned i,
                           struct part *out);

/* Tries the file systems on [first, first + bytes) of the disk. */
MUST_USE enum err volume_open(struct files *, uint64_t first, uint64_t bytes);

/* The first volume with that label, on a disk of so many bytes.  `read` and
 * `block` are set. */
MUST_USE enum err volume_search(struct files *, uint64_t bytes,
                                const char *label);

/* One character in UTF-8; returns the bytes, 0 if they do not fit. */
size_t utf8_put(char *out, size_t room, uint32_t c);
/* `n` units of UTF-16; false when it does not fit, or is none. */
MUST_USE bool utf16_to_utf8(char *out, size_t room, const uint16_t *in,
                            size_t n);

/* Whether two names are the same; letters of ASCII in any case if wanted. */
bool same_name(const char *a, struct span b, bool any_case);

#endif
