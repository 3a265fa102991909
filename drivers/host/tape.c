/* SPDX-License-Identifier: ISC */
/*
 * tape.c - a network device that writes down what passes through another, and
 * one that plays such a record: what came in comes again, and what is sent
 * must be what was sent.
 */
#include <base/bytes.h>
#include <host/net_impl.h>
#include <hosted/record.h>
#include <stdio.h>

enum {
    NIC_BYTES = 17, /* of the event that says what the device is */
    IN_BYTES = 5,   /* in front of a frame received, and of one sent */
    OUT_BYTES = 11
};

struct tape {
    struct host_nic nic;
    struct netif *real; /* NULL: a record is played */
    uint8_t index;
    bool said_up, said_failed;
    uint8_t frame[FRAME_MAX];
};

static struct tape *tape_of(struct netif *nif)
{
    return CONTAINER(nif, struct tape, nic.nif);
}

size_t host_tape_bytes(void)
{
    return record_mode() == RECORD_OFF ? 0 : sizeof(struct tape) + 16;
}

static const struct span none = {0};

/* ---- writing ---- */

/* The real device's word on itself, which may change with any call. */
static void note_link(struct tape *t)
{
    struct netif *nif = &t->nic.nif;
    uint8_t b[3];

    nif->link_up = t->real->link_up;
    nif->failed = t->real->failed;
    nif->failure = t->real->failure;
    nif->poll_us = t->real->poll_us;
    if (nif->link_up == t->said_up && nif->failed == t->said_failed)
        return;
    t->said_up = nif->link_up;
    t->said_failed = nif->failed;
    b[0] = t->index;
    b[1] = nif->link_up;
    b[2] = nif->failed;
    record_put(RECORD_LINK, (struct span){b, sizeof(b)}, none);
}

static void note_in(struct tape *t, const struct pkt *p)
{
    uint8_t b[IN_BYTES] = {t->index};

    put_le16(b + 1, p->flags);
    put_le16(b + 3, p->gso_size);
    if (p->len > sizeof(t->frame) || !pkt_copy(p, 0, t->frame, p->len))
        return; /* cannot be: the device takes none so long */
    record_put(RECORD_IN, (struct span){b, sizeof(b)},
               (struct span){t->frame, p->len});
    t->nic.nif.counters.rx_frames++;
    t->nic.nif.counters.rx_bytes += p->len;
}

static unsigned rx_write(struct netif *nif, struct pktq *into, unsigned max)
{
    struct tape *t = tape_of(nif);
    struct pktq got = {0};
    struct pkt *p;
    unsigned n = t->real->ops->rx(t->real, &got, max);

    note_link(t);
    while ((p = pktq_pop(&got))) {
        note_in(t, p);
        pktq_push(into, p);
    }
    return n;
}

static void out_head(const struct tape *t, const struct pkt *p,
                     uint8_t b[OUT_BYTES])
{
    bool cut = p->flags & (PKT_GSO4 | PKT_GSO6);

    b[0] = t->index;
    put_le16(b + 1, p->flags);
    put_le16(b + 3, p->flags & PKT_CSUM_PARTIAL ? p->csum_start : 0);
    put_le16(b + 5, p->flags & PKT_CSUM_PARTIAL ? p->csum_off : 0);
    put_le16(b + 7, cut ? p->gso_size : 0);
    put_le16(b + 9, cut ? p->gso_hdr : 0);
}

/* Back to where it was taken from. */
static void push_front(struct pktq *q, struct pkt *p)
{
    p->next = q->head;
    q->head = p;
    if (!p->next)
        q->tail = &p->next;
    q->count++;
}

/* One by one, to know which of them the device has taken. */
static unsigned tx_write(struct netif *nif, struct pktq *from)
{
    struct tape *t = tape_of(nif);
    unsigned n = 0;

    while (from->head && !t->real->failed) {
        struct pkt *p = pktq_pop(from);
        struct pktq one = {0};
        uint32_t len = p->len;
        uint8_t b[OUT_BYTES];

        out_head(t, p, b);
        ASSERT(len <= sizeof(t->frame) && pkt_copy(p, 0, t->frame, len));
        pktq_push(&one, p);
        t->real->ops->tx(t->real, &one);
        if (one.head) {
            push_front(from, p);
            record_put(RECORD_BLOCKED, (struct span){&t->index, 1}, none);
            break;
        }
        record_put(RECORD_OUT, (struct span){b, sizeof(b)},
                   (struct span){t->frame, len});
        nif->counters.tx_frames++;
        nif->counters.tx_bytes += len;
        n++;
    }
    note_link(t);
    return n;
}

static void flush_write(struct netif *nif)
{
    struct tape *t = tape_of(nif);

    t->real->ops->flush(t->real);
    if (t->index == 0)
        record_state(false);
}

static bool arm_write(struct netif *nif)
{
    struct tape *t = tape_of(nif);
    bool more = t->real->ops->arm(t->real);

    nif->poll_us = t->real->poll_us;
    return more;
}

/* ---- playing ---- */

/* Whether the next event is of that kind and about this device. */
static bool ours(const struct tape *t, enum record_kind kind, size_t least,
                 struct span *e)
{
    return record_is(kind, e) && e->n >= least && e->p[0] == t->index;
}

static void play_link(struct tape *t)
{
    struct span e;

    while (ours(t, RECORD_LINK, 3, &e)) {
        t->nic.nif.link_up = e.p[1] & 1;
        t->nic.nif.failed = e.p[2] & 1;
        t->nic.nif.failure = "it failed when this was recorded";
        record_next();
    }
}

static struct pkt *play_frame(struct tape *t, struct span e)
{
    struct host_rx *rx = &t->nic.rx;
    const uint8_t *from = e.p + IN_BYTES;
    size_t n = e.n - IN_BYTES;
    struct pkt *p;

    if (n < FRAME_MIN || n > FRAME_MAX)
        record_differs("a frame of %zu bytes cannot have been received", n);
    if (n > rx->room)
        record_differs("no memory for a frame that was received then");
    for (size_t i = 0, at = 0; at < n; i++) {
        size_t part = n - at < rx->ready[i]->size ? n - at : rx->ready[i]->size;

        memcpy(rx->ready[i]->data, from + at, part);
        at += part;
    }
    p = host_rx_take(&t->nic, n);
    if (!p)
        record_differs("no packet for a frame that was received then");
    p->flags = le16(e.p + 1) & (PKT_CSUM_GOOD | PKT_GSO4 | PKT_GSO6);
    p->gso_size = le16(e.p + 3);
    return p;
}

static unsigned rx_play(struct netif *nif, struct pktq *into, unsigned max)
{
    struct tape *t = tape_of(nif);
    unsigned n = 0;
    struct span e;

    play_link(t);
    host_rx_offer(&t->nic.rx);
    while (n < max && ours(t, RECORD_IN, IN_BYTES, &e)) {
        pktq_push(into, play_frame(t, e));
        record_next();
        n++;
    }
    return n;
}

static void compare(struct tape *t, const struct pkt *p, struct span e)
{
    uint8_t b[OUT_BYTES];
    size_t n = e.n - OUT_BYTES;
    uint32_t at = 0;

    out_head(t, p, b);
    ASSERT(p->len <= sizeof(t->frame) && pkt_copy(p, 0, t->frame, p->len));
    while (at < n && at < p->len && t->frame[at] == e.p[OUT_BYTES + at])
        at++;
    if (n != p->len || at != n)
        record_differs("a frame of %u bytes is sent, then it had %zu; they "
                       "part at byte %u",
                       p->len, n, at);
    if (memcmp(b, e.p, sizeof(b)) != 0)
        record_differs("a frame leaves other work to the device");
}

static unsigned tx_play(struct netif *nif, struct pktq *from)
{
    struct tape *t = tape_of(nif);
    unsigned n = 0;
    struct span e;

    for (; from->head && !nif->failed; n++) {
        if (record_is_loose()) {
            /* other frames than then, or none */
        } else if (ours(t, RECORD_OUT, OUT_BYTES, &e)) {
            compare(t, from->head, e);
        } else if (ours(t, RECORD_BLOCKED, 1, &e)) {
            record_next();
            break;
        } else if (!record_at_end()) {
            record_differs("a frame of %u bytes is sent, then there was none",
                           from->head->len);
        }
        nif->counters.tx_frames++;
        nif->counters.tx_bytes += from->head->len;
        pkt_put(pktq_pop(from));
        if (!record_is_loose() && !record_at_end())
            record_next();
    }
    play_link(t);
    return n;
}

static void flush_play(struct netif *nif)
{
    if (tape_of(nif)->index == 0)
        record_state(false);
}

static bool arm_play(struct netif *nif)
{
    (void)nif;
    return false;
}

/* ---- both ---- */

static void write_nic(const struct tape *t)
{
    const struct netif *nif = &t->nic.nif;
    uint8_t b[NIC_BYTES] = {t->index};

    memcpy(b + 1, nif->mac, 6);
    put_le16(b + 7, nif->mtu);
    put_le16(b + 9, (uint16_t)nif->caps);
    put_le16(b + 11, (uint16_t)nif->tso_max);
    put_le16(b + 13, (uint16_t)(nif->tso_max >> 16));
    b[15] = nif->link_up;
    b[16] = nif->failed;
    record_put(RECORD_NIC, (struct span){b, sizeof(b)}, none);
}

static void read_nic(struct tape *t)
{
    struct netif *nif = &t->nic.nif;
    struct span e;

    if (!ours(t, RECORD_NIC, NIC_BYTES, &e) || le16(e.p + 7) < 68)
        record_differs("the record has no network of that number");
    memcpy(nif->mac, e.p + 1, 6);
    nif->mtu = le16(e.p + 7);
    nif->caps = le16(e.p + 9);
    nif->tso_max = le32(e.p + 11);
    nif->link_up = e.p[15] & 1;
    nif->failed = e.p[16] & 1;
    if (nif->tso_max > UINT16_MAX)
        record_differs("the record's network is none of ours");
    record_next();
}

enum err host_tape_open(const struct host_net_config *c, unsigned index,
                        struct netif *real, struct netif **out)
{
    static const struct netif_ops write = {
        .rx = rx_write, .tx = tx_write, .flush = flush_write, .arm = arm_write};
    static const struct netif_ops play = {
        .rx = rx_play, .tx = tx_play, .flush = flush_play, .arm = arm_play};
    struct tape *t = arena_try(c->arena, sizeof(*t), 16);

    if (!t)
        return E_FULL;
    memset(t, 0, sizeof(*t));
    t->real = real;
    t->index = (uint8_t)index;
    t->nic.fd = -1;
    t->nic.rx = (struct host_rx){.pkts = c->pkts, .blocks = c->rx_blocks};
    if (real) {
        t->nic.nif = *real;
        t->nic.nif.ops = &write;
        t->said_up = real->link_up;
        t->said_failed = real->failed;
        memset(&t->nic.nif.counters, 0, sizeof(t->nic.nif.counters));
        write_nic(t);
    } else {
        t->nic.nif =
            (struct netif){.ops = &play, .name = c->name, .kind = "record"};
        read_nic(t);
    }
    *out = &t->nic.nif;
    return OK;
}
