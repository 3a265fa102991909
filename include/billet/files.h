/* SPDX-License-Identifier: ISC */
/*
 * files.h - files on a disk, to be read: FAT 12, 16 and 32 with long names, and
 * ISO 9660 with Rock Ridge or Joliet; on a whole disk, or in a partition of a
 * GPT or an MBR.
 *
 *     struct files *f = NEW(env, struct files);
 *     if (!(err = files_open(env, env->blk[0], "cidata", f)))
 *         err = files_read(f, "/user-data", text, &n);
 *
 * Nothing is believed of what is on the disk: a file system that makes no
 * sense is E_PROTO, never more.  Names are UTF-8; FAT's and those of a plain
 * ISO 9660 mean the same in capitals.
 */
#ifndef BILLET_FILES_H
#define BILLET_FILES_H

#include <billet/blk.h>

enum {
    FILES_NAME_BYTES = 256,    /* of one name, with its zero; longer: the short
                                * one, or not seen */
    FILES_LABEL_BYTES = 37,    /* of a volume or a partition */
    FILES_DEPTH_MAX = 16,      /* directories in a path */
    FILES_ENTRIES_MAX = 65536, /* records of a directory; beyond: its end */
    FILES_PARTS_MAX = 128      /* of a disk; beyond: not seen */
};

enum files_kind { FILES_FAT = 1, FILES_ISO };

/* A file or directory, found. */
struct file {
    char name[FILES_NAME_BYTES];
    uint64_t size;  /* bytes */
    uint64_t start; /* cluster (FAT) or byte of the volume (ISO) */
    bool dir;
    uint64_t at_index, at; /* FAT: a cluster of it, met last */
};

/* A volume that is open.  Large: keep it in the arena. */
struct files {
    enum err (*read)(struct files *, uint64_t sector, struct mspan into);
    struct env *env;
    struct blk *blk;
    uint32_t block; /* bytes that are read at least */
    uint64_t first; /* byte of the disk at which the volume starts... */
    uint64_t bytes; /* ...and what it has */
    enum files_kind kind;
    char label[FILES_LABEL_BYTES];
    struct file root;
    union {
        struct {
            uint64_t table, root, data; /* bytes: where each starts */
            uint64_t table_bytes;
            uint32_t cluster; /* bytes */
            uint32_t clusters, root_bytes;
            uint8_t bits; /* of a table entry: 12, 16 or 32 */
        } fat;
        struct {
            uint32_t block;
            bool joliet, rock;
            uint8_t skip; /* bytes before the first Rock Ridge entry */
        } iso;
    };
    uint64_t cached; /* block of the disk in `cache`, from 1; 0: none */
    uint16_t long_name[261];
    _Alignas(64) uint8_t cache[BLK_BLOCK_MAX];
};

/* Waits.  The first volume on the disk with that label, in any case of letters;
 * NULL: the first that can be read at all.  E_NOENT: there is none. */
MUST_USE enum err files_open(struct env *, struct blk *, const char *label,
                             struct files *);

/* Waits.  "/a/b", the first slash as you like.  E_NOENT: no such name. */
MUST_USE enum err files_find(struct files *, const char *path,
                             struct file *out);

/* Waits.  Bytes from `at` on, as many as there are and as fit; *got is 0 at the
 * end.  E_INVAL: a directory. */
MUST_USE enum err files_get(struct files *, struct file *, uint64_t at,
                            struct mspan into, size_t *got);

/* Waits.  The sector of the disk where a file begins, for whoever writes into
 * it without a file system.  E_REFUSED: it is not in one piece, or not at the
 * start of a sector. */
MUST_USE enum err files_run(struct files *, struct file *, uint64_t *sector);

/* Both at once: the whole file.  E_FULL: it is larger than `into`. */
MUST_USE enum err files_read(struct files *, const char *path,
                             struct mspan into, size_t *got);

/* Waits.  What is in a directory, one by one; *cursor is 0 at first.  E_NOENT:
 * no more. */
MUST_USE enum err files_next(struct files *, struct file *dir, uint64_t *cursor,
                             struct file *out);

/* Waits.  Where the partition with that label is (GPT), or E_NOENT; `scratch`
 * is used meanwhile.  For whoever wants to write there: kv.h. */
MUST_USE enum err files_part(struct env *, struct blk *, const char *label,
                             struct files *scratch, uint64_t *first,
                             uint64_t *sectors);

#endif
