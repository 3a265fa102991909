/* SPDX-License-Identifier: ISC */
/*
 * test_share.c - two flows through one queue: neither starves, whichever the
 * algorithms, and though the second comes when the first has filled it.
 */
#include "../unit/lib/suite.h"
#include "scene.h"

#include <tcp/shell.h>

enum { KIB = 1024, MS = 1000000, SEEDS = 3, LEAST_PERCENT = 35 };
#define LATER    (2 * NS_PER_SEC)  /* comes the second */
#define SETTLES  (10 * NS_PER_SEC) /* after which the shares count */
#define MEASURED (60 * NS_PER_SEC)

/* The second flow's algorithm; the first's is CUBIC. */
static const enum cc_kind seconds[] = {CC_CUBIC, CC_NEWRENO};

/* An algorithm is chosen for a whole host; here for one flow, before its first
 * segment. */
static void use(struct flow *f, enum cc_kind kind)
{
    CONTAINER(f->s, struct conn, stream)->tcb.cc.kind = kind;
}

static void connect_one(struct scene *s, struct flow *f, enum cc_kind kind)
{
    struct flow_script endless = {.send = UINT64_MAX};
    struct ipaddr to;

    ck_assert(node_addr(s->server_node, true, &to));
    ck_assert_int_eq(flow_connect(f, s->client_node, &to, SCENE_PORT, &endless),
                     OK);
    use(f, kind);
}

static void shared(uint64_t seed, enum cc_kind kind, uint64_t got[2])
{
    /* Half of the path's bandwidth and delay in the queue of the sender. */
    struct lan_quality q = {
        .delay = 20 * MS, .bits_per_sec = 10000000, .queue = 60 * MS};
    struct node_config c = {.limits = {.tcp_rcvbuf = 512 * KIB,
                                       .tcp_sndbuf = 512 * KIB,
                                       .rx_blocks = 2048,
                                       .tx_blocks = 2048},
                            .pkts = 2048};
    struct flow_script sink = {.expect = UINT64_MAX};
    struct flow second;
    struct scene s;

    scene_open(&s, &q, seed, &c);
    server_open(&s.server, s.server_node, SCENE_PORT, &sink);
    connect_one(&s, &s.client, CC_CUBIC);
    world_run(&s.world, LATER + seed * 37 * MS, NULL, NULL);
    connect_one(&s, &second, kind);
    world_run(&s.world, SETTLES, NULL, NULL);
    ck_assert_uint_eq(s.server.n, 2);
    for (int i = 0; i < 2; i++)
        got[i] -= s.server.flow[i].received;
    world_run(&s.world, MEASURED, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        got[i] += s.server.flow[i].received;
        ck_assert_ptr_null(s.server.flow[i].fault);
    }
    world_close(&s.world);
}

START_TEST(test_two_flows_share_a_bottleneck)
{
    uint64_t got[2] = {0, 0}, sum;

    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        shared(seed, seconds[_i], got);
    sum = got[0] + got[1];
    printf("cubic %u %%, %s %u %%\n", (unsigned)(got[0] * 100 / sum),
           seconds[_i] == CC_CUBIC ? "cubic" : "newreno",
           (unsigned)(got[1] * 100 / sum));
    for (int i = 0; i < 2; i++)
        ck_assert_uint_ge(got[i] * 100, sum * LEAST_PERCENT);
    /* Nor does the line rest while they do. */
    ck_assert_uint_ge(sum * 8 / (SEEDS * (MEASURED / NS_PER_SEC)), 9000000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share");
    TCase *t = tcase_create("share");

    tcase_set_timeout(t, 240);
    tcase_add_loop_test(t, test_two_flows_share_a_bottleneck, 0,
                        ARRAY_LEN(seconds));
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
