/* SPDX-License-Identifier: ISC */
/*
 * scene.h - the usual scene: a server, a client, a link between them.
 */
#ifndef SIM_SCENE_H
#define SIM_SCENE_H

#include "flow.h"

enum { SCENE_PORT = 7 };

struct scene {
    struct world world;
    struct node *server_node, *client_node;
    struct server server;
    struct flow client;
};

/* Both hosts alike; `c` may be NULL: defaults. */
void scene_open(struct scene *, const struct lan_quality *, uint64_t seed,
                const struct node_config *c);
/* Runs a whole connection: opened by the client, to both ends' satisfaction,
 * within `most`.  What is missing fails the test. */
void scene_connect(struct scene *, bool v4, const struct flow_script *server,
                   const struct flow_script *client);
void scene_play(struct scene *, ns_t most);
/* `n` connections at once, all of which must have what they expect within
 * 900 s.  `over` may be NULL: until that time is up. */
void scene_play_many(struct scene *, bool v4, const struct flow_script *server,
                     const struct flow_script *client, struct flow *,
                     unsigned n, bool (*over)(void *flows));
/* Demands quiet (world_quiet), then frees everything. */
void scene_close(struct scene *);

#endif
