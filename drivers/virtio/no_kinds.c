/* SPDX-License-Identifier: ISC */
/*
 * no_kinds.c - an image without a screen gets this: boot/screens_metal.c.
 */
#include <virtio/kinds.h>

const struct virtio_kind_name *const virtio_more_kinds = NULL;
