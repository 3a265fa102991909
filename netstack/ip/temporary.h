/* SPDX-License-Identifier: ISC */
/*
 * temporary.h - addresses that last for days at most, for connections that we
 * open (RFC 8981): a stranger cannot tell by them who we are.
 */
#ifndef IP_TEMPORARY_H
#define IP_TEMPORARY_H

#include "addr.h"

enum {
    TEMP_ADDRS_MAX = 4
}; /* of one NIC: the oldest that has a successor is
    * given up */
/* RFC 8981 3.8. */
#define TEMP_VALID_NS     (172800 * NS_PER_SEC)
#define TEMP_PREFERRED_NS (86400 * NS_PER_SEC)
#define TEMP_ADVANCE_NS   (5 * NS_PER_SEC)  /* REGEN_ADVANCE */
#define TEMP_RETRY_NS     (60 * NS_PER_SEC) /* when there is no room */
enum { TEMP_DESYNC_MAX_S = 34560 };         /* 0.4 * preferred */

/* A random identifier below the prefix of `in`. */
struct ipaddr temporary_id(struct net *, const struct ipaddr *in);
/* An advertisement has renewed `stable`: those below its prefix follow. */
void temporary_renew(struct net *, struct nif *, const struct ifaddr *stable,
                     ns_t now);
ns_t temporary_tick(struct net *, struct nif *, ns_t now);

#endif
