/* SPDX-License-Identifier: ISC */
/* The neighbour machine (RFC 4861 7.3.2), its use by ARP, and the cache. */
#include "../lib/suite.h"
#include "rig.h"

enum { A = 0x0a, B = 0x0b };

static const struct neigh_params params = {.reachable_ns = 30 * NS_PER_SEC,
                                           .retrans_ns = NS_PER_SEC};

static struct neigh in_state(enum neigh_state state, ns_t now)
{
    struct neigh n = {.deadline = NS_NEVER};
    struct neigh_act act;
    struct neigh_advert a = {.mac = A, .solicited = true};

    if (state == NEIGH_FREE)
        return n;
    neigh_on_use(&n, &params, now, &act);
    if (state == NEIGH_INCOMPLETE)
        return n;
    neigh_on_advert(&n, &a, &params, now);
    if (state == NEIGH_REACHABLE)
        return n;
    if (state == NEIGH_STALE) {
        a = (struct neigh_advert){.mac = B, .override_ = true};
        neigh_on_advert(&n, &a, &params, now);
        a.mac = A;
        neigh_on_advert(&n, &a, &params, now);
        return n;
    }
    neigh_on_use(&n, &params, now + 31 * NS_PER_SEC, &act);
    if (state == NEIGH_DELAY)
        return n;
    neigh_on_timer(&n, &params, now + 36 * NS_PER_SEC);
    return n;
}

START_TEST(test_states_are_reached)
{
    for (int s = NEIGH_FREE; s <= NEIGH_PROBE; s++)
        ck_assert_int_eq(in_state((enum neigh_state)s, 0).state, s);
}
END_TEST

START_TEST(test_unanswered_solicitations_lose_it_after_three)
{
    struct neigh n = in_state(NEIGH_FREE, 0);
    struct neigh_act act;

    ck_assert(!neigh_on_use(&n, &params, 0, &act));
    ck_assert_int_eq(act.ask, NEIGH_ASK_ALL);
    ck_assert(!neigh_on_use(&n, &params, 1, &act));
    ck_assert_int_eq(act.ask, NEIGH_ASK_NOBODY);
    for (unsigned i = 1; i < NEIGH_MULTICAST_MAX; i++) {
        ck_assert_uint_eq(n.deadline, i * NS_PER_SEC);
        act = neigh_on_timer(&n, &params, n.deadline);
        ck_assert_int_eq(act.ask, NEIGH_ASK_ALL);
    }
    act = neigh_on_timer(&n, &params, n.deadline);
    ck_assert(act.lost);
    ck_assert_int_eq(n.state, NEIGH_FREE);
}
END_TEST

START_TEST(test_solicited_answer_makes_it_reachable)
{
    struct neigh n = in_state(NEIGH_INCOMPLETE, 0);
    struct neigh_advert a = {.mac = A, .solicited = true, .router = true};
    struct neigh_act act = neigh_on_advert(&n, &a, &params, 5);

    ck_assert(act.flush);
    ck_assert_int_eq(n.state, NEIGH_REACHABLE);
    ck_assert_uint_eq(n.reachable_until, 5 + 30 * NS_PER_SEC);
    ck_assert_uint_eq(neigh_mac(&n), A);
    ck_assert(n.router);
}
END_TEST

START_TEST(test_unsolicited_answer_makes_it_stale)
{
    struct neigh n = in_state(NEIGH_INCOMPLETE, 0);
    struct neigh_advert a = {.mac = A};

    ck_assert(neigh_on_advert(&n, &a, &params, 5).flush);
    ck_assert_int_eq(n.state, NEIGH_STALE);
    ck_assert_uint_eq(n.reachable_until, 0);
}
END_TEST

START_TEST(test_advert_without_address_leaves_incomplete)
{
    struct neigh n = in_state(NEIGH_INCOMPLETE, 0);
    struct neigh_advert a = {.solicited = true};

    ck_assert(!neigh_on_advert(&n, &a, &params, 5).flush);
    ck_assert_int_eq(n.state, NEIGH_INCOMPLETE);
}
END_TEST

START_TEST(test_other_address_without_override_only_raises_doubt)
{
    struct neigh n = in_state(NEIGH_REACHABLE, 0);
    struct neigh_advert a = {.mac = B, .solicited = true};

    neigh_on_advert(&n, &a, &params, 1);
    ck_assert_int_eq(n.state, NEIGH_STALE);
    ck_assert_uint_eq(neigh_mac(&n), A);
    neigh_on_advert(&n, &a, &params, 1);
    ck_assert_int_eq(n.state, NEIGH_STALE);
    n = in_state(NEIGH_PROBE, 0);
    neigh_on_advert(&n, &a, &params, 1);
    ck_assert_int_eq(n.state, NEIGH_PROBE);
    ck_assert_uint_eq(neigh_mac(&n), A);
}
END_TEST

START_TEST(test_override_changes_the_address)
{
    struct neigh n = in_state(NEIGH_REACHABLE, 0);
    struct neigh_advert a = {.mac = B, .override_ = true};

    neigh_on_advert(&n, &a, &params, 1);
    ck_assert_int_eq(n.state, NEIGH_STALE);
    ck_assert_uint_eq(neigh_mac(&n), B);
    n = in_state(NEIGH_PROBE, 0);
    a.solicited = true;
    neigh_on_advert(&n, &a, &params, 1);
    ck_assert_int_eq(n.state, NEIGH_REACHABLE);
    ck_assert_uint_eq(neigh_mac(&n), B);
}
END_TEST

START_TEST(test_reachable_ends_silently_and_use_begins_a_delay)
{
    struct neigh n = in_state(NEIGH_REACHABLE, 0);
    struct neigh_act act;

    ck_assert(neigh_on_use(&n, &params, 29 * NS_PER_SEC, &act));
    ck_assert_int_eq(n.state, NEIGH_REACHABLE);
    ck_assert(neigh_on_use(&n, &params, 30 * NS_PER_SEC, &act));
    ck_assert_int_eq(n.state, NEIGH_DELAY);
    ck_assert_uint_eq(n.deadline, 35 * NS_PER_SEC);
    ck_assert_int_eq(act.ask, NEIGH_ASK_NOBODY);
    act = neigh_on_timer(&n, &params, n.deadline);
    ck_assert_int_eq(n.state, NEIGH_PROBE);
    ck_assert_int_eq(act.ask, NEIGH_ASK_IT);
    for (unsigned i = 1; i < NEIGH_UNICAST_MAX; i++)
        ck_assert_int_eq(neigh_on_timer(&n, &params, n.deadline).ask,
                         NEIGH_ASK_IT);
    ck_assert(neigh_on_timer(&n, &params, n.deadline).lost);
}
END_TEST

START_TEST(test_progress_of_the_transport_confirms)
{
    struct neigh n = in_state(NEIGH_DELAY, 0);

    neigh_on_confirm(&n, &params, 99);
    ck_assert_int_eq(n.state, NEIGH_REACHABLE);
    ck_assert_uint_eq(n.deadline, NS_NEVER);
    n = in_state(NEIGH_INCOMPLETE, 0); /* nothing could have been sent */
    neigh_on_confirm(&n, &params, 99);
    ck_assert_int_eq(n.state, NEIGH_INCOMPLETE);
}
END_TEST

START_TEST(test_router_flag_that_goes_away_is_told)
{
    struct neigh n = in_state(NEIGH_INCOMPLETE, 0);
    struct neigh_advert a = {.mac = A, .solicited = true, .router = true};

    neigh_on_advert(&n, &a, &params, 1);
    a.router = false;
    ck_assert(neigh_on_advert(&n, &a, &params, 2).not_router);
    ck_assert(!neigh_on_advert(&n, &a, &params, 2).not_router);
}
END_TEST

static struct out o;

static void claim(struct rig *r, uint16_t op, mac_t to, mac_t mac,
                  uint32_t sender, uint32_t target)
{
    struct arp_msg m = {.op = op,
                        .sender_mac = mac,
                        .sender = sender,
                        .target_mac = op == ARP_REPLY ? RIG_MAC : 0,
                        .target = target};

    o.n = 0;
    put_arp(&o, to, &m);
    rig_in(r, &o);
}

static struct neigh_slot *slot(struct rig *r, uint32_t v4)
{
    struct ipaddr a = ip4_addr(v4);

    return neigh_find(r->net, 1, &a);
}

START_TEST(test_arp_reply_nobody_asked_for_is_not_learnt)
{
    struct rig r;

    rig_open(&r, NULL);
    claim(&r, ARP_REPLY, RIG_MAC, OTHER_MAC, OTHER4, OUR4);
    claim(&r, ARP_REPLY, MAC_BROADCAST, OTHER_MAC, OTHER4, OTHER4);
    claim(&r, ARP_REQUEST, MAC_BROADCAST, OTHER_MAC, OTHER4, PEER4);
    ck_assert_ptr_null(slot(&r, OTHER4));
    claim(&r, ARP_REQUEST, MAC_BROADCAST, OTHER_MAC, OTHER4, OUR4);
    ck_assert_ptr_nonnull(slot(&r, OTHER4));
    ck_assert_int_eq(slot(&r, OTHER4)->n.state, NEIGH_STALE);
    rig_close(&r);
}
END_TEST

START_TEST(test_arp_claim_does_not_displace_one_that_answers)
{
    struct rig r;
    struct ipaddr peer = ip4_addr(PEER4);
    const struct rig_frame *f;

    rig_open(&r, NULL);
    rig_meet(&r, &peer, PEER_MAC);
    claim(&r, ARP_REPLY, RIG_MAC, OTHER_MAC, PEER4, OUR4);
    ck_assert_uint_eq(neigh_mac(&slot(&r, PEER4)->n), PEER_MAC);
    f = rig_next(&r); /* he is asked himself */
    ck_assert(f && mac_get(f->b) == PEER_MAC);
    claim(&r, ARP_REPLY, RIG_MAC, OTHER_MAC, PEER4, OUR4);
    ck_assert_uint_eq(neigh_mac(&slot(&r, PEER4)->n), PEER_MAC);
    claim(&r, ARP_REPLY, RIG_MAC, PEER_MAC, PEER4, OUR4);
    ck_assert_int_eq(slot(&r, PEER4)->n.state, NEIGH_REACHABLE);
    /* When he is silent, the other may have it. */
    claim(&r, ARP_REPLY, RIG_MAC, OTHER_MAC, PEER4, OUR4);
    rig_wait(&r, 4 * NS_PER_SEC);
    ck_assert_ptr_null(slot(&r, PEER4));
    rig_close(&r);
}
END_TEST

START_TEST(test_gratuitous_arp_renews_what_is_stale)
{
    struct rig r;
    struct ipaddr peer = ip4_addr(PEER4);

    rig_open(&r, NULL);
    rig_meet(&r, &peer, PEER_MAC);
    rig_wait(&r, 50 * NS_PER_SEC);
    claim(&r, ARP_REQUEST, MAC_BROADCAST, OTHER_MAC, PEER4, PEER4);
    ck_assert_uint_eq(neigh_mac(&slot(&r, PEER4)->n), OTHER_MAC);
    rig_close(&r);
}
END_TEST

START_TEST(test_lying_arp_is_dropped)
{
    struct rig r;

    rig_open(&r, NULL);
    claim(&r, ARP_REQUEST, MAC_BROADCAST, OTHER_MAC, UINT32_MAX, OUR4);
    claim(&r, ARP_REQUEST, MAC_BROADCAST, OTHER_MAC, IP(224, 0, 0, 1), OUR4);
    claim(&r, ARP_REQUEST, MAC_BROADCAST, OTHER_MAC, IP(127, 0, 0, 1), OUR4);
    ck_assert_uint_eq(drops(&r, arp), 3);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

static void send_to(struct rig *r, uint32_t v4)
{
    struct ip_path path = {.dst = ip4_addr(v4)};
    struct pkt *p = pkt_get(&r->pkts);

    ck_assert_int_eq(ip_path_find(r->net, &path), OK);
    pkt_push(p, 20);
    ip_send(r->net, &path, IPPROTO_TCP_, p, r->now);
    rig_turn(r);
}

START_TEST(test_waiting_packets_are_bounded_oldest_first)
{
    struct rig r;
    unsigned n = 0;

    rig_open(&r, NULL);
    for (unsigned i = 0; i < NEIGH_WAITING_MAX + 3; i++)
        send_to(&r, OTHER4);
    ck_assert_uint_eq(drops(&r, neighbour_queue), 3);
    rig_forget(&r);
    claim(&r, ARP_REPLY, RIG_MAC, OTHER_MAC, OTHER4, OUR4);
    while (rig_next(&r))
        n++;
    ck_assert_uint_eq(n, NEIGH_WAITING_MAX);
    ck_assert_uint_eq(r.net->cache.waiting, 0);
    send_to(&r, IP(10, 0, 0, 77)); /* who never answers */
    rig_wait(&r, 4 * NS_PER_SEC);
    ck_assert_uint_eq(drops(&r, neighbour_silent), 1);
    ck_assert_uint_eq(r.net->cache.waiting, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_packets_for_the_silent_make_room_for_others)
{
    struct rig r;
    unsigned most;

    rig_open(&r, NULL);
    most = r.net->cache.waiting_max;
    for (unsigned i = 0; i < 60; i++) /* nobody is there */
        for (unsigned k = 0; k < 3; k++)
            send_to(&r, IP(10, 0, 0, 100 + i));
    ck_assert_uint_eq(r.net->cache.waiting, most);
    rig_forget(&r);
    send_to(&r, OTHER4);
    claim(&r, ARP_REPLY, RIG_MAC, OTHER_MAC, OTHER4, OUR4);
    rig_next(&r); /* the request */
    ck_assert_ptr_nonnull(rig_next(&r));
    rig_wait(&r, 5 * NS_PER_SEC);
    ck_assert_uint_eq(r.net->cache.waiting, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_flood_of_neighbours_never_evicts_the_gateway)
{
    struct rig r;
    struct ipaddr peer = ip4_addr(PEER4), other = ip4_addr(OTHER4);
    struct ip_path path = {.dst = ip4_addr(IP(192, 0, 2, 1))};
    unsigned sent = 0;

    rig_open(&r, NULL);
    rig_meet(&r, &peer, PEER_MAC);
    rig_meet(&r, &other, OTHER_MAC);
    neigh_find(r.net, 1, &other)->sent_to = true;
    for (unsigned i = 0; i < 5000; i++) {
        claim(&r, ARP_REQUEST, MAC_BROADCAST, OTHER_MAC + i,
              IP(10, 0, 0, 4 + i % 240), OUR4);
        rig_forget(&r);
        if (i % 10 == 0)
            send_to(&r, IP(10, 0, 0, 250 - i % 200)), sent++;
        rig_forget(&r);
    }
    ck_assert_uint_le(r.net->cache.in_use, r.net->cache.n);
    ck_assert_uint_gt(r.net->count.neighbours_evicted, 100);
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert_ptr_nonnull(neigh_ready(&r.net->cache, path.neighbour, r.now));
    rig_wait(&r, 10 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_strangers_of_a_flood_are_forgotten)
{
    struct rig r;
    struct ipaddr other = ip4_addr(OTHER4);
    unsigned before;

    rig_open(&r, NULL);
    rig_wait(&r, 200 * NS_PER_SEC);
    before = r.net->cache.in_use;
    rig_meet(&r, &other, OTHER_MAC);
    for (unsigned i = 0; i < 1000; i++) {
        claim(&r, ARP_REQUEST, MAC_BROADCAST, OTHER_MAC + i,
              IP(10, 0, 0, 4 + i % 240), OUR4);
        rig_forget(&r);
    }
    ck_assert_uint_eq(r.net->cache.in_use, r.net->cache.n);
    for (unsigned i = 0; i < 10; i++) { /* whom we talk to stays */
        rig_wait(&r, 10 * NS_PER_SEC);
        rig_meet(&r, &other, OTHER_MAC);
        send_to(&r, OTHER4);
        rig_forget(&r);
    }
    ck_assert_uint_eq(r.net->cache.in_use, before + 1);
    ck_assert_ptr_nonnull(slot(&r, OTHER4));
    rig_wait(&r, 200 * NS_PER_SEC);
    ck_assert_uint_eq(r.net->cache.in_use, before);
    rig_close(&r);
}
END_TEST

START_TEST(test_a_hint_for_a_slot_used_again_does_not_hold)
{
    struct rig r;
    struct ipaddr other = ip4_addr(OTHER4);
    struct neigh_slot *s;
    uint16_t hint;
    uint32_t gen;

    rig_open(&r, NULL);
    rig_meet(&r, &other, OTHER_MAC);
    s = neigh_find(r.net, 1, &other);
    hint = s->hint;
    gen = r.net->path_gen;
    for (unsigned i = 0; i < 64; i++) { /* 63 uses later it would again... */
        neigh_forget(r.net, neigh_find(r.net, 1, &other));
        rig_meet(&r, &other, OTHER_MAC);
        if (i < 63)
            ck_assert_ptr_null(neigh_ready(&r.net->cache, hint, r.now));
    }
    ck_assert_uint_ne(gen, r.net->path_gen); /* ...but by then no path has it */
    rig_close(&r);
}
END_TEST

RUN_TESTS("neigh", PANICS(), test_states_are_reached,
          test_unanswered_solicitations_lose_it_after_three,
          test_solicited_answer_makes_it_reachable,
          test_unsolicited_answer_makes_it_stale,
          test_advert_without_address_leaves_incomplete,
          test_other_address_without_override_only_raises_doubt,
          test_override_changes_the_address,
          test_reachable_ends_silently_and_use_begins_a_delay,
          test_progress_of_the_transport_confirms,
          test_router_flag_that_goes_away_is_told,
          test_arp_reply_nobody_asked_for_is_not_learnt,
          test_arp_claim_does_not_displace_one_that_answers,
          test_gratuitous_arp_renews_what_is_stale, test_lying_arp_is_dropped,
          test_waiting_packets_are_bounded_oldest_first,
          test_packets_for_the_silent_make_room_for_others,
          test_flood_of_neighbours_never_evicts_the_gateway,
          test_strangers_of_a_flood_are_forgotten,
          test_a_hint_for_a_slot_used_again_does_not_hold)
