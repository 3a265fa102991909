/* SPDX-License-Identifier: ISC */
/* A router: what it passes on and how, what it does not and whom it tells. */
#include "router.h"

/* The ICMP error that was sent back to the outside; NULL: none. */
static const uint8_t *error_to_outside(bool v4, unsigned type, unsigned code)
{
    struct ipaddr to = outside(v4),
                  from = rig_addr(v4 ? "10.0.0.2" : "fd01::2");
    const struct rig_frame *f = rig_next(&r);
    const uint8_t *icmp;

    if (!f)
        return NULL;
    ck_assert(frame_is_sound(f));
    icmp = f->b + hdr_bytes(v4);
    ck_assert_uint_eq(f->b[v4 ? 23 : 20], v4 ? 1 : 58);
    ck_assert_mem_eq(f->b + (v4 ? 26 : 22), v4 ? from.b + 12 : from.b,
                     v4 ? 4 : 16);
    ck_assert_mem_eq(f->b + (v4 ? 30 : 38), v4 ? to.b + 12 : to.b, v4 ? 4 : 16);
    ck_assert_uint_eq(icmp[0], type);
    ck_assert_uint_eq(icmp[1], code);
    return icmp;
}

START_TEST(test_forwarded_with_one_hop_less_and_without_padding)
{
    struct ipaddr src = outside(_i), dst = inside(_i);

    open_router(NULL);
    put_through(&src, &dst, "hello", 5);
    memset(o.b + o.n, 0xee, 9); /* as a switch would pad it */
    o.n += 9;
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    ck_assert_uint_eq(out[0].n, o.n - 9);
    ck_assert(frame_is_sound(&out[0]));
    ck_assert_uint_eq(mac_get(out[0].b), BEHIND_MAC);
    ck_assert_uint_eq(out[0].b[_i ? 22 : 21], 63);
    ck_assert_mem_eq(out[0].b + hdr_bytes(_i), o.b + hdr_bytes(_i), 13);
    ck_assert_uint_eq(r.net->count.forwarded__ip4, (uint64_t)_i);
    ck_assert_uint_eq(r.net->count.forwarded__ip6, (uint64_t)!_i);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_host_does_not_forward)
{
    struct ipaddr src = outside(_i), dst = inside(_i);

    open_router(NULL);
    net_set_forward(r.net, NULL);
    put_through(&src, &dst, "hello", 5);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 0);
    ck_assert_uint_eq(drops(&r, not_ours), 1);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_last_hop_is_told_and_an_error_is_not)
{
    struct ipaddr src = outside(_i), dst = inside(_i);
    const uint8_t *icmp;

    open_router(NULL);
    for (unsigned ttl = 0; ttl < 2; ttl++) {
        put_through(&src, &dst, "hello", 5);
        set_ttl(_i, (uint8_t)ttl);
        rig_in(&r, &o);
        icmp = error_to_outside(_i, _i ? 11 : 3, 0);
        ck_assert_ptr_nonnull(icmp);
        ck_assert_mem_eq(icmp + 8, o.b + ETH_BYTES, hdr_bytes(_i) + 13 - 14);
    }
    ck_assert_uint_eq(drops(&r, forward_ttl), 2);
    /* About an error there is none. */
    o.n = 0;
    if (_i)
        put_echo4(&o, ip4_of(&src), ip4_of(&dst), 60);
    else
        put_echo6(&o, &src, &dst, 60);
    o.b[hdr_bytes(_i)] = _i ? 3 : 1;
    set_ttl(_i, 1);
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    ck_assert_uint_eq(drops(&r, forward_ttl), 3);
    ck_assert_uint_eq(look(), 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_later_fragment_gets_no_error)
{
    struct ipaddr src = outside(true), dst = inside(true);

    open_router(NULL);
    put_through(&src, &dst, "hello", 5);
    set_ip4(7, 9);
    set_ttl(true, 1);
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    rig_close(&r);
}
END_TEST

START_TEST(test_no_route_and_a_silent_host_are_told)
{
    struct ipaddr src = outside(_i),
                  nowhere = rig_addr(_i ? "203.0.113.1" : "fd99::1"),
                  silent = rig_addr(_i ? "192.168.7.77" : "fd02::77");

    open_router(NULL);
    put_through(&src, &nowhere, "hello", 5);
    rig_in(&r, &o);
    ck_assert_ptr_nonnull(error_to_outside(_i, _i ? 3 : 1, 0));
    ck_assert_uint_eq(drops(&r, forward_no_route), 1);
    put_through(&src, &silent, "hello", 5);
    rig_in(&r, &o);
    pass_time(8);
    ck_assert_ptr_nonnull(error_to_outside(_i, _i ? 3 : 1, _i ? 1 : 3));
    ck_assert_uint_eq(drops(&r, neighbour_silent), 1);
    look();
    rig_close(&r);
}
END_TEST

START_TEST(test_too_big_is_told_with_the_next_mtu)
{
    struct ipaddr src = outside(_i), dst = inside(_i);
    static uint8_t large[1450];
    const uint8_t *icmp;

    open_router(NULL);
    put_through(&src, &dst, large, 1440);
    if (_i)
        set_ip4(6, 0x40);
    rig_in(&r, &o);
    icmp = error_to_outside(_i, _i ? 3 : 2, _i ? 4 : 0);
    ck_assert_ptr_nonnull(icmp);
    ck_assert_uint_eq(be32(icmp + 4), 1400);
    ck_assert_uint_eq(drops(&r, forward_too_big), 1);
    ck_assert_uint_eq(look(), 0);
    rig_close(&r);
}
END_TEST

/* Fragments, and fragments of a fragment, cover each byte once. */
START_TEST(test_fragments_where_that_is_allowed)
{
    struct ipaddr src = outside(true), dst = inside(true);
    static uint8_t large[1450];
    unsigned base = _i ? 100 : 0; /* in units of 8 */

    for (unsigned i = 0; i < sizeof(large); i++)
        large[i] = (uint8_t)(i * 5 + i / 256);
    open_router(NULL);
    r.split = 200;
    put_through(&src, &dst, large, 1440);
    set_ip4(7, (uint8_t)base);
    if (_i)
        set_ip4(6, 0x20);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 2);
    for (unsigned i = 0, at = 0; i < 2; i++) {
        const uint8_t *ip = out[i].b + ETH_BYTES;
        unsigned n = be16(ip + 2) - 20u;

        ck_assert(frame_is_sound(&out[i]));
        ck_assert_uint_le(be16(ip + 2), 1400);
        ck_assert_uint_eq(be16(ip + 6) & IP4_OFFSET, base + at / 8);
        ck_assert_int_eq(!!(be16(ip + 6) & IP4_MF), i == 0 || _i);
        ck_assert_mem_eq(ip + 20, o.b + 34 + at, n);
        at += n;
        ck_assert_uint_eq(at, i == 0 ? 1376 : 1448);
    }
    rig_close(&r);
}
END_TEST

/* Its second half would begin at byte 0, behind the back of a firewall. */
START_TEST(test_fragment_that_ends_beyond_64_kib_is_dropped)
{
    struct ipaddr src = outside(true), dst = inside(true);
    static uint8_t large[1450];
    unsigned offset = 0x2000 - 1376 / 8;

    open_router(NULL);
    put_through(&src, &dst, large, 1440);
    set_ip4(6, (uint8_t)(offset >> 8));
    set_ip4(7, (uint8_t)offset);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 0);
    ck_assert_uint_eq(drops(&r, forward_bad), 1);
    rig_close(&r);
}
END_TEST

/* RFC 791: an option that says so is in each fragment, others in the first. */
START_TEST(test_fragments_carry_the_options_that_want_it)
{
    static const uint8_t options[] = {0x44, 8, 5, 0, 0, 0, 0, 0, 0x94, 4, 0, 0};
    struct ipaddr src = outside(true), dst = inside(true);
    static uint8_t large[1450];

    open_router(NULL);
    put_through(&src, &dst, large, 1440);
    memmove(o.b + 34 + 12, o.b + 34, 1448);
    memcpy(o.b + 34, options, 12);
    o.n += 12;
    o.b[14] = 0x48;
    put_be16(o.b + 16, 32 + 1448);
    put_be16(o.b + 24, 0);
    put_be16(o.b + 24, (uint16_t)~csum_fold(csum_add(0, o.b + 14, 32, false)));
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 2);
    ck_assert(frame_is_sound(&out[0]) && frame_is_sound(&out[1]));
    ck_assert_uint_eq(out[0].b[14], 0x48);
    ck_assert_uint_eq(out[1].b[14], 0x46);
    ck_assert_mem_eq(out[1].b + 34, options + 8, 4);
    rig_close(&r);
}
END_TEST

START_TEST(test_addresses_that_do_not_leave_their_link)
{
    static const struct {
        const char *src, *dst;
        bool martian;
    } t[] = {{"fe80::1", "fd02::9", false},
             {"fd01::1", "::1", true},
             {"fd02::2", "fd02::9", true}, /* ours, on the other NIC */
             {"169.254.1.1", "192.168.7.9", false},
             {"10.0.0.1", "169.254.1.1", false},
             {"10.0.0.1", "127.0.0.1", false},
             {"127.0.0.1", "192.168.7.9", true},
             {"10.0.0.1", "0.0.0.1", false},
             {"10.0.0.1", "240.0.0.1", false},
             {"224.0.0.1", "192.168.7.9", true},
             {"192.168.7.2", "192.168.7.9", true},
             {"192.168.7.255", "192.168.7.9", true}};
    struct ipaddr src, dst;

    for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
        open_router(NULL);
        src = rig_addr(t[i].src);
        dst = rig_addr(t[i].dst);
        put_through(&src, &dst, "hello", 5);
        rig_in(&r, &o);
        ck_assert_msg(look() == 0, "%s to %s", t[i].src, t[i].dst);
        ck_assert_msg(drops(&r, martian) == t[i].martian &&
                          drops(&r, forward_scope) == !t[i].martian,
                      "%s to %s", t[i].src, t[i].dst);
        pass_time(8); /* whom to tell is looked for, perhaps */
        rig_close(&r);
    }
}
END_TEST

START_TEST(test_broadcasts_and_source_routes_stay_here)
{
    struct ipaddr src = outside(true), dst = inside(true);

    open_router(NULL);
    put_through(&src, &dst, "hello", 5);
    mac_put(o.b, MAC_BROADCAST);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, link_broadcast), 1);
    dst = rig_addr("192.168.7.255"); /* RFC 2644 */
    put_through(&src, &dst, "hello", 5);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, forward_no_route), 1);
    src = outside(false);
    dst = inside(false);
    o.n = 0;
    put_eth(&o, RIG_MAC, PEER_MAC, ETH_IP6);
    put_ip6(&o, &src, &dst, IP6_NH_ROUTING, 64, 8);
    put_bytes(&o, "\x3b\0\0\1\0\0\0\0", 8);
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, ip6_source_route), 1);
    ck_assert_uint_eq(look(), 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_reverse_path_is_checked_when_asked_for)
{
    struct ipaddr src = rig_addr(_i ? "192.168.7.50" : "fd02::50"),
                  dst = inside(_i);

    open_router(&(struct net_forward){.reverse_path = true});
    put_through(&src, &dst, "hello", 5); /* from the wrong side */
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, forward_reverse_path), 1);
    ck_assert_uint_eq(look(), 0);
    src = outside(_i);
    put_through(&src, &dst, "hello", 5);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    rig_close(&r);
}
END_TEST

/* RFC 1812 5.2.3: a router answers to all its addresses, on any NIC. */
START_TEST(test_address_of_the_other_nic_answers_on_a_router)
{
    struct ipaddr src = outside(_i),
                  ours = rig_addr(_i ? "192.168.7.2" : "fd02::2");
    const struct rig_frame *f;

    open_router(NULL);
    o.n = 0;
    if (_i)
        put_echo4(&o, ip4_of(&src), ip4_of(&ours), 10);
    else
        put_echo6(&o, &src, &ours, 10);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert_ptr_nonnull(f);
    ck_assert(frame_is_sound(f));
    ck_assert_mem_eq(f->b + (_i ? 26 : 22), _i ? ours.b + 12 : ours.b,
                     _i ? 4 : 16);
    rig_close(&r);
}
END_TEST

/* A checksum that the sender left to a device that never was. */
START_TEST(test_partial_checksum_is_completed_or_passed_on)
{
    bool v4 = _i & 1, device = _i & 2;
    struct ipaddr src = outside(v4), dst = inside(v4);
    struct tcp_seg s = {.seq = 1, .ack = 2, .flags = TCP_ACK, .wnd = 10};

    open_router(NULL);
    second.caps = device ? NETIF_TX_CSUM : 0;
    r.rx_flags = PKT_CSUM_GOOD | PKT_CSUM_PARTIAL;
    r.rx_csum_start = (uint16_t)hdr_bytes(v4);
    r.rx_csum_off = TCP_CSUM_AT;
    put_tcp(&src, &dst, &s, 101);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    ck_assert(frame_is_sound(&out[0])); /* the sum, or the place of it */
    ck_assert_int_eq(!!(out[0].flags & PKT_CSUM_PARTIAL), device);
    if (device)
        ck_assert_mem_eq(out[0].b + hdr_bytes(v4), o.b + hdr_bytes(v4), 20);
    rig_close(&r);
}
END_TEST

START_TEST(test_partial_checksum_in_no_place_is_refused)
{
    struct ipaddr src = outside(true), dst = inside(true);
    struct tcp_seg s = {.seq = 1, .ack = 2, .flags = TCP_ACK, .wnd = 10};

    open_router(NULL);
    second.caps = NETIF_TX_CSUM;
    r.rx_flags = PKT_CSUM_GOOD | PKT_CSUM_PARTIAL;
    for (unsigned i = 0; i < 3; i++) {
        r.rx_csum_start = i == 0 ? 3 : i == 1 ? 34 : 60000;
        r.rx_csum_off = i == 1 ? 60000 : TCP_CSUM_AT;
        put_tcp(&src, &dst, &s, 101);
        rig_in(&r, &o);
    }
    ck_assert_uint_eq(look(), 0);
    ck_assert_uint_eq(drops(&r, forward_bad), 3);
    rig_close(&r);
}
END_TEST

/* Merged segments: cut here as the sender's device would have. */
START_TEST(test_merged_segments_are_cut)
{
    struct ipaddr src = outside(_i), dst = inside(_i);
    struct tcp_seg s = {
        .seq = 0xffffff00, .ack = 2, .flags = TCP_ACK | TCP_PSH | TCP_FIN};
    uint32_t seq = s.seq;

    open_router(NULL);
    r.rx_flags = (uint16_t)(PKT_CSUM_GOOD | PKT_CSUM_PARTIAL |
                            (_i ? PKT_GSO4 : PKT_GSO6));
    r.rx_csum_start = (uint16_t)hdr_bytes(_i);
    r.rx_csum_off = TCP_CSUM_AT;
    r.rx_gso = 1000;
    r.split = 2048;
    put_tcp(&src, &dst, &s, 10500);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 11);
    for (unsigned i = 0; i < 11; i++) {
        const uint8_t *t = out[i].b + hdr_bytes(_i);
        size_t n = out[i].n - hdr_bytes(_i) - 20;

        ck_assert(frame_is_sound(&out[i]));
        ck_assert_uint_eq(out[i].flags & PKT_CSUM_PARTIAL, 0);
        ck_assert_uint_eq(n, i < 10 ? 1000 : 500);
        ck_assert_uint_eq(be32(t + 4), seq);
        ck_assert_uint_eq(t[13], i < 10 ? TCP_ACK : s.flags);
        ck_assert_mem_eq(t + 20, o.b + hdr_bytes(_i) + 20 + i * 1000, n);
        if (_i)
            ck_assert_uint_eq(be16(out[i].b + 18), i);
        seq += 1000;
    }
    /* Larger than the next link takes, also when cut. */
    r.rx_gso = 1380;
    if (_i)
        set_ip4(6, 0x40);
    rig_in(&r, &o);
    ck_assert_ptr_nonnull(error_to_outside(_i, _i ? 3 : 2, _i ? 4 : 0));
    ck_assert_uint_eq(look(), 0);
    /* What cannot be. */
    r.rx_flags ^= PKT_GSO4 | PKT_GSO6;
    rig_in(&r, &o);
    r.rx_flags ^= PKT_GSO4 | PKT_GSO6;
    r.rx_gso = 0;
    rig_in(&r, &o);
    r.rx_gso = 1; /* more pieces than anyone sends */
    rig_in(&r, &o);
    ck_assert_uint_eq(drops(&r, forward_bad), 3);
    rig_close(&r);
}
END_TEST

START_TEST(test_merged_segments_are_left_to_a_nic_that_cuts)
{
    struct ipaddr src = outside(_i), dst = inside(_i);
    struct tcp_seg s = {.seq = 1, .ack = 2, .flags = TCP_ACK};

    open_router(NULL);
    second.caps = NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6;
    second.tso_max = 60000;
    r.rx_flags = _i ? PKT_GSO4 : PKT_GSO6; /* with a whole checksum, even */
    r.rx_gso = 700;
    put_tcp(&src, &dst, &s, 1800);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    ck_assert(frame_is_sound(&out[0]));
    ck_assert_uint_eq(out[0].flags & (PKT_GSO4 | PKT_GSO6 | PKT_CSUM_PARTIAL),
                      (_i ? PKT_GSO4 : PKT_GSO6) | PKT_CSUM_PARTIAL);
    ck_assert_uint_eq(out[0].csum_off, TCP_CSUM_AT);
    ck_assert_uint_eq(be16(out[0].b + hdr_bytes(_i) + TCP_CSUM_AT),
                      csum_fold(ip_pseudo_sum(&src, &dst, _i, 6, 1820)));
    second.tso_max = 1000; /* too much at once for this one */
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 3);
    rig_close(&r);
}
END_TEST

/* One address asks for many others that are silent: bounded, and it ends. */
START_TEST(test_silent_hosts_fill_no_queue)
{
    struct ipaddr src = outside(_i), dst = inside(_i);

    open_router(NULL);
    for (unsigned i = 0; i < 300; i++) {
        dst.b[15] = (uint8_t)(100 + i % 100);
        put_through(&src, &dst, "hello", 5);
        rig_in(&r, &o);
        look();
    }
    ck_assert_uint_le(r.net->cache.waiting, r.net->cache.waiting_max);
    ck_assert_uint_gt(drops(&r, neighbour_queue), 0);
    pass_time(10);
    ck_assert_uint_eq(r.net->cache.waiting, 0);
    ck_assert_uint_gt(r.net->count.icmp_errors_out, 0);
    dst = inside(_i);
    meet_inside(&dst);
    put_through(&src, &dst, "hello", 5);
    rig_in(&r, &o);
    ck_assert_uint_eq(look(), 1);
    rig_forget(&r);
    rig_close(&r);
}
END_TEST

RUN_CASES("forward",
          LOOP(test_forwarded_with_one_hop_less_and_without_padding, 0, 2),
          LOOP(test_host_does_not_forward, 0, 2),
          LOOP(test_last_hop_is_told_and_an_error_is_not, 0, 2),
          TEST(test_later_fragment_gets_no_error),
          LOOP(test_no_route_and_a_silent_host_are_told, 0, 2),
          LOOP(test_too_big_is_told_with_the_next_mtu, 0, 2),
          LOOP(test_fragments_where_that_is_allowed, 0, 2),
          TEST(test_fragment_that_ends_beyond_64_kib_is_dropped),
          TEST(test_fragments_carry_the_options_that_want_it),
          TEST(test_addresses_that_do_not_leave_their_link),
          TEST(test_broadcasts_and_source_routes_stay_here),
          LOOP(test_reverse_path_is_checked_when_asked_for, 0, 2),
          LOOP(test_address_of_the_other_nic_answers_on_a_router, 0, 2),
          LOOP(test_partial_checksum_is_completed_or_passed_on, 0, 4),
          TEST(test_partial_checksum_in_no_place_is_refused),
          LOOP(test_merged_segments_are_cut, 0, 2),
          LOOP(test_merged_segments_are_left_to_a_nic_that_cuts, 0, 2),
          LOOP(test_silent_hosts_fill_no_queue, 0, 2))
