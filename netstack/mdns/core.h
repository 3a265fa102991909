/* SPDX-License-Identifier: ISC */
/*
 * core.h - a responder for multicast DNS (RFC 6762) and DNS-SD (RFC 6763),
 * without I/O: the host's name, and the services that run on it.
 *
 * Each family of each NIC is a link with a machine of its own; the name is the
 * same on all.  It is a label of the host name; the services' instances have
 * it, too, so that all are renamed together.
 */
#ifndef MDNS_CORE_H
#define MDNS_CORE_H

#include "../wire/dns.h"

enum {
    MDNS_PORT = 5353,
    MDNS_SERVICES_MAX = 4,   /* beyond: E_FULL */
    MDNS_ADDRS_MAX = 32,     /* of all NICs */
    MDNS_LABEL_MAX = 55,     /* of the name, to leave room for "-9999" */
    MDNS_QUESTIONS_MAX = 16, /* looked at in one message */
    MDNS_RECORDS_MAX = 64,
    MDNS_MESSAGES_S = 100,   /* looked at in a second, of one link */
    MDNS_PROBES = 3,         /* 8.1 */
    MDNS_ANNOUNCEMENTS = 2,  /* 8.3 */
    MDNS_CONFLICTS_MAX = 15, /* in a row; then one each five seconds: 8.1 */
    MDNS_HOST_TTL_S = 120,   /* 10: what has to do with the host's name... */
    MDNS_TTL_S = 4500,       /* ...and what has not */
    MDNS_LEGACY_TTL_S = 10,  /* 6.7 */
    MDNS_TXT_MAX = 200,
    MDNS_OUT_MAX = 1232
};
#define MDNS_PROBE_NS (250 * NS_PER_MS)

/* What records there are, in sets that are always sent together. */
enum mdns_set {
    MDNS_A,
    MDNS_AAAA,
    MDNS_REVERSE, /* the first of eight, for an address of the NIC each */
    MDNS_REVERSE_MAX = 8,
    MDNS_SERVICE = MDNS_REVERSE + MDNS_REVERSE_MAX, /* of four for each: */
    MDNS_ENUM = 0, /* the type among all types */
    MDNS_PTR,      /* the instance among those of its type */
    MDNS_SRV,
    MDNS_TXT,
    MDNS_SERVICE_SETS,
    MDNS_SETS = MDNS_SERVICE + MDNS_SERVICE_SETS * MDNS_SERVICES_MAX,
    /* And that there is nothing else of a name: the host's, each instance's. */
    MDNS_NSEC = MDNS_SETS,
    MDNS_NAMES = 1 + MDNS_SERVICES_MAX,
    MDNS_ALL = MDNS_NSEC + MDNS_NAMES
};

struct mdns_service {
    const char *type; /* "_http._tcp"; the caller's */
    struct span txt;  /* strings, each behind its length */
    uint16_t port;
};

struct mdns_addrs {
    unsigned n;
    struct ipaddr addr[MDNS_ADDRS_MAX];
};

enum mdns_state { MDNS_OFF, MDNS_PROBING, MDNS_ANNOUNCING, MDNS_RUNNING };

struct mdns_link {
    uint8_t state;           /* enum mdns_state */
    uint8_t left;            /* probes or announcements */
    ns_t next;               /* of them */
    uint32_t answers;        /* bits of sets, to be sent... */
    ns_t answers_at;         /* ...then; NS_NEVER */
    struct ipaddr more_from; /* who will send more known answers: 7.2 */
    ns_t last[MDNS_ALL];     /* when a set was multicast here; 0: never */
    ns_t second;             /* in which so many messages came */
    unsigned messages;
};

struct mdns {
    const char *host; /* its first label counts */
    unsigned suffix;  /* "-2" and up, after conflicts; 0, 1: none */
    unsigned conflicts;
    bool conflict; /* all links must probe anew */
    unsigned nservices;
    struct mdns_service service[MDNS_SERVICES_MAX];
};

/* What is asked of us, and whence. */
struct mdns_in {
    struct span msg;
    struct ipaddr from;
    bool legacy;  /* not from port 5353: one that knows only plain DNS */
    bool unicast; /* to our address alone */
};

/* "web", "web-2": what is in front of ".local". */
void mdns_label(const struct mdns *, char out[DNS_LABEL_MAX + 1]);
/* A link that came up, or on which a name was lost; `delay` is random, below
 * MDNS_PROBE_NS. */
void mdns_probe(const struct mdns *, struct mdns_link *, ns_t now, ns_t delay);
/* Addresses or services have changed. */
void mdns_announce(struct mdns_link *, ns_t now);
/* What to multicast now; 0: nothing.  `here` is on the link's NIC. */
size_t mdns_next(const struct mdns *, struct mdns_link *,
                 const struct mdns_addrs *here, ns_t now,
                 uint8_t out[MDNS_OUT_MAX]);
/* A message.  Returns the bytes of a unicast answer.  `random` is that. */
size_t mdns_on_message(struct mdns *, struct mdns_link *,
                       const struct mdns_addrs *here,
                       const struct mdns_addrs *all, const struct mdns_in *,
                       ns_t now, uint32_t random, uint8_t out[MDNS_OUT_MAX]);
/* "Goodbye": everything with a TTL of 0 (10.1). */
size_t mdns_goodbye(const struct mdns *, struct mdns_link *,
                    const struct mdns_addrs *here, uint8_t out[MDNS_OUT_MAX]);
ns_t mdns_deadline(const struct mdns_link *);

/* One record of ours, for records.c and core.c. */
struct mdns_record {
    struct dns_name owner;
    uint16_t type;
    bool unique;
    uint32_t ttl;
    unsigned head; /* bytes of data in front of a name, if that ends it */
    bool named;
    unsigned n;
    uint8_t data[DNS_NAME_MAX + 6];
};
/* The `k`th record of a set; false: there are no more. */
bool mdns_record(const struct mdns *, const struct mdns_addrs *, unsigned set,
                 unsigned k, struct mdns_record *);
/* The host's name (0), or of a service's instance. */
void mdns_name(const struct mdns *, unsigned i, struct dns_name *);
/* Appends records of `sets`; returns how many.  `ttl_max` bounds their TTL;
 * `flush` says that they are all there is (10.2). */
unsigned mdns_put_sets(const struct mdns *, const struct mdns_addrs *,
                       uint32_t sets, uint32_t ttl_max, bool flush,
                       struct dns_out *);

#endif
