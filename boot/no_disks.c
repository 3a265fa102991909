/* SPDX-License-Identifier: ISC */
/*
 * no_disks.c - an application that does not say BILLET_DISKS gets this.
 */
#include <billet/app.h>

const struct disks *const billet_app_disks = NULL;
