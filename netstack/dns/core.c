/* SPDX-License-Identifier: ISC */
/*
 * core.c - see core.h.
 *
 * A truncated answer is used when it holds addresses, for any of a set is
 * good; when it holds none it counts as a failure, and the next server is
 * asked.  (There is no retry over TCP yet.)
 */
#include "core.h"

void dns_ask(struct dns_question *q, const struct dns_name *name,
             const uint16_t ids[2], const uint16_t ports[2], ns_t now)
{
    static const uint16_t types[2] = {DNS_AAAA, DNS_A};

    *q = (struct dns_question){
        .name = *name, .started = now, .deadline = now + DNS_NO_SERVER_NS};
    for (unsigned i = 0; i < 2; i++)
        q->half[i] = (struct dns_half){
            .type = types[i], .id = ids[i], .port = ports[i], .send = true};
}

bool dns_next(struct dns_question *q, unsigned nservers, ns_t now,
              unsigned *half, unsigned *server)
{
    for (unsigned i = 0; nservers > 0 && i < 2; i++) {
        struct dns_half *h = &q->half[i];

        if (!h->send || h->state != DNS_WAITING)
            continue;
        h->send = false;
        if (!q->asked)
            q->deadline = now + DNS_TRY_NS;
        q->asked = true;
        *half = i;
        *server = h->at % nservers;
        return true;
    }
    return false;
}

void dns_unsent(struct dns_question *q, unsigned half)
{
    q->half[half].send = true;
}

/* One family has its addresses; the other need not be waited for long. */
static void hurry(struct dns_question *q, ns_t now)
{
    if (now + DNS_SECOND_NS < q->deadline)
        q->deadline = now + DNS_SECOND_NS;
}

static void fail(struct dns_half *h)
{
    h->state = DNS_FAILED;
    h->send = false;
}

/* The next server, at once; when all have failed so far, that is it. */
static void next_server(struct dns_half *h, unsigned nservers)
{
    h->at++;
    if (h->at >= nservers * DNS_ROUNDS)
        fail(h);
    else
        h->send = true;
}

void dns_on_time(struct dns_question *q, unsigned nservers, ns_t now)
{
    bool have = q->half[0].answer.n || q->half[1].answer.n;
    unsigned round;

    if (now < q->deadline)
        return;
    q->tries++;
    for (unsigned i = 0; i < 2; i++) {
        struct dns_half *h = &q->half[i];

        if (h->state != DNS_WAITING)
            continue;
        if (have || nservers == 0)
            fail(h);
        else
            next_server(h, nservers);
    }
    round = nservers ? q->tries / nservers : 0;
    q->deadline =
        now + (DNS_TRY_NS << (round < DNS_ROUNDS ? round : DNS_ROUNDS));
}

bool dns_on_message(struct dns_question *q, unsigned half, struct span msg,
                    unsigned nservers, ns_t now)
{
    struct dns_half *h = &q->half[half];
    struct dns_answer a;

    if (h->state != DNS_WAITING || !q->asked ||
        !dns_answer_parse(&a, msg, h->id, &q->name, h->type))
        return false;
    if ((a.rcode != DNS_OK && a.rcode != DNS_NXDOMAIN) ||
        (a.truncated && a.n == 0)) {
        h->refused = true;
        next_server(h, nservers); /* this one cannot; another may */
        return true;
    }
    h->state = DNS_ANSWERED;
    h->send = false;
    h->answer = a;
    if (a.n > 0)
        hurry(q, now);
    return true;
}

bool dns_done(const struct dns_question *q, enum err *err,
              struct dns_answer *all)
{
    bool failed = false, refused = false;

    *all = (struct dns_answer){.ttl_s = UINT32_MAX};
    for (unsigned i = 0; i < 2; i++) {
        const struct dns_half *h = &q->half[i];

        if (h->state == DNS_WAITING)
            return false;
        failed |= h->state == DNS_FAILED;
        refused |= h->refused;
        for (unsigned k = 0; k < h->answer.n && all->n < DNS_ADDRS_MAX; k++)
            all->addr[all->n++] = h->answer.addr[k];
        if (h->answer.ttl_s < all->ttl_s)
            all->ttl_s = h->answer.ttl_s;
    }
    *err = all->n ? OK : !failed ? E_NOENT : refused ? E_REFUSED : E_TIMEOUT;
    return true;
}
