/* SPDX-License-Identifier: ISC */
/*
 * group.h - messages about multicast groups: IGMP (RFC 1112, 2236, 9776) and
 * its twin for IPv6, MLD (RFC 2710, 9777).  No state.
 */
#ifndef WIRE_GROUP_H
#define WIRE_GROUP_H

#include <base/bytes.h>
#include <billet/net.h>

enum {
    IGMP_QUERY = 0x11,
    IGMP_REPORT_1 = 0x12,
    IGMP_REPORT_2 = 0x16,
    IGMP_LEAVE = 0x17,
    IGMP_REPORT_3 = 0x22,
    MLD_QUERY = 130,
    MLD_REPORT_1 = 131,
    MLD_DONE = 132,
    MLD_REPORT_2 = 143
};

/* What a record of a report says of its group. */
enum group_record {
    GROUP_IS_IN = 1, /* wanted from these sources */
    GROUP_IS_EX = 2, /* wanted from all */
    GROUP_TO_IN = 3, /* from now on: from none */
    GROUP_TO_EX = 4  /* from now on: from all */
};

/* In IGMP's counting: MLD version 1 is 2 here, MLD version 2 is 3. */
enum group_version { GROUP_V1 = 1, GROUP_V2, GROUP_V3 };

enum {
    GROUP_REPORT_BYTES = 8,  /* before the records */
    GROUP_RECORD_BYTES = 20, /* at most, without sources */
    GROUP_ALERT_BYTES = 8    /* with the router alert: RFC 2113, RFC 2711 */
};

struct group_query {
    enum group_version version;
    bool general;
    struct ipaddr group;   /* otherwise */
    uint32_t delay_ms;     /* answer within */
    uint32_t interval_s;   /* the querier's; 0: not said */
    uint8_t robustness;    /* 0: not said */
    unsigned nsources;     /* that the query asks about; 0: all */
    const uint8_t *source; /* 4 or 16 bytes each, within the message */
};

/* `in` is the whole message, its checksum right, its type a query. */
bool igmp_query_parse(struct group_query *, struct span in);
bool mld_query_parse(struct group_query *, struct span in);

/* Whether the options of an IPv4 header hold a router alert; whether the
 * extension headers behind an IPv6 header begin with one. */
bool ip4_has_alert(struct span options);
bool ip6_has_alert(struct span ext);

/* Writes one record without sources; returns its length. */
unsigned group_record_emit(uint8_t *out, enum group_record,
                           const struct ipaddr *group, unsigned nsources);

#endif
