/* SPDX-License-Identifier: ISC */
/*
 * shell.c - TCP as one machine: made, ticked, asked for its next deadline.
 */
#include "shell.h"

METRICS_TABLE(tcp, TCP_METRICS);

static uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t time_waits(const struct limits *l)
{
    return max_u32(l->tcp_conns, TIME_WAIT_MIN);
}

static uint32_t sets(const struct limits *l)
{
    return max_u32(l->tcp_conns / 8, SETS_MIN);
}

/* Each block can be in a queue, some in two pieces; loans come on top. */
static uint32_t pieces(const struct limits *l)
{
    return 2 * l->rx_blocks + 2 * l->tx_blocks + l->tcp_conns + PIECES_SPARE;
}

static uint32_t table_limit(const struct limits *l)
{
    return l->tcp_conns + l->tcp_half_open + time_waits(l);
}

static size_t live_bytes(const struct limits *l)
{
    return (l->tcp_conns + 31) / 32 * sizeof(uint32_t);
}

size_t tcp_bytes(const struct limits *l)
{
    return sizeof(struct tcp) + 64 + table_bytes(table_limit(l)) + 64 +
           pool_bytes_aligned(sizeof(struct conn), l->tcp_conns, 64) +
           pool_bytes(sizeof(struct half), l->tcp_half_open) +
           pool_bytes_aligned(sizeof(struct tw), time_waits(l), 64) +
           pool_bytes(sizeof(struct piece), pieces(l)) +
           pool_bytes(sizeof(struct seq_set), sets(l)) + sources_bytes(l) +
           l->tcp_listeners * sizeof(struct listener) + live_bytes(l) + 512;
}

static bool make_pools(struct tcp *tcp, struct arena *a, const struct limits *l)
{
    return pool_init(&tcp->conns, "tcp_conns", a, sizeof(struct conn),
                     l->tcp_conns, 64) &&
           pool_init(&tcp->halves, "tcp_half_open", a, sizeof(struct half),
                     l->tcp_half_open, 16) &&
           pool_init(&tcp->tws, "tcp_time_wait", a, sizeof(struct tw),
                     time_waits(l), 64) &&
           pool_init(&tcp->pieces, "tcp_pieces", a, sizeof(struct piece),
                     pieces(l), 16) &&
           pool_init(&tcp->sets, "tcp_sets", a, sizeof(struct seq_set), sets(l),
                     16);
}

static void make_indices(struct tcp *tcp)
{
    const struct limits *l = &tcp->config.limits;

    tcp->conn_base = tcp->conns.fresh;
    tcp->conn_size = tcp->conns.size;
    tcp->half_base = tcp->halves.fresh;
    tcp->half_size = tcp->halves.size;
    tcp->tw_base = tcp->tws.fresh;
    tcp->tw_size = tcp->tws.size;
    tcp->half_from = l->tcp_conns;
    tcp->tw_from = l->tcp_conns + l->tcp_half_open;
    tcp->half_oldest = tcp->half_newest = HALF_NONE;
    tcp->ooo_tail = &tcp->ooo_oldest;
}

struct tcp *tcp_new(struct net *net, const struct net_config *config,
                    const uint8_t seed[32], ns_t now)
{
    const struct limits *l = &config->limits;
    struct arena *a = config->arena;
    struct tcp *tcp = arena_try(a, sizeof(*tcp), 64);
    void *entries = arena_try(a, table_bytes(table_limit(l)), 64);
    size_t listeners = l->tcp_listeners * sizeof(struct listener);

    if (!tcp || !entries)
        return NULL;
    memset(tcp, 0, sizeof(*tcp));
    tcp->net = net;
    tcp->config = *config;
    tcp->listeners = arena_try(a, listeners, 16);
    tcp->live = arena_try(a, live_bytes(l), 4);
    if (!tcp->listeners || !tcp->live || !make_pools(tcp, a, l) ||
        !sources_init(tcp))
        return NULL;
    memset(tcp->listeners, 0, listeners);
    memset(tcp->live, 0, live_bytes(l));
    tcp->now = now;
    tcp->due = NS_NEVER;
    tcp->rcv_most = l->tcp_rcvbuf;
    table_init(&tcp->table, entries, table_limit(l));
    wheel_init(&tcp->wheel, now);
    rng_seed(&tcp->rng, seed);
    rng_set_feed(&tcp->rng, config->feed);
    rng_bytes(&tcp->rng, &tcp->secrets, sizeof(tcp->secrets));
    make_indices(tcp);
    tw_init(tcp);
    return tcp;
}

/* Where connections are from now on begins anew; where those that are were
 * begun is theirs.  Only a TIME-WAIT record does not keep it: the timestamps of
 * its ACKs may be wrong, and its peer gives up. */
void tcp_see_epoch(struct tcp *tcp)
{
    rng_look(&tcp->rng);
    if (tcp->restores == tcp->rng.restores)
        return;
    tcp->restores = tcp->rng.restores;
    rng_bytes(&tcp->rng, &tcp->secrets.name, sizeof(tcp->secrets.name));
    rng_bytes(&tcp->rng, &tcp->secrets.cookie, sizeof(tcp->secrets.cookie));
}

void tcp_renew(struct tcp *tcp)
{
    rng_renew(&tcp->rng);
}

void tcp_tick(struct tcp *tcp, ns_t now)
{
    tcp->now = now;
    if (now < tcp->due)
        return;
    wheel_turn(&tcp->wheel, now, TICK_BUDGET);
    tcp->due = wheel_deadline(&tcp->wheel);
}

void tcp_hold(struct tcp *tcp, bool held)
{
    tcp->held = held;
}

ns_t tcp_next_deadline(const struct tcp *tcp)
{
    ns_t at = tcp->due;

    if (tcp->list[LIST_EVENTS].head || tcp->loan_home.next)
        return 0;
    if (tcp->list[LIST_WAIT].head && tcp->wake_at && tcp->wake_at < at)
        at = tcp->wake_at;
    if (tcp->list[LIST_WAIT].head && tcp->reap_at && tcp->reap_at < at)
        at = tcp->reap_at;
    if (!tcp->list[LIST_DIRTY].head || tcp->held || at < tcp->retry_at)
        return at;
    return tcp->retry_at;
}

uint32_t tcp_in_use(const struct tcp *tcp)
{
    return tcp->nlisteners + tcp->conns.in_use;
}

/* By the table, for what is not in it may be in the pool.  Closing one moves
 * others into its place, so that place is looked at again. */
void conns_each(struct tcp *tcp, void (*each)(struct conn *, void *),
                void *user)
{
    for (uint32_t i = 0; i <= tcp->table.mask;) {
        const struct table_entry *e = &tcp->table.entry[i];
        uint32_t index = e->index_plus_1 - 1, count = tcp->table.count;

        if (e->index_plus_1 && index < tcp->half_from)
            each(conn_at(tcp, index), user);
        if (tcp->table.count == count)
            i++;
    }
}

static void count_estab(struct conn *c, void *user)
{
    struct tcp *tcp = user;

    tcp->count.curr_estab +=
        c->tcb.state == TCP_ESTABLISHED || c->tcb.state == TCP_CLOSE_WAIT;
}

static void refresh(void *user)
{
    struct tcp *tcp = user;

    tcp->count.curr_estab = 0;
    conns_each(tcp, count_estab, tcp);
    tcp->count.conns = tcp->conns.in_use;
    tcp->count.half_open = tcp->halves.in_use;
    tcp->count.time_wait = tcp->tws.in_use;
    tcp->count.listeners = tcp->nlisteners;
    tcp->count.queue_pieces = tcp->pieces.in_use - tcp->nspare;
    tcp->count.loss_sets = tcp->sets.in_use;
}

void tcp_metrics(struct tcp *tcp, struct metrics *m)
{
    metrics_add_computed(m, &tcp_metrics_group,
                         (const uint64_t *)(const void *)&tcp->count, refresh,
                         tcp);
}
