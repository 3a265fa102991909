/* SPDX-License-Identifier: ISC */
/*
 * vmxnet3_impl.h - shared by vmxnet3.c, which moves frames, and
 * vmxnet3_start.c, which starts the card.
 *
 * Two rings in each direction: descriptors, which we write, and completions,
 * which the card writes.  A bit in each says in which round it was written.
 */
#ifndef VMXNET3_IMPL_H
#define VMXNET3_IMPL_H

#include <vmxnet3/vmxnet3.h>

enum { /* registers: first BAR */
       REG_IMR = 0x000,
       REG_TX_NEXT = 0x600,
       REG_RX_NEXT = 0x800,
       REGS_LEAST = 0x1000
};
enum { /* second BAR */
       REG_REVISIONS = 0x00,
       REG_UPT_REVISIONS = 0x08,
       REG_SHARED_LOW = 0x10,
       REG_SHARED_HIGH = 0x18,
       REG_COMMAND = 0x20,
       REG_MAC_LOW = 0x28,
       REG_MAC_HIGH = 0x30,
       REG_LINE = 0x38, /* whether the line is ours; a read lets go of it */
       REG_EVENTS = 0x40
};
#define COMMAND_ACTIVATE UINT32_C(0xcafe0000)
#define COMMAND_QUIESCE  UINT32_C(0xcafe0001)
#define COMMAND_RESET    UINT32_C(0xcafe0002)
#define COMMAND_RX_MODE  UINT32_C(0xcafe0003)
#define COMMAND_VLANS    UINT32_C(0xcafe0005)
#define COMMAND_LINK     UINT32_C(0xf00d0002)
#define COMMAND_MAC_LOW  UINT32_C(0xf00d0003)
#define COMMAND_MAC_HIGH UINT32_C(0xf00d0004)
enum {
    EVENT_RX_STOPPED = 1 << 0,
    EVENT_TX_STOPPED = 1 << 1,
    EVENT_LINK = 1 << 2
};
enum { /* of a descriptor's third and fourth word */
       TX_GEN = 1 << 14,
       TX_OFFSET_SHIFT = 18,
       TX_MODE_SUM = 2 << 10,
       TX_MODE_CUT = 3 << 10,
       TX_EOP = 1 << 12,
       TX_REPORT = 1 << 13
};
#define GEN (UINT32_C(1) << 31) /* of all others, in the last word */
enum {                          /* of a completion */
       DONE_INDEX = 0xfff,
       RX_EOP = 1 << 14,
       RX_SOP = 1 << 15,
       RX_QUEUE = 0x3ff << 16,
       RX_UNCHECKED = 1 << 30,
       RX_LEN = 0x3fff, /* of the third word */
       RX_ERROR = 1 << 14,
       RX_SUM_GOOD = 1 << 16, /* of the fourth */
       RX_UDP = 1 << 17,
       RX_TCP = 1 << 18,
       RX_FRAGMENT = 1 << 22
};
/* Words of what is shared beside rings: the card's configuration, and two
 * queues' (their own, then the completions'). */
enum { SHARED_EVENTS = 696 / 4, SHARED_WORDS = 720 / 4, QUEUE_WORDS = 256 / 4 };

struct vmxnet3_desc {
    uint32_t word[4];
};

struct vmxnet3 {
    struct nic nic;
    struct vmxnet3_desc *txd, *rxd, *tx_done, *rx_done;
    uint32_t *shared, *queues;
    uint16_t tx_seen, rx_seen; /* completions taken so far */
};

static inline uint32_t vmxnet3_ask(struct vmxnet3 *v, uint32_t command)
{
    struct regs *r = v->nic.regs->beside;

    r->write(r, REG_COMMAND, command);
    return r->read(r, REG_COMMAND);
}

extern const struct nic_ops vmxnet3_ops;

#endif
