/* SPDX-License-Identifier: ISC */
/*
 * test_udp.c - datagrams, and finding out where they go, with no TCP to keep
 * the host awake.
 */
#include "../unit/lib/suite.h"
#include "scene.h"

#include <base/bytes.h>

enum { MS = 1000000, PORT = 4000, FAMILIES = 2 };

static const struct lan_quality good = {.delay = 2 * MS};
static const struct lan_quality lossy = {.delay = 2 * MS, .loss_ppm = 200000};

struct ear {
    unsigned heard, wrong;
    size_t want;
};

static void hear(const struct udp_dgram *d, void *user)
{
    struct ear *e = user;

    e->heard++;
    e->wrong += d->data.n != e->want ||
                memcmp(d->data.p, flow_pattern(0).p, e->want) != 0;
}

static void listen(struct node *n, struct ear *e)
{
    uint16_t port = PORT;
    enum err err = udp_bind(n->net, &port, hear, e);

    ck_assert_int_eq(err, OK);
}

static enum err send(struct scene *s, bool v4, size_t n)
{
    struct udp_dgram d = {.data = {flow_pattern(0).p, n}};

    d.remote.port = d.local.port = PORT;
    ck_assert(node_addr(s->server_node, v4, &d.remote.addr));
    return udp_send(s->client_node->net, &d);
}

/* Loses the first questions for an address: ARP requests, solicitations. */
static bool lose_questions(struct lan *l, struct span f, void *user)
{
    unsigned *left = user;
    bool question =
        be16(f.p + 12) == 0x0806 || (be16(f.p + 12) == 0x86dd && f.p[20] == 58);

    (void)l;
    if (!question || *left == 0)
        return true;
    (*left)--;
    return false;
}

START_TEST(test_a_lost_question_for_an_address_is_asked_again)
{
    unsigned lose = 2;
    struct ear here = {.want = 100}, there = {.want = 100};
    struct scene s;

    scene_open(&s, &good, 1, NULL);
    listen(s.server_node, &there);
    listen(s.client_node, &here);
    world_run(&s.world, 600 * NS_PER_SEC, NULL, NULL); /* caches are stale */
    s.world.link.gate = lose_questions;
    s.world.link.gate_user = &lose;
    ck_assert_int_eq(send(&s, _i, 100), OK);
    world_run(&s.world, 5 * NS_PER_SEC, NULL, NULL);
    ck_assert_uint_eq(lose, 0);
    ck_assert_uint_eq(there.heard, 1);
    ck_assert_uint_eq(there.wrong, 0);
    scene_close(&s);
}
END_TEST

START_TEST(test_a_datagram_to_nobody_leaves_nothing)
{
    struct ear here = {.want = 100};
    struct scene s;

    scene_open(&s, &good, 2, NULL);
    listen(s.client_node, &here);
    s.server_node->nic.port.up = false;
    ck_assert_int_eq(send(&s, _i, 100), OK);
    world_run(&s.world, 60 * NS_PER_SEC, NULL, NULL);
    s.server_node->nic.port.up = true;
    scene_close(&s);
}
END_TEST

/* Each either comes whole, once, or not at all. */
START_TEST(test_datagrams_over_a_lossy_link)
{
    struct ear here = {.want = 1400}, there = {.want = 1400};
    struct scene s;

    scene_open(&s, &lossy, 3, NULL);
    listen(s.server_node, &there);
    listen(s.client_node, &here);
    for (unsigned i = 0; i < 500; i++) {
        ck_assert_int_eq(send(&s, _i, 1400), OK);
        world_run(&s.world, 100 * MS, NULL, NULL);
    }
    ck_assert(there.heard > 350 && there.heard < 450);
    ck_assert_uint_eq(there.wrong, 0);
    ck_assert_uint_eq(here.heard, 0);
    scene_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("udp");
    TCase *t = tcase_create("udp");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_a_lost_question_for_an_address_is_asked_again,
                        0, FAMILIES);
    tcase_add_loop_test(t, test_a_datagram_to_nobody_leaves_nothing, 0,
                        FAMILIES);
    tcase_add_loop_test(t, test_datagrams_over_a_lossy_link, 0, FAMILIES);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
