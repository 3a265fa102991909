/* SPDX-License-Identifier: ISC */
/*
 * tlp.c - the tail loss probe (RFC 8985 7): when the last of a flight is not
 * acknowledged, one more segment asks for news long before the timeout.
 */
#include "core_int.h"

/* For a peer that is slow to answer just once; the same for all paths. */
#define TLP_SLACK (10 * NS_PER_MS)

/* How long to wait; NS_NEVER when none is to be sent. */
ns_t tlp_wait(const struct tcb *t)
{
    ns_t wait;

    if (t->ca != TCP_CA_OPEN || !t->sack_ok || !t->srtt8 ||
        t->state < TCP_ESTABLISHED || t->snd_una == t->snd_nxt ||
        t->rack.tlp_out || t->backoff || t->probing)
        return NS_NEVER;
    wait = ((ns_t)t->srtt8 << 10 >> 2) + TLP_SLACK;
    if (tcp_flight(t) <= t->mss) /* it may wait for a delayed ACK */
        wait += TCP_RTO_SLACK;
    return wait;
}

void tlp_sent(struct tcb *t, bool again)
{
    t->rack.tlp_due = false;
    t->rack.tlp_out = true;
    t->rack.tlp_rtx = again;
    t->rack.tlp_end = t->snd_nxt;
}

/* 7.4.2: an ACK while a probe is out. */
void tlp_on_ack(struct arrival *a, uint32_t ack)
{
    struct tcb *t = a->t;
    struct rack *k = &t->rack;

    if (seq_lt(ack, k->tlp_end))
        return;
    if (!k->tlp_rtx || a->dsack) {
        k->tlp_out = false; /* new data, or nothing was missing */
    } else if (seq_lt(k->tlp_end, ack)) {
        k->tlp_out = false; /* it repaired a loss, which counts as one */
        if (t->ca == TCP_CA_OPEN) {
            cc_on_loss(&t->cc, t->mss, t->sent_flight);
            t->cc.saved = false;
        }
    } else if (ack == t->snd_una && !a->s->nsack && !a->s->len) {
        k->tlp_out = false; /* both came */
    }
}
