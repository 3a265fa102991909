/* SPDX-License-Identifier: ISC */
/*
 * table.c - who a segment is for: one table for connections, half-open entries
 * and TIME-WAIT records, so that any of them costs one cache line to find.
 */
#include "shell.h"

uint32_t key_hash(const struct tcp *tcp, const struct tcp_key *k)
{
    uint8_t in[12];

    if (!ipaddr_is_v4(&k->remote))
        return (uint32_t)siphash13(&tcp->secrets.table, k, sizeof(*k));
    memcpy(in, k->local.b + 12, 4);
    memcpy(in + 4, k->remote.b + 12, 4);
    memcpy(in + 8, &k->lport, 2);
    memcpy(in + 10, &k->rport, 2);
    return (uint32_t)siphash13(&tcp->secrets.table, in, sizeof(in));
}

struct conn *conn_at(const struct tcp *tcp, uint32_t i)
{
    return (struct conn *)(void *)(tcp->conn_base + (size_t)i * tcp->conn_size);
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

static bool addr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
    uint64_t x[2], y[2];

    memcpy(x, a, sizeof(x));
    memcpy(y, b, sizeof(y));
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static bool is_conn(const struct conn *c, const struct tcp_key *k)
{
    return c->lport == k->lport && c->rport == k->rport &&
           addr_eq(&c->path.dst, &k->remote) &&
           addr_eq(&c->path.src, &k->local);
}

static bool is_key(const struct tcp_key *a, const struct tcp_key *b)
{
    return a->lport == b->lport && a->rport == b->rport &&
           addr_eq(&a->remote, &b->remote) && addr_eq(&a->local, &b->local);
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
