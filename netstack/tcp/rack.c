/* SPDX-License-Identifier: ISC */
/*
 * rack.c - RACK (RFC 8985): what was sent well before something that arrived
 * is lost.  Segments leave in the order of their numbers, so of those sent
 * once, what is lost is all below a number; of retransmissions there is a list.
 */
#include "core_int.h"

/* How early a timer may be to be of use; also the least reordering window. */
enum { GRAIN = 1 * NS_PER_MS >> 10 };

static uint32_t clock_of(ns_t now)
{
    return (uint32_t)(now >> 10);
}

static struct tcp_sent *record(struct rack *k, unsigned i)
{
    return &k->sent[(k->first + i) % TCP_SENT_MAX];
}

/* Two become one, which has the later time: they must reach back to what is
 * under way, however long that is in a queue, or a round trip that grows would
 * not be seen to. */
static void make_room(struct rack *k)
{
    for (unsigned i = 0; i < TCP_SENT_MAX / 2; i++)
        *record(k, i) = *record(k, 2 * i + 1);
    k->nsent = TCP_SENT_MAX / 2;
}

/* SND.NXT has just moved on. */
void rack_sent(struct tcb *t, ns_t now)
{
    struct rack *k = &t->rack;
    uint32_t at = clock_of(now);
    struct tcp_sent *r;

    if (!k->nsent || (at - k->began > t->srtt8 / 128 &&
                      at - k->began > (at - record(k, 0)->at) / 16)) {
        if (k->nsent == TCP_SENT_MAX)
            make_room(k);
        k->nsent++;
        k->began = at;
    }
    r = record(k, k->nsent - 1u);
    r->end = t->snd_nxt;
    r->at = at;
}

static void drop_resent(struct rack *k, unsigned i)
{
    for (k->nresent--; i < k->nresent; i++)
        k->resent[i] = k->resent[i + 1];
}

void rack_resent(struct tcb *t, uint32_t seq, uint32_t end, ns_t now)
{
    struct rack *k = &t->rack;
    struct tcp_resent *r = &k->resent[k->nresent - 1];
    uint32_t at = clock_of(now);

    if (k->nresent && !r->lost && seq_le(r->end, seq) &&
        at - r->at <= t->srtt8 / 128) {
        r->end = end;
        r->at = at;
        return;
    }
    if (k->nresent == TCP_RESENT_MAX)
        drop_resent(k, 0);
    k->began = at - t->srtt8; /* what follows is later: a record of its own */
    k->resent[k->nresent++] = (struct tcp_resent){seq, end, at, false};
}

/* RFC 8985 6.2 step 2: [.., end), sent at `at`, has arrived. */
static void arrived(struct tcb *t, uint32_t end, uint32_t at, uint32_t now)
{
    struct rack *k = &t->rack;
    int32_t later = (int32_t)(at - k->at);

    if (later < 0 || (later == 0 && seq_le(end, k->end)))
        return;
    k->at = at;
    k->end = end;
    k->rtt = now - at;
}

/* Of those sent once.  The record that has `end` - 1 says when. */
static void arrived_once(struct arrival *a, uint32_t end)
{
    struct rack *k = &a->t->rack;
    uint32_t now = clock_of(a->now);

    for (unsigned i = 0; i < k->nsent; i++) {
        struct tcp_sent *r = record(k, i);

        if (seq_le(end, r->end)) {
            arrived(a->t, end, r->at, now);
            a->rtt = (now - r->at) | 1;
            if (!k->min_rtt || a->rtt < k->min_rtt)
                k->min_rtt = a->rtt;
            return;
        }
    }
}

/* Of those sent again: the one or the other may have arrived. */
static RARE void arrived_again(struct arrival *a, uint32_t start, uint32_t end)
{
    struct tcb *t = a->t;
    struct rack *k = &t->rack;
    uint32_t now = clock_of(a->now);

    for (unsigned i = 0; i < k->nresent; i++) {
        const struct tcp_resent *r = &k->resent[i];

        if (!seq_lt(r->start, end) || !seq_lt(start, r->end) || r->lost)
            continue;
        if (now - r->at < k->min_rtt)
            continue;
        if (t->ts_ok && a->s->opts & TCP_OPT_TS &&
            seq_lt(a->s->tsecr,
                   tcp_tsval(t, a->now) - ((now - r->at) >> 10) - 1))
            continue;
        arrived(t, seq_min(end, r->end), r->at, now);
    }
}

/* Numbers [start, end) have arrived, that had not before. */
void rack_arrived(struct arrival *a, uint32_t start, uint32_t end)
{
    struct tcb *t = a->t;
    struct rack *k = &t->rack;
    bool open = t->ca == TCP_CA_OPEN;

    if (open || seq_lt(t->high_rxt, end))
        arrived_once(a, end);
    if (k->nresent)
        arrived_again(a, start, end);
    /* 6.2 step 3: what was sent once came after what was sent later.  Later
     * means with an ACK before: one delayed until a gap reports both. */
    if (!open && seq_lt(start, a->fack) && seq_le(t->high_rxt, start))
        k->reordered = true;
    k->fack = seq_lt(k->fack, end) || open ? end : k->fack;
}

/* Forgets what is below SND.UNA. */
void rack_cut(struct tcb *t)
{
    struct rack *k = &t->rack;

    while (k->nsent && seq_le(record(k, 0)->end, t->snd_una)) {
        k->first = (uint8_t)((k->first + 1) % TCP_SENT_MAX);
        k->nsent--;
    }
    for (unsigned i = k->nresent; i-- != 0;)
        if (seq_le(k->resent[i].end, t->snd_una))
            drop_resent(k, i);
}

/* 6.2 step 4. */
static uint32_t reo_wnd(const struct tcb *t)
{
    const struct rack *k = &t->rack;
    uint32_t wnd = k->min_rtt / 4 * (1u + k->widened), most = t->srtt8 >> 3;

    if (!k->reordered &&
        (t->ca >= TCP_CA_RECOVERY || t->dups >= TCP_DUP_THRESH ||
         (t->board && (t->board->n >= TCP_DUP_THRESH ||
                       seq_set_bytes(t->board, t->snd_una, t->snd_nxt) >
                           (TCP_DUP_THRESH - 1u) * t->mss))))
        return 0;
    if (wnd > most)
        wnd = most;
    return wnd > GRAIN ? wnd : GRAIN;
}

/* Whether what was sent at `at` is lost; else when it will be. */
static bool overdue(struct rack *k, uint32_t at, uint32_t wnd, uint32_t now)
{
    uint32_t age = now - at, due = k->rtt + wnd;

    if (age >= due)
        return true;
    if (due - age > k->wait)
        k->wait = due - age;
    return false;
}

/* 6.2 step 5. */
void rack_detect(struct tcb *t, ns_t time)
{
    struct rack *k = &t->rack;
    uint32_t wnd = reo_wnd(t), now = clock_of(time), from = t->snd_una;

    k->wait = 0;
    for (unsigned i = 0; i < k->nsent; i++) {
        const struct tcp_sent *r = record(k, i);
        uint32_t end = r->end, start = seq_max(from, t->lost_below);

        from = end;
        if ((int32_t)(r->at - k->at) > 0)
            break;
        if (r->at == k->at)
            end = seq_min(end, k->end);
        if (tcp_unsacked(t, start, end) && overdue(k, r->at, wnd, now))
            t->lost_below = end;
    }
    for (unsigned i = 0; i < k->nresent; i++) {
        struct tcp_resent *r = &k->resent[i];

        /* Of those of one moment, nobody knows which was first. */
        if (r->lost || (int32_t)(r->at - k->at) >= 0)
            continue;
        /* A record's number is its last's, so that k->rtt may be too short. */
        if (tcp_unsacked(t, seq_max(r->start, t->snd_una), r->end))
            r->lost = overdue(k, r->at, wnd + t->srtt8 / 128, now);
    }
}

/* Bytes of retransmissions that are lost as well. */
uint32_t rack_lost_again(const struct tcb *t)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < t->rack.nresent; i++) {
        const struct tcp_resent *r = &t->rack.resent[i];

        if (r->lost)
            n += tcp_unsacked(t, seq_max(r->start, t->snd_una), r->end);
    }
    return n;
}

/* The first of them, taken off the list; 0 if there is none. */
uint32_t rack_next_again(struct tcb *t, uint32_t max, uint32_t *seq)
{
    struct rack *k = &t->rack;

    for (unsigned i = 0; i < k->nresent; i++) {
        struct tcp_resent *r = &k->resent[i];
        uint32_t n;

        if (!r->lost)
            continue;
        *seq = seq_max(r->start, t->snd_una);
        n = tcp_hole(t, seq, r->end);
        if (!n) {
            drop_resent(k, i--);
            continue;
        }
        if (n > max)
            n = max;
        r->start = *seq + n;
        if (!seq_lt(r->start, r->end))
            drop_resent(k, i);
        return n;
    }
    return 0;
}

/* The peer got something twice: 6.2 step 4, at most one step a round trip. */
void rack_on_dsack(struct tcb *t)
{
    struct rack *k = &t->rack;

    if (seq_lt(t->snd_una, k->dsack_end))
        return;
    k->dsack_end = t->snd_nxt;
    if (k->widened < UINT8_MAX)
        k->widened++;
    k->persist = RACK_PERSIST;
}

void rack_recovered(struct tcb *t)
{
    struct rack *k = &t->rack;

    k->nresent = 0;
    k->wait = 0;
    if (k->persist && --k->persist == 0)
        k->widened = 0;
}
