/* SPDX-License-Identifier: ISC */
/*
 * install.c - from memory to the other slot, then the switch, then the restart.
 */
#include <billet/machine.h>

#include "update_impl.h"

/* For the answer to arrive. */
#define RESTART_AFTER (1 * NS_PER_SEC)

static void restart(struct timer *t, ns_t now)
{
    (void)t;
    (void)now;
    machine_reset();
}

static enum err write(struct update *u)
{
    size_t n = (size_t)u->header.bytes;
    struct mspan whole = {u->memory.p, (n + BLK_SECTOR_BYTES - 1) /
                                           BLK_SECTOR_BYTES * BLK_SECTOR_BYTES};
    enum err err =
        slots_put(&u->slots, !u->running, whole, n, u->header.digest);

    return err ? err : slots_try(&u->slots, u->header.sequence);
}

static void run(struct env *env, void *arg)
{
    struct update *u = arg;
    enum err err = write(u);

    if (err) {
        log_error(env->log, "update", "slot %c cannot be written: %s",
                  'a' + !u->running, err_name(err));
        u->state = UPDATE_IDLE;
        u->no = (struct update_no){500, "the disk failed"};
        u->m.refused++;
    } else {
        log_info(env->log, "update",
                 "sequence %lu is in slot %c: restarting, to try it",
                 (unsigned long)u->header.sequence, 'a' + !u->running);
        u->state = UPDATE_RESTARTING;
        u->m.installed++;
        u->timer.fire = restart;
        timer_set(env->loop, &u->timer, loop_now(env->loop) + RESTART_AFTER);
    }
    if (u->owner)
        http_ready(u->owner);
}

void update_install(struct update *u)
{
    u->state = UPDATE_INSTALLING;
    if (fiber_spawn(u->env, run, u, NULL)) {
        u->state = UPDATE_IDLE;
        u->no = (struct update_no){503, "too much is going on"};
    }
}
