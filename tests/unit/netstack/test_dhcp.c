/* SPDX-License-Identifier: ISC */
/* The DHCP client: its machine by script, and the client on a NIC. */
#include "../lib/suite.h"
#include "rig.h"

#include <dhcp/core.h>

#define ME     UINT64_C(0x020000000002)
#define SERVER IP(10, 0, 0, 1)
#define LEASED IP(10, 0, 0, 50)
#define RANDOM UINT32_C(0x12345678)
#define S      NS_PER_SEC

static struct dhcp4_reply reply(const struct dhcp *d, uint8_t type)
{
    struct dhcp4_reply r = {.type = type,
                            .xid = d->xid,
                            .yiaddr = LEASED,
                            .server = SERVER,
                            .mac = ME,
                            .has_lease = true,
                            .lease_s = 1000,
                            .mask = 0xffffff00,
                            .nrouters = 1,
                            .router = {SERVER}};

    return r;
}

/* What is sent next, which must be `type`. */
static struct dhcp_out sent(struct dhcp *d, ns_t now, uint8_t type)
{
    struct dhcp_out out = {.src = 0};

    ck_assert(dhcp_next(d, now, &out));
    ck_assert_uint_eq(out.msg.type, type);
    ck_assert_uint_eq(out.msg.xid, d->xid);
    ck_assert_uint_eq(out.msg.mac, ME);
    ck_assert(!dhcp_next(d, now, &(struct dhcp_out){.src = 0}));
    return out;
}

static struct dhcp in_state(enum dhcp_state s)
{
    struct dhcp d;
    struct dhcp4_reply r;
    ns_t now = 10 * S;

    dhcp_start(&d, ME, SPAN("me"), 0, 0);
    if (s == DHCP_INIT)
        return d;
    dhcp_on_time(&d, now, RANDOM);
    if (s == DHCP_SELECTING)
        return d;
    sent(&d, now, DHCP4_DISCOVER);
    r = reply(&d, DHCP4_OFFER);
    dhcp_on_reply(&d, &r, now, RANDOM);
    if (s == DHCP_REQUESTING)
        return d;
    sent(&d, now, DHCP4_REQUEST);
    r.type = DHCP4_ACK;
    ck_assert_int_eq(dhcp_on_reply(&d, &r, now, RANDOM), DHCP_CHECK);
    if (s == DHCP_CHECKING)
        return d;
    dhcp_on_checked(&d);
    if (s == DHCP_BOUND)
        return d;
    if (s == DHCP_REBOOTING) {
        dhcp_on_link_up(&d, now, RANDOM + 1);
        return d;
    }
    dhcp_on_time(&d, d.t1, RANDOM + 2);
    if (s == DHCP_RENEWING)
        return d;
    sent(&d, d.t1, DHCP4_REQUEST);
    dhcp_on_time(&d, d.t2, RANDOM + 3);
    return d;
}

START_TEST(test_states_are_reached)
{
    for (int s = DHCP_INIT; s <= DHCP_REBINDING; s++)
        ck_assert_int_eq(in_state((enum dhcp_state)s).state, s);
}
END_TEST

START_TEST(test_discover_is_repeated_ever_more_slowly)
{
    struct dhcp d = in_state(DHCP_INIT);
    ns_t now = dhcp_deadline(&d), gap;
    struct dhcp_out out;

    for (unsigned i = 0; i < 8; i++) {
        ck_assert_int_eq(dhcp_on_time(&d, now, RANDOM * (i + 1)), DHCP_NOTHING);
        out = sent(&d, now, DHCP4_DISCOVER);
        ck_assert(out.msg.broadcast && out.src == 0 && out.dst == UINT32_MAX);
        gap = dhcp_deadline(&d) - now;
        ck_assert_uint_ge(gap, (i < 4 ? 4 * S << i : 64 * S) - S);
        ck_assert_uint_le(gap, (i < 4 ? 4 * S << i : 64 * S) + S);
        now = dhcp_deadline(&d);
    }
    ck_assert_uint_ge(out.msg.secs, 4);
}
END_TEST

START_TEST(test_request_names_the_offer_and_its_server)
{
    struct dhcp d = in_state(DHCP_REQUESTING);
    struct dhcp_out out = sent(&d, 10 * S, DHCP4_REQUEST);

    ck_assert_uint_eq(out.msg.requested, LEASED);
    ck_assert_uint_eq(out.msg.server, SERVER);
    ck_assert_uint_eq(out.msg.ciaddr, 0);
    ck_assert_uint_eq(out.dst, UINT32_MAX);
}
END_TEST

START_TEST(test_request_unanswered_starts_over)
{
    struct dhcp d = in_state(DHCP_REQUESTING);

    for (unsigned i = 1; i < DHCP_REQUEST_TRIES; i++) {
        sent(&d, d.next, DHCP4_REQUEST);
        dhcp_on_time(&d, d.next, RANDOM);
        ck_assert_int_eq(d.state, DHCP_REQUESTING);
    }
    sent(&d, d.next, DHCP4_REQUEST);
    dhcp_on_time(&d, d.next, RANDOM);
    ck_assert_int_eq(d.state, DHCP_INIT);
}
END_TEST

START_TEST(test_times_of_the_lease)
{
    struct dhcp d = in_state(DHCP_BOUND);

    ck_assert_uint_eq(d.t1, 510 * S);
    ck_assert_uint_eq(d.t2, 885 * S);
    ck_assert_uint_eq(d.expires, 1010 * S);
    ck_assert_uint_eq(dhcp_deadline(&d), d.t1);
}
END_TEST

START_TEST(test_renewing_asks_the_server_alone)
{
    struct dhcp d = in_state(DHCP_RENEWING);
    struct dhcp_out out = sent(&d, d.t1, DHCP4_REQUEST);

    ck_assert_uint_eq(out.dst, SERVER);
    ck_assert_uint_eq(out.src, LEASED);
    ck_assert_uint_eq(out.msg.ciaddr, LEASED);
    ck_assert_uint_eq(out.msg.requested, 0); /* RFC 2131 4.3.6 */
    ck_assert_uint_eq(out.msg.server, 0);
    ck_assert(!out.msg.broadcast);
    /* Half of what is left until T2. */
    ck_assert_uint_eq(dhcp_deadline(&d), d.t1 + (d.t2 - d.t1) / 2);
}
END_TEST

START_TEST(test_rebinding_asks_everyone)
{
    struct dhcp d = in_state(DHCP_REBINDING);
    struct dhcp_out out = sent(&d, d.t2, DHCP4_REQUEST);

    ck_assert_uint_eq(out.dst, UINT32_MAX);
    ck_assert_uint_eq(out.msg.ciaddr, LEASED);
    ck_assert_uint_eq(out.src, LEASED);
}
END_TEST

START_TEST(test_renewal_starts_the_lease_anew)
{
    for (int s = DHCP_RENEWING; s <= DHCP_REBINDING; s++) {
        struct dhcp d = in_state((enum dhcp_state)s);
        ns_t asked = s == DHCP_RENEWING ? d.t1 : d.t2;
        struct dhcp4_reply r = reply(&d, DHCP4_ACK);

        ck_assert_int_eq(dhcp_on_reply(&d, &r, asked + 3 * S, RANDOM),
                         DHCP_RENEWED);
        ck_assert_int_eq(d.state, DHCP_BOUND);
        ck_assert_uint_eq(d.expires, asked + 1000 * S);
    }
}
END_TEST

START_TEST(test_lease_that_nobody_renews_is_lost)
{
    struct dhcp d = in_state(DHCP_BOUND);
    ns_t now = 0;
    enum dhcp_event e = DHCP_NOTHING;
    struct dhcp_out out;
    unsigned n = 0;

    while (e != DHCP_LOST) {
        ck_assert_uint_lt(n, 20);
        now = dhcp_deadline(&d);
        e = dhcp_on_time(&d, now, RANDOM);
        if (e == DHCP_NOTHING)
            ck_assert(dhcp_next(&d, now, &out)), n++;
    }
    ck_assert_uint_eq(now, d.expires ? d.expires : 1010 * S);
    ck_assert_int_eq(d.state, DHCP_INIT);
    ck_assert_uint_ge(n, 4);
}
END_TEST

START_TEST(test_nak_loses_the_lease)
{
    static const enum dhcp_state states[] = {DHCP_REBOOTING, DHCP_RENEWING,
                                             DHCP_REBINDING};

    for (unsigned i = 0; i < ARRAY_LEN(states); i++) {
        struct dhcp d = in_state(states[i]);
        struct dhcp4_reply r = reply(&d, DHCP4_NAK);

        ck_assert_int_eq(dhcp_on_reply(&d, &r, 600 * S, RANDOM), DHCP_LOST);
        ck_assert_int_eq(d.state, DHCP_INIT);
        ck_assert_uint_ge(dhcp_deadline(&d), 601 * S);
    }
}
END_TEST

START_TEST(test_nak_of_another_server_is_ignored)
{
    struct dhcp d = in_state(DHCP_REQUESTING);
    struct dhcp4_reply r = reply(&d, DHCP4_NAK);

    r.server = IP(10, 0, 0, 66);
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_STRAY);
    r.server = SERVER;
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_NOTHING);
    ck_assert_int_eq(d.state, DHCP_INIT);
}
END_TEST

START_TEST(test_decline_when_the_address_is_taken)
{
    struct dhcp d = in_state(DHCP_CHECKING);
    struct dhcp_out out;

    dhcp_on_conflict(&d, 20 * S);
    out = sent(&d, 20 * S, DHCP4_DECLINE);
    ck_assert_uint_eq(out.msg.requested, LEASED);
    ck_assert_uint_eq(out.msg.server, SERVER);
    ck_assert_uint_eq(out.dst, UINT32_MAX);
    ck_assert_uint_eq(out.src, 0);
    ck_assert_uint_eq(dhcp_deadline(&d), 30 * S); /* RFC 2131 3.1, 5 */
    dhcp_on_time(&d, 30 * S, RANDOM);
    sent(&d, 30 * S, DHCP4_DISCOVER);
}
END_TEST

START_TEST(test_link_up_asks_for_the_same_address)
{
    struct dhcp d = in_state(DHCP_REBOOTING);
    struct dhcp_out out = sent(&d, 10 * S, DHCP4_REQUEST);
    struct dhcp4_reply r = reply(&d, DHCP4_ACK);

    ck_assert_uint_eq(out.msg.requested, LEASED);
    ck_assert_uint_eq(out.msg.server, 0); /* RFC 2131 4.3.2 */
    ck_assert_uint_eq(out.msg.ciaddr, 0);
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 11 * S, RANDOM), DHCP_RENEWED);
    d = in_state(DHCP_REBOOTING); /* nobody answers: the lease still stands */
    for (unsigned i = 0; i < DHCP_REBOOT_TRIES; i++)
        ck_assert_int_eq(dhcp_on_time(&d, d.next, RANDOM), DHCP_NOTHING);
    ck_assert_int_eq(d.state, DHCP_BOUND);
    ck_assert_uint_eq(d.expires, 1010 * S);
}
END_TEST

/* Nothing that a lying server says is taken. */
START_TEST(test_lies_are_strays)
{
    struct dhcp d = in_state(DHCP_SELECTING), before = d;
    struct dhcp4_reply r;

#define LIE(change)                                                            \
    do {                                                                       \
        r = reply(&d, d.state == DHCP_SELECTING ? DHCP4_OFFER : DHCP4_ACK);    \
        change;                                                                \
        ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_STRAY);   \
        ck_assert_mem_eq(&d, &before, sizeof(d));                              \
    } while (0)
    LIE(r.xid++);
    LIE(r.mac++);
    LIE(r.yiaddr = 0);
    LIE(r.yiaddr = UINT32_MAX);
    LIE(r.yiaddr = IP(127, 0, 0, 1));
    LIE(r.yiaddr = IP(224, 0, 0, 1));
    LIE(r.server = 0);
    LIE(r.type = DHCP4_ACK);
    LIE(r.type = 99);
    d = before = in_state(DHCP_REQUESTING);
    LIE(r.yiaddr++);
    LIE(r.server++);
    LIE(r.has_lease = false);
    d = before = in_state(DHCP_RENEWING);
    LIE(r.yiaddr++);
    LIE(r.type = DHCP4_OFFER);
    d = before = in_state(DHCP_BOUND);
    LIE((void)0);
#undef LIE
}
END_TEST

START_TEST(test_absurd_times_become_sane)
{
    static const struct {
        uint32_t lease, t1, t2;
    } bad[] = {{0, 0, 0},      {1, 1, 1},         {1000, 900, 100},
               {1000, 0, 900}, {1000, 100, 2000}, {UINT32_MAX - 1, 0, 0},
               {1000, 1000, 0}};

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        struct dhcp d = in_state(DHCP_REQUESTING);
        struct dhcp4_reply r = reply(&d, DHCP4_ACK);

        r.lease_s = bad[i].lease;
        r.t1_s = bad[i].t1;
        r.t2_s = bad[i].t2;
        ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_CHECK);
        ck_assert_uint_gt(d.t1, 10 * S);
        ck_assert_uint_gt(d.t2, d.t1);
        ck_assert_uint_gt(d.expires, d.t2);
    }
}
END_TEST

START_TEST(test_lease_for_ever)
{
    struct dhcp d = in_state(DHCP_REQUESTING);
    struct dhcp4_reply r = reply(&d, DHCP4_ACK);

    r.lease_s = UINT32_MAX;
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_CHECK);
    dhcp_on_checked(&d);
    ck_assert_uint_eq(dhcp_deadline(&d), NS_NEVER);
}
END_TEST

START_TEST(test_masks)
{
    ck_assert_uint_eq(dhcp_mask_bits(0xffffff00, LEASED), 24);
    ck_assert_uint_eq(dhcp_mask_bits(0xffffffff, LEASED), 32);
    ck_assert_uint_eq(dhcp_mask_bits(0xff00ff00, LEASED), 8); /* holes */
    ck_assert_uint_eq(dhcp_mask_bits(0, IP(172, 16, 0, 1)), 16);
    ck_assert_uint_eq(dhcp_mask_bits(0, IP(192, 168, 0, 1)), 24);
}
END_TEST

/* ---- the client on a NIC ---- */

static struct out o;

static size_t put_reply(uint8_t *b, uint8_t type, uint32_t xid)
{
    static const uint8_t options[] = {
        53,  1, 0, 54, 4,  10, 0, 0, 1, 51, 4,  0, 0, 3,  232, 1, 4, 255, 255,
        255, 0, 3, 4,  10, 0,  0, 1, 6, 4,  10, 0, 0, 53, 26,  2, 5, 120, 255};

    memset(b, 0, 240);
    b[0] = 2;
    b[1] = 1;
    b[2] = 6;
    put_be32(b + 4, xid);
    put_be32(b + 16, LEASED);
    mac_put(b + 28, ME);
    put_be32(b + 236, 0x63825363);
    memcpy(b + 240, options, sizeof(options));
    b[242] = type;
    return 240 + sizeof(options);
}

/* The next DHCP message sent, its type; 0: there is none. */
static uint8_t next_dhcp(struct rig *r, uint32_t *xid)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (be16(f->b + 12) == ETH_IP4 && be16(f->b + 36) == 67) {
            ck_assert(frame_is_sound(f));
            *xid = be32(f->b + 46);
            return f->b[42 + 242];
        }
    return 0;
}

static void answer(struct rig *r, uint8_t type, uint32_t xid, uint32_t dst)
{
    uint8_t b[512];
    size_t n = put_reply(b, type, xid);

    o.n = 0;
    put_udp4(&o, SERVER, 67, dst, 68, b, n);
    rig_in(r, &o);
}

static void open_dhcp(struct rig *r)
{
    struct netif_config c = {.dhcp4 = true, .none6 = true};

    rig_open_raw(r, &c);
    rig_wait(r, S);
    r->pkts_in_use = r->blocks_in_use = 0;
}

static void get_lease(struct rig *r, uint32_t to)
{
    uint32_t xid = 0;

    ck_assert_uint_eq(next_dhcp(r, &xid), DHCP4_DISCOVER);
    answer(r, DHCP4_OFFER, xid, to);
    ck_assert_uint_eq(next_dhcp(r, &xid), DHCP4_REQUEST);
    answer(r, DHCP4_ACK, xid, to);
}

static bool has(struct rig *r, const char *text, uint8_t bits)
{
    struct ipaddr want = rig_addr(text);
    struct net_addr a[8];
    unsigned n = net_addrs(r->net, a, 8);

    for (unsigned i = 0; i < n; i++)
        if (ipaddr_eq(&a[i].addr, &want) && !a[i].tentative)
            return a[i].prefix_bits == bits;
    return false;
}

START_TEST(test_client_gets_a_lease)
{
    uint32_t to = _i ? LEASED : UINT32_MAX;
    struct ip_path path = {.dst = ip4_addr(IP(192, 0, 2, 1))};
    unsigned kinds = 0;
    struct net_note note;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, to);
    ck_assert(!has(&r, "10.0.0.50", 24)); /* probed first: RFC 5227 */
    rig_wait(&r, S);
    ck_assert(has(&r, "10.0.0.50", 24));
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert_uint_eq(ip4_of(&path.src), LEASED);
    ck_assert_uint_eq(path.mtu, 1400);
    ck_assert_uint_eq(r.net->dns.nservers, 1);
    while (net_note(r.net, &note)) {
        kinds |= 1u << note.kind;
        if (note.kind == NET_ADDR_ADDED) {
            ck_assert_uint_ge(note.seconds, 990);
            ck_assert_str_eq(note.origin, "dhcp");
        }
    }
    ck_assert_uint_eq(kinds, 1 << NET_ADDR_ADDED | 1 << NET_GATEWAY |
                                 1 << NET_DNS_SERVER);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_probes_then_announces)
{
    unsigned probes = 0, announcements = 0;
    const struct rig_frame *f;
    struct arp_msg m;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 5 * S);
    while ((f = rig_next(&r)))
        if (be16(f->b + 12) == ETH_ARP &&
            arp_parse(&m, (struct span){f->b + 14, f->n - 14})) {
            ck_assert_uint_eq(m.target, LEASED);
            probes += m.sender == 0;
            announcements += m.sender == LEASED;
        }
    ck_assert_uint_eq(probes, ACD_PROBES);
    ck_assert_uint_eq(announcements, ACD_ANNOUNCEMENTS);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_declines_what_is_taken)
{
    struct arp_msg m = {.op = ARP_REPLY,
                        .sender_mac = OTHER_MAC,
                        .sender = LEASED,
                        .target_mac = ME,
                        .target = 0};
    uint32_t xid;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 10 * NS_PER_MS);
    o.n = 0;
    put_arp(&o, RIG_MAC, &m);
    rig_in(&r, &o);
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_DECLINE);
    ck_assert(!has(&r, "10.0.0.50", 24));
    rig_wait(&r, 11 * S);
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_DISCOVER);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_renews_and_loses)
{
    struct ip_path path = {.dst = ip4_addr(IP(192, 0, 2, 1))};
    struct ipaddr server = ip4_addr(SERVER);
    uint32_t xid;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 499 * S);
    rig_forget(&r);
    rig_meet(&r, &server, PEER_MAC);
    rig_wait(&r, 3 * S);
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_REQUEST);
    answer(&r, DHCP4_ACK, xid, LEASED);
    rig_wait(&r, 490 * S); /* past the end of the first lease soon */
    rig_wait(&r, 100 * S);
    ck_assert(has(&r, "10.0.0.50", 24));
    rig_wait(&r, 600 * S); /* nobody answers any more */
    ck_assert(!has(&r, "10.0.0.50", 24));
    ck_assert_int_eq(ip_path_find(r.net, &path), E_UNREACH);
    ck_assert_uint_eq(r.net->dns.nservers, 0);
    ck_assert_uint_eq(r.net->routes.n, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_says_when_nobody_answers)
{
    struct net_note note;
    unsigned said = 0;
    struct rig r;

    open_dhcp(&r);
    rig_wait(&r, 300 * S);
    while (net_note(r.net, &note))
        said += note.kind == NET_DHCP_WAIT;
    ck_assert_uint_eq(said, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_defends_once_then_gives_up)
{
    struct arp_msg m = {.op = ARP_REQUEST,
                        .sender_mac = OTHER_MAC,
                        .sender = LEASED,
                        .target = LEASED};
    const struct rig_frame *f;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 20 * S);
    rig_forget(&r);
    o.n = 0;
    put_arp(&o, MAC_BROADCAST, &m);
    rig_in(&r, &o);
    f = rig_next(&r); /* RFC 5227 2.4 (b) */
    ck_assert(f && be16(f->b + 12) == ETH_ARP && be32(f->b + 28) == LEASED);
    ck_assert(has(&r, "10.0.0.50", 24));
    rig_in(&r, &o);
    ck_assert(!has(&r, "10.0.0.50", 24));
    rig_close(&r);
}
END_TEST

START_TEST(test_static_address_is_defended_for_ever)
{
    struct arp_msg m = {.op = ARP_REQUEST,
                        .sender_mac = OTHER_MAC,
                        .sender = OUR4,
                        .target = OUR4};
    unsigned answers = 0;
    struct rig r;

    rig_open(&r, NULL);
    o.n = 0;
    put_arp(&o, MAC_BROADCAST, &m);
    for (unsigned i = 0; i < 21; i++) { /* RFC 5227 2.4 (c): once in 10 s */
        rig_in(&r, &o);
        while (rig_next(&r))
            answers++;
        rig_wait(&r, S);
    }
    ck_assert_uint_eq(answers, 3);
    ck_assert(has(&r, "10.0.0.2", 24));
    ck_assert_uint_eq(r.net->count.address_conflicts, 21);
    rig_close(&r);
}
END_TEST

int main(void)
{
    const TTest *const once[] = {test_states_are_reached,
                                 test_discover_is_repeated_ever_more_slowly,
                                 test_request_names_the_offer_and_its_server,
                                 test_request_unanswered_starts_over,
                                 test_times_of_the_lease,
                                 test_renewing_asks_the_server_alone,
                                 test_rebinding_asks_everyone,
                                 test_renewal_starts_the_lease_anew,
                                 test_lease_that_nobody_renews_is_lost,
                                 test_nak_loses_the_lease,
                                 test_nak_of_another_server_is_ignored,
                                 test_decline_when_the_address_is_taken,
                                 test_link_up_asks_for_the_same_address,
                                 test_lies_are_strays,
                                 test_absurd_times_become_sane,
                                 test_lease_for_ever,
                                 test_masks,
                                 test_client_probes_then_announces,
                                 test_client_declines_what_is_taken,
                                 test_client_renews_and_loses,
                                 test_client_says_when_nobody_answers,
                                 test_client_defends_once_then_gives_up,
                                 test_static_address_is_defended_for_ever};
    Suite *s = suite_create("dhcp");
    TCase *tc = tcase_create("dhcp");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    for (unsigned i = 0; i < ARRAY_LEN(once); i++)
        tcase_add_test(tc, once[i]);
    tcase_add_loop_test(tc, test_client_gets_a_lease, 0, 2);
    suite_add_tcase(s, tc);
    runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
