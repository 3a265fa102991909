/* SPDX-License-Identifier: ISC */
/*
 * no_config.c - an image that knows the command line alone.
 */
#include "config.h"

const struct config *const boot_config = NULL;
