/* SPDX-License-Identifier: ISC */
/*
 * dns.h - DNS messages (RFC 1035) as a stub resolver needs them: questions,
 * and what the answers hold.  No state.
 *
 * Names are held in wire form: length bytes and labels, ended by a zero.
 */
#ifndef WIRE_DNS_H
#define WIRE_DNS_H

#include <base/bytes.h>
#include <billet/net.h>

enum {
    DNS_PORT = 53,
    DNS_HDR_BYTES = 12,
    DNS_NAME_MAX = 255, /* in wire form: RFC 1035 3.1 */
    DNS_LABEL_MAX = 63,
    DNS_OPT_BYTES = 11,
    DNS_UDP_BYTES = 1232, /* what we say that we take by UDP: RFC 6891 6.2.5 */
    DNS_QUERY_MAX = DNS_HDR_BYTES + DNS_NAME_MAX + 4 + DNS_OPT_BYTES,
    DNS_JUMPS_MAX = 16,   /* compression pointers in one name */
    DNS_CNAMES_MAX = 8,   /* in a chain */
    DNS_LOOKED_MAX = 128, /* records looked at in one message */
    DNS_DATA_MAX = 512    /* bytes kept of an answer; the rest is left off */
};

enum dns_type {
    DNS_A = DNS_TYPE_A,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = DNS_TYPE_PTR,
    DNS_MX = DNS_TYPE_MX,
    DNS_TXT = DNS_TYPE_TXT,
    DNS_AAAA = DNS_TYPE_AAAA,
    DNS_SRV = DNS_TYPE_SRV,
    DNS_OPT = 41,
    DNS_NSEC = 47,
    DNS_ANY = 255
};

enum { DNS_CLASS_IN = 1 };

enum dns_rcode {
    DNS_OK = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_BADVERS = 16
};

struct dns_name {
    uint8_t n; /* bytes with the final zero; 0: none */
    uint8_t b[DNS_NAME_MAX];
};

/* "example.com" or "example.com."; visible ASCII alone, for what a domain
 * name means beyond that is IDNA's, and the caller's.  False when it cannot be
 * a name. */
bool dns_name_from(struct dns_name *, struct span text);
/* Without regard to case: RFC 4343. */
bool dns_name_eq(const struct dns_name *, const struct dns_name *);
/* Whether `name` is `domain` or within it. */
bool dns_name_within(const struct dns_name *name, const char *domain);
/* Reads the possibly compressed name at *at and moves *at behind it.  Obeys
 * RFC 9267: pointers go backwards only, labels and the name are bounded. */
bool dns_name_read(struct dns_name *, struct span msg, size_t *at);
/* Flips the case of letters where a bit of `bits` is set (the 0x20 bit of
 * draft-vixie-dnsext-dns0x20), and says how many letters there are. */
unsigned dns_name_mix(struct dns_name *, const uint8_t bits[32]);

/* A record as it stands in a message. */
struct dns_rr {
    struct dns_name owner;
    uint16_t type, class_;
    uint32_t ttl;
    size_t data, n; /* where in the message, and how long */
};

/* Reads the record at *at and moves *at behind it. */
bool dns_rr_read(struct dns_rr *, struct span msg, size_t *at);
/* Its data with names in full, at most `max` bytes; -1: malformed, -2: there
 * is no room. */
int dns_rr_data(uint8_t *out, size_t max, struct span msg,
                const struct dns_rr *);

/* A message being written.  What does not fit is left out, and `full` set. */
enum { DNS_OUT_NAMES_MAX = 48 }; /* to compress with; others are not */
struct dns_out {
    uint8_t *p;
    size_t n, max;
    bool full;
    unsigned names;
    uint16_t name[DNS_OUT_NAMES_MAX];
};
void dns_put(struct dns_out *, const void *bytes, size_t n);
void dns_put16(struct dns_out *, uint16_t);
void dns_put32(struct dns_out *, uint32_t);
/* Compressed: RFC 1035 4.1.4. */
void dns_put_name(struct dns_out *, const struct dns_name *);

/* Writes a question with recursion desired; returns its length. */
unsigned dns_query_emit(uint8_t out[DNS_QUERY_MAX], uint16_t id,
                        const struct dns_name *, uint16_t type, bool edns);

struct dns_answer {
    uint8_t rcode;  /* the four bits, and one for BADVERS */
    bool truncated; /* the server says so, or the message was cut */
    bool cased;     /* the question came back to the letter */
    uint8_t n;      /* records */
    uint16_t bytes; /* of data: each with its length (two bytes) first */
    uint32_t ttl_s; /* the least on the way to the records; of the SOA where
                     * there is none (RFC 2308 5) */
    uint8_t data[DNS_DATA_MAX];
};

/* The answer to our question: id, name and type must agree, and the response
 * bit be set.  Follows CNAMEs.  False when it is not, or is malformed. */
bool dns_answer_parse(struct dns_answer *, struct span msg, uint16_t id,
                      const struct dns_name *, uint16_t type);
/* The records of an answer, the data's start in *at: false at the end. */
bool dns_answer_next(const struct dns_answer *, size_t *at, struct span *data);
/* Adds one.  False when there is no room. */
bool dns_answer_add(struct dns_answer *, struct span data);

#endif
