/* SPDX-License-Identifier: ISC */
/*
 * uto.c - how long unacknowledged data may wait, agreed on with the peer: the
 * user timeout option (RFC 5482).  Off until the owner asks for it.
 */
#include "shell.h"

enum {
    UTO_MINUTES = 0x8000, /* the granularity bit */
    UTO_LEAST_S = 100,    /* L_LIMIT: RFC 1122 4.2.3.5's R2 */
    UTO_MOST_S = 3600     /* U_LIMIT: nobody is to keep memory for longer */
};

static uint32_t seconds_of(uint16_t option)
{
    return option & UTO_MINUTES ? (option - (uint32_t)UTO_MINUTES) * 60 : option;
}

/* RFC 5482 3.1 */
static void agree(struct conn *c)
{
    uint32_t s = seconds_of(c->uto_ours), peer = seconds_of(c->uto_peer);

    if (peer > s)
        s = peer;
    if (s < UTO_LEAST_S)
        s = UTO_LEAST_S;
    if (s > UTO_MOST_S)
        s = UTO_MOST_S;
    tcp_set_user_timeout(&c->tcb, s * NS_PER_SEC, c->tcp->now);
}

/* Zero MUST be ignored. */
RARE void uto_take(struct conn *c, uint16_t option)
{
    if (!seconds_of(option) || option == c->uto_peer)
        return;
    c->uto_peer = option;
    if (c->uto_ours)
        agree(c);
}

void uto_put(struct conn *c, struct tcp_seg *s)
{
    if (s->nsack)
        return; /* no room beside those */
    s->opts |= TCP_OPT_UTO;
    s->uto = c->uto_ours;
    /* Said once more when the handshake is over, for not every middlebox lets
     * a SYN with unknown options through. */
    if (!(s->flags & TCP_SYN))
        c->uto_due = false;
}

void tcp_agree_timeout(struct stream *stream, uint32_t seconds)
{
    struct conn *c = CONTAINER(stream, struct conn, stream);

    ASSERT(stream->ops == &tcp_stream_ops);
    if (c->over)
        return;
    if (seconds > UTO_MOST_S)
        seconds = UTO_MOST_S;
    c->uto_ours = (uint16_t)seconds;
    c->uto_due = seconds != 0;
    if (!seconds) {
        tcp_set_user_timeout(&c->tcb, 0, c->tcp->now);
        return;
    }
    agree(c);
    conn_dirty(c);
}
