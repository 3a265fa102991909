/* SPDX-License-Identifier: ISC */
/*
 * reply.c - segments that no connection stands behind: resets, the ACKs of
 * TIME-WAIT, SYN-ACKs.
 */
#include "shell.h"

void tcp_reply(struct tcp *tcp, const struct tcp_key *k, uint8_t netif,
               const struct tcp_seg *s)
{
    struct ip_path path = {.src = k->local, .dst = k->remote};
    struct pkt *p;

    if (answer_path(tcp->net, &path, netif))
        return;
    p = tcp_pkt(tcp);
    if (!p) {
        tcp->count.no_packet++;
        return;
    }
    tcp->count.out_segs++;
    if (s->flags & TCP_RST)
        tcp->count.out_rsts++;
    tcp_send_seg(tcp, p, s, k, &path);
}

/* RFC 9293 3.10.7.1.  A reset never answers a reset. */
void tcp_reply_rst(struct tcp *tcp, const struct tcp_in *in)
{
    const struct tcp_seg *s = &in->h.seg;
    struct tcp_seg rst = {.flags = TCP_RST};

    if (s->flags & TCP_RST)
        return;
    if (s->flags & TCP_ACK) {
        rst.seq = s->ack;
    } else {
        rst.flags |= TCP_ACK;
        rst.ack =
            s->seq + s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
    }
    tcp_reply(tcp, &in->key, in->rx->netif, &rst);
}
