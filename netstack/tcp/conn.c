/* SPDX-License-Identifier: ISC */
/*
 * conn.c - the life of a connection: made, told what the core decided, closed,
 * freed when neither its owner nor a list holds it.
 */
#include "shell.h"

enum { IP4_TCP_BYTES = 40, IP6_TCP_BYTES = 60 };
#define ROUND_UNKNOWN (100 * NS_PER_MS) /* a round trip not measured yet */

void conn_post(struct conn *c, unsigned events)
{
    if (c->told)
        return;
    c->events |= (uint8_t)events;
    list_push(c, LIST_EVENTS);
}

/* Moves the timer when it would come too late; too early does no harm, for it
 * looks again then.  So an ACK costs no operation on the wheel. */
void conn_rearm(struct conn *c)
{
    ns_t at = tcp_deadline_of(&c->tcb);

    if (at == NS_NEVER || (c->timer.link && c->timer.deadline <= at))
        return;
    tcp_set_timer(c->tcp, &c->timer, at);
}

static RARE void on_timer(struct timer *timer, ns_t now)
{
    struct conn *c = CONTAINER(timer, struct conn, timer);
    struct tcp_act act UNSET;

    c->on |= IN_CALL;
    c->tcp->count.paced += c->tcb.pace_at - 1 < now;
    if (tcp_deadline_of(&c->tcb) <= now) {
        act = tcp_on_timer(&c->tcb, now);
        conn_apply(c, &act);
        if (act.rtx_timeout && !c->over)
            pl_on_timeout(c);
    }
    if (!c->over)
        conn_dirty(c); /* output arms the timer again */
    conn_let_go(c);
}

uint16_t tcp_path_mss(const struct ip_path *path)
{
    uint16_t headers = path->v4 ? IP4_TCP_BYTES : IP6_TCP_BYTES;

    return path->mtu > headers + TCP_MSS_FLOOR ? (uint16_t)(path->mtu - headers)
                                               : TCP_MSS_FLOOR;
}

/* The largest payload of one packet: whole segments, cut by the NIC. */
void conn_read_caps(struct conn *c)
{
    uint32_t tso = 0, mss = c->tcb.mss;

    c->caps = ip_path_caps(c->tcp->net, &c->path, &tso);
    if (!(c->caps & (c->path.v4 ? NETIF_TSO4 : NETIF_TSO6)) || tso < mss)
        tso = mss;
    c->max_payload = mss ? tso - tso % mss : 0;
}

void conn_use_path(struct conn *c)
{
    c->path_gen = c->path.gen;
    c->pseudo_sum =
        ip_pseudo_sum(&c->path.src, &c->path.dst, c->path.v4, IPPROTO_TCP_, 0);
}

void conn_refresh_path(struct conn *c)
{
    uint16_t before = c->tcb.mss;

    c->path_gen = c->path.gen;
    tcp_on_mss(&c->tcb, tcp_path_mss(&c->path), c->tcp->now);
    if (c->tcb.mss != before)
        c->pl_mark = c->tcb.snd_nxt;
    conn_read_caps(c);
}

struct conn *conn_new(struct tcp *tcp, const struct tcp_key *k, uint32_t hash)
{
    struct conn *c = pool_get(&tcp->conns);

    if (!c)
        return NULL;
    /* What is between is the core's to begin. */
    memset(c, 0, offsetof(struct conn, tcb));
    memset(&c->tcp, 0, sizeof(*c) - offsetof(struct conn, tcp));
    c->stream.ops = &tcp_stream_ops;
    c->tcp = tcp;
    c->index =
        (uint32_t)((size_t)((uint8_t *)c - tcp->conn_base) / tcp->conn_size);
    c->hash = hash;
    c->lport = k->lport;
    c->rport = k->rport;
    c->path = (struct ip_path){.src = k->local, .dst = k->remote};
    c->timer.fire = on_timer;
    c->on = IS_LIVE;
    c->rcv_buf = rcv_begin(tcp);
    c->read_since = tcp->now;
    c->tcb.state = TCP_DONE;
    c->tcb.rtx_at = c->tcb.ack_at = NS_NEVER;
    return c;
}

void conn_publish(struct conn *c)
{
    struct tcp *tcp = c->tcp;

    ASSERT(table_put(&tcp->table, c->hash, c->index));
    c->on |= IN_TABLE;
    tcp->live[c->index / 32] |= 1u << c->index % 32;
}

/* The sets are lent to the core only while something is missing. */
static void take_back_sets(struct conn *c)
{
    struct tcb *t = &c->tcb;

    if (t->ooo && !t->ooo->n) {
        pool_put(&c->tcp->sets, t->ooo);
        t->ooo = NULL;
    }
    if (t->board && !t->board->n && t->ca == TCP_CA_OPEN) {
        pool_put(&c->tcp->sets, t->board);
        t->board = NULL;
    }
}

static void put_sets(struct conn *c)
{
    if (c->tcb.ooo)
        pool_put(&c->tcp->sets, c->tcb.ooo);
    if (c->tcb.board)
        pool_put(&c->tcp->sets, c->tcb.board);
    c->tcb.ooo = c->tcb.board = NULL;
}

/* The last event.  After an orderly end it waits until all that came has been
 * read, for its owner takes it as the end. */
static void tell(struct conn *c)
{
    if (c->told || !c->finished || (c->rx && !c->stream.error && c->owned))
        return;
    conn_post(c, STREAM_CLOSED);
    c->told = true;
}

void conn_finished(struct conn *c)
{
    c->finished = true;
    tell(c);
}

void conn_close(struct conn *c, enum err why)
{
    struct tcp *tcp = c->tcp;

    if (c->over)
        return;
    c->over = c->finished = true;
    c->tcb.state = TCP_DONE;
    if (c->on & IN_TABLE) {
        table_del(&tcp->table, c->hash, c->index);
        if (tcp->recent == c)
            tcp->recent = NULL;
        c->on = (uint8_t)(c->on & ~IN_TABLE);
        tcp->live[c->index / 32] &= ~(1u << c->index % 32);
    }
    wheel_clear(&tcp->wheel, &c->timer);
    ooo_free(c);
    txq_free(c);
    put_sets(c);
    c->stream.error = why;
    tell(c);
    conn_maybe_free(c);
}

void conn_maybe_free(struct conn *c)
{
    if (!c->over || c->owned || c->accepting || c->rst_due ||
        c->on & (ON_LISTS | IN_CALL))
        return;
    rxq_free(c);
    if (c->counted)
        source_of(c->tcp, &c->path.dst)->conns--;
    c->on = 0;
    pool_put(&c->tcp->conns, c);
}

static void count_end(struct tcp *tcp, enum err why, bool opening)
{
    if (opening)
        tcp->count.attempt_fails++;
    else if (why == E_RESET || why == E_TIMEOUT)
        tcp->count.estab_resets++;
    if (why == E_TIMEOUT)
        tcp->count.timeouts++;
}

/* The core has ended it. */
static void ended(struct conn *c, enum err why, bool opening)
{
    count_end(c->tcp, why, opening);
    if (why == E_TIMEOUT && opening && c->soft_error)
        why = c->soft_error;
    conn_close(c, why == E_CLOSED ? OK : why);
}

/* The core's reasons are counted by index. */
_Static_assert(offsetof(struct tcp_metrics, dropped__memory) -
                       offsetof(struct tcp_metrics, dropped__seq) ==
                   (TCP_DROP_memory - TCP_DROP_seq) * sizeof(uint64_t),
               "the reasons and their counters are not in step");

static void count_notes(struct tcp_metrics *count, const struct tcp_act *act)
{
    if (act->drop)
        (&count->dropped__seq)[act->drop - 1]++;
    count->challenge_acks += act->challenged;
    count->bad_sacks += act->bad_sack;
    count->rtx_timeouts += act->rtx_timeout;
    count->fast_rtxs += act->fast_rtx;
}

void conn_apply(struct conn *c, const struct tcp_act *act)
{
    struct tcb *t = &c->tcb;

    if (act->notes)
        count_notes(&c->tcp->count, act);
    if (act->acked) {
        txq_release(c);
        if (c->pl_len)
            pl_acked(c);
    }
    if (act->events & STREAM_EOF)
        ooo_free(c);
    if (act->events & STREAM_OPEN) {
        conn_read_caps(c);
        c->pl_mark = t->snd_una;
    }
    if (act->events & STREAM_CLOSED) {
        ended(c, act->error, t->iss == t->snd_una);
        return;
    }
    if (act->events)
        conn_post(c,
                  act->events & (c->accepting ? ~(unsigned)STREAM_OPEN : ~0u));
    if (t->ooo || t->board)
        take_back_sets(c);
}

void conn_abort(struct conn *c, enum err why)
{
    if (c->over)
        return;
    /* RFC 4022: from these two states to CLOSED, whoever did it. */
    if (c->tcb.state == TCP_ESTABLISHED || c->tcb.state == TCP_CLOSE_WAIT)
        c->tcp->count.estab_resets++;
    c->rst_due = tcp_on_abort(&c->tcb);
    if (c->rst_due)
        conn_dirty(c);
    conn_close(c, why);
}

static struct conn *conn_of(struct stream *s)
{
    return CONTAINER(s, struct conn, stream);
}

static struct span op_peek(struct stream *s)
{
    const struct piece *p = conn_of(s)->rx;

    return p ? (struct span){p->p, p->len} : (struct span){0};
}

/* As long as anything that is sent for the peer's news takes to matter. */
static ns_t round_trip(const struct tcb *t)
{
    return t->srtt8 ? (ns_t)t->srtt8 << 7 : ROUND_UNKNOWN;
}

static void op_consume(struct stream *s, size_t n)
{
    struct conn *c = conn_of(s);

    if (n == 0)
        return;
    rxq_consume(c, n);
    c->read += (uint32_t)n;
    if (c->tcp->now - c->read_since >= round_trip(&c->tcb))
        rcv_right_size(c);
    if (c->finished)
        tell(c);
    if (!c->over && tcp_on_read(&c->tcb, (uint32_t)n))
        conn_dirty(c);
}

static struct mspan op_reserve(struct stream *s)
{
    return txq_reserve(conn_of(s));
}

static void op_commit(struct stream *s, size_t n)
{
    txq_commit(conn_of(s), n);
}

static bool op_lend(struct stream *s, struct loan *loan)
{
    return txq_lend(conn_of(s), loan);
}

static void op_shutdown(struct stream *s)
{
    struct conn *c = conn_of(s);

    if (c->over)
        return;
    tcp_on_shutdown(&c->tcb);
    conn_dirty(c);
}

static void op_abort(struct stream *s)
{
    conn_abort(conn_of(s), E_CLOSED);
}

/* Both directions shut: the peer has sent FIN, and ours is queued. */
static bool closes_by_itself(const struct conn *c)
{
    return c->tcb.state >= TCP_CLOSING && c->tcb.state != TCP_CLOSE_WAIT;
}

static void op_release(struct stream *s)
{
    struct conn *c = conn_of(s);

    if (!c->over && !closes_by_itself(c))
        conn_abort(c, E_CLOSED);
    c->owned = false;
    c->told = true;
    c->events = 0;
    c->stream.on_event = NULL;
    rxq_free(c);
    conn_maybe_free(c);
}

const struct stream_ops tcp_stream_ops = {.peek = op_peek,
                                          .consume = op_consume,
                                          .reserve = op_reserve,
                                          .commit = op_commit,
                                          .shutdown = op_shutdown,
                                          .abort = op_abort,
                                          .release = op_release,
                                          .lend = op_lend};
