/* SPDX-License-Identifier: ISC */
/* What a hook sees, and what it may do to a datagram on its way. */
#include "router.h"

static struct hook {
    enum forward_verdict verdict;
    struct forward_pkt last;
    unsigned calls;
    void (*change)(struct forward_pkt *);
} hook;

static enum forward_verdict see(struct forward_pkt *f, void *user)
{
    struct hook *h = user;

    h->calls++;
    if (h->change)
        h->change(f);
    h->last = *f;
    return h->verdict;
}

static void open_hooked(bool arrived)
{
    hook = (struct hook){.verdict = FORWARD_ACCEPT};
    open_router(&(struct net_forward){.arrived = arrived ? see : NULL,
                                      .routed = arrived ? NULL : see,
                                      .user = &hook});
}

START_TEST(test_hook_sees_ends_ports_and_networks)
{
    struct ipaddr src = outside(_i), dst = inside(_i);

    open_hooked(false);
    put_through(&src, &dst, "hello", 5);
    rig_in(&r, &o);
    ck_assert_uint_eq(hook.calls, 1);
    ck_assert(addr_same(&hook.last.src, &src));
    ck_assert(addr_same(&hook.last.dst, &dst));
    ck_assert(hook.last.has_ports && !hook.last.fragment);
    ck_assert_uint_eq(hook.last.sport, 1000);
    ck_assert_uint_eq(hook.last.dport, 2000);
    ck_assert_uint_eq(hook.last.proto, IPPROTO_UDP_);
    ck_assert_uint_eq(hook.last.in, 1);
    ck_assert_uint_eq(hook.last.out, 2);
    ck_assert_uint_eq(hook.last.mtu, 1400);
    ck_assert_uint_eq(hook.last.ttl, 64);
    ck_assert_uint_eq(hook.last.len, o.n - ETH_BYTES);
    ck_assert_uint_eq(look(), 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_arrival_shows_what_is_for_us_and_no_group)
{
    struct ipaddr src = outside(_i),
                  ours = rig_addr(_i ? "10.0.0.2" : "fd01::2");
    struct tcp_seg syn = {.flags = TCP_SYN};

    open_hooked(true);
    put_tcp(&src, &ours, &syn, 0); /* what usually goes the short way */
    rig_in(&r, &o);
    ck_assert_uint_eq(hook.calls, 1);
    ck_assert(hook.last.for_us);
    ck_assert_uint_eq(hook.last.tcp_flags, TCP_SYN);
    ck_assert_uint_eq(hook.last.out, 0);
    ck_assert_ptr_nonnull(rig_next(&r)); /* a reset: nobody listens */
    hook.verdict = FORWARD_DROP;
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    ck_assert_uint_eq(drops(&r, forward_refused), 1);
    o.n = 0;
    put_arp(&o, MAC_BROADCAST,
            &(struct arp_msg){.op = ARP_REQUEST,
                              .sender_mac = PEER_MAC,
                              .sender = PEER4,
                              .target = OUR4});
    rig_in(&r, &o);
    ck_assert_uint_eq(hook.calls, 2);
    ck_assert_ptr_nonnull(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_rejected_is_told)
{
    struct ipaddr src = outside(_i), dst = inside(_i);
    struct tcp_seg s = {.seq = 100, .flags = TCP_SYN};
    const struct rig_frame *f;
    const uint8_t *t;

    open_hooked(false);
    hook.verdict = FORWARD_REJECT;
    put_through(&src, &dst, "hello", 5);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->b[hdr_bytes(_i)], _i ? 3 : 1);
    ck_assert_uint_eq(f->b[hdr_bytes(_i) + 1], _i ? 13 : 1);
    hook.verdict = FORWARD_RESET;
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    ck_assert_uint_eq(f->b[hdr_bytes(_i) + 1], _i ? 3 : 4);
    put_tcp(&src, &dst, &s, 0);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f));
    t = f->b + hdr_bytes(_i);
    ck_assert_mem_eq(f->b + (_i ? 26 : 22), _i ? dst.b + 12 : dst.b,
                     _i ? 4 : 16); /* in the name of who was meant */
    ck_assert_uint_eq(be16(t), 80);
    ck_assert_uint_eq(be16(t + 2), 1000);
    ck_assert_uint_eq(be32(t + 8), 101);
    ck_assert_uint_eq(t[13], TCP_RST | TCP_ACK);
    s.flags = TCP_RST; /* never about a reset */
    put_tcp(&src, &dst, &s, 0);
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    ck_assert_uint_eq(look(), 0);
    ck_assert_uint_eq(drops(&r, forward_refused), 4);
    rig_close(&r);
}
END_TEST

static void masquerade(struct forward_pkt *f)
{
    struct ipaddr us = rig_addr(f->v4 ? "192.168.7.2" : "fd02::2"),
                  wrong = rig_addr(f->v4 ? "fd02::2" : "192.168.7.2");

    ck_assert(!forward_set_src(f, &wrong, 1));
    ck_assert(forward_set_src(f, &us, 61234));
    ck_assert_uint_eq(f->sport, f->has_ports ? 61234 : 0);
}

/* TCP, UDP and echo, in pieces or not, with a whole checksum or a begun one. */
START_TEST(test_source_is_changed_and_checksums_follow)
{
    bool v4 = _i & 1, partial = _i & 2;
    struct ipaddr src = outside(v4), dst = inside(v4),
                  us = rig_addr(v4 ? "192.168.7.2" : "fd02::2");
    struct tcp_seg s = {.seq = 1, .ack = 2, .flags = TCP_ACK};

    open_hooked(false);
    hook.change = masquerade;
    r.split = _i & 4 ? 130 : 0;
    if (partial) {
        r.rx_flags = PKT_CSUM_GOOD | PKT_CSUM_PARTIAL;
        r.rx_csum_start = (uint16_t)hdr_bytes(v4);
        r.rx_csum_off = TCP_CSUM_AT;
    }
    put_tcp(&src, &dst, &s, 301);
    rig_in(&r, &o);
    r.rx_flags = 0;
    put_through(&src, &dst, "hello", 5);
    rig_in(&r, &o);
    o.n = 0;
    if (v4)
        put_echo4(&o, ip4_of(&src), ip4_of(&dst), 33);
    else
        put_echo6(&o, &src, &dst, 33);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(frame_is_sound(&out[i])); /* NIC 2 sums nothing itself */
        ck_assert_uint_eq(out[i].flags & PKT_CSUM_PARTIAL, 0);
        ck_assert_mem_eq(out[i].b + (v4 ? 26 : 22), v4 ? us.b + 12 : us.b,
                         v4 ? 4 : 16);
        ck_assert_uint_eq(be16(out[i].b + hdr_bytes(v4) + (i == 2 ? 4 : 0)),
                          61234);
    }
    rig_close(&r);
}
END_TEST

/* UDP over IPv4 may go without; the sum of 0 is sent as its other form. */
START_TEST(test_udp_without_checksum_stays_without)
{
    struct ipaddr src = outside(true), dst = inside(true);

    open_hooked(false);
    hook.change = masquerade;
    put_through(&src, &dst, "hello", 5);
    put_be16(o.b + 40, 0);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    ck_assert_uint_eq(be16(out[0].b + 40), 0);
    ck_assert_uint_eq(be16(out[0].b + 34), 61234);
    rig_close(&r);
}
END_TEST

START_TEST(test_udp_sum_never_becomes_none)
{
    struct ipaddr src = outside(true), dst = inside(true);
    uint8_t payload[2] = {0};

    open_hooked(false);
    hook.change = masquerade;
    for (unsigned i = 0; i < 2; i++) {
        put_through(&src, &dst, payload, 2);
        rig_in(&r, &o);
        ck_assert_uint_eq(look(), 1);
        ck_assert(frame_is_sound(&out[0]));
        /* With its own sum as payload a datagram sums up to nothing. */
        memcpy(payload, out[0].b + 40, 2);
    }
    ck_assert_uint_eq(be16(payload), 0xffff);
    rig_close(&r);
}
END_TEST

static void unmasquerade(struct forward_pkt *f)
{
    struct ipaddr in = inside(f->v4);

    if (f->for_us)
        ck_assert(forward_set_dst(f, &in, 4321));
}

START_TEST(test_new_destination_is_where_it_goes)
{
    struct ipaddr src = outside(_i), dst = inside(_i),
                  ours = rig_addr(_i ? "10.0.0.2" : "fd01::2");

    open_hooked(true);
    hook.change = unmasquerade;
    put_through(&src, &ours, "hello", 5);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    ck_assert(frame_is_sound(&out[0]));
    ck_assert_mem_eq(out[0].b + (_i ? 30 : 38), _i ? dst.b + 12 : dst.b,
                     _i ? 4 : 16);
    ck_assert_uint_eq(be16(out[0].b + hdr_bytes(_i) + 2), 4321);
    rig_close(&r);
}
END_TEST

static uint16_t clamp_to;

static void clamp(struct forward_pkt *f)
{
    forward_clamp_mss(f, clamp_to);
}

static uint16_t mss_of(const struct rig_frame *f)
{
    struct tcp_hdr h;
    size_t l4 = hdr_bytes(f->b[12] == 8);

    ck_assert(tcp_parse(&h, (struct span){f->b + l4, f->n - l4},
                        (uint32_t)(f->n - l4)));
    return h.seg.opts & TCP_OPT_MSS ? h.seg.mss : 0;
}

START_TEST(test_mss_is_lowered_never_raised)
{
    struct ipaddr src = outside(_i), dst = inside(_i);
    struct tcp_seg s = {.seq = 100,
                        .flags = TCP_SYN,
                        .opts = TCP_OPT_MSS | TCP_OPT_SACK_OK | TCP_OPT_TS |
                                TCP_OPT_WSCALE,
                        .mss = 1460};

    open_hooked(false);
    hook.change = clamp;
    put_tcp(&src, &dst, &s, 0);
    rig_in(&r, &o);
    s.mss = 1000;
    put_tcp(&src, &dst, &s, 0);
    rig_in(&r, &o);
    clamp_to = 777;
    rig_in(&r, &o);
    s.flags = TCP_ACK; /* no SYN: none of our business */
    s.mss = 1460;
    put_tcp(&src, &dst, &s, 0);
    rig_in(&r, &o);
    clamp_to = 0;
    ck_assert_uint_eq(look(), 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert(frame_is_sound(&out[i]));
    ck_assert_uint_eq(mss_of(&out[0]), _i ? 1360 : 1340);
    ck_assert_uint_eq(mss_of(&out[1]), 1000);
    ck_assert_uint_eq(mss_of(&out[2]), 777);
    ck_assert_uint_eq(mss_of(&out[3]), 1460);
    rig_close(&r);
}
END_TEST

/* Options that lie about their length end the search, and nothing else. */
START_TEST(test_mss_behind_broken_options)
{
    static const uint8_t broken[][8] = {
        {3, 0, 2, 4, 5, 0xb4, 0, 0},  {3, 1, 2, 4, 5, 0xb4, 0, 0},
        {8, 99, 2, 4, 5, 0xb4, 0, 0}, {1, 1, 1, 1, 1, 1, 2, 4},
        {1, 1, 1, 1, 1, 1, 1, 2},     {1, 2, 4, 5, 0xb4, 0, 0, 0}};
    struct ipaddr src = outside(true), dst = inside(true);
    struct tcp_seg s = {.flags = TCP_SYN};

    open_hooked(false);
    hook.change = clamp;
    clamp_to = 600;
    for (unsigned i = 0; i < ARRAY_LEN(broken); i++) {
        put_tcp(&src, &dst, &s, 8);
        memcpy(o.b + 54, broken[i], 8);
        o.b[46] = 7 << 4;
        fix_csum4(&o, 34, TCP_CSUM_AT, true);
        rig_in(&r, &o);
        ck_assert_uint_eq(look(), 1);
        ck_assert(frame_is_sound(&out[0]));
        if (i < 5)
            ck_assert_mem_eq(out[0].b + 54, broken[i], 8);
        else /* at an odd place, and right */
            ck_assert_uint_eq(be16(out[0].b + 57), 600);
    }
    clamp_to = 0;
    rig_close(&r);
}
END_TEST

static struct ipaddr quoted_src;
static unsigned quotes;

static void open_quote(struct forward_pkt *f)
{
    struct forward_pkt q;

    if (!forward_quoted(f, &q))
        return;
    quotes++;
    ck_assert_uint_eq(q.sport, 1000);
    ck_assert(forward_set_src(&q, &quoted_src, 2222));
}

/* A NAT translates what an error is about: both sums follow. */
START_TEST(test_quoted_datagram_is_translated)
{
    struct ipaddr src = outside(_i), dst = inside(_i);
    size_t l4 = hdr_bytes(_i), inner;
    struct ipaddr was = rig_addr(_i ? "203.0.113.9" : "fd09::9");

    open_hooked(false);
    hook.change = open_quote;
    quoted_src = rig_addr(_i ? "198.51.100.1" : "fd0a::1");
    quotes = 0;
    o.n = 0;
    if (_i)
        put_echo4(&o, ip4_of(&src), ip4_of(&dst), 20 + 13);
    else
        put_echo6(&o, &src, &dst, 40 + 13);
    inner = l4 + ICMP_BYTES;
    o.n = inner;
    if (_i)
        put_ip4(&o, ip4_of(&was), ip4_of(&dst), IPPROTO_UDP_, 13);
    else
        put_ip6(&o, &was, &dst, IPPROTO_UDP_, 60, 13);
    put_bytes(&o, "\x03\xe8\0\7\0\15\x12\x34hello", 13);
    o.b[l4] = _i ? 3 : 1;
    o.b[l4 + 1] = _i ? 3 : 4;
    if (_i)
        fix_csum4(&o, l4, 2, false);
    else
        fix_csum6(&o, l4, 2);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    ck_assert_uint_eq(quotes, 1);
    ck_assert(frame_is_sound(&out[0]));
    if (_i)
        ck_assert(ip4_csum_ok(out[0].b + inner, 20));
    ck_assert_mem_eq(out[0].b + inner + (_i ? 12 : 8),
                     _i ? quoted_src.b + 12 : quoted_src.b, _i ? 4 : 16);
    ck_assert_uint_eq(be16(out[0].b + inner + (_i ? 20 : 40)), 2222);
    /* Cut anywhere, it is either translated or left alone. */
    for (size_t n = inner; n < o.n; n++) {
        struct out whole = o;

        o.n = n;
        if (_i) {
            put_be16(o.b + 16, (uint16_t)(n - 14));
            set_ip4(8, 64);
            fix_csum4(&o, l4, 2, false);
        } else {
            put_be16(o.b + 18, (uint16_t)(n - 54));
            fix_csum6(&o, l4, 2);
        }
        rig_in(&r, &o);
        ck_assert_uint_eq(look(), 1);
        ck_assert(frame_is_sound(&out[0]));
        o = whole;
    }
    rig_close(&r);
}
END_TEST

static void scribble(struct forward_pkt *f)
{
    static const uint8_t zeros[65];
    uint8_t b[8];

    ck_assert(!forward_write(f, 0, zeros, 0));
    ck_assert(!forward_write(f, 0, zeros, 65));
    ck_assert(!forward_write(f, f->len, zeros, 1));
    ck_assert(!forward_write(f, UINT32_MAX, zeros, 2));
    ck_assert(!forward_write(f, f->v4 ? 10 : 6, zeros, 8)); /* both parts */
    ck_assert(forward_write(f, f->len - 1, "!", 1));        /* an odd end */
    ck_assert(forward_write(f, f->l4 + 9, "xyz", 3));
    ck_assert(forward_read(f, f->l4 + 9, b, 3) && memcmp(b, "xyz", 3) == 0);
    ck_assert(!forward_read(f, f->len - 2, b, 3));
}

START_TEST(test_any_bytes_may_be_written)
{
    struct ipaddr src = outside(_i), dst = inside(_i);

    open_hooked(false);
    hook.change = scribble;
    put_through(&src, &dst, "hello, you", 9);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    ck_assert(frame_is_sound(&out[0]));
    ck_assert_mem_eq(out[0].b + hdr_bytes(_i) + 8, "hxyzo, y!", 9);
    rig_close(&r);
}
END_TEST

/* Only the first fragment has ports; a later one is known as such. */
START_TEST(test_fragments_show_what_they_have)
{
    struct ipaddr src = outside(_i), dst = inside(_i);

    open_hooked(false);
    hook.change = masquerade;
    for (unsigned later = 0; later < 2; later++) {
        put_through(&src, &dst, "hello world 1234", 16);
        if (_i) {
            set_ip4(6, later ? 0 : 0x20);
            set_ip4(7, later ? 3 : 0);
        } else {
            size_t n = o.n;

            memmove(o.b + 62, o.b + 54, n - 54);
            ip6_frag_emit(o.b + 54, 17, later ? 24 : 0, !later, 7);
            o.b[20] = 44;
            put_be16(o.b + 18, (uint16_t)(n - 54 + 8));
            o.n = n + 8;
        }
        rig_in(&r, &o);
        ck_assert_uint_eq(look(), 1);
        ck_assert(hook.last.fragment);
        ck_assert_int_eq(hook.last.has_ports, !later);
        ck_assert_uint_eq(hook.last.proto, IPPROTO_UDP_);
        ck_assert_mem_eq(out[0].b + o.n - 16, o.b + o.n - 16, 16);
    }
    rig_close(&r);
}
END_TEST

/* RFC 8200 4: what options ask for is for their destination; RFC 5095 4.2: of
 * routing headers those of type 0 alone are stopped. */
START_TEST(test_options_and_routing_headers_pass)
{
    static const struct {
        uint8_t next, ext[8];
        bool passes;
    } t[] = {{IP6_NH_OPTIONS, {17, 0, 0x9e, 4}, true},
             {IP6_NH_OPTIONS, {17, 0, 0x5e, 4}, true},
             {IP6_NH_OPTIONS, {17, 0, 0x1e, 5}, false}, /* a lie */
             {IP6_NH_HOP_BY_HOP, {17, 0, 0xde, 4}, true},
             {IP6_NH_ROUTING, {17, 0, 4, 1}, true},
             {IP6_NH_ROUTING, {17, 0, 0, 0}, true},
             {IP6_NH_ROUTING, {17, 0, 0, 1}, false}};
    struct ipaddr src = outside(false), dst = inside(false);

    for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
        size_t n;

        open_hooked(false);
        o.n = 0;
        put_udp6(&o, &src, 5, &dst, 6, "data", 4);
        n = o.n;
        memmove(o.b + 62, o.b + 54, n - 54);
        memcpy(o.b + 54, t[i].ext, 8);
        o.b[20] = t[i].next;
        put_be16(o.b + 18, (uint16_t)(n - 54 + 8));
        o.n = n + 8;
        rig_in(&r, &o);
        ck_assert_uint_eq(look(), t[i].passes);
        if (t[i].passes)
            ck_assert_uint_eq(hook.last.dport, 6);
        rig_close(&r);
    }
}
END_TEST

/* What the hook cannot be shown does not pass it. */
START_TEST(test_nothing_passes_a_judge_unseen)
{
    struct ipaddr src = outside(false), dst = inside(false);
    uint8_t ext[8] = {IP6_NH_OPTIONS};

    for (unsigned hooked = 0; hooked < 2; hooked++) {
        if (hooked)
            open_hooked(false);
        else
            open_router(NULL);
        o.n = 0;
        put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP6);
        put_ip6(&o, &src, &dst, IP6_NH_OPTIONS, 64, 10 * 8);
        for (unsigned i = 0; i < 10; i++)
            put_bytes(&o, ext, 8);
        rig_in(&r, &o);
        ck_assert_uint_eq(look(), !hooked);
        ck_assert_uint_eq(drops(&r, ip6_extension), hooked);
        rig_close(&r);
    }
}
END_TEST

RUN_CASES("forward-hook", LOOP(test_hook_sees_ends_ports_and_networks, 0, 2),
          LOOP(test_arrival_shows_what_is_for_us_and_no_group, 0, 2),
          LOOP(test_rejected_is_told, 0, 2),
          LOOP(test_source_is_changed_and_checksums_follow, 0, 8),
          TEST(test_udp_without_checksum_stays_without),
          TEST(test_udp_sum_never_becomes_none),
          LOOP(test_new_destination_is_where_it_goes, 0, 2),
          LOOP(test_mss_is_lowered_never_raised, 0, 2),
          TEST(test_mss_behind_broken_options),
          LOOP(test_quoted_datagram_is_translated, 0, 2),
          LOOP(test_any_bytes_may_be_written, 0, 2),
          LOOP(test_fragments_show_what_they_have, 0, 2),
          TEST(test_options_and_routing_headers_pass),
          TEST(test_nothing_passes_a_judge_unseen))
