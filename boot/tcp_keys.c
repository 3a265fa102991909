/* SPDX-License-Identifier: ISC */
/*
 * tcp_keys.c - how many TCP connections there may be, in all and from one
 * source: keys for the one who runs the image, who knows its memory and load.
 */
#include <log/log_impl.h>
#include <tcp/cc.h>

#include "tcp_keys.h"

enum { CONNS_MAX = 1 << 20 };

KEY_UINT(tcp_connections, "tcp-connections", "COUNT", 64, CONNS_MAX, NULL,
         "TCP connections at once (default: what the image asks for, as far as "
         "memory goes)");
KEY_UINT(tcp_per_source, "tcp-per-source", "COUNT", 1, CONNS_MAX, NULL,
         "TCP connections from one IPv4 address or IPv6 /64 at once (default: "
         "63/64 of all)");

KEY_CHOICE(tcp_congestion, "tcp-congestion", "cubic|newreno", "cubic",
           "TCP congestion control (RFC 9438 or RFC 5681)");

KEY_CHOICE(tcp_ecn, "tcp-ecn", "passive|on|off", "passive",
           "ECN for TCP (RFC 3168): when the peer asks for it, also asking for "
           "it, or never");

void tcp_keys_wish(const struct env *env, struct limits *l)
{
    if (key_given(env->keys, &key_tcp_connections))
        l->tcp_conns = (uint32_t)key_uint(env->keys, &key_tcp_connections);
}

void tcp_keys_config(const struct env *env, struct net_config *c)
{
    struct limits wish = {0};
    const char *ecn;

    if (key_given(env->keys, &key_tcp_per_source))
        c->tcp_per_source = (uint32_t)key_uint(env->keys, &key_tcp_per_source);
    ecn = key_string(env->keys, &key_tcp_ecn);
    c->tcp_ecn = *ecn == 'p'     ? TCP_ECN_PASSIVE
                 : ecn[1] == 'n' ? TCP_ECN_ON
                                 : TCP_ECN_OFF;
    c->tcp_congestion = *key_string(env->keys, &key_tcp_congestion) == 'n'
                            ? CC_NEWRENO
                            : CC_CUBIC;
    tcp_keys_wish(env, &wish);
    if (wish.tcp_conns > env->limits.tcp_conns)
        log_warn(env->log, "net",
                 "memory is enough for %u TCP connections, not for %u",
                 (unsigned)env->limits.tcp_conns, (unsigned)wish.tcp_conns);
}
