/* SPDX-License-Identifier: ISC */
/*
 * no_packed.c - for images that are to be small: split rings are all they know.
 */
#include <virtio/vq.h>

const struct vq_packed *const vq_packed = NULL;
