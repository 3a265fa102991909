/* SPDX-License-Identifier: ISC */
/*
 * fstream.h - what dial.c uses of fstream.c; inside lib/fiber only.
 */
#ifndef FIBER_FSTREAM_H
#define FIBER_FSTREAM_H

#include <billet/fiber.h>

/* `timeout` from now; 0: NS_NEVER. */
ns_t fstream_deadline_(const struct fstream *, ns_t timeout);
/* Waits for the stream's next event. */
enum err fstream_wait_(struct fstream *, ns_t deadline);

#endif
