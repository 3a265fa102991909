/* SPDX-License-Identifier: ISC */
/*
 * down.c - the end of all connections, when the machine's has come.
 */
#include "shell.h"

struct ending {
    enum net_down how;
    bool left;
};

static void end_one(struct conn *c, void *user)
{
    struct ending *e = user;

    /* Ours is acknowledged: when the peer ends, too, is its affair. */
    if (c->tcb.state == TCP_FIN_WAIT_2)
        return;
    if (e->how == NET_DOWN_CUT || c->tcb.state < TCP_ESTABLISHED) {
        conn_abort(c, E_CLOSED);
        return;
    }
    e->left = true;
    if (c->tcb.fin_queued)
        return;
    tcp_on_shutdown(&c->tcb);
    conn_dirty(c);
}

bool tcp_down(struct tcp *tcp, enum net_down how, ns_t now)
{
    struct ending e = {.how = how};

    tcp->now = now;
    if (how != NET_DOWN_DEAF)
        conns_each(tcp, end_one, &e);
    for (uint32_t i = 0; i < tcp->config.limits.tcp_listeners; i++)
        if (tcp->listeners[i].fn)
            tcp_unlisten(tcp->net, tcp->listeners[i].port);
    return e.left;
}
