/* SPDX-License-Identifier: ISC */
/*
 * no_syslog_tls.c - taken by the linker where no TLS is in the image.
 */
#include "syslog.h"

const struct syslog_secure *const boot_syslog_secure = NULL;
