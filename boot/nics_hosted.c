/* SPDX-License-Identifier: ISC */
/*
 * nics_hosted.c - devices of the host for the networks of the manifest.
 */
#include "nics.h"

#include <base/bytes.h>
#include <host/host.h>
#include <hosted/record.h>
#include <log/log_impl.h>
#include <net.h>
#include <pwd.h>
#include <unistd.h>

#include "system.h"

static const char *check_mac(struct span text);

/* arch/hosted/record.c has looked for these before anything else ran. */
KEY_STRING(record, "record", "FILE", NULL,
           "write all that comes in and goes out to this file");
KEY_STRING(replay, "replay", "FILE", NULL,
           "run what such a file has once more, with its arguments");
KEY_STRING(replay_inputs, "replay-inputs", "FILE", NULL,
           "the same, without comparing what is sent");

KEY_STRING(net, "net", "TAP", NULL,
           "tap device for the network, or unix:PATH of a QEMU stream socket",
           .per_net = true);
KEY_STRING(mac, "mac", "XX:XX:XX:XX:XX:XX", NULL,
           "Ethernet address (default: one that belongs to the device's name)",
           .per_net = true, .check = check_mac);

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A unicast address, not all zero. */
static bool parse_mac(uint8_t mac[6], struct span text)
{
    uint8_t any = 0;

    if (text.n != 17)
        return false;
    for (unsigned i = 0; i < 6; i++) {
        const uint8_t *t = text.p + 3 * i;

        if (digit(t[0]) < 0 || digit(t[1]) < 0 || (i < 5 && t[2] != ':'))
            return false;
        mac[i] = (uint8_t)(digit(t[0]) << 4 | digit(t[1]));
        any |= mac[i];
    }
    return any && !(mac[0] & 1);
}

static const char *check_mac(struct span text)
{
    uint8_t mac[6];

    return parse_mac(mac, text) ? NULL
                                : "a unicast address such as "
                                  "02:00:00:00:00:01";
}

/* The lines that make a tap which this user may open. */
static void say_how(struct env *env, const char *tap)
{
    const struct passwd *me = getpwuid(getuid());

    print_line(env->log, "    ip tuntap add dev %s mode tap%s%s", tap,
               me && getuid() ? " user " : "",
               me && getuid() ? me->pw_name : "");
    print_line(env->log, "    ip addr add 10.0.0.1/24 dev %s", tap);
    print_line(env->log, "    ip link set %s up", tap);
}

static uint64_t state_of_net(void *user)
{
    struct env *env = user;

    return env->net ? net_state(env->net) : 0;
}

/* The device itself, or what was recorded of it. */
static enum err open_device(struct env *env, const struct host_net_config *c,
                            unsigned index, struct netif **out)
{
    char why[HOST_FAILURE_BYTES];
    enum err err;

    if (record_mode() != RECORD_OFF)
        record_watch(state_of_net, env);
    if (record_mode() == RECORD_READ)
        return host_tape_open(c, index, NULL, out);
    err = host_net_open(c, out, why);
    if (err)
        log_error(env->log, "net", "no device for the network `%.16s`: %s%s",
                  c->name, why, err == E_NOENT ? "; made by:" : "");
    if (err == E_NOENT)
        say_how(env, c->device);
    if (!err && record_mode() == RECORD_WRITE)
        err = host_tape_open(c, index, *out, out);
    return err;
}

static enum err open_one(struct env *env, const char *name, unsigned index,
                         struct netif **out)
{
    const char *mac = key_string_for(env->keys, &key_mac, name);
    struct host_net_config c = {.name = name,
                                .device =
                                    key_string_for(env->keys, &key_net, name),
                                .pkts = &boot_system.pkts,
                                .rx_blocks = &boot_system.rx_blocks,
                                .arena = &boot_system.arena};
    enum err err;

    if (!c.device) {
        log_error(env->log, "net",
                  "no device for the network `%.16s`: give it a tap, --net=tap0"
                  " --ipv4=10.0.0.2/24, made by:",
                  name);
        say_how(env, "tap0");
        return E_NOENT;
    }
    if (mac && !parse_mac(c.mac, span_of(mac)))
        return E_INVAL; /* the key's check has refused it before */
    err = open_device(env, &c, index, out);
    if (!err && !(*out)->link_up)
        log_warn(env->log, "net", "%s is down: ip link set %s up", c.device,
                 c.device);
    return err;
}

size_t nics_bytes(unsigned n, unsigned ring)
{
    (void)ring;
    return n * host_net_bytes();
}

bool nics_seed(struct env *env)
{
    (void)env;
    return false;
}

enum err nics_find(struct env *env, struct netif *out[APP_NETS_MAX],
                   unsigned *n)
{
    const struct manifest *m = env->manifest;
    enum err err;

    for (*n = 0; *n < APP_NETS_MAX && m->nets[*n][0]; ++*n)
        if ((err = open_one(env, m->nets[*n], *n, &out[*n])))
            return err;
    return OK;
}
