/* SPDX-License-Identifier: ISC */
/*
 * config.h - keys from elsewhere than the command line: what the platform
 * gives.  docs/platforms.md.
 *
 * An image is built with all of it or, -Dplatform=disabled, with nothing.
 */
#ifndef BOOT_CONFIG_H
#define BOOT_CONFIG_H

#include <billet/app.h>
#include <keys/keys.h>
#include <platform/settings.h>

struct config {
    /* What can be had at once: the command line, fw_cfg and SMBIOS.  As
     * keys_parse(). */
    enum err (*start)(struct env *, char *error, size_t size);
};
extern const struct config *const boot_config; /* NULL: none of it */

/* From disks: E_NOENT, there are none with keys; E_INVAL, and why.  Marks those
 * that have some. */
MUST_USE enum err config_disks(struct env *, struct blk *const *disk,
                               unsigned n, bool *is_config, char *error,
                               size_t size);
/* What a disk has said of networks becomes keys, now that the NICs are
 * known. */
struct netif;
void config_nets(struct env *, struct netif *const *nif, unsigned n);
/* From a metadata service.  Waits. */
void config_service(struct env *);

/* For those that find more, later. */
struct settings *config_settings(void);
struct networks *config_networks(void);
/* Whether this image has such a key; "--", and a network before it, may be
 * there. */
bool config_knows(const struct env *, struct span name);
/* All settings to the keys, the weakest first.  E_INVAL, and why. */
MUST_USE enum err config_apply(struct env *, char *error, size_t size);
/* The same once more, for what a source has added; the log says what.  An error
 * ends the boot. */
void config_again(struct env *, enum settings_source);
/* Before it: takes back what that source has said of keys that somebody has
 * asked for already. */
void config_late(struct env *, enum settings_source);
_Noreturn void config_refuse(struct env *, const char *source, const char *why);

#endif
