/* SPDX-License-Identifier: ISC */
/*
 * no_symbols.c - the empty table of the first link; see symbols.py.
 */
#include <symbols.h>

const struct span image_symbols;
