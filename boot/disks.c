/* SPDX-License-Identifier: ISC */
/*
 * disks.c - joins disks and the loop, and finds the one for each name.
 *
 * An application that says BILLET_DISKS links this file, and through it the
 * drivers.  A name of the manifest means the disk with that serial number; what
 * no serial number decides goes by order, names and disks alike.
 */
#include "disks.h"

#include <base/fmt.h>
#include <base/pool.h>
#include <billet/machine.h>
#include <log/log_impl.h>
#include <string.h>

#include "config.h"
#include "consoles.h"
#include "system.h"

KEY_UINT(disk_timeout, "disk-timeout", "SECONDS", 1, 600, "30",
         "a disk that has not answered for so long is given up");

struct name {
    char text[APP_NAME_BYTES];
    bool optional;
};

static struct {
    struct source source;
    struct env *env;
    struct blk *disk[DISKS_MAX];
    bool said_failed[DISKS_MAX];
    bool looked[DISKS_MAX], passed_over[DISKS_MAX];
    struct blk_req flush[DISKS_MAX]; /* of the end */
    bool ended[DISKS_MAX];
    unsigned n;
    bool found;
    ns_t now;
} disks;

static struct name name_of(const struct manifest *m, unsigned i)
{
    struct name name = {0};
    size_t n;

    memcpy(name.text, m->blks[i], sizeof(name.text) - 1);
    n = strlen(name.text);
    if (n > 0 && name.text[n - 1] == '?') {
        name.optional = true;
        name.text[n - 1] = 0;
    }
    return name;
}

/* A device that lied is shut off by its driver; say so once. */
static void say_failed(unsigned i)
{
    const struct blk *b = disks.disk[i];

    if (!b->failed || disks.said_failed[i])
        return;
    disks.said_failed[i] = true;
    log_error(disks.env->log, "disk", "%s shut off: %s", b->device,
              b->failure ? b->failure : "it failed");
}

static unsigned poll_disks(struct source *s, ns_t now, unsigned budget)
{
    unsigned done = 0;

    (void)s;
    disks.now = now;
    for (unsigned i = 0; i < disks.n; i++) {
        done += blk_poll(disks.disk[i], now, budget);
        say_failed(i);
    }
    return done;
}

static void flush_disks(struct source *s, ns_t now)
{
    (void)s;
    for (unsigned i = 0; i < disks.n; i++)
        blk_show(disks.disk[i], now);
}

static bool arm_disks(struct source *s)
{
    bool busy = false;

    (void)s;
    for (unsigned i = 0; i < disks.n; i++)
        busy |= blk_arm(disks.disk[i]);
    return busy;
}

static ns_t deadline_disks(const struct source *s)
{
    ns_t at = NS_NEVER;

    (void)s;
    for (unsigned i = 0; i < disks.n; i++) {
        ns_t its = blk_deadline(disks.disk[i], disks.now);

        at = its < at ? its : at;
    }
    return at;
}

static bool taken(const struct env *env, const struct blk *b)
{
    for (unsigned i = 0; i < APP_BLKS_MAX; i++)
        if (env->blk[i] == b)
            return true;
    return false;
}

static struct blk *by_serial(struct env *env, const char *name)
{
    for (unsigned i = 0; i < disks.n; i++)
        if (strcmp(disks.disk[i]->serial, name) == 0 && !disks.disk[i]->failed)
            return taken(env, disks.disk[i]) ? NULL : disks.disk[i];
    return NULL;
}

static void on_read(struct blk_req *r)
{
    *(bool *)r->user = true;
}

static enum err read_some(struct blk *b, uint64_t sector, struct mspan into)
{
    bool done = false;
    struct blk_req r = {.op = BLK_READ,
                        .sector = sector,
                        .data = into,
                        .done = on_read,
                        .user = &done};
    enum err err;

    if ((err = blk_submit(b, &r)))
        return err;
    blk_show(b, machine_now());
    while (blk_poll(b, machine_now(), 1), !done)
        if (!blk_arm(b)) {
            machine_wait(blk_deadline(b, machine_now()));
            machine_woken();
        }
    return r.status;
}

enum err disks_read_now(struct blk *b, uint64_t sector, struct mspan into)
{
    enum err err = OK;

    while (into.n > 0 && !err) {
        size_t n = into.n < b->max_bytes ? into.n : b->max_bytes;

        err = read_some(b, sector, (struct mspan){into.p, n});
        sector += n / BLK_SECTOR_BYTES;
        into = (struct mspan){into.p + n, into.n - n};
    }
    return err;
}

/* Whether machines boot from it, as from an image of ours: such a disk is given
 * to nobody who does not call it by its name, for he might write to it. */
static bool boots(struct blk *b)
{
    static _Alignas(BLK_BLOCK_MAX) uint8_t block[BLK_BLOCK_MAX];
    enum { CODE_BYTES = 440, MARK_BYTES = 4 };

    if (disks_read_now(b, 0, (struct mspan){block, b->block_size}) ||
        block[510] != 0x55 || block[511] != 0xaa)
        return false;
    for (unsigned i = 0; i < CODE_BYTES - MARK_BYTES; i++)
        if (memcmp(block + i, "GRUB", MARK_BYTES) == 0)
            return true;
    return false;
}

static bool is_free(struct env *env, unsigned i)
{
    struct blk *b = disks.disk[i];

    if (b->failed || disks.passed_over[i] || taken(env, b))
        return false;
    if (!disks.looked[i]) {
        disks.looked[i] = true;
        disks.passed_over[i] = boots(b);
        if (disks.passed_over[i])
            log_info(env->log, "disk",
                     "%s: machines boot from it, so only its serial number "
                     "gives it away",
                     b->device);
    }
    return !disks.passed_over[i] && !b->failed;
}

/* The first that nobody has; not one with another name of the manifest for a
 * serial number, for that one would have been found. */
static struct blk *by_order(struct env *env)
{
    for (unsigned i = 0; i < disks.n; i++)
        if (is_free(env, i))
            return disks.disk[i];
    return NULL;
}

static void say_disk(const struct env *env, const char *name,
                     const struct blk *b)
{
    log_info(env->log, "disk", "%s: %s%s%s%s, %lu KiB in blocks of %u%s%s",
             name, b->device, b->serial[0] ? " `" : "", b->serial,
             b->serial[0] ? "'" : "", (unsigned long)(b->sectors / 2),
             b->block_size, b->read_only ? ", read-only" : "",
             b->has_flush || b->read_only ? "" : ", writes through");
}

static enum err give_out(struct env *env)
{
    const struct manifest *m = env->manifest;

    for (unsigned i = 0; i < APP_BLKS_MAX && m->blks[i][0]; i++)
        env->blk[i] = by_serial(env, name_of(m, i).text);
    for (unsigned i = 0; i < APP_BLKS_MAX && m->blks[i][0]; i++) {
        struct name name = name_of(m, i);

        if (!env->blk[i])
            env->blk[i] = by_order(env);
        if (env->blk[i]) {
            say_disk(env, name.text, env->blk[i]);
        } else if (name.optional) {
            log_info(env->log, "disk", "%s: no disk", name.text);
        } else {
            log_error(env->log, "disk",
                      "no disk for `%s`; give it one:", name.text);
            disks_say_how(env, name.text);
            return E_NOENT;
        }
    }
    return OK;
}

static void show_counters(struct env *env)
{
    enum { LABEL_BYTES = 48 };
    static char label[DISKS_MAX][LABEL_BYTES];

    for (unsigned i = 0; i < APP_BLKS_MAX && env->blk[i]; i++) {
        fmt(label[i], LABEL_BYTES, "disk=\"%s\"",
            name_of(env->manifest, i).text);
        metrics_add_labelled(env->metrics, &blk_metrics_group,
                             &env->blk[i]->counters.reads, label[i]);
    }
}

static enum err find(struct env *env)
{
    enum err err = OK;

    disks.env = env;
    if (!disks.found)
        err = disks_find(env, disks.disk, &disks.n);
    disks.found = true;
    for (unsigned i = 0; i < disks.n && !err; i++) {
        disks.disk[i]->timeout =
            key_uint(env->keys, &key_disk_timeout) * NS_PER_SEC;
        say_failed(i);
    }
    return err;
}

static enum err disks_configure(struct env *env, char *error, size_t size)
{
    enum err err;

    if (find(env))
        return E_IO;
    if (!disks_have_keys)
        return E_NOENT;
    err =
        config_disks(env, disks.disk, disks.n, disks.passed_over, error, size);
    for (unsigned i = 0; i < disks.n; i++)
        disks.looked[i] = disks.passed_over[i];
    return err;
}

static enum err disks_up(struct env *env)
{
    enum err err;

    if ((err = find(env)))
        return err;
    if ((err = give_out(env)))
        return err;
    show_counters(env);
    disks.source = (struct source){.name = "disks",
                                   .poll = poll_disks,
                                   .flush = flush_disks,
                                   .arm = arm_disks,
                                   .deadline = deadline_disks};
    if (disks.n) /* else each turn would pay for what is not there */
        loop_add(env->loop, &disks.source);
    return OK;
}

static bool disks_in_use(void)
{
    for (unsigned i = 0; i < disks.n; i++)
        if (blk_busy(disks.disk[i]))
            return true;
    return false;
}

static void on_flushed(struct blk_req *r)
{
    *(bool *)r->user = true;
    if (r->status)
        log_error(disks.env->log, "disk", "what was written may be lost: %s",
                  err_name(r->status));
}

static bool disks_down(void)
{
    bool more = disks_in_use();

    for (unsigned i = 0; i < disks.n; i++) {
        struct blk *b = disks.disk[i];
        struct blk_req *r = &disks.flush[i];

        if (!b->dirty || b->failed || r->user)
            continue;
        more = true;
        *r = (struct blk_req){
            .op = BLK_FLUSH, .done = on_flushed, .user = &disks.ended[i]};
        if (blk_submit(b, r))
            r->user = NULL; /* full: next time */
    }
    return more;
}

static struct blk *disks_nth(unsigned i)
{
    return i < disks.n ? disks.disk[i] : NULL;
}

/* Before any key is read: one that is refused is a reason to go back. */
static bool disks_on_trial(void)
{
    static const char words[] = "update-slot=trial-";

    for (const char *const *arg = machine_args(); *arg; arg++)
        if (strncmp(*arg, words, sizeof(words) - 1) == 0)
            return true;
    return false;
}

const struct disks billet_disks = {.bytes = disks_bytes,
                                   .up = disks_up,
                                   .configure = disks_configure,
                                   .in_use = disks_in_use,
                                   .down = disks_down,
                                   .nth = disks_nth,
                                   .on_trial = disks_on_trial,
                                   .last_words = console_last_words};
