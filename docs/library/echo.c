/* SPDX-License-Identifier: ISC */
/* echo.c - a TCP echo server on a tap, of netstack/ and lib/base/ alone. */
#include <base/bytes.h>
#include <base/pool.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 2048, A_TURN = 64, BLOCKS = 512 };

static uint8_t memory[16 << 20] __attribute__((aligned(4096)));
static struct arena arena;
static struct pool pkts;
static struct block_pool rx_blocks, tx_blocks;

/* What lib/base calls when a promise is broken. */
_Noreturn void panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static ns_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (ns_t)t.tv_sec * NS_PER_SEC + (ns_t)t.tv_nsec;
}

/* What has come goes back as far as there is room; the rest waits. */
static void on_event(struct stream *s, unsigned events, void *user)
{
    struct span in;

    while ((in = stream_peek(s)).n) {
        struct mspan room = stream_reserve(s);
        size_t n = in.n < room.n ? in.n : room.n;

        if (n == 0)
            break;
        memcpy(room.p, in.p, n);
        stream_commit(s, n);
        stream_consume(s, n);
    }
    if (events & STREAM_EOF)
        s->user = user = s; /* remembered: there may be no room yet */
    if (events & STREAM_CLOSED)
        stream_release(s);
    else if (user && in.n == 0)
        stream_shutdown(s);
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer, (void)user;
    s->on_event = on_event;
    return true;
}

static struct net *stack_open(struct netif *tap, const struct ipaddr *addr)
{
    struct net_config c = {.pkts = &pkts,
                           .arena = &arena,
                           .tx_blocks = &tx_blocks,
                           .rx_blocks = &rx_blocks.blocks};
    struct netif_config nc = {.static4 = {*addr, 24, 0, false}, .auto6 = true};
    struct limits *l = &c.limits;
    struct net *net;

    l->tcp_conns = l->tcp_half_open = 64;
    l->tcp_listeners = l->udp_binds = 1;
    l->tcp_rcvbuf = l->tcp_sndbuf = 65536;
    l->rx_blocks = l->tx_blocks = BLOCKS;
    arena_init(&arena, (struct mspan){memory, sizeof(memory)});
    ASSERT(pool_init(&pkts, "pkts", &arena, sizeof(struct pkt), BLOCKS, 64));
    ASSERT(block_pool_init(&rx_blocks, "rx", &arena, FRAME, BLOCKS));
    ASSERT(block_pool_init(&tx_blocks, "tx", &arena, 4096, BLOCKS));
    ASSERT(getentropy(c.seed, sizeof(c.seed)) == 0);
    ASSERT((net = net_new(&c, now())));
    net_add(net, tap, &nc, now());
    return net;
}

/* A frame as a packet; NULL when there is none, or no room for it. */
static struct pkt *take(int fd)
{
    struct block *b = block_get(&rx_blocks);
    struct pkt *p = b ? pkt_get(&pkts) : NULL;
    ssize_t n = p ? read(fd, b->data, b->size) : -1;

    if (n > 0 && pkt_add_frag(p, &b->buf, b->data, (uint32_t)n))
        p->netif = 1;
    else if (p)
        pkt_put(p);
    if (b)
        buf_drop(&b->buf); /* the packet has a reference of its own */
    return n > 0 ? p : NULL;
}

static void turn(struct net *net, int fd, ns_t at)
{
    struct pktq in = {0}, out = {0};
    uint8_t frame[FRAME];
    struct pkt *p;

    for (unsigned i = 0; i < A_TURN && (p = take(fd)); i++)
        pktq_push(&in, p);
    net_input(net, &in, at);
    net_tick(net, at);
    net_dispatch(net, at);
    net_output(net, 1, &out, A_TURN, at);
    for (; (p = pktq_pop(&out)); pkt_put(p))
        if (!pkt_copy(p, 0, frame, p->len) || write(fd, frame, p->len) < 0)
            perror("a frame is lost");
}

int main(int argc, char **argv)
{
    struct netif tap = {.link_up = true, .mtu = 1500, .mac = {2, [5] = 7}};
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    struct pollfd wait = {.events = POLLIN};
    struct ipaddr addr;
    struct net *net;

    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", argc == 4 ? argv[1] : "");
    tap.name = r.ifr_name;
    wait.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (argc != 4 || !ipaddr_parse(&addr, span_of(argv[2])) || wait.fd < 0 ||
        ioctl(wait.fd, TUNSETIFF, &r))
        return 2;
    net = stack_open(&tap, &addr);
    ASSERT(tcp_listen(net, (uint16_t)atoi(argv[3]), on_accept, NULL) == OK);
    for (;;) {
        ns_t at = now(), left;

        turn(net, wait.fd, at);
        left = net_deadline(net);
        left = left > at ? (left - at) / NS_PER_MS + 1 : 0;
        poll(&wait, 1, left > 60000 ? 60000 : (int)left);
    }
}
