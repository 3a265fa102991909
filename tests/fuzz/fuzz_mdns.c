/* SPDX-License-Identifier: ISC */
/*
 * fuzz_mdns.c - the multicast DNS responder: messages and time, as the bytes
 * say.  What it answers must be well-formed.
 */
#include <mdns/core.h>
#include <stdlib.h>

#define MUST(claim) ((claim) ? (void)0 : abort())

/* Whether all of it can be read, and nothing is left. */
static void check(const uint8_t *p, size_t n)
{
    struct span msg = {p, n};
    size_t at = DNS_HDR_BYTES;
    struct dns_name name;
    struct dns_rr rr;
    unsigned records;

    MUST(n >= DNS_HDR_BYTES && n <= MDNS_OUT_MAX);
    for (unsigned i = be16(p + 4); i > 0; i--) {
        MUST(dns_name_read(&name, msg, &at));
        at += 4;
    }
    records = (unsigned)be16(p + 6) + be16(p + 8) + be16(p + 10);
    while (records-- > 0) {
        uint8_t data[512];

        MUST(dns_rr_read(&rr, msg, &at));
        MUST(dns_rr_data(data, sizeof(data), msg, &rr) >= 0);
    }
    MUST(at == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
    struct mdns m = {.host = "fuzz.example",
                     .nservices = 2,
                     .service = {{"_http._tcp", SPAN("\3a=b"), 80},
                                 {"_ssh._tcp", SPAN("\0"), 22}}};
    struct mdns_addrs here = {
        .n = 2,
        .addr = {{{[10] = 0xff, 0xff, 10, 0, 0, 2}}, {{0xfe, 0x80, [15] = 2}}}};
    struct mdns_link link = {.state = MDNS_OFF};
    uint8_t out[MDNS_OUT_MAX];
    ns_t now = NS_PER_SEC;
    size_t n;

    mdns_probe(&m, &link, now, 0);
    while (size > 2) {
        size_t part = (in[1] & 0x7fu) * 4u;
        struct mdns_in message = {.from = here.addr[in[0] >> 7],
                                  .legacy = in[0] & 1,
                                  .unicast = in[0] & 2};

        now += (in[0] >> 2 & 31) * 50 * NS_PER_MS;
        while ((n = mdns_next(&m, &link, &here, now, out)))
            check(out, n);
        MUST(mdns_deadline(&link) > now);
        in += 2;
        size -= 2;
        part = part < size ? part : size;
        message.msg = (struct span){in, part};
        n = mdns_on_message(&m, &link, &here, &here, &message, now, in[0], out);
        if (n)
            check(out, n);
        if (m.conflict) {
            m.conflict = false;
            mdns_probe(&m, &link, now, 0);
        }
        in += part;
        size -= part;
    }
    n = mdns_goodbye(&m, &link, &here, out);
    if (n)
        check(out, n);
    return 0;
}
