/* SPDX-License-Identifier: ISC */
/* A router with a hook that changes all it can, fed with everything that is
 * cut or bent: nothing is read or written beyond, and all memory comes back. */
#include "router.h"

static enum forward_verdict change(struct forward_pkt *f, void *user)
{
    struct ipaddr us = rig_addr(f->v4 ? "192.168.7.2" : "fd02::2");
    struct forward_pkt q;
    uint8_t b[8];

    (void)user;
    (void)forward_clamp_mss(f, 600);
    (void)forward_set_src(f, &us, 61234);
    if (forward_quoted(f, &q))
        (void)forward_set_src(&q, &us, 2222);
    if (forward_read(f, f->len - (f->len > 5 ? 5 : 0), b, 5))
        (void)forward_write(f, f->len - 5, "after", 5);
    return f->ttl & 8   ? FORWARD_RESET
           : f->ttl & 4 ? FORWARD_REJECT
                        : FORWARD_ACCEPT;
}

static void make(unsigned kind, bool v4)
{
    struct ipaddr src = outside(v4), dst = inside(v4);
    struct tcp_seg syn = {
        .flags = TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = 1460};
    struct tcp_seg ack = {.seq = 1, .ack = 2, .flags = TCP_ACK};
    size_t l4 = hdr_bytes(v4), n;

    if (kind == 0) {
        put_tcp(&src, &dst, &syn, 0);
    } else if (kind == 1) {
        put_tcp(&src, &dst, &ack, 120);
    } else if (kind == 2) {
        put_through(&src, &dst, "hello, you", 10);
    } else if (kind == 3) { /* an error about a datagram */
        put_through(&dst, &src, "hello", 5);
        n = o.n - ETH_BYTES;
        o.n = 0;
        if (v4)
            put_echo4(&o, ip4_of(&src), ip4_of(&dst), n);
        else
            put_echo6(&o, &src, &dst, n);
        o.b[l4] = v4 ? 3 : 1;
        memmove(o.b + l4 + 8, o.b + ETH_BYTES, n);
        if (v4)
            fix_csum4(&o, l4, 2, false);
        else
            fix_csum6(&o, l4, 2);
    } else { /* a first fragment, behind options */
        put_through(&src, &dst, "hello world 1234", 16);
        if (v4) {
            set_ip4(6, 0x20);
        } else {
            n = o.n;
            memmove(o.b + 70, o.b + 54, n - 54);
            memset(o.b + 54, 0, 8);
            o.b[54] = 44;
            o.b[55 + 1] = 1;
            ip6_frag_emit(o.b + 62, 17, 0, true, 7);
            o.b[20] = 60;
            put_be16(o.b + 18, (uint16_t)(n - 54 + 16));
            o.n = n + 16;
        }
    }
}

/* The header's sum is right again, or nothing gets far. */
static void heal(bool v4)
{
    unsigned hdr = (o.b[14] & 15) * 4u;

    if (!v4 || hdr < 20 || o.n < 14 + hdr)
        return;
    put_be16(o.b + 24, 0);
    put_be16(o.b + 24, (uint16_t)~csum_fold(csum_add(0, o.b + 14, hdr, false)));
}

static void in(bool v4, unsigned how)
{
    r.rx_flags = 0;
    r.rx_gso = 0;
    if (how & 1) {
        r.rx_flags = PKT_CSUM_GOOD | PKT_CSUM_PARTIAL;
        r.rx_csum_start = (uint16_t)hdr_bytes(v4);
        r.rx_csum_off = TCP_CSUM_AT;
    }
    if (how & 2) {
        r.rx_flags |= v4 ? PKT_GSO4 : PKT_GSO6;
        r.rx_gso = 50;
    }
    second.caps = how & 4 ? NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6 : 0;
    second.tso_max = 60000;
    heal(v4);
    rig_in(&r, &o);
    look();
    rig_forget(&r);
}

START_TEST(test_bent_and_cut)
{
    static const uint8_t values[] = {0, 1, 0x0f, 0x45, 0x4f, 0x7f, 0x80, 0xff};
    bool v4 = _i & 1;
    unsigned kind = (unsigned)_i / 2;
    static struct out whole;

    open_router(&(struct net_forward){.arrived = kind % 2 ? change : NULL,
                                      .routed = change});
    make(kind, v4);
    whole = o;
    for (unsigned how = 0; how < 8; how++) {
        for (size_t at = ETH_BYTES; at < whole.n; at++)
            for (unsigned v = 0; v < sizeof(values); v++) {
                o = whole;
                o.b[at] = values[v];
                in(v4, how);
            }
        for (size_t n = ETH_BYTES; n < whole.n; n++) {
            o = whole;
            o.n = n;
            in(v4, how);
            if (v4) /* and with a length that says so */
                put_be16(o.b + 16, (uint16_t)(n - 14));
            else
                put_be16(o.b + 18, n > 54 ? (uint16_t)(n - 54) : 0);
            in(v4, how);
        }
    }
    pass_time(120); /* who was looked for, what waited for fragments */
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

RUN_CASES("forward-chew", LOOP(test_bent_and_cut, 0, 10))
