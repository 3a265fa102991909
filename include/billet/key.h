/* SPDX-License-Identifier: ISC */
/*
 * key.h - configuration keys, declared beside the code that uses them.
 *
 *     KEY_STRING(hello, "hello", "TEXT", "Hello, world", "what to say");
 *     ... key_string(env->keys, &key_hello) ...
 *
 * The linker collects the declarations of what is in the image, and no others,
 * into one table: `--help` prints it, the reference in docs/ is made from it.
 * A key that is not in the table, or a value that is not accepted, stops the
 * boot with a message that names the key, the value and what is accepted.
 * Keys are API: a renamed key keeps its alias.
 */
#ifndef BILLET_KEY_H
#define BILLET_KEY_H

#include <billet/net.h>

enum key_type {
    KEY_TYPE_STRING, /* any text */
    KEY_TYPE_FLAG,   /* on|off, also true|false, yes|no, 1|0; alone: on */
    KEY_TYPE_UINT,   /* decimal, within [min, max] */
    KEY_TYPE_ADDR,   /* an IP address */
    KEY_TYPE_CHOICE  /* one of the words in `choices`, '|' between them */
};

struct key {
    const char *name;     /* without dashes: "ipv4-gateway" */
    const char *alias;    /* an older name, or NULL */
    const char *what;     /* the value in --help: "ADDRESS" */
    const char *fallback; /* the default, as text; NULL: not set */
    const char *help;     /* one line */
    const char *choices;
    uint64_t min, max;
    uint8_t type; /* enum key_type */
    bool per_net; /* may be prefixed: --uplink.ipv4=... */
    bool secret;  /* no message shows a value of it, not even a wrong one */
    /* Further check of a value; NULL: none.  Answers NULL when it is good,
     * else the words for what is accepted: "ADDRESS/LENGTH, dhcp or none". */
    const char *(*check)(struct span value);
};

/* Declare a key, as key_ID for key_string() and its like: the name without
 * dashes, what the value is, the default as text, what it is for. */
#define KEY_SECTION_ __attribute__((used, section("billet_keys"), aligned(8)))
#define KEY_STRING(id, key_name, key_what, key_default, key_help, ...)         \
    KEY_SECTION_ static const struct key key_##id = {.name = key_name,         \
                                                     .what = key_what,         \
                                                     .fallback = key_default,  \
                                                     .help = key_help,         \
                                                     .type = KEY_TYPE_STRING,  \
                                                     __VA_ARGS__}
#define KEY_FLAG(id, key_name, key_default, key_help, ...)                     \
    KEY_SECTION_ static const struct key key_##id = {.name = key_name,         \
                                                     .what = "on|off",         \
                                                     .fallback = key_default,  \
                                                     .help = key_help,         \
                                                     .type = KEY_TYPE_FLAG,    \
                                                     __VA_ARGS__}
#define KEY_UINT(id, key_name, key_what, key_min, key_max, key_default,        \
                 key_help, ...)                                                \
    KEY_SECTION_ static const struct key key_##id = {.name = key_name,         \
                                                     .what = key_what,         \
                                                     .fallback = key_default,  \
                                                     .help = key_help,         \
                                                     .min = key_min,           \
                                                     .max = key_max,           \
                                                     .type = KEY_TYPE_UINT,    \
                                                     __VA_ARGS__}
#define KEY_ADDR(id, key_name, key_default, key_help, ...)                     \
    KEY_SECTION_ static const struct key key_##id = {.name = key_name,         \
                                                     .what = "ADDRESS",        \
                                                     .fallback = key_default,  \
                                                     .help = key_help,         \
                                                     .type = KEY_TYPE_ADDR,    \
                                                     __VA_ARGS__}
#define KEY_CHOICE(id, key_name, key_choices, key_default, key_help, ...)      \
    KEY_SECTION_ static const struct key key_##id = {.name = key_name,         \
                                                     .what = key_choices,      \
                                                     .choices = key_choices,   \
                                                     .fallback = key_default,  \
                                                     .help = key_help,         \
                                                     .type = KEY_TYPE_CHOICE,  \
                                                     __VA_ARGS__}

struct keys;

/* The value in force: given, else the default, else NULL/0/false.  The text
 * lives as long as `keys`.  The type must be the declared one. */
const char *key_string(const struct keys *, const struct key *);
bool key_flag(const struct keys *, const struct key *);
uint64_t key_uint(const struct keys *, const struct key *);
bool key_addr(const struct keys *, const struct key *, struct ipaddr *out);

/* Whether it was given, by any source, rather than left at its default. */
bool key_given(const struct keys *, const struct key *);

/* For a per_net key: `--NET.name` when given, else `--name`.  `net` may be a
 * sub-interface, "uplink.10". */
const char *key_string_for(const struct keys *, const struct key *,
                           const char *net);

#endif
