/* SPDX-License-Identifier: ISC */
/*
 * frag.c - see frag.h.
 */
#include "../pieces.h"
#include "../stack.h"
#include "../wire/icmp6.h"
#include "input.h"

enum {
    PAYLOAD_MAX = 65535,
    ECN_NONE = 1 << 0, /* Not-ECT, of struct dgram's ecn */
    ECN_CE = 1 << 3
};

size_t frags_bytes(void)
{
    return DGRAMS_MAX * sizeof(struct dgram) + 16;
}

bool frags_init(struct net *net)
{
    struct frags *f = &net->frags;
    const struct block_pool *pool = net->config.tx_blocks;

    ASSERT(pool->block_bytes * FRAG_BLOCKS >= FRAG_ROOM + PAYLOAD_MAX);
    f->dgram =
        arena_try(net->config.arena, DGRAMS_MAX * sizeof(struct dgram), 16);
    if (!f->dgram)
        return false;
    memset(f->dgram, 0, DGRAMS_MAX * sizeof(struct dgram));
    f->blocks_max = pool->blocks.count / 4;
    return true;
}

/* Frees the blocks; the entry stays when later fragments must be dropped. */
static void empty(struct net *net, struct dgram *d)
{
    for (unsigned i = 0; i < FRAG_BLOCKS; i++)
        if (d->block[i]) {
            buf_drop(&d->block[i]->buf);
            d->block[i] = NULL;
            net->frags.blocks--;
        }
}

static void forget(struct net *net, struct dgram *d)
{
    empty(net, d);
    d->used = false;
    net->frags.in_use--;
}

static void make_room(struct net *net, struct dgram *d)
{
    forget(net, d);
    net->count.drops__frag_full++;
}

/* The oldest one from `src` (any source if NULL) other than `but`. */
static struct dgram *oldest(struct net *net, const struct ipaddr *src,
                            const struct dgram *but, unsigned *n)
{
    struct dgram *old = NULL;

    *n = 0;
    for (unsigned i = 0; i < DGRAMS_MAX; i++) {
        struct dgram *d = &net->frags.dgram[i];

        if (!d->used || d == but || (src && !addr_same(&d->src, src)))
            continue;
        ++*n;
        if (!old || d->until < old->until)
            old = d;
    }
    return old;
}

static struct dgram *find(struct net *net, const struct ip_rx *rx, uint32_t id)
{
    for (unsigned i = 0; i < DGRAMS_MAX; i++) {
        struct dgram *d = &net->frags.dgram[i];

        if (d->used && d->id == id && d->v4 == rx->v4 &&
            (!rx->v4 || d->proto == rx->proto) && d->netif == rx->netif &&
            addr_same(&d->src, &rx->src) && addr_same(&d->dst, &rx->dst))
            return d;
    }
    return NULL;
}

static struct dgram *make(struct net *net, const struct ip_rx *rx, uint32_t id,
                          ns_t now)
{
    struct dgram *d;
    unsigned n;

    d = oldest(net, &rx->src, NULL, &n);
    if (n >= DGRAMS_OF_SOURCE)
        make_room(net, d);
    d = oldest(net, NULL, NULL, &n);
    if (n == DGRAMS_MAX)
        make_room(net, d);
    for (d = net->frags.dgram; d->used; d++)
        ;
    *d = (struct dgram){.used = true,
                        .v4 = rx->v4,
                        .not_unicast = rx->not_unicast,
                        .proto = rx->proto,
                        .netif = rx->netif,
                        .src = rx->src,
                        .dst = rx->dst,
                        .id = id,
                        .total = PAYLOAD_MAX,
                        .until = now + FRAG_LIFE_NS};
    net->frags.in_use++;
    net_wake_at(net, d->until);
    return d;
}

enum place { PLACE_NEW, PLACE_AGAIN, PLACE_BAD };

/* Where [from, to) belongs among the spans that are there. */
static enum place place(const struct dgram *d, uint32_t from, uint32_t to,
                        unsigned *at)
{
    unsigned i = 0;

    while (i < d->nspans && d->span[i].from < from)
        i++;
    *at = i;
    if (i < d->nspans && d->span[i].from == from && d->span[i].to == to)
        return PLACE_AGAIN;
    if ((i > 0 && d->span[i - 1].to > from) ||
        (i < d->nspans && d->span[i].from < to))
        return PLACE_BAD;
    return PLACE_NEW;
}

/* The block for byte `at` counted from the room for headers. */
static struct block *block_at(struct net *net, struct dgram *d, uint32_t at)
{
    struct frags *f = &net->frags;
    uint32_t size = net->config.tx_blocks->block_bytes;
    struct block **b = &d->block[at / size];
    struct dgram *old;
    unsigned n;

    if (*b)
        return *b;
    while (f->blocks >= f->blocks_max && (old = oldest(net, NULL, d, &n)))
        make_room(net, old);
    if (f->blocks >= f->blocks_max || !(*b = block_get(net->config.tx_blocks)))
        return NULL;
    f->blocks++;
    return *b;
}

static bool store(struct net *net, struct dgram *d, uint32_t to,
                  const struct pkt *p, uint32_t at, uint32_t n)
{
    uint32_t size = net->config.tx_blocks->block_bytes;

    while (n > 0) {
        struct block *b = block_at(net, d, to);
        uint32_t part = size - to % size;

        part = part < n ? part : n;
        if (!b || !pkt_copy(p, at, b->data + to % size, part))
            return false;
        to += part;
        at += part;
        n -= part;
    }
    return true;
}

/* The headers of the first fragment stand right before the payload: IPv6's
 * without its extension headers, which were for the fragment. */
static bool store_headers(struct net *net, struct dgram *d,
                          const struct ip_rx *rx)
{
    uint32_t n = rx->v4 ? rx->l4 - rx->l3 : (uint32_t)IP6_BYTES;

    d->hdr_len = n;
    d->tos = rx->tos;
    d->ttl = rx->ttl;
    d->proto = rx->proto;
    d->first_len = rx->len;
    return store(net, d, FRAG_ROOM - n, rx->pkt, rx->l3, n);
}

static struct pkt *join(struct net *net, struct dgram *d)
{
    uint32_t size = net->config.tx_blocks->block_bytes;
    uint32_t at = FRAG_ROOM - d->hdr_len, end = FRAG_ROOM + d->total;
    struct pkt *p = net_pkt(net);

    if (!p)
        return NULL;
    for (unsigned i = 0; i * size < end; i++) {
        uint32_t from = i == 0 ? at : 0;
        uint32_t to = end - i * size < size ? end - i * size : size;

        if (!d->block[i] || !pkt_add_frag(p, &d->block[i]->buf,
                                          d->block[i]->data + from, to - from))
            break; /* cannot be: every byte has come */
    }
    p->netif = d->netif;
    return p;
}

/* RFC 3168 5.3: congestion that one fragment met is not forgotten.  False,
 * counted, when there is no saying it, since another one knew no ECN. */
static bool keep_congestion(struct net *net, struct dgram *d)
{
    if (!(d->ecn & ECN_CE))
        return true;
    if (d->ecn & ECN_NONE) {
        net->count.drops__frag_bad++;
        return false;
    }
    d->tos |= 3;
    return true;
}

/* All is there: the datagram goes on as if it had never been cut. */
static void complete(struct net *net, struct dgram *d, ns_t now)
{
    bool whole = keep_congestion(net, d);
    struct ip_rx rx = {.l4 = d->hdr_len,
                       .len = d->total,
                       .src = d->src,
                       .dst = d->dst,
                       .proto = d->proto,
                       .ttl = d->ttl,
                       .tos = d->tos,
                       .netif = d->netif,
                       .next_at = 6,
                       .v4 = d->v4,
                       .not_unicast = d->not_unicast,
                       .fragmented = true};
    uint8_t *hdr = d->block[0]->data + FRAG_ROOM - d->hdr_len;

    if (d->v4) { /* so that errors quote a sound header */
        put_be16(hdr + 2, (uint16_t)(d->hdr_len + d->total));
        put_be16(hdr + 6, 0);
    } else {
        put_be16(hdr + 4, (uint16_t)d->total);
        hdr[6] = d->proto;
    }
    rx.pkt = whole ? join(net, d) : NULL;
    forget(net, d);
    if (!rx.pkt)
        return;
    net->count.reassembled++;
    if (rx.v4)
        ip_deliver(net, &rx, now);
    else
        ip6_deliver_from(net, &rx, rx.proto, now);
}

static void overlap(struct net *net, struct dgram *d)
{
    empty(net, d);
    d->bad = true;
    net->count.drops__frag_overlap++;
}

/* Adds [off, off + rx->len).  False, counted, when it cannot be. */
static bool add(struct net *net, struct dgram *d, const struct ip_rx *rx,
                uint32_t off, bool more)
{
    uint32_t to = off + rx->len;
    unsigned at;
    enum place where = place(d, off, to, &at);

    if (where == PLACE_AGAIN)
        return true;
    if (where == PLACE_BAD || (!more && d->have_last) || to > d->total ||
        (!more && d->nspans && d->span[d->nspans - 1].to > to)) {
        overlap(net, d);
        return false;
    }
    if (d->nspans == FRAGS_MAX ||
        !store(net, d, FRAG_ROOM + off, rx->pkt, rx->l4, rx->len) ||
        (off == 0 && !store_headers(net, d, rx))) {
        make_room(net, d);
        return false;
    }
    memmove(&d->span[at + 1], &d->span[at],
            (d->nspans - at) * sizeof(d->span[0]));
    d->span[at] = (struct frag_span){.from = (uint16_t)off, .to = (uint16_t)to};
    d->nspans++;
    d->ecn |= (uint8_t)(1 << (rx->tos & 3));
    d->have += rx->len;
    if (!more) {
        d->have_last = true;
        d->total = to;
    }
    return true;
}

static void input(struct net *net, struct ip_rx *rx, uint32_t id, uint32_t off,
                  bool more, ns_t now)
{
    struct dgram *d = find(net, rx, id);
    bool added;

    if (!d)
        d = make(net, rx, id, now);
    if (d->bad)
        net->count.drops__frag_overlap++;
    added = !d->bad && add(net, d, rx, off, more);
    pkt_put(rx->pkt);
    if (added && d->have_last && d->have == d->total)
        complete(net, d, now);
}

void frag4_input(struct net *net, struct ip_rx *rx, uint16_t id, uint16_t frag,
                 ns_t now)
{
    uint32_t off = (frag & IP4_OFFSET) * 8u;
    bool more = frag & IP4_MF;

    if (rx->len == 0 || (more && rx->len % 8) ||
        off + rx->len + (rx->l4 - rx->l3) > PAYLOAD_MAX) {
        net_drop(net, rx->pkt, frag_bad);
        return;
    }
    input(net, rx, id, off, more, now);
}

/* RFC 7112: the first fragment holds every header, to the transport's. */
static bool chain_is_whole(const struct ip_rx *rx)
{
    uint8_t room[IP6_EXT_BYTES_MAX];
    uint32_t n = rx->len < sizeof(room) ? rx->len : (uint32_t)sizeof(room);
    struct ip6_walk w = {.next = rx->proto, .passing = true};
    const uint8_t *in =
        pkt_together(rx->pkt, rx->l4, n, (struct mspan){room, sizeof(room)});

    return in && ip6_walk(&w, (struct span){in, n}) == IP6_WALK_UPPER &&
           rx->len - w.at >= (w.next == IPPROTO_TCP_ ? 20u : 8u);
}

void frag6_input(struct net *net, struct ip_rx *rx, const struct ip6_walk *w,
                 ns_t now)
{
    struct ip_rx about = *rx; /* with the fragment header, for errors */

    if (rx->fragmented) { /* a fragment within one: nobody makes these */
        net_drop(net, rx->pkt, frag_bad);
        return;
    }
    rx->l4 += IP6_FRAG_BYTES;
    rx->len -= IP6_FRAG_BYTES;
    rx->proto = w->frag_next;
    rx->fragmented = true;
    if (w->frag_off == 0 && !w->more) { /* atomic: RFC 6946 */
        ip6_deliver_from(net, rx, w->frag_next, now);
        return;
    }
    if (w->more && rx->len % 8) {
        icmp6_error(net, &about, ICMP6_PARAM, ICMP6_CODE_FIELD, 4, now);
        net_drop(net, rx->pkt, frag_bad);
        return;
    }
    if (w->frag_off + rx->len > PAYLOAD_MAX) {
        icmp6_error(net, &about, ICMP6_PARAM, ICMP6_CODE_FIELD, w->at + 2, now);
        net_drop(net, rx->pkt, frag_bad);
        return;
    }
    if (w->frag_off == 0 && !chain_is_whole(rx)) {
        icmp6_error(net, &about, ICMP6_PARAM, ICMP6_CODE_CHAIN, 0, now);
        net_drop(net, rx->pkt, frag_bad);
        return;
    }
    if (rx->len == 0) {
        net_drop(net, rx->pkt, frag_bad);
        return;
    }
    input(net, rx, w->frag_id, w->frag_off, w->more, now);
}

/* RFC 792, RFC 4443 3.3: who sent the first fragment is told. */
static void time_exceeded(struct net *net, struct dgram *d, ns_t now)
{
    uint32_t most = net->config.tx_blocks->block_bytes - FRAG_ROOM;
    struct ip_rx rx = {.l4 = d->hdr_len,
                       .len = d->first_len < most ? d->first_len : most,
                       .src = d->src,
                       .dst = d->dst,
                       .proto = d->proto,
                       .netif = d->netif,
                       .v4 = d->v4,
                       .not_unicast = d->not_unicast};

    if (d->hdr_len == 0 || !d->block[0] || !(rx.pkt = net_pkt(net)))
        return;
    rx.pkt->netif = d->netif;
    if (!d->v4) { /* what is quoted has lost its fragment header */
        uint8_t *hdr = d->block[0]->data + FRAG_ROOM - d->hdr_len;

        put_be16(hdr + 4, (uint16_t)rx.len);
        hdr[6] = d->proto;
    }
    if (pkt_add_frag(rx.pkt, &d->block[0]->buf,
                     d->block[0]->data + FRAG_ROOM - d->hdr_len,
                     d->hdr_len + rx.len)) {
        if (d->v4)
            icmp4_error(net, &rx, ICMP4_TIME, ICMP4_CODE_REASSEMBLY, 0, now);
        else
            icmp6_error(net, &rx, ICMP6_TIME, ICMP6_CODE_REASSEMBLY, 0, now);
    }
    pkt_put(rx.pkt);
}

ns_t frags_tick(struct net *net, ns_t now)
{
    ns_t due = NS_NEVER;

    for (unsigned i = 0; net->frags.in_use && i < DGRAMS_MAX; i++) {
        struct dgram *d = &net->frags.dgram[i];

        if (!d->used)
            continue;
        if (now >= d->until) {
            if (!d->bad)
                time_exceeded(net, d, now);
            net->count.drops__frag_timeout += !d->bad;
            forget(net, d);
        } else if (d->until < due) {
            due = d->until;
        }
    }
    return due;
}
