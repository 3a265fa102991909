/* SPDX-License-Identifier: ISC */
/*
 * core.h - one question to DNS: one name, one or two types at once, over
 * several servers and tries, by UDP and by TCP.  No I/O.
 */
#ifndef DNS_CORE_H
#define DNS_CORE_H

#include "../wire/dns.h"

enum {
    DNS_ROUNDS = 3,       /* tries of each server: after 1, 2, 4 seconds */
    DNS_SERVERS_MAX = 6,  /* known at once; the newest are refused */
    DNS_SILENT_TRIES = 2, /* unanswered in a row: then it is asked last */
    DNS_LETTERS_MIN = 8   /* that came back as sent prove that a server keeps
                           * their case */
};
#define DNS_TRY_NS       NS_PER_SEC
#define DNS_TCP_NS       (5 * NS_PER_SEC)  /* for the whole exchange */
#define DNS_NO_SERVER_NS (20 * NS_PER_SEC) /* waits that long for one */
#define DNS_SILENT_NS    (60 * NS_PER_SEC) /* asked last that long */
/* When one family has answered, the other has this long: RFC 8305 3. */
#define DNS_SECOND_NS (500 * NS_PER_MS)

/* A server, and what is remembered of it, whoever asked. */
struct dns_server {
    struct ipaddr addr;
    uint8_t netif, origin;
    bool said_silent;
    bool no_edns;    /* it did not understand the OPT record */
    bool no_case;    /* it changes the case of letters... */
    bool keeps_case; /* ...or has shown that it does not */
    bool is_group;   /* multicast DNS: there is no TCP to it */
    uint8_t unanswered;
    ns_t silent_until, until;
};

enum dns_half_state {
    DNS_BY_UDP, /* waits for an answer */
    DNS_BY_TCP,
    DNS_ANSWERED,
    DNS_FAILED
};

/* The question for one type. */
struct dns_half {
    uint8_t state;   /* enum dns_half_state */
    bool send;       /* dns_next() has it */
    bool edns;       /* this try has an OPT record */
    bool flat;       /* no try will have one any more */
    bool plain;      /* letters are sent as they are */
    bool wrong_case; /* an answer came with other letters than were sent */
    bool refused;    /* a server answered, and could or would not say */
    uint8_t server, tries; /* who is asked; timeouts and failures so far */
    uint16_t type, id, port;
    ns_t deadline;
    uint8_t bits[32]; /* whose letters' case was changed */
    struct dns_answer answer;
};

struct dns_question {
    struct dns_name name;
    unsigned n;   /* halves */
    bool asked;   /* a server was known, and was asked */
    bool patient; /* the second answer is worth waiting for */
    struct dns_half half[2];
};

/* `type[1]` 0: there is one alone. */
void dns_ask(struct dns_question *, const struct dns_name *,
             const uint16_t type[2], ns_t now);
/* The answer is known already, from a cache. */
void dns_known(struct dns_question *, unsigned half, const struct dns_answer *);
/* Whether something is to be sent now: which half. */
bool dns_next(struct dns_question *, const struct dns_server *, unsigned n,
              ns_t now, unsigned *half);
/* Writes it, with a random id, port and bits for the case of its letters. */
unsigned dns_make(struct dns_question *, unsigned half,
                  const struct dns_server *, uint16_t id, uint16_t port,
                  const uint8_t bits[32], uint8_t out[DNS_QUERY_MAX]);
/* It could not be sent: dns_next() will have it again. */
void dns_unsent(struct dns_question *, unsigned half);
ns_t dns_deadline(const struct dns_question *);
void dns_on_time(struct dns_question *, struct dns_server *, unsigned n,
                 ns_t now);

enum dns_heard {
    DNS_NOT_OURS,   /* not an answer to what was asked */
    DNS_OTHER_CASE, /* as it should be, but for the case of letters */
    DNS_HEARD
};
/* A datagram to the port of `half`, from the server that it was sent to; or a
 * message over TCP. */
enum dns_heard dns_on_message(struct dns_question *, unsigned half, struct span,
                              struct dns_server *, unsigned n, ns_t now);
/* There was no connection, or it ended too early. */
void dns_on_tcp_failed(struct dns_question *, unsigned half,
                       struct dns_server *, unsigned n, ns_t now);

/* Whether it is over, and how: OK when there are records, E_NOENT, E_REFUSED
 * or E_TIMEOUT. */
bool dns_done(const struct dns_question *, enum err *);

#endif
