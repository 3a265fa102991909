/* SPDX-License-Identifier: ISC */
/*
 * table.h - a table of keys of every type, for a machine with two networks.
 */
#ifndef TABLE_H
#define TABLE_H

#include "../suite.h"

#include <base/bytes.h>
#include <keys/keys.h>

static const char *check_even(struct span v)
{
    return v.n % 2 == 0 ? NULL : "a text of even length";
}

static const struct key table[] = {
    {.name = "hello",
     .type = KEY_TYPE_STRING,
     .what = "TEXT",
     .fallback = "Hello, world",
     .help = "what to say"},
    {.name = "even",
     .type = KEY_TYPE_STRING,
     .what = "TEXT",
     .help = "an even text",
     .check = check_even},
    {.name = "peer",
     .type = KEY_TYPE_FLAG,
     .what = "on|off",
     .fallback = "off",
     .help = "test peer"},
    {.name = "port",
     .alias = "tcp-port",
     .type = KEY_TYPE_UINT,
     .what = "NUMBER",
     .fallback = "80",
     .min = 1,
     .max = 65535,
     .help = "port to listen on"},
    {.name = "ipv4",
     .type = KEY_TYPE_STRING,
     .what = "ADDRESS/LENGTH",
     .fallback = "dhcp",
     .help = "IPv4 address",
     .per_net = true},
    {.name = "ipv4-gateway",
     .type = KEY_TYPE_ADDR,
     .what = "ADDRESS",
     .help = "IPv4 default router",
     .per_net = true},
    {.name = "speed",
     .type = KEY_TYPE_CHOICE,
     .what = "slow|fast|auto",
     .choices = "slow|fast|auto",
     .fallback = "auto",
     .help = "how fast"},
    {.name = "help",
     .type = KEY_TYPE_FLAG,
     .what = "on|off",
     .fallback = "off",
     .help = "this table"},
};

enum { HELLO, EVEN, PEER, PORT, IPV4, GATEWAY, SPEED, HELP };

/* The second name fills its 16 bytes: there is no zero behind it. */
static const struct manifest manifest = {
    .name = "test", .nets = {"uplink", "sixteen-bytes-xx"}};

static struct keys keys;
static char error[KEYS_ERROR_BYTES];

static inline void fresh(void)
{
    keys_init(&keys, table, table + ARRAY_LEN(table), &manifest);
}

#define PARSE(...)                                                             \
    keys_parse(&keys, (const char *const[]){__VA_ARGS__, NULL},                \
               "command line", error, sizeof(error))

#endif
