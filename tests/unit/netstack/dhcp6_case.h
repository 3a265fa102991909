/* SPDX-License-Identifier: ISC */
/*
 * dhcp6_case.h - the machine of DHCPv6 in each of its states, and what servers
 * reply to it.
 */
#ifndef DHCP6_CASE_H
#define DHCP6_CASE_H

#include "rig.h"

#include <dhcp/core6.h>

#define RANDOM UINT32_C(0x12345678)
#define IAID   UINT32_C(0x00000002)
#define S      NS_PER_SEC

static const uint8_t us[DUID_BYTES] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 2};
static const struct dhcp6_duid server_a = {.n = 4, .b = {0, 2, 0, 'a'}};
static const struct dhcp6_duid server_b = {.n = 4, .b = {0, 2, 0, 'b'}};

static inline struct dhcp6_reply reply(const struct dhcp6 *d, uint8_t type)
{
    struct dhcp6_reply r = {.type = type,
                            .xid = d->xid,
                            .has_ia = true,
                            .client = {.n = DUID_BYTES},
                            .server = server_a,
                            .t1_s = 500,
                            .t2_s = 800,
                            .naddrs = 2};

    memcpy(r.client.b, us, sizeof(us));
    for (unsigned i = 0; i < 2; i++)
        r.addr[i] = (struct dhcp6_addr){.preferred_s = 1000, .valid_s = 2000};
    r.addr[0].addr = rig_addr("2001:db8::1");
    r.addr[1].addr = rig_addr("2001:db8::2");
    return r;
}

static inline struct dhcp6_message sent(struct dhcp6 *d, ns_t now, uint8_t type)
{
    struct dhcp6_message m = {0}, none;

    ck_assert(dhcp6_next(d, now, &m));
    ck_assert_uint_eq(m.type, type);
    ck_assert_uint_eq(m.xid, d->xid);
    ck_assert_mem_eq(m.client.p, us, sizeof(us));
    ck_assert(!dhcp6_next(d, now, &none));
    return m;
}

/* What the next deadline brings. */
static inline enum dhcp6_event due(struct dhcp6 *d)
{
    return dhcp6_on_time(d, d->next, RANDOM + d->tries);
}

static inline struct dhcp6 in_state(enum dhcp6_state s)
{
    struct dhcp6_reply r;
    struct dhcp6 d;

    dhcp6_start(&d, us, IAID, SPAN("me"), s < DHCP6_INFORMING, 10 * S, RANDOM);
    due(&d);
    if (s == DHCP6_SOLICITING || s == DHCP6_INFORMING)
        return d;
    sent(&d, 10 * S, s == DHCP6_INFORMED ? DHCP6_INFORMATION : DHCP6_SOLICIT);
    r = reply(&d, s == DHCP6_INFORMED ? DHCP6_REPLY : DHCP6_ADVERTISE);
    if (s == DHCP6_INFORMED) {
        ck_assert_int_eq(dhcp6_on_reply(&d, &r, 11 * S, RANDOM), DHCP6_OPTIONS);
        return d;
    }
    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 10 * S, RANDOM), DHCP6_NOTHING);
    due(&d);
    if (s == DHCP6_REQUESTING)
        return d;
    sent(&d, 11 * S, DHCP6_REQUEST);
    r = reply(&d, DHCP6_REPLY);
    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 100 * S, RANDOM), DHCP6_ADDRS);
    if (s == DHCP6_CONFIRMING)
        dhcp6_on_link_up(&d, 200 * S, RANDOM + 1);
    if (s == DHCP6_DECLINING)
        dhcp6_on_conflict(&d, &r.addr[0].addr, 101 * S, RANDOM + 1);
    if (s != DHCP6_BOUND)
        due(&d);
    if (s == DHCP6_REBINDING) {
        while (d.state == DHCP6_RENEWING)
            due(&d);
    }
    return d;
}

#endif
