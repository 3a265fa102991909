/* SPDX-License-Identifier: ISC */
/* The parsers of DHCP and DNS, which see the longest lies. */
#include "../lib/suite.h"
#include "chew.h"

#include <wire/dhcp4.h>
#include <wire/dns.h>

static bool parse_dhcp(struct span in)
{
    struct dhcp4_reply r;

    return dhcp4_parse(&r, in);
}

/* An OFFER whose router stands in the file field and whose name servers are
 * in two parts. */
static size_t offer(uint8_t *b)
{
    static const uint8_t options[] = {
        53, 1,  2,   54,  4,   10, 0, 0, 1,  51, 4, 0,    0,   0x0e, 0x10,
        1,  4,  255, 255, 255, 0,  6, 4, 10, 0,  0, 53,   0,   0,    6,
        4,  10, 0,   0,   54,  52, 1, 1, 26, 2,  5, 0x78, 121, 13,   24,
        10, 1,  2,   10,  0,   0,  9, 0, 10, 0,  0, 1,    255};
    static const uint8_t file[] = {3, 4, 10, 0, 0, 1, 255};

    memset(b, 0, 400);
    b[0] = 2;
    b[1] = 1;
    b[2] = 6;
    put_be32(b + 4, 0x11223344);
    put_be32(b + 16, 0x0a000005);
    mac_put(b + 28, 0x0200000000aa);
    put_be32(b + 236, 0x63825363);
    memcpy(b + 240, options, sizeof(options));
    memcpy(b + 108, file, sizeof(file));
    return 240 + sizeof(options);
}

START_TEST(test_dhcp_reply)
{
    uint8_t b[400];
    size_t n = offer(b);
    struct dhcp4_reply r;

    ck_assert(dhcp4_parse(&r, (struct span){b, n}));
    ck_assert_uint_eq(r.type, DHCP4_OFFER);
    ck_assert_uint_eq(r.xid, 0x11223344);
    ck_assert_uint_eq(r.yiaddr, 0x0a000005);
    ck_assert_uint_eq(r.server, 0x0a000001);
    ck_assert_uint_eq(r.lease_s, 3600);
    ck_assert_uint_eq(r.mask, 0xffffff00);
    ck_assert_uint_eq(r.nrouters, 1); /* RFC 2132 9.3 */
    ck_assert_uint_eq(r.router[0], 0x0a000001);
    ck_assert_uint_eq(r.nservers, 2); /* RFC 3396 */
    ck_assert_uint_eq(r.dns[1], 0x0a000036);
    ck_assert_uint_eq(r.mtu, 1400);
    ck_assert_uint_eq(r.nroutes, 2); /* RFC 3442 */
    ck_assert_uint_eq(r.route[0].bits, 24);
    ck_assert_uint_eq(r.route[0].dst, 0x0a010200);
    ck_assert_uint_eq(r.route[1].bits, 0);
    chew(parse_dhcp, b, n);
}
END_TEST

/* RFC 3397: one name, another that points into it; RFC 6842; option 42. */
START_TEST(test_dhcp_domains_servers_and_identifier)
{
    static const uint8_t more[] = {119, 13,  3,   'e',  'n', 'g',  1,   'x', 0,
                                   2,   'f', 'r', 0xc0, 4,   0xff, 119, 0,   42,
                                   8,   10,  0,   0,    7,   10,   0,   0,   8,
                                   61,  3,   255, 1,    2,   255};
    static const uint8_t old[] = {15, 4, 'a', '.', 'b', 0, 255};
    uint8_t b[400];
    size_t n = offer(b) - 1;
    struct dhcp4_reply r;

    memcpy(b + n, more, 15);
    b[n + 1] = 12;
    memcpy(b + n + 14, more + 15, sizeof(more) - 15);
    ck_assert(dhcp4_parse(&r, (struct span){b, n + sizeof(more) - 1}));
    ck_assert_uint_eq(r.nsearch, 7 + 6);
    ck_assert_mem_eq(r.search, "\3eng\1x\0\2fr\1x", 13);
    ck_assert_uint_eq(r.nntp, 2);
    ck_assert_uint_eq(r.ntp[1], 0x0a000008);
    ck_assert_uint_eq(r.nclient, 3);
    chew(parse_dhcp, b, n + sizeof(more) - 1);
    memcpy(b + n, old, sizeof(old));
    ck_assert(dhcp4_parse(&r, (struct span){b, n + sizeof(old)}));
    ck_assert_uint_eq(r.nsearch, 5);
    ck_assert_mem_eq(r.search, "\1a\1b", 5);
}
END_TEST

START_TEST(test_dhcp_lies_about_lengths)
{
    uint8_t b[400];
    size_t n = offer(b);
    struct dhcp4_reply r;

    b[241] = 250; /* the type option runs over the end */
    ck_assert(!exactly(parse_dhcp, b, n));
    n = offer(b);
    b[240 + 10] = 3; /* a lease of three bytes shifts what follows */
    (void)exactly(parse_dhcp, b, n);
    n = offer(b);
    b[108 + 1] = 200; /* in the file field */
    ck_assert(!exactly(parse_dhcp, b, n));
    n = offer(b);
    b[240 + 44] = 33; /* a route of 33 bits: none of them counts */
    ck_assert(dhcp4_parse(&r, (struct span){b, n}));
    ck_assert_uint_eq(r.nroutes, 0);
    n = offer(b);
    b[2] = 7; /* an address of seven bytes */
    ck_assert(!exactly(parse_dhcp, b, n));
}
END_TEST

START_TEST(test_dhcp_request_is_well_formed)
{
    struct dhcp4_request q = {.type = DHCP4_REQUEST,
                              .xid = 7,
                              .broadcast = true,
                              .requested = 0x0a000005,
                              .server = 0x0a000001,
                              .mac = 0x0200000000aa,
                              .hostname = SPAN("web")};
    uint8_t b[DHCP4_OUT_MAX];
    unsigned n = dhcp4_emit(b, &q), at = 240;
    bool seen[256] = {false};

    ck_assert_uint_eq(n, DHCP4_OUT_MIN);
    ck_assert_uint_eq(b[0], 1);
    ck_assert_uint_eq(be16(b + 10), 0x8000);
    while (b[at] != 255) {
        seen[b[at]] = true;
        at += 2u + b[at + 1];
        ck_assert_uint_lt(at, n);
    }
    ck_assert(seen[53] && seen[61] && seen[50] && seen[54] && seen[55] &&
              seen[57] && seen[81]);
    ck_assert(!seen[12]); /* RFC 4702 3.1: not both */
}
END_TEST

static struct dns_name question;

static bool parse_dns(struct span in)
{
    struct dns_answer a;

    return dns_answer_parse(&a, in, 0x1234, &question, DNS_A);
}

/* www.example.com: CNAME web.example.com, A 192.0.2.1 and .2 */
static size_t answer(uint8_t *b)
{
    static const uint8_t tail[] = {
        0xc0, 12,   0,  5, 0, 1, 0, 0, 1, 0,  0,  6, 3,   'w', 'e', 'b', 0xc0,
        16,   0xc0, 45, 0, 1, 0, 1, 0, 0, 0,  60, 0, 4,   192, 0,   2,   1,
        0xc0, 45,   0,  1, 0, 1, 0, 0, 0, 90, 0,  4, 192, 0,   2,   2};
    unsigned n;

    ck_assert(dns_name_from(&question, SPAN("www.Example.com")));
    n = dns_query_emit(b, 0x1234, &question, DNS_A, false);
    put_be16(b + 2, 0x8180);
    put_be16(b + 6, 3);
    memcpy(b + n, tail, sizeof(tail));
    return n + sizeof(tail);
}

START_TEST(test_dns_answer)
{
    uint8_t b[512];
    size_t n = answer(b);
    struct dns_answer a;

    ck_assert(
        dns_answer_parse(&a, (struct span){b, n}, 0x1234, &question, DNS_A));
    ck_assert_uint_eq(a.n, 2);
    ck_assert_uint_eq(a.ttl_s, 60);
    ck_assert_uint_eq(a.data[11], 2);
    ck_assert(
        !dns_answer_parse(&a, (struct span){b, n}, 0x1235, &question, DNS_A));
    ck_assert(!dns_answer_parse(&a, (struct span){b, n}, 0x1234, &question,
                                DNS_AAAA));
    chew(parse_dns, b, n);
    b[13] = 'v'; /* an answer to another question */
    ck_assert(!exactly(parse_dns, b, n));
}
END_TEST

START_TEST(test_dns_names_rfc_9267)
{
    static const uint8_t self[] = {0xc0, 0},   /* points at itself */
        forward[] = {0xc0, 2, 1, 'a', 0},      /* 2.1 */
        loop[] = {1, 'a', 0xc0, 0},            /* comes back */
        past[] = {0xc1, 0xff}, cut[] = {0xc0}, /* beyond the end */
        reserved[] = {0x80, 'a', 0}, label[] = {5, 'a', 'b'},
                         no_end[] = {1, 'a'};
    const struct span bad[] = {
        {self, sizeof(self)},   {forward, sizeof(forward)},
        {loop, sizeof(loop)},   {past, sizeof(past)},
        {cut, sizeof(cut)},     {reserved, sizeof(reserved)},
        {label, sizeof(label)}, {no_end, sizeof(no_end)}};
    struct dns_name name;
    uint8_t long_one[300];
    size_t at;

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        uint8_t *copy = malloc(bad[i].n);

        at = i == 2 ? 2 : 0;
        memcpy(copy, bad[i].p, bad[i].n);
        ck_assert_msg(
            i == 2 || !dns_name_read(&name, (struct span){copy, bad[i].n}, &at),
            "%u", i);
        free(copy);
    }
    at = 0; /* "a" then a pointer to itself */
    ck_assert(!dns_name_read(&name, (struct span){loop, sizeof(loop)}, &at));
    for (unsigned i = 0; i < 300; i++) /* 2.5: names longer than 255 */
        long_one[i] = i % 64 ? 'x' : 63;
    at = 0;
    ck_assert(!dns_name_read(&name, (struct span){long_one, 300}, &at));
}
END_TEST

START_TEST(test_dns_many_pointers_end)
{
    uint8_t b[256];
    struct dns_name name;
    size_t at;

    b[0] = 0;
    for (unsigned i = 0; i < 100; i++) /* each points to the one before */
        put_be16(b + 1 + i * 2, (uint16_t)(0xc000 | (i ? 1 + (i - 1) * 2 : 0)));
    at = 1 + 10 * 2;
    ck_assert(dns_name_read(&name, (struct span){b, 201}, &at));
    at = 1 + 90 * 2;
    ck_assert(!dns_name_read(&name, (struct span){b, 201}, &at));
}
END_TEST

START_TEST(test_dns_names_from_text)
{
    static const char *const bad[] = {
        "", ".", "a..b", ".a",
        ("0123456789012345678901234567890123456789"
         "012345678901234567890123.x")};
    struct dns_name a, b;
    char text[300];

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!dns_name_from(&a, span_of(bad[i])), "%s", bad[i]);
    ck_assert(dns_name_from(&a, SPAN("Ab.c")));
    ck_assert(dns_name_from(&b, SPAN("aB.C.")));
    ck_assert(dns_name_eq(&a, &b));
    ck_assert_uint_eq(a.n, 6);
    memset(text, 'a', sizeof(text));
    for (unsigned i = 49; i < sizeof(text); i += 50)
        text[i] = '.';
    ck_assert(dns_name_from(&a, (struct span){(uint8_t *)text, 253}));
    ck_assert_uint_eq(a.n, 255);
    ck_assert(!dns_name_from(&a, (struct span){(uint8_t *)text, 255}));
}
END_TEST

START_TEST(test_dns_cname_loop_ends)
{
    static const uint8_t tail[] = {0xc0, 12, 0, 5, 0, 1,    0,
                                   0,    1,  0, 0, 2, 0xc0, 12};
    uint8_t b[512];
    unsigned n;

    ck_assert(dns_name_from(&question, SPAN("www.example.com")));
    n = dns_query_emit(b, 0x1234, &question, DNS_A, false);
    put_be16(b + 2, 0x8180);
    put_be16(b + 6, 1);
    memcpy(b + n, tail, sizeof(tail));
    ck_assert(!exactly(parse_dns, b, n + sizeof(tail)));
}
END_TEST

RUN_TESTS("wire_names", PANICS(), test_dhcp_reply,
          test_dhcp_domains_servers_and_identifier,
          test_dhcp_lies_about_lengths, test_dhcp_request_is_well_formed,
          test_dns_answer, test_dns_names_rfc_9267, test_dns_many_pointers_end,
          test_dns_names_from_text, test_dns_cname_loop_ends)
