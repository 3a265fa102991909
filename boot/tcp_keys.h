/* SPDX-License-Identifier: ISC */
/*
 * tcp_keys.h - see tcp_keys.c.
 */
#ifndef BOOT_TCP_KEYS_H
#define BOOT_TCP_KEYS_H

#include <net.h>

/* Before the memory plan: what is wished for instead of the manifest's. */
void tcp_keys_wish(const struct env *, struct limits *);
/* After it. */
void tcp_keys_config(const struct env *, struct net_config *);

#endif
