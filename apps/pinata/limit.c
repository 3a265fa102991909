/* SPDX-License-Identifier: ISC */
#include "limit.h"

#include <string.h>

#define MINUTE (60 * NS_PER_SEC)

/* Its entry; or the one of which least is lost, made its own. */
static struct origin *find(struct limiter *l, const struct ipaddr *prefix)
{
    struct origin *least = &l->origin[0];

    for (unsigned i = 0; i < SOURCES; i++) {
        if (ipaddr_eq(&l->origin[i].prefix, prefix))
            return &l->origin[i];
        if (l->origin[i].busy_until < least->busy_until)
            least = &l->origin[i];
    }
    *least = (struct origin){.prefix = *prefix};
    return least;
}

enum limit_answer limit_take(struct limiter *l, const struct ipaddr *from,
                             ns_t now)
{
    struct ipaddr prefix = *from;
    struct origin *o;
    ns_t each, start;
    bool told;

    if (l->per_minute == 0)
        return LIMIT_OK;
    if (!ipaddr_is_v4(&prefix))
        memset(prefix.b + 8, 0, 8);
    o = find(l, &prefix);
    each = MINUTE / l->per_minute;
    start = o->busy_until > now ? o->busy_until : now;
    told = o->told;
    o->told = start + each > now + MINUTE;
    if (o->told)
        return told ? LIMIT_MORE : LIMIT_FIRST;
    o->busy_until = start + each;
    return LIMIT_OK;
}
