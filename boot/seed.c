/* SPDX-License-Identifier: ISC */
/*
 * seed.c - linked into an application that has no disk of its own, so that its
 * image can read a config disk.
 */
#include <billet/app.h>

BILLET_DISKS;
