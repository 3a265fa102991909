/* SPDX-License-Identifier: ISC */
/*
 * pinata - holds a secret that only a peer with the right certificate may
 * have.  Nobody has the key that such certificates would be made with.
 */
#include "pinata.h"

METRICS_TABLE(pinata, PINATA_METRICS);

KEY_UINT(attempts_per_minute, "attempts-per-minute", "N", 0, 1000000, "1200",
         "that one address, or one IPv6 /64, may make at the gate, and as many "
         "HTTPS connections; 0: any number");
KEY_UINT(handshakes, "handshakes", "N", 1, HANDSHAKES_MAX, "1000",
         "at port 10000 at most at once; where memory is short, and this is "
         "not given, fewer");
KEY_UINT(handshakes_out, "handshakes-out", "N", 1, OUT_MAX, "64",
         "at ports 10001 and 10002 at most at once");
KEY_UINT(https, "https-sessions", "N", 1, SITE_MAX, "64",
         "at port 443 at most at once");

/* Each takes some 32 KiB with its connection. */
static uint32_t gate_sessions(const struct env *env)
{
    uint32_t n = (uint32_t)key_uint(env->keys, &key_handshakes);
    struct image_status status;
    uint64_t mib;

    if (key_given(env->keys, &key_handshakes))
        return n;
    image_status(env, &status);
    mib = status.memory_total >> 20;
    if (mib <= LEAST_MIB)
        return 32;
    return mib - LEAST_MIB < n / 32 ? (uint32_t)(mib - LEAST_MIB) * 32 : n;
}

static struct sessions sessions(const struct env *env)
{
    return (struct sessions){
        .gate = gate_sessions(env),
        .reach = (uint32_t)key_uint(env->keys, &key_handshakes_out),
        .site = (uint32_t)key_uint(env->keys, &key_https)};
}

static uint32_t page_conns(const struct sessions *n)
{
    return n->site + PAGE_CONNS_MORE;
}

static void wish(const struct env *env, struct limits *l)
{
    struct sessions n = sessions(env);
    uint32_t visits = n.gate + n.reach;

    l->tcp_conns = visits + n.reach + page_conns(&n) + 32;
    l->arena_bytes =
        (uint32_t)(HTTP_ARENA_BYTES + page_conns(&n) * HTTP_CONN_BYTES +
                   X509_WORK_BYTES + tls_bytes(n.gate) + tls_bytes(n.reach) +
                   tls_bytes(n.site) + visits * sizeof(struct visit) +
                   sizeof(struct pinata) + GIVEN_BYTES + SECRET_DISK_BYTES +
                   4096);
}

static enum err start(struct env *env)
{
    struct pinata *p = NEW(env, struct pinata);
    struct sessions n = sessions(env);
    uint8_t *work;
    enum err err;

    p->env = env;
    p->visits = n.gate + n.reach;
    p->limit.per_minute = p->site_limit.per_minute =
        (uint32_t)key_uint(env->keys, &key_attempts_per_minute);
    metrics_add(env->metrics, &pinata_metrics_group, (const uint64_t *)&p->m);
    /* What waits comes after what takes memory. */
    gate_prepare(p);
    work = arena_alloc(env->arena, SECRET_DISK_BYTES, BLK_ALIGN);
    if ((err = ca_start(p, &n)) || (err = page_start(p, page_conns(&n))) ||
        (err = secret_start(p, work)) || (err = proof_start(p)))
        return err;
    return gate_start(p);
}

BILLET_NET_APP_WISH(start, wish, .name = "pinata", .nets = {"uplink"},
                    .blks = {"secret?"},
                    .limits = {.tcp_conns = 1024,
                               .tcp_half_open = 256,
                               .tcp_listeners = 6,
                               .fibers = 1});
BILLET_DISKS;
