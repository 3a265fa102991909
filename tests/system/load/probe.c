/* SPDX-License-Identifier: ISC */
/*
 * probe - how long a client waits, at a gentle rate.
 *
 *     probe HOST PORT PATH SECONDS RATE
 *
 * In turn: a request on a connection that is kept, and one on a connection of
 * its own, from its first SYN to the last byte.  PATH is an HTTP path, or - for
 * an echo server.  Prints two lines, times in microseconds:
 *     keep n N failed N p50 T p99 T max T
 *     fresh n N failed N p50 T p99 T max T
 * A request that failed counts as one that took TIMEOUT_S.
 */
#include "crowd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_S = 10, ANSWER_BYTES = 65536 };

struct series {
    uint32_t *us;
    unsigned n, failed, room;
};

struct probe {
    struct place to;
    const char *path;
    int kept; /* -1: not connected */
    struct series keep, fresh;
};

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int dial(const struct probe *p)
{
    struct timeval most = {.tv_sec = TIMEOUT_S};
    int one = 1, fd = socket(p->to.at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, (const struct sockaddr *)&p->to.at, p->to.n) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Whether `text` is a whole answer. */
static bool whole(const char *text, size_t n)
{
    const char *body = strstr(text, "\r\n\r\n"), *length;

    if (strncmp(text, "HTTP/1.1 200", n < 12 ? n : 12) || !body)
        return false;
    length = strcasestr(text, "\r\ncontent-length:");
    return length && length < body &&
           n >= (size_t)(body + 4 - text) + strtoul(length + 17, NULL, 10);
}

static bool ask(const struct probe *p, int fd, bool last)
{
    static char text[ANSWER_BYTES];
    bool echo = p->path[0] == '-';
    int asked = echo ? snprintf(text, sizeof(text), "probe %d\n", fd)
                     : snprintf(text, sizeof(text),
                                "GET %s HTTP/1.1\r\nHost: probe\r\n%s\r\n",
                                p->path, last ? "Connection: close\r\n" : "");
    size_t n = 0, want = (size_t)asked;

    if (send(fd, text, want, MSG_NOSIGNAL) != asked)
        return false;
    while (n < sizeof(text) - 1) {
        ssize_t got = recv(fd, text + n, sizeof(text) - 1 - n, 0);

        if (got <= 0)
            return false;
        n += (size_t)got;
        text[n] = 0;
        if (echo ? n >= want : whole(text, n))
            return true;
    }
    return false;
}

static void note(struct series *s, uint64_t us, bool good)
{
    if (s->n == s->room)
        return;
    s->us[s->n++] = good ? (uint32_t)us : TIMEOUT_S * 1000000;
    s->failed += !good;
}

static void try_kept(struct probe *p)
{
    uint64_t began = now_us();
    bool good;

    if (p->kept < 0)
        p->kept = dial(p);
    good = p->kept >= 0 && ask(p, p->kept, false);
    note(&p->keep, now_us() - began, good);
    if (!good && p->kept >= 0) {
        close(p->kept);
        p->kept = -1;
    }
}

static void try_fresh(struct probe *p)
{
    uint64_t began = now_us();
    int fd = dial(p);
    bool good = fd >= 0 && ask(p, fd, true);

    note(&p->fresh, now_us() - began, good);
    if (fd >= 0)
        close(fd);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void tell(const char *name, struct series *s)
{
    qsort(s->us, s->n, sizeof(*s->us), by_size);
    printf("%s n %u failed %u p50 %u p99 %u max %u\n", name, s->n, s->failed,
           s->n ? s->us[s->n / 2] : 0, s->n ? s->us[s->n * 99 / 100] : 0,
           s->n ? s->us[s->n - 1] : 0);
}

int main(int argc, char **argv)
{
    struct probe p = {.kept = -1};
    double seconds, rate;
    uint64_t began;

    if (argc != 6 || !place_parse(&p.to, argv[1], (unsigned)atoi(argv[2]))) {
        fprintf(stderr, "usage: probe HOST PORT PATH SECONDS RATE\n");
        return 2;
    }
    p.path = argv[3];
    seconds = atof(argv[4]);
    rate = atof(argv[5]);
    p.keep.room = p.fresh.room = (unsigned)(seconds * rate) + 1;
    p.keep.us = calloc(p.keep.room, sizeof(uint32_t));
    p.fresh.us = calloc(p.fresh.room, sizeof(uint32_t));
    if (!p.keep.us || !p.fresh.us)
        return 1;
    /* What is measured is the server; not whether we get the processor. */
    if (setpriority(PRIO_PROCESS, 0, -15) < 0)
        fprintf(stderr, "probe: no higher priority here\n");
    began = now_us();
    for (unsigned i = 0; now_us() - began < (uint64_t)(seconds * 1e6); i++) {
        uint64_t due = began + (uint64_t)(i * 1e6 / rate), at = now_us();

        if (due > at)
            usleep((useconds_t)(due - at));
        try_kept(&p);
        try_fresh(&p);
    }
    tell("keep", &p.keep);
    tell("fresh", &p.fresh);
    return 0;
}
