/* SPDX-License-Identifier: ISC */
/* Multicast groups: joining, IGMPv3 and MLDv2, and the older queriers. */
#include "../lib/suite.h"
#include "chew.h"
#include "rig.h"

#include <base/csum.h>
#include <wire/group.h>

#define S NS_PER_SEC

static struct out o;

/* One report or leave that was sent, as IGMP and MLD have it alike. */
struct said {
    uint8_t type, record; /* of the first record */
    unsigned records, nsources;
    struct ipaddr src, dst, group;
};

/* The next message about groups of one family; type 0: none. */
static struct said next_said(struct rig *r, bool v4)
{
    const struct rig_frame *f;
    struct said s = {0};

    while ((f = rig_next(r))) {
        const uint8_t *ip = f->b + 14, *m;

        if (v4 && be16(f->b + 12) == ETH_IP4 && ip[9] == IPPROTO_IGMP_) {
            ck_assert(frame_is_sound(f));
            ck_assert_uint_eq(ip[0], 0x46);
            ck_assert_uint_eq(ip[8], 1);
            ck_assert_uint_eq(be32(ip + 20), 0x94040000);
            s.src = ip4_addr(be32(ip + 12));
            s.dst = ip4_addr(be32(ip + 16));
            m = ip + 24;
        } else if (!v4 && be16(f->b + 12) == ETH_IP6 && ip[6] == 0) {
            ck_assert_uint_eq(ip[7], 1);
            ck_assert_mem_eq(ip + 40, "\x3a\0\5\2\0\0\1\0", 8);
            memcpy(&s.src, ip + 8, 16);
            memcpy(&s.dst, ip + 24, 16);
            m = ip + 48;
        } else {
            continue;
        }
        ck_assert_uint_eq(mac_get(f->b), group_mac(&s.dst, v4));
        s.type = m[0];
        if (s.type == IGMP_REPORT_3 || s.type == MLD_REPORT_2) {
            s.records = be16(m + 6);
            s.record = m[8];
            s.nsources = be16(m + 10);
            m += 8;
        }
        if (v4)
            s.group = ip4_addr(be32(m + 4));
        else
            memcpy(&s.group, s.records ? m + 4 : m + 8, 16);
        return s;
    }
    return s;
}

static void open_rig(struct rig *r)
{
    rig_open(r, NULL);
    r->show_groups = true;
}

/* A group of each family, and what is different about it. */
static const struct {
    bool v4;
    const char *group, *routers, *done;
    uint8_t report, old_report, leave;
} kind[] = {
    {true, "239.1.2.3", "224.0.0.22", "224.0.0.2", IGMP_REPORT_3, IGMP_REPORT_2,
     IGMP_LEAVE},
    {false, "ff02::fb", "ff02::16", "ff02::2", MLD_REPORT_2, MLD_REPORT_1,
     MLD_DONE},
};

/* The checksum of a header of 24 bytes. */
static void fix_header(bool v4)
{
    uint8_t *h = o.b + 14;

    if (!v4)
        return;
    put_be16(h + 10, 0);
    put_be16(h + 10, (uint16_t)~csum_fold(csum_add(0, h, 24, false)));
}

/* An IPv4 or IPv6 header with the router alert, for the `n` bytes of a message
 * that begins with its own checksum field at 2. */
static void put_message(const struct ipaddr *src, const struct ipaddr *dst,
                        uint8_t *m, unsigned n)
{
    bool v4 = ipaddr_is_v4(dst);
    uint64_t sum = v4 ? 0 : ip_pseudo_sum(src, dst, false, IPPROTO_ICMP6, n);
    uint8_t *h = o.b + 14;

    put_be16(m + 2, (uint16_t)~csum_fold(csum_add(sum, m, n, false)));
    o.n = 0;
    put_eth(&o, group_mac(dst, v4), PEER_MAC, v4 ? ETH_IP4 : ETH_IP6);
    if (v4) {
        put_ip4(&o, ip4_of(src), ip4_of(dst), IPPROTO_IGMP_, n + 4);
        put_bytes(&o, "\x94\4\0\0", 4);
        h[0] = 0x46;
        h[8] = 1;
        fix_header(true);
    } else {
        put_ip6(&o, src, dst, 0, 1, n + 8);
        put_bytes(&o, "\x3a\0\5\2\0\0\1\0", 8);
    }
    put_bytes(&o, m, n);
}

/* A query: `version` in IGMP's counting; `group` NULL: general. */
static void put_query(bool v4, unsigned version, const char *group,
                      unsigned code, unsigned nsources)
{
    struct ipaddr src = rig_addr(v4 ? "10.0.0.1" : "fe80::1"), to = {{0}};
    unsigned addr = v4 ? 4 : 16, n = v4 ? 8 : 24;
    uint8_t m[200] = {v4 ? IGMP_QUERY : MLD_QUERY};

    if (group)
        to = rig_addr(group);
    memcpy(m + (v4 ? 4 : 8), to.b + 16 - addr, addr);
    if (!group)
        to = rig_addr(v4 ? "224.0.0.1" : "ff02::1");
    if (v4)
        m[1] = (uint8_t)code;
    else
        put_be16(m + 4, (uint16_t)code);
    if (version == GROUP_V3) {
        m[n] = 2;
        m[n + 1] = 125;
        put_be16(m + n + 2, (uint16_t)nsources);
        memset(m + n + 4, 0x20, nsources * addr);
        for (unsigned i = 0; i < nsources; i++)
            m[n + 3 + (i + 1) * addr] = (uint8_t)i;
        n += 4 + nsources * addr;
    }
    put_message(&src, &to, m, n);
}

static void query(struct rig *r, bool v4, unsigned version, const char *group,
                  unsigned code, unsigned nsources)
{
    put_query(v4, version, group, code, nsources);
    rig_in(r, &o);
}

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

START_TEST(test_general_query_is_answered_within_its_time)
{
    bool v4 = kind[_i].v4;
    struct ipaddr group = rig_addr(kind[_i].group);
    unsigned code = v4 ? 50 : 5000;
    struct said s;
    struct rig r;

    open_rig(&r);
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    rig_wait(&r, 5 * S);
    rig_forget(&r);
    query(&r, v4, GROUP_V3, NULL, code, 0);
    query(&r, v4, GROUP_V3, NULL, code, 0); /* one answer does for both */
    rig_wait(&r, 5 * S);
    s = next_said(&r, v4);
    ck_assert_uint_eq(s.type, kind[_i].report);
    ck_assert_uint_eq(s.record, GROUP_IS_EX);
    ck_assert_uint_eq(s.records, v4 ? 1 : 2); /* and the solicited-node group */
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_queries_about_a_group_and_about_its_sources)
{
    bool v4 = kind[_i].v4;
    struct ipaddr group = rig_addr(kind[_i].group);
    struct said s;
    struct rig r;

    open_rig(&r);
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    rig_wait(&r, 5 * S);
    rig_forget(&r);
    query(&r, v4, GROUP_V3, kind[_i].group, 10, 0);
    rig_wait(&r, S);
    s = next_said(&r, v4);
    ck_assert_uint_eq(s.record, GROUP_IS_EX);
    ck_assert(ipaddr_eq(&s.group, &group));
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    query(&r, v4, GROUP_V3, kind[_i].group, 10, 2);
    query(&r, v4, GROUP_V3, kind[_i].group, 10, 3); /* two of them again */
    rig_wait(&r, S);
    s = next_said(&r, v4);
    ck_assert_uint_eq(s.record, GROUP_IS_IN);
    ck_assert_uint_eq(s.nsources, 3);
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    query(&r, v4, GROUP_V3, kind[_i].group, 10, GROUP_SOURCES_MAX + 1);
    rig_wait(&r, S);
    ck_assert_uint_eq(next_said(&r, v4).record, GROUP_IS_EX); /* too many */
    query(&r, v4, GROUP_V3, kind[_i].group, 10, 1);
    query(&r, v4, GROUP_V3, kind[_i].group, 10, 0); /* takes in the other */
    rig_wait(&r, S);
    ck_assert_uint_eq(next_said(&r, v4).record, GROUP_IS_EX);
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    query(&r, v4, GROUP_V3, NULL, 0, 0);             /* at once */
    query(&r, v4, GROUP_V3, kind[_i].group, 100, 0); /* answered by the other */
    rig_wait(&r, 20 * S);
    ck_assert_uint_eq(next_said(&r, v4).record, GROUP_IS_EX);
    rig_close(&r);
}
END_TEST

START_TEST(test_old_queriers_are_spoken_to_in_their_version)
{
    bool v4 = kind[_i].v4;
    struct ipaddr group = rig_addr(kind[_i].group);
    struct ipaddr done = rig_addr(kind[_i].done);
    unsigned code = v4 ? 10 : 1000;
    struct said s;
    struct rig r;

    open_rig(&r);
    query(&r, v4, GROUP_V2, NULL, code, 0);
    rig_wait(&r, 2 * S);
    rig_forget(&r);
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    rig_wait(&r, 5 * S);
    for (unsigned i = 0; i < GROUP_ROBUSTNESS; i++) {
        s = next_said(&r, v4);
        ck_assert_uint_eq(s.type, kind[_i].old_report);
        ck_assert(ipaddr_eq(&s.dst, &group) && ipaddr_eq(&s.group, &group));
    }
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    query(&r, v4, GROUP_V2, kind[_i].group, code, 0);
    rig_wait(&r, 2 * S);
    ck_assert_uint_eq(next_said(&r, v4).type, kind[_i].old_report);
    ip_leave(r.net, 1, &group);
    rig_wait(&r, 5 * S);
    s = next_said(&r, v4);
    ck_assert_uint_eq(s.type, kind[_i].leave);
    ck_assert(ipaddr_eq(&s.dst, &done) && ipaddr_eq(&s.group, &group));
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    rig_wait(&r, 300 * S); /* the old querier is gone */
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    rig_wait(&r, 5 * S);
    ck_assert_uint_eq(next_said(&r, v4).type, kind[_i].report);
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

START_TEST(test_queries_that_must_not_be_believed)
{
    bool v4 = kind[_i].v4;
    struct ipaddr group = rig_addr(kind[_i].group);
    struct ipaddr global = rig_addr("2001:db8::1");
    struct rig r;

    open_rig(&r);
    ck_assert_int_eq(ip_join(r.net, 1, &group), OK);
    rig_wait(&r, 5 * S);
    rig_forget(&r);
    put_query(v4, GROUP_V3, NULL, 0, 0);
    o.b[14 + (v4 ? 8 : 7)] = 2; /* from beyond the link */
    fix_header(v4);
    rig_in(&r, &o);
    put_query(v4, GROUP_V3, NULL, 0, 0); /* padding instead of the alert */
    memcpy(o.b + (v4 ? 34 : 56), v4 ? "\1\1\1\1" : "\1\4\0\0", 4);
    fix_header(v4);
    rig_in(&r, &o);
    put_query(v4, GROUP_V3, NULL, 0, 1); /* all groups, one source */
    rig_in(&r, &o);
    if (!v4) {
        put_query(v4, GROUP_V3, NULL, 0, 0); /* not from the link */
        memcpy(o.b + 22, &global, 16);
        fix_csum6(&o, 62, 2);
        rig_in(&r, &o);
    }
    ck_assert_uint_eq(drops(&r, group), v4 ? 3 : 4);
    rig_wait(&r, 20 * S);
    ck_assert_uint_eq(next_said(&r, v4).type, 0);
    ck_assert_uint_eq(r.net->count.group_queries, 0);
    rig_close(&r);
}
END_TEST

/* Reads all that it says is there. */
static bool take4(struct span in)
{
    struct group_query q;
    unsigned sum = 0;

    if (!igmp_query_parse(&q, in))
        return false;
    for (unsigned i = 0; i < q.nsources * 4; i++)
        sum += q.source[i];
    return sum < UINT32_MAX;
}

static bool take6(struct span in)
{
    struct group_query q;
    unsigned sum = 0;

    if (!mld_query_parse(&q, in))
        return false;
    for (unsigned i = 0; i < q.nsources * 16; i++)
        sum += q.source[i];
    return sum < UINT32_MAX;
}

static bool alert4(struct span in)
{
    return ip4_has_alert(in);
}

static bool alert6(struct span in)
{
    return ip6_has_alert(in);
}

START_TEST(test_hostile_queries_are_read_within_their_bytes)
{
    static const uint8_t options[12] = "\1\7\6\0\0\0\0\224\4\0\0\0";
    static const uint8_t ext[16] = "\72\1\1\6\0\0\0\0\0\0\5\2\0\0\0\0";
    uint8_t b[44 + 32] = {IGMP_QUERY, 10, 0, 0, 239, 1, 2, 3, 2, 125, 0, 3};

    chew(take4, b, 12 + 3 * 4);
    chew(take4, b, 8);
    memset(b, 0, sizeof(b));
    b[0] = MLD_QUERY;
    memset(b + 8, 0xff, 16);
    b[27] = 2;
    chew(take6, b, 28 + 32);
    chew(take6, b, 24);
    chew(alert4, options, sizeof(options));
    chew(alert6, ext, sizeof(ext));
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
          LOOP(test_general_query_is_answered_within_its_time, 0, 2),
          LOOP(test_queries_about_a_group_and_about_its_sources, 0, 2),
          LOOP(test_old_queriers_are_spoken_to_in_their_version, 0, 2),
          LOOP(test_queries_that_must_not_be_believed, 0, 2),
          LOOP(test_datagrams_of_joined_groups_alone_are_delivered, 0, 2),
          TEST(test_igmp_version_1_has_no_word_for_leaving),
          TEST(test_hostile_queries_are_read_within_their_bytes),
          TEST(test_groups_are_bounded_and_addresses_always_fit),
          TEST(test_solicited_node_groups_are_reported_before_the_probe),
          TEST(test_link_that_comes_back_hears_of_the_groups))
