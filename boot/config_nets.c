/* SPDX-License-Identifier: ISC */
/*
 * config_nets.c - what a config disk says of networks, once the NICs are known.
 */
#include <billet/netif.h>
#include <log/log_impl.h>
#include <platform/network.h>
#include <string.h>

#include "config.h"

static struct networks networks;

struct networks *config_networks(void)
{
    return &networks;
}

void config_nets(struct env *env, struct netif *const *nif, unsigned n)
{
    const struct networks *all = &networks;
    struct network_nic nics[APP_NETS_MAX];
    unsigned left = 0;

    if (all->ignored)
        log_warn(env->log, "keys", "%s: only Ethernet is taken from it",
                 settings_source_names[all->source]);
    if (all->n == 0)
        return;
    for (unsigned i = 0; i < n; i++) {
        nics[i].name = nif[i]->name;
        memcpy(nics[i].mac, nif[i]->mac, sizeof(nics[i].mac));
    }
    if (!network_keys(all, config_settings(), nics, n, &left))
        config_refuse(env, settings_source_names[all->source],
                      config_settings()->why);
    if (left)
        log_warn(env->log, "keys", "%s: %u of its networks have no NIC here",
                 settings_source_names[all->source], left);
    config_again(env, all->source);
}
