/* SPDX-License-Identifier: ISC */
/*
 * keys.h - reading configuration into the table of declared keys: for boot.
 * Applications and libraries use <billet/key.h>.
 */
#ifndef KEYS_H
#define KEYS_H

#include <billet/app.h>

/* Values given at once, by all sources; more stop the boot. */
enum { KEYS_GIVEN_MAX = 64, KEYS_ERROR_BYTES = 512 };

struct key_given {
    const struct key *key;
    const char *value;
    const char *source;
    uint8_t net;   /* index in the manifest from 1; 0: not for one network */
    uint16_t vlan; /* and of its sub-interface for that tag; 0: none */
    uint8_t times; /* that the source gave it; the last one counts */
};

struct keys {
    const struct key *first, *end;
    const struct manifest *manifest;
    bool *read; /* NULL, or for each whether its value was asked for */
    unsigned ngiven;
    struct key_given given[KEYS_GIVEN_MAX];
};

/* The bounds of the table are the linker's (__start_billet_keys and
 * __stop_billet_keys).  Asserts that each default is itself accepted. */
void keys_init(struct keys *, const struct key *first, const struct key *end,
               const struct manifest *);

/*
 * Takes what `source` ("command line") gives: "--key=value", "key=value", and
 * for a flag "--key" or "key" alone; a per_net key also as "--NET.key=value",
 * and as "--NET.VLAN.key=value" for a sub-interface.
 * "--" alone says nothing.  NULL-terminated; the texts must stay.  Sources are
 * read from the lowest to the highest: a later call overrides an earlier one.
 * Within one call the last of several values counts, so that a line can be
 * appended to; boot says so in the log (key_given.times).
 *
 * E_INVAL, and the reason in `error`, at the first argument that is not
 * accepted: an unknown key with the nearest known ones, or key, value and what
 * is accepted.
 */
MUST_USE enum err keys_parse(struct keys *, const char *const *args,
                             const char *source, char *error, size_t size);

/* "--name" or "--NET.name" of a given value, for the log; never the value. */
void keys_given_name(const struct keys *, const struct key_given *, char *out,
                     size_t size);

/*
 * The table for --help, sorted by name, in pieces: writes the text of key
 * number *cursor (0: the heading, too) and advances it; 0 when all is written.
 * A key is
 *     --name=WHAT
 *         the line of help
 *         what is accepted; default: text; also --alias, --NET.name
 */
enum { KEYS_HELP_BYTES = 512 };
size_t keys_help(const struct keys *, unsigned *cursor, char *out, size_t size);

#endif
