/* SPDX-License-Identifier: ISC */
/*
 * test_agree.c - what the two sides agree on: names, protocols, tickets, keys.
 */
#include <stdio.h>

#include "../lib/suite.h"
#include "rig.h"

static struct span peer(struct side *side)
{
    struct tls_info info;

    ck_assert(tls_info(side->s, &info));
    return info.peer;
}

static bool shows(const char *host, const char *words)
{
    struct span der;
    bool found = false;

    tls_forget(rig.tls_client);
    rig_connect(host, sizeof(rig.to_client));
    rig_run();
    rig_open();
    der = peer(&rig.client);
    for (size_t i = 0; i + strlen(words) <= der.n; i++)
        found = found || memcmp(der.p + i, words, strlen(words)) == 0;
    rig_end();
    return found;
}

START_TEST(test_agree_name_chooses_certificate)
{
    struct tls_config server = rig_server();

    server.identity[1] = rig_identity("other");
    server.identity[2] = rig_identity("server-inter");
    server.nidentities = 3;
    rig_start(NULL, &server);
    ck_assert(shows("other.test", "other.test"));
    ck_assert(shows("below.test", "below.test"));
    ck_assert(shows("localhost", "wild.test"));
    ck_assert(shows("10.0.0.2", "wild.test"));
    ck_assert(shows(NULL, "wild.test"));
}
END_TEST

/* A certificate of another kind of key than the first one's. */
START_TEST(test_agree_kinds_of_keys_beside_each_other)
{
    static const char *const kinds[] = {"server-rsa2048", "server-ed25519",
                                        "server-p384"};

    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        struct tls_config server = rig_server();

        server.identity[0] = rig_identity("other");
        server.identity[1] = rig_identity(kinds[i]);
        server.nidentities = 2;
        rig_start(NULL, &server);
        ck_assert(shows("billet.test", "wild.test"));
        ck_assert(shows("other.test", "other.test"));
    }
}
END_TEST

START_TEST(test_agree_replaced_certificate_is_shown_to_the_next)
{
    struct tls_identity id = rig_identity("other");
    struct tls_config server = rig_server();
    size_t before;

    rig_start(NULL, &server);
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    rig_open();
    before = rig.tls_server->mem.common.in_use;
    ck_assert_ptr_null(tls_replace(rig.tls_server, 0, &id));
    stream_write(rig.client.s, SPAN("still here"));
    rig_run();
    ck_assert_uint_eq(rig.server.n, 10);
    rig_end();
    ck_assert_uint_lt(rig.tls_server->mem.common.in_use, before + 1024);
    ck_assert(shows("other.test", "other.test"));
    id.key = rig_file("server-p256.key");
    ck_assert_str_eq(tls_replace(rig.tls_server, 0, &id),
                     "the private key is not that of the certificate");
    ck_assert(shows("other.test", "other.test"));
}
END_TEST

static const char *protocol(const char *client, const char *server)
{
    static char agreed[TLS_ALPN_BYTES];
    struct tls_config c = rig_client(), s = rig_server();
    struct tls_info info;

    c.alpn = client;
    s.alpn = server;
    rig_shake(&c, &s);
    if (!rig_both_open())
        return strstr(rig.client.failure, "no_application_protocol") ? "refused"
                                                                     : "?";
    ck_assert(tls_info(rig.server.s, &info));
    strcpy(agreed, info.alpn ? info.alpn : "nothing");
    ck_assert(tls_info(rig.client.s, &info));
    ck_assert_str_eq(agreed, info.alpn ? info.alpn : "nothing");
    rig_end();
    return agreed;
}

START_TEST(test_agree_on_a_protocol)
{
    ck_assert_str_eq(protocol("h2,http/1.1", "h2,http/1.1"), "h2");
    ck_assert_str_eq(protocol("http/1.1", "h2,http/1.1"), "http/1.1");
    ck_assert_str_eq(protocol("h2", "http/1.1"), "refused");
    ck_assert_str_eq(protocol(NULL, "http/1.1"), "nothing");
    ck_assert_str_eq(protocol("h2", NULL), "nothing");
}
END_TEST

START_TEST(test_agree_on_exported_keys)
{
    uint8_t a[48], b[48], c[48];

    rig_start(NULL, NULL);
    rig_connect("localhost", sizeof(rig.to_client));
    ck_assert(!tls_export(rig.client.s, "EXPORTER-x", (struct span){0},
                          (struct mspan){a, sizeof(a)}));
    rig_run();
    ck_assert(tls_export(rig.client.s, "EXPORTER-x", SPAN("context"),
                         (struct mspan){a, sizeof(a)}));
    ck_assert(tls_export(rig.server.s, "EXPORTER-x", SPAN("context"),
                         (struct mspan){b, sizeof(b)}));
    ck_assert(tls_export(rig.server.s, "EXPORTER-y", SPAN("context"),
                         (struct mspan){c, sizeof(c)}));
    ck_assert_mem_eq(a, b, sizeof(a));
    ck_assert_mem_ne(a, c, sizeof(a));
    rig_end();
}
END_TEST

START_TEST(test_agree_on_new_keys)
{
    rig_shake(NULL, NULL);
    for (int i = 0; i < 20; i++) {
        ck_assert(tls_rekey(i & 1 ? rig.client.s : rig.server.s));
        stream_write(rig.client.s, SPAN("to the server"));
        stream_write(rig.server.s, SPAN("to the client"));
        rig_run();
    }
    ck_assert_uint_eq(rig.server.n, 20 * 13);
    ck_assert_uint_eq(rig.client.n, 20 * 13);
    rig_end();
}
END_TEST

/* Each asks for an answer, through pipes that hold few of them. */
START_TEST(test_agree_flood_of_new_keys_is_bounded)
{
    rig_start(NULL, NULL);
    rig_connect("localhost", 256);
    rig_run();
    for (int i = 0; i < 5000; i++) {
        ck_assert(tls_rekey(rig.client.s));
        if (i % 100 == 99)
            rig_run();
    }
    stream_write(rig.client.s, SPAN("to the server"));
    rig_run();
    ck_assert_uint_eq(rig.server.n, 13);
    ck_assert_uint_lt(tls_session_of(rig.server.s)->account.high_water,
                      TLS_ROOM_BYTES);
    rig_end();
}
END_TEST

/* How many of the next sessions begin where another ended. */
static bool resumes(const char *host)
{
    struct tls_info client, server;

    rig_connect(host, sizeof(rig.to_client));
    rig_run();
    rig_open();
    ck_assert(tls_info(rig.client.s, &client));
    ck_assert(tls_info(rig.server.s, &server));
    ck_assert_int_eq(client.resumed, server.resumed);
    stream_write(rig.client.s, SPAN("to the server"));
    stream_write(rig.server.s, SPAN("to the client"));
    rig_run();
    ck_assert_uint_eq(rig.server.n, 13);
    ck_assert_uint_eq(rig.client.n, 13);
    rig_end();
    return client.resumed;
}

static void resumption(bool old)
{
    rig_start(NULL, NULL);
    if (old) {
        rig.tls_client->client->method->version.minor = TLSv1_2_MINOR;
        rig.tls_client->client->method->downgrade = 0;
    }
    ck_assert(!resumes("localhost"));
    for (int i = 0; i < 5; i++)
        ck_assert_msg(resumes("localhost"), "%d", i);
    ck_assert(!resumes("billet.test"));
    ck_assert(resumes("localhost"));
    ck_assert(resumes("billet.test"));
    ck_assert(!resumes(NULL));
    ck_assert(!resumes(NULL)); /* of nobody in particular: not kept */
    rig_sleep(TLS_RECALL_NS + 1);
    ck_assert(!resumes("localhost"));
    ck_assert(resumes("localhost"));
    /* a server that has forgotten its keys */
    crypto_wipe(&rig.tls_server->tickets, sizeof(rig.tls_server->tickets));
    ck_assert(!resumes("localhost"));
    if (old) /* who is refused in it is not given a new one at once */
        ck_assert(!resumes("localhost"));
    ck_assert(resumes("localhost"));
}

START_TEST(test_agree_resumed_of_1_3)
{
    resumption(false);
}
END_TEST

START_TEST(test_agree_resumed_of_1_2)
{
    resumption(true);
}
END_TEST

/* More hosts than are kept: the oldest is forgotten, memory is bounded. */
START_TEST(test_agree_resumed_hosts_are_bounded)
{
    char host[32];
    size_t full = 0;

    rig_start(NULL, NULL);
    for (unsigned i = 0; i < 2 * TLS_RECALL_MAX; i++) {
        snprintf(host, sizeof(host), "h%u.wild.test", i);
        rig_sleep(NS_PER_SEC);
        ck_assert(!resumes(host));
        if (i == TLS_RECALL_MAX + 2)
            full = rig.tls_client->mem.common.in_use;
    }
    ck_assert_uint_le(rig.tls_client->mem.common.in_use, full + 64);
    ck_assert(resumes("h31.wild.test"));
    ck_assert(resumes("h16.wild.test"));
    ck_assert(!resumes("h15.wild.test"));
}
END_TEST

/* RFC 7627: TLS 1.2 without it is refused. */
START_TEST(test_agree_extended_master_secret_is_demanded)
{
    rig_start(NULL, NULL);
    rig.tls_client->client->method->version.minor = TLSv1_2_MINOR;
    rig.tls_client->client->method->downgrade = 0;
    rig_connect("localhost", sizeof(rig.to_client));
    wolfSSL_DisableExtendedMasterSecret(
        CONTAINER(rig.client.s, struct tls_session, stream)->ssl);
    rig_run();
    ck_assert(!(rig.server.seen & STREAM_OPEN));
    ck_assert_ptr_nonnull(
        strstr(rig.server.failure, "no extended master secret"));
    rig_sleep(5 * NS_PER_SEC);
    rig_quiet();
}
END_TEST

static bool challenged(const char *alpn)
{
    struct tls_config c = rig_client(), s = rig_server();
    struct tls_identity id = rig_identity("other");
    bool seen;

    c.alpn = alpn;
    s.alpn = "h2,http/1.1";
    rig_start(&c, &s);
    ck_assert_ptr_null(tls_challenge(rig.tls_server, &id));
    rig_connect("other.test", sizeof(rig.to_client));
    rig_run();
    seen = rig_both_open() && rig.client.seen & STREAM_EOF; /* at once */
    rig_sleep(20 * NS_PER_SEC);
    return seen;
}

/* RFC 8737: the certificate of the challenge, to who asks for it alone. */
START_TEST(test_agree_challenge_of_acme)
{
    struct tls_config c = rig_client(), s = rig_server();

    ck_assert(challenged("acme-tls/1"));
    ck_assert(!challenged("acme-tls/1,http/1.1"));
    c.alpn = "acme-tls/1";
    s.alpn = "h2,http/1.1";
    rig_start(&c, &s);
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    ck_assert(!rig_both_open());
    ck_assert_ptr_nonnull(
        strstr(rig.client.failure, "no_application_protocol"));
}
END_TEST

static bool opens(struct ticket_keys *k, ns_t now, const uint8_t *sealed,
                  const uint8_t *name, const uint8_t *nonce, const uint8_t *tag)
{
    uint8_t body[16];

    memcpy(body, sealed, sizeof(body));
    if (!ticket_open(k, now, (struct mspan){body, sizeof(body)}, name, nonce,
                     tag))
        return false;
    ck_assert_mem_eq(body, "the state of it.", 16);
    return true;
}

START_TEST(test_ticket_keys_turn_each_hour)
{
    struct ticket_keys k = {0};
    uint8_t body[16], name[16], nonce[12], tag[16], first[32];
    ns_t hour = TICKET_KEY_S * NS_PER_SEC;

    rig_start(NULL, NULL);
    memcpy(body, "the state of it.", 16);
    ck_assert(ticket_seal(&k, 5, (struct mspan){body, 16}, name, nonce, tag));
    memcpy(first, k.now.key, sizeof(first));
    ck_assert_mem_ne(body, "the state of it.", 16);
    ck_assert(opens(&k, 5, body, name, nonce, tag));
    ck_assert(opens(&k, hour - 1, body, name, nonce, tag));
    ck_assert(opens(&k, hour + 6, body, name, nonce, tag));
    ck_assert_mem_ne(k.now.key, first, sizeof(first));
    ck_assert(opens(&k, 2 * hour, body, name, nonce, tag));
    ck_assert(!opens(&k, 2 * hour + 6, body, name, nonce, tag));
    /* and is nowhere any more */
    for (size_t i = 0; i + 32 <= sizeof(k); i++)
        ck_assert_mem_ne((uint8_t *)&k + i, first, 32);
}
END_TEST

START_TEST(test_ticket_changed_is_refused)
{
    struct ticket_keys k = {0};
    uint8_t body[16] = {0}, name[16], nonce[12], tag[16];

    rig_start(NULL, NULL);
    ck_assert(ticket_seal(&k, 5, (struct mspan){body, 16}, name, nonce, tag));
    body[3] ^= 1;
    ck_assert(!opens(&k, 5, body, name, nonce, tag));
    body[3] ^= 1;
    name[0] ^= 1;
    ck_assert(!opens(&k, 5, body, name, nonce, tag));
    name[0] ^= 1;
    tag[15] ^= 0x80;
    ck_assert(!opens(&k, 5, body, name, nonce, tag));
}
END_TEST

START_TEST(test_config_what_is_wrong_is_said)
{
    struct tls_config c = rig_server(), bad;
    const char *why;

    rig_start(NULL, NULL);
    bad = c;
    bad.identity[0].key = rig_file("other.key");
    ck_assert_ptr_null(tls_new(&rig.env, &bad, &why));
    ck_assert_str_eq(why, "the private key is not that of the certificate");
    bad = c;
    bad.identity[0].chain = SPAN("nonsense");
    ck_assert_ptr_null(tls_new(&rig.env, &bad, &why));
    ck_assert_str_eq(why, "there is no certificate in it");
    bad = c;
    bad.trust = SPAN("nonsense");
    ck_assert_ptr_null(tls_new(&rig.env, &bad, &why));
    ck_assert_str_eq(why, "there is no trusted certificate");
    bad = c;
    bad.demand = true;
    ck_assert_ptr_null(tls_new(&rig.env, &bad, &why));
    ck_assert_str_eq(why, "certificates are demanded, and none is trusted");
}
END_TEST

RUN_TESTS("agree", PANICS(), test_agree_name_chooses_certificate,
          test_agree_kinds_of_keys_beside_each_other,
          test_agree_replaced_certificate_is_shown_to_the_next,
          test_agree_on_a_protocol, test_agree_on_exported_keys,
          test_agree_on_new_keys, test_agree_flood_of_new_keys_is_bounded,
          test_agree_resumed_of_1_3, test_agree_resumed_of_1_2,
          test_agree_resumed_hosts_are_bounded, test_agree_challenge_of_acme,
          test_agree_extended_master_secret_is_demanded,
          test_ticket_keys_turn_each_hour, test_ticket_changed_is_refused,
          test_config_what_is_wrong_is_said)
