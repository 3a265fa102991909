/* SPDX-License-Identifier: ISC */
/*
 * ide.h - the IDE channels of a machine: those at the old ports, and those of
 * controllers that have their own.
 */
#ifndef BUS_IDE_H
#define BUS_IDE_H

#include <ata/ata.h>

struct arena;

enum { BUS_IDE_MAX = 4 /* channels; beyond: not seen */ };

/* Those behind a controller on PCI; from the arena. */
unsigned bus_ide_find(struct ata_channel *out[BUS_IDE_MAX], struct arena *);

/* Arena bytes that all of them take at most. */
size_t bus_ide_bytes(void);

#endif
