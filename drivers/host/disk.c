/* SPDX-License-Identifier: ISC */
/*
 * disk.c - see disk.h.
 *
 * Requests are done one after the other, in the order in which they came, when
 * the loop looks next: a process has no interrupt for a file, and one order
 * makes a test the same each time.
 */
#include <host/disk.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct host_disk {
    struct blk blk;
    int fd;
    unsigned n; /* slots in `queue` */
    uint8_t queue[BLK_DEPTH];
};

static struct host_disk *host_disk(struct blk *b)
{
    return CONTAINER(b, struct host_disk, blk);
}

static bool start(struct blk *b, unsigned slot, const struct blk_req *r)
{
    struct host_disk *h = host_disk(b);

    (void)r;
    h->queue[h->n++] = (uint8_t)slot;
    return true;
}

static void kick(struct blk *b)
{
    (void)b;
}

/* All of it, or an error; a short answer is one as well. */
static enum err transfer(int fd, const struct blk_req *r)
{
    uint64_t at = r->sector * BLK_SECTOR_BYTES;
    size_t done = 0;

    while (done < r->data.n) {
        uint8_t *p = r->data.p + done;
        size_t n = r->data.n - done;
        ssize_t got = r->op == BLK_READ ? pread(fd, p, n, (off_t)(at + done))
                                        : pwrite(fd, p, n, (off_t)(at + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return E_IO;
        done += (size_t)got;
    }
    return OK;
}

static enum err discard(int fd, const struct blk_req *r)
{
    off_t at = (off_t)(r->sector * BLK_SECTOR_BYTES);
    off_t n = (off_t)r->sectors * BLK_SECTOR_BYTES;

    if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, n) &&
        errno != EOPNOTSUPP)
        return E_IO;
    return OK;
}

static enum err do_one(int fd, const struct blk_req *r)
{
    if (r->op == BLK_FLUSH)
        return fdatasync(fd) ? E_IO : OK;
    return r->op == BLK_DISCARD ? discard(fd, r) : transfer(fd, r);
}

static void poll(struct blk *b)
{
    struct host_disk *h = host_disk(b);
    unsigned n = h->n;

    h->n = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned slot = h->queue[i];

        ASSERT(blk_finish(b, slot, do_one(h->fd, blk_at(b, slot))));
    }
}

static bool arm(struct blk *b)
{
    return host_disk(b)->n > 0;
}

static void stop(struct blk *b, const char *why)
{
    (void)why;
    host_disk(b)->n = 0;
}

static const struct blk_ops host_disk_ops = {
    .start = start, .kick = kick, .poll = poll, .arm = arm, .stop = stop};

static bool size_of(int fd, uint64_t *bytes)
{
    struct stat st;

    if (fstat(fd, &st))
        return false;
    *bytes = (uint64_t)st.st_size;
    if (S_ISBLK(st.st_mode))
        return ioctl(fd, BLKGETSIZE64, bytes) == 0;
    return S_ISREG(st.st_mode);
}

/* The descriptor, or -1; falls back to reading where writing is not ours. */
static int open_file(const char *path, bool *read_only)
{
    int fd = -1;

    if (!*read_only)
        fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 &&
        (*read_only || errno == EACCES || errno == EROFS || errno == EPERM)) {
        *read_only = true;
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    return fd;
}

size_t host_disk_bytes(void)
{
    return sizeof(struct host_disk) + _Alignof(struct host_disk);
}

static enum err refuse(int fd, enum err err, char *why, const char *words)
{
    snprintf(why, HOST_DISK_WHY_BYTES, "%s", words);
    if (fd >= 0)
        close(fd);
    return err;
}

enum err host_disk_open(const struct host_disk_config *c, struct blk **out,
                        char why[HOST_DISK_WHY_BYTES])
{
    bool read_only = c->read_only;
    int fd = open_file(c->path, &read_only);
    struct host_disk *h;
    uint64_t bytes;
    const char *wrong;

    if (fd < 0)
        return refuse(fd, errno == ENOENT ? E_NOENT : E_IO, why,
                      strerror(errno));
    if (!size_of(fd, &bytes))
        return refuse(fd, E_INVAL, why, "neither a file nor a block device");
    if (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB))
        return refuse(fd, E_REFUSED, why, "another process has it");
    h = arena_try(c->arena, sizeof(*h), _Alignof(struct host_disk));
    if (!h)
        return refuse(fd, E_FULL, why, "memory is too short");
    *h = (struct host_disk){.blk = {.ops = &host_disk_ops,
                                    .sectors = bytes / BLK_SECTOR_BYTES,
                                    .block_size = BLK_SECTOR_BYTES,
                                    .read_only = read_only,
                                    .has_flush = true,
                                    .has_discard = true},
                            .fd = fd};
    if ((wrong = blk_init(&h->blk)))
        return refuse(fd, E_INVAL, why, wrong);
    snprintf(h->blk.device, sizeof(h->blk.device), "%.*s",
             (int)sizeof(h->blk.device) - 1, c->path);
    if (c->serial)
        blk_name(h->blk.serial, (const uint8_t *)c->serial, strlen(c->serial));
    *out = &h->blk;
    return OK;
}
