/* SPDX-License-Identifier: ISC */
/*
 * core.h - which address to try when: RFC 8305 without I/O.
 */
#ifndef DIAL_CORE_H
#define DIAL_CORE_H

#include <billet/net.h>

#define DIAL_RESOLUTION_NS (50 * NS_PER_MS)  /* for AAAA, once A is there: 3 */
#define DIAL_ATTEMPT_NS    (250 * NS_PER_MS) /* the next one starts then: 5 */
#define DIAL_DELAY_MIN_NS  (100 * NS_PER_MS)
#define DIAL_DELAY_MAX_NS  (2 * NS_PER_SEC)
#define DIAL_TIMEOUT_NS    (30 * NS_PER_SEC)

void dial_begin(struct happy_eyeballs *, ns_t now);
/* Addresses, best first: of one family, or, when `all`, of both.  What was
 * tried stays, the rest is ordered anew. */
void dial_on_addrs(struct happy_eyeballs *, const struct ipaddr *, unsigned n,
                   bool all, ns_t now);
/* The next to try now; NULL: none yet. */
struct dial_try *dial_next(struct happy_eyeballs *, ns_t now);
void dial_on_failed(struct happy_eyeballs *, struct dial_try *, enum err,
                    ns_t now);
/* Whether nothing is left that could succeed; `err` then says why. */
bool dial_failed(struct happy_eyeballs *, ns_t now);
ns_t dial_deadline(const struct happy_eyeballs *);

#endif
