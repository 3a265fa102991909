/* SPDX-License-Identifier: ISC */
/*
 * test_x509.c - what is made here: keys, certificates, requests, signatures;
 * and what openssl says of them.
 */
#include <pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "rig.h"

#include <billet/x509.h>

static uint8_t memory[X509_WORK_BYTES] __attribute__((aligned(16)));
static const struct mspan work = {memory, sizeof(memory)};

static struct x509_wish wish(enum x509_kind kind)
{
    return (struct x509_wish){
        .kind = kind, .common = "a test", .days = 90, .now_s = (int64_t)WALL_S};
}

static void make(struct x509_pair *out, const struct x509_wish *w)
{
    const char *why = x509_make(out, w, work);

    ck_assert_msg(!why, "%s", why);
    /* nothing of it stays where it was made */
    for (size_t i = 0; i < sizeof(memory); i++)
        ck_assert_uint_eq(memory[i], 0);
}

static struct tls_identity identity(const struct x509_pair *p)
{
    return (struct tls_identity){{p->cert, p->cert_n}, {p->key, p->key_n}};
}

/* A CA of one's own, its server and its client shake hands. */
static void family(enum x509_algorithm ca_kind, enum x509_algorithm kind)
{
    static struct x509_pair ca, server, client;
    struct x509_wish w = wish(X509_CA);
    struct tls_config s = {.nidentities = 1, .demand = true, .sessions = 2};

    w.algorithm = ca_kind;
    make(&ca, &w);
    w.algorithm = kind;
    w.issuer = &ca;
    w.kind = X509_SERVER;
    w.names[0] = "made.test";
    w.names[1] = "192.0.2.7";
    w.names[2] = "2001:db8::7";
    w.nnames = 3;
    make(&server, &w);
    w.kind = X509_CLIENT;
    w.nnames = 0;
    make(&client, &w);
    s.trust = identity(&ca).chain;
    s.identity[0] = identity(&server);
    rig_start(&(struct tls_config){.trust = s.trust,
                                   .identity = {identity(&client)},
                                   .nidentities = 1,
                                   .sessions = 2},
              &s);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const hosts[] = {"made.test", "192.0.2.7",
                                            "2001:db8::7"};

        rig_connect(hosts[i], sizeof(rig.to_client));
        rig_run();
        rig_open();
        rig_end();
    }
}

START_TEST(test_x509_families)
{
    family(X509_P256, X509_P256);
    family(X509_RSA2048, X509_P256);
    family(X509_P256, X509_RSA2048);
}
END_TEST

START_TEST(test_x509_rsa_4096)
{
    family(X509_RSA4096, X509_P256);
}
END_TEST

static void store(const char *folder, const char *name, const void *p, size_t n)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    fclose(f);
}

static int openssl(const char *folder, const char *words)
{
    char command[512];

    snprintf(command, sizeof(command), "cd %s && { openssl %s; } >out.txt 2>&1",
             folder, words);
    return system(command);
}

/* What another one says of a request, a signature, a chain. */
START_TEST(test_x509_openssl_agrees)
{
    static const char *const names[] = {"a.test", "*.b.test", "192.0.2.1",
                                        "2001:db8::1"};
    static struct x509_pair ca, leaf;
    struct x509_wish w = wish(X509_CA);
    uint8_t out[2048], raw[64], der[72];
    char folder[] = "/tmp/x509-XXXXXX";
    size_t n;

    if (system("openssl version >/dev/null 2>&1") != 0)
        return;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    make(&ca, &w);
    w = wish(X509_SERVER);
    w.issuer = &ca;
    w.names[0] = "made.test";
    w.nnames = 1;
    make(&leaf, &w);
    ck_assert_ptr_null(x509_request((struct mspan){out, sizeof(out)}, &n, &leaf,
                                    names, ARRAY_LEN(names), work));
    store(folder, "request", out, n);
    ck_assert_int_eq(
        openssl(folder, "req -inform DER -in request -verify -noout -text | "
                        "tr -d '\\n' >text; grep -q 'DNS:a.test, DNS:\\*.b.test"
                        ", IP Address:192.0.2.1, IP Address:2001:DB8' text"),
        0);
    n = x509_pem(&ca, (struct mspan){out, sizeof(out)});
    store(folder, "ca.pem", out, n);
    n = x509_pem(&leaf, (struct mspan){out, sizeof(out)});
    store(folder, "leaf.pem", out, n);
    ck_assert_int_eq(openssl(folder, "verify -x509_strict -attime 1792000000 "
                                     "-purpose sslserver -CAfile ca.pem "
                                     "leaf.pem"),
                     0);
    ck_assert_ptr_null(x509_sign(&leaf, SPAN("a message"), raw, work));
    store(folder, "signature", der, x509_sign_der(der, raw));
    store(folder, "message", "a message", 9);
    n = x509_public(&leaf, (struct mspan){out, sizeof(out)}, work);
    store(folder, "public", out, n);
    ck_assert_int_eq(openssl(folder, "dgst -sha256 -keyform DER -verify public "
                                     "-signature signature message"),
                     0);
    ck_assert_int_eq(openssl(folder, "version; rm -r ../$(basename $PWD)"), 0);
}
END_TEST

START_TEST(test_x509_signatures)
{
    static struct x509_pair p, other;
    uint8_t raw[64], point[64], other_point[64];

    ck_assert_ptr_null(x509_key(&p, X509_P256, work));
    ck_assert_ptr_null(x509_point(&p, point, work));
    for (int i = 0; i < 50; i++) { /* halves that begin with zeros, too */
        ck_assert_ptr_null(x509_sign(&p, SPAN("one"), raw, work));
        ck_assert(x509_verify(point, SPAN("one"), raw, work));
    }
    ck_assert(!x509_verify(point, SPAN("two"), raw, work));
    raw[40] ^= 1;
    ck_assert(!x509_verify(point, SPAN("one"), raw, work));
    raw[40] ^= 1;
    ck_assert_ptr_null(x509_key_of(&other, SPAN("a seed"), work));
    ck_assert_ptr_null(x509_point(&other, other_point, work));
    ck_assert(!x509_verify(other_point, SPAN("one"), raw, work));
    ck_assert_ptr_null(x509_key_of(&p, SPAN("a seed"), work));
    ck_assert_mem_eq(p.key, other.key, p.key_n);
    ck_assert_ptr_null(x509_key_of(&p, SPAN("a seeD"), work));
    ck_assert_mem_ne(p.key, other.key, p.key_n);
    point[63] ^= 1; /* of no curve */
    ck_assert(!x509_verify(point, SPAN("one"), raw, work));
    memset(raw, 0, sizeof(raw));
    ck_assert(!x509_verify(other_point, SPAN("one"), raw, work));
}
END_TEST

/* A new certificate for the key that one has; and what it says of itself. */
START_TEST(test_x509_renewed)
{
    static struct x509_pair ca, old, new;
    struct x509_wish w = wish(X509_CA);
    struct x509_facts facts;

    make(&ca, &w);
    w.issuer = &ca;
    w.kind = X509_SERVER;
    make(&old, &w);
    w.key = &old;
    w.now_s += 1000;
    make(&new, &w);
    ck_assert_uint_eq(new.key_n, old.key_n);
    ck_assert_mem_eq(new.key, old.key, old.key_n);
    make(&old, &w); /* its own key, in its place */
    ck_assert_mem_eq(new.key, old.key, old.key_n);
    ck_assert(x509_facts((struct span){new.cert, new.cert_n}, &facts, work));
    ck_assert_int_eq(facts.from_s, w.now_s - 86400);
    ck_assert_int_eq(facts.until_s, w.now_s + 90 * 86400);
    ck_assert_uint_eq(facts.serial_n, 16);
    ck_assert_uint_eq(facts.authority_n, 20);
}
END_TEST

START_TEST(test_x509_wishes_refused)
{
    static struct x509_pair p;
    struct x509_wish w = wish(X509_SERVER);
    static char name[300];

    memset(name, 'a', sizeof(name) - 1);
    w.names[0] = name;
    w.nnames = 1;
    ck_assert_str_eq(x509_make(&p, &w, work), "a name is empty, or too long");
    w.names[0] = "";
    ck_assert_str_eq(x509_make(&p, &w, work), "a name is empty, or too long");
    w = wish(X509_SERVER);
    w.common = name;
    ck_assert_str_eq(x509_make(&p, &w, work), "a name is too long");
    w = wish(X509_SERVER);
    w.now_s = 0;
    ck_assert_str_eq(x509_make(&p, &w, work), "it would never be valid");
    w = wish(X509_SERVER);
    w.issuer = &p;
    ck_assert_str_eq(x509_make(&p, &w, work), "the private key cannot be read");
    w = wish(X509_SERVER);
    name[250] = 0;
    for (w.nnames = 0; w.nnames < X509_NAMES_MAX; w.nnames++)
        w.names[w.nnames] = name;
    ck_assert_str_eq(x509_make(&p, &w, work),
                     "the certificate cannot be signed"); /* has no room */
    ck_assert_uint_eq(p.key_n, 0);
}
END_TEST

/* Every form of a private key, and those that are refused, in words. */
static const struct {
    const char *name, *how, *words; /* NULL: it is good */
} forms[] = {
    {"pkcs8", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k",
     NULL},
    {"sec1", "ecparam -name prime256v1 -genkey -out k", NULL},
    {"sec1 der", "ecparam -name prime256v1 -genkey -noout -outform DER -out k",
     NULL},
    {"p384", "ecparam -name secp384r1 -genkey -noout -out k", NULL},
    {"pkcs1", "genrsa -traditional -out k 2048", NULL},
    {"rsa pkcs8 der",
     "genrsa 2048 | openssl pkcs8 -topk8 -nocrypt -outform DER -out k", NULL},
    {"encrypted",
     "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 "
     "-pass pass:x -out k",
     "the private key is encrypted: give it in the clear"},
    {"encrypted der",
     "ecparam -name prime256v1 -genkey | openssl pkcs8 -topk8 -passout pass:x "
     "-outform DER -out k",
     "the private key is encrypted: give it in the clear"},
    {"encrypted pkcs1",
     "genrsa -traditional -aes128 -passout pass:x -out k "
     "2048",
     "the private key is encrypted: give it in the clear"},
    {"public", "ecparam -name prime256v1 -genkey | openssl ec -pubout -out k",
     "there is no private key in it"},
    {"weak", "genrsa -traditional -out k 1024",
     "the private key of RSA has not 2048 to 4096 bits"},
    {"another curve", "ecparam -name secp521r1 -genkey -noout -out k",
     "the private key cannot be read"},
    {"no base64",
     "version; printf -- '-----BEGIN PRIVATE KEY-----\\nA*==\\n"
     "-----END PRIVATE KEY-----\\n' >k",
     "the private key is no base64"},
    {"cut", "ecparam -name prime256v1 -genkey -noout | head -n 3 >k",
     "there is no private key in it"},
};

static void read_form(const char *folder, unsigned i)
{
    static struct x509_pair p;
    static uint8_t key[8192];
    char path[64];
    struct span text = {key, 0};
    const char *why;
    FILE *f;

    if (openssl(folder, forms[i].how) != 0)
        ck_abort_msg("%s: openssl failed", forms[i].name);
    snprintf(path, sizeof(path), "%s/k", folder);
    f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    text.n = fread(key, 1, sizeof(key), f);
    fclose(f);
    why = x509_read(&p, rig_file("server-p256.crt"), text, work);
    if (forms[i].words)
        ck_assert_msg(why && strcmp(why, forms[i].words) == 0, "%s: %s",
                      forms[i].name, why);
    else
        ck_assert_msg(why && strstr(why, "not that of the certificate"),
                      "%s: %s", forms[i].name, why);
}

START_TEST(test_x509_forms_of_keys)
{
    char folder[] = "/tmp/x509-XXXXXX";

    if (system("openssl version >/dev/null 2>&1") != 0)
        return;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    rig_start(NULL, NULL);
    for (unsigned i = 0; i < ARRAY_LEN(forms); i++)
        read_form(folder, i);
    ck_assert_int_eq(openssl(folder, "version; rm -r ../$(basename $PWD)"), 0);
}
END_TEST

START_TEST(test_x509_read_fits)
{
    static struct x509_pair p;

    ck_assert_ptr_null(x509_read(&p, rig_file("server-inter.crt"),
                                 rig_file("server-inter.key"), work));
    ck_assert_uint_gt(p.cert_n, 100);
    ck_assert_ptr_null(x509_read(&p, rig_file("server-rsa4096.crt"),
                                 rig_file("server-rsa4096.key"), work));
    ck_assert_str_eq(x509_read(&p, rig_file("server-p256.key"),
                               rig_file("server-p256.key"), work),
                     "there is no certificate in it");
}
END_TEST

/* What is written is read back as it was, and what is no PEM is not. */
START_TEST(test_x509_pem)
{
    uint8_t bytes[200], back[400];
    char text[512];
    struct pem pem;

    for (size_t n = 1; n < sizeof(bytes); n++) {
        size_t at = 0, m;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(i * 37 + n);
        m = pem_write((struct mspan){(uint8_t *)text, sizeof(text)}, "THING",
                      (struct span){bytes, n});
        ck_assert_uint_gt(m, 0);
        ck_assert(pem_next((struct span){(uint8_t *)text, m}, &at, &pem));
        ck_assert(pem_is(&pem, "THING") && !pem_is(&pem, "THIN"));
        ck_assert_uint_eq(pem_bytes(&pem, back), n);
        ck_assert_mem_eq(back, bytes, n);
        ck_assert(!pem_next((struct span){(uint8_t *)text, m - 20},
                            &(size_t){0}, &pem));
        ck_assert_uint_eq(pem_write((struct mspan){(uint8_t *)text, m - 1},
                                    "THING", (struct span){bytes, n}),
                          0);
    }
}
END_TEST

RUN_TESTS("x509", PANICS(), test_x509_families, test_x509_rsa_4096,
          test_x509_openssl_agrees, test_x509_signatures, test_x509_renewed,
          test_x509_wishes_refused, test_x509_forms_of_keys,
          test_x509_read_fits, test_x509_pem)
