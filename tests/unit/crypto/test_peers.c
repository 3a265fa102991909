/* SPDX-License-Identifier: ISC */
/*
 * test_peers.c - certificates good and bad, in both roles and both versions,
 * each with the alert that it gets.
 */
#include <stdio.h>

#include "../lib/suite.h"
#include "rig.h"

struct shown {
    const char *identity;
    const char *alert; /* NULL: it is good */
    const char *words; /* in the reason */
};

/* Keys that our own client would not use are shown by another one, in
 * tests/system. */
static const struct shown clients[] = {
    {"client-p256", NULL, NULL},
    {"client-p384", NULL, NULL},
    {"client-ed25519", NULL, NULL},
    {"client-rsa2048", NULL, NULL},
    {"client-rsa4096", NULL, NULL},
    {"client-inter", NULL, NULL},
    {"client-fenced", NULL, NULL},
    {"bad-expired", "certificate_expired", "has expired"},
    {"bad-notyet", "certificate_expired", "not valid yet"},
    {"bad-eku", "unsupported_certificate", "not for clients"},
    {"bad-usage", "unsupported_certificate", "not for signatures"},
    {"bad-sha1", "bad_certificate", "SHA-1"},
    {"bad-signature", "bad_certificate", "signature is wrong"},
    {"bad-selfsigned", "unknown_ca", "own issuer"},
    {"bad-ca", "unknown_ca", "no trusted CA"},
    {"bad-twin", "unknown_ca", "no trusted CA"},
    {"bad-notca", "unknown_ca", "no CA"},
    {"bad-nobasic", "unknown_ca", "no CA"},
    {"bad-nosign", "unknown_ca", "may not sign"},
    {"bad-pathlen", "unknown_ca", "longer than"},
    {"bad-oldca", "certificate_expired", "has expired"},
    {"bad-caeku", "unsupported_certificate", "not for this purpose"},
    {"bad-cacritical", "unsupported_certificate", "critical"},
    {"bad-fence-dns", "bad_certificate", "outside"},
    {"bad-fence-excluded", "bad_certificate", "outside"},
    {"bad-fence-ip", "bad_certificate", "outside"},
    {"bad-fence-dir", "bad_certificate", "outside"},
    {"bad-fence-far", "bad_certificate", "outside"},
    {NULL, "certificate_required", "no certificate"},
};

static const struct shown servers[] = {
    {"server-p256", NULL, NULL},
    {"server-p384", NULL, NULL},
    {"server-ed25519", NULL, NULL},
    {"server-rsa2048", NULL, NULL},
    {"server-rsa4096", NULL, NULL},
    {"server-inter", NULL, NULL},
    {"bad-name", "bad_certificate", "another name"},
    {"bad-server-expired", "certificate_expired", "has expired"},
    {"bad-server-eku", "unsupported_certificate", "not for servers"},
    {"bad-selfsigned", "unknown_ca", "own issuer"},
    {"bad-ca", "unknown_ca", "no trusted CA"},
};

static void only_1_2(void)
{
    rig.tls_client->client->method->version.minor = TLSv1_2_MINOR;
    rig.tls_client->client->method->downgrade = 0;
}

static void judged(const struct shown *s, const struct side *judge,
                   const struct side *other, bool old)
{
    char name[64] = "handshake_failure"; /* TLS 1.2 knows no other for it */

    if (!s->alert) {
        ck_assert_msg(rig_both_open(), "%s: judge: %s, other: %s", s->identity,
                      judge->failure, other->failure);
        rig_end();
        return;
    }
    if (!old || s->identity)
        strcpy(name, s->alert);
    ck_assert_msg(judge->seen == STREAM_CLOSED, "%s: accepted", s->identity);
    ck_assert_msg(strstr(judge->failure, s->words) &&
                      strstr(judge->failure, name),
                  "%s: judge says: %s", s->identity, judge->failure);
    ck_assert_int_eq(judge->error, E_PROTO);
    /* the alert itself arrived */
    ck_assert_msg(strstr(other->failure, name), "%s: other says: %s",
                  s->identity, other->failure);
    rig_sleep(5 * NS_PER_SEC);
    rig_quiet();
}

static void show_client(const struct shown *s, bool old)
{
    struct tls_config client = rig_client(), server = rig_server();

    if (s->identity) {
        client.identity[0] = rig_identity(s->identity);
        client.nidentities = 1;
    }
    server.trust = rig_file("ca.crt");
    server.demand = true;
    rig_start(&client, &server);
    if (old)
        only_1_2();
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    judged(s, &rig.server, &rig.client, old);
}

static void show_server(const struct shown *s, bool old)
{
    struct tls_config server = rig_server();

    server.identity[0] = rig_identity(s->identity);
    rig_start(NULL, &server);
    if (old)
        only_1_2();
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    judged(s, &rig.client, &rig.server, old);
}

START_TEST(test_peers_clients_of_1_3)
{
    for (unsigned i = 0; i < ARRAY_LEN(clients); i++)
        show_client(&clients[i], false);
}
END_TEST

START_TEST(test_peers_clients_of_1_2)
{
    for (unsigned i = 0; i < ARRAY_LEN(clients); i++)
        show_client(&clients[i], true);
}
END_TEST

START_TEST(test_peers_servers_of_1_3)
{
    for (unsigned i = 0; i < ARRAY_LEN(servers); i++)
        show_server(&servers[i], false);
}
END_TEST

START_TEST(test_peers_servers_of_1_2)
{
    for (unsigned i = 0; i < ARRAY_LEN(servers); i++)
        show_server(&servers[i], true);
}
END_TEST

/* Names and addresses of the usual server's certificate. */
START_TEST(test_peers_names)
{
    static const struct {
        const char *host;
        bool good;
    } hosts[] = {{"localhost", true},
                 {"LOCALhost", true},
                 {"localhost.", true},
                 {"billet.test", true},
                 {"a.wild.test", true},
                 {"wild.test", false},
                 {"a.b.wild.test", false},
                 {".wild.test", false},
                 {"127.0.0.1", true},
                 {"127.0.0.2", false},
                 {"::1", true},
                 {"fd00::2", true},
                 {"fd00::3", false},
                 {"xbillet.test", false},
                 {"billet.tes", false},
                 {"*.wild.test", true}};

    rig_start(NULL, NULL);
    for (unsigned i = 0; i < ARRAY_LEN(hosts); i++) {
        rig_connect(hosts[i].host, sizeof(rig.to_client));
        rig_run();
        ck_assert_msg(rig_both_open() == hosts[i].good, "%s: %s", hosts[i].host,
                      rig.client.failure);
        if (hosts[i].good)
            rig_end();
        else
            rig_sleep(5 * NS_PER_SEC);
    }
    rig_quiet();
}
END_TEST

/* A client whom an intermediate vouches for does not vouch for another that
 * shows none: what is seen is not kept. */
START_TEST(test_peers_intermediates_are_not_remembered)
{
    struct tls_config server = rig_server();
    struct tls_config client = rig_client();
    struct span chain = rig_file("client-inter.crt");
    size_t before;
    const char *end;

    server.trust = rig_file("ca.crt");
    server.demand = true;
    client.identity[0] = rig_identity("client-inter");
    client.nidentities = 1;
    rig_start(&client, &server);
    before = rig.tls_server->mem.heap.in_use;
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    rig_open();
    rig_end();
    ck_assert_uint_eq(rig.tls_server->mem.heap.in_use, before);
    /* the leaf alone */
    end = strstr((const char *)chain.p, "-----END CERTIFICATE-----");
    client.identity[0].chain.n = (size_t)(end + 26 - (const char *)chain.p);
    ck_assert_ptr_null(tls_replace(rig.tls_client, 0, &client.identity[0]));
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    ck_assert(!rig_both_open());
    ck_assert_ptr_nonnull(strstr(rig.server.failure, "unknown_ca"));
}
END_TEST

/* All the roots that a Debian trusts, and ours behind them. */
START_TEST(test_peers_bundle_of_many_roots)
{
    static uint8_t text[1 << 20];
    FILE *f = fopen("/etc/ssl/certs/ca-certificates.crt", "rb");
    struct span ours = rig_file("ca.crt");
    struct tls_config client = {.sessions = 2};
    size_t n;

    if (!f)
        return;
    n = fread(text, 1, sizeof(text) - ours.n, f);
    fclose(f);
    memcpy(text + n, ours.p, ours.n);
    client.trust = (struct span){text, n + ours.n};
    rig_shake(&client, NULL);
    rig_open();
    ck_assert_uint_gt(rig.tls_client->trust.n, 50);
    ck_assert_uint_lt(rig.tls_client->mem.common.in_use, n + (64 << 10));
    rig_end();
}
END_TEST

/* One more than there may be. */
START_TEST(test_peers_roots_are_bounded)
{
    static uint8_t text[1 << 20];
    struct span ours = rig_file("ca.crt");
    struct tls_config client = {.sessions = 2};
    const char *why;

    rig_start(NULL, NULL);
    for (unsigned i = 0; i <= PATH_ANCHORS_MAX; i++)
        memcpy(text + i * ours.n, ours.p, ours.n);
    client.trust = (struct span){text, PATH_ANCHORS_MAX * ours.n};
    ck_assert_ptr_nonnull(tls_new(&rig.env, &client, &why));
    client.trust.n += ours.n;
    ck_assert_ptr_null(tls_new(&rig.env, &client, &why));
    ck_assert_str_eq(why, "there are too many trusted certificates");
}
END_TEST

RUN_TESTS("peers", PANICS(), test_peers_clients_of_1_3,
          test_peers_clients_of_1_2, test_peers_servers_of_1_3,
          test_peers_servers_of_1_2, test_peers_names,
          test_peers_intermediates_are_not_remembered,
          test_peers_bundle_of_many_roots, test_peers_roots_are_bounded)
