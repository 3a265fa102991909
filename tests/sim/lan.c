/* SPDX-License-Identifier: ISC */
/*
 * lan.c - the wire between simulated hosts.
 */
#include "lan.h"

#include <base/bytes.h>
#include <stdlib.h>

struct wire_frame {
    struct wire_frame *next, *prev;
    struct port *to;
    ns_t at;
    size_t n;
    uint8_t bytes[];
};

static const uint32_t PCAP_MAGIC_NS = 0xa1b23c4d, PCAP_ETHERNET = 1;

static void pcap_open(struct lan *l)
{
    const char *path = getenv("SIM_PCAP");
    uint32_t head[6] = {PCAP_MAGIC_NS, 2 | 4 << 16, 0, 0, 65535, PCAP_ETHERNET};

    l->pcap = path ? fopen(path, "wb") : NULL;
    if (l->pcap)
        fwrite(head, sizeof(head), 1, l->pcap);
}

static void pcap_frame(struct lan *l, struct span f, ns_t now)
{
    uint32_t head[4] = {(uint32_t)(now / NS_PER_SEC),
                        (uint32_t)(now % NS_PER_SEC), (uint32_t)f.n,
                        (uint32_t)f.n};

    if (!l->pcap)
        return;
    fwrite(head, sizeof(head), 1, l->pcap);
    fwrite(f.p, f.n, 1, l->pcap);
    fflush(l->pcap);
}

void lan_open(struct lan *l, const struct lan_quality *q, uint64_t seed)
{
    *l = (struct lan){.quality = *q, .dice = {seed}};
    l->hash = UINT64_C(0xcbf29ce484222325);
    if (l->quality.mtu == 0)
        l->quality.mtu = WIRE_MTU;
    pcap_open(l);
}

void lan_close(struct lan *l)
{
    while (l->first) {
        struct wire_frame *f = l->first;

        l->first = f->next;
        free(f);
    }
    if (l->pcap)
        fclose(l->pcap);
}

void lan_plug(struct lan *l, struct port *p)
{
    ASSERT(l->nports < LAN_PORTS_MAX);
    p->link = l;
    p->up = true;
    l->port[l->nports++] = p;
}

/* FNV-1a over the time and the bytes. */
static void remember(struct lan *l, struct span f, ns_t now)
{
    for (unsigned i = 0; i < 64; i += 8)
        l->hash = (l->hash ^ (now >> i & 0xff)) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < f.n; i++)
        l->hash = (l->hash ^ f.p[i]) * UINT64_C(0x100000001b3);
}

static void note_fault(struct lan *l, const char *what, ns_t now)
{
    if (!l->fault[0])
        snprintf(l->fault, sizeof(l->fault), "%s, sent at %llu ns", what,
                 (unsigned long long)now);
}

/* Mostly at the end; jitter moves it a little forward. */
static void insert(struct lan *l, struct wire_frame *f)
{
    struct wire_frame *after = l->last;

    ASSERT(l->in_flight < LAN_FLIGHT_MAX);
    while (after && after->at > f->at)
        after = after->prev;
    f->prev = after;
    f->next = after ? after->next : l->first;
    *(after ? &after->next : &l->first) = f;
    *(f->next ? &f->next->prev : &l->last) = f;
    l->in_flight++;
}

/* One bit, in what a checksum covers: Ethernet has its own check, which would
 * lose the frame, and ARP has none. */
static void damage(struct lan *l, struct wire_frame *f)
{
    uint16_t type = be16(f->bytes + 12);
    size_t at;

    if (type != 0x0800 && type != 0x86dd)
        return;
    at = WIRE_ETH_BYTES + dice_below(&l->dice, f->n - WIRE_ETH_BYTES);
    f->bytes[at] ^= (uint8_t)(1u << dice_below(&l->dice, 8));
    l->changed++;
}

static void carry(struct lan *l, struct port *to, struct span frame, ns_t sent)
{
    const struct lan_quality *q = &l->quality;
    struct wire_frame *f = malloc(sizeof(*f) + frame.n);

    ASSERT(f);
    *f = (struct wire_frame){.to = to, .at = sent + q->delay, .n = frame.n};
    memcpy(f->bytes, frame.p, frame.n);
    if (q->jitter)
        f->at += dice_below(&l->dice, q->jitter);
    if (dice_chance(&l->dice, q->reorder_ppm)) {
        f->at += q->reorder_by;
        l->late++;
    }
    if (dice_chance(&l->dice, q->corrupt_ppm))
        damage(l, f);
    insert(l, f);
}

/* When the last bit leaves the port; NS_NEVER when its queue is full. */
static ns_t serialize(struct port *p, size_t n, ns_t now)
{
    const struct lan_quality *q = &p->link->quality;
    ns_t start = p->busy_until > now ? p->busy_until : now;

    if (q->queue && start - now > q->queue)
        return NS_NEVER;
    if (q->bits_per_sec)
        start += n * 8 * NS_PER_SEC / q->bits_per_sec;
    p->busy_until = start;
    return start;
}

void lan_send(struct port *from, struct span frame, ns_t now)
{
    struct lan *l = from->link;
    const char *fault = wire_fault(frame, l->quality.mtu);
    ns_t sent;

    if (fault)
        note_fault(l, fault, now);
    remember(l, frame, now);
    pcap_frame(l, frame, now);
    l->sent++;
    l->bytes += frame.n;
    if (fault || !from->up || (l->gate && !l->gate(l, frame, l->gate_user)))
        return;
    sent = serialize(from, frame.n, now);
    if (sent == NS_NEVER) {
        l->overflowed++;
        return;
    }
    for (unsigned i = 0; i < l->nports; i++) {
        struct port *to = l->port[i];

        if (to == from || !to->up ||
            !(frame.p[0] & 1 || memcmp(frame.p, to->mac, 6) == 0))
            continue;
        if (dice_chance(&l->dice, l->quality.loss_ppm)) {
            l->lost++;
            continue;
        }
        carry(l, to, frame, sent);
        if (dice_chance(&l->dice, l->quality.dup_ppm)) {
            l->doubled++;
            carry(l, to, frame, sent);
        }
    }
}

ns_t lan_deadline(const struct lan *l)
{
    return l->first ? l->first->at : NS_NEVER;
}

void lan_deliver(struct lan *l, ns_t now)
{
    while (l->first && l->first->at <= now) {
        struct wire_frame *f = l->first;

        l->first = f->next;
        *(f->next ? &f->next->prev : &l->last) = NULL;
        l->in_flight--;
        f->to->arrive(f->to, (struct span){f->bytes, f->n});
        free(f);
    }
}
