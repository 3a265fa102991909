/* SPDX-License-Identifier: ISC */
/*
 * tcp.c - questions over TCP (RFC 7766): a connection for one, each message
 * behind two bytes that say its length.
 *
 * What came is kept in a block of the send pool; of a longer message its head,
 * which counts as truncated.
 */
#include <billet/stream.h>

#include "../stack.h"

static void end(struct dns_tcp *t)
{
    stream_release(t->s);
    buf_drop(&t->block->buf);
    t->s = NULL;
}

static bool is_waited_for(const struct dns_tcp *t)
{
    const struct dns_half *h = &t->slot->q.half[t->half];

    return t->slot->used && h->state == DNS_BY_TCP && !h->send &&
           h->id == t->id;
}

void dns_tcp_sweep(struct net *net)
{
    for (unsigned i = 0; i < DNS_TCP_MAX; i++)
        if (net->dns.tcp[i].s && !is_waited_for(&net->dns.tcp[i]))
            end(&net->dns.tcp[i]);
}

/* The message is here, or will not come. */
static void over(struct dns_tcp *t, struct span msg)
{
    struct net *net = t->net;
    struct dns *d = &net->dns;
    struct dns_slot *slot = t->slot;
    struct dns_question *q = &slot->q;

    if (is_waited_for(t)) {
        if (msg.n == 0 || d->nservers == 0 ||
            dns_on_message(q, t->half, msg, d->server, d->nservers, net->now) ==
                DNS_NOT_OURS)
            dns_on_tcp_failed(q, t->half, d->server, d->nservers, net->now);
        dns_remember(net, q, t->half);
        end(t);
        dns_advance(net, slot);
    } else {
        end(t);
    }
}

static bool read_on(struct dns_tcp *t)
{
    size_t room = t->block->size - t->have, wanted = SIZE_MAX;
    struct span in;

    while (room > 0 && (in = stream_peek(t->s)).n > 0) {
        in.n = in.n < room ? in.n : room;
        memcpy(t->block->data + t->have, in.p, in.n);
        stream_consume(t->s, in.n);
        t->have += in.n;
        room -= in.n;
    }
    if (t->have >= 2)
        wanted = be16(t->block->data) + (size_t)2;
    if (t->have < wanted && room > 0)
        return false;
    if (t->have < wanted)
        t->block->data[4] |= 2; /* TC */
    over(t, (struct span){t->block->data + 2,
                          (t->have < wanted ? t->have : wanted) - 2});
    return true;
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct dns_tcp *t = user;

    if (events & STREAM_OPEN) {
        struct mspan room = stream_reserve(s);

        if (room.n < t->have) {
            over(t, (struct span){0});
            return;
        }
        memcpy(room.p, t->block->data, t->have);
        stream_commit(s, t->have);
        t->have = 0;
    }
    if ((events & STREAM_READABLE) && read_on(t))
        return;
    if (events & (STREAM_EOF | STREAM_CLOSED))
        over(t, (struct span){0});
}

enum err dns_tcp_send(struct net *net, struct dns_slot *slot, unsigned half,
                      const struct endpoint *to, struct span msg)
{
    struct dns_tcp *t = net->dns.tcp;
    struct block *b;
    enum err err;

    while (t->s)
        if (++t == net->dns.tcp + DNS_TCP_MAX)
            return E_FULL;
    if (!(b = block_get(net->config.tx_blocks)))
        return E_FULL;
    if ((err = tcp_connect(net, to, &t->s))) {
        t->s = NULL;
        buf_drop(&b->buf);
        return err;
    }
    put_be16(b->data, (uint16_t)msg.n);
    memcpy(b->data + 2, msg.p, msg.n);
    *t = (struct dns_tcp){.net = net,
                          .s = t->s,
                          .block = b,
                          .have = msg.n + 2,
                          .slot = slot,
                          .half = (uint8_t)half,
                          .id = slot->q.half[half].id};
    t->s->on_event = on_event;
    t->s->user = t;
    return OK;
}
