/* SPDX-License-Identifier: ISC */
/* Networks as platforms describe them, to keys for our NICs. */
#include <lib/suite.h>

#include <base/bytes.h>
#include <base/fmt.h>
#include <platform/network.h>

static struct settings s;
static struct networks all;
static char text[2048];
static unsigned left;

static const struct network_nic nics[2] = {
    {"uplink", {0x52, 0x54, 0, 0x12, 0x34, 0x56}},
    {"clients", {0x52, 0x54, 0, 0x12, 0x34, 0x57}}};

static void fresh(void)
{
    memset(&s, 0, sizeof(s));
    memset(&all, 0, sizeof(all));
}

static const char *keys(void)
{
    size_t n = 0;

    text[0] = 0;
    ck_assert(network_keys(&all, &s, nics, 2, &left));
    for (unsigned i = 0; i < s.n; i++)
        n += fmt(text + n, sizeof(text) - n, "%s;", s.list[i].text);
    return text;
}

static const char *config(const char *yaml)
{
    fresh();
    return network_config(&all, &s, span_of(yaml)) ? keys() : s.why;
}

static const char *json(const char *data)
{
    fresh();
    return network_json(&all, span_of(data)) ? keys() : "no JSON";
}

START_TEST(test_version_2)
{
    ck_assert_str_eq(config("network:\n  version: 2\n  ethernets:\n    e:\n"
                            "      dhcp4: true\n"),
                     "uplink.ipv4=dhcp;");
    ck_assert_str_eq(
        config("version: 2\nethernets:\n  b:\n    match:\n"
               "      macaddress: \"52:54:00:12:34:57\"\n"
               "    addresses: [192.0.2.2/24, \"2001:db8::2/64\"]\n"
               "    routes:\n    - to: default\n      via: 192.0.2.1\n"
               "    - via: \"2001:db8::1\"\n      to: \"::/0\"\n"
               "    - to: 198.51.100.0/24\n      via: 192.0.2.9\n"
               "    nameservers:\n      addresses: [192.0.2.53]\n"
               "      search: [a.example, b.example]\n"
               "  a:\n    dhcp6: true\n"),
        "clients.ipv4=192.0.2.2/24;clients.ipv6=2001:db8::2/64;"
        "clients.ipv4-gateway=192.0.2.1;clients.ipv6-gateway=2001:db8::1;"
        "clients.dns=192.0.2.53;clients.search=a.example,b.example;"
        "uplink.ipv4=none;uplink.ipv6=auto,dhcp;");
    ck_assert_uint_eq(left, 0);
}
END_TEST

START_TEST(test_version_1)
{
    ck_assert_str_eq(
        config("version: 1\nconfig:\n- type: physical\n  name: eth0\n"
               "  subnets:\n  - type: static\n    address: 192.0.2.2\n"
               "    netmask: 255.255.255.128\n    gateway: 192.0.2.1\n"
               "  - type: static6\n    address: 2001:db8::2/48\n"
               "    dns_nameservers: [192.0.2.54]\n"
               "- type: nameserver\n  address: 192.0.2.53\n"
               "- name: eth1\n  subnets:\n  - type: dhcp\n  type: physical\n"
               "- type: bond\n  name: b\n"),
        "uplink.ipv4=192.0.2.2/25;uplink.ipv6=2001:db8::2/48,auto;"
        "uplink.ipv4-gateway=192.0.2.1;uplink.dns=192.0.2.54;"
        "clients.ipv4=dhcp;clients.dns=192.0.2.53;");
    ck_assert_uint_eq(all.ignored, 1);
}
END_TEST

START_TEST(test_network_data)
{
    ck_assert_str_eq(
        json("{\"links\": [{\"id\": \"l\", \"ethernet_mac_address\": "
             "\"52:54:00:12:34:56\"}], \"networks\": [{\"link\": \"l\", "
             "\"type\": \"ipv4\", \"ip_address\": \"192.0.2.2\", \"netmask\": "
             "\"255.255.255.0\", \"routes\": [{\"network\": \"0.0.0.0\", "
             "\"netmask\": \"0.0.0.0\", \"gateway\": \"192.0.2.1\"}]}, "
             "{\"link\": \"l\", \"type\": \"ipv6_slaac\"}], \"services\": "
             "[{\"type\": \"dns\", \"address\": \"192.0.2.53\"}]}"),
        "uplink.ipv4=192.0.2.2/24;uplink.ipv6=auto;"
        "uplink.ipv4-gateway=192.0.2.1;uplink.dns=192.0.2.53;");
    ck_assert_str_eq(json("[1]"), "no JSON");
    ck_assert_str_eq(json("{\"networks\": {\"link\": 5}}"), "");
}
END_TEST

START_TEST(test_what_is_hostile_makes_no_key)
{
    ck_assert_str_eq(config("ethernets:\n  a:\n    addresses:\n"
                            "    - \"192.0.2.2/24 --x=y\"\n    - 192.0.2.3/33\n"
                            "    - 0.0.0.0/8\n    gateway4: \"1.2.3.4,x\"\n"
                            "    nameservers:\n      addresses: [x, \"\"]\n"
                            "      search: [\"a b\", \"x=y\"]\n"),
                     "");
    ck_assert_str_eq(config("ethernets:\n  a:\n    dhcp4: |\n"),
                     "line 3: a block of text; put the value into quotes");
    ck_assert_str_eq(config("ethernets:\n  a:\n    match:\n"
                            "      macaddress: 52:54:00:00:00:00\n"
                            "    dhcp4: true\n"),
                     "");
    ck_assert_uint_eq(left, 1);
}
END_TEST

START_TEST(test_more_than_there_is_room_for)
{
    char yaml[1024];
    size_t n = fmt(yaml, sizeof(yaml), "ethernets:\n");

    for (unsigned i = 0; i < NETWORKS_MAX + 2; i++)
        n += fmt(yaml + n, sizeof(yaml) - n, "  n%u:\n    dhcp4: true\n", i);
    ck_assert_str_eq(config(yaml), "uplink.ipv4=dhcp;clients.ipv4=dhcp;");
    ck_assert_uint_eq(all.n, NETWORKS_MAX);
    ck_assert_uint_eq(left, NETWORKS_MAX - 2);
    ck_assert_str_eq(
        config("ethernets:\n  a:\n    addresses: [10.0.0.1/8, "
               "10.0.0.2/8, 10.0.0.3/8, 10.0.0.4/8, 10.0.0.5/8]"),
        "uplink.ipv4=10.0.0.1/8,10.0.0.2/8,10.0.0.3/8,10.0.0.4/8;");
}
END_TEST

RUN_TESTS("network", PANICS(), test_version_2, test_version_1,
          test_network_data, test_what_is_hostile_makes_no_key,
          test_more_than_there_is_room_for)
