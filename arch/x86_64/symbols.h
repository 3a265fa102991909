/* SPDX-License-Identifier: ISC */
/*
 * symbols.h - the names of an image's functions, for its own backtraces.
 *
 * boot/image/symbols.py makes the table from a first link of the image, and a
 * second link takes it in; so an image that is linked without it has an empty
 * one and panics with bare addresses.  The code has no frame pointers (they
 * would cost a tenth of a request): a backtrace reads up the stack and keeps
 * the words that stand behind a call instruction.
 *
 * The table: a byte, how many pairs there are, and these, two bytes each; in
 * a name the byte 0x80 + i is the i-th pair, whose halves may be pairs again,
 * to a depth of SYMBOL_PAIR_DEPTH.  Then entries in the order of their
 * addresses, each
 *     uvarint  bytes from the previous entry's address, the first from
 *              image_base; 7 bits a byte, low bits first, 0x80: more follow
 *     byte     how many bytes of the previous name this one begins with
 *     bytes    the rest of the name, and a zero
 * The last one is an entry without a name, where the text ends.
 */
#ifndef X86_64_SYMBOLS_H
#define X86_64_SYMBOLS_H

#include <billet/base.h>

/* The ELF's virtual address 0 at run time; from the linker script. */
extern const uint8_t image_base[];

/* The image's own table; from the build. */
extern const struct span image_symbols;

enum { SYMBOL_NAME_BYTES = 48, SYMBOL_PAIR_DEPTH = 6 };

/*
 * The function that holds the byte `at` bytes behind image_base: its name,
 * which the build has cut to fit, and how far into it `at` is.  False, with
 * `name` overwritten, when the table has none or is broken.
 */
MUST_USE bool symbol_find(struct span table, uint64_t at,
                          char name[SYMBOL_NAME_BYTES], uint64_t *into);

#endif
