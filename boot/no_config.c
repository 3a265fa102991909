/* SPDX-License-Identifier: ISC */
/*
 * no_config.c - an image that knows the command line alone.
 */
#include "config.h"

const struct config *const boot_config = NULL;

enum err config_disks(struct env *env, struct blk *const *disk, unsigned n,
                      bool *is_config, char *error, size_t size)
{
    (void)env;
    (void)disk;
    (void)n;
    (void)is_config;
    (void)error;
    (void)size;
    return E_NOENT;
}

void config_nets(struct env *env, struct netif *const *nif, unsigned n)
{
    (void)env;
    (void)nif;
    (void)n;
}

void config_service(struct env *env)
{
    (void)env;
}
