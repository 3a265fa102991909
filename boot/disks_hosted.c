/* SPDX-License-Identifier: ISC */
/*
 * disks_hosted.c - files of the host as the disks of a process.
 */
#include "disks.h"

#include <base/bytes.h>
#include <base/pool.h>
#include <host/disk.h>
#include <hosted/record.h>
#include <log/log_impl.h>

#include "system.h"

const bool disks_have_keys = false;

static const char *check_disk(struct span v);

KEY_STRING(disk, "disk", "[NAME=]FILE[:ro],...", NULL,
           "files or devices for the disks of the image, in order or by name",
           .check = check_disk);

/* The next part of the list, as text of its own.  False: the end, or too
 * long. */
static bool next_part(struct span *rest, char out[HOST_DISK_PATH_BYTES])
{
    size_t n = 0;

    while (n < rest->n && rest->p[n] != ',')
        n++;
    if (n == 0 || n >= HOST_DISK_PATH_BYTES)
        return false;
    memcpy(out, rest->p, n);
    out[n] = 0;
    rest->p += n;
    rest->n -= n;
    if (rest->n > 0) {
        rest->p++;
        rest->n--;
    }
    return true;
}

static const char *check_disk(struct span v)
{
    char part[HOST_DISK_PATH_BYTES];
    unsigned n = 0;

    while (v.n > 0)
        if (!next_part(&v, part) || ++n > DISKS_MAX)
            return "up to 8 files with commas between, as in disk.img or "
                   "state=disk.img,seed=seed.iso:ro";
    return n ? NULL : "the name of a file";
}

/* "NAME=FILE:ro" to its parts. */
static void split(char *part, struct host_disk_config *c)
{
    char *equals = strchr(part, '=');
    size_t n = strlen(part);

    c->path = part;
    if (equals && equals != part &&
        !memchr(part, '/', (size_t)(equals - part))) {
        *equals = 0;
        c->serial = part;
        c->path = equals + 1;
    }
    if (n > 3 && strcmp(part + n - 3, ":ro") == 0) {
        part[n - 3] = 0;
        c->read_only = true;
    }
}

size_t disks_bytes(void)
{
    return DISKS_MAX * host_disk_bytes();
}

enum err disks_find(struct env *env, struct blk *out[DISKS_MAX], unsigned *n)
{
    const char *list = key_string(env->keys, &key_disk);
    struct span rest = list ? span_of(list) : (struct span){0};
    char part[HOST_DISK_PATH_BYTES], why[HOST_DISK_WHY_BYTES];
    enum err err;

    *n = 0;
    if (list && record_mode() != RECORD_OFF) {
        log_error(env->log, "disk",
                  "a run with disks cannot be recorded or replayed");
        return E_INVAL;
    }
    while (*n < DISKS_MAX && next_part(&rest, part)) {
        struct host_disk_config c = {.arena = &boot_system.arena};

        split(part, &c);
        if ((err = host_disk_open(&c, &out[*n], why))) {
            log_error(env->log, "disk", "%s: %s", c.path, why);
            return err;
        }
        ++*n;
    }
    return OK;
}

void disks_say_how(struct env *env, const char *name)
{
    print_line(env->log, "    truncate -s 16M %s.img", name);
    print_line(env->log, "    --disk=%s=%s.img", name, name);
}
