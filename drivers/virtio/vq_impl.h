/* SPDX-License-Identifier: ISC */
/*
 * vq_impl.h - shared by vq.c, the split ring, and packed.c, the packed one.
 */
#ifndef VIRTIO_VQ_IMPL_H
#define VIRTIO_VQ_IMPL_H

#include <virtio/vq.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
/* Old devices report nonsense for what they only read: it is not looked at. */
#define ANY_LENGTH UINT32_MAX

/* The device lied, in this way. */
static inline void *vq_lie(struct vq *q, const char *how)
{
    q->failure = how;
    q->detour = true;
    return NULL;
}

/* The cookie of a chain of which the device says that it finished it, and wrote
 * `n` bytes of it.  NULL: a lie. */
static inline void *vq_finished(struct vq *q, const struct vq_slot *s,
                                uint32_t n)
{
    if (!s->cookie)
        return vq_lie(q, "it finished a buffer that it did not have");
    if (n > s->in_bytes && !q->any_length)
        return vq_lie(q, "it wrote more than a buffer holds");
    return s->cookie;
}

static inline void *vq_no_such_id(struct vq *q)
{
    return vq_lie(q, "it finished a buffer that does not exist");
}

/* The packed ring: what vq.h says of the functions of these names. */
struct vq_packed {
    size_t (*bytes)(const struct vq_config *);
    void (*init)(struct vq *, const struct vq_config *, uint8_t *ring);
    bool (*add)(struct vq *, const struct vq_seg *, unsigned out, unsigned in,
                void *cookie);
    /* What was added, to the device.  True: it asked to be notified. */
    bool (*show)(struct vq *);
    unsigned (*ready)(struct vq *);
    void *(*take)(struct vq *, uint32_t *len);
    bool (*arm)(struct vq *, unsigned after);
    void (*disarm)(struct vq *);
    void (*give_back)(struct vq *, struct vq_slot *);
};

#endif
