/* SPDX-License-Identifier: ISC */
/*
 * socket.c - frames over a unix stream socket, as QEMU's `-netdev stream`
 * frames them: each behind its length, 4 bytes in network order.
 *
 * Needs no privilege: another program is the network.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <errno.h>
#include <fcntl.h>
#include <host/net_impl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LENGTH_BYTES = 4, BUFFER_BYTES = LENGTH_BYTES + FRAME_MAX };

struct sock {
    struct host_nic nic;
    size_t in_n; /* bytes read and not yet taken, from in[in_at] on */
    size_t in_at;
    size_t out_n, out_at; /* of a frame that is sent in part: what is left */
    uint8_t in[2 * BUFFER_BYTES];
    uint8_t out[BUFFER_BYTES];
};

static struct sock *sock_of(struct netif *nif)
{
    return CONTAINER(nif, struct sock, nic.nif);
}

size_t socket_bytes(void)
{
    return sizeof(struct sock) + 16;
}

/* Reads what there is; false when nothing came. */
static bool fill(struct sock *s)
{
    ssize_t got;

    memmove(s->in, s->in + s->in_at, s->in_n);
    s->in_at = 0;
    do
        got = read(s->nic.fd, s->in + s->in_n, sizeof(s->in) - s->in_n);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        s->in_n += (size_t)got;
        return true;
    }
    if (got == 0)
        host_nic_fail(&s->nic, "the other side closed the socket");
    else if (errno != EAGAIN)
        host_nic_fail(&s->nic, "the socket failed");
    return false;
}

/* Whether a whole frame is in the buffer; reads until one is. */
static bool whole_frame(struct sock *s, size_t *n)
{
    for (;;) {
        if (s->in_n >= LENGTH_BYTES) {
            *n = be32(s->in + s->in_at);
            if (*n > FRAME_MAX) {
                host_nic_fail(&s->nic, "a frame of more than 64 KiB");
                return false;
            }
            if (s->in_n - LENGTH_BYTES >= *n)
                return true;
        }
        if (!fill(s))
            return false;
    }
}

static struct pkt *copy_out(struct sock *s, const uint8_t *from, size_t n)
{
    const struct iovec *iov = s->nic.rx.iov + 1;

    host_rx_offer(&s->nic.rx);
    if (s->nic.rx.room < n) {
        s->nic.nif.counters.rx_no_memory++;
        return NULL;
    }
    for (size_t i = 0, at = 0; at < n; at += iov[i++].iov_len)
        memcpy(iov[i].iov_base, from + at,
               n - at < iov[i].iov_len ? n - at : iov[i].iov_len);
    return host_rx_take(&s->nic, n);
}

static unsigned rx(struct netif *nif, struct pktq *into, unsigned max)
{
    struct sock *s = sock_of(nif);
    unsigned frames = 0;
    size_t n;

    while (!nif->failed && frames < max && whole_frame(s, &n)) {
        struct pkt *p = copy_out(s, s->in + s->in_at + LENGTH_BYTES, n);

        s->in_at += LENGTH_BYTES + n;
        s->in_n -= LENGTH_BYTES + n;
        frames++;
        if (p)
            pktq_push(into, p);
    }
    host_nic_woken(&s->nic, frames);
    return frames;
}

/* Sends on what is left of a frame; false when some still is. */
static bool send_rest(struct sock *s)
{
    while (s->out_n) {
        ssize_t sent =
            send(s->nic.fd, s->out + s->out_at, s->out_n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return false;
        if (sent < 0) {
            host_nic_fail(&s->nic, "the other side closed the socket");
            return false;
        }
        s->out_at += (size_t)sent;
        s->out_n -= (size_t)sent;
    }
    return true;
}

static void send_frame(struct sock *s, const struct pkt *p)
{
    bool copied = pkt_copy(p, 0, s->out + LENGTH_BYTES, p->len);

    ASSERT(copied);
    put_be32(s->out, p->len);
    s->out_at = 0;
    s->out_n = LENGTH_BYTES + p->len;
    s->nic.nif.counters.kicks++;
    s->nic.nif.counters.tx_frames++;
    s->nic.nif.counters.tx_bytes += p->len;
    send_rest(s);
}

static unsigned tx(struct netif *nif, struct pktq *from)
{
    struct sock *s = sock_of(nif);
    unsigned frames = 0;

    while (from->head && !nif->failed && send_rest(s)) {
        struct pkt *p = pktq_pop(from);

        ASSERT(p->len <= FRAME_MAX);
        send_frame(s, p);
        pkt_put(p);
        frames++;
    }
    if (!nif->failed)
        host_nic_tx_waits(&s->nic, s->out_n != 0);
    return frames;
}

/* Also the rest of the last frame, when nothing new is to be sent. */
static void flush(struct netif *nif)
{
    struct sock *s = sock_of(nif);

    if (!nif->failed && s->out_n && send_rest(s))
        host_nic_tx_waits(&s->nic, false);
}

static bool arm(struct netif *nif)
{
    sock_of(nif)->nic.armed = true;
    return false;
}

static int connect_to(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(to.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(to.sun_path, path, strlen(path) + 1);
    if (fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
                    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)) {
        int number = errno;

        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

enum err socket_open(const struct host_net_config *c, struct netif **out,
                     char why[HOST_FAILURE_BYTES])
{
    static const struct netif_ops ops = {
        .rx = rx, .tx = tx, .flush = flush, .arm = arm};
    struct sock *s = arena_try(c->arena, sizeof(*s), 16);
    int fd = connect_to(c->device + 5);

    if (fd < 0) {
        fmt(why, HOST_FAILURE_BYTES, "cannot connect to %s: %s", c->device,
            strerror(errno));
        return E_REFUSED;
    }
    if (!s || !host_nic_init(&s->nic, c, fd, "unix socket", &ops)) {
        close(fd);
        fmt(why, HOST_FAILURE_BYTES, "no room for %s", c->device);
        return E_FULL;
    }
    s->in_n = s->in_at = s->out_n = s->out_at = 0;
    *out = &s->nic.nif;
    return OK;
}
