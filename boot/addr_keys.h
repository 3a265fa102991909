/* SPDX-License-Identifier: ISC */
/*
 * addr_keys.h - see addr_keys.c.
 */
#ifndef BOOT_ADDR_KEYS_H
#define BOOT_ADDR_KEYS_H

#include <billet/key.h>
#include <net.h>

/* What the keys say of the addresses on the network `name`. */
void addr_keys_config(const struct keys *, const char *name,
                      struct netif_config *);

#endif
