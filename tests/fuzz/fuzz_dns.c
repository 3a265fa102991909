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
    struct span data;
    size_t at = 0;
    unsigned n = 0;

    MUST(a->n <= DNS_ADDRS_MAX && a->bytes <= DNS_DATA_MAX);
    MUST(a->ttl_s <= INT32_MAX || a->n == 0);
    while (dns_answer_next(a, &at, &data))
        n++;
    MUST(n == a->n && at == a->bytes);
}

static void one_message(struct span in)
{
    static const uint8_t types[] = {DNS_A,   DNS_AAAA, DNS_MX,
                                    DNS_SRV, DNS_TXT,  DNS_PTR};
    struct dns_name name;
    struct dns_answer a;
    size_t at = DNS_HDR_BYTES;

    /* The question is taken from the message, so that it is answered. */
    if (in.n < DNS_HDR_BYTES || !dns_name_read(&name, in, &at))
        return;
    MUST(name.n >= 1 && name.b[name.n - 1] == 0 && at <= in.n);
    for (unsigned i = 0; i < sizeof(types); i++) {
        struct span data;
        char text[DNS_NAME_TEXT_BYTES];

        if (!dns_answer_parse(&a, in, be16(in.p), &name, types[i]))
            continue;
        check_answer(&a);
        for (at = 0; dns_answer_next(&a, &at, &data);)
            MUST(dns_name_text(text, data) < sizeof(text));
    }
}

static void one_name(struct span in)
{
    uint8_t query[DNS_QUERY_MAX];
    struct dns_name name, back;
    size_t at = DNS_HDR_BYTES;
    unsigned n;

    if (!dns_name_from(&name, in))
        return;
    n = dns_query_emit(query, 7, &name, DNS_A, in.n & 1);
    MUST(n <= DNS_QUERY_MAX);
    MUST(dns_name_read(&back, (struct span){query, n}, &at));
    MUST(dns_name_eq(&name, &back) &&
         at + 4 + (in.n & 1 ? DNS_OPT_BYTES : 0) == n);
}

/* Sends what is to be sent; UDP or TCP is all the same here. */
static void send(struct dns_question *q, const struct dns_server *s, unsigned n,
                 ns_t now, unsigned *sent)
{
    uint8_t out[DNS_QUERY_MAX], bits[32] = {0x55, 0xaa};
    unsigned half;

    while (dns_next(q, s, n, now, &half)) {
        MUST(half < q->n && q->half[half].server < n);
        MUST(dns_make(q, half, s, 1, 50000, bits, out) <= sizeof(out));
        MUST((*sent)++ < 2 * 4 * DNS_ROUNDS * 4);
    }
}

static void one_question(struct span in)
{
    uint16_t types[2] = {DNS_AAAA, DNS_A};
    struct dns_server server[4] = {{.unanswered = 0}};
    struct dns_question q;
    struct dns_name name;
    unsigned servers = in.n ? in.p[0] % 4 : 0, sent = 0;
    ns_t now = 0;
    enum err err;

    if (in.n && in.p[0] & 64)
        types[1] = 0;
    MUST(dns_name_from(&name, SPAN("a.b")));
    dns_ask(&q, &name, types, now);
    q.patient = in.n && in.p[0] & 128;
    for (size_t i = 1; i < in.n && !dns_done(&q, &err); i++) {
        unsigned half = in.p[i] & (q.n - 1);

        send(&q, server, servers, now, &sent);
        if (in.p[i] < 120) {
            now += in.p[i] * (NS_PER_SEC / 32);
            dns_on_time(&q, server, servers, now);
        } else if (in.p[i] < 128) {
            dns_on_tcp_failed(&q, half, server, servers, now);
        } else if (servers) {
            size_t n = in.n - i < in.p[i] ? in.n - i : in.p[i];

            dns_on_message(&q, half, (struct span){in.p + i, n}, server,
                           servers, now);
        }
    }
    for (unsigned i = 0; !dns_done(&q, &err); i++) { /* it always ends */
        MUST(i < 100);
        send(&q, server, servers, now, &sent);
        if (!dns_done(&q, &err))
            now = dns_deadline(&q);
        dns_on_time(&q, server, servers, now);
    }
    check_answer(&q.half[0].answer);
    check_answer(&q.half[1].answer);
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
