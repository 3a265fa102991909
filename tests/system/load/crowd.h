/* SPDX-License-Identifier: ISC */
/*
 * crowd.h - many connections from one process, by epoll.
 */
#ifndef LOAD_CROWD_H
#define LOAD_CROWD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum crowd_manner {
    CROWD_IDLE, /* connects, and says nothing */
    CROWD_ZERO, /* asks for much and reads nothing: a closed window */
    CROWD_DRIP  /* sends its request byte by byte, one each second */
};

enum { SOURCES_MAX = 64, PENDING_MAX = 128 };

struct place {
    struct sockaddr_storage at;
    socklen_t n;
};

struct crowd {
    enum crowd_manner manner;
    struct place to, from[SOURCES_MAX];
    unsigned nfrom;
    const char *ask; /* what to send; may be "" */
    bool again;      /* who was thrown out comes back */
    unsigned wanted;
    int epoll;
    int *fd;        /* of each member; -1: not there */
    uint32_t *said; /* bytes of `ask` sent so far */
    bool *up;       /* connected */
    uint64_t dripped_ms;
    unsigned pending, alive, most, refused, ended, opened, next_drip;
};

/* "192.0.2.1" or "fd00::1". */
bool place_parse(struct place *, const char *address, unsigned port);
bool crowd_open(struct crowd *);
/* Connects more, hears who left, lets some drip: one round, `ms` at most. */
void crowd_turn(struct crowd *, int ms);
/* As many are there as can be: all were tried once. */
bool crowd_settled(const struct crowd *);

#endif
