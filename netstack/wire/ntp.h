/* SPDX-License-Identifier: ISC */
/*
 * ntp.h - NTP messages as a client has them (RFC 5905 7.3).  No state.
 */
#ifndef WIRE_NTP_H
#define WIRE_NTP_H

#include <base/bytes.h>

enum { NTP_PORT = 123, NTP_BYTES = 48 };

enum { NTP_LEAP_UNKNOWN = 3, NTP_STRATUM_KISS = 0, NTP_STRATUM_MAX = 15 };

struct ntp_packet {
    uint8_t leap, version, stratum;
    int8_t precision;               /* of the server's clock, 2^n seconds */
    uint64_t root_delay, root_disp; /* ns */
    uint32_t refid;                 /* stratum 0: the kiss, four letters */
    uint64_t origin;                /* as we sent it */
    uint64_t received_ns, sent_ns;  /* since 1970; 0: not said */
};

/* A server's answer; extensions and signatures behind it are not looked at.
 * False for other modes and versions. */
bool ntp_parse(struct ntp_packet *, struct span in);

/* A question that says nothing of us, not even our time: `cookie` stands where
 * it would be (draft-ietf-ntp-data-minimization). */
void ntp_emit(uint8_t out[NTP_BYTES], uint64_t cookie);

#endif
