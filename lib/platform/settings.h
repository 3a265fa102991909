/* SPDX-License-Identifier: ISC */
/*
 * settings.h - keys and values that platforms give, gathered from texts that
 * nobody vouches for, until lib/keys takes them.
 */
#ifndef PLATFORM_SETTINGS_H
#define PLATFORM_SETTINGS_H

#include <platform/yaml.h>

/* From the weakest on: the later one counts. */
enum settings_source {
    SOURCE_IMAGE,   /* its own arguments */
    SOURCE_SERVICE, /* a metadata service */
    SOURCE_CONFIG_2_NETWORK,
    SOURCE_CONFIG_2_META,
    SOURCE_CONFIG_2, /* its user data */
    SOURCE_CIDATA_NETWORK,
    SOURCE_CIDATA_META,
    SOURCE_CIDATA,
    SOURCE_SMBIOS,
    SOURCE_FW_CFG,
    SOURCE_COMMAND_LINE,
    SOURCES
};
extern const char *const settings_source_names[SOURCES];

enum {
    SETTINGS_MAX = 128,       /* of all sources; beyond: refused */
    SETTINGS_BYTES = 16384,   /* of their text; beyond: refused */
    SETTINGS_LINE_MAX = 4096, /* bytes of a line; beyond: refused */
    SETTINGS_WHY_BYTES = 160
};

struct setting {
    const char *text; /* "key=value" */
    uint8_t source;   /* enum settings_source */
};

struct settings {
    unsigned n;
    size_t used; /* of text */
    struct setting list[SETTINGS_MAX];
    char text[SETTINGS_BYTES];
    uint8_t room[SETTINGS_LINE_MAX]; /* for the line being read */
    struct yaml yaml;                /* or the file */
    /* Why the last text was refused: "line 3: ...".  No value is in it. */
    char why[SETTINGS_WHY_BYTES];
};

/* "name=value"; without a value the name alone.  False: there is no room, or
 * a byte that no value has; `why` says which. */
MUST_USE bool settings_add(struct settings *, enum settings_source,
                           struct span name, const struct span *value);

/*
 * Lines of key=value.  A value goes to the end of its line, without blanks
 * around it, or is in "double quotes" with \" and \\.  Lines that are empty or
 * begin with '#' say nothing.  A line that begins with "--" is read as a
 * command line, several arguments with blanks between.
 */
MUST_USE bool settings_lines(struct settings *, enum settings_source,
                             struct span text);

/* The map `billet:` of a #cloud-config: values, lists of values (joined by
 * commas), maps (joined by dots: a network's name); or a list of arguments.
 * What else is in the file is not for us, and not read. */
MUST_USE bool settings_cloud_config(struct settings *, enum settings_source,
                                    struct span text);

/* Either, as the first line has it.  Also true, with `*foreign` set to what it
 * is ("a script"), for user data that some other system would read. */
MUST_USE bool settings_user_data(struct settings *, enum settings_source,
                                 struct span text, const char **foreign);

/* Base64 of RFC 4648 4, blanks and line ends skipped, padding or not; in place
 * if wanted.  False: it is none, or longer than `out`. */
MUST_USE bool base64_decode(struct span in, struct mspan out, size_t *n);

#endif
