/* SPDX-License-Identifier: ISC */
/*
 * gpu.h - a display by virtio, in two dimensions.
 */
#ifndef VIRTIO_GPU_H
#define VIRTIO_GPU_H

#include <screen/screen_impl.h>
#include <virtio/device.h>

/* Arena bytes that virtio_gpu_attach() takes at most. */
size_t virtio_gpu_bytes(void);

/*
 * Start it, to show `width` by `height` pixels that lie there as screen.h has
 * them; nothing is waited for.  NULL when the arena is too small even to say
 * so; else a display, with `failure` when the device was found to lie or to be
 * dead, now or later.
 */
struct display *virtio_gpu_attach(struct virtio_dev *, struct arena *,
                                  uint32_t *pixels, uint32_t width,
                                  uint32_t height);

#endif
