/* SPDX-License-Identifier: ISC */
/*
 * e1000_impl.h - shared by e1000.c, which moves frames, and e1000_start.c,
 * which starts the card.
 *
 * The registers are those of Intel's manuals for the 8254x and the 82574.
 */
#ifndef E1000_IMPL_H
#define E1000_IMPL_H

#include <e1000/e1000.h>

enum { /* registers */
       REG_CTRL = 0x0000,
       REG_STATUS = 0x0008,
       REG_EERD = 0x0014,
       REG_CTRL_EXT = 0x0018,
       REG_ICR = 0x00c0,
       REG_ITR = 0x00c4,
       REG_IMS = 0x00d0,
       REG_IMC = 0x00d8,
       REG_EIAC = 0x00dc,
       REG_IVAR = 0x00e4,
       REG_RCTL = 0x0100,
       REG_TCTL = 0x0400,
       REG_TIPG = 0x0410,
       REG_RX_RING = 0x2800, /* what follows is relative to this, or to tx's */
       REG_TX_RING = 0x3800,
       RING_LOW = 0x00,
       RING_HIGH = 0x04,
       RING_BYTES = 0x08,
       RING_HEAD = 0x10,
       RING_TAIL = 0x18,
       RING_CONTROL = 0x28,
       REG_RXCSUM = 0x5000,
       REG_GROUPS = 0x5200,
       REG_RAL = 0x5400,
       REG_RAH = 0x5404,
       REGS_LEAST = 0x5800
};
enum {
    CTRL_LRST = 1 << 3,
    CTRL_SLU = 1 << 6,
    CTRL_ILOS = 1 << 7,
    CTRL_FORCE = 3 << 11, /* speed and duplex */
    CTRL_RST = 1 << 26,
    STATUS_LU = 1 << 1,
    EXT_OWNED = 1 << 28,
    ICR_TXDW = 1 << 0,
    ICR_LSC = 1 << 2,
    ICR_RXDMT0 = 1 << 4,
    ICR_RXO = 1 << 6,
    ICR_RXT0 = 1 << 7,
    ICR_RXQ0 = 1 << 20,
    ICR_TXQ0 = 1 << 22,
    ICR_OTHER = 1 << 24,
    RCTL_EN = 1 << 1,
    RCTL_MPE = 1 << 4, /* all groups: the stack knows which are ours */
    RCTL_BAM = 1 << 15,
    RCTL_SECRC = 1 << 26, /* without the CRC; buffers of 2048 */
    TCTL_EN = 1 << 1,
    TCTL_PSP = 1 << 3,
    RXCSUM_ON = 3 << 8, /* IPv4; TCP and UDP */
    TXDCTL_GRAN = 1 << 24,
    TXDCTL_COUNT = 1 << 22,
    TXDCTL_WTHRESH = 1 << 16 /* written back one by one */
};
enum { /* of the last word of a receive descriptor; of the sent one's */
       RX_DD = 1 << 0,
       RX_EOP = 1 << 1,
       RX_IXSM = 1 << 2, /* says nothing of checksums */
       RX_TCPCS = 1 << 5,
       RX_TCPE = 1 << 13,
       RX_BAD = 0x97 << 8, /* every error but checksums' */
       TX_DD = 1 << 0
};
enum { /* of the third word of a transmit descriptor */
       TX_EOP = 1 << 24,
       TX_IFCS = 1 << 25,
       TX_TSE = 1 << 26,
       TX_RS = 1 << 27,
       TX_DEXT = 1 << 29,
       TX_DATA = 1 << 20,
       TX_CONTEXT_TCP = 1 << 24,
       TX_CONTEXT_IP4 = 1 << 25,
       TX_IXSM = 1 << 8, /* and of the fourth */
       TX_TXSM = 2 << 8
};

struct e1000_desc {
    uint32_t word[4];
};

struct e1000 {
    struct nic nic;
    struct e1000_desc *rxd, *txd;
    bool later;    /* of the 8257x family */
    bool messages; /* MSI-X */
    bool in_frame; /* the buffers of a frame that has several */
};

extern const struct nic_ops e1000_ops;

#endif
