/* SPDX-License-Identifier: ISC */
/* Names under .local: RFC 6762 3 and 5.1, both families. */
#include "../lib/suite.h"
#include "dns_rig.h"

#include <wire/udp.h>

static const struct ipaddr group6 = {{0xff, 2, [15] = 0xfb}};
static struct ipaddr peer6, us6;

/* 10.0.0.2 and a link-local address; the responder has its name. */
static void open_local(struct rig *r)
{
    struct ipaddr peer = ip4_addr(PEER4);

    open_with(r, 1);
    r->net->config.hostname = "box";
    r->net->mdns.core.host = "box";
    r->net->mdns.on = true;
    mdns_add(r->net, r->net->nif);
    rig_wait(r, 5 * NS_PER_SEC); /* it probes, and announces */
    rig_forget(r);
    peer6 = rig_addr("fe80::1");
    us6 = rig_link_local(r);
    rig_meet(r, &peer, PEER_MAC);
    rig_meet(r, &peer6, PEER_MAC);
}

/* The next question to a group, by that family. */
static bool next_local(struct rig *r, bool v4, struct asked *q)
{
    size_t l4 = v4 ? 34 : 54;
    const struct rig_frame *f;

    while ((f = rig_next(r))) {
        if (be16(f->b + 12) != (v4 ? ETH_IP4 : ETH_IP6) || f->n < l4 + 20 ||
            f->b[v4 ? 23 : 20] != IPPROTO_UDP_ ||
            be16(f->b + l4 + 2) != MDNS_PORT)
            continue;
        ck_assert(frame_is_sound(f));
        if (v4)
            ck_assert_uint_eq(be32(f->b + 30), IP(224, 0, 0, 251));
        else
            ck_assert_mem_eq(f->b + 38, group6.b, 16);
        ck_assert_uint_eq(f->b[v4 ? 22 : 21], 255);
        q->port = be16(f->b + l4);
        q->n = f->n - l4 - UDP_BYTES;
        memcpy(q->msg, f->b + l4 + UDP_BYTES, q->n);
        q->id = be16(q->msg);
        q->type = be16(q->msg + q->n - 4);
        ck_assert_uint_ne(q->port, MDNS_PORT);
        ck_assert_uint_eq(be16(q->msg + 2), 0); /* a query, no recursion */
        ck_assert_uint_eq(be16(q->msg + 4), 1); /* one question... */
        ck_assert_uint_eq(be64(q->msg + 4) & 0xffffffff, 0); /* ...alone */
        return true;
    }
    return false;
}

struct who {
    bool v4;
    uint16_t port;
    struct ipaddr from;
};

/* One record in answer to `q`; flags of the header as given. */
static void answer_local(struct rig *r, const struct asked *q,
                         const struct who *w, uint16_t flags)
{
    uint16_t len = q->type == DNS_A ? 4 : 16;
    uint8_t m[512];
    size_t at = q->n;

    memcpy(m, q->msg, q->n);
    put_be16(m + 2, flags);
    put_be16(m + 6, 1);
    put_be16(m + at, 0xc00c);
    put_be16(m + at + 2, q->type);
    put_be16(m + at + 4, 1);
    put_be32(m + at + 6, 10);
    put_be16(m + at + 10, len);
    memset(m + at + 12, 0, len);
    put_be32(m + at + 12, q->type == DNS_A ? PEER4 : 0x20010db8);
    at += 12u + len;
    o.n = 0;
    if (w->v4)
        put_udp4(&o, ip4_of(&w->from), w->port, OUR4, q->port, m, at);
    else
        put_udp6(&o, &w->from, w->port, &us6, q->port, m, at);
    rig_in(r, &o);
}

static struct who neighbour(bool v4)
{
    return (struct who){v4, MDNS_PORT, v4 ? ip4_addr(PEER4) : peer6};
}

static void ask_local(struct rig *r, bool v4, struct asked q[2])
{
    ck_assert_int_eq(dns_resolve(r->net, "Tin.local", on_answer, NULL), OK);
    rig_turn(r);
    ck_assert(next_local(r, v4, &q[0]) && next_local(r, v4, &q[1]));
    ck_assert_mem_eq(q[0].msg + 12, "\3Tin\5local", 11); /* as it was typed */
}

/* Both questions go out by both families, and answers by either are taken. */
START_TEST(test_local_names_are_asked_for_in_the_group)
{
    struct who w;
    struct asked q[2], other;
    bool v4 = _i;
    struct rig r;

    open_local(&r);
    w = neighbour(v4);
    ask_local(&r, v4, q);
    answer_local(&r, &q[1], &w, 0x8400);
    ck_assert_uint_eq(got.calls, 0); /* half a second for the other one */
    answer_local(&r, &q[0], &w, 0x8400);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, OK);
    ck_assert_uint_eq(got.n, 2);
    /* It is remembered. */
    ck_assert_int_eq(dns_resolve(r.net, "tin.LOCAL.", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert_uint_eq(got.calls, 2);
    ck_assert(!next_local(&r, v4, &other));
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

START_TEST(test_local_questions_use_both_families)
{
    struct asked q;
    struct rig r;

    for (unsigned v4 = 0; v4 < 2; v4++) {
        open_local(&r);
        ck_assert_int_eq(dns_resolve(r.net, "tin.local", on_answer, NULL), OK);
        rig_turn(&r);
        ck_assert(next_local(&r, v4, &q) && next_local(&r, v4, &q));
        dns_cancel(r.net, NULL);
        rig_forget(&r);
        rig_close(&r);
    }
}
END_TEST

/* Whoever is not on the link, does not speak from the port of mDNS, does not
 * know the question, or says that there is an error, has said nothing. */
START_TEST(test_answers_that_are_not_believed)
{
    struct who far, high, w;
    struct asked q[2], bent;
    bool v4 = _i;
    uint64_t before;
    struct rig r;

    open_local(&r);
    far = high = w = neighbour(v4);
    far.from = v4 ? ip4_addr(IP(192, 0, 2, 7)) : rig_addr("2001:db8::7");
    high.port = 5354;
    ask_local(&r, v4, q);
    before = drops(&r, dns);
    answer_local(&r, &q[1], &far, 0x8400);
    answer_local(&r, &q[1], &high, 0x8400);
    answer_local(&r, &q[1], &w, 0x8403); /* 18.11 */
    answer_local(&r, &q[1], &w, 0x0400); /* a query */
    bent = q[1];
    bent.msg[1] ^= 1;
    answer_local(&r, &bent, &w, 0x8400);
    bent = q[1];
    bent.msg[13] ^= 1;
    answer_local(&r, &bent, &w, 0x8400);
    ck_assert_uint_eq(drops(&r, dns), before + 6);
    for (size_t n = 0; n < 12; n++) { /* cut short */
        o.n = 0;
        if (v4)
            put_udp4(&o, PEER4, MDNS_PORT, OUR4, q[1].port, q[1].msg, n);
        else
            put_udp6(&o, &peer6, MDNS_PORT, &us6, q[1].port, q[1].msg, n);
        rig_in(&r, &o);
    }
    ck_assert_uint_eq(got.calls, 0);
    answer_local(&r, &q[1], &w, 0x8600); /* truncated: all there is */
    rig_wait(&r, NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_uint_eq(got.n, 1);
    ck_assert_uint_eq(r.net->count.dns_queries__tcp, 0);
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

/* Asked three times, then there is none; no server has been silent. */
START_TEST(test_silence_means_that_there_is_no_such_name)
{
    struct asked q[2], server;
    unsigned n = 2;
    struct rig r;

    open_local(&r);
    ask_local(&r, true, q);
    for (unsigned i = 0; i < 100 && got.calls == 0; i++) {
        rig_wait(&r, 100 * NS_PER_MS);
        while (next_local(&r, true, &q[0]))
            n++;
    }
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, E_NOENT);
    ck_assert_uint_eq(n, 2 * DNS_ROUNDS);
    ck_assert_uint_eq(r.net->count.dns_timeouts, 0);
    ck_assert(!next_question(&r, &server));
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

/* Without multicast DNS there are none, and no server hears of it; also when
 * the search list makes such a name. */
START_TEST(test_local_names_are_never_asked_of_servers)
{
    struct asked q;
    struct rig r;

    open_with(&r, 1);
    ck_assert_int_eq(dns_resolve(r.net, "tin.local", on_answer, NULL), OK);
    ck_assert(dns_search_static(r.net, 0, SPAN("local")));
    ck_assert_int_eq(dns_resolve(r.net, "a.b.local.", on_answer, NULL), OK);
    ck_assert_int_eq(
        dns_lookup(r.net, "x.local", DNS_TYPE_SRV, on_records, NULL), OK);
    rig_turn(&r);
    ck_assert_uint_eq(got.calls, 2);
    ck_assert_int_eq(got.err, E_NOENT);
    ck_assert_uint_eq(records.calls, 1);
    ck_assert_int_eq(records.err, E_NOENT);
    ck_assert(!next_question(&r, &q));
    ck_assert_int_eq(dns_resolve(r.net, "tin", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q)); /* "tin" alone, after "tin.local" */
    ck_assert_mem_eq(q.msg + 16, "\0", 1);
    dns_cancel(r.net, NULL);
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

/* Before there is a link it waits; and the bound of questions is the same. */
START_TEST(test_local_question_waits_for_a_link)
{
    struct asked q;
    struct rig r;

    open_local(&r);
    r.dev.link_up = false;
    rig_wait(&r, NS_PER_SEC);
    rig_forget(&r);
    for (unsigned i = 0; i < DNS_QUESTIONS_MAX; i++)
        ck_assert_int_eq(dns_resolve(r.net, "tin.local", on_answer, NULL), OK);
    ck_assert_int_eq(dns_resolve(r.net, "tin.local", on_answer, NULL), E_FULL);
    rig_turn(&r);
    ck_assert(!next_local(&r, true, &q));
    r.dev.link_up = true;
    rig_wait(&r, NS_PER_SEC);
    ck_assert(next_local(&r, true, &q));
    rig_wait(&r, 30 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, DNS_QUESTIONS_MAX);
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

RUN_CASES("dns local", LOOP(test_local_names_are_asked_for_in_the_group, 0, 2),
          LOOP(test_answers_that_are_not_believed, 0, 2),
          TEST(test_local_questions_use_both_families),
          TEST(test_silence_means_that_there_is_no_such_name),
          TEST(test_local_names_are_never_asked_of_servers),
          TEST(test_local_question_waits_for_a_link))
