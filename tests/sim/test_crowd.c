/* SPDX-License-Identifier: ISC */
/*
 * test_crowd.c - a hundred hosts on one bad segment: frames are lost, delayed,
 * doubled, reordered and changed, all transfers come to their end, and the
 * same seed gives the same state of every host.
 */
#include "../unit/lib/suite.h"
#include "flow.h"

enum { PAIRS = 50, BYTES = 12000, PORT = 7, RUN_S = 900 };

struct crowd {
    struct world world;
    struct server server[PAIRS];
    struct flow client[PAIRS];
};

static bool all_closed(void *arg)
{
    const struct crowd *c = arg;

    for (unsigned i = 0; i < PAIRS; i++)
        if (!c->client[i].closed || c->server[i].n == 0 ||
            !c->server[i].flow[0].closed)
            return false;
    return true;
}

static void open_crowd(struct crowd *c, uint64_t seed)
{
    static const struct lan_quality bad = {.delay = 3 * NS_PER_MS,
                                           .jitter = 2 * NS_PER_MS,
                                           .loss_ppm = 10000,
                                           .dup_ppm = 10000,
                                           .reorder_ppm = 20000,
                                           .reorder_by = 10 * NS_PER_MS,
                                           .corrupt_ppm = 5000};
    struct node_config plain = {.limits = {.rx_blocks = 64, .tx_blocks = 64},
                                .pkts = 192};

    memset(c, 0, sizeof(*c));
    world_open(&c->world, &bad, seed);
    for (unsigned i = 0; i < 2 * PAIRS; i++) {
        plain.caps = i & 4 ? NETIF_TX_CSUM : 0;
        world_add(&c->world, &plain);
    }
    world_settle(&c->world);
}

/* Host i is a server, host i + 50 its client; every second pair by IPv6. */
static void connect_all(struct crowd *c)
{
    struct flow_script echo = flow_echo(BYTES), ask = flow_ask(BYTES);

    for (unsigned i = 0; i < PAIRS; i++) {
        struct node *to = c->world.node[i], *from = c->world.node[PAIRS + i];
        struct ipaddr addr;

        server_open(&c->server[i], to, PORT, &echo);
        ck_assert(node_addr(to, i & 1, &addr));
        ck_assert_int_eq(flow_connect(&c->client[i], from, &addr, PORT, &ask),
                         OK);
    }
}

/* Every frame with its time, and then what every host has in it. */
static uint64_t run(uint64_t seed)
{
    static struct crowd c;
    uint64_t hash;

    open_crowd(&c, seed);
    connect_all(&c);
    ck_assert(world_run(&c.world, RUN_S * NS_PER_SEC, all_closed, &c));
    hash = world_hash(&c.world);
    for (unsigned i = 0; i < PAIRS; i++) {
        const char *lacks = flow_lacks(&c.client[i]);

        ck_assert_msg(!lacks, "client %u lacks: %s", i, lacks);
    }
    for (unsigned i = 0; i < c.world.nodes; i++)
        hash = hash * UINT64_C(0x100000001b3) ^ net_state(c.world.node[i]->net);
    ck_assert_uint_gt(c.world.link.lost, 0);
    ck_assert_uint_gt(c.world.link.doubled, 0);
    ck_assert_uint_gt(c.world.link.changed, 0);
    ck_assert_uint_gt(c.world.link.late, 0);
    world_close(&c.world);
    return hash;
}

START_TEST(test_a_hundred_hosts_come_to_the_same_states)
{
    uint64_t first = run(100);

    ck_assert_uint_eq(run(100), first);
    ck_assert_uint_ne(run(101), first);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crowd");
    TCase *t = tcase_create("crowd");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_a_hundred_hosts_come_to_the_same_states);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
