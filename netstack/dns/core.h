/* SPDX-License-Identifier: ISC */
/*
 * core.h - one question to DNS: both families asked at once, over several
 * servers and tries; and the order of what comes back.  No I/O.
 */
#ifndef DNS_CORE_H
#define DNS_CORE_H

#include "../wire/dns.h"

enum {
    DNS_ROUNDS = 3,      /* tries of each server: after 1, 2, 4 seconds */
    DNS_SERVERS_MAX = 6, /* known at once; the newest are refused */
    DNS_TTL_MIN_S = 5,   /* what is remembered, at least and at most */
    DNS_TTL_MAX_S = 3600,
    DNS_NEGATIVE_MAX_S = 60
};
#define DNS_TRY_NS       NS_PER_SEC
#define DNS_NO_SERVER_NS (20 * NS_PER_SEC) /* waits that long for one */
/* When one family has answered, the other has this long: RFC 8305 3. */
#define DNS_SECOND_NS (500 * NS_PER_MS)

enum dns_half_state { DNS_WAITING, DNS_ANSWERED, DNS_FAILED };

/* The question for one family. */
struct dns_half {
    uint8_t state; /* enum dns_half_state */
    bool refused;  /* a server answered, and could or would not say */
    uint16_t type, id, port;
    uint8_t at; /* which server is asked, counting every failure */
    bool send;  /* dns_next() has it */
    struct dns_answer answer;
};

struct dns_question {
    struct dns_name name;
    unsigned tries; /* timeouts so far */
    bool asked;     /* a server was known, and was asked */
    ns_t started, deadline;
    struct dns_half half[2]; /* AAAA, A */
};

/* `ids` and `ports` are random, two each. */
void dns_ask(struct dns_question *, const struct dns_name *,
             const uint16_t ids[2], const uint16_t ports[2], ns_t now);
/* What to send now: which half, to which of `nservers`. */
bool dns_next(struct dns_question *, unsigned nservers, ns_t now,
              unsigned *half, unsigned *server);
/* It could not be sent: dns_next() will have it again. */
void dns_unsent(struct dns_question *, unsigned half);
void dns_on_time(struct dns_question *, unsigned nservers, ns_t now);
/* A message to the port of `half`, from a server.  False: not an answer. */
bool dns_on_message(struct dns_question *, unsigned half, struct span,
                    unsigned nservers, ns_t now);

/* Whether it is over, and how: OK with addresses, E_NOENT,
 * E_REFUSED or E_TIMEOUT.  The addresses are in the order AAAA, A. */
bool dns_done(const struct dns_question *, enum err *, struct dns_answer *);

#endif
