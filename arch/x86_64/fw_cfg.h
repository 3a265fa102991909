/* SPDX-License-Identifier: ISC */
/*
 * fw_cfg.h - files that QEMU gives by name: -fw_cfg name=...,file=...
 */
#ifndef X86_64_FW_CFG_H
#define X86_64_FW_CFG_H

#include <billet/base.h>

/* The first bytes of a file, as many as there is room for; how many.  0: no
 * such file, or no QEMU. */
size_t fw_cfg_read(const char *name, struct mspan out);

#endif
