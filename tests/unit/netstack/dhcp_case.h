/* SPDX-License-Identifier: ISC */
/*
 * dhcp_case.h - the machine of DHCPv4 in each of its states, and what servers
 * reply to it.
 */
#ifndef DHCP_CASE_H
#define DHCP_CASE_H

#include <check.h>
#include <dhcp/core.h>

#define ME     UINT64_C(0x020000000002)
#define SERVER UINT32_C(0x0a000001)
#define LEASED UINT32_C(0x0a000032)
#define RANDOM UINT32_C(0x12345678)
#define S      NS_PER_SEC

static const uint8_t id[15] = {255, 1, 2, 3, 4, 0, 3, 0, 1, 2};
static const struct dhcp_who who = {.mac = ME,
                                    .hostname = {(const uint8_t *)"me", 2},
                                    .client = {id, sizeof(id)}};

static inline struct dhcp4_reply reply(const struct dhcp *d, uint8_t type)
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
static inline struct dhcp_out sent(struct dhcp *d, ns_t now, uint8_t type)
{
    struct dhcp_out out = {.src = 0};

    ck_assert(dhcp_next(d, now, &out));
    ck_assert_uint_eq(out.msg.type, type);
    ck_assert_uint_eq(out.msg.xid, d->xid);
    ck_assert_uint_eq(out.msg.mac, ME);
    ck_assert(!dhcp_next(d, now, &(struct dhcp_out){.src = 0}));
    return out;
}

static inline struct dhcp in_state(enum dhcp_state s)
{
    struct dhcp d;
    struct dhcp4_reply r;
    ns_t now = 10 * S;

    dhcp_start(&d, &who, 0, 0);
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

#endif
