/* SPDX-License-Identifier: ISC */
/*
 * dispatch.c - the only place from which TCP calls an application.
 *
 * An owner may do anything from inside its callback, releasing its own stream
 * and any other included: IN_CALL keeps the connection until it has returned.
 */
#include "shell.h"

/* The listener is asked.  False: the connection is gone. */
static RARE bool ask_listener(struct conn *c)
{
    struct listener *l = listener_find(c->tcp, c->lport);
    struct endpoint peer = {
        .addr = c->path.dst, .port = c->rport, .netif = c->netif};

    c->accepting = false;
    c->tcp->accepting--;
    if (c->over || !l) {
        conn_abort(c, E_CLOSED);
        return false;
    }
    c->owned = true;
    c->tcp->count.passive_opens++;
    if (l->fn(&c->stream, &peer, l->user))
        return c->owned;
    c->tcp->count.refused++;
    c->owned = false;
    c->told = true;
    conn_abort(c, E_REFUSED);
    return false;
}

static void call_owner(struct conn *c)
{
    unsigned events = c->events;

    c->events = 0;
    if (!events || !c->owned)
        return;
    if (c->stream.on_event)
        c->stream.on_event(&c->stream, events, c->stream.user);
    else if (events & STREAM_CLOSED)
        c->owned = false;
}

static RARE void finish_loans(struct tcp *tcp)
{
    struct loan *list = tcp->loan_home.next, *loan;

    tcp->loan_home.next = NULL;
    while ((loan = list)) {
        list = loan->next;
        loan->done(loan);
    }
}

unsigned tcp_dispatch(struct tcp *tcp, ns_t now)
{
    struct conn *last, *c;
    unsigned n = 0;

    tcp->now = now;
    if (tcp->loan_home.next)
        finish_loans(tcp);
    if (tcp->list[LIST_WAIT].head && now >= tcp->wake_at)
        txq_wake(tcp);
    if (!tcp->list[LIST_EVENTS].head)
        return 0;
    /* What is posted meanwhile is for the next turn. */
    last =
        CONTAINER(tcp->list[LIST_EVENTS].tail, struct conn, next[LIST_EVENTS]);
    do {
        c = list_pop(tcp, LIST_EVENTS);
        c->on |= IN_CALL;
        if (!c->accepting || ask_listener(c))
            call_owner(c);
        conn_let_go(c);
        n++;
    } while (c != last && tcp->list[LIST_EVENTS].head);
    return n;
}
