/* SPDX-License-Identifier: ISC */
/*
 * dns.h - DNS messages as a stub resolver needs them (RFC 1035): questions
 * for addresses, and the answers.  No state.
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
    DNS_QUERY_MAX = DNS_HDR_BYTES + DNS_NAME_MAX + 4,
    DNS_JUMPS_MAX = 16,   /* compression pointers in one name */
    DNS_CNAMES_MAX = 8,   /* in a chain */
    DNS_RECORDS_MAX = 128 /* looked at in one message */
};

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_SOA = 6, DNS_AAAA = 28 };

enum dns_rcode { DNS_OK = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3 };

struct dns_name {
    uint8_t n; /* bytes with the final zero; 0: none */
    uint8_t b[DNS_NAME_MAX];
};

/* "example.com" or "example.com.".  False when it cannot be a name. */
bool dns_name_from(struct dns_name *, struct span text);
/* Without regard to case: RFC 4343. */
bool dns_name_eq(const struct dns_name *, const struct dns_name *);
/* Reads the possibly compressed name at *at and moves *at behind it.  Obeys
 * RFC 9267: pointers go backwards only, labels and the name are bounded. */
bool dns_name_read(struct dns_name *, struct span msg, size_t *at);

/* Writes a question with recursion desired; returns its length. */
unsigned dns_query_emit(uint8_t out[DNS_QUERY_MAX], uint16_t id,
                        const struct dns_name *, uint16_t type);

struct dns_answer {
    uint8_t rcode;
    bool truncated;
    unsigned n;
    uint32_t ttl_s; /* the least on the way to the addresses; of the SOA where
                     * there is no address (RFC 2308 5) */
    struct ipaddr addr[DNS_ADDRS_MAX];
};

/* The answer to our question: id, name and type must agree, and the response
 * bit be set.  Follows CNAMEs.  False when it is not, or is malformed. */
bool dns_answer_parse(struct dns_answer *, struct span msg, uint16_t id,
                      const struct dns_name *, uint16_t type);

#endif
