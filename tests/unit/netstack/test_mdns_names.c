/* SPDX-License-Identifier: ISC */
/*
 * test_mdns_names.c - how the responder comes by its name, keeps it and gives
 * it up; numbers are sections of RFC 6762.
 */
#include "../lib/suite.h"
#include "mdns_case.h"

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

RUN_TESTS("mdns names", PANICS(), test_8_1_three_probes_then_two_announcements,
          test_9_a_name_that_another_has_is_not_taken,
          test_9_a_name_that_is_claimed_later_is_probed_for_again,
          test_8_2_simultaneous_probes, test_8_1_conflicts_without_end_are_slow,
          test_10_1_goodbye, test_lost_link_begins_anew, test_two_of_a_name)
