/* SPDX-License-Identifier: ISC */
/*
 * secret.c - what is guarded: from the key, from a file that was given along,
 * or from a disk that is read once.  It is never in the log, and nowhere in
 * /metrics.
 */
#include <string.h>

#include "pinata.h"

enum { SECRET_GOOD_BYTES = 16 /* below: whoever guesses can be sure of it */ };

KEY_STRING(secret, "secret", "TEXT", NULL,
           "what is to be guarded, at most 1,024 bytes; the default is the "
           "file `secret` that was given along, or what the disk of that "
           "serial number begins with, else .oO( SEKRIT )Oo.",
           .secret = true);
KEY_FLAG(wipe_secret, "wipe-secret", "off",
         "overwrite the secret on its disk once it is read");

#define TWO                                                                    \
    "the secret is given by more than one of --secret, the file `secret` and " \
    "the disk `secret`: which of them is it?"
#define LONG "the secret is longer than 1,024 bytes"

static void wipe(void *p, size_t n)
{
    memset(p, 0, n);
    __asm__ volatile("" : : "r"(p) : "memory");
}

/* Takes it; `from` says where the last one was from, and then where this one
 * is.  NULL, or why not. */
static const char *take(struct pinata *p, struct span secret, const char *name,
                        const char **from)
{
    if (*from)
        return TWO;
    if (secret.n > SECRET_BYTES)
        return LONG;
    memcpy(p->secret, secret.p, secret.n);
    p->secret_n = secret.n;
    *from = name;
    return NULL;
}

static const char *from_key(struct pinata *p, const char **from)
{
    const char *text = key_string(p->env->keys, &key_secret);

    if (!text)
        return NULL;
    if (!*text)
        return "--secret is empty";
    return take(p, (struct span){(const uint8_t *)text, strlen(text)},
                "the key", from);
}

static const char *from_file(struct pinata *p, uint8_t *work, const char **from)
{
    size_t n = given_file("secret", (struct mspan){work, SECRET_BYTES + 1});

    return n ? take(p, (struct span){work, n}, "a file given along", from)
             : NULL;
}

/* Up to the first zero byte of what the disk begins with. */
static const char *read_disk(struct pinata *p, struct blk *disk,
                             struct mspan work, const char **from)
{
    const uint8_t *end;

    if (blk_read(p->env, disk, 0, work))
        return "the disk `secret` cannot be read";
    end = memchr(work.p, 0, work.n);
    if (end == work.p)
        return "the disk `secret` is empty: was it wiped?";
    return take(p, (struct span){work.p, end ? (size_t)(end - work.p) : work.n},
                "a disk", from);
}

static const char *wipe_disk(struct pinata *p, struct blk *disk,
                             struct mspan work)
{
    if (disk->read_only)
        return "--wipe-secret=on, and the disk can only be read";
    wipe(work.p, work.n);
    if (blk_write(p->env, disk, 0, (struct span){work.p, work.n}) ||
        blk_flush(p->env, disk))
        return "the secret on the disk cannot be wiped";
    log_info(p->env->log, "pinata", "the secret on the disk is wiped");
    return NULL;
}

/* One that is called so: any other may be what the image was booted from. */
static const char *from_disk(struct pinata *p, uint8_t *memory,
                             const char **from)
{
    struct blk *disk = p->env->blk[0];
    struct mspan work = {memory, SECRET_DISK_BYTES};
    const char *why;
    bool clear = key_flag(p->env->keys, &key_wipe_secret);

    if (!disk || strcmp(disk->serial, "secret") != 0)
        return clear ? "--wipe-secret=on, and there is no disk `secret`" : NULL;
    if (disk->sectors * BLK_SECTOR_BYTES < work.n)
        work.n = (size_t)disk->sectors * BLK_SECTOR_BYTES;
    if ((why = read_disk(p, disk, work, from)))
        return why;
    return clear ? wipe_disk(p, disk, work) : NULL;
}

enum err secret_start(struct pinata *p, uint8_t *work)
{
    static const char known[] = ".oO( SEKRIT )Oo.";
    const char *from = NULL, *why;

    if (!(why = from_key(p, &from)) && !(why = from_file(p, work, &from)))
        why = from_disk(p, work, &from);
    wipe(work, SECRET_DISK_BYTES);
    if (!why && !from) {
        log_warn(p->env->log, "pinata",
                 "no secret is given: it is the one that everybody knows");
        why = take(p, SPAN(known), "this program", &from);
    }
    if (why) {
        log_error(p->env->log, "pinata", "%s", why);
        return E_INVAL;
    }
    log_info(p->env->log, "pinata", "the secret has %u bytes, from %s",
             (unsigned)p->secret_n, from);
    if (p->secret_n < SECRET_GOOD_BYTES)
        log_warn(p->env->log, "pinata",
                 "so short a secret can be guessed, and the commitment tells "
                 "who guessed right");
    return OK;
}
