/* SPDX-License-Identifier: ISC */
/* The responder for multicast DNS; numbers are sections of RFC 6762. */
#include "../lib/suite.h"
#include "pair.h"

#include <mdns/core.h>

#define GROUP4 IP(224, 0, 0, 251)
#define MS     NS_PER_MS

static struct out o;
static struct rig r;

/* A message that was sent, IPv4 unless it says otherwise. */
struct said {
    bool v4, multicast;
    uint16_t port; /* to */
    struct span msg;
};

static bool next_said(struct said *s)
{
    const struct rig_frame *f;

    while ((f = rig_next(&r))) {
        unsigned l4 = be16(f->b + 12) == ETH_IP4 ? 34 : 54;

        s->v4 = l4 == 34;
        if (f->b[s->v4 ? 23 : 20] != IPPROTO_UDP_ ||
            be16(f->b + l4) != MDNS_PORT)
            continue;
        ck_assert(frame_is_sound(f));
        ck_assert_uint_eq(f->b[s->v4 ? 22 : 21], 255); /* 11 */
        s->multicast = f->b[0] & 1;
        s->port = be16(f->b + l4 + 2);
        s->msg = (struct span){f->b + l4 + 8, f->n - l4 - 8};
        return true;
    }
    return false;
}

/* The same of IPv4 alone. */
static bool next4(struct said *s)
{
    while (next_said(s))
        if (s->v4)
            return true;
    return false;
}

/* Records of one type in a section (0: answers, 1: authority, 2: others). */
static unsigned count(const struct said *s, unsigned section, uint16_t type,
                      struct dns_rr *last)
{
    size_t at = DNS_HDR_BYTES;
    unsigned n = 0;
    struct dns_name name;
    struct dns_rr rr;

    for (unsigned i = be16(s->msg.p + 4); i > 0; i--) {
        ck_assert(dns_name_read(&name, s->msg, &at));
        at += 4;
    }
    for (unsigned k = 0; k < 3; k++)
        for (unsigned i = be16(s->msg.p + 6 + 2 * k); i > 0; i--) {
            ck_assert(dns_rr_read(&rr, s->msg, &at));
            if (k != section || rr.type != type)
                continue;
            n++;
            if (last)
                *last = rr;
        }
    ck_assert_uint_eq(at, s->msg.n);
    return n;
}

static bool owned_by(const struct dns_rr *rr, const char *text)
{
    struct dns_name name;

    ck_assert(dns_name_from(&name, span_of(text)));
    return dns_name_eq(&rr->owner, &name);
}

/* A message being written by the test. */
static uint8_t m[4096];
static struct dns_out w;

static void begin(uint16_t flags)
{
    memset(m, 0, DNS_HDR_BYTES);
    put_be16(m + 2, flags);
    w = (struct dns_out){.p = m, .n = DNS_HDR_BYTES, .max = sizeof(m)};
}

static void put_name(const char *text)
{
    struct dns_name name;

    ck_assert(dns_name_from(&name, span_of(text)));
    dns_put_name(&w, &name);
}

static void question(const char *name, uint16_t type, bool unicast)
{
    put_name(name);
    dns_put16(&w, type);
    dns_put16(&w, unicast ? 0x8001 : 1);
    put_be16(m + 4, (uint16_t)(be16(m + 4) + 1));
}

static void record(unsigned section, const char *name, uint16_t type,
                   uint32_t ttl, const void *data, size_t n)
{
    uint8_t *counter = m + 6 + 2 * section;

    put_name(name);
    dns_put16(&w, type);
    dns_put16(&w, 1);
    dns_put32(&w, ttl);
    dns_put16(&w, (uint16_t)n);
    dns_put(&w, data, n);
    put_be16(counter, (uint16_t)(be16(counter) + 1));
}

static void record4(unsigned section, const char *name, uint32_t ttl,
                    uint32_t addr)
{
    uint8_t b[4];

    put_be32(b, addr);
    record(section, name, DNS_A, ttl, b, 4);
}

static void in_from(uint32_t src, uint16_t port, uint32_t dst)
{
    o.n = 0;
    put_udp4(&o, src, port, dst, MDNS_PORT, m, w.n);
    if (dst == GROUP4)
        memcpy(o.b, "\x01\x00\x5e\x00\x00\xfb", 6);
    rig_in(&r, &o);
}

static void in(void)
{
    in_from(PEER4, MDNS_PORT, GROUP4);
}

static void ask(const char *name, uint16_t type)
{
    begin(0);
    question(name, type, false);
    in();
}

static void open_raw(void)
{
    struct ipaddr peer = ip4_addr(PEER4);

    rig_open(&r, NULL);
    rig_meet(&r, &peer, PEER_MAC);
    r.net->mdns.on = true;
    mdns_add(r.net, &r.net->nif[0]);
    net_wake_at(r.net, r.now);
}

/* Known by its name, and nothing said for a while. */
static void open_known(void)
{
    struct ipaddr peer = ip4_addr(PEER4);

    open_raw();
    ck_assert_int_eq(mdns_publish(r.net, "_http._tcp", 80, SPAN("\6path=/")),
                     OK);
    rig_wait(&r, 40 * NS_PER_SEC);
    rig_meet(&r, &peer, PEER_MAC);
    rig_forget(&r);
}

START_TEST(test_8_1_three_probes_then_two_announcements)
{
    struct said s;
    struct dns_rr rr;
    unsigned probes = 0, announced = 0;
    struct net_note note;
    bool said = false;

    open_raw();
    rig_wait(&r, 240 * MS); /* at random within */
    rig_wait(&r, 10 * NS_PER_SEC);
    while (next_said(&s)) {
        ck_assert(s.multicast && s.port == MDNS_PORT);
        if (be16(s.msg.p + 2) == 0) {
            ck_assert_uint_lt(announced, 2);
            ck_assert_uint_eq(be16(s.msg.p + 4), 1);
            ck_assert_uint_eq(count(&s, 1, DNS_A, &rr), 1);
            ck_assert(owned_by(&rr, "rig.local"));
            ck_assert_uint_eq(rr.class_, 1);
            probes += s.v4;
        } else {
            ck_assert_uint_eq(be16(s.msg.p + 2), 0x8400);
            ck_assert_uint_eq(count(&s, 0, DNS_A, &rr), 1);
            ck_assert_uint_eq(rr.class_, 0x8001); /* 10.2 */
            ck_assert_uint_eq(rr.ttl, 120);
            ck_assert_uint_eq(count(&s, 0, DNS_AAAA, NULL), 1);
            ck_assert_uint_eq(count(&s, 0, DNS_PTR, NULL), 2);
            announced += s.v4;
        }
    }
    ck_assert_uint_eq(probes, 3);
    ck_assert_uint_eq(announced, 2);
    while (net_note(r.net, &note))
        if (note.kind == NET_NAME)
            said = strcmp(note.origin, "rig.local") == 0;
    ck_assert(said);
    rig_close(&r);
}
END_TEST

START_TEST(test_it_answers_for_its_name)
{
    struct said s;
    struct dns_rr rr;

    open_known();
    ask("RIG.local", DNS_A);
    ck_assert(next4(&s) && s.multicast);
    ck_assert_uint_eq(count(&s, 0, DNS_A, &rr), 1);
    ck_assert_uint_eq(be32(s.msg.p + rr.data), OUR4);
    ck_assert_uint_eq(rr.class_, 0x8001);
    ck_assert_uint_eq(count(&s, 2, DNS_AAAA, NULL), 1);
    ask("2.0.0.10.in-addr.arpa", DNS_PTR);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_PTR, &rr), 1);
    ask("other.local", DNS_A);
    ask("rig.example", DNS_A);
    ask("rig", DNS_A);
    rig_wait(&r, NS_PER_SEC);
    ck_assert(!next_said(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_6_not_again_within_a_second)
{
    struct said s;

    open_known();
    ask("rig.local", DNS_A);
    ck_assert(next4(&s));
    for (unsigned i = 0; i < 9; i++) {
        rig_wait(&r, 100 * MS);
        ask("rig.local", DNS_A);
        ck_assert(!next4(&s));
    }
    rig_wait(&r, 100 * MS);
    ask("rig.local", DNS_A);
    ck_assert(next4(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_6_1_there_is_nothing_else)
{
    struct said s;
    struct dns_rr rr;
    static const uint8_t map[] = {0, 4, 0x40, 0, 0, 8};

    open_known();
    ask("rig.local", DNS_MX);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_NSEC, &rr), 1);
    ck_assert(owned_by(&rr, "rig.local"));
    ck_assert(memcmp(s.msg.p + rr.data + rr.n - 6, map, 6) == 0);
    ask("rig._http._tcp.local", DNS_A);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_NSEC, &rr), 1);
    ck_assert_uint_eq(s.msg.p[rr.data + rr.n - 1], 0x40); /* SRV */
    rig_close(&r);
}
END_TEST

START_TEST(test_7_1_known_answers_are_not_repeated)
{
    struct said s;

    open_known();
    begin(0);
    question("rig.local", DNS_A, false);
    record4(0, "rig.local", 60, OUR4);
    in();
    ck_assert(!next4(&s));
    begin(0); /* less than half of its time is left */
    question("rig.local", DNS_A, false);
    record4(0, "rig.local", 59, OUR4);
    in();
    ck_assert(next4(&s));
    rig_wait(&r, NS_PER_SEC);
    begin(0); /* another address */
    question("rig.local", DNS_A, false);
    record4(0, "rig.local", 120, OTHER4);
    in();
    ck_assert(next4(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_7_2_more_known_answers_follow)
{
    struct said s;

    open_known();
    begin(0x0200);
    question("rig.local", DNS_A, false);
    in();
    rig_wait(&r, 300 * MS);
    ck_assert(!next4(&s));
    begin(0);
    record4(0, "rig.local", 120, OUR4);
    in();
    rig_wait(&r, NS_PER_SEC);
    ck_assert(!next4(&s) || count(&s, 0, DNS_A, NULL) == 0);
    begin(0x0200);
    question("rig.local", DNS_A, false);
    in();
    rig_wait(&r, 510 * MS);
    ck_assert(next4(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_5_4_unicast_answer)
{
    struct said s;

    open_known();
    begin(0);
    question("rig.local", DNS_A, true);
    in();
    ck_assert(next4(&s)); /* nobody has heard it for long: both */
    ck_assert(next4(&s));
    rig_forget(&r);
    in();
    ck_assert(next4(&s));
    ck_assert(!s.multicast && s.port == MDNS_PORT);
    ck_assert_uint_eq(be16(s.msg.p + 4), 0);
    ck_assert_uint_eq(count(&s, 0, DNS_A, NULL), 1);
    ck_assert(!next4(&s));
    begin(0); /* 5.5: asked for by unicast */
    question("rig.local", DNS_A, false);
    in_from(PEER4, MDNS_PORT, OUR4);
    ck_assert(next4(&s) && !s.multicast);
    rig_close(&r);
}
END_TEST

START_TEST(test_6_7_plain_dns)
{
    struct said s;
    struct dns_rr rr;

    open_known();
    begin(0x0100);
    put_be16(m, 0x1234);
    question("rig.local", DNS_A, false);
    in_from(PEER4, 40000, GROUP4);
    ck_assert(next4(&s));
    ck_assert(!s.multicast && s.port == 40000);
    ck_assert_uint_eq(be16(s.msg.p), 0x1234);
    ck_assert_uint_eq(be16(s.msg.p + 4), 1);
    ck_assert_uint_eq(count(&s, 0, DNS_A, &rr), 1);
    ck_assert_uint_eq(rr.ttl, 10);
    ck_assert_uint_eq(rr.class_, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_11_only_from_here)
{
    struct said s;

    open_known();
    begin(0);
    question("rig.local", DNS_A, true);
    in_from(IP(192, 0, 2, 1), MDNS_PORT, OUR4);
    in_from(IP(192, 0, 2, 1), 40000, OUR4);
    ck_assert(!next4(&s));
    ck_assert_uint_eq(drops(&r, mdns), 2);
    rig_close(&r);
}
END_TEST

START_TEST(test_services_rfc_6763)
{
    struct said s;
    struct dns_rr rr;

    open_known();
    ask("_services._dns-sd._udp.local", DNS_PTR);
    ck_assert(!next4(&s)); /* 6: others may have answers, too */
    rig_wait(&r, 130 * MS);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_PTR, &rr), 1);
    ck_assert_uint_eq(rr.ttl, 4500);
    ck_assert_uint_eq(rr.class_, 1); /* shared: nothing is flushed */
    ask("_http._tcp.local", DNS_PTR);
    rig_wait(&r, 130 * MS);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_PTR, &rr), 1);
    ck_assert_uint_eq(count(&s, 2, DNS_SRV, &rr), 1);
    ck_assert(owned_by(&rr, "rig._http._tcp.local"));
    ck_assert_uint_eq(be16(s.msg.p + rr.data + 4), 80);
    ck_assert_uint_eq(count(&s, 2, DNS_TXT, &rr), 1);
    ck_assert_uint_eq(rr.n, 7);
    ck_assert_uint_eq(count(&s, 2, DNS_A, NULL), 1);
    ask("rig._http._tcp.local", DNS_SRV);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_SRV, NULL), 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_services_are_bounded)
{
    open_raw();
    for (unsigned i = 0; i < MDNS_SERVICES_MAX; i++)
        ck_assert_int_eq(mdns_publish(r.net, "_x._tcp", 1, (struct span){0}),
                         OK);
    ck_assert_int_eq(mdns_publish(r.net, "_x._tcp", 1, (struct span){0}),
                     E_FULL);
    ck_assert_int_eq(mdns_publish(r.net, "", 1, (struct span){0}), E_INVAL);
    ck_assert_int_eq(mdns_publish(r.net, "_x._tcp", 0, (struct span){0}),
                     E_INVAL);
    ck_assert_int_eq(mdns_publish(r.net, "_x._tcp", 1, (struct span){m, 201}),
                     E_INVAL);
    rig_wait(&r, 5 * NS_PER_SEC); /* and all fits into a message */
    rig_close(&r);
}
END_TEST

/* How it is called in the next announcement. */
static bool announced_as(const char *name)
{
    struct said s;
    struct dns_rr rr;

    while (next4(&s))
        if (be16(s.msg.p + 2) == 0x8400 && s.multicast &&
            count(&s, 0, DNS_A, &rr) == 1)
            return owned_by(&rr, name);
    return false;
}

START_TEST(test_9_a_name_that_another_has_is_not_taken)
{
    struct said s;

    open_raw();
    ck_assert_int_eq(mdns_publish(r.net, "_http._tcp", 80, (struct span){0}),
                     OK);
    rig_wait(&r, 300 * MS);
    ck_assert(next4(&s)); /* the probe */
    begin(0x8400);
    record4(0, "Rig.local", 120, OTHER4);
    in();
    rig_wait(&r, 3 * NS_PER_SEC);
    ck_assert(announced_as("rig-2.local"));
    ck_assert_uint_eq(r.net->count.mdns_conflicts, 1);
    rig_wait(&r, NS_PER_SEC);
    rig_forget(&r);
    ask("rig.local", DNS_A);
    ck_assert(!next4(&s));
    ask("rig-2._http._tcp.local", DNS_SRV);
    ck_assert(next4(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_9_a_name_that_is_claimed_later_is_probed_for_again)
{
    struct said s;

    open_known();
    begin(0x8400); /* not a conflict: what we say; a goodbye; not unique */
    record4(0, "rig.local", 120, OUR4);
    record4(0, "rig.local", 0, OTHER4);
    record(0, "_http._tcp.local", DNS_PTR, 120, "\1x\0", 3);
    in();
    ck_assert_uint_eq(r.net->count.mdns_conflicts, 0);
    begin(0x8400);
    record4(2, "rig.local", 120, OTHER4); /* in any section */
    in();
    ck_assert_uint_eq(r.net->count.mdns_conflicts, 1);
    rig_wait(&r, 2 * NS_PER_SEC);
    ck_assert(next4(&s));
    ck_assert_uint_eq(be16(s.msg.p + 2), 0); /* a probe */
    ck_assert(announced_as("rig.local"));    /* nobody defended it */
    rig_close(&r);
}
END_TEST

START_TEST(test_8_2_simultaneous_probes)
{
    struct said s;
    unsigned probes = 0;

    for (unsigned later = 0; later < 2; later++) {
        open_raw();
        rig_wait(&r, 300 * MS);
        rig_forget(&r);
        begin(0);
        question("rig.local", DNS_ANY, true);
        record4(1, "rig.local", 120, later ? OTHER4 : PEER4);
        in(); /* 10.0.0.3 is later than ours, 10.0.0.1 is not */
        rig_wait(&r, 900 * MS);
        for (probes = 0; next4(&s);)
            probes += be16(s.msg.p + 2) == 0;
        ck_assert_uint_eq(probes, later ? 0 : 2);
        rig_wait(&r, 5 * NS_PER_SEC);
        ck_assert(announced_as("rig.local"));
        rig_close(&r);
    }
}
END_TEST

START_TEST(test_8_1_conflicts_without_end_are_slow)
{
    char name[DNS_LABEL_MAX + 8];

    open_raw();
    for (unsigned i = 1; i <= 20; i++) {
        unsigned was = r.net->mdns.core.suffix;

        rig_wait(&r, 260 * MS);
        rig_forget(&r);
        mdns_label(&r.net->mdns.core, name);
        memcpy(name + strlen(name), ".local", 7);
        begin(0x8400);
        record4(0, name, 120, OTHER4);
        in();
        ck_assert_uint_ne(r.net->mdns.core.suffix, was);
    }
    ck_assert_uint_ge(r.net->mdns.link[0][1].next, r.now + 4 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_10_1_goodbye)
{
    struct said s;
    struct dns_rr rr;

    open_known();
    ck_assert(net_stop(r.net, r.now));
    rig_turn(&r);
    ck_assert(next4(&s) && s.multicast);
    ck_assert_uint_eq(count(&s, 0, DNS_A, &rr), 1);
    ck_assert_uint_eq(rr.ttl, 0);
    ck_assert_uint_eq(count(&s, 0, DNS_PTR, NULL), 4);
    rig_close(&r);
}
END_TEST

START_TEST(test_nothing_without_being_told_to)
{
    struct said s;

    rig_open(&r, NULL);
    ck_assert_int_eq(mdns_publish(r.net, "_http._tcp", 80, (struct span){0}),
                     OK);
    begin(0);
    question("rig.local", DNS_A, true);
    in();
    in_from(PEER4, MDNS_PORT, OUR4);
    rig_wait(&r, 10 * NS_PER_SEC);
    ck_assert(!next_said(&s));
    ck_assert(!net_stop(r.net, r.now));
    r.pkts_in_use = r.pkts.in_use; /* what waits for an unknown neighbour */
    free(r.sent);
    free(r.memory);
}
END_TEST

START_TEST(test_floods_and_long_lists_are_bounded)
{
    struct said s;
    unsigned n = 0;

    open_known();
    begin(0);
    for (unsigned i = 0; i <= MDNS_QUESTIONS_MAX; i++)
        question("rig.local", DNS_A, true);
    in();
    ck_assert(!next4(&s));
    begin(0);
    question("rig.local", DNS_A, false);
    rig_wait(&r, 2 * NS_PER_SEC);
    for (unsigned i = 0; i < 3 * MDNS_MESSAGES_S; i++) {
        in_from(PEER4, 40000, GROUP4);
        while (next4(&s))
            n++;
        rig_forget(&r);
    }
    ck_assert_uint_eq(n, MDNS_MESSAGES_S);
    ck_assert_uint_eq(drops(&r, mdns), 2 * MDNS_MESSAGES_S);
    rig_close(&r);
}
END_TEST

START_TEST(test_lost_link_begins_anew)
{
    struct said s;

    open_known();
    r.dev.link_up = false;
    rig_turn(&r);
    r.dev.link_up = true;
    rig_turn(&r);
    rig_wait(&r, 5 * NS_PER_SEC);
    ck_assert(next4(&s));
    ck_assert(announced_as("rig.local"));
    rig_close(&r);
}
END_TEST

/* Two stacks that were given the same name. */
START_TEST(test_two_of_a_name)
{
    static struct pair p;
    struct pair_node *node[2] = {&p.a, &p.b};
    unsigned suffix;

    pair_open(&p);
    for (unsigned i = 0; i < 2; i++) {
        node[i]->net->mdns.on = true;
        mdns_add(node[i]->net, &node[i]->net->nif[0]);
        net_wake_at(node[i]->net, p.now);
        pair_wait(&p, i * 100 * MS);
    }
    pair_wait(&p, 10 * NS_PER_SEC);
    suffix = p.a.net->mdns.core.suffix + p.b.net->mdns.core.suffix;
    ck_assert_uint_eq(suffix, 2); /* one has none, the other "-2" */
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(node[i / 2]->net->mdns.link[0][i % 2].state,
                          MDNS_RUNNING);
    pair_close(&p);
}
END_TEST

RUN_TESTS("mdns", PANICS(), test_8_1_three_probes_then_two_announcements,
          test_it_answers_for_its_name, test_6_not_again_within_a_second,
          test_6_1_there_is_nothing_else,
          test_7_1_known_answers_are_not_repeated,
          test_7_2_more_known_answers_follow, test_5_4_unicast_answer,
          test_6_7_plain_dns, test_11_only_from_here, test_services_rfc_6763,
          test_services_are_bounded,
          test_9_a_name_that_another_has_is_not_taken,
          test_9_a_name_that_is_claimed_later_is_probed_for_again,
          test_8_2_simultaneous_probes, test_8_1_conflicts_without_end_are_slow,
          test_10_1_goodbye, test_nothing_without_being_told_to,
          test_floods_and_long_lists_are_bounded, test_lost_link_begins_anew,
          test_two_of_a_name)
