/* SPDX-License-Identifier: ISC */
/*
 * ip6.c - IPv6 extension headers; the fixed header is inline in ip6.h.
 */
#include "ip6.h"

enum { OPT_PAD1 = 0 };

/* RFC 8200 4.2: an option that we do not know says by its two highest bits
 * what is to be done.  We know none but padding; 00 is: skip. */
static bool walk_options(struct ip6_walk *w, struct span in, size_t at,
                         size_t end)
{
    while (at < end) {
        uint8_t kind = in.p[at];

        if (kind == OPT_PAD1) {
            at++;
            continue;
        }
        w->at = (uint32_t)at;
        if (end - at < 2 || in.p[at + 1] > end - at - 2)
            return false;
        if (kind >> 6 && !w->passing) {
            w->code = kind >> 6;
            return false;
        }
        at += 2u + in.p[at + 1];
    }
    return true;
}

static enum ip6_walk_end fragment(struct ip6_walk *w, struct span in)
{
    const uint8_t *p = in.p + w->at;

    w->frag_next = p[0];
    w->frag_off = be16(p + 2) & 0xfff8;
    w->more = p[3] & 1;
    w->frag_id = be32(p + 4);
    return IP6_WALK_FRAGMENT;
}

/* One header of those that have a length byte; *end is what to stop with. */
static bool step(struct ip6_walk *w, struct span in, size_t len,
                 enum ip6_walk_end *end)
{
    size_t at = w->at;
    const uint8_t *p = in.p + at;

    if (w->next == IP6_NH_ROUTING) {
        w->route_0 |= p[2] == 0 && p[3] != 0;
        if (p[3] != 0 && !w->passing) { /* RFC 8200 4.4, RFC 5095 */
            w->at += 2;
            *end = IP6_WALK_ROUTE;
            return false;
        }
    } else if (!walk_options(w, in, at + 2, at + len)) {
        *end = w->code ? IP6_WALK_OPTION : IP6_WALK_BAD;
        return false;
    }
    w->hop_by_hop_ok = false;
    w->next = p[0];
    w->next_at = (uint32_t)at;
    w->at = (uint32_t)(at + len);
    return true;
}

static bool is_extension(uint8_t next)
{
    return next == IP6_NH_HOP_BY_HOP || next == IP6_NH_ROUTING ||
           next == IP6_NH_FRAGMENT || next == IP6_NH_OPTIONS;
}

enum ip6_walk_end ip6_walk(struct ip6_walk *w, struct span in)
{
    uint32_t start = w->at;
    enum ip6_walk_end end;

    for (unsigned i = 0; i < IP6_EXT_MAX; i++) {
        size_t len;

        if (!is_extension(w->next))
            return IP6_WALK_UPPER;
        if (w->next == IP6_NH_HOP_BY_HOP && !w->hop_by_hop_ok) {
            w->at = w->next_at;
            return IP6_WALK_BAD;
        }
        if (in.n < w->at || in.n - w->at < 8)
            return IP6_WALK_BAD;
        if (w->next == IP6_NH_FRAGMENT)
            return fragment(w, in);
        len = (in.p[w->at + 1] + 1u) * 8;
        if (len > in.n - w->at)
            return IP6_WALK_BAD;
        if (w->at + len - start > IP6_EXT_BYTES_MAX)
            return IP6_WALK_DEEP;
        if (!step(w, in, len, &end))
            return end;
    }
    return is_extension(w->next) ? IP6_WALK_DEEP : IP6_WALK_UPPER;
}

void ip6_frag_emit(uint8_t out[IP6_FRAG_BYTES], uint8_t next, uint16_t off,
                   bool more, uint32_t id)
{
    out[0] = next;
    out[1] = 0;
    put_be16(out + 2, (uint16_t)(off | (more ? 1 : 0)));
    put_be32(out + 4, id);
}
