/* SPDX-License-Identifier: ISC */
/*
 * gpu.c - a display (virtio 1.2, 5.7): one resource whose memory is ours, shown
 * on the first scanout.
 *
 * One command is under way at a time: first those that set the resource up,
 * then, for each part that has changed, a transfer and a flush.  What changes
 * meanwhile is the caller's to join.
 */
#include <virtio/gpu.h>

#include <base/bytes.h>
#include <base/dma.h>
#include <string.h>

enum {
    QUEUE = 0,
    RING = 8, /* descriptors; two are in use */
    RING_MIN = 2,
    HEAD_BYTES = 24,
    COMMAND_BYTES = 64, /* at most */
    RESOURCE = 1,
    FORMAT_XRGB = 2, /* VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM: by bytes */
    OK_NODATA = 0x1100,
};
enum { /* commands, 5.7.6.7 */
       CREATE_2D = 0x101,
       SET_SCANOUT = 0x103,
       FLUSH = 0x104,
       TRANSFER_2D = 0x105,
       ATTACH_BACKING = 0x106
};
#define ANSWER_NS (5 * NS_PER_SEC) /* beyond: dead */

struct virtio_gpu {
    struct display display;
    struct virtio_dev *dev;
    struct vq q;
    const uint32_t *pixels;
    struct rect changed; /* being transferred or flushed */
    uint32_t command;    /* under way; 0: none */
    ns_t asked;          /* when */
    bool clocked;        /* `asked` holds: it was not before the loop */
    uint8_t out[COMMAND_BYTES], in[HEAD_BYTES];
};

static struct virtio_gpu *gpu(struct display *d)
{
    return CONTAINER(d, struct virtio_gpu, display);
}

static void fail(struct virtio_gpu *v, const char *why)
{
    virtio_fail(v->dev, why);
    v->display.failure = v->dev->failure;
}

static void put32(struct virtio_gpu *v, unsigned at, uint32_t value)
{
    put_le16(v->out + at, (uint16_t)value);
    put_le16(v->out + at + 2, (uint16_t)(value >> 16));
}

static void put_rect(struct virtio_gpu *v, struct rect r)
{
    put32(v, HEAD_BYTES, r.x);
    put32(v, HEAD_BYTES + 4, r.y);
    put32(v, HEAD_BYTES + 8, r.w);
    put32(v, HEAD_BYTES + 12, r.h);
}

/* Send the command that stands in `out`, `n` bytes of it. */
static void send(struct virtio_gpu *v, uint32_t command, uint32_t n)
{
    struct vq_seg seg[] = {{v->out, n}, {v->in, sizeof(v->in)}};

    put32(v, 0, command);
    memset(v->in, 0, sizeof(v->in));
    if (!vq_add(&v->q, seg, 1, 1, v->in)) {
        fail(v, "its queue is too short");
        return;
    }
    v->command = command;
    v->clocked = false;
    if (vq_publish(&v->q))
        virtio_notify(v->dev, QUEUE);
}

static struct rect whole(const struct virtio_gpu *v)
{
    return (struct rect){0, 0, v->display.width, v->display.height};
}

static void create(struct virtio_gpu *v)
{
    memset(v->out, 0, sizeof(v->out));
    put32(v, HEAD_BYTES, RESOURCE);
    put32(v, HEAD_BYTES + 4, FORMAT_XRGB);
    put32(v, HEAD_BYTES + 8, v->display.width);
    put32(v, HEAD_BYTES + 12, v->display.height);
    send(v, CREATE_2D, HEAD_BYTES + 16);
}

/* One piece: our memory lies where it is mapped. */
static void attach_backing(struct virtio_gpu *v)
{
    uint64_t at = dma_address(v->pixels);

    memset(v->out, 0, sizeof(v->out));
    put32(v, HEAD_BYTES, RESOURCE);
    put32(v, HEAD_BYTES + 4, 1);
    put32(v, HEAD_BYTES + 8, (uint32_t)at);
    put32(v, HEAD_BYTES + 12, (uint32_t)(at >> 32));
    put32(v, HEAD_BYTES + 16, v->display.width * v->display.height * 4);
    send(v, ATTACH_BACKING, HEAD_BYTES + 24);
}

static void set_scanout(struct virtio_gpu *v)
{
    memset(v->out, 0, sizeof(v->out));
    put_rect(v, whole(v));
    put32(v, HEAD_BYTES + 20, RESOURCE);
    send(v, SET_SCANOUT, HEAD_BYTES + 24);
}

static void transfer(struct virtio_gpu *v)
{
    struct rect r = v->changed;
    uint64_t off = ((uint64_t)r.y * v->display.width + r.x) * 4;

    memset(v->out, 0, sizeof(v->out));
    put_rect(v, r);
    put32(v, HEAD_BYTES + 16, (uint32_t)off);
    put32(v, HEAD_BYTES + 20, (uint32_t)(off >> 32));
    put32(v, HEAD_BYTES + 24, RESOURCE);
    send(v, TRANSFER_2D, HEAD_BYTES + 32);
}

static void flush(struct virtio_gpu *v)
{
    memset(v->out, 0, sizeof(v->out));
    put_rect(v, v->changed);
    put32(v, HEAD_BYTES + 16, RESOURCE);
    send(v, FLUSH, HEAD_BYTES + 24);
}

/* A command was done: the next. */
static void go_on(struct virtio_gpu *v, uint32_t done)
{
    v->command = 0;
    if (done == CREATE_2D)
        attach_backing(v);
    else if (done == ATTACH_BACKING)
        set_scanout(v);
    else if (done == TRANSFER_2D)
        flush(v);
}

static bool show(struct display *d, const uint32_t *pixels, uint32_t width,
                 struct rect r, ns_t now)
{
    struct virtio_gpu *v = gpu(d);

    ASSERT(pixels == v->pixels && width == d->width);
    if (d->failure)
        return true; /* nobody sees it */
    if (v->command)
        return false;
    v->changed = r;
    transfer(v);
    v->asked = now;
    v->clocked = true;
    return true;
}

static bool poll(struct display *d, ns_t now)
{
    struct virtio_gpu *v = gpu(d);
    uint32_t len;
    void *cookie;

    if (d->failure || !v->command)
        return false;
    if (!v->clocked) {
        v->clocked = true;
        v->asked = now;
    }
    if (vq_ready(&v->q) == 0) {
        if (v->q.failure)
            fail(v, v->q.failure);
        else if (now - v->asked >= ANSWER_NS)
            fail(v, "it does not answer");
        return d->failure != NULL;
    }
    cookie = vq_take(&v->q, &len);
    if (!cookie)
        fail(v, v->q.failure);
    else if (len < HEAD_BYTES || le32(v->in) != OK_NODATA)
        fail(v, "it refused a command");
    else
        go_on(v, v->command);
    return true;
}

static bool arm(struct display *d)
{
    struct virtio_gpu *v = gpu(d);

    return !d->failure && v->command && vq_arm(&v->q, 1);
}

static ns_t deadline(const struct display *d)
{
    const struct virtio_gpu *v = CONTAINER(d, struct virtio_gpu, display);

    if (d->failure || !v->command)
        return NS_NEVER;
    return v->clocked ? v->asked + ANSWER_NS : 0;
}

static const struct display_ops gpu_ops = {
    .show = show, .poll = poll, .arm = arm, .deadline = deadline};

size_t virtio_gpu_bytes(void)
{
    struct vq_config c = {
        .align = VQ_MODERN_ALIGN, .slots = RING, .size = RING, .tables = 1};

    return sizeof(struct virtio_gpu) + _Alignof(struct virtio_gpu) +
           vq_bytes(&c);
}

struct display *virtio_gpu_attach(struct virtio_dev *d, struct arena *a,
                                  uint32_t *pixels, uint32_t width,
                                  uint32_t height)
{
    struct virtio_gpu *v =
        arena_try(a, sizeof(*v), _Alignof(struct virtio_gpu));

    ASSERT(d->kind == VIRTIO_KIND_GPU);
    if (!v)
        return NULL;
    *v = (struct virtio_gpu){
        .display = {.ops = &gpu_ops, .width = width, .height = height},
        .dev = d,
        .pixels = pixels};
    memcpy(v->display.name, d->name, sizeof(d->name));
    if (!virtio_negotiate(d, NULL, 0, NULL, NULL) ||
        !virtio_queue(d, QUEUE, &v->q, RING, a) || !virtio_ready(d))
        fail(v, d->failure);
    else if (v->q.slots < RING_MIN)
        fail(v, "its queue is too short");
    else
        create(v);
    return &v->display;
}
