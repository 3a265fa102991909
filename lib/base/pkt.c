/* SPDX-License-Identifier: ISC */
/*
 * pkt.c - taking, giving back and reading packets.
 *
 * A packet is a kilobyte, most of it fragments and headers nobody has written
 * yet: only the fields in front of them are cleared.
 */
#include <base/pool.h>
#include <billet/pkt.h>
#include <string.h>

/* The free list of the pool runs through `next`, which is the first word. */
_Static_assert(offsetof(struct pkt, next) == 0, "the free list needs it");

struct pkt *pkt_get(struct pool *home)
{
    struct pkt *p = pool_get(home);

    if (!p)
        return NULL;
    memset(p, 0, offsetof(struct pkt, frag));
    p->home = home;
    return p;
}

void pkt_put(struct pkt *p)
{
    for (unsigned i = 0; i < p->nfrags; i++)
        buf_drop(p->frag[i].buf);
    pool_put(p->home, p);
}

bool pkt_add_frag(struct pkt *p, struct buf *buf, const uint8_t *bytes,
                  uint32_t len)
{
    if (p->nfrags == PKT_FRAGS_MAX)
        return false;
    p->frag[p->nfrags++] =
        (struct frag){.buf = buf_hold(buf), .p = bytes, .len = len};
    p->len += len;
    return true;
}

bool pkt_copy(const struct pkt *p, uint32_t at, void *out, uint32_t n)
{
    struct frag head = {.p = p->hdr + PKT_HDR_MAX - p->hdr_len,
                        .len = p->hdr_len};
    const struct frag *f = &head;
    uint8_t *to = out;

    if (at > p->len || n > p->len - at)
        return false;
    for (unsigned next = 0; n != 0; f = &p->frag[next++]) {
        uint32_t part = f->len;

        if (at >= part) {
            at -= part;
            continue;
        }
        part = part - at < n ? part - at : n;
        memcpy(to, f->p + at, part);
        to += part;
        n -= part;
        at = 0;
    }
    return true;
}
