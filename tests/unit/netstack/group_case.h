/* SPDX-License-Identifier: ISC */
/*
 * group_case.h - what the stack says of its multicast groups, and what routers
 * ask about them.
 */
#ifndef GROUP_CASE_H
#define GROUP_CASE_H

#include "rig.h"

#include <base/csum.h>
#include <wire/group.h>

#define S NS_PER_SEC

static struct out o;

/* One report or leave that was sent, as IGMP and MLD have it alike. */
struct said {
    uint8_t type, record; /* of the first record */
    unsigned records, nsources;
    struct ipaddr src, dst, group;
};

/* The next message about groups of one family; type 0: none. */
static inline struct said next_said(struct rig *r, bool v4)
{
    const struct rig_frame *f;
    struct said s = {0};

    while ((f = rig_next(r))) {
        const uint8_t *ip = f->b + 14, *m;

        if (v4 && be16(f->b + 12) == ETH_IP4 && ip[9] == IPPROTO_IGMP_) {
            ck_assert(frame_is_sound(f));
            ck_assert_uint_eq(ip[0], 0x46);
            ck_assert_uint_eq(ip[8], 1);
            ck_assert_uint_eq(be32(ip + 20), 0x94040000);
            s.src = ip4_addr(be32(ip + 12));
            s.dst = ip4_addr(be32(ip + 16));
            m = ip + 24;
        } else if (!v4 && be16(f->b + 12) == ETH_IP6 && ip[6] == 0) {
            ck_assert_uint_eq(ip[7], 1);
            ck_assert_mem_eq(ip + 40, "\x3a\0\5\2\0\0\1\0", 8);
            memcpy(&s.src, ip + 8, 16);
            memcpy(&s.dst, ip + 24, 16);
            m = ip + 48;
        } else {
            continue;
        }
        ck_assert_uint_eq(mac_get(f->b), group_mac(&s.dst, v4));
        s.type = m[0];
        if (s.type == IGMP_REPORT_3 || s.type == MLD_REPORT_2) {
            s.records = be16(m + 6);
            s.record = m[8];
            s.nsources = be16(m + 10);
            m += 8;
        }
        if (v4)
            s.group = ip4_addr(be32(m + 4));
        else
            memcpy(&s.group, s.records ? m + 4 : m + 8, 16);
        return s;
    }
    return s;
}

static inline void open_rig(struct rig *r)
{
    rig_open(r, NULL);
    r->show_groups = true;
}

/* A group of each family, and what is different about it. */
static const struct {
    bool v4;
    const char *group, *routers, *done;
    uint8_t report, old_report, leave;
} kind[] = {
    {true, "239.1.2.3", "224.0.0.22", "224.0.0.2", IGMP_REPORT_3, IGMP_REPORT_2,
     IGMP_LEAVE},
    {false, "ff02::fb", "ff02::16", "ff02::2", MLD_REPORT_2, MLD_REPORT_1,
     MLD_DONE},
};

/* The checksum of a header of 24 bytes. */
static inline void fix_header(bool v4)
{
    uint8_t *h = o.b + 14;

    if (!v4)
        return;
    put_be16(h + 10, 0);
    put_be16(h + 10, (uint16_t)~csum_fold(csum_add(0, h, 24, false)));
}

/* An IPv4 or IPv6 header with the router alert, for the `n` bytes of a message
 * that begins with its own checksum field at 2. */
static inline void put_message(const struct ipaddr *src,
                               const struct ipaddr *dst, uint8_t *m, unsigned n)
{
    bool v4 = ipaddr_is_v4(dst);
    uint64_t sum = v4 ? 0 : ip_pseudo_sum(src, dst, false, IPPROTO_ICMP6, n);
    uint8_t *h = o.b + 14;

    put_be16(m + 2, (uint16_t)~csum_fold(csum_add(sum, m, n, false)));
    o.n = 0;
    put_eth(&o, group_mac(dst, v4), PEER_MAC, v4 ? ETH_IP4 : ETH_IP6);
    if (v4) {
        put_ip4(&o, ip4_of(src), ip4_of(dst), IPPROTO_IGMP_, n + 4);
        put_bytes(&o, "\x94\4\0\0", 4);
        h[0] = 0x46;
        h[8] = 1;
        fix_header(true);
    } else {
        put_ip6(&o, src, dst, 0, 1, n + 8);
        put_bytes(&o, "\x3a\0\5\2\0\0\1\0", 8);
    }
    put_bytes(&o, m, n);
}

/* A query: `version` in IGMP's counting; `group` NULL: general. */
static inline void put_query(bool v4, unsigned version, const char *group,
                             unsigned code, unsigned nsources)
{
    struct ipaddr src = rig_addr(v4 ? "10.0.0.1" : "fe80::1"), to = {{0}};
    unsigned addr = v4 ? 4 : 16, n = v4 ? 8 : 24;
    uint8_t m[200] = {v4 ? IGMP_QUERY : MLD_QUERY};

    if (group)
        to = rig_addr(group);
    memcpy(m + (v4 ? 4 : 8), to.b + 16 - addr, addr);
    if (!group)
        to = rig_addr(v4 ? "224.0.0.1" : "ff02::1");
    if (v4)
        m[1] = (uint8_t)code;
    else
        put_be16(m + 4, (uint16_t)code);
    if (version == GROUP_V3) {
        m[n] = 2;
        m[n + 1] = 125;
        put_be16(m + n + 2, (uint16_t)nsources);
        memset(m + n + 4, 0x20, nsources * addr);
        for (unsigned i = 0; i < nsources; i++)
            m[n + 3 + (i + 1) * addr] = (uint8_t)i;
        n += 4 + nsources * addr;
    }
    put_message(&src, &to, m, n);
}

static inline void query(struct rig *r, bool v4, unsigned version,
                         const char *group, unsigned code, unsigned nsources)
{
    put_query(v4, version, group, code, nsources);
    rig_in(r, &o);
}

#endif
