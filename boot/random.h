/* SPDX-License-Identifier: ISC */
/*
 * random.h - the generator is seeded before anything secret is made.
 */
#ifndef BOOT_RANDOM_H
#define BOOT_RANDOM_H

#include <base/rng.h>
#include <billet/app.h>

#define RANDOM_RENEW_NS (300 * NS_PER_SEC)

/* Behind nics_find().  Does not come back when no source can be believed: the
 * boot ends there, with the words for it.  The first seed; and the feed for
 * more, which never fails. */
const struct rng_feed *random_up(struct env *, uint8_t first[32]);

/* Asks the slow sources again.  To be called each RANDOM_RENEW_NS. */
void random_renew(struct env *);

#endif
