/* SPDX-License-Identifier: ISC */
/*
 * test_dad.c - addresses of IPv6 before they are used: probes, duplicates,
 * optimism.
 */
#include "../lib/suite.h"
#include "ra_case.h"

START_TEST(test_link_local_address_is_probed_and_stable)
{
    struct netif_config c = rig_static();
    struct ifaddr *a;
    struct ipaddr first;
    const struct rig_frame *f;
    struct rig r;

    rig_open_raw(&r, &c);
    a = addr_below(&r, "fe80::");
    ck_assert(a && a->state == ADDR_OPTIMISTIC);
    first = a->addr;
    ck_assert_mem_ne(first.b + 11, "\xff\xfe", 2); /* no EUI-64 */
    rig_wait(&r, 2 * S);
    f = next_ndp(&r, NDP_NS);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->n, 14 + 40 + 32);   /* RFC 4862 5.4.2: no address... */
    ck_assert_mem_eq(f->b + 78, "\16\1", 2); /* ...but RFC 7527's nonce */
    ck_assert_mem_eq(f->b + 22, (const uint8_t[16]){0}, 16);
    ck_assert_mem_eq(f->b + 62, first.b, 16);
    ck_assert_ptr_null(next_ndp(&r, NDP_NS));
    ck_assert_int_eq(a->state, ADDR_PREFERRED);
    rig_close(&r);
    rig_open_raw(&r, &c); /* the same after a restart */
    ck_assert(ipaddr_eq(&addr_below(&r, "fe80::")->addr, &first));
    rig_close(&r);
    c.stable_secret[3] = 1;
    rig_open_raw(&r, &c); /* but not with another secret */
    ck_assert(!ipaddr_eq(&addr_below(&r, "fe80::")->addr, &first));
    rig_close(&r);
}
END_TEST

START_TEST(test_duplicate_address_is_replaced)
{
    bool advert = _i;
    struct netif_config c = rig_static();
    struct ipaddr seen[DAD_RETRIES + 1];
    struct rig r;

    begin_ra(0);
    rig_open_raw(&r, &c);
    for (unsigned i = 0; i <= DAD_RETRIES; i++) {
        struct ifaddr *a = addr_below(&r, "fe80::");

        ck_assert_ptr_nonnull(a);
        seen[i] = a->addr;
        ck_assert(i == 0 || !ipaddr_eq(&seen[i], &seen[i - 1]));
        rig_wait(&r, S / 2);
        claim(&r, &a->addr, advert);
    }
    ck_assert_ptr_null(addr_below(&r, "fe80::")); /* RFC 7217 6: given up */
    ck_assert_uint_eq(r.net->count.address_conflicts, DAD_RETRIES + 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_static_address_that_is_taken_is_tried_again)
{
    struct netif_config c = {
        .static6 = {.addr = rig_addr("2001:db8::5"), .prefix_bits = 64}};
    struct ipaddr a = c.static6.addr;
    struct net_note note;
    bool told = false;
    struct rig r;

    begin_ra(0);
    rig_open_raw(&r, &c);
    ck_assert_ptr_null(addr_find(&r.net->nif[0], &a)); /* not optimistic */
    rig_wait(&r, S / 2);
    claim(&r, &a, true);
    while (net_note(r.net, &note))
        told |= note.kind == NET_ADDR_CONFLICT && ipaddr_eq(&note.addr, &a);
    ck_assert(told);
    rig_wait(&r, 10 * S);
    ck_assert_ptr_null(addr_find(&r.net->nif[0], &a));
    rig_wait(&r, 60 * S);
    ck_assert_ptr_nonnull(addr_find(&r.net->nif[0], &a));
    rig_close(&r);
}
END_TEST

START_TEST(test_optimistic_address_answers_without_override)
{
    struct netif_config c = rig_static();
    struct ipaddr peer = rig_addr("fe80::1"), us;
    uint8_t ns[NDP_NS_BYTES];
    const struct rig_frame *f;
    struct ndp_msg m;
    struct rig r;

    rig_open_raw(&r, &c);
    us = addr_below(&r, "fe80::")->addr;
    o.n = 0;
    put_ndp(&o, &peer, &us, ns, ndp_ns_emit(ns, &us, PEER_MAC));
    rig_in(&r, &o);
    f = next_ndp(&r, NDP_NA);
    ck_assert(f && ndp_parse(&m, (struct span){f->b + 54, f->n - 54}));
    ck_assert(m.solicited && !m.override_);
    rig_wait(&r, 2 * S);
    rig_in(&r, &o);
    f = next_ndp(&r, NDP_NA);
    ck_assert(f && ndp_parse(&m, (struct span){f->b + 54, f->n - 54}));
    ck_assert(m.override_);
    rig_close(&r);
}
END_TEST

RUN_CASES("dad", TEST(test_link_local_address_is_probed_and_stable),
          TEST(test_static_address_that_is_taken_is_tried_again),
          TEST(test_optimistic_address_answers_without_override),
          LOOP(test_duplicate_address_is_replaced, 0, 2))
