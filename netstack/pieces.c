/* SPDX-License-Identifier: ISC */
/*
 * pieces.c - see pieces.h.
 */
#include "pieces.h"

#include <base/csum.h>

const uint8_t *pkt_together(const struct pkt *p, uint32_t at, uint32_t n,
                            struct mspan room)
{
    const struct frag *f = &p->frag[0];
    uint32_t left = at;

    if (p->hdr_len == 0)
        for (unsigned i = 0; i < p->nfrags; i++, f++) {
            if (left < f->len) {
                if (n <= f->len - left)
                    return f->p + left;
                break;
            }
            left -= f->len;
        }
    if (n > room.n || !pkt_copy(p, at, room.p, n))
        return NULL;
    return room.p;
}

bool pkt_add_range(struct pkt *to, const struct pkt *from, uint32_t at,
                   uint32_t n)
{
    for (unsigned i = 0; i < from->nfrags && n > 0; i++) {
        const struct frag *f = &from->frag[i];
        uint32_t part;

        if (at >= f->len) {
            at -= f->len;
            continue;
        }
        part = f->len - at < n ? f->len - at : n;
        if (!pkt_add_frag(to, f->buf, f->p + at, part))
            return false;
        n -= part;
        at = 0;
    }
    return n == 0;
}

uint64_t pkt_sum(const struct pkt *p, uint32_t at, uint32_t n, uint64_t sum)
{
    struct frag head = {.p = p->hdr + PKT_HDR_MAX - p->hdr_len,
                        .len = p->hdr_len};
    const struct frag *f = &head;
    uint32_t done = 0;

    for (unsigned next = 0; done < n; f = &p->frag[next++]) {
        uint32_t part;

        if (at >= f->len) {
            at -= f->len;
        } else {
            part = f->len - at < n - done ? f->len - at : n - done;
            sum = csum_add(sum, f->p + at, part, done & 1);
            done += part;
            at = 0;
        }
        if (next == p->nfrags)
            break;
    }
    return sum;
}
