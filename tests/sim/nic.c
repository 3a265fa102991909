/* SPDX-License-Identifier: ISC */
/*
 * nic.c - the simulated network device.
 */
#include "nic.h"

#include <base/bytes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SEND_NS = 2000,    /* a ring entry is held this long at least */
    LAZY_NS = 1000000, /* nobody waits: give back at leisure */
    TSO_MAX = 65000
};

static struct nic *nic_of(struct netif *n)
{
    return CONTAINER(n, struct nic, netif);
}

static void arrive(struct port *port, struct span frame)
{
    struct nic *n = CONTAINER(port, struct nic, port);
    struct inbox *in;

    if (n->inbox_n == NIC_INBOX_MAX) {
        n->inbox_lost++;
        return;
    }
    in = malloc(sizeof(*in) + frame.n);
    ASSERT(in);
    in->next = NULL;
    in->n = frame.n;
    memcpy(in->bytes, frame.p, frame.n);
    *n->last = in;
    n->last = &in->next;
    n->inbox_n++;
}

/* A packet that holds the frame in as many blocks as it takes; NULL when
 * memory is short. */
static struct pkt *to_pkt(struct nic *n, const struct inbox *in)
{
    struct pkt *p = pkt_get(n->pkts);

    for (size_t at = 0; p && at < in->n;) {
        struct block *b = block_get(n->blocks);
        size_t part = in->n - at;
        bool added;

        if (!b) {
            pkt_put(p);
            return NULL;
        }
        if (part > b->size)
            part = b->size;
        memcpy(b->data, in->bytes + at, part);
        added = pkt_add_frag(p, &b->buf, b->data, (uint32_t)part);
        ASSERT(added);
        buf_drop(&b->buf);
        at += part;
    }
    return p;
}

static unsigned nic_rx(struct netif *netif, struct pktq *into, unsigned max)
{
    struct nic *n = nic_of(netif);
    unsigned done = 0;

    while (n->first && done < max) {
        struct inbox *in = n->first;
        struct pkt *p = to_pkt(n, in);

        n->first = in->next;
        n->inbox_n--;
        if (!n->first)
            n->last = &n->first;
        if (p) {
            netif->counters.rx_frames++;
            netif->counters.rx_bytes += in->n;
            pktq_push(into, p);
        } else {
            netif->counters.rx_no_memory++;
        }
        free(in);
        done++;
    }
    return done;
}

static void emit(struct span frame, void *user)
{
    struct nic *n = user;

    lan_send(&n->port, frame, n->now);
}

static unsigned nic_tx(struct netif *netif, struct pktq *from)
{
    struct nic *n = nic_of(netif);
    struct lan *l = n->port.link;
    unsigned done = 0;

    while (from->head && n->busy < NIC_RING) {
        struct pkt *p = pktq_pop(from);
        unsigned at = (n->head + n->busy++) % NIC_RING;
        const char *fault = wire_cut(p, emit, n);

        if (fault && !l->fault[0])
            snprintf(l->fault, sizeof(l->fault), "%s", fault);
        netif->counters.tx_frames++;
        netif->counters.tx_bytes += p->len;
        n->ring[at].pkt = p;
        n->ring[at].until = n->now + SEND_NS;
        if (n->port.busy_until > n->ring[at].until)
            n->ring[at].until = n->port.busy_until;
        done++;
    }
    n->blocked = from->head != NULL;
    return done;
}

static void nic_flush(struct netif *netif)
{
    netif->counters.kicks++;
}

static bool nic_arm(struct netif *netif)
{
    return nic_pending(nic_of(netif));
}

void nic_reclaim(struct nic *n, ns_t now)
{
    n->now = now;
    while (n->busy > 0 && n->ring[n->head].until <= now) {
        pkt_put(n->ring[n->head].pkt);
        n->head = (n->head + 1) % NIC_RING;
        n->busy--;
    }
}

bool nic_pending(const struct nic *n)
{
    return n->first != NULL;
}

ns_t nic_deadline(const struct nic *n)
{
    unsigned last = (n->head + n->busy - 1) % NIC_RING;

    if (n->busy == 0)
        return NS_NEVER;
    return n->blocked ? n->ring[n->head].until : n->ring[last].until + LAZY_NS;
}

void nic_open(struct nic *n, struct lan *l, const uint8_t mac[6], uint32_t caps,
              struct pool *pkts, struct block_pool *rx_blocks)
{
    static const struct netif_ops ops = {
        .rx = nic_rx, .tx = nic_tx, .flush = nic_flush, .arm = nic_arm};

    *n = (struct nic){.pkts = pkts, .blocks = rx_blocks};
    n->last = &n->first;
    n->netif = (struct netif){.ops = &ops,
                              .name = "uplink",
                              .kind = "simulated",
                              .link_up = true,
                              .mtu = (uint16_t)l->quality.mtu,
                              .caps = caps};
    if (caps & (NETIF_TSO4 | NETIF_TSO6))
        n->netif.tso_max = TSO_MAX;
    memcpy(n->netif.mac, mac, 6);
    memcpy(n->port.mac, mac, 6);
    n->port.arrive = arrive;
    n->port.user = n;
    lan_plug(l, &n->port);
}

void nic_close(struct nic *n)
{
    nic_reclaim(n, NS_NEVER);
    while (n->first) {
        struct inbox *in = n->first;

        n->first = in->next;
        free(in);
    }
}
