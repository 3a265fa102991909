/* SPDX-License-Identifier: ISC */
/*
 * table.c - who a segment is for: one table for connections, half-open entries
 * and TIME-WAIT records, so that any of them costs one cache line to find.
 */
#include <base/sip.h>

#include "shell.h"

/* SipHash-1-3 of two words, or five with IPv6. */
static uint32_t hash_of(const struct siphash_key *key, const struct tcp_key *k)
{
    struct sip s = sip_start(key);
    uint64_t ports = (uint32_t)k->lport << 16 | k->rport;

    if (sip_load(k->remote.b) == 0) { /* IPv4-mapped, or about as short */
        sip_word(&s,
                 sip_load(k->local.b + 8) >> 32 |
                     sip_load(k->remote.b + 8) >> 32 << 32,
                 1);
        sip_word(&s, ports | (uint64_t)12 << 56, 1);
    } else {
        sip_word(&s, sip_load(k->local.b), 1);
        sip_word(&s, sip_load(k->local.b + 8), 1);
        sip_word(&s, sip_load(k->remote.b), 1);
        sip_word(&s, sip_load(k->remote.b + 8), 1);
        sip_word(&s, ports | (uint64_t)36 << 56, 1);
    }
    return (uint32_t)sip_end(&s, 3);
}

static bool is_key(const struct tcp_key *a, const struct tcp_key *b)
{
    return a->lport == b->lport && a->rport == b->rport &&
           addr_eq(&a->remote, &b->remote) && addr_eq(&a->local, &b->local);
}

/* Who was asked for last is often asked for again: after the SYN, the ACK. */
uint32_t key_hash(struct tcp *tcp, const struct tcp_key *k)
{
    if (!is_key(&tcp->hashed, k)) {
        tcp->hashed = *k;
        tcp->hash = hash_of(&tcp->secrets.table, k);
    }
    return tcp->hash;
}

struct half *half_at(const struct tcp *tcp, uint32_t i)
{
    return (struct half *)(void *)(tcp->half_base +
                                   (size_t)(i - tcp->half_from) *
                                       tcp->half_size);
}

struct tw *tw_at(const struct tcp *tcp, uint32_t i)
{
    return (struct tw *)(void *)(tcp->tw_base +
                                 (size_t)(i - tcp->tw_from) * tcp->tw_size);
}

static bool is_it(const struct tcp *tcp, uint32_t i, const struct tcp_key *k)
{
    if (i < tcp->half_from)
        return is_conn(conn_at(tcp, i), k);
    if (i < tcp->tw_from)
        return is_key(&half_at(tcp, i)->key, k);
    return is_key(&tw_at(tcp, i)->key, k);
}

uint32_t tcp_find(const struct tcp *tcp, const struct tcp_key *k, uint32_t hash)
{
    uint32_t at = 0, i = table_first(&tcp->table, hash, &at);

    while (i != TABLE_NONE && !is_it(tcp, i, k))
        i = table_next(&tcp->table, hash, &at);
    return i;
}

void conn_key(const struct conn *c, struct tcp_key *out)
{
    *out = (struct tcp_key){.local = c->path.src,
                            .remote = c->path.dst,
                            .lport = c->lport,
                            .rport = c->rport};
}

uint8_t link_netif(const struct ipaddr *remote, uint8_t netif)
{
    bool link_local = remote->b[0] == 0xfe && (remote->b[1] & 0xc0) == 0x80;

    return link_local ? netif : 0;
}

enum err answer_path(struct net *net, struct ip_path *path, uint8_t arrival)
{
    enum err err;

    path->netif = link_netif(&path->dst, arrival);
    err = ip_path_find(net, path);
    if (err && !path->netif) {
        path->netif = arrival;
        err = ip_path_find(net, path);
    }
    return err;
}
