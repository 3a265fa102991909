/* SPDX-License-Identifier: ISC */
/*
 * end.c - the end of an image, in order: the application, its connections,
 * what the network has lent, the disks, the power.  Each has its time, so that
 * none can keep the owner waiting.
 */
#include "end.h"

#include <billet/machine.h>
#include <log/log_impl.h>
#include <loop/loop_impl.h>

/* For who asked to be told of the end to finish what was begun. */
#define STOP_NS (5 * NS_PER_SEC)
/* For what is queued to arrive, and the FIN behind it. */
#define CLOSE_NS (1 * NS_PER_SEC)
/* For frames of farewell to leave, and for ARP before them. */
#define FAREWELL_NS (100 * NS_PER_MS)
/* For disks to write out what they hold. */
#define DISKS_NS (10 * NS_PER_SEC)

void boot_turn(struct env *env, ns_t now)
{
    machine_woken();
    loop_turn(env->loop, now);
}

void boot_rest(struct env *env, ns_t now, ns_t until)
{
    ns_t at;

    if (loop_arm(env->loop))
        return;
    at = loop_deadline(env->loop);
    at = at < until ? at : until;
    if (at > now)
        machine_wait(at);
}

static bool down(struct env *env, enum net_down how)
{
    const struct service *net = billet_app.networking;

    return net && net->down(env->net, how, loop_now(env->loop));
}

static bool app_goes_on(struct env *env)
{
    return loop_stop_busy(env->loop);
}

static bool connections_go_on(struct env *env)
{
    return down(env, NET_DOWN_CLOSE);
}

static bool for_all_that_time(struct env *env)
{
    (void)env;
    return true;
}

/* As long as it goes on, and not for longer than that. */
static void go_on(struct env *env, ns_t most, bool (*goes_on)(struct env *))
{
    ns_t now = machine_turn(), until = now + most;

    for (; now < until && goes_on(env); now = machine_turn()) {
        boot_turn(env, now);
        boot_rest(env, now, until);
    }
}

/* What was written is safe before the power goes. */
static void end_disks(struct env *env)
{
    ns_t now = machine_turn(), until = now + DISKS_NS;

    for (; billet_app_disks && now < until && billet_app_disks->down();
         now = machine_turn()) {
        boot_turn(env, now);
        if (billet_app_disks->in_use())
            boot_rest(env, now, until);
    }
}

void boot_stop(struct env *env)
{
    log_info(env->log, "boot", "asked to end");
    down(env, NET_DOWN_DEAF);
    loop_stop(env->loop, loop_now(env->loop));
    go_on(env, STOP_NS, app_goes_on);
    go_on(env, CLOSE_NS, connections_go_on);
    down(env, NET_DOWN_CUT);
}

_Noreturn void boot_end(struct env *env)
{
    if (down(env, NET_DOWN_LEAVE))
        go_on(env, FAREWELL_NS, for_all_that_time);
    end_disks(env);
    if (billet_app_screens)
        billet_app_screens->down();
    machine_exit(0);
}
