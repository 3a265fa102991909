/* SPDX-License-Identifier: ISC */
/*
 * core.h - time from several servers (RFC 5905, the client's part), without
 * I/O: when to ask, which answers to believe, what to do to the clock.
 *
 * An offset is the server's wall time less our monotonic time.  So it does not
 * depend on what has been done to the wall clock since, and the slope of
 * offsets is the error of our oscillator.
 */
#ifndef NTP_CORE_H
#define NTP_CORE_H

#include <base/clock.h>

#include "../wire/ntp.h"

enum {
    NTP_SERVERS_MAX = 4,
    NTP_SAMPLES = 8,  /* of a server: the oldest makes room (10) */
    NTP_BURST = 4,    /* questions at start, close together */
    NTP_POLL_MIN = 6, /* 2^n seconds between questions */
    NTP_POLL_MAX = 10,
    NTP_UNSENT_MAX = 9, /* ...and after 2^n of it, 51 s */
    NTP_SPIKES = 3,     /* measurements in a row before the clock jumps */
    NTP_CALM = 4        /* good ones in a row before it is asked more rarely */
};
/* What cannot be sent, for want of an address, is tried again so soon... */
#define NTP_UNSENT_NS   (100 * NS_PER_MS)
#define NTP_BURST_NS    (2 * NS_PER_SEC)
#define NTP_WAIT_NS     (2 * NS_PER_SEC) /* for an answer; then it is lost */
#define NTP_STEP_NS     (128 * NS_PER_MS)
#define NTP_DISTANCE_NS (1500 * NS_PER_MS) /* MAXDIST: further off: no use */
#define NTP_SLOPE_NS    (60 * NS_PER_SEC)  /* least stretch to see a slope */
#define NTP_PHI_PPM     15                 /* how wrong a clock may run */

struct ntp_sample {
    int64_t offset;
    uint64_t delay, disp; /* ns */
    ns_t at;
};

/* Zero is free; ntp_peer_start() makes one. */
struct ntp_peer {
    bool used;
    bool denied;  /* it has told us to go away: DENY, RSTR */
    bool waiting; /* for an answer */
    uint8_t burst, reach, stratum, unsent;
    uint8_t rate;  /* poll no faster than this: it has asked for that... */
    uint8_t quiet; /* ...or has not answered for long */
    uint64_t cookie;
    ns_t sent, next;
    uint64_t root_delay, root_disp;
    unsigned nsamples, newest;
    struct ntp_sample sample[NTP_SAMPLES];
};

void ntp_peer_start(struct ntp_peer *, ns_t now, uint32_t random);
/* A question with that cookie is on its way. */
void ntp_peer_asked(struct ntp_peer *, uint64_t cookie, unsigned poll, ns_t now,
                    uint32_t random);
/* Soon, and several times: something has changed. */
void ntp_peer_burst(struct ntp_peer *, ns_t now);
/* It could not be sent: no route, no address yet. */
void ntp_peer_unsent(struct ntp_peer *, ns_t now);

enum ntp_event {
    NTP_STRAY,  /* not an answer to our question: nothing has changed */
    NTP_BAD,    /* an answer, but the server does not know the time */
    NTP_KISSED, /* it wants fewer questions, or none */
    NTP_SAMPLE
};
enum ntp_event ntp_on_packet(struct ntp_peer *, const struct ntp_packet *,
                             ns_t now);

struct ntp_choice {
    int64_t offset;
    uint64_t bound;   /* how wrong it can be, ns */
    unsigned servers; /* that agree */
    unsigned best;    /* index of the one that counts most */
};
/* RFC 5905 11.2: what more than half of the servers that answer agree upon.
 * False when there is no such thing. */
bool ntp_choose(const struct ntp_peer *, unsigned n, int64_t freq_ppb, ns_t now,
                struct ntp_choice *);

struct ntp_state {
    bool synced;
    uint8_t poll; /* ntp_peer_asked() takes it; below NTP_POLL_MIN: that */
    uint8_t spikes, calm;
    int64_t error; /* of the wall clock, as last measured: to be added */
    int64_t slope_offset;
    ns_t slope_at; /* 0: none */
};
/* What was chosen, done to the clock.  True: it has jumped. */
bool ntp_discipline(struct ntp_state *, const struct ntp_choice *,
                    struct clock *, ns_t now);

#endif
