/* SPDX-License-Identifier: ISC */
/*
 * version.h - which sources this image was made from; see version.c.in.
 */
#ifndef BOOT_VERSION_H
#define BOOT_VERSION_H

extern const char billet_version[]; /* "0.1.0" */
extern const char billet_commit[];  /* "c588308", "-dirty" behind it if so */

#endif
