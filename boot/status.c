/* SPDX-License-Identifier: ISC */
/*
 * status.c - what the image says of itself: machine, memory, pools.
 */
#include <billet/machine.h>
#include <string.h>

#include "system.h"
#include "version.h"

#define IMAGE_METRICS(X)                                                       \
    X(GAUGE, uptime_seconds, "", "Seconds since the first instruction")        \
    X(GAUGE, wall_milliseconds, "", "Since 1970, UTC; 0: no clock")            \
    X(GAUGE, boot_microseconds, "", "From the first instruction to started")   \
    X(GAUGE, machine_memory_bytes, "", "Memory the machine has")               \
    X(GAUGE, plan_memory_bytes, "", "Memory reserved for the image's limits")  \
    X(GAUGE, used_memory_bytes, "", "Memory of the plan now in use")           \
    X(GAUGE, high_memory_bytes, "", "The most of the plan that ever was")
METRICS_STRUCT(image, IMAGE_METRICS);
METRICS_TABLE(image, IMAGE_METRICS);

#define POOL_ROWS(X, name)                                                     \
    X(GAUGE, in_use__##name, "pool=\"" #name "\"", "Objects in use")           \
    X(GAUGE, high_water__##name, "pool=\"" #name "\"", "The most ever in use") \
    X(GAUGE, objects__##name, "pool=\"" #name "\"", "Objects in all")          \
    X(COUNTER, refusals__##name, "pool=\"" #name "\"", "Requests refused")
#define POOL_METRICS(X)                                                        \
    POOL_ROWS(X, pkts) POOL_ROWS(X, rx_blocks) POOL_ROWS(X, tx_blocks)
METRICS_STRUCT(pool, POOL_METRICS);
METRICS_TABLE(pool, POOL_METRICS);

static struct image_metrics image;
static struct pool_metrics pools;

static uint64_t pool_used(const struct pool *p, uint32_t bytes)
{
    return (uint64_t)p->in_use * (p->size + bytes);
}

static uint64_t pool_high(const struct pool *p, uint32_t bytes)
{
    return (uint64_t)p->high_water * (p->size + bytes);
}

/* What was taken for good, and what the pools now hold. */
static void memory_use(uint64_t *used, uint64_t *high)
{
    const struct system *s = &boot_system;
    const struct block_pool *rx = &s->rx_blocks, *tx = &s->tx_blocks;
    uint64_t fixed = s->plan.need;

    fixed -= (uint64_t)s->pkts.count * s->pkts.size;
    fixed -= (uint64_t)rx->blocks.count * (rx->blocks.size + rx->block_bytes);
    fixed -= (uint64_t)tx->blocks.count * (tx->blocks.size + tx->block_bytes);
    *used = fixed + pool_used(&s->pkts, 0) +
            pool_used(&rx->blocks, rx->block_bytes) +
            pool_used(&tx->blocks, tx->block_bytes);
    *high = fixed + pool_high(&s->pkts, 0) +
            pool_high(&rx->blocks, rx->block_bytes) +
            pool_high(&tx->blocks, tx->block_bytes);
}

void image_status(const struct env *env, struct image_status *out)
{
    ns_t boot = machine_boot_ns(), now = machine_now();

    /* Until a server has set it, it follows the machine's own clock. */
    if (!boot_system.clock.disciplined)
        clock_set(&boot_system.clock, machine_wall_ns(), now);
    *out =
        (struct image_status){.name = env->manifest->name,
                              .version = billet_version,
                              .commit = billet_commit,
                              .machine = machine_name(),
                              .uptime_ns = now - boot,
                              .wall_ns = clock_wall_ns(&boot_system.clock, now),
                              .memory_total = machine_memory_total(),
                              .memory_plan = boot_system.plan.need};
    if (boot_system.started_ns)
        out->boot_ns = boot_system.started_ns - boot;
    memory_use(&out->memory_used, &out->memory_high);
}

static void refresh_image(void *user)
{
    struct image_status s;

    image_status(user, &s);
    image = (struct image_metrics){.uptime_seconds = s.uptime_ns / NS_PER_SEC,
                                   .wall_milliseconds = s.wall_ns / NS_PER_MS,
                                   .boot_microseconds = s.boot_ns / NS_PER_US,
                                   .machine_memory_bytes = s.memory_total,
                                   .plan_memory_bytes = s.memory_plan,
                                   .used_memory_bytes = s.memory_used,
                                   .high_memory_bytes = s.memory_high};
}

static void refresh_pools(void *user)
{
    const struct system *s = user;

#define FILL(name, pool)                                                       \
    pools.in_use__##name = (pool).in_use;                                      \
    pools.high_water__##name = (pool).high_water;                              \
    pools.objects__##name = (pool).count;                                      \
    pools.refusals__##name = (pool).refusals
    FILL(pkts, s->pkts);
    FILL(rx_blocks, s->rx_blocks.blocks);
    FILL(tx_blocks, s->tx_blocks.blocks);
#undef FILL
}

void status_metrics(struct metrics *m)
{
    metrics_add_computed(m, &image_metrics_group, &image.uptime_seconds,
                         refresh_image, &boot_system.env);
    if (boot_system.pkts.count)
        metrics_add_computed(m, &pool_metrics_group, &pools.in_use__pkts,
                             refresh_pools, &boot_system);
}
