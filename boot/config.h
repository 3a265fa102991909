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

/* For those that find more, later. */
struct settings *config_settings(void);
/* Whether this image has such a key; "--", and a network before it, may be
 * there. */
bool config_knows(const struct env *, struct span name);
/* All settings to the keys, the weakest first.  E_INVAL, and why. */
MUST_USE enum err config_apply(struct env *, char *error, size_t size);

#endif
