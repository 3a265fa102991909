/* SPDX-License-Identifier: ISC */
/*
 * nics.h - which device serves which network of the manifest.
 *
 * nics_metal.c finds virtio devices, nics_hosted.c opens tap devices.
 */
#ifndef BOOT_NICS_H
#define BOOT_NICS_H

#include <billet/app.h>
#include <billet/netif.h>

/* Bytes of the arena that nics_find() takes at most for `n` NICs, and for what
 * other devices it starts. */
size_t nics_bytes(unsigned n, unsigned ring);

/* Asks a virtio-rng for bytes and waits some milliseconds for them: into
 * machine_seed().  False: there is none, or none that answers. */
bool nics_seed(struct env *);

/*
 * One NIC for each name in manifest.nets, in order.  Anything but OK when a
 * network has no device; the log then says which line gives it.
 */
MUST_USE enum err nics_find(struct env *, struct netif *out[APP_NETS_MAX],
                            unsigned *n);

#endif
