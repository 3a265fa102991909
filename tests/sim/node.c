/* SPDX-License-Identifier: ISC */
/*
 * node.c - a simulated host.
 */
#include "node.h"

#include <base/bytes.h>
#include <stdlib.h>

enum {
    TURN_FRAMES = 64,
    TX_WAITING = 128,
    RX_BLOCK_BYTES = 2048,
    TX_BLOCK_BYTES = 4096,
    PKTS = 512
};

static struct limits defaults(const struct limits *wish)
{
    struct limits l = *wish;

#define OR(field, value) l.field = l.field ? l.field : (value)
    OR(tcp_conns, 16);
    OR(tcp_half_open, 8);
    OR(tcp_listeners, 4);
    OR(tcp_rcvbuf, 65536);
    OR(tcp_sndbuf, 65536);
    OR(rx_blocks, 256);
    OR(tx_blocks, 128);
    OR(udp_binds, 8);
    OR(fibers, 1);
    OR(fiber_stack, 16384);
    OR(arena_bytes, 65536);
#undef OR
    return l;
}

static unsigned node_poll(struct source *s, ns_t now, unsigned budget)
{
    struct node *n = CONTAINER(s, struct node, source);
    unsigned most = budget < TURN_FRAMES ? budget : TURN_FRAMES;
    struct netif *nif = &n->nic.netif;
    struct pktq in = {0};
    struct net_note note;
    unsigned done;

    nic_reclaim(&n->nic, now);
    done = nif->ops->rx(nif, &in, most);
    for (struct pkt *p = in.head; p; p = p->next)
        p->netif = 1;
    if (in.head)
        net_input(n->net, &in, now);
    net_tick(n->net, now);
    done += net_dispatch(n->net, now);
    while (net_note(n->net, &note))
        n->saw_dhcp_wait |= note.kind == NET_DHCP_WAIT;
    return done;
}

static void node_flush(struct source *s, ns_t now)
{
    struct node *n = CONTAINER(s, struct node, source);
    struct netif *nif = &n->nic.netif;

    if (n->waiting.count < TX_WAITING)
        net_output(n->net, 1, &n->waiting, TX_WAITING - n->waiting.count, now);
    if (n->waiting.head)
        nif->ops->tx(nif, &n->waiting);
    net_hold(n->net, 1, n->waiting.head != NULL);
    nif->ops->flush(nif);
}

static bool node_arm(struct source *s)
{
    struct node *n = CONTAINER(s, struct node, source);

    return n->nic.netif.ops->arm(&n->nic.netif);
}

static ns_t source_deadline(const struct source *s)
{
    const struct node *n =
        CONTAINER((struct source *)(uintptr_t)s, struct node, source);
    ns_t net = net_deadline(n->net), nic = nic_deadline(&n->nic);

    return net < nic ? net : nic;
}

static void pools(struct node *n, const struct node_config *c,
                  const struct limits *l)
{
    uint32_t pkts = c->pkts ? c->pkts : PKTS;
    size_t bytes = net_bytes(l) + pool_bytes(sizeof(struct pkt), pkts) +
                   block_pool_bytes(RX_BLOCK_BYTES, l->rx_blocks) +
                   block_pool_bytes(TX_BLOCK_BYTES, l->tx_blocks) + 65536;

    n->memory = malloc(bytes);
    ASSERT(n->memory);
    memset(n->memory, 0xa5, bytes); /* nothing may hope for zeros */
    arena_init(&n->arena, (struct mspan){n->memory, bytes});
    if (!pool_init(&n->pkts, "pkts", &n->arena, sizeof(struct pkt), pkts, 16) ||
        !block_pool_init(&n->rx_blocks, "rx_blocks", &n->arena, RX_BLOCK_BYTES,
                         l->rx_blocks) ||
        !block_pool_init(&n->tx_blocks, "tx_blocks", &n->arena, TX_BLOCK_BYTES,
                         l->tx_blocks))
        panic(__FILE__, __LINE__, "a simulated host is too small");
}

static void stack(struct node *n, const struct limits *l, ns_t now)
{
    struct dice dice = {n->seed};
    struct net_config c = {.limits = *l,
                           .pkts = &n->pkts,
                           .tx_blocks = &n->tx_blocks,
                           .rx_blocks = &n->rx_blocks.blocks,
                           .arena = &n->arena,
                           .wall_ns = UINT64_C(1700000000) * NS_PER_SEC + now,
                           .hostname = "sim"};

    for (size_t i = 0; i < sizeof(c.seed); i++)
        c.seed[i] = (uint8_t)dice_roll(&dice);
    n->net = net_new(&c, now);
    ASSERT(n->net);
}

static void network(struct node *n, const struct node_config *c, ns_t now)
{
    struct netif_config nc = {
        .dhcp4 = c->dhcp4, .auto6 = c->auto6, .none6 = c->none6};
    uint8_t index;

    if (!c->dhcp4 && !c->none4) {
        nc.static4.addr = n->addr4;
        nc.static4.prefix_bits = 24;
    }
    if (!c->auto6 && !c->none6) {
        nc.static6.addr = n->addr6;
        nc.static6.prefix_bits = 64;
    }
    index = net_add(n->net, &n->nic.netif, &nc, now);
    ASSERT(index == 1);
}

struct node *node_new(struct lan *link, const struct node_config *c,
                      uint8_t index, uint64_t seed, ns_t now)
{
    struct node *n = calloc(1, sizeof(*n));
    struct limits l = defaults(&c->limits);
    uint8_t mac[6] = {0x02, 0x53, 0x49, 0x4d, 0, index};

    ASSERT(n);
    n->index = index;
    n->seed = seed;
    n->wants4 = !c->none4;
    n->wants6 = !c->none6;
    n->addr4 = ipaddr_v4(10, 0, 0, index);
    n->addr6 = (struct ipaddr){.b = {0xfd, [15] = index}};
    pools(n, c, &l);
    nic_open(&n->nic, link, mac, c->caps, &n->pkts, &n->rx_blocks);
    stack(n, &l, now);
    network(n, c, now);
    loop_init(&n->loop, now);
    n->source = (struct source){.name = "net",
                                .poll = node_poll,
                                .flush = node_flush,
                                .arm = node_arm,
                                .deadline = source_deadline};
    loop_add(&n->loop, &n->source);
    n->base_pkts = n->pkts.in_use;
    n->base_rx = n->rx_blocks.blocks.in_use;
    n->base_tx = n->tx_blocks.blocks.in_use;
    return n;
}

void node_free(struct node *n)
{
    nic_close(&n->nic);
    free(n->memory);
    free(n);
}

bool node_turn(struct node *n, ns_t now)
{
    n->turns++;
    return loop_turn(&n->loop, now) || loop_arm(&n->loop);
}

ns_t node_deadline(const struct node *n)
{
    return loop_deadline(&n->loop);
}

const char *node_holds(const struct node *n)
{
    if (n->waiting.head)
        return "frames that the NIC has not taken";
    if (n->pkts.in_use != n->base_pkts)
        return "packets";
    if (n->rx_blocks.blocks.in_use != n->base_rx)
        return "receive blocks";
    if (n->tx_blocks.blocks.in_use != n->base_tx)
        return "send blocks";
    return NULL;
}

static bool link_local(const struct ipaddr *a)
{
    return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

bool node_addr(const struct node *n, bool v4, struct ipaddr *out)
{
    struct net_addr a[8];
    unsigned count = net_addrs(n->net, a, ARRAY_LEN(a));

    for (unsigned i = 0; i < count && i < ARRAY_LEN(a); i++) {
        if (a[i].tentative || ipaddr_is_v4(&a[i].addr) != v4 ||
            link_local(&a[i].addr))
            continue;
        *out = a[i].addr;
        return true;
    }
    return false;
}
