/* SPDX-License-Identifier: ISC */
/*
 * nic.h - what network cards with two rings of descriptors have in common.
 *
 * nic.c owns packets and blocks: which descriptor has which, when one goes
 * back to its pool, what is counted.  A driver writes descriptors and registers
 * and is called in this order:
 *
 *     post(), put()            a receive buffer; a packet: nothing is shown yet
 *     show_rx(), show_tx()     show them
 *     received(), sent()       what the card has done since
 *     wake(), quiet()          interrupts
 *     stop()                   keep the card from memory, for good
 *
 * Positions are free running; a driver takes them modulo `size`.
 */
#ifndef NIC_NIC_H
#define NIC_NIC_H

#include <billet/netif.h>
#include <bus/regs.h>

enum {
    NIC_RING_MAX = 256,   /* descriptors of a ring; a power of two */
    NIC_RING_MIN = 64,    /* the largest packet fits */
    NIC_SEG_BYTES = 4096, /* of a descriptor: the least that all cards do */
    NIC_SEGS_MAX = 60,    /* of a packet: 34 fragments, 64 KiB, headers */
    NIC_RX_BATCH = 16,    /* buffers posted again at once */
    NIC_BLOCK_MIN = 2048, /* bytes of a receive buffer */
    NIC_MTU = 1500,
    NIC_TSO_MAX = 65535 - 40 - 60, /* payload: 64 KiB of IPv6, full options */
    NIC_POLL_REAP_US = 5000,       /* sent frames wait so long for a wake-up */
    NIC_POLL_NO_INTERRUPT = 500 /* a card without an interrupt is asked each */
};

struct nic;

struct nic_seg {
    uint64_t addr;
    uint32_t n;
};

enum nic_got {
    NIC_NOTHING,
    NIC_FRAME,
    NIC_BROKEN /* of no use, but its buffer is back */
};

struct nic_ops {
    void (*post)(struct nic *, unsigned at, uint64_t addr);
    /* One packet, its segments in order, from position tx.added on.  Returns
     * how many descriptors it took; 0: the card cannot do what is asked. */
    unsigned (*put)(struct nic *, const struct pkt *, const struct nic_seg *,
                    unsigned n);
    void (*show_rx)(struct nic *);
    void (*show_tx)(struct nic *);
    /* What the card has done with the buffer at rx.taken. */
    enum nic_got (*received)(struct nic *, uint32_t *len, uint16_t *flags);
    /* Whether there is something to take at rx.taken. */
    bool (*has_received)(struct nic *);
    /* Whether the packet that ends at this position was sent. */
    bool (*sent)(struct nic *, unsigned last);
    /* Lets the card interrupt, also for sent packets when `tx`; reads the
     * link.  True: look again before you sleep. */
    bool (*wake)(struct nic *, bool tx);
    void (*quiet)(struct nic *);
    void (*stop)(struct nic *);
};

/* Descriptors of a ring: what was written, shown to the card, and is done. */
struct nic_ring {
    uint16_t added, shown, taken;
};

struct nic {
    struct netif nif;
    const struct nic_ops *ops;
    struct regs *regs;
    struct pool *pkts;
    struct block_pool *rx_blocks;
    struct block **block; /* by position in the ring */
    struct nic_sent {
        struct pkt *pkt;
        uint16_t descs;
    } * out; /* by position of its first descriptor */
    struct nic_ring rx, tx;
    uint16_t size;    /* of both rings */
    uint16_t rx_want; /* buffers posted */
    uint16_t tx_more; /* descriptors that put() may need beside segments */
    uint8_t tx_segs;  /* of a packet at most; 0: NIC_SEGS_MAX */
    uint8_t tx_large; /* the same for one that the card cuts */
    bool armed;       /* it interrupts until it is told not to */
    bool tx_full;     /* a frame did not fit since the last arm() */
};

struct nic_config {
    const char *name; /* of the network */
    const char *kind; /* of the card, for the log */
    struct pool *pkts;
    struct block_pool *rx_blocks; /* of NIC_BLOCK_MIN bytes at least */
    const struct blk_host *host;  /* arena and clock */
    unsigned ring;                /* buffers posted at most */
};

/* Arena bytes that nic_init() takes at most. */
size_t nic_bytes(unsigned ring);

/* Everything but `ops` and what the card says of itself.  False: the arena is
 * too small. */
MUST_USE bool nic_init(struct nic *, struct regs *, const struct nic_config *);

/* Shut the card off: it lied, or died.  Always false. */
bool nic_fail(struct nic *, const char *why);

/* Post the first buffers and show them. */
void nic_prime(struct nic *);

/* The address is that of one station, or the card is shut off. */
MUST_USE bool nic_set_mac(struct nic *, uint32_t low, uint32_t high);

static inline struct nic *nic_of(struct netif *nif)
{
    return CONTAINER(nif, struct nic, nif);
}

static inline uint32_t nic_read(struct nic *n, unsigned at)
{
    return n->regs->read(n->regs, at);
}

static inline void nic_write(struct nic *n, unsigned at, uint32_t v)
{
    n->regs->write(n->regs, at, v);
}

#endif
