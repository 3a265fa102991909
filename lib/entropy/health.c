/* SPDX-License-Identifier: ISC */
/*
 * health.c - repetition count and adaptive proportion.
 */
#include <entropy/health.h>

bool health_test(struct health *h, const struct health_cut *c, uint64_t sample)
{
    h->run = sample == h->last ? (uint16_t)(h->run + 1) : 1;
    h->last = sample;
    if (h->at == 0) {
        h->first = sample;
        h->seen = 0;
    }
    h->at = (uint16_t)((h->at + 1u) % HEALTH_WINDOW);
    h->seen = (uint16_t)(h->seen + (sample == h->first));
    return h->run < c->repeats && h->seen < c->most;
}
