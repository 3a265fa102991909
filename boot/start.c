/* SPDX-License-Identifier: ISC */
/*
 * start.c - the composition root: from a standing machine to a running
 * application, and the loop that keeps it running.
 *
 * Everything an image is made of is joined here and in the files beside this
 * one, and nowhere else.
 */
#include "start.h"

#include <billet/machine.h>
#include <fiber/fibers.h>
#include <keys/keys.h>
#include <log/log_impl.h>
#include <loop/loop_impl.h>
#include <metrics/metrics_impl.h>
#include <string.h>

#include "config.h"
#include "end.h"
#include "key_log.h"
#include "system.h"
#include "version.h"
#include "watchdog.h"

enum {
    LOG_RING_BYTES = 16384,
    RX_BLOCK_BYTES = 2048,
    TX_BLOCK_BYTES = 4096,
    EXIT_FAILED = 1 /* start() failed, or something it needs is missing */
};

KEY_UINT(delay, "delay", "SECONDS", 0, 86400, "0",
         "wait this long before the application starts");
KEY_FLAG(help, "help", "off", "print this table and power off");

extern const struct key __start_billet_keys[], __stop_billet_keys[];

struct system boot_system;

/* What start() answered, once it did. */
static struct {
    bool running, returned;
    enum err err;
} app;

/* Most images have no such console; what drives devices knows of it. */
void billet_last_words(void)
{
    struct env *env = &boot_system.env;

    if (billet_app.networking)
        billet_app.networking->last_words(env);
    else if (billet_app_disks)
        billet_app_disks->last_words(env);
    else if (billet_app_screens)
        billet_app_screens->last_words(env);
}

_Noreturn void billet_fail(int status)
{
    if (billet_app_disks && billet_app_disks->on_trial())
        machine_reset();
    machine_exit(status);
}

static void start_log_and_keys(struct env *env)
{
    static uint8_t ring[LOG_RING_BYTES];
    static struct log log;
    static struct keys keys;
    char error[KEYS_ERROR_BYTES];

    env->manifest = billet_app.manifest;
    env->log = &log;
    env->keys = &keys;
    log_init(&log, (struct mspan){ring, sizeof(ring)}, machine_log,
             machine_now);
    keys_init(&keys, __start_billet_keys, __stop_billet_keys, env->manifest);
    if (boot_config ? boot_config->start(env, error, sizeof(error))
                    : keys_parse(&keys, machine_args(), "command line", error,
                                 sizeof(error)))
        key_log_refuse(env, error);
    key_log_levels(env);
}

static void help(struct env *env)
{
    char text[KEYS_HELP_BYTES];
    unsigned at = 0;
    size_t n;

    print_line(env->log, "%s %s (%s)", env->manifest->name, billet_version,
               billet_commit);
    billet_last_words();
    while ((n = keys_help(env->keys, &at, text, sizeof(text))) > 0)
        env->log->sink((struct span){(const uint8_t *)text, n});
    machine_exit(0);
}

static size_t services_bytes(const struct limits *l)
{
    size_t n = fibers_bytes(l);

    if (billet_app_disks && !boot_config) /* else they have it already */
        n += billet_app_disks->bytes();
    if (billet_app_screens)
        n += billet_app_screens->bytes();
    return billet_app.networking ? n + billet_app.networking->bytes(l) : n;
}

static unsigned networks(const struct manifest *m)
{
    unsigned n = 0;

    while (n < APP_NETS_MAX && m->nets[n][0])
        n++;
    return n;
}

static unsigned mib(uint64_t bytes)
{
    return (unsigned)((bytes + (1u << 20) - 1) >> 20);
}

static _Noreturn void refuse_memory(struct env *env, struct mspan left,
                                    size_t least)
{
    uint64_t total = machine_memory_total();

    arena_init(&boot_system.arena, left); /* for a console */
    billet_last_words();
    print_line(env->log,
               "%s: too little memory: wants %u MiB, this machine has %u "
               "MiB, of which %u KiB are free",
               env->manifest->name, mib(total) + mib(least - left.n),
               mib(total), (unsigned)(left.n >> 10));
    billet_fail(EXIT_FAILED);
}

/* Into boot_system.plan.  False: there is too little; its least is known. */
static bool plan(struct env *env, size_t available)
{
    unsigned nics = networks(env->manifest);
    struct plan_costs costs = {.services = services_bytes};
    struct limits wish = env->manifest->limits;

    if (nics > 0)
        costs.nics = billet_app.networking->nics_bytes;
    if (billet_app.wish)
        billet_app.wish(env, &wish);
    if (billet_app.networking)
        billet_app.networking->wish(env, &wish);
    return plan_make(&boot_system.plan, &wish, nics, available, &costs);
}

/* Disks come before the plan of memory where keys may be on them: in memory of
 * their own, which is taken off. */
static void read_disks(struct env *env, struct mspan *memory)
{
    size_t skip = machine_scatter(memory->n / 16);
    size_t n = (billet_app_disks->bytes() + MACHINE_PAGE_BYTES) &
               ~(size_t)(MACHINE_PAGE_BYTES - 1);
    char error[KEYS_ERROR_BYTES];
    enum err err;

    if (n > memory->n - skip) {
        (void)plan(env, 0);
        refuse_memory(env, *memory, skip + n + boot_system.plan.least);
    }
    arena_init(&boot_system.arena, (struct mspan){memory->p + skip, n});
    err = billet_app_disks->configure(env, error, sizeof(error));
    if (err == E_INVAL)
        key_log_refuse(env, error);
    if (err && err != E_NOENT)
        billet_fail(EXIT_FAILED);
    key_log_levels(env);
    *memory = (struct mspan){memory->p + skip + n, memory->n - skip - n};
}

static void make_plan(struct env *env, struct mspan memory)
{
    struct plan *p = &boot_system.plan;
    size_t skip;

    if (!plan(env, memory.n))
        refuse_memory(env, memory, p->least);
    env->limits = p->limits;
    skip = machine_scatter(memory.n - p->need);
    log_debug(env->log, "boot", "image at 0x%lx, stack at 0x%lx, heap at 0x%lx",
              machine_base(), (uintptr_t)__builtin_frame_address(0),
              (uintptr_t)memory.p + skip);
    log_debug(env->log, "boot", "time by %s", machine_clock());
    arena_init(&boot_system.arena,
               (struct mspan){memory.p + skip, memory.n - skip});
    if (networks(env->manifest) == 0)
        return;
    if (!pool_init(&boot_system.pkts, "pkts", &boot_system.arena,
                   sizeof(struct pkt), p->pkts, 64) ||
        !block_pool_init(&boot_system.rx_blocks, "rx_blocks",
                         &boot_system.arena, RX_BLOCK_BYTES,
                         p->limits.rx_blocks) ||
        !block_pool_init(&boot_system.tx_blocks, "tx_blocks",
                         &boot_system.arena, TX_BLOCK_BYTES,
                         p->limits.tx_blocks))
        panic(__FILE__, __LINE__, "the memory plan is wrong about pools");
}

static void start_arenas(struct env *env)
{
    const struct limits *l = &env->limits;
    size_t n = l->arena_bytes + (size_t)l->tcp_conns * l->conn_bytes;
    void *memory = arena_try(&boot_system.arena, n, MACHINE_PAGE_BYTES);

    ASSERT(memory);
    arena_init(&boot_system.app_arena, (struct mspan){memory, n});
    env->arena = &boot_system.app_arena;
}

static void run_app(struct env *env, void *arg)
{
    ns_t delay;

    (void)arg;
    if (boot_config && billet_app.networking)
        billet_app.networking->settle(env);
    delay = key_uint(env->keys, &key_delay) * NS_PER_SEC;
    if (delay)
        fiber_sleep(env, delay);
    app.running = true;
    app.err = billet_app.start(env);
    app.returned = true;
}

/* The first stretch of start() is over: whatever it wanted to reserve, it has.
 * tests/bench takes this function's address for "the image is up". */
__attribute__((noinline, used)) void billet_started(struct env *env);
void billet_started(struct env *env)
{
    boot_system.started_ns = machine_now();
    arena_seal(&boot_system.app_arena);
    log_info(
        env->log, "boot", "started in %u us, %u KiB reserved of %u MiB",
        (unsigned)((boot_system.started_ns - machine_boot_ns()) / NS_PER_US),
        (unsigned)(boot_system.plan.need >> 10), mib(machine_memory_total()));
}

/* Whether anything could ever happen again. */
static bool alive(const struct env *env)
{
    if (fibers_live(env->fibers) || loop_pending(env->loop) ||
        (billet_app_disks && billet_app_disks->in_use()) ||
        (billet_app_screens && billet_app_screens->in_use()))
        return true;
    return billet_app.networking && billet_app.networking->in_use(env->net);
}

static void turn(struct env *env, ns_t now)
{
    boot_turn(env, now);
    if (app.running && !boot_system.started_ns)
        billet_started(env);
}

static void end_when_over(struct env *env)
{
    if (app.err) {
        log_error(env->log, "boot", "%s: %s", env->manifest->name,
                  err_name(app.err));
        billet_fail(EXIT_FAILED);
    }
    if (!alive(env))
        boot_end(env);
}

static _Noreturn void run(struct env *env)
{
    for (;;) {
        ns_t now = machine_turn();

        turn(env, now);
        if (app.returned)
            end_when_over(env);
        if (machine_ending()) {
            boot_stop(env);
            boot_end(env);
        }
        boot_rest(env, now, NS_NEVER);
    }
}

void billet_main(void)
{
    static struct loop loop;
    static struct fibers fibers;
    static struct metrics metrics;
    struct env *env = &boot_system.env;
    struct mspan memory;

    start_log_and_keys(env);
    if (key_flag(env->keys, &key_help))
        help(env);
    log_info(env->log, "boot", "%s %s (%s) on %s", env->manifest->name,
             billet_version, billet_commit, machine_name());
    memory = machine_memory();
    if (boot_config && billet_app_disks)
        read_disks(env, &memory);
    key_log_given(env, NULL);
    make_plan(env, memory);
    start_arenas(env);
    env->loop = &loop;
    env->metrics = &metrics;
    env->clock = &boot_system.clock;
    loop_init(&loop, machine_now());
    if (!fibers_init(&fibers, env, &boot_system.arena))
        panic(__FILE__, __LINE__, "the memory plan is wrong about fibers");
    status_metrics(&metrics);
    metrics_add(&metrics, &log_metrics_group, &env->log->metrics.lines);
    metrics_add(&metrics, &fibers_metrics_group, &fibers.metrics.live);
    if (billet_app_screens && billet_app_screens->up(env))
        billet_fail(EXIT_FAILED);
    if (!watchdog_up(env) || (billet_app_disks && billet_app_disks->up(env)))
        billet_fail(EXIT_FAILED);
    if (billet_app.networking) {
        if (billet_app.networking->up(env))
            billet_fail(EXIT_FAILED);
        billet_app.networking->seeded();
    }
    if (fiber_spawn(env, run_app, NULL, NULL))
        panic(__FILE__, __LINE__, "limits.fibers is 0");
    run(env);
}
