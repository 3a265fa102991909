/* SPDX-License-Identifier: ISC */
/* The few facts taken from AML, and virtio-mmio arguments. */
#include <acpi_tables.h>
#include <lib/suite.h>

#define BYTES(...)                                                             \
    ((struct span){(const uint8_t[]){__VA_ARGS__},                             \
                   sizeof((const uint8_t[]){__VA_ARGS__})})

static uint8_t a, b;

/* Name (_S5, Package () { 5, 0, 0, 0 }), as iasl and QEMU write it */
START_TEST(test_s5_in_bytes)
{
    ck_assert(acpi_find_s5(BYTES(0, 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04,
                                 0x0a, 0x05, 0x0a, 0x06, 0, 0),
                           &a, &b));
    ck_assert_uint_eq(a, 5);
    ck_assert_uint_eq(b, 6);
}
END_TEST

START_TEST(test_s5_in_constants_and_from_the_root)
{
    ck_assert(acpi_find_s5(
        BYTES(0x08, '\\', '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0, 1, 0, 0), &a,
        &b));
    ck_assert_uint_eq(a, 0);
    ck_assert_uint_eq(b, 1);
}
END_TEST

START_TEST(test_s5_with_a_long_length)
{
    ck_assert(acpi_find_s5(BYTES(0x08, '_', 'S', '5', '_', 0x12, 0x46, 0x00,
                                 0x04, 0x0b, 7, 0, 0x0c, 3, 0, 0, 0),
                           &a, &b));
    ck_assert_uint_eq(a, 7);
    ck_assert_uint_eq(b, 3);
}
END_TEST

START_TEST(test_what_only_mentions_s5_is_skipped)
{
    ck_assert(acpi_find_s5(BYTES('x', '_', 'S', '5', '_', 0x12, 0x06, 4, 9, 9,
                                 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04,
                                 0x0a, 2, 0, 0, 0),
                           &a, &b));
    ck_assert_uint_eq(a, 2);
    /* a type of more than three bits */
    ck_assert(!acpi_find_s5(
        BYTES(0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 8, 0, 0), &a,
        &b));
}
END_TEST

START_TEST(test_s5_at_the_end_of_the_table)
{
    static const uint8_t s5[] = {0x08, '_', 'S', '5', '_', 0x12,
                                 0xc6, 0,   0,   0,   4,   0x0a};

    for (size_t n = 0; n <= sizeof(s5); n++) {
        uint8_t *copy = malloc(n + 1); /* a sanitizer sees its end */

        memcpy(copy, s5, n);
        ck_assert(!acpi_find_s5((struct span){copy, n}, &a, &b));
        free(copy);
    }
}
END_TEST

static const uint8_t device[] = {
    'L',  'N',  'R',  'O',  '0',  '0',  '0',  '5',  0,    0x08, '_',
    'C',  'R',  'S',  0x11, 0x1a, 0x0a, 23,   0x86, 9,    0,    1,
    0x00, 0x2e, 0xb0, 0xfe, 0x00, 0x02, 0,    0,    0x89, 6,    0,
    1,    1,    47,   0,    0,    0,    0x79, 0};

START_TEST(test_virtio_devices_of_microvm)
{
    uint8_t table[3 * sizeof(device)];
    struct mmio_virtio v[4];

    memcpy(table, device, sizeof(device));
    memcpy(table + sizeof(device), device, sizeof(device));
    memcpy(table + 2 * sizeof(device), device, sizeof(device));
    table[sizeof(device) + 18] = 0x87; /* the second has other resources */
    table[2 * sizeof(device) + 23] = 0x2c;
    ck_assert_uint_eq(
        acpi_find_virtio((struct span){table, sizeof(table)}, v, 4), 2);
    ck_assert_uint_eq(v[0].addr, 0xfeb02e00);
    ck_assert_uint_eq(v[0].size, 512);
    ck_assert_uint_eq(v[0].gsi, 47);
    ck_assert_uint_eq(v[1].addr, 0xfeb02c00);
    ck_assert_uint_eq(
        acpi_find_virtio((struct span){table, sizeof(table)}, v, 1), 1);
}
END_TEST

START_TEST(test_a_cut_device_is_none)
{
    struct mmio_virtio v;

    for (size_t n = 0; n < 39; n++) {
        uint8_t *copy = malloc(n + 1);

        memcpy(copy, device, n);
        ck_assert_uint_eq(acpi_find_virtio((struct span){copy, n}, &v, 1), 0);
        free(copy);
    }
}
END_TEST

static bool argument(const char *text, struct mmio_virtio *v)
{
    return virtio_from_argument(text, v);
}

START_TEST(test_virtio_arguments)
{
    struct mmio_virtio v;

    ck_assert(argument("virtio_mmio.device=512@0xfeb00e00:12", &v));
    ck_assert_uint_eq(v.size, 512);
    ck_assert_uint_eq(v.addr, 0xfeb00e00);
    ck_assert_uint_eq(v.gsi, 12);
    ck_assert(argument("virtio_mmio.device=4K@0xd0000000:5:1", &v));
    ck_assert_uint_eq(v.size, 4096);
    ck_assert_uint_eq(v.addr, 0xd0000000);
    ck_assert_uint_eq(v.gsi, 5);
}
END_TEST

START_TEST(test_what_is_no_virtio_argument)
{
    static const char *const bad[] = {
        "",
        "virtio_mmio.device",
        "virtio_mmio.device=",
        "virtio_mmio.device=512",
        "virtio_mmio.device=512@",
        "virtio_mmio.device=512@0xfeb00e00",
        "virtio_mmio.device=512@0xfeb00e00:",
        "virtio_mmio.device=512@0x:12",
        "virtio_mmio.device=@0xfeb00e00:12",
        "virtio_mmio.device=512@0xfeb00e00:12x",
        "virtio_mmio.device=512@0x12345678901234567890:1",
        "virtio_mmio.device=512@1:99999999999",
        "virtio_mmio.devices=512@0xfeb00e00:12",
        "--virtio_mmio.device=512@0xfeb00e00:12"};
    struct mmio_virtio v;

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!argument(bad[i], &v), "%s", bad[i]);
}
END_TEST

/* As QEMU builds it: a constant, and a method that adds 40. */
#define VM_GEN                                                                 \
    0x08, '_', 'C', 'I', 'D', 0x0d, 'V', 'M', '_', 'G', 'e', 'n', '_', 'C',    \
        'o', 'u', 'n', 't', 'e', 'r', 0

START_TEST(test_generation_of_qemu)
{
    ck_assert_uint_eq(
        acpi_find_generation(BYTES(0x08, 'V', 'G', 'I', 'A', 0x0c, 0x00, 0xe0,
                                   0xff, 0xf7, 0x10, VM_GEN, 0x14)),
        0xf7ffe000 + 40);
    /* a constant that is cut off, or that the firmware has not filled in */
    ck_assert_uint_eq(acpi_find_generation(BYTES(VM_GEN, 0x08, 'V', 'G', 'I',
                                                 'A', 0x0c, 0x00, 0xe0)),
                      0);
    ck_assert_uint_eq(acpi_find_generation(BYTES(VM_GEN, 0x08, 'V', 'G', 'I',
                                                 'A', 0x0c, 0, 0, 0, 0)),
                      0);
}
END_TEST

/* As the specification has it: a package of two halves. */
START_TEST(test_generation_by_address)
{
    ck_assert_uint_eq(
        acpi_find_generation(BYTES(VM_GEN, 0x08, 'A', 'D', 'D', 'R', 0x12, 0x0c,
                                   0x02, 0x0c, 0x08, 0, 0xee, 0xbf, 0x0a, 3)),
        0x3bfee0008);
    ck_assert_uint_eq(
        acpi_find_generation(BYTES(VM_GEN, 0x08, 'A', 'D', 'D', 'R', 0x12, 0x0c,
                                   0x02, 0x0c, 0x08, 0, 0xee, 0xbf)),
        0);
}
END_TEST

/* Other devices have addresses, too. */
START_TEST(test_no_generation_without_its_id)
{
    ck_assert_uint_eq(
        acpi_find_generation(BYTES(0x08, 'V', 'G', 'I', 'A', 0x0c, 0, 0xe0,
                                   0xff, 7, 0x08, 'A', 'D', 'D', 'R', 0x12,
                                   0x0c, 2, 0x0c, 8, 0, 0xee, 0xbf, 0)),
        0);
    ck_assert_uint_eq(acpi_find_generation(BYTES(VM_GEN)), 0);
    ck_assert_uint_eq(acpi_find_generation((struct span){0}), 0);
}
END_TEST

/* As QEMU 7.2 writes it for a microvm. */
static const uint8_t ged[] = {
    0x5b, 0x82, 0x4c, 0x06, 'G',  'E',  'D',  '_', 0x08, '_',  'H', 'I',
    'D',  0x0d, 'A',  'C',  'P',  'I',  '0',  '0', '1',  '3',  0,   0x08,
    '_',  'U',  'I',  'D',  0x0d, 'G',  'E',  'D', 0,    0x08, '_', 'C',
    'R',  'S',  0x11, 0x0e, 0x0a, 0x0b, 0x89, 6,   0,    3,    1,   9,
    0,    0,    0,    'y',  0,    0x5b, 0x80, 'E', 'R',  'E',  'G', 0,
    0x0c, 0,    0,    0xa0, 0xfe, 0x0a, 4};

START_TEST(test_the_event_device_of_microvm)
{
    struct acpi_ged g = {0};
    uint8_t changed[sizeof(ged)];

    ck_assert(acpi_find_ged((struct span){ged, sizeof(ged)}, &g));
    ck_assert_uint_eq(g.events, 0xfea00000);
    ck_assert_uint_eq(g.gsi, 9);
    ck_assert(!g.level);
    memcpy(changed, ged, sizeof(ged));
    changed[59] = 1; /* a port */
    ck_assert(!acpi_find_ged((struct span){changed, sizeof(ged)}, &g));
    memcpy(changed, ged, sizeof(ged));
    changed[46] = 2; /* two interrupts */
    ck_assert(!acpi_find_ged((struct span){changed, sizeof(ged)}, &g));
}
END_TEST

START_TEST(test_a_cut_event_device_is_none)
{
    struct acpi_ged g;

    for (size_t n = 0; n < sizeof(ged) - 2; n++) {
        uint8_t *copy = malloc(n + 1); /* a sanitizer sees its end */

        memcpy(copy, ged, n);
        ck_assert(!acpi_find_ged((struct span){copy, n}, &g));
        free(copy);
    }
}
END_TEST

RUN_TESTS("aml", PANICS(), test_s5_in_bytes,
          test_s5_in_constants_and_from_the_root, test_s5_with_a_long_length,
          test_what_only_mentions_s5_is_skipped,
          test_s5_at_the_end_of_the_table, test_virtio_devices_of_microvm,
          test_a_cut_device_is_none, test_virtio_arguments,
          test_what_is_no_virtio_argument, test_generation_of_qemu,
          test_generation_by_address, test_no_generation_without_its_id,
          test_the_event_device_of_microvm, test_a_cut_event_device_is_none)
