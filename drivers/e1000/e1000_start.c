/* SPDX-License-Identifier: ISC */
/*
 * e1000_start.c - bringing a card up: reset, who it is, rings, both directions.
 */
#include <e1000/e1000_impl.h>

#include <base/dma.h>
#include <string.h>

enum {
    FIRST_LATER = 0x105e, /* ids of the later family are these, and */
    LAST_EARLY = 0x107c,  /* no early one is beyond this */
    RING_ALIGN = 128,
    EERD_START = 1,
    GROUP_WORDS = 128
};
#define PAUSE_NS (2 * NS_PER_MS) /* in which a card reads its EEPROM */
#define RESET_NS (500 * NS_PER_MS)

/* Cards apart, whose registers are used alike here.  QEMU has 0x100e, 0x1008,
 * 0x100f and 0x10d3. */
static const uint16_t devices[] = {
    0x1008, 0x1009, 0x100c, 0x100d,                 /* 82544 */
    0x100e, 0x1015, 0x1016, 0x1017, 0x101e,         /* 82540 */
    0x100f, 0x1011, 0x1026, 0x1027, 0x1028,         /* 82545 */
    0x1010, 0x1012, 0x101d, 0x1079, 0x107a, 0x107b, /* 82546 */
    0x105e, 0x105f, 0x1060, 0x10a4, 0x10bc,         /* 82571 */
    0x107d, 0x107e, 0x107f, 0x10b9,                 /* 82572 */
    0x108b, 0x108c, 0x109a,                         /* 82573 */
    0x10d3, 0x10f6, 0x150c,                         /* 82574, 82583 */
};

const struct bus_want e1000_want = {.kind = "e1000",
                                    .devices = devices,
                                    .ndevices = ARRAY_LEN(devices),
                                    .vendor = 0x8086,
                                    .bar = 0,
                                    .beside = 0,
                                    .least = REGS_LEAST};

static bool is_later(uint16_t device)
{
    return (device >= FIRST_LATER && device <= 0x1060) || device > LAST_EARLY;
}

static bool never(void *user)
{
    (void)user;
    return false;
}

static bool was_reset(void *user)
{
    return !(nic_read(user, REG_CTRL) & CTRL_RST);
}

/* A read of the EEPROM; where the bits are is all that differs. */
struct word {
    struct nic *nic;
    uint32_t done, value;
};

static bool has_word(void *user)
{
    struct word *w = user;

    w->value = nic_read(w->nic, REG_EERD);
    return w->value & w->done;
}

/* The address as the card has loaded it, else from the EEPROM. */
static bool read_mac(struct e1000 *e, const struct blk_host *host)
{
    uint32_t low = nic_read(&e->nic, REG_RAL);
    uint32_t high = nic_read(&e->nic, REG_RAH);
    struct word w = {.nic = &e->nic, .done = e->later ? 1 << 1 : 1 << 4};
    uint16_t words[3];

    if (high >> 31)
        return nic_set_mac(&e->nic, low, high & 0xffff);
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        nic_write(&e->nic, REG_EERD, i << (e->later ? 2 : 8) | EERD_START);
        if (!regs_wait(host, RESET_NS, has_word, &w))
            return nic_fail(&e->nic, "it does not read its EEPROM");
        words[i] = (uint16_t)(w.value >> 16);
    }
    low = words[0] | (uint32_t)words[1] << 16;
    nic_write(&e->nic, REG_RAL, low);
    nic_write(&e->nic, REG_RAH, words[2] | UINT32_C(1) << 31);
    return nic_set_mac(&e->nic, low, words[2]);
}

static bool reset(struct e1000 *e, const struct blk_host *host)
{
    struct nic *n = &e->nic;
    uint32_t control;

    if (nic_read(n, REG_STATUS) == UINT32_MAX)
        return nic_fail(n, "it is not there");
    nic_write(n, REG_IMC, UINT32_MAX);
    nic_write(n, REG_RCTL, 0);
    nic_write(n, REG_TCTL, TCTL_PSP);
    (void)regs_wait(host, PAUSE_NS, never, n); /* what is on its way ends */
    nic_write(n, REG_CTRL, nic_read(n, REG_CTRL) | CTRL_RST);
    (void)regs_wait(host, PAUSE_NS, never, n);
    if (!regs_wait(host, RESET_NS, was_reset, n))
        return nic_fail(n, "its reset never completed");
    nic_write(n, REG_IMC, UINT32_MAX);
    (void)nic_read(n, REG_ICR);
    control = nic_read(n, REG_CTRL);
    control &= ~(uint32_t)(CTRL_LRST | CTRL_ILOS | CTRL_FORCE | CTRL_RST);
    nic_write(n, REG_CTRL, control | CTRL_SLU);
    if (e->later) /* so that management firmware leaves it alone */
        nic_write(n, REG_CTRL_EXT, nic_read(n, REG_CTRL_EXT) | EXT_OWNED);
    return true;
}

static void set_ring(struct nic *n, unsigned at, const struct e1000_desc *ring)
{
    uint64_t addr = dma_address(ring);

    nic_write(n, at + RING_LOW, (uint32_t)addr);
    nic_write(n, at + RING_HIGH, (uint32_t)(addr >> 32));
    nic_write(n, at + RING_BYTES, n->size * (uint32_t)sizeof(*ring));
    nic_write(n, at + RING_HEAD, 0);
    nic_write(n, at + RING_TAIL, 0);
}

static void set_interrupts(struct e1000 *e)
{
    nic_write(&e->nic, REG_ITR, 0);
    if (!e->messages)
        return;
    /* Everything by message 0: received, sent, other, each marked valid. */
    nic_write(&e->nic, REG_IVAR, UINT32_C(0x80080808));
    nic_write(&e->nic, REG_EIAC, 0);
}

static void start_rings(struct e1000 *e)
{
    struct nic *n = &e->nic;

    set_ring(n, REG_RX_RING, e->rxd);
    set_ring(n, REG_TX_RING, e->txd);
    for (unsigned i = 0; i < GROUP_WORDS; i++)
        nic_write(n, REG_GROUPS + 4 * i, 0);
    nic_write(n, REG_RXCSUM, RXCSUM_ON);
    if (e->later) /* bit 22 has to be one on these */
        nic_write(n, REG_TX_RING + RING_CONTROL,
                  TXDCTL_GRAN | TXDCTL_COUNT | TXDCTL_WTHRESH);
    nic_write(n, REG_TIPG, 10 | 8 << 10 | 6 << 20);
    /* collisions: 15 times, after 64 bytes */
    nic_write(n, REG_TCTL, TCTL_EN | TCTL_PSP | 15 << 4 | 64 << 12);
    nic_write(n, REG_RCTL, RCTL_EN | RCTL_MPE | RCTL_BAM | RCTL_SECRC);
}

static bool start(struct e1000 *e, const struct blk_host *host)
{
    struct nic *n = &e->nic;

    if (!reset(e, host) || !read_mac(e, host))
        return false;
    set_interrupts(e);
    start_rings(e);
    n->nif.link_up = nic_read(n, REG_STATUS) & STATUS_LU;
    n->nif.caps = NETIF_RX_CSUM | NETIF_TX_CSUM | NETIF_TSO4;
    if (e->later)
        n->nif.caps |= NETIF_TSO6;
    n->nif.tso_max = NIC_TSO_MAX;
    nic_prime(n);
    return true;
}

static void quieten(struct regs *r)
{
    r->write(r, REG_IMC, UINT32_MAX);
}

size_t e1000_bytes(unsigned ring)
{
    return sizeof(struct e1000) + _Alignof(struct e1000) + nic_bytes(ring) +
           2 * (sizeof(struct e1000_desc) * NIC_RING_MAX + RING_ALIGN);
}

struct netif *e1000_attach(struct regs *regs, const struct nic_config *config)
{
    struct arena *a = config->host->arena;
    struct e1000 *e = arena_try(a, sizeof(*e), _Alignof(struct e1000));
    struct nic_config c = *config;
    size_t bytes;

    if (!e)
        return NULL;
    *e = (struct e1000){.nic = {.ops = &e1000_ops, .tx_more = 1},
                        .later = is_later(regs->device)};
    c.kind = e->later ? "e1000e" : "e1000";
    if (!nic_init(&e->nic, regs, &c))
        return NULL;
    e->messages = regs->interrupts && strcmp(regs->interrupts, "MSI-X") == 0;
    bytes = sizeof(*e->rxd) * e->nic.size;
    e->rxd = arena_try(a, bytes, RING_ALIGN);
    e->txd = arena_try(a, bytes, RING_ALIGN);
    if (!e->rxd || !e->txd)
        return NULL;
    memset(e->rxd, 0, bytes);
    memset(e->txd, 0, bytes);
    regs->quieten = quieten;
    (void)start(e, config->host);
    return &e->nic.nif;
}
