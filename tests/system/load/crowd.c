/* SPDX-License-Identifier: ISC */
/*
 * crowd.c - see crowd.h.
 */
#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, SMALL_WINDOW = 2304 };

bool place_parse(struct place *p, const char *address, unsigned port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&p->at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&p->at;

    memset(p, 0, sizeof(*p));
    if (strchr(address, ':')) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        p->n = sizeof(*v6);
        return inet_pton(AF_INET6, address, &v6->sin6_addr) == 1;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    p->n = sizeof(*v4);
    return inet_pton(AF_INET, address, &v4->sin_addr) == 1;
}

bool crowd_open(struct crowd *c)
{
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->fd = malloc(c->wanted * sizeof(*c->fd));
    c->said = calloc(c->wanted, sizeof(*c->said));
    c->up = calloc(c->wanted, sizeof(*c->up));
    for (unsigned i = 0; c->fd && i < c->wanted; i++)
        c->fd[i] = -1;
    return c->epoll >= 0 && c->fd && c->said && c->up;
}

static void leave(struct crowd *c, unsigned i)
{
    close(c->fd[i]); /* and out of the epoll with it */
    c->fd[i] = -1;
    if (c->up[i]) {
        c->alive--;
        c->ended++;
    } else {
        c->pending--;
        c->refused++;
    }
    c->up[i] = false;
    c->said[i] = 0;
}

static void join(struct crowd *c, unsigned i)
{
    struct epoll_event e = {.events = EPOLLOUT, .data.u32 = i};
    int one = 1, window = SMALL_WINDOW,
        fd = socket(c->to.at.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct place *from = c->nfrom ? &c->from[i % c->nfrom] : NULL;

    c->fd[i] = fd;
    c->pending++;
    c->opened++;
    if (c->manner == CROWD_ZERO)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (fd < 0 ||
        (from && bind(fd, (struct sockaddr *)&from->at, from->n) < 0) ||
        (connect(fd, (struct sockaddr *)&c->to.at, c->to.n) < 0 &&
         errno != EINPROGRESS) ||
        epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        leave(c, i);
}

static void say(struct crowd *c, unsigned i, size_t n)
{
    const char *from = c->ask + c->said[i];
    size_t left = strlen(from);
    ssize_t sent = send(c->fd[i], from, left < n ? left : n, MSG_NOSIGNAL);

    if (sent > 0)
        c->said[i] += (uint32_t)sent;
}

static void welcome(struct crowd *c, unsigned i)
{
    struct epoll_event e = {
        .events = c->manner == CROWD_ZERO ? EPOLLRDHUP : EPOLLIN | EPOLLRDHUP,
        .data.u32 = i};

    c->up[i] = true;
    c->pending--;
    if (++c->alive > c->most)
        c->most = c->alive;
    epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd[i], &e);
    if (c->manner == CROWD_ZERO)
        say(c, i, SIZE_MAX);
}

static void hear(struct crowd *c, unsigned i, uint32_t events)
{
    char bin[4096];

    if (c->fd[i] < 0)
        return;
    if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
        leave(c, i);
        return;
    }
    if (!c->up[i])
        welcome(c, i);
    else if (c->manner != CROWD_ZERO &&
             recv(c->fd[i], bin, sizeof(bin), 0) == 0)
        leave(c, i);
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Each one a byte a second: as many of them now as time has passed, at most a
 * tenth of them at once. */
static void drip(struct crowd *c)
{
    uint64_t now = now_ms();
    unsigned n, most = c->wanted / 10 + 1;

    if (c->dripped_ms == 0)
        c->dripped_ms = now;
    n = (unsigned)((now - c->dripped_ms) * c->wanted / 1000);
    if (n == 0)
        return;
    c->dripped_ms = now;
    for (n = n < most ? n : most; n;
         n--, c->next_drip = (c->next_drip + 1) % c->wanted) {
        unsigned i = c->next_drip;

        if (!c->up[i])
            continue;
        if (!c->ask[c->said[i]])
            c->said[i] = 0;
        say(c, i, 1);
    }
}

void crowd_turn(struct crowd *c, int ms)
{
    struct epoll_event e[EVENTS];
    unsigned i = c->again ? 0 : c->opened;
    int n;

    for (; i < c->wanted && c->pending < PENDING_MAX; i++)
        if (c->fd[i] < 0)
            join(c, i);
    n = epoll_wait(c->epoll, e, EVENTS, ms);
    for (int k = 0; k < n; k++)
        hear(c, e[k].data.u32, e[k].events);
    if (c->manner == CROWD_DRIP)
        drip(c);
}

bool crowd_settled(const struct crowd *c)
{
    return c->opened >= c->wanted && c->pending == 0;
}
