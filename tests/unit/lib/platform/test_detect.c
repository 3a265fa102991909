/* SPDX-License-Identifier: ISC */
/* Each platform by what its firmware says; structures that lie. */
#include <lib/suite.h>

#include <base/bytes.h>
#include <platform/detect.h>

static uint8_t table[1024];
static size_t used;

static void add(uint8_t type, uint8_t n, const uint8_t *fixed,
                const char *const texts[4])
{
    bool any = false;

    table[used] = type;
    table[used + 1] = n;
    memcpy(table + used + 4, fixed, n - 4u);
    used += n;
    for (unsigned i = 0; i < 4; i++)
        if (texts[i]) {
            memcpy(table + used, texts[i], strlen(texts[i]) + 1);
            used += strlen(texts[i]) + 1;
            any = true;
        }
    if (!any)
        table[used++] = 0;
    table[used++] = 0;
}

/* A machine as SMBIOS would describe it. */
static struct span machine(const char *vendor, const char *product,
                           const char *tag, const uint8_t *uuid,
                           const char *serial)
{
    uint8_t fixed[23] = {1, 2, 0, 3}, chassis[9] = {0, 0, 0, 0, 1};

    memset(table, 0, sizeof(table));
    used = 0;
    if (uuid)
        memcpy(fixed + 4, uuid, 16);
    add(1, 27, fixed,
        (const char *const[4]){vendor ? vendor : "QEMU",
                               product ? product : "PC",
                               serial ? serial : "-"});
    add(3, 13, chassis, (const char *const[4]){tag ? tag : "-"});
    add(127, 4, fixed, (const char *const[4]){NULL});
    return (struct span){table, used};
}

static const char *name_of(struct span smbios)
{
    const struct platform *p = platform_detect(smbios);

    return p ? p->name : "none";
}

START_TEST(test_each_platform_by_its_sign)
{
    static const struct {
        const char *vendor, *product, *tag, *platform;
    } c[] = {{"DigitalOcean", NULL, NULL, "DigitalOcean"},
             {"Hetzner", NULL, NULL, "Hetzner"},
             {"Vultr", NULL, NULL, "Vultr"},
             {"Linode", NULL, NULL, "Linode"},
             {"Akamai", NULL, NULL, "Linode"},
             {"Scaleway", NULL, NULL, "Scaleway"},
             {"Amazon EC2", NULL, NULL, "EC2"},
             {NULL, "Google Compute Engine", NULL, "Google Compute Engine"},
             {NULL, "Alibaba Cloud ECS", NULL, "Alibaba Cloud"},
             {NULL, "OpenStack Nova", NULL, "OpenStack"},
             {NULL, "OpenStack Compute", NULL, "OpenStack"},
             {NULL, "Exoscale Compute Platform", NULL, "Exoscale"},
             {NULL, NULL, "OracleCloud.com", "Oracle Cloud"},
             {"Microsoft Corporation", "Virtual Machine",
              "7783-7084-3265-9085-8269-3286-77", "Azure"},
             {"Microsoft Corporation", "Virtual Machine", NULL, "none"},
             {"hetzner", NULL, NULL, "none"},
             {"Hetzner2", NULL, NULL, "none"},
             {NULL, NULL, NULL, "none"}};

    for (unsigned i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        ck_assert_str_eq(
            name_of(machine(c[i].vendor, c[i].product, c[i].tag, NULL, NULL)),
            c[i].platform);
}
END_TEST

START_TEST(test_ec2_by_its_uuid_either_way_round)
{
    static const uint8_t front[16] = {0xec, 0x2e, 0x12, 0x34},
                         back[16] = {0x34, 0x12, 0x2e, 0xec},
                         other[16] = {0xec, 0x3e, 0x12, 0x34};

    ck_assert_str_eq(name_of(machine(NULL, NULL, NULL, front, NULL)), "EC2");
    ck_assert_str_eq(name_of(machine(NULL, NULL, NULL, back, NULL)), "EC2");
    ck_assert_str_eq(name_of(machine(NULL, NULL, NULL, other, NULL)), "none");
}
END_TEST

START_TEST(test_a_serial_number_that_names_nocloud)
{
    struct span t = machine(NULL, NULL, NULL, NULL, "ds=nocloud;h=tin;i=i-1");

    ck_assert(span_eq(platform_nocloud(t, "h", "local-hostname"), SPAN("tin")));
    ck_assert(span_eq(platform_nocloud(t, "i", "instance-id"), SPAN("i-1")));
    ck_assert_uint_eq(platform_nocloud(t, "s", "seedfrom").n, 0);
    t = machine(NULL, NULL, NULL, NULL, "ds=nocloud;local-hostname=oak");
    ck_assert(span_eq(platform_nocloud(t, "h", "local-hostname"), SPAN("oak")));
    t = machine(NULL, NULL, NULL, NULL, "x;h=tin");
    ck_assert_uint_eq(platform_nocloud(t, "h", "local-hostname").n, 0);
}
END_TEST

START_TEST(test_a_table_that_lies_is_read_within_its_bounds)
{
    struct span t = machine("Hetzner", NULL, NULL, NULL, NULL);
    uint8_t copy[sizeof(table)];

    memcpy(copy, table, sizeof(table));
    for (size_t n = 0; n < t.n; n++) {
        uint8_t *cut = malloc(n ? n : 1); /* so that a sanitizer sees the end */

        memcpy(cut, copy, n);
        (void)platform_detect((struct span){cut, n});
        (void)platform_nocloud((struct span){cut, n}, "h", "h");
        free(cut);
    }
    for (size_t i = 0; i < t.n; i++)
        for (unsigned v = 0; v < 256; v += 17) {
            memcpy(table, copy, sizeof(table));
            table[i] = (uint8_t)v;
            (void)platform_detect(t);
        }
    ck_assert_uint_eq(platform_detect((struct span){0}) != NULL, 0);
}
END_TEST

RUN_TESTS("detect", PANICS(), test_each_platform_by_its_sign,
          test_ec2_by_its_uuid_either_way_round,
          test_a_serial_number_that_names_nocloud,
          test_a_table_that_lies_is_read_within_its_bounds)
