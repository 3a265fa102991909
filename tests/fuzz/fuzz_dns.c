/* SPDX-License-Identifier: ISC */
/*
 * fuzz_dns.c - DNS messages and names, and the resolver's machine.
 *
 * The first byte says how the rest is used: as an answer, as text for a name,
 * or as the events of a question.
 */
#include <dns/core.h>
#include <stdlib.h>

#define MUST(claim) ((claim) ? (void)0 : abort())

static void check_answer(const struct dns_answer *a)
{
    MUST(a->n <= DNS_ADDRS_MAX);
    MUST(a->ttl_s <= INT32_MAX || a->n == 0);
}

static void one_message(struct span in)
{
    struct dns_name name;
    struct dns_answer a;
    size_t at = DNS_HDR_BYTES;

    /* The question is taken from the message, so that it is answered. */
    if (in.n < DNS_HDR_BYTES || !dns_name_read(&name, in, &at))
        return;
    MUST(name.n >= 1 && name.b[name.n - 1] == 0 && at <= in.n);
    if (dns_answer_parse(&a, in, be16(in.p), &name, DNS_A))
        check_answer(&a);
    if (dns_answer_parse(&a, in, be16(in.p), &name, DNS_AAAA))
        check_answer(&a);
}

static void one_name(struct span in)
{
    uint8_t query[DNS_QUERY_MAX];
    struct dns_name name, back;
    size_t at = DNS_HDR_BYTES;
    unsigned n;

    if (!dns_name_from(&name, in))
        return;
    n = dns_query_emit(query, 7, &name, DNS_A);
    MUST(n <= DNS_QUERY_MAX);
    MUST(dns_name_read(&back, (struct span){query, n}, &at));
    MUST(dns_name_eq(&name, &back) && at == n - 4);
}

static void one_question(struct span in)
{
    static const uint16_t ids[2] = {1, 2}, ports[2] = {50000, 50001};
    struct dns_question q;
    struct dns_name name;
    struct dns_answer a;
    unsigned half, server, servers = in.n ? in.p[0] % 4 : 0, sent = 0;
    ns_t now = 0;
    enum err err;

    MUST(dns_name_from(&name, SPAN("a.b")));
    dns_ask(&q, &name, ids, ports, now);
    for (size_t i = 1; i < in.n && !dns_done(&q, &err, &a); i++) {
        while (dns_next(&q, servers, now, &half, &server)) {
            MUST(half < 2 && server < servers);
            MUST(sent++ < 2 * 4 * DNS_ROUNDS * 2);
        }
        if (in.p[i] < 128) {
            now += in.p[i] * (NS_PER_SEC / 32);
            dns_on_time(&q, servers, now);
        } else {
            size_t n = in.n - i < in.p[i] ? in.n - i : in.p[i];

            dns_on_message(&q, in.p[i] & 1, (struct span){in.p + i, n}, servers,
                           now);
        }
    }
    for (unsigned i = 0; !dns_done(&q, &err, &a); i++) { /* it always ends */
        MUST(i < 64);
        while (dns_next(&q, servers, now, &half, &server))
            ;
        now = q.deadline;
        dns_on_time(&q, servers, now);
    }
    check_answer(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {data + 1, size ? size - 1 : 0};

    if (size == 0)
        return 0;
    if (data[0] % 3 == 0)
        one_message(in);
    else if (data[0] % 3 == 1)
        one_name(in);
    else
        one_question(in);
    return 0;
}
