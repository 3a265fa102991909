/* SPDX-License-Identifier: ISC */
/*
 * relay - a long, narrow, lossy way between two ends.
 *
 *     relay DELAY_MS LOSS RATE_MBIT QUEUE_BYTES SEED LEFT RIGHT [RIGHT]
 *
 * An end is tap:FD, a tap device that is open already, or unix:PATH, where a
 * process will connect (QEMU's stream framing).  What goes from right to left
 * is lost with probability LOSS, waits in a queue of QUEUE_BYTES for a line of
 * RATE_MBIT, and is under way for half of DELAY_MS; what goes back is only
 * under way.  Frames of less than KEPT_BYTES are never lost: a lost SYN would
 * say more about luck than about the sender.  Says "ready", and counts at
 * SIGTERM.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_MAX = 2048,
    RING = 16384, /* frames under way in one direction; beyond: dropped */
    ENDS_MAX = 3,
    STREAM_BYTES = 1 << 18,
    KEPT_BYTES = 200
};

struct end {
    int fd, listener;
    bool stream; /* each frame behind its length */
    uint8_t mac[6];
    uint8_t *in;
    size_t in_n;
};

struct under_way {
    int64_t due;
    uint32_t n;
    uint8_t frame[FRAME_MAX];
};

struct way {
    struct under_way *ring;
    uint64_t first, last;
    int64_t free_at; /* when the line has sent all that waits */
};

static struct {
    struct end end[ENDS_MAX]; /* [0] is on the left */
    unsigned n;
    struct way to_left, to_right;
    int64_t half_delay;
    double loss, ns_a_byte;
    int64_t queue_bytes;
    uint64_t dice;
    unsigned long long frames, lost, overflowed;
} relay;

static volatile sig_atomic_t over;

static void on_signal(int number)
{
    (void)number;
    over = 1;
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double dice(void)
{
    uint64_t s = relay.dice;

    s ^= s >> 12;
    s ^= s << 25;
    s ^= s >> 27;
    relay.dice = s;
    return (double)(s * UINT64_C(0x2545f4914f6cdd1d) >> 11) / 9007199254740992.;
}

static void put(struct way *w, const uint8_t *frame, size_t n, int64_t due)
{
    struct under_way *u = &w->ring[w->last % RING];

    if (w->last - w->first == RING) {
        relay.overflowed++;
        return;
    }
    w->last++;
    u->due = due;
    u->n = (uint32_t)n;
    memcpy(u->frame, frame, n);
}

static void leave_right(const uint8_t *frame, size_t n)
{
    struct way *w = &relay.to_left;
    int64_t now = now_ns(), from = w->free_at > now ? w->free_at : now;

    relay.frames++;
    if (n >= KEPT_BYTES && dice() < relay.loss) {
        relay.lost++;
        return;
    }
    if ((double)(from - now) / relay.ns_a_byte + (double)n >
        (double)relay.queue_bytes) {
        relay.overflowed++;
        return;
    }
    w->free_at = from + (int64_t)((double)n * relay.ns_a_byte);
    put(w, frame, n, w->free_at + relay.half_delay);
}

static void leave(struct end *e, const uint8_t *frame, size_t n)
{
    if (n < 14 || n > FRAME_MAX)
        return;
    memcpy(e->mac, frame + 6, 6);
    if (e == &relay.end[0])
        put(&relay.to_right, frame, n, now_ns() + relay.half_delay);
    else
        leave_right(frame, n);
}

static void write_all(int fd, const uint8_t *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EAGAIN) {
            struct pollfd out = {.fd = fd, .events = POLLOUT};

            poll(&out, 1, 100);
        } else if (sent < 0 && errno != EINTR) {
            over = 1;
            return;
        }
        if (sent > 0) {
            p += sent;
            n -= (size_t)sent;
        }
    }
}

static void arrive(struct end *e, const uint8_t *frame, uint32_t n)
{
    uint8_t framed[4 + FRAME_MAX] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16),
                                     (uint8_t)(n >> 8), (uint8_t)n};

    if (e->fd < 0)
        return;
    memcpy(framed + 4, frame, n);
    if (e->stream)
        write_all(e->fd, framed, 4 + n);
    else if (write(e->fd, frame, n) < 0 && errno != EAGAIN && errno != ENOBUFS)
        over = 1;
}

/* To one station, or to all of that side. */
static void deliver(struct way *w, unsigned from, unsigned to, int64_t now)
{
    for (; w->first != w->last && w->ring[w->first % RING].due <= now;
         w->first++) {
        struct under_way *u = &w->ring[w->first % RING];

        for (unsigned i = from; i < to; i++)
            if (u->frame[0] & 1 || to - from == 1 ||
                memcmp(relay.end[i].mac, u->frame, 6) == 0)
                arrive(&relay.end[i], u->frame, u->n);
    }
}

static void read_stream(struct end *e)
{
    ssize_t got = read(e->fd, e->in + e->in_n, STREAM_BYTES - e->in_n);
    size_t at = 0;

    if (got <= 0) {
        over = got == 0 || (errno != EAGAIN && errno != EINTR);
        return;
    }
    e->in_n += (size_t)got;
    while (e->in_n - at >= 4) {
        const uint8_t *p = e->in + at;
        size_t n =
            (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

        if (n > STREAM_BYTES / 2)
            over = 1;
        if (over || e->in_n - at - 4 < n)
            break;
        leave(e, p + 4, n);
        at += 4 + n;
    }
    memmove(e->in, e->in + at, e->in_n - at);
    e->in_n -= at;
}

static void read_tap(struct end *e)
{
    uint8_t frame[FRAME_MAX];
    ssize_t n;

    for (unsigned i = 0; i < 64 && (n = read(e->fd, frame, sizeof(frame))) > 0;
         i++)
        leave(e, frame, (size_t)n);
}

static void hear(struct end *e)
{
    if (e->fd < 0)
        e->fd = accept4(e->listener, NULL, NULL, SOCK_NONBLOCK);
    else if (e->stream)
        read_stream(e);
    else
        read_tap(e);
}

static int64_t next_due(int64_t most)
{
    const struct way *ways[2] = {&relay.to_left, &relay.to_right};

    for (unsigned i = 0; i < 2; i++)
        if (ways[i]->first != ways[i]->last &&
            ways[i]->ring[ways[i]->first % RING].due < most)
            most = ways[i]->ring[ways[i]->first % RING].due;
    return most;
}

static void turn(void)
{
    struct pollfd p[ENDS_MAX];
    int64_t now = now_ns(), wait = next_due(now + 100000000) - now;
    struct timespec t = {.tv_nsec = wait > 0 ? (long)wait : 0};

    for (unsigned i = 0; i < relay.n; i++)
        p[i] = (struct pollfd){.fd = relay.end[i].fd < 0 ? relay.end[i].listener
                                                         : relay.end[i].fd,
                               .events = POLLIN};
    if (ppoll(p, relay.n, &t, NULL) > 0)
        for (unsigned i = 0; i < relay.n; i++)
            if (p[i].revents)
                hear(&relay.end[i]);
    now = now_ns();
    deliver(&relay.to_left, 0, 1, now);
    deliver(&relay.to_right, 1, relay.n, now);
}

static bool open_end(struct end *e, const char *text)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    e->fd = e->listener = -1;
    if (strncmp(text, "tap:", 4) == 0) {
        e->fd = atoi(text + 4);
        return true;
    }
    if (strncmp(text, "unix:", 5) != 0 ||
        strlen(text + 5) >= sizeof(at.sun_path))
        return false;
    memcpy(at.sun_path, text + 5, strlen(text + 5) + 1);
    e->stream = true;
    e->in = malloc(STREAM_BYTES);
    e->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return e->in && e->listener >= 0 &&
           bind(e->listener, (struct sockaddr *)&at, sizeof(at)) == 0 &&
           listen(e->listener, 1) == 0;
}

int main(int argc, char **argv)
{
    struct sigaction end = {.sa_handler = on_signal};

    if (argc < 8 || argc > 9) {
        fprintf(stderr, "usage: relay DELAY_MS LOSS RATE_MBIT QUEUE_BYTES SEED "
                        "LEFT RIGHT [RIGHT]\n");
        return 2;
    }
    relay.half_delay = (int64_t)(atof(argv[1]) * 500000);
    relay.loss = atof(argv[2]);
    relay.ns_a_byte = 8000 / atof(argv[3]);
    relay.queue_bytes = atoll(argv[4]);
    relay.dice = (uint64_t)atoll(argv[5]) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    relay.to_left.ring = malloc(RING * sizeof(struct under_way));
    relay.to_right.ring = malloc(RING * sizeof(struct under_way));
    for (int i = 6; i < argc; i++)
        if (!open_end(&relay.end[relay.n++], argv[i])) {
            fprintf(stderr, "relay: %s: %s\n", argv[i], strerror(errno));
            return 1;
        }
    if (!relay.to_left.ring || !relay.to_right.ring)
        return 1;
    sigaction(SIGTERM, &end, NULL);
    printf("ready\n");
    fflush(stdout);
    while (!over)
        turn();
    printf("frames %llu lost %llu overflowed %llu\n", relay.frames, relay.lost,
           relay.overflowed);
    return 0;
}
