/* SPDX-License-Identifier: ISC */
/*
 * vq.h - a virtqueue, split or packed (virtio 1.2, 2.7 and 2.8): memory and
 * arithmetic only.
 *
 * Knows no bus and no device; nor does its user know which of the two it has.
 * Usage, and all of the driver's ordering:
 *
 *     vq_add() ... vq_add()       private until
 *     if (vq_publish(q))          one store, at most one notification
 *         notify the device
 *
 *     for (n = vq_ready(q); n > 0; n--)
 *         if (!(cookie = vq_take(q, &len)))
 *             the device lied: q->failure says how, all is over
 *
 *     vq_arm(q, 1) before sleeping: true means do not sleep.
 *
 * What the device writes is read once and checked against private records
 * (`slot`); the descriptors in shared memory are never read back.  A lie is
 * sticky: from then on nothing is ready and nothing is published.
 */
#ifndef VIRTIO_VQ_H
#define VIRTIO_VQ_H

#include <base/pool.h>

enum {
    VQ_SIZE_MAX = 32768,  /* entries of a ring: the specification's limit */
    VQ_CHAIN_MAX = 36,    /* segments in a chain: PKT_FRAGS_MAX + 2 headers */
    VQ_INDIRECT_MIN = 4,  /* shorter chains are cheaper as they are */
    VQ_TABLES_MAX = 32,   /* indirect tables; beyond: chains in the ring */
    VQ_MODERN_ALIGN = 64, /* of the used ring: 4 would do, a line is faster */
    VQ_LEGACY_ALIGN = 4096
};

/* As the device sees them; little-endian, as is the only machine we have. */
struct vq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

struct vq_avail {
    uint16_t flags, idx;
    uint16_t ring[];
};

struct vq_used {
    uint16_t flags, idx;
    struct {
        uint32_t id, len;
    } ring[];
};

/* What we know of a descriptor, whatever the device does to the shared one. */
struct vq_slot {
    void *cookie;      /* of the chain that starts here and is out; or NULL */
    uint32_t in_bytes; /* the device may write so many */
    uint16_t next;     /* in the chain (split), or in the free list */
    uint8_t n;         /* ring descriptors of the chain */
    uint8_t table;     /* its indirect table, from 1; 0: none */
};
_Static_assert(sizeof(struct vq_slot) == 16, "an index is one shift");

struct vq {
    struct vq_slot *slot;
    struct vq_desc *desc;   /* where the ring starts, whatever its kind, */
    struct vq_avail *avail; /* what the driver and */
    struct vq_used *used;   /* the device write beside the descriptors */
    uint16_t *used_event, *avail_event; /* EVENT_IDX: wake me, notify me at */
    uint16_t mask;                      /* ring entries less one */
    uint16_t slots;                     /* descriptors we use, <= mask + 1 */
    uint16_t added, published, taken;   /* chains so far, modulo 65536 */
    uint16_t free, nfree;               /* list and count of descriptors */
    uint16_t used_mask, ids; /* as `mask` and `slots`; packed: 0, see vq.c */
    bool detour;             /* it is packed, or the device lied */
    bool event_idx;          /* after vq_arm() there is nothing to undo */
    bool packed;
    bool any_length; /* its user does not look at lengths, nor does vq_take() */
    uint32_t tables_free; /* a bit each */
    struct vq_desc *tables;
    /* of the packed ring: see packed.c */
    uint16_t head, shown, tail, held_flags;
    bool place_events;
    const char *failure; /* how the device lied; NULL: not so far */
};

struct vq_seg {
    const void *p;
    uint32_t n;
};

struct vq_config {
    uint32_t size;   /* ring entries as agreed with the device */
    uint32_t slots;  /* descriptors to use, at most `size` */
    uint32_t align;  /* VQ_MODERN_ALIGN or VQ_LEGACY_ALIGN */
    uint32_t tables; /* indirect tables; 0: none, or not negotiated */
    bool event_idx;
    bool packed; /* only where there is vq_packed; takes no more memory */
};

/* packed.c, or NULL in an image that is to be small: no_packed.c.  The linker
 * knows which, and leaves out what asks. */
extern const struct vq_packed *const vq_packed;

static inline bool vq_is_packed(const struct vq *q)
{
    return vq_packed && q->packed;
}

/* Bytes vq_init() takes from an arena, alignment included. */
size_t vq_bytes(const struct vq_config *);

/* `size` is a power of two from 1 to VQ_SIZE_MAX.  False when the arena is too
 * small; it is as before then. */
MUST_USE bool vq_init(struct vq *, const struct vq_config *, struct arena *);

/* Queue one chain: `out` device-readable segments, then `in` writable ones.
 * The cookie, which is not NULL, comes back from vq_take().  False, with
 * nothing changed, when descriptors are short. */
MUST_USE bool vq_add(struct vq *, const struct vq_seg *, unsigned out,
                     unsigned in, void *cookie);

/* The same for readable segments alone, and for one writable one: the way of
 * frames, and of buffers for them. */
MUST_USE bool vq_add_out(struct vq *, const struct vq_seg *, unsigned n,
                         void *cookie);
MUST_USE bool vq_add_in(struct vq *, void *p, uint32_t n, void *cookie);

/* Show what was added to the device.  True: it asked to be notified. */
MUST_USE bool vq_publish(struct vq *);

/* How many chains the device has finished that vq_take() has not returned.
 * Nothing may be added and not published when this is called, so that the
 * device cannot pretend to have used what it was not shown. */
unsigned vq_ready(struct vq *);

/* Whether vq_ready() is worth a call.  A hint: no order is implied. */
static inline bool vq_stirred(const struct vq *q)
{
    return __atomic_load_n(&q->used->idx, __ATOMIC_RELAXED) != q->taken ||
           vq_is_packed(q);
}

/* The next finished chain, of those vq_ready() counted; `len` bytes of it were
 * written.  NULL: the device lied. */
void *vq_take(struct vq *, uint32_t *len);

/* Ask for an interrupt when `after` more chains are finished.  True: they are
 * already. */
MUST_USE bool vq_arm(struct vq *, unsigned after);
void vq_disarm(struct vq *);

/* Once the device can touch memory no more: the cookie of a chain that it
 * still had; NULL when there is none left. */
void *vq_reclaim(struct vq *);

/* Chains the device has, or will have with the next vq_publish(). */
static inline unsigned vq_outstanding(const struct vq *q)
{
    return (uint16_t)(q->added - q->taken);
}

#endif
