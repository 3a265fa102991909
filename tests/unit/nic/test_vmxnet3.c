/* SPDX-License-Identifier: ISC */
/*
 * test_vmxnet3.c - the driver on a card in memory: honest, then lying.
 */
#include "case.h"

#include <base/dma.h>
#include <vmxnet3/vmxnet3_impl.h>

enum lie { HONEST, OTHER_REVISION, NOT_THERE, GROUP_MAC, REFUSES };

static struct {
    struct regs regs, beside;
    uint32_t first[REGS_LEAST / 4], second[REGS_LEAST / 4];
    enum lie lie;
    unsigned stops, activations, tx_head, tx_done, rx_head, rx_done;
    bool stuck, link_down, line;
    uint32_t mode;    /* word of the packet's first descriptor */
    uint32_t partial; /* bytes of the frame that is being gathered */
    uint32_t offset;
    unsigned descs;
} dev;
static struct netif *nif;

static struct vmxnet3_desc *ring(unsigned queue, unsigned word)
{
    uint32_t *shared =
        (uint32_t *)(uintptr_t)(dev.second[REG_SHARED_LOW / 4] |
                                (uint64_t)dev.second[REG_SHARED_HIGH / 4]
                                    << 32);
    uint32_t *q =
        (uint32_t *)(uintptr_t)(shared[10] | (uint64_t)shared[11] << 32);

    ck_assert_uint_eq(shared[0], UINT32_C(0xbabefee1));
    q += queue * QUEUE_WORDS;
    ck_assert_uint_eq(q[14], RING);
    ck_assert_uint_eq(q[16], RING);
    return (struct vmxnet3_desc *)(uintptr_t)(q[word] | (uint64_t)q[word + 1]
                                                            << 32);
}

static uint32_t gen(unsigned at)
{
    return at / RING & 1 ? 0 : 1;
}

static void complete(unsigned at)
{
    struct vmxnet3_desc *d = ring(0, 8) + dev.tx_done % RING;

    d->word[0] = at;
    d->word[3] = gen(dev.tx_done++) << 31;
}

static void run(void)
{
    while (!dev.stuck && dev.tx_head % RING != dev.first[REG_TX_NEXT / 4]) {
        struct vmxnet3_desc *d = ring(0, 4) + dev.tx_head % RING;
        uint32_t n = d->word[2] & 0x3fff;

        ck_assert_uint_eq(d->word[2] >> 14 & 1, gen(dev.tx_head));
        ck_assert_uint_le(n, NIC_SEG_BYTES);
        if (dev.partial == 0) {
            dev.mode = d->word[3] & 0xfff;
            dev.offset = d->word[2] >> 18;
            dev.descs = 0;
        }
        memcpy(out + dev.partial,
               (void *)(uintptr_t)(d->word[0] | (uint64_t)d->word[1] << 32), n);
        dev.partial += n;
        dev.descs++;
        if (d->word[3] & TX_EOP) {
            ck_assert(d->word[3] & TX_REPORT);
            complete(dev.tx_head % RING);
            out_len = dev.partial;
            outs++;
            dev.partial = 0;
        }
        dev.tx_head++;
    }
}

static uint32_t read_first(struct regs *r, unsigned at)
{
    ck_assert_uint_le(at, r->bytes - 4);
    return dev.first[at / 4];
}

static void write_first(struct regs *r, unsigned at, uint32_t v)
{
    ck_assert_uint_le(at, r->bytes - 4);
    dev.first[at / 4] = v;
    if (at == REG_TX_NEXT)
        run();
}

static uint32_t read_second(struct regs *r, unsigned at)
{
    ck_assert_uint_le(at, r->bytes - 4);
    if (dev.lie == NOT_THERE)
        return UINT32_MAX;
    if (at == REG_REVISIONS || at == REG_UPT_REVISIONS)
        return dev.lie == OTHER_REVISION ? 2 : 3;
    if (at == REG_LINE)
        return dev.line;
    if (at != REG_COMMAND)
        return dev.second[at / 4];
    switch (dev.second[at / 4]) {
    case COMMAND_ACTIVATE:
        dev.activations++;
        return dev.lie == REFUSES;
    case COMMAND_LINK:
        return dev.link_down ? 0 : 10000u << 16 | 1;
    case COMMAND_MAC_LOW:
        return dev.lie == GROUP_MAC ? 1 : 0x12005452;
    case COMMAND_MAC_HIGH:
        return 0x5634;
    }
    return 0;
}

static void write_second(struct regs *r, unsigned at, uint32_t v)
{
    ck_assert_uint_le(at, r->bytes - 4);
    dev.second[at / 4] = v;
}

static void cut_off(struct regs *r)
{
    (void)r;
    dev.stops++;
}

static void begin(enum lie lie)
{
    struct nic_config c;

    case_begin();
    c = case_config();
    memset(&dev, 0, sizeof(dev));
    dev.beside = (struct regs){
        .read = read_second, .write = write_second, .bytes = REGS_LEAST};
    dev.regs = (struct regs){.read = read_first,
                             .write = write_first,
                             .stop = cut_off,
                             .beside = &dev.beside,
                             .bytes = REGS_LEAST,
                             .interrupts = "MSI-X"};
    dev.lie = lie;
    nif = vmxnet3_attach(&dev.regs, &c);
    ck_assert(nif);
}

static void start(void)
{
    begin(HONEST);
    ck_assert_msg(!nif->failed, "%s", nif->failure);
}

/* A completion that says `index` of `n` bytes. */
static void claim(uint32_t index, uint32_t n, uint32_t last)
{
    struct vmxnet3_desc *d = ring(1, 8) + dev.rx_done % RING;

    d->word[0] = index;
    d->word[2] = n;
    d->word[3] = last | gen(dev.rx_done++) << 31;
}

/* Into the next buffer that is posted. */
static void deliver(uint32_t n, uint32_t first, uint32_t size, uint32_t last)
{
    struct vmxnet3_desc *d = ring(1, 4) + dev.rx_head % RING;

    ck_assert_uint_ne(dev.rx_head % RING, dev.first[REG_RX_NEXT / 4]);
    ck_assert_uint_eq(d->word[2] >> 31, gen(dev.rx_head));
    ck_assert_uint_eq(d->word[2] & 0x3fff, 2048);
    memcpy((void *)(uintptr_t)(d->word[0] | (uint64_t)d->word[1] << 32),
           pattern, n);
    claim(dev.rx_head++ % RING | first, size, last);
}

enum { WHOLE = RX_SOP | RX_EOP };

START_TEST(test_a_card_starts)
{
    static const uint8_t mac[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    start();
    ck_assert_mem_eq(nif->mac, mac, 6);
    ck_assert(nif->link_up);
    ck_assert_uint_eq(dev.activations, 1);
    ck_assert_uint_eq(dev.first[REG_RX_NEXT / 4], RING - 1);
    ck_assert_uint_eq(dev.first[REG_IMR / 4], 1);
    ck_assert_uint_eq(blocks.blocks.in_use, RING - 1);
}
END_TEST

START_TEST(test_frames_are_sent_as_they_are)
{
    start();
    ck_assert(case_send(nif, case_pkt(54, 3, 900)));
    ck_assert_uint_eq(out_len, 54 + 2700);
    ck_assert_mem_eq(out, pattern + 100, 54);
    ck_assert_mem_eq(out + 54 + 1800, pattern, 900);
    ck_assert_uint_eq(dev.mode, 0);
    ck_assert_uint_eq(pkts.in_use, 1);
    ck_assert_ptr_null(case_turn(nif));
    ck_assert_uint_eq(pkts.in_use, 0);
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
    ck_assert_uint_eq(dev.mode, 2 << 10 | 34);
    ck_assert_uint_eq(dev.offset, 50);
}
END_TEST

START_TEST(test_the_card_cuts)
{
    for (unsigned v4 = 0; v4 < 2; v4++) {
        unsigned ip = v4 ? 20 : 40, hdr = 34 + ip;
        struct pkt *p;

        start();
        p = case_large(v4, 20, 2000);
        put_be16(p->hdr + PKT_HDR_MAX - 4, 0x1234);
        ck_assert(case_send(nif, p));
        ck_assert_uint_eq(out_len, 40000 + hdr);
        ck_assert_uint_eq(dev.mode, 3u << 10 | hdr);
        ck_assert_uint_eq(dev.offset, 1460);
        ck_assert_uint_eq(be16(out + 14 + ip + 16),
                          0x1234 + 0xffff - (40000 + 20));
    }
}
END_TEST

START_TEST(test_many_fragments_are_joined)
{
    struct pkt *p;

    start();
    ck_assert(case_send(nif, case_pkt(54, 30, 40)));
    ck_assert_uint_eq(dev.descs, 2);
    ck_assert_uint_eq(out_len, 54 + 1200);
    ck_assert_mem_eq(out + 54 + 1160, pattern, 40);
    p = case_large(true, 34, 1300);
    ck_assert(case_send(nif, p));
    ck_assert_uint_eq(dev.descs, 1 + (34 * 1300 + 2047) / 2048);
    ck_assert_mem_eq(out + 54 + 33 * 1300, pattern, 1300);
    case_turn(nif);
    ck_assert_uint_eq(pkts.in_use, 0);
    ck_assert_uint_eq(blocks.blocks.in_use, RING - 1);
}
END_TEST

START_TEST(test_without_blocks_to_join_it_is_dropped)
{
    struct block *all[BLOCKS];
    struct pkt *p;
    unsigned n = 0;

    start();
    p = case_large(true, 34, 1300);
    while (n < BLOCKS && (all[n] = block_get(&blocks)))
        n++;
    buf_drop(&all[--n]->buf); /* one is not enough */
    ck_assert(case_send(nif, p));
    ck_assert_uint_eq(nif->counters.tx_drops, 1);
    ck_assert_uint_eq(pkts.in_use, 0);
    ck_assert_uint_eq(outs, 0);
    while (n > 0)
        buf_drop(&all[--n]->buf);
    ck_assert_uint_eq(blocks.blocks.in_use, RING - 1);
}
END_TEST

START_TEST(test_frames_are_received_where_they_are)
{
    uint32_t good = RX_SUM_GOOD | RX_TCP;

    start();
    deliver(1514, WHOLE, 1514, good);
    case_expect(nif, 1514, PKT_CSUM_GOOD);
    deliver(60, WHOLE | RX_UNCHECKED, 60, good);
    case_expect(nif, 60, 0);
    deliver(60, WHOLE, 60, good | RX_FRAGMENT);
    case_expect(nif, 60, 0);
    deliver(60, WHOLE, 60, RX_SUM_GOOD);
    case_expect(nif, 60, 0);
}
END_TEST

START_TEST(test_the_rings_go_round)
{
    start();
    for (unsigned i = 0; i < 5 * RING; i++) {
        deliver(60 + i, WHOLE, 60 + i, 0);
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
    deliver(60, WHOLE, 60 | RX_ERROR, 0);
    deliver(60, RX_SOP, 60, 0);
    deliver(60, RX_EOP, 60, 0);
    deliver(60, WHOLE, 13, 0);
    deliver(60, WHOLE, 60, 0);
    case_expect(nif, 60, 0);
    ck_assert_uint_eq(nif->counters.rx_bad, 4);
    ck_assert(!nif->failed);
}
END_TEST

START_TEST(test_buffers_may_be_passed_over)
{
    start();
    dev.rx_head += 3;
    deliver(60, WHOLE, 60, 0);
    case_expect(nif, 60, 0);
    ck_assert_uint_eq(nif->counters.rx_bad, 3);
    deliver(70, WHOLE, 70, 0);
    case_expect(nif, 70, 0);
}
END_TEST

START_TEST(test_a_full_ring_holds_back)
{
    start();
    dev.stuck = true;
    case_fill(nif);
    nif->ops->flush(nif);
    ck_assert(!nif->ops->arm(nif));
    ck_assert_uint_eq(dev.first[REG_IMR / 4], 0);
    ck_assert_uint_gt(nif->poll_us, 0);
    dev.stuck = false;
    run();
    case_turn(nif);
    ck_assert_uint_eq(dev.first[REG_IMR / 4], 1);
    ck_assert_uint_eq(pkts.in_use, 0);
}
END_TEST

START_TEST(test_what_came_before_the_wake_up_is_seen)
{
    start();
    deliver(60, WHOLE, 60, 0);
    ck_assert(nif->ops->arm(nif));
    case_expect(nif, 60, 0);
    ck_assert(!nif->ops->arm(nif));
}
END_TEST

START_TEST(test_a_line_that_is_ours_is_let_go)
{
    start();
    ck_assert(!nif->ops->arm(nif));
    dev.regs.quieten(&dev.regs);
    ck_assert_uint_eq(dev.first[REG_IMR / 4], 0);
    dev.line = true;
    dev.regs.quieten(&dev.regs);
    ck_assert_uint_eq(dev.first[REG_IMR / 4], 1);
}
END_TEST

static void event(uint32_t events)
{
    struct vmxnet3 *v = CONTAINER(nic_of(nif), struct vmxnet3, nic);

    v->shared[SHARED_EVENTS] = events;
}

START_TEST(test_the_link_goes_and_comes)
{
    start();
    for (unsigned i = 0; i < 4; i++) {
        dev.link_down = !(i & 1);
        event(EVENT_LINK);
        ck_assert(nif->ops->arm(nif));
        ck_assert(nif->link_up == !dev.link_down);
        ck_assert_uint_eq(dev.second[REG_EVENTS / 4], EVENT_LINK);
    }
}
END_TEST

START_TEST(test_lies_at_the_start)
{
    static const struct {
        enum lie lie;
        const char *why;
    } lies[] = {{OTHER_REVISION, "first revision"},
                {NOT_THERE, "first revision"},
                {GROUP_MAC, "not that of one station"},
                {REFUSES, "refused to start"}};

    for (unsigned i = 0; i < ARRAY_LEN(lies); i++) {
        begin(lies[i].lie);
        case_is_off(nif, lies[i].why);
        ck_assert_uint_eq(dev.stops, 1);
    }
}
END_TEST

START_TEST(test_lies_while_it_runs)
{
    static const uint32_t wrong[] = {RING - 1, RING, 0xfff, 1 << 16};

    for (unsigned i = 0; i < ARRAY_LEN(wrong); i++) {
        start();
        dev.stuck = true;
        ck_assert(case_send(nif, case_pkt(60, 1, 60)));
        claim(wrong[i] | WHOLE, 60, 0);
        ck_assert_ptr_null(case_turn(nif));
        case_is_off(nif, "did not have");
        ck_assert_uint_eq(dev.stops, 1);
    }
    start();
    deliver(60, WHOLE, 2049, 0);
    ck_assert_ptr_null(case_turn(nif));
    case_is_off(nif, "more than a buffer holds");
    start();
    dev.stuck = true;
    ck_assert(case_send(nif, case_pkt(60, 1, 60)));
    complete(0); /* the first of two descriptors */
    ck_assert_ptr_null(case_turn(nif));
    case_is_off(nif, "was not given");
    start();
    ck_assert(case_send(nif, case_pkt(60, 1, 60)));
    event(EVENT_TX_STOPPED);
    nif->ops->arm(nif);
    case_is_off(nif, "stopped a queue");
}
END_TEST

START_TEST(test_the_arena_is_as_large_as_said)
{
    struct nic_config c;
    size_t before;

    start();
    c = case_config();
    before = (size_t)(arena.end - arena.p);
    ck_assert(vmxnet3_attach(&dev.regs, &c));
    ck_assert_uint_le(before - (size_t)(arena.end - arena.p),
                      vmxnet3_bytes(RING));
    arena_init(&arena, (struct mspan){memory, 2000});
    ck_assert_ptr_null(vmxnet3_attach(&dev.regs, &c));
}
END_TEST

RUN_TESTS("vmxnet3", PANICS(), test_a_card_starts,
          test_frames_are_sent_as_they_are, test_a_checksum_is_the_cards,
          test_the_card_cuts, test_many_fragments_are_joined,
          test_without_blocks_to_join_it_is_dropped,
          test_frames_are_received_where_they_are, test_the_rings_go_round,
          test_broken_frames_are_dropped, test_buffers_may_be_passed_over,
          test_a_full_ring_holds_back,
          test_what_came_before_the_wake_up_is_seen,
          test_a_line_that_is_ours_is_let_go, test_the_link_goes_and_comes,
          test_lies_at_the_start, test_lies_while_it_runs,
          test_the_arena_is_as_large_as_said)
