/* SPDX-License-Identifier: ISC */
/*
 * stream.c - what every stream can do by means of its operations.
 */
#include <billet/stream.h>
#include <string.h>

bool stream_lend(struct stream *s, struct loan *loan)
{
    return s->ops->lend && s->ops->lend(s, loan);
}

size_t stream_write(struct stream *s, struct span src)
{
    size_t taken = 0;

    while (taken < src.n) {
        struct mspan room = stream_reserve(s);
        size_t n = src.n - taken;

        if (room.n == 0)
            break;
        n = n < room.n ? n : room.n;
        memcpy(room.p, src.p + taken, n);
        stream_commit(s, n);
        taken += n;
    }
    return taken;
}
