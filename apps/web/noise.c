/* SPDX-License-Identifier: ISC */
/*
 * noise.c - GET /random?bytes=N: N bytes that look random and are the same
 * each time, sent from one block in place.
 *
 * Byte i is byte i mod 65,521 of the block.  The block is xorshift64* from 1,
 * eight bytes a step, low byte first; its length is prime, so a stretch that
 * was lost, doubled or swapped cannot go unnoticed by a hash.
 */
#include "web.h"

#define RANDOM_MAX (UINT64_C(1) << 40)

static void make_noise(struct web *web)
{
    uint64_t s = 1, out = 0;

    for (unsigned i = 0; i < NOISE_BYTES; i++) {
        if (i % 8 == 0) {
            s ^= s >> 12;
            s ^= s << 25;
            s ^= s >> 27;
            out = s * UINT64_C(0x2545f4914f6cdd1d);
        }
        web->noise[i] = (uint8_t)(out >> (i % 8 * 8));
    }
    web->noise_made = true;
}

static struct span piece(struct http_exchange *x, uint64_t at)
{
    const struct web *web = http_user(x);
    size_t from = (size_t)(at % NOISE_BYTES);

    return (struct span){web->noise + from, NOISE_BYTES - from};
}

void web_random(struct http_exchange *x, const struct http_request *rq,
                void *user)
{
    struct web *web = user;
    uint64_t n;

    if (!http_query_u64(rq, "bytes", RANDOM_MAX, &n)) {
        http_reply_page(x, 400, SPAN(""));
        return;
    }
    if (!web->noise_made)
        make_noise(web);
    http_reply_pieces(
        x,
        &(struct http_reply){.status = 200,
                             .type = SPAN("application/octet-stream"),
                             .fields = SPAN("Cache-Control: no-store\r\n")},
        n, piece);
}
