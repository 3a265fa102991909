/* SPDX-License-Identifier: ISC */
/*
 * fuzz_platform.c - any bytes as user data, network configuration, SMBIOS.
 *
 * The first byte chooses which.  Whatever it is: each setting is one printable
 * line, and a refusal says why in another.
 */
#include <base/bytes.h>
#include <platform/detect.h>
#include <platform/network.h>
#include <stdlib.h>

static struct settings s;
static struct networks all;

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void must_be_printable(const char *text, size_t room)
{
    size_t n = strnlen(text, room);

    must(n < room);
    for (size_t i = 0; i < n; i++)
        must((uint8_t)text[i] >= ' ' && text[i] != 0x7f);
}

static void look(bool good)
{
    must(s.n <= SETTINGS_MAX && s.used <= SETTINGS_BYTES);
    for (unsigned i = 0; i < s.n; i++)
        must_be_printable(s.list[i].text, SETTINGS_BYTES);
    must_be_printable(s.why, sizeof(s.why));
    must(good || s.why[0]);
}

static void make_keys(void)
{
    static const struct network_nic nics[2] = {
        {"uplink", {0x52, 0x54, 0, 0x12, 0x34, 0x56}}, {"clients", {0}}};
    unsigned left;

    must(all.n <= NETWORKS_MAX);
    look(network_keys(&all, &s, nics, 2, &left));
    must(left <= all.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {data + 1, size - 1};
    uint8_t out[512];
    const char *foreign = NULL;
    size_t n;

    if (size < 1)
        return 0;
    memset(&s, 0, sizeof(s));
    memset(&all, 0, sizeof(all));
    switch (data[0] % 5) {
    case 0:
        look(settings_user_data(&s, SOURCE_CIDATA, text, &foreign));
        must(!foreign || s.n == 0);
        break;
    case 1:
        look(network_config(&all, &s, text));
        make_keys();
        break;
    case 2:
        (void)!network_json(&all, text);
        make_keys();
        break;
    case 3:
        (void)platform_detect(text);
        must(platform_nocloud(text, "h", "local-hostname").n < size);
        break;
    default:
        if (base64_decode(text, (struct mspan){out, sizeof(out)}, &n))
            must(n <= sizeof(out) && n <= size);
        break;
    }
    return 0;
}
