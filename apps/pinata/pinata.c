/* SPDX-License-Identifier: ISC */
/*
 * pinata - holds a secret that only a peer with the right certificate may
 * have.  Nobody has the key that such certificates would be made with.
 */
#include "pinata.h"

#include <string.h>

METRICS_TABLE(pinata, PINATA_METRICS);

KEY_STRING(secret, "secret", "TEXT", ".oO( SEKRIT )Oo.",
           "what is to be guarded; at most 1,023 bytes");
KEY_STRING(name, "name", "NAME", "ownme.billet.test",
           "the name that the certificates of servers have");
KEY_FLAG(test, "test", "off",
         "use the published test CA: whoever has its key may have the secret");
KEY_UINT(attempts_per_minute, "attempts-per-minute", "N", 1, 1000000, "60",
         "that one address, or one IPv6 /64, may make at the gate");

static enum err start(struct env *env)
{
    struct pinata *p = NEW(env, struct pinata);
    const char *secret = key_string(env->keys, &key_secret);
    enum err err;

    p->env = env;
    p->secret_n = strlen(secret);
    if (p->secret_n + 2 > sizeof(p->secret)) {
        log_error(env->log, "pinata", "--secret is longer than 1,022 bytes");
        return E_INVAL;
    }
    memcpy(p->secret, secret, p->secret_n);
    p->secret[p->secret_n++] = '\n';
    p->per_minute = (uint32_t)key_uint(env->keys, &key_attempts_per_minute);
    metrics_add(env->metrics, &pinata_metrics_group, (const uint64_t *)&p->m);
    if ((err = ca_start(p, key_string(env->keys, &key_name),
                        key_flag(env->keys, &key_test))) ||
        (err = page_start(p)))
        return err;
    return gate_start(p);
}

BILLET_NET_APP(start, .name = "pinata", .nets = {"uplink"},
               .limits = {.tcp_conns = 512,
                          .tcp_half_open = 256,
                          .tcp_listeners = 6,
                          .fibers = 1,
                          .arena_bytes = HTTP_ARENA_BYTES +
                                         PAGE_CONNS * HTTP_CONN_BYTES +
                                         X509_WORK_BYTES + (6 << 20)});
