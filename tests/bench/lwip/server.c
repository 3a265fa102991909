/* SPDX-License-Identifier: ISC */
/*
 * lwip_server - a small HTTP server on lwIP's raw API, to compare ours with.
 *
 *     lwip_server TAP ADDRESS BODY_BYTES
 *
 * One thread, callbacks, nothing copied that need not be: as fast as the API
 * allows.  Answers GET with BODY_BYTES bytes, and /random?bytes=N with N.  The
 * mask is /24.
 */
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FRAME_BYTES = 1514, NOISE_BYTES = 65521, HEAD_BYTES = 2048 };

#define HEAD                                                                   \
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: "           \
    "%llu\r\n\r\n"

struct client {
    unsigned long long left; /* bytes of the body to be queued */
    bool close;
    unsigned n;
    char head[HEAD_BYTES];
};

static struct {
    struct netif netif;
    int tap;
    unsigned body_bytes;
    char head[128];
    int head_n;
    char noise[NOISE_BYTES];
} server;

static volatile sig_atomic_t over;

static void on_signal(int number)
{
    (void)number;
    over = 1;
}

static err_t link_output(struct netif *netif, struct pbuf *p)
{
    char frame[FRAME_BYTES];

    (void)netif;
    if (p->next) {
        pbuf_copy_partial(p, frame, sizeof(frame), 0);
        return write(server.tap, frame, p->tot_len) < 0 ? ERR_IF : ERR_OK;
    }
    return write(server.tap, p->payload, p->len) < 0 ? ERR_IF : ERR_OK;
}

static err_t netif_up(struct netif *netif)
{
    static const unsigned char mac[6] = {2, 0, 0, 0, 0, 0x4c};

    memcpy(netif->hwaddr, mac, 6);
    netif->hwaddr_len = 6;
    netif->mtu = 1500;
    netif->name[0] = 't';
    netif->output = etharp_output;
    netif->linkoutput = link_output;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
                   NETIF_FLAG_LINK_UP | NETIF_FLAG_UP;
    return ERR_OK;
}

/* As much of the body as there is room for. */
static void go_on(struct client *c, struct tcp_pcb *pcb)
{
    while (c->left && tcp_sndbuf(pcb)) {
        unsigned long long n = c->left;

        if (n > NOISE_BYTES)
            n = NOISE_BYTES;
        if (n > tcp_sndbuf(pcb))
            n = tcp_sndbuf(pcb);
        if (tcp_write(pcb, server.noise, (u16_t)n, 0) != ERR_OK)
            break;
        c->left -= n;
    }
    tcp_output(pcb);
}

/* The page's head is ready; another length is written for the occasion. */
static void answer(struct client *c, struct tcp_pcb *pcb)
{
    static char other[128];
    const char *head = server.head;
    int n = server.head_n;

    c->left = server.body_bytes;
    if (memcmp(c->head, "GET /random?bytes=", 18) == 0) {
        c->left = strtoull(c->head + 18, NULL, 10);
        n = snprintf(other, sizeof(other), HEAD, c->left);
        head = other;
    }
    tcp_write(pcb, head, (u16_t)n, TCP_WRITE_FLAG_COPY | TCP_WRITE_FLAG_MORE);
    go_on(c, pcb);
}

static err_t leave(struct client *c, struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    free(c);
    return tcp_close(pcb);
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t n)
{
    (void)n;
    go_on(arg, pcb);
    return ERR_OK;
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct client *c = arg;
    u16_t n;

    (void)err;
    if (!p)
        return leave(c, pcb);
    n = pbuf_copy_partial(p, c->head + c->n, (u16_t)(HEAD_BYTES - 1 - c->n), 0);
    c->n += n;
    c->head[c->n] = 0;
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    if (c->n < 4 || memcmp(c->head + c->n - 4, "\r\n\r\n", 4) != 0)
        return ERR_OK;
    c->close = memmem(c->head, c->n, "Connection: close", 17) != NULL;
    c->n = 0;
    answer(c, pcb);
    return c->close && !c->left ? leave(c, pcb) : ERR_OK;
}

static void on_err(void *arg, err_t err)
{
    (void)err;
    free(arg);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct client *c = malloc(sizeof(*c));

    (void)arg;
    if (err != ERR_OK || !c)
        return ERR_MEM;
    c->n = 0;
    c->left = 0;
    tcp_arg(pcb, c);
    tcp_recv(pcb, on_recv);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_err);
    tcp_nagle_disable(pcb);
    return ERR_OK;
}

static void hear(void)
{
    char frame[FRAME_BYTES];
    ssize_t n;

    while ((n = read(server.tap, frame, sizeof(frame))) > 0) {
        struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_POOL);

        if (!p)
            return;
        pbuf_take(p, frame, (u16_t)n);
        if (server.netif.input(p, &server.netif) != ERR_OK)
            pbuf_free(p);
    }
}

static int open_tap(const char *name)
{
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0) {
        perror(name);
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    struct sigaction end = {.sa_handler = on_signal};
    ip4_addr_t addr, mask, none = {0};
    struct tcp_pcb *pcb;

    if (argc != 4 || !ip4addr_aton(argv[2], &addr)) {
        fprintf(stderr, "usage: lwip_server TAP ADDRESS BODY_BYTES\n");
        return 2;
    }
    server.body_bytes = (unsigned)atoi(argv[3]);
    server.head_n = snprintf(server.head, sizeof(server.head), HEAD,
                             (unsigned long long)server.body_bytes);
    memset(server.noise, 'x', sizeof(server.noise));
    IP4_ADDR(&mask, 255, 255, 255, 0);
    server.tap = open_tap(argv[1]);
    lwip_init();
    netif_add(&server.netif, &addr, &mask, &none, NULL, netif_up,
              ethernet_input);
    netif_set_default(&server.netif);
    pcb = tcp_new();
    if (!pcb || tcp_bind(pcb, IP_ADDR_ANY, 80) != ERR_OK)
        return 1;
    pcb = tcp_listen(pcb);
    tcp_accept(pcb, on_accept);
    sigaction(SIGTERM, &end, NULL);
    while (!over) {
        struct pollfd in = {.fd = server.tap, .events = POLLIN};
        u32_t wait = sys_timeouts_sleeptime();

        poll(&in, 1, wait > 1000 ? 1000 : (int)wait);
        hear();
        sys_check_timeouts();
    }
    return 0;
}
