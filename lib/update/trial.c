/* SPDX-License-Identifier: ISC */
/*
 * trial.c - whether this image, booted for the first time, is kept.
 *
 * The boot loader has spent its only try: whatever ends the trial but the one
 * write below, the slot of before comes back.
 */
#include <billet/machine.h>

#include "update_impl.h"

#define LOOK_EVERY (250 * NS_PER_MS)

bool update_is_ready(const struct update *u)
{
    return !u->config.ready || u->config.ready(u->config.user);
}

void update_readyz(struct update *u, struct http_exchange *x)
{
    bool ready = update_is_ready(u);

    http_reply(x, &(struct http_reply){
                      .status = ready ? 200 : 503,
                      .type = SPAN("text/plain"),
                      .fields = SPAN("Cache-Control: no-store\r\n"),
                      .body = ready ? SPAN("ready\n") : SPAN("not yet\n")});
}

static void keep(struct env *env, void *arg)
{
    struct update *u = arg;
    enum err err = slots_keep(&u->slots, u->running);

    u->keeping = false;
    if (err) {
        log_error(env->log, "update", "this image cannot be kept: %s",
                  err_name(err));
        return;
    }
    u->trial = false;
    u->block.keep = u->running;
    u->block.try = false;
    u->m.trial = 0;
    u->m.kept++;
    timer_clear(env->loop, &u->timer);
    log_info(env->log, "update", "ready: slot %c is kept", 'a' + u->running);
}

static void look(struct timer *t, ns_t now)
{
    struct update *u = CONTAINER(t, struct update, timer);
    struct env *env = u->env;

    if (now >= u->until && !u->keeping) {
        log_error(env->log, "update",
                  "not ready in time: back to the slot of before");
        machine_reset();
    }
    if (u->has_slots && !u->keeping && update_is_ready(u))
        u->keeping = fiber_spawn(env, keep, u, NULL) == OK;
    timer_set(env->loop, t, now + LOOK_EVERY);
}

void update_trial(struct update *u)
{
    u->m.trial = 1;
    u->timer.fire = look;
    timer_set(u->env->loop, &u->timer, loop_now(u->env->loop));
}
