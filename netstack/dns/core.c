/* SPDX-License-Identifier: ISC */
/*
 * core.c - see core.h.
 *
 * A server that answers with the case of our letters changed may be a forger
 * who could not see them.  One that has kept the case before is not believed
 * then, and the next try goes by TCP; of any other we ask at once by TCP, and
 * without this protection when it has none.
 */
#include "core.h"

static bool waits(const struct dns_half *h)
{
    return h->state == DNS_BY_UDP || h->state == DNS_BY_TCP;
}

void dns_ask(struct dns_question *q, const struct dns_name *name,
             const uint16_t type[2], ns_t now)
{
    q->name = *name;
    q->asked = false;
    q->n = type[1] ? 2 : 1;
    for (unsigned i = 0; i < 2; i++) {
        struct dns_half *h = &q->half[i];

        memset(h, 0, offsetof(struct dns_half, answer));
        h->answer = (struct dns_answer){.ttl_s = UINT32_MAX};
        h->type = type[i];
        h->send = true;
        h->deadline = now + DNS_NO_SERVER_NS;
        h->state = i < q->n ? DNS_BY_UDP : DNS_ANSWERED;
    }
}

static void answered(struct dns_half *h)
{
    h->state = DNS_ANSWERED;
    h->send = false;
}

void dns_known(struct dns_question *q, unsigned half,
               const struct dns_answer *a)
{
    q->half[half].answer = *a;
    answered(&q->half[half]);
}

static bool silent(const struct dns_server *a, ns_t now)
{
    return now < a->silent_until;
}

/* In the first round the server at `h->server` or behind it that is not known
 * to be silent; when all are, or later, the one there. */
static void choose(struct dns_half *h, const struct dns_server *a, unsigned n,
                   ns_t now)
{
    h->server = (uint8_t)(h->server % n);
    for (unsigned i = 0; h->tries < n && i < n; i++) {
        unsigned at = (h->server + i) % n;

        if (!silent(&a[at], now)) {
            h->server = (uint8_t)at;
            break;
        }
    }
}

/* One second for each server, then two, then four. */
static ns_t patience(const struct dns_half *h, unsigned n)
{
    unsigned round = h->tries / n;

    return DNS_TRY_NS << (round < DNS_ROUNDS ? round : DNS_ROUNDS);
}

bool dns_next(struct dns_question *q, const struct dns_server *a, unsigned n,
              ns_t now, unsigned *half)
{
    for (unsigned i = 0; n > 0 && i < q->n; i++) {
        struct dns_half *h = &q->half[i];

        if (!h->send || !waits(h))
            continue;
        h->send = false;
        if (h->state == DNS_BY_UDP)
            choose(h, a, n, now);
        /* Whoever drops what has an OPT record is asked without it at last. */
        h->edns = !h->flat && !a[h->server].no_edns &&
                  h->tries < n * (DNS_ROUNDS - 1);
        if (h->state == DNS_BY_UDP)
            h->deadline = now + patience(h, n);
        q->asked = true;
        *half = i;
        return true;
    }
    return false;
}

unsigned dns_make(struct dns_question *q, unsigned half,
                  const struct dns_server *a, uint16_t id, uint16_t port,
                  const uint8_t bits[32], uint8_t out[DNS_QUERY_MAX])
{
    struct dns_half *h = &q->half[half];
    struct dns_name name = q->name;

    h->id = id;
    h->port = port;
    h->plain = a[h->server].no_case;
    if (h->plain)
        memset(h->bits, 0, sizeof(h->bits));
    else
        memcpy(h->bits, bits, sizeof(h->bits));
    dns_name_mix(&name, h->bits);
    return dns_query_emit(out, id, &name, h->type, h->edns);
}

void dns_unsent(struct dns_question *q, unsigned half)
{
    q->half[half].send = true;
}

static void fail(struct dns_half *h)
{
    h->state = h->answer.n ? DNS_ANSWERED : DNS_FAILED;
    h->send = false;
}

/* The next server, at once; when all have failed so far, that is it. */
static void next_server(struct dns_half *h, unsigned n)
{
    h->server++;
    h->tries++;
    h->answer.truncated = false;
    h->state = DNS_BY_UDP;
    h->send = true;
    if (h->tries >= n * DNS_ROUNDS)
        fail(h);
}

static void by_tcp(struct dns_half *h, ns_t now)
{
    h->state = DNS_BY_TCP;
    h->send = true;
    h->deadline = now + DNS_TCP_NS;
}

ns_t dns_deadline(const struct dns_question *q)
{
    ns_t due = NS_NEVER;

    for (unsigned i = 0; i < q->n; i++)
        if (waits(&q->half[i]) && q->half[i].deadline < due)
            due = q->half[i].deadline;
    return due;
}

static void timed_out(struct dns_half *h, struct dns_server *a, unsigned n,
                      ns_t now)
{
    struct dns_server *asked = &a[h->server % n];

    if (++asked->unanswered >= DNS_SILENT_TRIES) {
        asked->unanswered = DNS_SILENT_TRIES;
        asked->silent_until = now + DNS_SILENT_NS;
    }
    if (!h->wrong_case) {
        next_server(h, n);
        return;
    }
    h->wrong_case = false; /* only a forger answered */
    h->tries++;
    by_tcp(h, now);
}

static bool other_has_records(const struct dns_question *q, unsigned half)
{
    return q->n == 2 && q->half[!half].state == DNS_ANSWERED &&
           q->half[!half].answer.n > 0;
}

void dns_on_time(struct dns_question *q, struct dns_server *a, unsigned n,
                 ns_t now)
{
    for (unsigned i = 0; i < q->n; i++) {
        struct dns_half *h = &q->half[i];

        if (!waits(h) || now < h->deadline)
            continue;
        if (n == 0 || !q->asked || (!q->patient && other_has_records(q, i)))
            fail(h);
        else if (h->state == DNS_BY_TCP)
            dns_on_tcp_failed(q, i, a, n, now);
        else
            timed_out(h, a, n, now);
    }
}

/* One family has its addresses; the other need not be waited for long. */
static void hurry(struct dns_question *q, unsigned half, ns_t now)
{
    struct dns_half *other = &q->half[!half];

    if (!q->patient && q->n == 2 && waits(other) &&
        now + DNS_SECOND_NS < other->deadline)
        other->deadline = now + DNS_SECOND_NS;
}

static enum dns_heard other_case(struct dns_half *h, const struct dns_server *a,
                                 ns_t now)
{
    if (a->keeps_case)
        h->wrong_case = true; /* and what came is not looked at */
    else
        by_tcp(h, now);
    return DNS_OTHER_CASE;
}

/* What the server's answer says about the server. */
static void learn(const struct dns_half *h, struct dns_server *a, bool cased,
                  unsigned letters)
{
    a->unanswered = 0;
    a->silent_until = 0;
    if (!cased)
        a->no_case = true; /* over TCP, where nobody forges */
    else if (!h->plain && letters >= DNS_LETTERS_MIN)
        a->keeps_case = true;
}

/* True: it is no answer, and another try is on its way. */
static bool cannot(struct dns_half *h, const struct dns_answer *answer,
                   struct dns_server *a, unsigned n)
{
    uint8_t rcode = answer->rcode;

    if (rcode == DNS_OK || rcode == DNS_NXDOMAIN)
        return false;
    if (h->edns && (rcode == DNS_FORMERR || rcode == DNS_NOTIMP ||
                    rcode & DNS_BADVERS)) { /* RFC 6891 6.2.2, 7 */
        a->no_edns = true;
        h->flat = true;
        h->state = DNS_BY_UDP;
        h->send = true;
        return true;
    }
    h->refused = true;
    next_server(h, n); /* this one cannot; another may */
    return true;
}

enum dns_heard dns_on_message(struct dns_question *q, unsigned half,
                              struct span msg, struct dns_server *all,
                              unsigned n, ns_t now)
{
    struct dns_half *h = &q->half[half];
    struct dns_server *a = &all[h->server % n];
    bool tcp = h->state == DNS_BY_TCP;
    struct dns_name sent = q->name;
    struct dns_answer answer;
    unsigned letters = dns_name_mix(&sent, h->bits);

    if (!waits(h) || h->send || !q->asked ||
        !dns_answer_parse(&answer, msg, h->id, &sent, h->type))
        return DNS_NOT_OURS;
    if (!answer.cased && !h->plain && !tcp)
        return other_case(h, a, now);
    learn(h, a, answer.cased, letters);
    if (cannot(h, &answer, a, n))
        return DNS_HEARD;
    h->answer = answer;
    if (answer.truncated && !tcp && !a->is_group) {
        by_tcp(h, now); /* what came is kept in case that fails */
        return DNS_HEARD;
    }
    answered(h);
    if (answer.n > 0)
        hurry(q, half, now);
    return DNS_HEARD;
}

void dns_on_tcp_failed(struct dns_question *q, unsigned half,
                       struct dns_server *all, unsigned n, ns_t now)
{
    struct dns_half *h = &q->half[half];

    if (h->state != DNS_BY_TCP)
        return;
    if (h->answer.n > 0) { /* any of a set is good */
        answered(h);
        hurry(q, half, now);
    } else if (n == 0) {
        fail(h);
    } else if (h->answer.truncated || h->plain ||
               all[h->server % n].keeps_case) {
        h->refused = true;
        next_server(h, n);
    } else {
        all[h->server % n].no_case = true;
        h->state = DNS_BY_UDP;
        h->send = true;
    }
}

bool dns_done(const struct dns_question *q, enum err *err)
{
    bool failed = false, refused = false, found = false;

    for (unsigned i = 0; i < q->n; i++) {
        const struct dns_half *h = &q->half[i];

        if (waits(h))
            return false;
        failed |= h->state == DNS_FAILED;
        refused |= h->refused;
        found |= h->answer.n > 0;
    }
    *err = found ? OK : !failed ? E_NOENT : refused ? E_REFUSED : E_TIMEOUT;
    return true;
}
