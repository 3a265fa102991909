/* SPDX-License-Identifier: ISC */
/*
 * levels.h - the table of sources, between levels.c and log.c.
 */
#ifndef LOG_LEVELS_H
#define LOG_LEVELS_H

#include "log_impl.h"

/* The source of that name, made when it is new; when the table is full, the
 * one that all further sources share. */
struct log_source *log_source_get(struct log *, const char *name);

#endif
