/* SPDX-License-Identifier: ISC */
/*
 * rng.c - randomness from the host (virtio 1.2, 5.4): one buffer, asked for at
 * boot and collected in a later turn, so that nobody waits for it.
 */
#include <virtio/virtio.h>

enum { QUEUE = 0, RING = 2 /* descriptors; one is in use at most */ };

struct virtio_rng {
    struct virtio_dev *dev;
    struct vq q;
    bool asked;
    uint8_t bytes[VIRTIO_RNG_BYTES];
};

struct virtio_rng *virtio_rng_attach(struct virtio_dev *d, struct arena *a)
{
    struct virtio_rng *r =
        arena_try(a, sizeof(*r), _Alignof(struct virtio_rng));

    ASSERT(d->kind == VIRTIO_KIND_RNG);
    if (!r)
        return NULL;
    *r = (struct virtio_rng){.dev = d};
    if (!virtio_negotiate(d, NULL, 0, NULL, NULL) ||
        !virtio_queue(d, QUEUE, &r->q, RING, a) || !virtio_ready(d))
        return NULL;
    return r;
}

void virtio_rng_ask(struct virtio_rng *r)
{
    struct vq_seg seg = {r->bytes, sizeof(r->bytes)};
    bool here;

    if (r->asked || r->dev->failure)
        return;
    r->asked = vq_add(&r->q, &seg, 0, 1, r);
    if (vq_publish(&r->q))
        virtio_notify(r->dev, QUEUE);
    here = vq_arm(&r->q, 1); /* the answer wakes the loop */
    (void)here;              /* or is found by the first take */
}

struct span virtio_rng_take(struct virtio_rng *r)
{
    struct span none = {0};
    uint32_t len = 0;

    if (!r->asked || r->dev->failure)
        return none;
    if (vq_ready(&r->q) != 0 && vq_take(&r->q, &len)) {
        r->asked = false;
        return (struct span){r->bytes, len};
    }
    if (r->q.failure)
        virtio_fail(r->dev, r->q.failure);
    return none;
}
