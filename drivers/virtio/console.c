/* SPDX-License-Identifier: ISC */
/*
 * console.c - a console (virtio 1.2, 5.3), its first port only: text out
 * without waiting, and what is typed in.
 *
 * Text is copied into chunks, since log lines live on the caller's stack.
 * Sent chunks are collected by the next write; when all are with the device,
 * the rest of the text is the caller's again.
 */
#include <virtio/virtio.h>

#include <string.h>

enum {
    QUEUE_IN = 0,
    QUEUE_OUT = 1,
    CHUNKS = 16,       /* with the device at once; beyond: short writes */
    CHUNK_BYTES = 248, /* a log line */
    RING_IN = 2,
    IN_BYTES = 64
};

struct chunk {
    struct chunk *next; /* in the list of free ones */
    uint8_t bytes[CHUNK_BYTES];
};

struct virtio_console {
    struct virtio_dev *dev;
    struct vq in, out;
    struct chunk *free;
    bool in_posted;
    uint32_t in_at, in_n; /* what of in_bytes has not been read yet */
    uint8_t in_bytes[IN_BYTES];
    struct chunk chunk[CHUNKS];
};

static void post_input(struct virtio_console *c)
{
    struct vq_seg seg = {c->in_bytes, sizeof(c->in_bytes)};
    bool here;

    c->in_posted = vq_add(&c->in, &seg, 0, 1, c);
    if (vq_publish(&c->in))
        virtio_notify(c->dev, QUEUE_IN);
    here = vq_arm(&c->in, 1); /* typing wakes the loop */
    (void)here;
}

struct virtio_console *virtio_console_attach(struct virtio_dev *d,
                                             struct arena *a)
{
    struct virtio_console *c =
        arena_try(a, sizeof(*c), _Alignof(struct virtio_console));

    ASSERT(d->kind == VIRTIO_KIND_CONSOLE);
    if (!c)
        return NULL;
    memset(c, 0, offsetof(struct virtio_console, chunk));
    c->dev = d;
    for (unsigned i = 0; i < CHUNKS; i++) {
        c->chunk[i].next = c->free;
        c->free = &c->chunk[i];
    }
    if (!virtio_negotiate(d, NULL, 0, NULL, NULL) ||
        !virtio_queue(d, QUEUE_IN, &c->in, RING_IN, a) ||
        !virtio_queue(d, QUEUE_OUT, &c->out, CHUNKS, a) || !virtio_ready(d))
        return NULL;
    post_input(c);
    return c;
}

/* Chunks that the device has written out. */
static void collect(struct virtio_console *c)
{
    uint32_t len;

    for (unsigned n = vq_ready(&c->out); n > 0; n--) {
        struct chunk *k = vq_take(&c->out, &len);

        if (!k)
            break;
        k->next = c->free;
        c->free = k;
    }
    if (c->out.failure)
        virtio_fail(c->dev, c->out.failure);
}

size_t virtio_console_write(struct virtio_console *c, struct span text)
{
    size_t done = 0;

    if (!c->dev->failure)
        collect(c);
    while (!c->dev->failure && done < text.n && c->free) {
        struct chunk *k = c->free;
        size_t left = text.n - done;
        struct vq_seg seg = {k->bytes,
                             left < CHUNK_BYTES ? (uint32_t)left : CHUNK_BYTES};

        if (!vq_add(&c->out, &seg, 1, 0, k))
            break;
        c->free = k->next;
        memcpy(k->bytes, text.p + done, seg.n);
        done += seg.n;
    }
    if (vq_publish(&c->out))
        virtio_notify(c->dev, QUEUE_OUT);
    return done;
}

size_t virtio_console_read(struct virtio_console *c, struct mspan out)
{
    size_t n;

    if (c->dev->failure)
        return 0;
    if (c->in_posted && vq_ready(&c->in) != 0 && vq_take(&c->in, &c->in_n)) {
        c->in_posted = false;
        c->in_at = 0;
    }
    if (c->in.failure) {
        virtio_fail(c->dev, c->in.failure);
        return 0;
    }
    if (c->in_posted)
        return 0;
    n = c->in_n - c->in_at < out.n ? c->in_n - c->in_at : out.n;
    memcpy(out.p, c->in_bytes + c->in_at, n);
    c->in_at += (uint32_t)n;
    if (c->in_at == c->in_n)
        post_input(c);
    return n;
}
