/* SPDX-License-Identifier: ISC */
/*
 * state.c - everything that a stack knows, as one number: for records and
 * simulations, which must come to the same states.  No image holds this.
 *
 * Field by field, for what pads a struct is anything, and pointers differ.
 */
#include <base/siphash.h>

#include "stack.h"
#include "tcp/shell.h"

struct sum {
    struct siphash_key key;
    uint64_t value;
};

static void add(struct sum *s, const void *p, size_t n)
{
    struct siphash_key k = {s->key.k0 ^ s->value, s->key.k1};

    s->value = siphash24(&k, p, n);
}

static void add_words(struct sum *s, const uint64_t *w, size_t n)
{
    add(s, w, n * sizeof(*w));
}

static void add_set(struct sum *s, const struct seq_set *set)
{
    if (set)
        add(s, set->r, set->n * sizeof(set->r[0]));
}

static void add_conn(struct conn *c, void *user)
{
    const struct tcb *t = &c->tcb;
    uint64_t w[] = {t->state,      t->ca,          t->rcv_nxt,   t->rcv_adv,
                    t->snd_una,    t->snd_nxt,     t->snd_end,   t->snd_wnd,
                    t->rcv_unread, t->rcv_acked,   t->ts_recent, t->mss,
                    t->cc.cwnd,    t->cc.ssthresh, t->srtt8,     t->rttvar4,
                    t->rto,        t->rtx_at,      t->ack_at,    t->heard_at,
                    t->backoff,    t->dup_acks,    c->lport,     c->rport,
                    c->events,     c->nrx,         c->nooo,      c->path.mtu};

    add_words(user, w, ARRAY_LEN(w));
    add(user, &c->path.dst, sizeof(c->path.dst));
    add_set(user, t->ooo);
    add_set(user, t->board);
}

static void add_nif(struct sum *s, const struct nif *nif)
{
    for (unsigned i = 0; i < nif->naddrs; i++) {
        uint64_t w[] = {nif->addr[i].state, nif->addr[i].bits,
                        nif->addr[i].valid_until};

        add(s, &nif->addr[i].addr, sizeof(nif->addr[i].addr));
        add_words(s, w, ARRAY_LEN(w));
    }
}

uint64_t net_state(struct net *net)
{
    struct sum s = {.key = {0x62696c6c6574, 1}};
    struct tcp *tcp = net->tcp;
    uint64_t w[] = {net->now,
                    net->routes.n,
                    net->cache.in_use,
                    net->cache.waiting,
                    net->frags.in_use,
                    net->frags.blocks,
                    tcp->conns.in_use,
                    tcp->halves.in_use,
                    tcp->tws.in_use,
                    tcp->pieces.in_use,
                    tcp->table.count,
                    net->self.count,
                    net->config.pkts->in_use};

    add_words(&s, w, ARRAY_LEN(w));
    add(&s, &net->count, sizeof(net->count));
    add(&s, &tcp->count, sizeof(tcp->count));
    for (unsigned i = 1; i <= net->nnifs; i++)
        add_nif(&s, net_nif(net, i));
    conns_each(tcp, add_conn, &s);
    return s.value;
}
