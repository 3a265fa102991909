/* SPDX-License-Identifier: ISC */
/*
 * tap.c - a tap device of Linux as a netif.
 *
 * Each frame carries virtio-net's header, so checksums and the cutting of large
 * TCP segments are left to the kernel, and it hands over large ones uncut.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <errno.h>
#include <fcntl.h>
#include <host/net_impl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TSO_MAX = 65535 - 40 - 60 /* payload of one packet */ };

struct tap {
    struct host_nic nic;
    struct virtio_net_hdr head;
    uint8_t excess[FRAME_MAX]; /* what no block was free for; thrown away */
};

static struct tap *tap_of(struct netif *nif)
{
    return CONTAINER(nif, struct tap, nic.nif);
}

size_t tap_bytes(void)
{
    return sizeof(struct tap) + 16;
}

/* What the kernel says of the frame.  It takes responsibility for checksums
 * that it did not compute, for the frame never was on a wire. */
static void note_offload(struct pkt *p, const struct virtio_net_hdr *h)
{
    if (h->flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID))
        p->flags |= PKT_CSUM_GOOD;
    if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        p->flags |= PKT_CSUM_PARTIAL;
        p->csum_start = h->csum_start;
        p->csum_off = h->csum_offset;
    }
    switch (h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
        p->flags |= PKT_GSO4;
        break;
    case VIRTIO_NET_HDR_GSO_TCPV6:
        p->flags |= PKT_GSO6;
        break;
    default:
        return;
    }
    p->gso_size = h->gso_size;
}

/* One frame, NULL when it was lost; false when there is none. */
static bool receive(struct tap *t, struct pkt **out)
{
    struct host_rx *rx = &t->nic.rx;
    size_t room;
    ssize_t got;

    if (rx->n < READY_MAX) {
        host_rx_offer(rx);
        rx->iov[1 + rx->n] =
            (struct iovec){.iov_base = t->excess, .iov_len = sizeof(t->excess)};
    }
    room = rx->room;
    do
        got = readv(t->nic.fd, rx->iov, (int)rx->n + 2);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        if (errno != EAGAIN)
            host_nic_fail(&t->nic, "the tap device is gone");
        return false;
    }
    *out = NULL;
    if ((size_t)got < sizeof(t->head))
        t->nic.nif.counters.rx_bad++;
    else if ((size_t)got - sizeof(t->head) > room)
        t->nic.nif.counters.rx_no_memory++;
    else if ((*out = host_rx_take(&t->nic, (size_t)got - sizeof(t->head))))
        note_offload(*out, &t->head);
    return true;
}

static unsigned rx(struct netif *nif, struct pktq *into, unsigned max)
{
    struct tap *t = tap_of(nif);
    struct pkt *p;
    unsigned frames;

    if (nif->failed)
        return 0;
    for (frames = 0; frames < max && receive(t, &p); frames++)
        if (p)
            pktq_push(into, p);
    host_nic_woken(&t->nic, frames);
    return frames;
}

static void ask_offload(const struct pkt *p, struct virtio_net_hdr *h)
{
    if (!(p->flags & PKT_CSUM_PARTIAL))
        return;
    h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    h->csum_start = p->csum_start;
    h->csum_offset = p->csum_off;
    if (!(p->flags & (PKT_GSO4 | PKT_GSO6)))
        return;
    h->gso_type = p->flags & PKT_GSO4 ? VIRTIO_NET_HDR_GSO_TCPV4
                                      : VIRTIO_NET_HDR_GSO_TCPV6;
    h->hdr_len = p->gso_hdr;
    h->gso_size = p->gso_size;
}

/* False when the device takes nothing now. */
static bool transmit(struct tap *t, const struct pkt *p)
{
    struct virtio_net_hdr h = {0};
    struct iovec iov[PKT_FRAGS_MAX + 2];
    unsigned n = host_tx_pieces(p, iov + 1);
    struct netif *nif = &t->nic.nif;
    ssize_t sent;

    iov[0] = (struct iovec){.iov_base = &h, .iov_len = sizeof(h)};
    ask_offload(p, &h);
    do
        sent = writev(t->nic.fd, iov, (int)n + 1);
    while (sent < 0 && errno == EINTR);
    nif->counters.kicks++;
    if (sent >= 0) {
        nif->link_up = true;
        nif->counters.tx_frames++;
        nif->counters.tx_bytes += p->len;
        return true;
    }
    if (errno == EAGAIN)
        return false;
    nif->counters.tx_drops++;
    if (errno == EIO)
        nif->link_up = false; /* the interface is down */
    else if (errno == EBADFD)
        host_nic_fail(&t->nic, "the tap device is gone");
    return true;
}

static unsigned tx(struct netif *nif, struct pktq *from)
{
    struct tap *t = tap_of(nif);
    unsigned frames = 0;

    while (from->head && !nif->failed && transmit(t, from->head)) {
        pkt_put(pktq_pop(from));
        frames++;
    }
    if (!nif->failed)
        host_nic_tx_waits(&t->nic, from->head != NULL);
    return frames;
}

/* Each frame was handed over by the call that sent it. */
static void flush(struct netif *nif)
{
    (void)nif;
}

/* The descriptor wakes us for as long as anything is unread. */
static bool arm(struct netif *nif)
{
    tap_of(nif)->nic.armed = true;
    return false;
}

/* A name that `ip tuntap` would take. */
static bool name_is_good(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++)
        if (name[i] <= ' ' || name[i] == '/' || name[i] == ':' ||
            name[i] == 0x7f)
            return false;
    return n > 0 && n < HOST_TAP_NAME_BYTES && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static enum err refuse(int fd, enum err err, char why[HOST_FAILURE_BYTES],
                       const char *what, const char *name)
{
    int number = errno;

    if (fd >= 0)
        close(fd);
    fmt(why, HOST_FAILURE_BYTES, "%s %s%s%s", what, name, number ? ": " : "",
        number ? strerror(number) : "");
    return err;
}

/* Attaches to a tap that exists; the kernel would make a missing one, for
 * root, and take it away again when we end. */
static enum err attach(const char *name, int *out, char why[HOST_FAILURE_BYTES])
{
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    int fd, header = sizeof(struct virtio_net_hdr);

    errno = 0;
    if (!name_is_good(name))
        return refuse(-1, E_INVAL, why, "no device can be named", name);
    if (if_nametoindex(name) == 0) {
        errno = 0;
        return refuse(-1, E_NOENT, why, "there is no interface", name);
    }
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return refuse(-1, E_REFUSED, why, "cannot open", "/dev/net/tun");
    memcpy(r.ifr_name, name, strlen(name) + 1);
    if (ioctl(fd, TUNSETIFF, &r) < 0)
        return refuse(fd, E_REFUSED, why,
                      errno == EBUSY    ? "another process has"
                      : errno == EINVAL ? "not a tap device:"
                                        : "cannot use the tap device",
                      name);
    if (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0)
        return refuse(fd, E_IO, why, "no virtio header on", name);
    *out = fd;
    return OK;
}

/* MTU and state as the interface has them now. */
static void read_interface(struct netif *nif, const char *name)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq r = {.ifr_flags = 0};

    if (s < 0)
        return;
    memcpy(r.ifr_name, name, strlen(name) + 1);
    if (ioctl(s, SIOCGIFFLAGS, &r) == 0)
        nif->link_up = r.ifr_flags & IFF_UP;
    if (ioctl(s, SIOCGIFMTU, &r) == 0 && r.ifr_mtu >= 68 && r.ifr_mtu <= 65535)
        nif->mtu = (uint16_t)r.ifr_mtu;
    close(s);
}

enum err tap_open(const struct host_net_config *c, struct netif **out,
                  char why[HOST_FAILURE_BYTES])
{
    static const struct netif_ops ops = {
        .rx = rx, .tx = tx, .flush = flush, .arm = arm};
    unsigned long offload =
        TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    struct tap *t;
    enum err err;
    int fd;

    if ((err = attach(c->device, &fd, why)))
        return err;
    errno = 0;
    t = arena_try(c->arena, sizeof(*t), 16);
    if (!t || !host_nic_init(&t->nic, c, fd, "tap", &ops))
        return refuse(fd, E_FULL, why, "no room for", c->device);
    if (ioctl(fd, TUNSETOFFLOAD, offload) == 0) {
        t->nic.nif.caps =
            NETIF_RX_CSUM | NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6 | NETIF_LRO;
        t->nic.nif.tso_max = TSO_MAX;
    }
    t->nic.rx.iov[0] =
        (struct iovec){.iov_base = &t->head, .iov_len = sizeof(t->head)};
    read_interface(&t->nic.nif, c->device);
    *out = &t->nic.nif;
    return OK;
}
