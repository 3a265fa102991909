/* SPDX-License-Identifier: ISC */
/*
 * nghttp2ver.h - the version, which upstream's own build would write here.
 */
#ifndef NGHTTP2VER_H
#define NGHTTP2VER_H
#define NGHTTP2_VERSION     "1.64.0"
#define NGHTTP2_VERSION_NUM 0x014000
#endif
