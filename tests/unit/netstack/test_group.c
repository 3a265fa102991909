/* SPDX-License-Identifier: ISC */
/*
 * test_group.c - multicast groups are joined, told of, delivered to and
 * bounded.
 */
#include "../lib/suite.h"
#include "chew.h"
#include "group_case.h"

START_TEST(test_joining_is_told_at_once_and_again)
{
    bool v4 = kind[_i].v4;
    struct ipaddr group = rig_addr(kind[_i].group);
    struct ipaddr routers = rig_addr(kind[_i].routers);
    struct ipaddr us = v4 ? rig_addr("10.0.0.2") : group;
    struct said s;
    struct rig r;

    open_rig(&r);
    if (!v4)
        us = rig_link_local(&r);
    ck_assert(!group_has(&r.net->nif[0], &group));
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    ck_assert(group_has(&r.net->nif[0], &group));
    rig_turn(&r);
    s = next_said(&r, v4);
    ck_assert_uint_eq(s.type, kind[_i].report);
    ck_assert(ipaddr_eq(&s.src, &us) && ipaddr_eq(&s.dst, &routers));
    ck_assert(ipaddr_eq(&s.group, &group));
    ck_assert_uint_eq(s.records, 1);
    ck_assert_uint_eq(s.record, GROUP_TO_EX);
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    rig_wait(&r, S);
    ck_assert_uint_eq(next_said(&r, v4).record, GROUP_TO_EX);
    rig_wait(&r, 10 * S);
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK); /* a second user */
    ip_leave(r.net, 1, &group);
    rig_wait(&r, S);
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    ip_leave(r.net, 1, &group);
    ck_assert(!group_has(&r.net->nif[0], &group));
    rig_wait(&r, 5 * S);
    ck_assert_uint_eq(next_said(&r, v4).record, GROUP_TO_IN);
    ck_assert_uint_eq(next_said(&r, v4).record, GROUP_TO_IN);
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    ip_leave(r.net, 1, &group); /* once too often */
    rig_close(&r);
}
END_TEST

START_TEST(test_igmp_version_1_has_no_word_for_leaving)
{
    struct ipaddr group = rig_addr("239.1.2.3");
    struct rig r;

    open_rig(&r);
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    rig_wait(&r, 5 * S);
    rig_forget(&r);
    query(&r, true, GROUP_V1, NULL, 0, 0);
    rig_wait(&r, 10 * S);
    ck_assert_uint_eq(next_said(&r, true).type, IGMP_REPORT_1);
    ip_leave(r.net, 1, &group);
    rig_wait(&r, 10 * S);
    ck_assert_uint_eq(next_said(&r, true).type, 0);
    rig_close(&r);
}
END_TEST

static unsigned heard;

static void hear(const struct udp_dgram *d, void *user)
{
    (void)user;
    heard += d->broadcast;
}

START_TEST(test_datagrams_of_joined_groups_alone_are_delivered)
{
    struct ipaddr group = rig_addr(kind[_i].group);
    struct ipaddr peer = rig_addr(kind[_i].v4 ? "10.0.0.1" : "fe80::1");
    mac_t mac = group_mac(&group, kind[_i].v4);
    uint16_t port = 5353;
    struct rig r;

    rig_open(&r, NULL);
    heard = 0;
    ck_assert_int_eq(udp_bind(r.net, &port, hear, NULL), OK);
    o.n = 0;
    if (kind[_i].v4)
        put_udp4(&o, ip4_of(&peer), 5353, ip4_of(&group), 5353, "hello", 5);
    else
        put_udp6(&o, &peer, 5353, &group, 5353, "hello", 5);
    rig_in(&r, &o); /* to our MAC address, but IP does not want it either */
    ck_assert_uint_eq(drops(&r, not_ours), 1);
    mac_put(o.b, mac);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, other_mac), 1);
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    rig_in(&r, &o);
    ck_assert_uint_eq(heard, 1);
    ip_leave(r.net, 1, &group);
    rig_in(&r, &o);
    ck_assert_uint_eq(heard, 1);
    udp_unbind(r.net, port);
    rig_wait(&r, 5 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_groups_are_bounded_and_addresses_always_fit)
{
    struct ipaddr group = rig_addr("239.0.0.0"), one = rig_addr("10.0.0.1");
    struct rig r;
    unsigned before;

    open_rig(&r);
    before = (unsigned)r.net->count.groups;
    ck_assert_int_eq(ip_join(r.net, 1, &one), E_INVAL);
    ck_assert_int_eq(ip_join(r.net, 2, &group), E_INVAL);
    for (unsigned k = 0; k < 3; k++) { /* again when all are left */
        for (unsigned i = 0; i < GROUPS_JOINED_MAX; i++) {
            group.b[15] = (uint8_t)(k * 64 + i);
            ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
        }
        group.b[15] = 63;
        ck_assert_int_eq(ip_join(r.net, 1, &group), E_FULL);
        ck_assert_uint_eq(r.net->count.groups_full, k + 1);
        ck_assert_uint_eq(r.net->count.groups, before + GROUPS_JOINED_MAX);
        query(&r, true, GROUP_V3, NULL, 1, 0);
        rig_wait(&r, k == 1 ? 0 : 5 * S);
        for (unsigned i = 0; i < GROUPS_JOINED_MAX; i++) {
            group.b[15] = (uint8_t)(k * 64 + i);
            ip_leave(r.net, 1, &group);
        }
    }
    ck_assert_uint_eq(r.net->count.groups, before);
    rig_wait(&r, 5 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_solicited_node_groups_are_reported_before_the_probe)
{
    struct netif_config c = rig_static();
    struct ipaddr nobody = {{0}}, group, us;
    const struct rig_frame *f;
    struct said s;
    struct rig r;

    rig_open_raw(&r, &c);
    r.show_groups = true;
    rig_turn(&r);
    us = r.net->nif[0].addr[1].addr;
    group = group_of_node(&us);
    s = next_said(&r, false);
    ck_assert(ipaddr_eq(&s.src, &nobody) && ipaddr_eq(&s.group, &group));
    rig_wait(&r, 5 * S);
    while ((f = rig_next(&r)) && be16(f->b + 12) != ETH_IP6)
        ;
    ck_assert(f); /* the rest of the reports, and the probe */
    r.taken = 0;
    s = next_said(&r, false);
    while ((s = next_said(&r, false)).type && ipaddr_eq(&s.src, &nobody))
        ;
    ck_assert(ipaddr_eq(&s.src, &us)); /* RFC 3590: again from an address */
    ck_assert(ipaddr_eq(&s.group, &group));
    rig_close(&r);
}
END_TEST

START_TEST(test_link_that_comes_back_hears_of_the_groups)
{
    struct ipaddr group = rig_addr("239.1.2.3");
    struct rig r;

    open_rig(&r);
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    rig_wait(&r, 5 * S);
    rig_forget(&r);
    r.dev.link_up = false;
    rig_turn(&r);
    r.dev.link_up = true;
    rig_wait(&r, 5 * S);
    ck_assert_uint_eq(next_said(&r, true).record, GROUP_TO_EX);
    r.taken = 0;
    ck_assert_uint_eq(next_said(&r, false).record, GROUP_TO_EX);
    rig_close(&r);
}
END_TEST

RUN_CASES("group", LOOP(test_joining_is_told_at_once_and_again, 0, 2),
          LOOP(test_datagrams_of_joined_groups_alone_are_delivered, 0, 2),
          TEST(test_igmp_version_1_has_no_word_for_leaving),
          TEST(test_groups_are_bounded_and_addresses_always_fit),
          TEST(test_solicited_node_groups_are_reported_before_the_probe),
          TEST(test_link_that_comes_back_hears_of_the_groups))
