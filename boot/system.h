/* SPDX-License-Identifier: ISC */
/*
 * system.h - the one instance that an image has of everything: only boot/
 * sees it.
 */
#ifndef BOOT_SYSTEM_H
#define BOOT_SYSTEM_H

#include <base/clock.h>
#include <base/pool.h>
#include <billet/app.h>

#include "plan.h"

struct system {
    struct env env;
    struct plan plan;
    struct clock clock;
    struct arena arena;     /* everything the plan counts */
    struct arena app_arena; /* the application's part of it */
    struct pool pkts;
    struct block_pool rx_blocks, tx_blocks;
    ns_t started_ns; /* when start() returned or first waited; 0: not yet */
};
extern struct system boot_system;

/* Shows machine, memory and pools in /metrics. */
void status_metrics(struct metrics *);

#endif
