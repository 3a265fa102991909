/* SPDX-License-Identifier: ISC */
/*
 * count.c - how often this image was started: a value that outlives the power.
 */
#include "disk.h"

enum { TEXT = 24 };

static uint64_t number(struct span text)
{
    uint64_t n = 0;

    for (size_t i = 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        n = n * 10 + (text.p[i] - '0');
    return n;
}

static struct span text_of(uint64_t n, uint8_t out[TEXT])
{
    unsigned at = TEXT;

    do
        out[--at] = (uint8_t)('0' + n % 10);
    while ((n /= 10) > 0);
    return (struct span){out + at, TEXT - at};
}

enum err count_start(struct env *env, struct blk *b, struct shelf *s)
{
    uint8_t text[TEXT];
    uint64_t n;
    enum err err =
        kv_open(env, b, (struct mspan){s->store, sizeof(s->store)}, &s->kv);

    if (err)
        return err;
    n = number(kv_get(&s->kv, "starts")) + 1;
    if ((err = kv_put(&s->kv, "starts", text_of(n, text))) ||
        (err = kv_commit(&s->kv)))
        return err;
    print_line(env->log, "start number %lu", (unsigned long)n);
    return OK;
}
