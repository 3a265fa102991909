/* SPDX-License-Identifier: ISC */
/*
 * test_group_query.c - routers ask about multicast groups: IGMP and MLD, of all
 * versions, true and forged.
 */
#include "../lib/suite.h"
#include "chew.h"
#include "group_case.h"

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
static bool sums_up(const struct group_query *q, unsigned bytes)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < q->nsources * bytes; i++)
        sum += q->source[i];
    return sum < UINT32_MAX;
}

static bool take4(struct span in)
{
    struct group_query q;

    return igmp_query_parse(&q, in) && sums_up(&q, 4);
}

static bool take6(struct span in)
{
    struct group_query q;

    return mld_query_parse(&q, in) && sums_up(&q, 16);
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

RUN_CASES("group query",
          LOOP(test_general_query_is_answered_within_its_time, 0, 2),
          LOOP(test_queries_about_a_group_and_about_its_sources, 0, 2),
          LOOP(test_old_queriers_are_spoken_to_in_their_version, 0, 2),
          LOOP(test_queries_that_must_not_be_believed, 0, 2),
          TEST(test_hostile_queries_are_read_within_their_bytes))
