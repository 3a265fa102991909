/* SPDX-License-Identifier: ISC */
/*
 * check.c - lengths and checksums of every frame that the stack sends, worked
 * out byte by byte and not by the stack's own code.
 */
#include "script.h"

#include <wire/eth.h>

static uint32_t add(uint32_t sum, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += i & 1 ? b[i] : (uint32_t)b[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

uint16_t sum16(uint32_t start, const uint8_t *b, size_t n)
{
    return (uint16_t)~add(start, b, n);
}

uint32_t pseudo(const uint8_t *ip, uint8_t proto, uint32_t len)
{
    bool v4 = ip[0] >> 4 == 4;

    return add(proto + len, ip + (v4 ? 12 : 8), v4 ? 8 : 32);
}

static const char *l4_fault(const uint8_t *ip, uint8_t proto, const uint8_t *l4,
                            uint32_t n)
{
    bool v4 = ip[0] >> 4 == 4;

    if (proto == 17 && n >= 8 && be16(l4 + 4) != n)
        return "a wrong UDP length";
    if (proto == 17 && v4 && be16(l4 + 6) == 0)
        return NULL;
    if (proto == 6 || proto == 17 || proto == 58)
        return sum16(pseudo(ip, proto, n), l4, n) ? "a wrong checksum" : NULL;
    if (proto == 1)
        return sum16(0, l4, n) ? "a wrong ICMP checksum" : NULL;
    return NULL;
}

static const char *ip4_fault(const uint8_t *ip, uint32_t n)
{
    uint32_t hdr = (ip[0] & 15u) * 4;

    if (n < 20 || hdr < 20 || hdr > n || be16(ip + 2) != n)
        return "a wrong IPv4 length";
    if (sum16(0, ip, hdr))
        return "a wrong IPv4 checksum";
    if (be16(ip + 6) & 0x3fff)
        return NULL; /* a fragment */
    return l4_fault(ip, ip[9], ip + hdr, n - hdr);
}

static const char *ip6_fault(const uint8_t *ip, uint32_t n)
{
    if (n < 40 || be16(ip + 4) != n - 40u)
        return "a wrong IPv6 length";
    return l4_fault(ip, ip[6], ip + 40, n - 40);
}

const char *frame_fault(const uint8_t *b, uint32_t n)
{
    if (n < ETH_BYTES)
        return "no Ethernet header";
    if (be16(b + 12) == ETH_IP4)
        return ip4_fault(b + ETH_BYTES, n - ETH_BYTES);
    if (be16(b + 12) == ETH_IP6)
        return ip6_fault(b + ETH_BYTES, n - ETH_BYTES);
    return NULL;
}
