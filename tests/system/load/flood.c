/* SPDX-License-Identifier: ISC */
/*
 * flood - sends one kind of frames at a steady rate into a network device.
 *
 *     flood KIND DEVICE TO MAC RATE SECONDS [FROM [PORT [SIZE]]]
 *
 * TO is the victim, MAC its station; FROM the range of sources
 * ("198.18.0.0/15", the victim's family).  The rate is kept by the clock: what
 * a busy machine delayed is made up for, up to LATE_MAX frames.  Prints one
 * line: KIND sent N refused N seconds S rate R
 */
#include "wire.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, LATE_MAX = 2000 };
#define SECOND INT64_C(1000000000)

struct burst {
    struct mmsghdr msg[BATCH];
    struct iovec iov[BATCH];
    uint8_t frame[BATCH][FRAME_BYTES + 2];
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_device(const char *name, uint8_t mac[6])
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_ifindex = (int)if_nametoindex(name)};
    struct ifreq r = {0};

    if (fd < 0)
        die("a packet socket");
    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    if (!at.sll_ifindex || ioctl(fd, SIOCGIFHWADDR, &r) < 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        die(name);
    memcpy(mac, r.ifr_hwaddr.sa_data, 6);
    return fd;
}

/* How many of `n` new frames the device took. */
static unsigned send_some(int fd, const struct kind *kind, struct aim *aim,
                          struct burst *b, unsigned n)
{
    unsigned done = 0, gone = 0;

    for (unsigned i = 0; i < n; i++, aim->count++)
        b->iov[i].iov_len = kind->make(aim, b->frame[i]);
    while (gone < n) {
        int got = sendmmsg(fd, b->msg + gone, n - gone, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno != ENOBUFS && errno != EAGAIN)
            die("sending");
        done += got > 0 ? (unsigned)got : 0;
        gone += got > 0 ? (unsigned)got : 1; /* that one is refused */
    }
    return done;
}

static void run(int fd, const struct kind *kind, struct aim *aim, unsigned rate,
                double seconds)
{
    static struct burst b;
    int64_t began = now_ns(), end = began + (int64_t)(seconds * 1e9), at;
    uint64_t sent = 0, taken = 0, missed = 0;

    for (unsigned i = 0; i < BATCH; i++) {
        b.iov[i].iov_base = b.frame[i];
        b.msg[i].msg_hdr =
            (struct msghdr){.msg_iov = &b.iov[i], .msg_iovlen = 1};
    }
    while ((at = now_ns()) < end) {
        uint64_t due = (uint64_t)((double)(at - began) / 1e9 * rate) - missed;
        unsigned n;

        if (due > sent + LATE_MAX) {
            missed += due - sent - LATE_MAX;
            due = sent + LATE_MAX;
        }
        n = due - sent < BATCH ? (unsigned)(due - sent) : BATCH;
        if (n < BATCH / 4 && n < rate / 2000 + 1) {
            nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
            continue;
        }
        taken += send_some(fd, kind, aim, &b, n);
        sent += n;
    }
    seconds = (double)(now_ns() - began) / 1e9;
    printf("%s sent %llu refused %llu seconds %.2f rate %.0f\n", kind->name,
           (unsigned long long)taken, (unsigned long long)(sent - taken),
           seconds, (double)taken / seconds);
}

static const struct kind *kind_named(const char *name)
{
    for (const struct kind *k = kinds; k->name; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

static int usage(void)
{
    fprintf(stderr, "usage: flood KIND DEVICE TO MAC RATE SECONDS "
                    "[FROM [PORT [SIZE]]]\n");
    for (const struct kind *k = kinds; k->name; k++)
        fprintf(stderr, "    %-14s%s\n", k->name, k->what);
    return 2;
}

int main(int argc, char **argv)
{
    const struct kind *kind = argc > 6 ? kind_named(argv[1]) : NULL;
    struct aim aim = {.dice = {.s = UINT64_C(0x123456789abcdef1)}};
    const char *from;
    unsigned m[6];
    int fd;

    if (!kind || !ip_parse(&aim.to, argv[3]) ||
        sscanf(argv[4], "%x:%x:%x:%x:%x:%x", m, m + 1, m + 2, m + 3, m + 4,
               m + 5) != 6)
        return usage();
    from = argc > 7        ? argv[7]
           : aim.to.n == 4 ? "198.18.0.0/15"
                           : "2001:db8:5::/48";
    if (!ip_parse(&aim.from, from) || aim.from.n != aim.to.n)
        return usage();
    for (unsigned i = 0; i < 6; i++)
        aim.to_mac[i] = (uint8_t)m[i];
    aim.port = argc > 8 ? (unsigned)atoi(argv[8]) : 0;
    aim.size = argc > 9 ? (unsigned)atoi(argv[9]) : 0;
    if (aim.size > 1400)
        return usage();
    fd = open_device(argv[2], aim.mac);
    run(fd, kind, &aim, (unsigned)atoi(argv[5]), atof(argv[6]));
    close(fd);
    return 0;
}
