/* SPDX-License-Identifier: ISC */
/*
 * test_dhcp.c - hosts that get and keep their addresses from a server.
 */
#include "../unit/lib/suite.h"
#include "dhcpd.h"
#include "scene.h"

enum { MS = 1000000, KIB = 1024, LEASE_S = 600 };

static const struct lan_quality good = {.delay = 1 * MS};
static const struct lan_quality bad = {.delay = 5 * MS,
                                       .jitter = 10 * MS,
                                       .loss_ppm = 150000,
                                       .dup_ppm = 50000,
                                       .corrupt_ppm = 50000};

struct house {
    struct world w;
    struct dhcpd d;
    struct node *n;
};

static bool has_address(void *arg)
{
    const struct house *h = arg;
    struct ipaddr a;

    return node_addr(h->n, true, &a);
}

static bool has_none(void *arg)
{
    return !has_address(arg);
}

static void house_open(struct house *h, const struct lan_quality *q,
                       uint64_t seed)
{
    struct node_config c = {.dhcp4 = true, .none6 = true};

    world_open(&h->w, q, seed);
    dhcpd_open(&h->d, &h->w, LEASE_S);
    h->n = world_add(&h->w, &c);
}

static void expect_address(struct house *h, uint8_t last)
{
    struct ipaddr a, want = ipaddr_v4(10, 0, 0, last);

    ck_assert(world_run(&h->w, 300 * NS_PER_SEC, has_address, h));
    ck_assert(node_addr(h->n, true, &a));
    ck_assert(ipaddr_eq(&a, &want));
}

/* And its address comes. */
static void house_open_with_lease(struct house *h, const struct lan_quality *q,
                                  uint64_t seed)
{
    house_open(h, q, seed);
    expect_address(h, 100);
}

static void house_close(struct house *h)
{
    ck_assert_uint_eq(h->d.strange, 0);
    ck_assert_pstr_eq(world_quiet(&h->w), NULL);
    world_close(&h->w);
}

START_TEST(test_an_address_comes_over_a_bad_link)
{
    struct house h;

    house_open_with_lease(&h, &bad, (uint64_t)_i);
    house_close(&h);
}
END_TEST

START_TEST(test_the_lease_is_renewed_with_its_server)
{
    struct house h;

    house_open_with_lease(&h, &good, 1);
    ck_assert(!world_run(&h.w, 5 * LEASE_S * NS_PER_SEC, has_none, &h));
    ck_assert_uint_ge(h.d.renewals, 8); /* each half of a lease */
    ck_assert_uint_eq(h.d.rebindings, 0);
    ck_assert_uint_eq(h.d.discovers, 1);
    house_close(&h);
}
END_TEST

START_TEST(test_the_lease_is_renewed_over_a_bad_link)
{
    struct house h;

    house_open_with_lease(&h, &bad, 20 + (uint64_t)_i);
    ck_assert(!world_run(&h.w, 5 * LEASE_S * NS_PER_SEC, has_none, &h));
    house_close(&h);
}
END_TEST

START_TEST(test_a_server_that_does_not_answer_directly_is_asked_by_broadcast)
{
    struct house h;

    house_open_with_lease(&h, &good, 2);
    h.d.deaf_to_direct = true;
    ck_assert(!world_run(&h.w, 3 * LEASE_S * NS_PER_SEC, has_none, &h));
    ck_assert_uint_ge(h.d.rebindings, 2);
    house_close(&h);
}
END_TEST

START_TEST(test_an_address_is_given_up_when_its_lease_ends)
{
    struct house h;
    ns_t began;

    house_open_with_lease(&h, &good, 3);
    began = h.w.now;
    h.d.silent = true;
    ck_assert(world_run(&h.w, 2 * LEASE_S * NS_PER_SEC, has_none, &h));
    ck_assert_uint_le(h.w.now - began, (LEASE_S + 1) * NS_PER_SEC);
    ck_assert_uint_ge(h.w.now - began, (LEASE_S - 20) * NS_PER_SEC);
    h.d.silent = false;
    expect_address(&h, 100);
    house_close(&h);
}
END_TEST

START_TEST(test_a_refused_renewal_gets_another_address)
{
    struct house h;

    house_open_with_lease(&h, &good, 4);
    h.d.first = 200;
    ck_assert(world_run(&h.w, LEASE_S * NS_PER_SEC, has_none, &h));
    ck_assert_uint_ge(h.d.naks, 1);
    expect_address(&h, 200);
    house_close(&h);
}
END_TEST

START_TEST(test_a_missing_server_is_said)
{
    struct house h;

    house_open(&h, &good, 5);
    h.d.silent = true;
    world_run(&h.w, 60 * NS_PER_SEC, NULL, NULL);
    ck_assert(h.n->saw_dhcp_wait);
    h.d.silent = false;
    expect_address(&h, 100);
    house_close(&h);
}
END_TEST

START_TEST(test_two_hosts_talk_with_addresses_from_a_server)
{
    struct node_config c = {.dhcp4 = true, .none6 = true};
    struct flow_script server = flow_echo(50 * KIB);
    struct flow_script client = flow_ask(50 * KIB);
    struct scene s = {0};
    struct dhcpd d;

    world_open(&s.world, _i ? &bad : &good, 6);
    dhcpd_open(&d, &s.world, LEASE_S);
    s.server_node = world_add(&s.world, &c);
    s.client_node = world_add(&s.world, &c);
    world_settle(&s.world);
    scene_connect(&s, true, &server, &client);
    scene_play(&s, 300 * NS_PER_SEC);
    scene_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dhcp");
    TCase *t = tcase_create("dhcp");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_an_address_comes_over_a_bad_link, 0, 20);
    tcase_add_test(t, test_the_lease_is_renewed_with_its_server);
    tcase_add_loop_test(t, test_the_lease_is_renewed_over_a_bad_link, 0, 10);
    tcase_add_test(
        t, test_a_server_that_does_not_answer_directly_is_asked_by_broadcast);
    tcase_add_test(t, test_an_address_is_given_up_when_its_lease_ends);
    tcase_add_test(t, test_a_refused_renewal_gets_another_address);
    tcase_add_test(t, test_a_missing_server_is_said);
    tcase_add_loop_test(t, test_two_hosts_talk_with_addresses_from_a_server, 0,
                        2);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
