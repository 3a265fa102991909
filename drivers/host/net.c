/* SPDX-License-Identifier: ISC */
/*
 * net.c - what network devices of a process have in common: blocks to receive
 * into, addresses, failing.
 */
#include <base/fmt.h>
#include <base/siphash.h>
#include <host/net_impl.h>
#include <hosted/watch.h>
#include <string.h>
#include <unistd.h>

void host_net_mac(uint8_t mac[6], const char *device)
{
    static const struct siphash_key key = {0x42696c6c65742068, 1};
    char text[256] = "";
    uint64_t hash;

    gethostname(text, sizeof(text) - 1);
    fmt(text + strlen(text), sizeof(text) - strlen(text), "/%s", device);
    hash = siphash24(&key, text, strlen(text));
    memcpy(mac, &hash, 6);
    mac[0] = (uint8_t)((mac[0] & ~1u) | 2u);
}

size_t host_net_bytes(void)
{
    size_t tap = tap_bytes(), socket = socket_bytes();

    return (tap > socket ? tap : socket) + host_tape_bytes();
}

enum err host_net_open(const struct host_net_config *c, struct netif **out,
                       char why[HOST_FAILURE_BYTES])
{
    if (strlen(c->device) >= HOST_DEVICE_BYTES) {
        fmt(why, HOST_FAILURE_BYTES, "the device's name is too long");
        return E_INVAL;
    }
    if (strncmp(c->device, "unix:", 5) == 0)
        return socket_open(c, out, why);
    return tap_open(c, out, why);
}

bool host_nic_init(struct host_nic *nic, const struct host_net_config *c,
                   int fd, const char *kind, const struct netif_ops *ops)
{
    static const uint8_t none[6];

    *nic = (struct host_nic){.fd = fd,
                             .rx = {.pkts = c->pkts, .blocks = c->rx_blocks},
                             .nif = {.ops = ops,
                                     .name = c->name,
                                     .kind = kind,
                                     .link_up = true,
                                     .mtu = MTU_DEFAULT}};
    memcpy(nic->nif.mac, c->mac, 6);
    if (memcmp(c->mac, none, 6) == 0)
        host_net_mac(nic->nif.mac, c->device);
    return machine_watch(fd);
}

/* False, and the last one takes its place, when there is no block for it. */
static bool offer(struct host_rx *rx, unsigned i)
{
    struct block *b = block_get(rx->blocks);

    if (!b) {
        rx->ready[i] = rx->ready[--rx->n];
        rx->iov[1 + i] = rx->iov[1 + rx->n];
        return false;
    }
    rx->ready[i] = b;
    rx->iov[1 + i] = (struct iovec){.iov_base = b->data, .iov_len = b->size};
    rx->room += b->size;
    return true;
}

void host_rx_offer(struct host_rx *rx)
{
    while (rx->n < READY_MAX)
        if (!offer(rx, rx->n++))
            break;
}

/* The first `part` bytes of a block that is ready are a frame's now. */
static inline void use(struct host_rx *rx, struct pkt *p, unsigned i,
                       uint32_t part)
{
    struct block *b = rx->ready[i];

    p->frag[p->nfrags++] =
        (struct frag){.buf = &b->buf, .p = b->data, .len = part};
    p->len += part;
    rx->room -= b->size;
}

static __attribute__((noinline)) void take_long(struct host_rx *rx,
                                                struct pkt *p, size_t n)
{
    unsigned used = 0;

    while (n) {
        uint32_t size = rx->ready[used]->size;
        uint32_t part = n < size ? (uint32_t)n : size;

        use(rx, p, used++, part);
        n -= part;
    }
    while (used--) /* from behind: what cannot be replaced gives its place up */
        offer(rx, used);
}

static RARE void count_lost(struct netif_counters *count, size_t n)
{
    if (n < FRAME_MIN || n > FRAME_MAX)
        count->rx_bad++;
    else
        count->rx_no_memory++;
}

struct pkt *host_rx_take(struct host_nic *nic, size_t n)
{
    struct netif_counters *count = &nic->nif.counters;
    struct host_rx *rx = &nic->rx;
    struct pkt *p;

    if (n < FRAME_MIN || n > FRAME_MAX || !(p = pkt_get(rx->pkts))) {
        count_lost(count, n);
        return NULL;
    }
    count->rx_frames++;
    count->rx_bytes += n;
    if (n <= rx->ready[0]->size) { /* nearly all are */
        use(rx, p, 0, (uint32_t)n);
        offer(rx, 0);
    } else {
        take_long(rx, p, n);
    }
    return p;
}

unsigned host_tx_pieces(const struct pkt *p,
                        struct iovec iov[PKT_FRAGS_MAX + 1])
{
    unsigned n = 0;

    if (p->hdr_len)
        iov[n++] = (struct iovec){
            .iov_base = (void *)(p->hdr + PKT_HDR_MAX - p->hdr_len),
            .iov_len = p->hdr_len};
    for (unsigned i = 0; i < p->nfrags; i++)
        iov[n++] = (struct iovec){.iov_base = (void *)p->frag[i].p,
                                  .iov_len = p->frag[i].len};
    return n;
}

void host_nic_woken(struct host_nic *nic, unsigned frames)
{
    if (nic->armed && frames)
        nic->nif.counters.wakeups++;
    nic->armed = false;
}

void host_nic_tx_waits(struct host_nic *nic, bool waits)
{
    if (nic->tx_waits == waits)
        return;
    nic->tx_waits = waits;
    machine_watch_writable(nic->fd, waits);
}

void host_nic_fail(struct host_nic *nic, const char *failure)
{
    if (nic->nif.failed)
        return;
    nic->nif.failed = true;
    nic->nif.failure = failure;
    machine_unwatch(nic->fd);
    close(nic->fd);
    while (nic->rx.n)
        buf_drop(&nic->rx.ready[--nic->rx.n]->buf);
}
