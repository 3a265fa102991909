/* SPDX-License-Identifier: ISC */
/*
 * fuzz_keys.c - any command line, an argument up to each zero byte.
 *
 * The first byte chooses how much room the error text has.  Whatever the
 * verdict: nothing but accepted values is in force, and a refusal is one
 * printable line.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <keys/keys.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARGS_MAX = 100, TEXT_MAX = 8192 };

static const char *check_pair(struct span v)
{
    struct endpoint e;

    return endpoint_parse(&e, v) ? NULL : "ADDRESS:PORT";
}

#define NAMES(X)                                                               \
    X("hello", KEY_TYPE_STRING, "Hello", NULL, NULL)                           \
    X("to", KEY_TYPE_STRING, NULL, check_pair, "target")                       \
    X("peer", KEY_TYPE_FLAG, "off", NULL, NULL)                                \
    X("port", KEY_TYPE_UINT, "80", NULL, "tcp-port")                           \
    X("dns", KEY_TYPE_ADDR, NULL, NULL, NULL)                                  \
    X("ipv4-gateway", KEY_TYPE_ADDR, NULL, NULL, NULL)                         \
    X("speed", KEY_TYPE_CHOICE, "fast", NULL, NULL)

static const struct key table[] = {
#define X(key_name, key_type, key_default, key_check, key_alias)               \
    {.name = key_name,                                                         \
     .type = key_type,                                                         \
     .what = "WHAT",                                                           \
     .help = "help",                                                           \
     .fallback = key_default,                                                  \
     .check = key_check,                                                       \
     .alias = key_alias,                                                       \
     .choices = "slow|fast|auto",                                              \
     .min = 1,                                                                 \
     .max = 65535,                                                             \
     .per_net = (key_type) == KEY_TYPE_ADDR},
    NAMES(X)
#undef X
};

static const struct manifest manifest = {.name = "fuzz",
                                         .nets = {"uplink", "clients"}};

_Noreturn void panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "panic: %s:%d: %s\n", file, line, what);
    abort();
}

static void check_values(const struct keys *keys)
{
    struct ipaddr a;

    for (unsigned i = 0; i < keys->ngiven; i++) {
        const struct key_given *g = &keys->given[i];
        char name[64];

        keys_given_name(keys, g, name, sizeof(name));
        ASSERT(g->times > 0 && g->net <= 2);
        ASSERT(key_given(keys, g->key));
        ASSERT(g->net == 0 || g->key->per_net);
        if (g->net)
            ASSERT(key_string_for(keys, g->key, manifest.nets[g->net - 1]) ==
                   g->value);
        else
            ASSERT(key_string(keys, g->key) == g->value);
        if (g->key->type == KEY_TYPE_ADDR)
            ASSERT(ipaddr_parse(&a, span_of(g->value)));
        if (g->key->type == KEY_TYPE_UINT)
            ASSERT(key_uint(keys, g->key) >= 1 &&
                   key_uint(keys, g->key) <= 65535);
        if (g->key->type == KEY_TYPE_FLAG)
            (void)key_flag(keys, g->key);
    }
}

static void check_refusal(const char *error, size_t size)
{
    size_t n = strlen(error);

    ASSERT(n < size);
    ASSERT(n > 0 || size == 1);
    for (size_t i = 0; i < n; i++)
        ASSERT((uint8_t)error[i] >= 0x20 && error[i] != 0x7f);
}

/* Splits at zero bytes; what is too much is left out. */
static void split(char *text, size_t n, const char *args[ARGS_MAX + 1])
{
    unsigned nargs = 0;

    for (size_t at = 0; at < n && nargs < ARGS_MAX; at += strlen(text + at) + 1)
        args[nargs++] = text + at;
    args[nargs] = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_MAX + 1];
    const char *args[ARGS_MAX + 1];
    struct keys keys;
    char error[256];
    size_t room;

    if (size == 0 || size > TEXT_MAX)
        return 0;
    room = (size_t)data[0] + 1 <= sizeof(error) ? (size_t)data[0] + 1 : 1;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = 0;
    split(text, size - 1, args);
    keys_init(&keys, table, table + ARRAY_LEN(table), &manifest);
    if (keys_parse(&keys, args, "command line", error, room))
        check_refusal(error, room);
    else
        ASSERT(error[0] == 0);
    check_values(&keys);
    return 0;
}
