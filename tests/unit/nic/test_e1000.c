/* SPDX-License-Identifier: ISC */
/*
 * test_e1000.c - the driver on a card in memory: honest, then lying.
 */
#include "case.h"

#include <e1000/e1000_impl.h>

enum lie { HONEST, NO_RESET, NOT_THERE, GROUP_MAC, NO_MAC, SILENT_EEPROM };

static struct {
    struct regs regs;
    uint32_t reg[REGS_LEAST / 4];
    struct e1000_desc context;
    enum lie lie;
    unsigned stops, contexts;
    bool stuck;       /* nothing is sent */
    uint32_t partial; /* bytes of the frame that is being gathered */
    uint32_t command, options;
} dev;
static struct netif *nif;

static uint32_t *reg(unsigned at)
{
    return &dev.reg[at / 4];
}

static struct e1000_desc *ring(unsigned base, unsigned i)
{
    uint64_t addr = *reg(base + RING_LOW) | (uint64_t)*reg(base + RING_HIGH)
                                                << 32;

    ck_assert_uint_eq(addr % 128, 0);
    return (struct e1000_desc *)(uintptr_t)addr + i;
}

static void *at_address(const struct e1000_desc *d)
{
    return (void *)(uintptr_t)(d->word[0] | (uint64_t)d->word[1] << 32);
}

static void gather(struct e1000_desc *d)
{
    uint32_t n = d->word[2] & 0xfffff;

    if (!(d->word[2] & TX_DATA)) {
        dev.context = *d;
        dev.contexts++;
        return;
    }
    ck_assert_uint_le(n, NIC_SEG_BYTES);
    ck_assert_uint_le(dev.partial + n, OUT_MAX);
    memcpy(out + dev.partial, at_address(d), n);
    dev.partial += n;
    dev.command = d->word[2];
    dev.options = d->word[3];
    if (d->word[2] & TX_EOP) {
        out_len = dev.partial;
        outs++;
        dev.partial = 0;
    }
    if (d->word[2] & TX_RS)
        d->word[3] |= TX_DD;
}

static void run(void)
{
    uint32_t n = *reg(REG_TX_RING + RING_BYTES) / 16;
    uint32_t *head = reg(REG_TX_RING + RING_HEAD);

    for (; !dev.stuck && *head != *reg(REG_TX_RING + RING_TAIL);
         *head = (*head + 1) % n)
        gather(ring(REG_TX_RING, *head));
}

static uint32_t read32(struct regs *r, unsigned at)
{
    uint32_t v = *reg(at);

    ck_assert_uint_le(at, r->bytes - 4);
    if (dev.lie == NOT_THERE)
        return UINT32_MAX;
    if (at == REG_ICR)
        *reg(at) = 0;
    if (at == REG_CTRL && dev.lie == NO_RESET)
        v |= CTRL_RST;
    if (at == REG_EERD && dev.lie == SILENT_EEPROM)
        v = 0;
    return v;
}

static void write32(struct regs *r, unsigned at, uint32_t v)
{
    static const uint16_t words[] = {0x5452, 0x1200, 0x5634};

    ck_assert_uint_le(at, r->bytes - 4);
    if (at == REG_IMS)
        v |= *reg(REG_IMS);
    if (at == REG_IMC)
        *reg(REG_IMS) &= ~v;
    if (at == REG_CTRL)
        v &= ~(uint32_t)CTRL_RST;
    if (at == REG_EERD) {
        unsigned shift = r->device == 0x10d3 ? 2 : 8;

        v = (uint32_t)words[v >> shift & 3] << 16 |
            (r->device == 0x10d3 ? 1 << 1 : 1 << 4);
    }
    *reg(at) = v;
    if (at == REG_TX_RING + RING_TAIL)
        run();
}

static void cut_off(struct regs *r)
{
    (void)r;
    dev.stops++;
}

static void begin(uint16_t id, const char *interrupts, enum lie lie)
{
    static const uint32_t low = 0x12005452, high = 0x80005634;
    struct nic_config c;

    case_begin();
    c = case_config();
    memset(&dev, 0, sizeof(dev));
    dev.regs = (struct regs){.read = read32,
                             .write = write32,
                             .stop = cut_off,
                             .bytes = REGS_LEAST,
                             .device = id,
                             .interrupts = interrupts};
    dev.lie = lie;
    *reg(REG_STATUS) = STATUS_LU;
    *reg(REG_RAL) = lie == GROUP_MAC ? 1 : lie == NO_MAC ? 0 : low;
    *reg(REG_RAH) = lie == NO_MAC ? 1u << 31 : high;
    if (lie == SILENT_EEPROM)
        *reg(REG_RAH) = 0;
    nif = e1000_attach(&dev.regs, &c);
    ck_assert(nif);
}

static void start(void)
{
    begin(0x10d3, "MSI-X", HONEST);
    ck_assert_msg(!nif->failed, "%s", nif->failure);
}

/* Into the next buffer that is posted. */
static void deliver(uint32_t n, uint32_t claimed, uint32_t status)
{
    uint32_t *head = reg(REG_RX_RING + RING_HEAD);
    struct e1000_desc *d = ring(REG_RX_RING, *head);

    ck_assert_uint_ne(*head, *reg(REG_RX_RING + RING_TAIL));
    memcpy(at_address(d), pattern, n);
    d->word[2] = claimed;
    d->word[3] = status | RX_DD;
    *head = (*head + 1) % (*reg(REG_RX_RING + RING_BYTES) / 16);
}

START_TEST(test_a_card_starts)
{
    static const uint8_t mac[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    start();
    ck_assert_mem_eq(nif->mac, mac, 6);
    ck_assert_str_eq(nif->kind, "e1000e");
    ck_assert(nif->link_up);
    ck_assert_uint_eq(nif->mtu, 1500);
    ck_assert(nif->caps & NETIF_TSO6);
    ck_assert(*reg(REG_RCTL) & RCTL_MPE); /* groups of IPv6 */
    ck_assert_uint_eq(*reg(REG_RX_RING + RING_TAIL), RING - 1);
    ck_assert_uint_eq(blocks.blocks.in_use, RING - 1);
    ck_assert_uint_eq(*reg(REG_IMS), 0);
}
END_TEST

START_TEST(test_an_early_card_starts_with_the_eeproms_address)
{
    static const uint8_t mac[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
    struct nic_config c;

    for (unsigned late = 0; late < 2; late++) {
        begin(late ? 0x10d3 : 0x100e, "INTx", HONEST);
        *reg(REG_RAH) = 0;
        c = case_config();
        nif = e1000_attach(&dev.regs, &c);
        ck_assert(nif && !nif->failed);
        ck_assert_mem_eq(nif->mac, mac, 6);
        ck_assert_uint_eq(*reg(REG_RAH) >> 31, 1);
        ck_assert(late == !!(nif->caps & NETIF_TSO6));
    }
}
END_TEST

START_TEST(test_frames_are_sent_as_they_are)
{
    struct pkt *p;

    start();
    p = case_pkt(54, 3, 900);
    ck_assert(case_send(nif, p));
    ck_assert_uint_eq(outs, 1);
    ck_assert_uint_eq(out_len, 54 + 2700);
    ck_assert_mem_eq(out, pattern + 100, 54);
    ck_assert_mem_eq(out + 54 + 1800, pattern, 900);
    ck_assert_uint_eq(dev.contexts, 0);
    ck_assert_uint_eq(dev.options, 0);
    ck_assert_uint_eq(pkts.in_use, 1);
    ck_assert_ptr_null(case_turn(nif));
    ck_assert_uint_eq(pkts.in_use, 0);
    ck_assert_uint_eq(nif->counters.tx_frames, 1);
}
END_TEST

START_TEST(test_a_checksum_is_the_cards)
{
    struct pkt *p;

    start();
    p = case_pkt(54, 1, 100);
    p->flags = PKT_CSUM_PARTIAL;
    p->csum_start = 34;
    p->csum_off = 16;
    ck_assert(case_send(nif, p));
    ck_assert_uint_eq(dev.contexts, 1);
    ck_assert_uint_eq(dev.context.word[1], 34 | 50 << 8);
    ck_assert_uint_eq(dev.options & 0xff00, TX_TXSM);
    ck_assert(!(dev.command & TX_TSE));
    ck_assert_mem_eq(out, pattern + 100, 54);
}
END_TEST

START_TEST(test_the_card_cuts)
{
    for (unsigned v4 = 0; v4 < 2; v4++) {
        unsigned ip = v4 ? 20 : 40, hdr = 34 + ip;
        struct pkt *p;
        uint16_t sum;

        start();
        p = case_large(v4, 30, 2000);
        put_be16(p->hdr + PKT_HDR_MAX - 4, 0x1234);
        sum = (uint16_t)(0x1234 + 0xffff - (60000 + 20));
        ck_assert(case_send(nif, p));
        ck_assert_uint_eq(out_len, 60000 + hdr);
        ck_assert_uint_eq(dev.context.word[0] & 0xff, 14);
        ck_assert_uint_eq(dev.context.word[1] & 0xff, 14 + ip);
        ck_assert_uint_eq(dev.context.word[2] & 0xfffff, 60000);
        ck_assert(!(dev.context.word[2] & TX_CONTEXT_IP4) == !v4);
        ck_assert_uint_eq(dev.context.word[3], hdr << 8 | 1460u << 16);
        ck_assert(dev.command & TX_TSE);
        ck_assert_uint_eq(be16(out + 14 + (v4 ? 2 : 4)), 0);
        ck_assert_uint_eq(be16(out + 14 + ip + 16), sum);
    }
}
END_TEST

START_TEST(test_headers_in_a_fragment_are_pulled)
{
    struct pkt *p;

    start();
    p = case_large(true, 3, 2000);
    /* As of one that is passed on: Ethernet here, the rest in the block. */
    p->hdr_len = 14;
    memmove(p->hdr + PKT_HDR_MAX - 14, p->hdr + PKT_HDR_MAX - 54, 14);
    p->len -= 40;
    ck_assert(case_send(nif, p));
    ck_assert_uint_eq(out_len, 6014);
    ck_assert_mem_eq(out + 14, pattern, 2);
    ck_assert_mem_eq(out + 54, pattern + 40, 1960);
    ck_assert_uint_eq(dev.context.word[2] & 0xfffff, 5960);
}
END_TEST

START_TEST(test_what_cannot_be_sent_is_dropped)
{
    struct pkt *p;

    start();
    p = case_large(true, 2, 1500);
    p->gso_hdr = 300; /* beyond what there is room for */
    ck_assert(case_send(nif, p));
    p = case_pkt(54, 1, 600);
    p->flags = PKT_CSUM_PARTIAL;
    p->csum_start = 300; /* eight bits */
    ck_assert(case_send(nif, p));
    ck_assert_uint_eq(nif->counters.tx_drops, 2);
    ck_assert_uint_eq(outs, 0);
    ck_assert_uint_eq(pkts.in_use, 0);
}
END_TEST

START_TEST(test_frames_are_received_where_they_are)
{
    start();
    deliver(1514, 1514, RX_EOP | RX_TCPCS);
    case_expect(nif, 1514, PKT_CSUM_GOOD);
    deliver(60, 60, RX_EOP | RX_TCPCS | RX_IXSM);
    case_expect(nif, 60, 0);
    deliver(60, 60, RX_EOP | RX_TCPCS | RX_TCPE);
    case_expect(nif, 60, 0);
    ck_assert_uint_eq(nif->counters.rx_frames, 3);
}
END_TEST

START_TEST(test_the_ring_goes_round)
{
    start();
    for (unsigned i = 0; i < 5 * RING; i++) {
        deliver(60 + i, 60 + i, RX_EOP);
        case_expect(nif, 60 + i, 0);
        ck_assert(case_send(nif, case_pkt(60, 1, i + 1)));
    }
    ck_assert_uint_eq(outs, 5 * RING);
    case_turn(nif);
    ck_assert_uint_eq(pkts.in_use, 0);
}
END_TEST

START_TEST(test_broken_frames_are_dropped)
{
    start();
    deliver(60, 60, RX_EOP | 1 << 15); /* error while receiving */
    deliver(60, 2048, 0);              /* a frame of three buffers */
    deliver(60, 2048, 0);
    deliver(60, 100, RX_EOP);
    deliver(13, 13, RX_EOP); /* no Ethernet header */
    deliver(60, 60, RX_EOP);
    case_expect(nif, 60, 0);
    ck_assert_uint_eq(nif->counters.rx_bad, 5);
    ck_assert(!nif->failed);
}
END_TEST

START_TEST(test_without_packets_frames_are_lost_and_counted)
{
    struct pkt *all[PKTS];

    start();
    for (unsigned i = 0; i < PKTS; i++)
        all[i] = pkt_get(&pkts);
    deliver(60, 60, RX_EOP);
    ck_assert_ptr_null(case_turn(nif));
    ck_assert_uint_eq(nif->counters.rx_no_memory, 1);
    for (unsigned i = 0; i < PKTS; i++)
        pkt_put(all[i]);
}
END_TEST

START_TEST(test_a_full_ring_holds_back_and_wants_to_be_woken)
{
    start();
    dev.stuck = true;
    case_fill(nif);
    nif->ops->flush(nif);
    ck_assert(!nif->ops->arm(nif));
    ck_assert(*reg(REG_IMS) & ICR_TXQ0);
    ck_assert_uint_gt(nif->poll_us, 0);
    dev.stuck = false;
    run();
    case_turn(nif);
    ck_assert_uint_eq(*reg(REG_IMS), 0);
    ck_assert_uint_eq(pkts.in_use, 0);
    ck_assert(!nif->ops->arm(nif));
    ck_assert_uint_eq(nif->poll_us, 0);
    ck_assert(!(*reg(REG_IMS) & ICR_TXQ0));
}
END_TEST

START_TEST(test_what_came_before_the_wake_up_is_seen)
{
    start();
    deliver(60, 60, RX_EOP);
    ck_assert(nif->ops->arm(nif));
    case_expect(nif, 60, 0);
    ck_assert(!nif->ops->arm(nif));
    ck_assert_uint_eq(*reg(REG_IMS), ICR_RXQ0 | ICR_OTHER | ICR_LSC);
}
END_TEST

START_TEST(test_a_line_is_let_go)
{
    begin(0x100e, "INTx", HONEST);
    ck_assert(!nif->ops->arm(nif));
    ck_assert(*reg(REG_IMS) & ICR_RXT0);
    dev.regs.quieten(&dev.regs);
    ck_assert_uint_eq(*reg(REG_IMS), 0);
}
END_TEST

START_TEST(test_without_interrupts_it_is_polled)
{
    begin(0x100e, NULL, HONEST);
    ck_assert(!nif->ops->arm(nif));
    ck_assert_uint_eq(nif->poll_us, NIC_POLL_NO_INTERRUPT);
}
END_TEST

START_TEST(test_the_link_goes_and_comes)
{
    start();
    *reg(REG_STATUS) = 0;
    *reg(REG_ICR) = ICR_LSC;
    ck_assert(nif->ops->arm(nif));
    ck_assert(!nif->link_up);
    *reg(REG_STATUS) = STATUS_LU;
    *reg(REG_ICR) = ICR_LSC;
    ck_assert(nif->ops->arm(nif));
    ck_assert(nif->link_up);
}
END_TEST

START_TEST(test_lies_at_the_start)
{
    static const struct {
        enum lie lie;
        const char *why;
    } lies[] = {{NO_RESET, "reset never completed"},
                {NOT_THERE, "not there"},
                {GROUP_MAC, "not that of one station"},
                {NO_MAC, "not that of one station"},
                {SILENT_EEPROM, "EEPROM"}};

    for (unsigned i = 0; i < ARRAY_LEN(lies); i++) {
        begin(0x10d3, "MSI-X", lies[i].lie);
        case_is_off(nif, lies[i].why);
        ck_assert_uint_eq(dev.stops, 1);
    }
}
END_TEST

START_TEST(test_lies_while_it_runs)
{
    start();
    dev.stuck = true;
    ck_assert(case_send(nif, case_pkt(60, 1, 60)));
    deliver(60, 2049, RX_EOP);
    ck_assert_ptr_null(case_turn(nif));
    case_is_off(nif, "more than a buffer holds");
    ck_assert_uint_eq(dev.stops, 1);

    start();
    ck_assert(case_send(nif, case_pkt(60, 1, 60)));
    dev.lie = NOT_THERE;
    nif->ops->arm(nif);
    case_is_off(nif, "gone");
}
END_TEST

START_TEST(test_a_small_arena_is_no_card)
{
    struct nic_config c;

    start();
    c = case_config();
    for (size_t n = 0; n < e1000_bytes(RING); n += 1000) {
        arena_init(&arena, (struct mspan){memory, n});
        (void)e1000_attach(&dev.regs, &c);
    }
    arena_init(&arena, (struct mspan){memory, 100});
    ck_assert_ptr_null(e1000_attach(&dev.regs, &c));
}
END_TEST

RUN_TESTS("e1000", PANICS(), test_a_card_starts,
          test_an_early_card_starts_with_the_eeproms_address,
          test_frames_are_sent_as_they_are, test_a_checksum_is_the_cards,
          test_the_card_cuts, test_headers_in_a_fragment_are_pulled,
          test_what_cannot_be_sent_is_dropped,
          test_frames_are_received_where_they_are, test_the_ring_goes_round,
          test_broken_frames_are_dropped,
          test_without_packets_frames_are_lost_and_counted,
          test_a_full_ring_holds_back_and_wants_to_be_woken,
          test_what_came_before_the_wake_up_is_seen, test_a_line_is_let_go,
          test_without_interrupts_it_is_polled, test_the_link_goes_and_comes,
          test_lies_at_the_start, test_lies_while_it_runs,
          test_a_small_arena_is_no_card)
