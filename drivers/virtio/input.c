/* SPDX-License-Identifier: ISC */
/*
 * input.c - a keyboard (virtio 1.2, 5.8): buffers of one event each, all with
 * the device until it has something to say.
 *
 * Of what an input device can say only keys are taken, so that it need not be
 * asked what it is: a tablet says nothing that counts.
 */
#include <virtio/input.h>

#include <base/bytes.h>

enum {
    QUEUE = 0,
    RING = 64, /* events at once; beyond: the device waits, or drops them */
    EVENT_BYTES = 8,
    EV_KEY = 1,
    CODES = 256, /* keys of keyboards; others are buttons */
    RELEASED = 0,
    REPEATED = 2 /* and 1: pressed */
};

struct virtio_input {
    struct virtio_dev *dev;
    struct vq q;
    uint8_t event[RING][EVENT_BYTES];
};

static void post(struct virtio_input *v, uint8_t *event)
{
    struct vq_seg seg = {event, EVENT_BYTES};
    bool room = vq_add(&v->q, &seg, 0, 1, event);

    ASSERT(room);
}

static void show(struct virtio_input *v)
{
    if (vq_publish(&v->q))
        virtio_notify(v->dev, QUEUE);
}

size_t virtio_input_bytes(void)
{
    struct vq_config c = {.align = VQ_MODERN_ALIGN,
                          .slots = RING,
                          .size = RING,
                          .tables = RING / VIRTIO_TABLES};

    return sizeof(struct virtio_input) + _Alignof(struct virtio_input) +
           vq_bytes(&c);
}

struct virtio_input *virtio_input_attach(struct virtio_dev *d, struct arena *a)
{
    struct virtio_input *v =
        arena_try(a, sizeof(*v), _Alignof(struct virtio_input));

    ASSERT(d->kind == VIRTIO_KIND_INPUT);
    if (!v)
        return NULL;
    *v = (struct virtio_input){.dev = d};
    if (!virtio_negotiate(d, NULL, 0, NULL, NULL) ||
        !virtio_queue(d, QUEUE, &v->q, RING, a) || !virtio_ready(d))
        return NULL;
    for (unsigned i = 0; i < v->q.slots; i++)
        post(v, v->event[i]);
    show(v);
    return v;
}

/* False: the device lied. */
static bool take(const uint8_t *event, uint32_t len,
                 void (*key)(void *user, unsigned code, bool pressed),
                 void *user)
{
    uint32_t value = le32(event + 4);

    if (len != EVENT_BYTES)
        return false;
    if (le16(event) != EV_KEY || le16(event + 2) >= CODES)
        return true;
    if (value > REPEATED)
        return false;
    key(user, le16(event + 2), value != RELEASED);
    return true;
}

unsigned virtio_input_poll(struct virtio_input *v, unsigned budget,
                           void (*key)(void *user, unsigned code, bool pressed),
                           void *user)
{
    unsigned n = 0;

    if (v->dev->failure)
        return 0;
    for (unsigned ready = vq_ready(&v->q); n < ready && n < budget; n++) {
        uint32_t len;
        uint8_t *event = vq_take(&v->q, &len);

        if (!event)
            break;
        if (!take(event, len, key, user)) {
            virtio_fail(v->dev, "its event is none");
            return n;
        }
        post(v, event);
    }
    if (v->q.failure)
        virtio_fail(v->dev, v->q.failure);
    else if (n > 0)
        show(v);
    return n;
}

bool virtio_input_arm(struct virtio_input *v)
{
    return !v->dev->failure && vq_arm(&v->q, 1);
}
