/* SPDX-License-Identifier: ISC */
/*
 * detect.c - the table of platforms, and SMBIOS to tell them by.
 */
#include <platform/detect.h>

#include <base/bytes.h>

enum {
    TYPE_SYSTEM = 1,
    TYPE_CHASSIS = 3,
    SYSTEM_VENDOR = 4,
    SYSTEM_PRODUCT = 5,
    SYSTEM_SERIAL = 7,
    SYSTEM_UUID = 8,
    CHASSIS_TAG = 8,
    HEAD_BYTES = 4
};

bool smbios_next(struct span *rest, struct smbios_struct *out)
{
    struct span s = *rest;
    size_t n, at;

    if (s.n < HEAD_BYTES + 2 || (n = s.p[1]) < HEAD_BYTES || n + 2 > s.n)
        return false;
    for (at = n; at + 2 <= s.n; at++)
        if (s.p[at] == 0 && s.p[at + 1] == 0) {
            *out = (struct smbios_struct){.type = s.p[0],
                                          .fixed = {s.p, n},
                                          .texts = {s.p + n, at - n + 1}};
            *rest = (struct span){s.p + at + 2, s.n - at - 2};
            return true;
        }
    return false;
}

struct span smbios_text(const struct smbios_struct *s, unsigned n)
{
    struct span rest = s->texts;

    for (unsigned i = 1; n > 0 && i <= SMBIOS_TEXTS_MAX && rest.n > 0; i++) {
        const uint8_t *end = memchr(rest.p, 0, rest.n);
        size_t len = end ? (size_t)(end - rest.p) : rest.n;

        if (len == 0)
            break;
        if (i == n)
            return (struct span){rest.p, len};
        len += end != NULL;
        rest = (struct span){rest.p + len, rest.n - len};
    }
    return (struct span){0};
}

bool smbios_find(struct span table, uint8_t type, struct smbios_struct *out)
{
    for (unsigned i = 0; i < SMBIOS_STRUCTS_MAX && smbios_next(&table, out);
         i++)
        if (out->type == type)
            return true;
    return false;
}

struct span smbios_field(const struct smbios_struct *s, size_t at)
{
    return at < s->fixed.n ? smbios_text(s, s->fixed.p[at]) : (struct span){0};
}

#define LINK_LOCAL "169.254.169.254"

static const struct platform platforms[] = {
    {.name = "Azure",
     .ipv4 = LINK_LOCAL,
     .fields = "Metadata: true\r\n",
     .query = {{.path = "/metadata/instance/compute/userData"
                        "?api-version=2021-01-01&format=text",
                .base64 = true}}},
    {.name = "Oracle Cloud",
     .ipv4 = LINK_LOCAL,
     .ipv6 = "fd00:c1::a9fe:a9fe",
     .fields = "Authorization: Bearer Oracle\r\n",
     .query = {{.path = "/opc/v2/instance/",
                .field = "metadata.user_data",
                .base64 = true},
               {.path = "/opc/v2/instance/metadata/user_data",
                .base64 = true}}},
    {.name = "DigitalOcean",
     .ipv4 = LINK_LOCAL,
     .query = {{.path = "/metadata/v1/user-data"}}},
    {.name = "Hetzner",
     .ipv4 = LINK_LOCAL,
     .query = {{.path = "/hetzner/v1/userdata"}}},
    {.name = "Vultr",
     .ipv4 = LINK_LOCAL,
     .fields = "Metadata-Token: vultr\r\n",
     .query = {{.path = "/v1.json", .field = "user-data"},
               {.path = "/user-data/user-data"}}},
    {.name = "Linode",
     .ipv4 = LINK_LOCAL,
     .ipv6 = "fd00:a9fe:a9fe::1",
     .token_path = "/v1/token",
     .token_fields = "Metadata-Token-Expiry-Seconds: 300\r\n",
     .token_field = "Metadata-Token: ",
     .query = {{.path = "/v1/user-data", .base64 = true}}},
    {.name = "Scaleway",
     .ipv4 = "169.254.42.42",
     .ipv6 = "fd00:42::42",
     .query = {{.path = "/user_data/cloud-init"}},
     .low_port = true},
    {.name = "Google Compute Engine",
     .ipv4 = LINK_LOCAL,
     .ipv6 = "fd20:ce::254",
     .fields = "Metadata-Flavor: Google\r\n",
     .query = {{.path = "/computeMetadata/v1/instance/attributes/user-data"}}},
    {.name = "Alibaba Cloud",
     .ipv4 = "100.100.100.200",
     .token_path = "/latest/api/token",
     .token_fields = "X-aliyun-ecs-metadata-token-ttl-seconds: 300\r\n",
     .token_field = "X-aliyun-ecs-metadata-token: ",
     .query = {{.path = "/latest/user-data"}}},
    {.name = "OpenStack",
     .ipv4 = LINK_LOCAL,
     .query = {{.path = "/openstack/latest/user_data"},
               {.path = "/latest/user-data"}}},
    {.name = "Exoscale",
     .ipv4 = LINK_LOCAL,
     .query = {{.path = "/latest/user-data"}, {.path = "/1.0/user-data"}}},
    {.name = "EC2",
     .ipv4 = LINK_LOCAL,
     .ipv6 = "fd00:ec2::254",
     .token_path = "/latest/api/token",
     .token_fields = "X-aws-ec2-metadata-token-ttl-seconds: 300\r\n",
     .token_field = "X-aws-ec2-metadata-token: ",
     .query = {{.path = "/latest/user-data"}}},
};

enum sign { BY_TAG, BY_VENDOR, BY_PRODUCT, SIGNS };

/* The first that fits counts: a tag says more than a product, which others may
 * have bought. */
static const struct {
    uint8_t sign; /* enum sign */
    bool begins;  /* what is said may go on */
    const char *text;
    const char *platform;
} rules[] = {
    {BY_TAG, false, "7783-7084-3265-9085-8269-3286-77", "Azure"},
    {BY_TAG, false, "OracleCloud.com", "Oracle Cloud"},
    {BY_TAG, false, "OpenTelekomCloud", "OpenStack"},
    {BY_VENDOR, false, "DigitalOcean", "DigitalOcean"},
    {BY_VENDOR, false, "Hetzner", "Hetzner"},
    {BY_VENDOR, false, "Vultr", "Vultr"},
    {BY_VENDOR, false, "Linode", "Linode"},
    {BY_VENDOR, false, "Akamai", "Linode"},
    {BY_VENDOR, false, "Scaleway", "Scaleway"},
    {BY_VENDOR, false, "Amazon EC2", "EC2"},
    {BY_PRODUCT, false, "Google Compute Engine", "Google Compute Engine"},
    {BY_PRODUCT, false, "Alibaba Cloud ECS", "Alibaba Cloud"},
    {BY_PRODUCT, false, "OpenStack Nova", "OpenStack"},
    {BY_PRODUCT, false, "OpenStack Compute", "OpenStack"},
    {BY_PRODUCT, true, "Exoscale", "Exoscale"},
    {BY_VENDOR, false, "OpenStack Foundation", "OpenStack"},
    {BY_VENDOR, true, "Exoscale", "Exoscale"},
};

static bool fits(struct span said, const char *text, bool begins)
{
    size_t n = strlen(text);

    return (begins ? said.n >= n : said.n == n) && memcmp(said.p, text, n) == 0;
}

/* The UUID's first bytes are "ec2" as text, whichever way round firmware has
 * written them. */
static bool is_ec2(const struct smbios_struct *system)
{
    const uint8_t *u = system->fixed.p + SYSTEM_UUID;

    if (system->fixed.n < SYSTEM_UUID + 16)
        return false;
    return (u[0] == 0xec && u[1] >> 4 == 2) || (u[3] == 0xec && u[2] >> 4 == 2);
}

static const struct platform *named(const char *name)
{
    for (size_t i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++)
        if (strcmp(platforms[i].name, name) == 0)
            return &platforms[i];
    return NULL;
}

const struct platform *platform_detect(struct span smbios)
{
    struct smbios_struct system = {0}, chassis = {0};
    struct span said[SIGNS] = {{0}};
    bool is_system = smbios_find(smbios, TYPE_SYSTEM, &system);

    if (is_system) {
        said[BY_VENDOR] = smbios_field(&system, SYSTEM_VENDOR);
        said[BY_PRODUCT] = smbios_field(&system, SYSTEM_PRODUCT);
    }
    if (smbios_find(smbios, TYPE_CHASSIS, &chassis))
        said[BY_TAG] = smbios_field(&chassis, CHASSIS_TAG);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (fits(said[rules[i].sign], rules[i].text, rules[i].begins))
            return named(rules[i].platform);
    return is_system && is_ec2(&system) ? named("EC2") : NULL;
}

/* The next part of "a=1;b=2". */
static bool next_field(struct span *rest, struct span *name, struct span *value)
{
    const uint8_t *end, *equals;
    size_t n;

    if (rest->n == 0)
        return false;
    end = memchr(rest->p, ';', rest->n);
    n = end ? (size_t)(end - rest->p) : rest->n;
    equals = memchr(rest->p, '=', n);
    *name = (struct span){rest->p, equals ? (size_t)(equals - rest->p) : n};
    *value =
        equals ? (struct span){equals + 1, n - name->n - 1} : (struct span){0};
    n += end != NULL;
    *rest = (struct span){rest->p + n, rest->n - n};
    return true;
}

struct span platform_nocloud(struct span smbios, const char *short_name,
                             const char *long_name)
{
    struct smbios_struct system = {0};
    struct span rest, name, value;

    if (!smbios_find(smbios, TYPE_SYSTEM, &system))
        return (struct span){0};
    rest = smbios_field(&system, SYSTEM_SERIAL);
    if (!fits(rest, "ds=nocloud", true))
        return (struct span){0};
    while (next_field(&rest, &name, &value))
        if (span_eq(name, span_of(short_name)) ||
            span_eq(name, span_of(long_name)))
            return value;
    return (struct span){0};
}
