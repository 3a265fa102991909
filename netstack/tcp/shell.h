/* SPDX-License-Identifier: ISC */
/*
 * shell.h - the inside of struct tcp: tables, buffers, listeners around the
 * state machine of core.h.  For the files of this folder and its tests.
 */
#ifndef TCP_SHELL_H
#define TCP_SHELL_H

#include "core.h"
#include "secret.h"
#include "tcp.h"
#include "tcp_metrics.h"
#include "timewait.h"

#include <base/rng.h>
#include <base/table.h>
#include <base/wheel.h>

enum {
    /* Half-open: beyond limits.tcp_half_open, the oldest goes if it has been
     * asked twice in vain, else a cookie is sent. */
    HALF_TRIES = 5,       /* SYN-ACKs sent again, 63 s in all */
    HALF_TRIES_FULL = 2,  /* the same while the queue is more than half full */
    HALF_ANSWERS = 10,    /* to segments that do not complete it, of each kind;
                           * beyond: silence */
    HALF_DATA_MAX = 1024, /* bytes kept of a SYN's payload; beyond: not taken,
                           * the peer sends them again */
    /* Payload queues. */
    SMALL_GRAIN = 64,   /* what a copy takes; the rest is for what follows it */
    SMALL_BYTES = 256,  /* payload below this may be copied together */
    PIECES_SPARE = 160, /* kept at hand, so that a segment that the core takes
                         * can never fail for want of one */
    OOO_PIECES_MIN = 64, /* out of order per connection; more by its buffer */
    /* What a connection begins with; more as its path needs it, up to
     * limits.tcp_rcvbuf and tcp_sndbuf. */
    BUFFER_BEGIN = 65536,
    /* Budgets of one turn. */
    TICK_BUDGET = 256,
    /* Connections that the listeners have not been asked about yet; beyond:
     * SYNs and last ACKs of handshakes are ignored, the peer tries again. */
    ACCEPT_QUEUE_MAX = 256,
    SETS_MIN = 32,      /* connections with loss at once; beyond: no SACK */
    TIME_WAIT_MIN = 128 /* beyond: the oldest is recycled */
};
#define HALF_EVICT_AGE (3 * NS_PER_SEC)
#define COOKIE_LATE    (140 * NS_PER_SEC) /* ACKs may still carry cookies */
#define OUTPUT_RETRY   (1 * NS_PER_MS)    /* after the packet pool was empty */
#define REAP_RETRY     (10 * NS_PER_MS)   /* while send blocks are out */

/* A stretch of payload in a queue: received, or to be sent. */
struct piece {
    struct piece *next;
    struct buf *buf; /* one reference */
    const uint8_t *p;
    uint32_t len, seq; /* seq: of the first byte */
};
_Static_assert(sizeof(struct piece) == 32, "a piece has grown");

/* Lists that a connection can be on, linked by conn.next[]. */
enum conn_list { LIST_DIRTY, LIST_EVENTS, LIST_WAIT, LISTS };
enum conn_on {
    ON_DIRTY = 1 << LIST_DIRTY,
    ON_EVENTS = 1 << LIST_EVENTS,
    ON_WAIT = 1 << LIST_WAIT, /* for tx blocks */
    ON_LISTS = ON_DIRTY | ON_EVENTS | ON_WAIT,
    IN_CALL = 1 << 3,  /* it or its owner is being called */
    ON_OOO = 1 << 4,   /* holds out-of-order payload */
    IN_TABLE = 1 << 5, /* known by its name */
    IS_LIVE = 1 << 6   /* not in the pool */
};

struct conn {
    struct stream stream;
    struct tcb tcb;
    struct tcp *tcp;
    uint8_t on;     /* enum conn_on */
    uint8_t events; /* enum stream_event, not delivered yet */
    bool owned;     /* the application has the stream */
    bool accepting; /* the listener has not been asked yet */
    bool finished;  /* both directions are: CLOSED follows when all is read */
    bool over;      /* the state machine has ended */
    bool told;      /* CLOSED has been delivered or queued */
    bool rst_due;   /* to be sent in the next output */
    bool wants_room;
    bool counted;       /* in what its source holds */
    uint8_t netif;      /* of a link-local peer, else 0 */
    uint8_t soft_error; /* enum err from ICMP, told if nothing better comes */
    uint16_t lport, rport;
    uint16_t nooo; /* pieces out of order */
    uint32_t hash, index;
    uint32_t tx_room;  /* bytes left in the block of the last tx piece */
    uint32_t path_gen; /* of `path`, when these were worked out: */
    uint32_t max_payload;
    uint32_t caps;
    uint64_t pseudo_sum;
    struct piece *rx, *rx_last, *ooo, *ooo_last, *tx, *tx_last, *tx_hint;
    uint32_t nrx, rx_room; /* rx_room: bytes that the last piece may grow by */
    uint32_t retransmits;
    uint32_t rcv_buf; /* as large as the path needs it */
    uint32_t read;    /* bytes since... */
    ns_t read_since;  /* ...then: rcv_right_size() */
    /* plpmtu.c: sizes as tcb.mss is one. */
    uint16_t pl_hi;    /* search up to here; 0: no search */
    uint16_t pl_top;   /* the size before a black hole was found */
    uint16_t pl_len;   /* a probe that is in flight; 0: none */
    uint16_t icmp_mtu; /* news that must prove true; 0: none */
    bool pl_sending;
    uint32_t pl_seq, pl_cwnd, icmp_seq;
    uint32_t pl_mark; /* segments from here on were sent at this size */
    ns_t pl_at;       /* the next probe, not earlier */
    uint16_t uto_ours, uto_peer; /* uto.c: as on the wire; 0: none */
    bool uto_due;                /* to be said */
    struct conn *next[LISTS], *next_ooo, **link_ooo;
    struct timer timer;
    struct ip_path path;
};

/* A connection request that has been answered. */
struct half {
    struct timer timer;
    struct tcp *tcp;
    struct tcp_key key;
    uint32_t hash, iss, irs, ts_recent, ts_offset;
    uint32_t older, newer; /* indices; HALF_NONE */
    uint16_t peer_mss;
    uint8_t snd_wscale, tries;
    uint8_t netif, opts;   /* enum tcp_opt: what was agreed on */
    uint8_t acks, resends; /* answered so far, of HALF_ANSWERS */
    uint16_t data_len;
    uint32_t sent; /* at, in units of 1024 ns */
    struct piece *data;
};
_Static_assert(sizeof(struct half) <= 128, "a half-open entry has grown");
#define HALF_NONE UINT32_MAX

struct listener {
    accept_fn *fn; /* NULL: the slot is free */
    void *user;
    uint16_t port;
    ns_t cookies_until; /* ACKs out of nowhere may carry one */
};

/* What came from one address, or an IPv6 /64. */
struct tcp_source {
    uint32_t conns, halves;
};

struct conn_queue {
    struct conn *head, **tail;
};

struct tcp {
    struct net *net;
    ns_t now;
    struct net_config config;
    struct tcp_secrets secrets;
    struct table table;
    uint8_t *conn_base, *half_base, *tw_base;
    uint32_t conn_size, half_size, tw_size;
    uint32_t half_from, tw_from; /* where their indices begin */

    uint32_t *live; /* a bit for each connection in the table */

    struct conn *recent;   /* whom the last segment was for; in the table */
    struct tcp_key hashed; /* whom key_hash() was asked for last, and... */
    uint32_t hash;         /* ...what it said; no port is 0 */
    ns_t due;              /* the wheel has nothing before this */
    uint32_t rcv_most;     /* of each connection, as memory is now */
    struct conn_queue list[LISTS];
    struct conn *ooo_oldest, **ooo_tail;
    struct pkt *spare_pkt;
    struct piece *spare;
    uint32_t nspare;
    ns_t reap_at;       /* of txq_wake(), while send blocks are out; or 0 */
    uint32_t reap_hand; /* where conn_reap() goes on looking */
    ns_t retry_at;      /* of output, when no packet was free */
    bool held;          /* tcp_hold() */
    ns_t wake_at;       /* of those who wait for tx blocks; 0: at any turn */

    struct block *small; /* small payloads are copied to its end */
    uint32_t small_used;
    struct loan loan_home; /* marks loans in use; .next: those to be done */

    struct tcp_source *sources; /* buckets; source.c */
    uint32_t source_shift;
    uint32_t source_conns, source_halves; /* that one source may hold */
    uint32_t accepting;                   /* of ACCEPT_QUEUE_MAX */

    struct listener *listeners;
    uint32_t nlisteners;
    uint32_t half_oldest, half_newest;
    struct tw_list time_wait;
    struct timer tw_timer;

    struct wheel wheel;
    struct rng rng;
    unsigned restores; /* of rng, when the secrets were made */
    struct pool conns, halves, tws, pieces, sets;
    struct tcp_metrics count;
};

/* Before a secret is used: are they those of another life of this machine? */
void tcp_see_epoch(struct tcp *);

/* ---- table.c ---- */
uint32_t key_hash(struct tcp *, const struct tcp_key *);
/* The index of what is known by this name, or TABLE_NONE. */
uint32_t tcp_find(const struct tcp *, const struct tcp_key *, uint32_t hash);
struct half *half_at(const struct tcp *, uint32_t index);
struct tw *tw_at(const struct tcp *, uint32_t index);
void conn_key(const struct conn *, struct tcp_key *out);

/* ---- conn.c: life of a connection ---- */
struct conn *conn_new(struct tcp *, const struct tcp_key *, uint32_t hash);
/* Into the table, from now on it is found. */
void conn_publish(struct conn *);
/* What follows from a path that has just been found. */
void conn_use_path(struct conn *);
void conn_refresh_path(struct conn *);
void conn_read_caps(struct conn *);
/* What the core said after an input. */
void conn_apply(struct conn *, const struct tcp_act *);
/* Nothing more will come or go, but for an ACK. */
void conn_finished(struct conn *);
/* Over, for this reason: out of the table, buffers freed, the owner told. */
void conn_close(struct conn *, enum err why);
/* Frees it when nobody holds it any more. */
void conn_maybe_free(struct conn *);
void conn_post(struct conn *, unsigned events);
void conn_rearm(struct conn *);
/* Ends it from this side, with RST where RFC 9293 3.10.5 wants one. */
void conn_abort(struct conn *, enum err why);
/* Bytes that it may have unread, and queued for sending. */
static inline uint32_t conn_rcv_limit(const struct conn *c)
{
    return c->rcv_buf < c->tcp->rcv_most ? c->rcv_buf : c->tcp->rcv_most;
}
uint32_t conn_snd_limit(const struct conn *);
extern const struct stream_ops tcp_stream_ops;

/* Payload of a segment that the path carries, without options. */
uint16_t tcp_path_mss(const struct ip_path *);

/* ---- source.c ---- */
size_t sources_bytes(const struct limits *);
bool sources_init(struct tcp *);
struct tcp_source *source_of(const struct tcp *, const struct ipaddr *remote);

/* ---- plpmtu.c ---- */
/* A retransmission timeout, after the core has heard of it. */
void pl_on_timeout(struct conn *);
/* These two while pl_len: something was acknowledged; the probe is sent again,
 * smaller. */
void pl_acked(struct conn *);
void pl_lost(struct conn *);
/* While pl_hi: the size of a probe that may be sent now, else 0; and it was. */
uint16_t pl_size(struct conn *);
void pl_sent(struct conn *, const struct tcp_seg *);
/* False: an ICMP message about a segment of ours is kept for later. */
bool pl_believes(struct conn *, uint16_t mtu, uint32_t seq);

/* ---- uto.c ---- */
void uto_take(struct conn *, uint16_t option);
/* While uto_due: says it in this segment if there is room for it. */
void uto_put(struct conn *, struct tcp_seg *);
enum { UTO_ROOM = 4 }; /* bytes of payload that it takes the place of */

/* ---- icmp.c ---- */
void conn_narrow(struct conn *, uint16_t mtu);

/* ---- listen.c, half.c ---- */
struct tcp_in {
    struct tcp_key key;
    struct tcp_hdr h;
    uint32_t hash;
    const struct ip_rx *rx;
};
struct listener *listener_find(struct tcp *, uint16_t port);
/* A segment that belongs to nothing known: LISTEN or CLOSED. */
void listen_input(struct tcp *, struct tcp_in *, const uint32_t *after);
void half_input(struct half *, struct tcp_in *);
/* NULL when the queue is full and nobody in it has waited for long. */
struct half *half_new(struct tcp *, const struct tcp_in *, uint32_t iss,
                      uint32_t ts_offset);
void half_free(struct half *);
/* Those of a port that is listened on no longer, or of an address that is
 * gone. */
void half_free_port(struct tcp *, uint16_t port);
void half_free_stale(struct tcp *, bool (*gone)(const struct ipaddr *, void *),
                     void *user);
/* What a SYN-ACK says. */
struct syn_ack {
    uint32_t iss, ack, tsval, tsecr;
    uint8_t opts;
};
void syn_ack_send(struct tcp *, const struct tcp_key *, uint8_t netif,
                  const struct syn_ack *);
/* What the SYN of a segment offers, of what we know. */
uint8_t syn_opts(const struct tcp *, const struct tcp_seg *);
/* A connection out of a handshake that is complete but for this segment,
 * which is not looked at yet; NULL, counted, when there is no room. */
struct conn *accept_conn(struct tcp *, const struct tcp_in *,
                         const struct tcp_synced *);
void tcp_open_for(const struct tcp *, const struct ip_path *, uint32_t iss,
                  uint32_t ts_offset, struct tcp_open *out);
void conn_input(struct conn *, struct tcp_in *);

/* ---- rxq.c: the receive queue ---- */
enum tcp_room rxq_room(struct conn *, const struct tcp_in *);
void rxq_take(struct conn *, const struct tcp_in *, const struct tcp_act *);
void rxq_consume(struct conn *, size_t n);
void rxq_free(struct conn *);
void ooo_free(struct conn *);
/* A round trip's reading is over: is the buffer large enough? */
void rcv_right_size(struct conn *);
/* Memory is out: ends a connection that only holds it.  False: none was found.
 */
bool conn_reap(struct tcp *);
/* Keeps `n` bytes of the frame from `at` on; NULL when memory is short. */
struct piece *rxq_keep(struct tcp *, const struct pkt *, uint32_t at,
                       uint32_t n);
/* Throws away one connection's out-of-order payload.  False: there is none. */
bool ooo_drop_oldest(struct tcp *);

/* ---- piece.c ---- */
bool pieces_make_ready(struct tcp *, unsigned n);
struct seq_set *set_get(struct tcp *);

/* ---- txq.c: the send queue ---- */
struct mspan txq_reserve(struct conn *);
void txq_commit(struct conn *, size_t n);
bool txq_lend(struct conn *, struct loan *);
void txq_release(struct conn *);
void txq_free(struct conn *);
void txq_trim(struct conn *);
/* Adds references to at most `n` bytes from `seq` on; returns how many. */
uint32_t txq_fill(struct conn *, struct pkt *, uint32_t seq, uint32_t n);
bool txq_has_room(const struct conn *);
void txq_wake(struct tcp *);

/* ---- output.c, reply.c ---- */
struct pkt *tcp_pkt(struct tcp *);
/* Pushes the header, fills in or prepares the checksum, and sends. */
void tcp_send_seg(struct tcp *, struct pkt *, const struct tcp_seg *,
                  const struct tcp_key *, struct ip_path *);
/* A segment without a connection. */
void tcp_reply(struct tcp *, const struct tcp_key *, uint8_t netif,
               const struct tcp_seg *);
/* RFC 9293 3.10.7.1: the reset that an unwelcome segment deserves. */
void tcp_reply_rst(struct tcp *, const struct tcp_in *);

/* ---- tw.c: TIME-WAIT records ---- */
void tw_start(struct conn *);
void tw_input(struct tcp *, uint32_t index, struct tcp_in *);
void tw_init(struct tcp *);

/* Calls each(c, user) for every connection that has a name; it may close it. */
void conns_each(struct tcp *, void (*each)(struct conn *, void *), void *user);

/* Which NIC a peer is bound to: only a link-local one is. */
uint8_t link_netif(const struct ipaddr *remote, uint8_t netif);
/* The way of an answer, whose ends are in *path, to what came by the NIC
 * `arrival`: as the routes say, else back where it came from. */
enum err answer_path(struct net *, struct ip_path *path, uint8_t arrival);

/* ---- what every segment needs, inline ---- */

/* What may be offered at first, and what a SYN's payload must fit into. */
static inline uint32_t rcv_begin(const struct tcp *tcp)
{
    uint32_t most = tcp->config.limits.tcp_rcvbuf;

    return most < BUFFER_BEGIN ? most : BUFFER_BEGIN;
}

static inline struct conn *conn_at(const struct tcp *tcp, uint32_t i)
{
    return (struct conn *)(void *)(tcp->conn_base + (size_t)i * tcp->conn_size);
}

static inline bool addr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
    uint64_t x[2], y[2];

    memcpy(x, a, sizeof(x));
    memcpy(y, b, sizeof(y));
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool is_conn(const struct conn *c, const struct tcp_key *k)
{
    return c->lport == k->lport && c->rport == k->rport &&
           addr_eq(&c->path.dst, &k->remote) &&
           addr_eq(&c->path.src, &k->local);
}

/* Pushing what is on the list already changes nothing. */
static inline void list_push(struct conn *c, enum conn_list which)
{
    struct conn_queue *q = &c->tcp->list[which];

    if (c->on & 1u << which)
        return;
    c->on |= (uint8_t)(1u << which);
    c->next[which] = NULL;
    if (!q->head)
        q->head = c;
    else
        *q->tail = c;
    q->tail = &c->next[which];
}

static inline struct conn *list_pop(struct tcp *tcp, enum conn_list which)
{
    struct conn_queue *q = &tcp->list[which];
    struct conn *c = q->head;

    if (c) {
        q->head = c->next[which];
        c->on = (uint8_t)(c->on & ~(1u << which));
    }
    return c;
}

/* It has something to send, or a timer to be looked at. */
static inline void conn_dirty(struct conn *c)
{
    list_push(c, LIST_DIRTY);
}

/* No timer is set but by this.  A millisecond late, so that the wheel, which
 * counts in these, fires at the first look. */
static inline void tcp_set_timer(struct tcp *tcp, struct timer *timer, ns_t at)
{
    wheel_set(&tcp->wheel, timer, at);
    if (at + NS_PER_MS < tcp->due)
        tcp->due = at + NS_PER_MS;
}

/* Ends IN_CALL, which kept it from being freed. */
static inline void conn_let_go(struct conn *c)
{
    c->on = (uint8_t)(c->on & ~IN_CALL);
    if (c->over)
        conn_maybe_free(c);
}

static inline bool rx_pressed(const struct tcp *tcp)
{
    const struct pool *rx = tcp->config.rx_blocks;

    return rx && rx->in_use >= rx->count - rx->count / 8;
}

static inline bool rx_nearly_out(const struct tcp *tcp)
{
    const struct pool *rx = tcp->config.rx_blocks;

    return rx && rx->in_use >= rx->count - rx->count / 16;
}

/* What is left is for those who have nothing queued in that direction. */
static inline bool pieces_pressed(const struct tcp *tcp)
{
    return tcp->pieces.in_use >= tcp->pieces.count - tcp->pieces.count / 8;
}

/* Makes sure that `n` pieces can be taken. */
static inline bool pieces_ready(struct tcp *tcp, unsigned n)
{
    return tcp->nspare >= n || pieces_make_ready(tcp, n);
}

static inline struct piece *piece_take(struct tcp *tcp)
{
    struct piece *p = tcp->spare;

    ASSERT(p);
    tcp->spare = p->next;
    tcp->nspare--;
    return p;
}

/* Drops its reference, too.  A few are kept, for the next segment will want
 * them. */
static inline void piece_drop(struct tcp *tcp, struct piece *p)
{
    buf_drop(p->buf);
    if (tcp->nspare >= PIECES_SPARE / 2) {
        pool_put(&tcp->pieces, p);
        return;
    }
    p->next = tcp->spare;
    tcp->spare = p;
    tcp->nspare++;
}

#endif
