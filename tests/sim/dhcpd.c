/* SPDX-License-Identifier: ISC */
/*
 * dhcpd.c - the fake DHCP server: RFC 2131 as far as a client can see it.
 */
#include "dhcpd.h"

#include <base/bytes.h>

enum {
    DISCOVER = 1,
    OFFER,
    REQUEST,
    DECLINE,
    ACK,
    NAK,
    RELEASE,
    BOOTP_BYTES = 236,
    OPTIONS_AT = 240,
    UDP_AT = 34, /* Ethernet, IPv4 without options */
    BODY_AT = 42,
    BODY_MAX = 400
};

/* What the server wants to know of a message. */
struct ask {
    uint8_t type, mac[6], ciaddr[4], requested[4], server[4];
    uint32_t xid;
    bool has_requested, has_server, direct;
};

static bool read_options(struct ask *a, struct span in)
{
    while (in.n > 0 && in.p[0] != 255) {
        uint8_t code = in.p[0];
        size_t n = code == 0 ? 0 : in.n > 1 ? in.p[1] : in.n;
        size_t skip = code == 0 ? 1 : n + 2;

        if (skip > in.n)
            return false;
        if (code == 53 && n == 1)
            a->type = in.p[2];
        if (code == 50 && n == 4) {
            memcpy(a->requested, in.p + 2, 4);
            a->has_requested = true;
        }
        if (code == 54 && n == 4) {
            memcpy(a->server, in.p + 2, 4);
            a->has_server = true;
        }
        in.p += skip;
        in.n -= skip;
    }
    return in.n > 0 && a->type != 0;
}

static bool read_ask(struct ask *a, struct span f)
{
    const uint8_t *body = f.p + BODY_AT;

    *a = (struct ask){.direct = !(f.p[0] & 1)};
    if (f.n < BODY_AT + OPTIONS_AT || be16(f.p + UDP_AT + 2) != 67 ||
        body[0] != 1 || body[1] != 1 || body[2] != 6 ||
        be32(body + BOOTP_BYTES) != 0x63825363)
        return false;
    a->xid = be32(body + 4);
    memcpy(a->ciaddr, body + 12, 4);
    memcpy(a->mac, body + 28, 6);
    return read_options(
        a, (struct span){body + OPTIONS_AT, f.n - BODY_AT - OPTIONS_AT});
}

static void sum_into(uint8_t *field, const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (uint32_t)(i & 1 ? p[i] : p[i] << 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    put_be16(field, (uint16_t)~sum);
}

/* Wraps the body, which stands at BODY_AT already. */
static void send_udp(struct dhcpd *d, uint8_t *f, size_t body_n,
                     const uint8_t *mac, const uint8_t *dst)
{
    size_t total = 28 + body_n;

    memcpy(f, mac, 6);
    memcpy(f + 6, d->port.mac, 6);
    put_be16(f + 12, 0x0800);
    memset(f + 14, 0, 28);
    f[14] = 0x45;
    put_be16(f + 16, (uint16_t)total);
    f[22] = 64;
    f[23] = 17;
    memcpy(f + 26, d->addr, 4);
    memcpy(f + 30, dst, 4);
    sum_into(f + 24, f + 14, 20);
    put_be16(f + UDP_AT, 67);
    put_be16(f + UDP_AT + 2, 68);
    put_be16(f + UDP_AT + 4, (uint16_t)(8 + body_n));
    lan_send(&d->port, (struct span){f, 14 + total}, d->world->now);
}

static uint8_t *option(uint8_t *p, uint8_t code, const void *data, uint8_t n)
{
    *p++ = code;
    *p++ = n;
    memcpy(p, data, n);
    return p + n;
}

static void reply(struct dhcpd *d, const struct ask *a, uint8_t type,
                  uint8_t last)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
    static const uint8_t mask[4] = {255, 255, 255, 0};
    uint8_t f[BODY_AT + BODY_MAX] = {0}, *body = f + BODY_AT, lease[4];
    uint8_t *p = body + OPTIONS_AT;
    bool known = a->ciaddr[0] != 0 && type == ACK;

    body[0] = 2;
    body[1] = 1;
    body[2] = 6;
    put_be32(body + 4, a->xid);
    memcpy(body + 12, a->ciaddr, 4);
    memcpy(body + 28, a->mac, 6);
    put_be32(body + BOOTP_BYTES, 0x63825363);
    p = option(p, 53, &type, 1);
    p = option(p, 54, d->addr, 4);
    if (type != NAK) {
        memcpy(body + 16, d->addr, 3);
        body[19] = last;
        put_be32(lease, d->lease_s);
        p = option(p, 51, lease, 4);
        p = option(p, 1, mask, 4);
        p = option(p, 3, d->addr, 4);
    }
    *p++ = 255;
    send_udp(d, f, (size_t)(p - body), known ? a->mac : all,
             known ? a->ciaddr : all);
}

static uint8_t address_of(struct dhcpd *d, const uint8_t mac[6])
{
    unsigned i = 0;

    while (i < d->clients && memcmp(d->client[i], mac, 6) != 0)
        i++;
    ASSERT(i < DHCPD_CLIENTS_MAX);
    if (i == d->clients)
        memcpy(d->client[d->clients++], mac, 6);
    return (uint8_t)(d->first + i);
}

static void on_request(struct dhcpd *d, const struct ask *a)
{
    uint8_t last = address_of(d, a->mac);
    const uint8_t *wants = a->has_requested ? a->requested : a->ciaddr;

    d->requests++;
    if (a->has_server && memcmp(a->server, d->addr, 4) != 0)
        return; /* it took another server's offer */
    if (!a->has_requested) {
        d->renewals += a->direct;
        d->rebindings += !a->direct;
    }
    if (memcmp(wants, d->addr, 3) == 0 && wants[3] == last) {
        reply(d, a, ACK, last);
    } else {
        d->naks++;
        reply(d, a, NAK, 0);
    }
}

static void on_dhcp(struct dhcpd *d, const struct ask *a)
{
    switch (a->type) {
    case DISCOVER:
        d->discovers++;
        reply(d, a, OFFER, address_of(d, a->mac));
        break;
    case REQUEST:
        on_request(d, a);
        break;
    case DECLINE:
        d->declines++;
        break;
    case RELEASE:
        d->releases++;
        break;
    default:
        d->strange++;
    }
}

static void on_arp(struct dhcpd *d, struct span f)
{
    uint8_t out[42];

    if (f.n < 42 || be16(f.p + 20) != 1 || memcmp(f.p + 38, d->addr, 4) != 0)
        return;
    memcpy(out, f.p, sizeof(out));
    memcpy(out, f.p + 6, 6);
    memcpy(out + 6, d->port.mac, 6);
    put_be16(out + 20, 2);
    memcpy(out + 22, d->port.mac, 6);
    memcpy(out + 28, d->addr, 4);
    memcpy(out + 32, f.p + 22, 10); /* the asker: hardware and IP address */
    lan_send(&d->port, (struct span){out, sizeof(out)}, d->world->now);
}

static void arrive(struct port *port, struct span f)
{
    struct dhcpd *d = port->user;
    struct ask a;

    if (wire_fault(f, WIRE_MTU))
        return; /* damaged on the way */
    if (be16(f.p + 12) == 0x0806) {
        on_arp(d, f);
        return;
    }
    if (be16(f.p + 12) != 0x0800 || f.n < BODY_AT || f.p[14] != 0x45 ||
        f.p[23] != 17 || d->silent)
        return;
    if (!read_ask(&a, f))
        d->strange += be16(f.p + UDP_AT + 2) == 67;
    else if (!(a.direct && d->deaf_to_direct))
        on_dhcp(d, &a);
}

void dhcpd_open(struct dhcpd *d, struct world *w, uint32_t lease_s)
{
    static const uint8_t mac[6] = {2, 0xd, 0xc, 0xd, 0xc, 0xd};
    static const uint8_t addr[4] = {10, 0, 0, 254};

    *d = (struct dhcpd){.world = w, .lease_s = lease_s, .first = 100};
    memcpy(d->port.mac, mac, 6);
    memcpy(d->addr, addr, 4);
    d->port.arrive = arrive;
    d->port.user = d;
    lan_plug(&w->link, &d->port);
}
