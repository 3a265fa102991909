/* SPDX-License-Identifier: ISC */
/*
 * test_transport.c - pci.c, pci_modern.c, pci_legacy.c and mmio.c on registers
 * that front.c answers for: that each brings a network device up and carries
 * frames and interrupts, and what they make of senseless registers.
 */
#include "../lib/suite.h"
#include "front.h"
#include "rig.h"

#include <base/bytes.h>
#include <stdlib.h>

static struct rig r;
static struct virtio_dev *dev;

static void find(void)
{
    struct virtio_dev *found[4];

    ck_assert_uint_eq(virtio_scan(found, 4, &r.arena), 1);
    dev = found[0];
    ck_assert_int_eq(dev->kind, VIRTIO_KIND_NET);
}

static void attach(void)
{
    r.nif = virtio_net_attach(dev, &r.config);
    ck_assert_ptr_nonnull(r.nif);
}

static void init(enum front_kind kind)
{
    rig_init(&r, true, 0); /* its memory; the device is front's */
    front_init(kind, RIG_ALL);
    memcpy(front.fake.config, r.fake.config, sizeof(r.fake.config));
}

static void tear_down(void)
{
    rig_free(&r);
}

/* A frame each way, by the addresses that the registers were given. */
static void check_traffic(void)
{
    struct fake_chain c;
    struct pktq q = {0};
    struct pkt *p;

    ck_assert(fake_pop(&front.fake, QUEUE_RX, &c));
    memset(c.seg[0].p, 0, HDR_BYTES);
    put_le16(c.seg[0].p + HDR_BUFFERS, 1);
    memset(c.seg[0].p + HDR_BYTES, 0x42, 100);
    fake_use(&front.fake, QUEUE_RX, c.id, HDR_BYTES + 100);
    ck_assert_uint_eq(r.nif->ops->rx(r.nif, &q, 64), 1);
    p = q.head;
    ck_assert_uint_eq(p->len, 100);
    ck_assert_uint_eq(p->frag[0].p[99], 0x42);
    ck_assert_uint_eq(r.nif->ops->tx(r.nif, &q), 1);
    r.nif->ops->flush(r.nif);
    ck_assert_uint_eq(front.fake.queue[QUEUE_TX].notified, 1);
    ck_assert(fake_pop(&front.fake, QUEUE_TX, &c));
    ck_assert_uint_eq(c.out, HDR_BYTES + 100);
    fake_use(&front.fake, QUEUE_TX, c.id, 0);
    ck_assert_uint_eq(rig_sink(&r), 0);
    ck_assert_uint_eq(r.pkts.in_use, 0);
}

START_TEST(test_device_comes_up_and_carries_frames)
{
    static const struct {
        const char *name, *interrupts;
        bool modern;
    } t[] = {{"virtio-net-pci 00:03.0", "MSI-X", true},
             {"virtio-net-pci 00:03.0", "MSI-X", false},
             {"virtio-net-mmio 10000000", "GSI", true},
             {"virtio-net-mmio 10000000", "GSI", false}};

    init((enum front_kind)_i);
    find();
    ck_assert_str_eq(dev->name, t[_i].name);
    attach();
    ck_assert_msg(!r.nif->failed, "%s", r.nif->failure);
    ck_assert_str_eq(dev->interrupts, t[_i].interrupts);
    ck_assert_int_eq(dev->modern, t[_i].modern);
    ck_assert_uint_eq(front.fake.accepted,
                      RIG_ALL | (uint64_t)t[_i].modern << VIRTIO_F_VERSION_1 |
                          (t[_i].modern ? FAKE_ALSO : 0));
    ck_assert_int_eq(memcmp(r.nif->mac, "\x52\x54\x00\x12\x34\x56", 6), 0);
    ck_assert_uint_eq(r.nif->mtu, 1500);
    ck_assert_uint_eq(front.enabled, _i < 2);
    check_traffic();
    ck_assert_uint_eq(front.wild, 0);
}
END_TEST

START_TEST(test_interrupts_are_counted_and_told_apart)
{
    bool line = _i >= 4; /* PCI without MSI-X */

    init((enum front_kind)(_i % 4));
    if (line)
        front.msix_entries = 1;
    find();
    attach();
    if (line)
        ck_assert_str_eq(dev->interrupts, "INTx");
    ck_assert_uint_eq(front_interrupt(false), 1);
    ck_assert_uint_eq(dev->wakeups, 1);
    ck_assert_uint_eq(dev->config_changes, 0);
    ck_assert_uint_eq(front_interrupt(true), 1);
    ck_assert_uint_eq(dev->wakeups, 2);
    ck_assert_uint_eq(dev->config_changes, 1);
    ck_assert_uint_eq(front.isr, 0); /* the line has been let go */
    check_traffic();
    ck_assert_uint_eq(front.wild, 0);
}
END_TEST

/* A shared line rings for somebody else. */
START_TEST(test_interrupt_of_another_device_is_not_counted)
{
    init(FRONT_PCI);
    front.msix_entries = 0;
    find();
    attach();
    front.handler[front.line](front.handler_arg[front.line]);
    ck_assert_uint_eq(dev->wakeups, 0);
}
END_TEST

START_TEST(test_refused_vector_falls_back_to_the_line)
{
    init(_i ? FRONT_PCI : FRONT_PCI_LEGACY);
    front.refuses_vectors = true;
    find();
    attach();
    ck_assert(!r.nif->failed);
    ck_assert_str_eq(dev->interrupts, "INTx");
    ck_assert(!front.msix_on);
    check_traffic();
}
END_TEST

START_TEST(test_no_interrupt_at_all_is_polled)
{
    init(_i ? FRONT_PCI : FRONT_MMIO);
    front.msix_entries = 0;
    front.no_intx = front.no_gsi = true;
    find();
    attach();
    ck_assert(!r.nif->failed);
    ck_assert_ptr_null(dev->interrupts);
    ck_assert(!r.nif->ops->arm(r.nif));
    ck_assert_uint_ne(r.nif->poll_us, 0);
}
END_TEST

START_TEST(test_shut_off_device_is_kept_from_the_bus)
{
    init((enum front_kind)_i);
    find();
    attach();
    front.isr = 1;
    fake_use(&front.fake, QUEUE_RX, 1000, 0);
    rig_sink(&r);
    ck_assert(r.nif->failed);
    ck_assert_uint_eq(front.fake.status, 0);
    ck_assert_uint_eq(front.disabled, _i < 2);
    ck_assert(!front.msix_on);
    if (_i >= 2)
        ck_assert_uint_eq(front.isr, 0);
}
END_TEST

START_TEST(test_configuration_is_read_until_it_holds_still)
{
    init((enum front_kind)_i);
    front.fake.restless_config = true;
    find();
    attach();
    ck_assert(r.nif->failed);
    ck_assert_str_eq(r.nif->failure, "its configuration never held still");
}
END_TEST

/* Capabilities. */

enum { COMMON = 1, NOTIFY, ISR, CONFIG };

static void set32(uint8_t *at, uint32_t v)
{
    put_le16(at, (uint16_t)v);
    put_le16(at + 2, (uint16_t)(v >> 16));
}

START_TEST(test_senseless_capability_is_as_good_as_none)
{
    static const struct {
        uint8_t type, at, bytes;
        uint32_t v;
    } t[] = {
        {COMMON, 4, 1, 6},               /* no such BAR */
        {COMMON, 4, 1, 255},             /* reserved */
        {COMMON, 4, 1, 0},               /* a BAR of ports */
        {COMMON, 4, 1, 2},               /* a BAR that is not there */
        {COMMON, 8, 4, FRONT_BAR_BYTES}, /* behind the BAR */
        {COMMON, 8, 4, UINT32_MAX},      /* and wraps */
        {COMMON, 8, 4, 0x3fff},
        {COMMON, 8, 4, 2},           /* not aligned */
        {COMMON, 12, 4, 0x37},       /* too short */
        {COMMON, 12, 4, UINT32_MAX}, /* longer than the BAR */
        {COMMON, 12, 4, 0},
        {COMMON, 2, 1, 15}, /* the capability itself is too short */
        {COMMON, 3, 1, 9},  /* another type */
        {COMMON, 0, 1, 5},  /* another capability */
        {NOTIFY, 2, 1, 16}, /* no multiplier */
        {NOTIFY, 8, 4, FRONT_BAR_BYTES},
        {NOTIFY, 4, 1, 7},
        {ISR, 12, 4, 0},
        {ISR, 8, 4, FRONT_BAR_BYTES + 1},
        {ISR, 4, 1, 6},
    };
    bool transitional = _i & 1;
    uint8_t *cap;

    init(FRONT_PCI);
    if (transitional) { /* then the legacy interface is left */
        front.fake.dev.modern = false;
        front.fake.dev.size_fixed = true;
    } else {
        front.pci.device = 0x1041;
        front.bar[0] = (struct pci_bar){0};
    }
    cap = front_cap(t[_i / 2].type) + t[_i / 2].at;
    if (t[_i / 2].bytes == 1)
        *cap = (uint8_t)t[_i / 2].v;
    else
        set32(cap, t[_i / 2].v);
    find();
    attach();
    ck_assert_int_eq(r.nif->failed, !transitional);
    if (transitional) {
        ck_assert(!dev->modern);
        check_traffic();
    } else {
        ck_assert_str_eq(r.nif->failure,
                         "its registers are not where its capabilities say");
        ck_assert_uint_eq(front.disabled, 1);
    }
    ck_assert_uint_eq(front.wild, 0);
}
END_TEST

START_TEST(test_notification_outside_its_structure)
{
    static const struct {
        uint32_t step, bytes, offset;
        uint16_t off;
    } t[] = {
        {UINT32_MAX, 0x1000, FRONT_NOTIFY, UINT16_MAX}, /* 2^48 */
        {UINT32_MAX, 0x1000, FRONT_NOTIFY, 1},
        {0x10000, 0x1000, FRONT_NOTIFY, 1},
        {4, 0x100, FRONT_NOTIFY, 0x40},   /* in the BAR, but behind it */
        {4, 0x1000, FRONT_NOTIFY, 0x400}, /* the first behind it */
        {1, 0x1000, FRONT_NOTIFY, 0xfff}, /* half in */
        {1, 0x1000, FRONT_NOTIFY, 3},     /* not aligned */
        {4, 0x1000, FRONT_NOTIFY - 1, 1},
        {4, 1, FRONT_NOTIFY, 0}, /* no room for one */
        {4, 0, FRONT_NOTIFY, 0},
    };

    init(FRONT_PCI);
    set32(front_cap(NOTIFY) + 16, t[_i].step);
    set32(front_cap(NOTIFY) + 12, t[_i].bytes);
    set32(front_cap(NOTIFY) + 8, t[_i].offset);
    front.notify_off[QUEUE_RX] = t[_i].off;
    find();
    attach();
    ck_assert(r.nif->failed);
    ck_assert_str_eq(r.nif->failure,
                     "its notification register lies outside its BAR");
}
END_TEST

/* A multiplier of 0 is legal: all queues share one place. */
START_TEST(test_notification_without_a_step)
{
    init(FRONT_PCI);
    set32(front_cap(NOTIFY) + 16, 0);
    front.notify_off[0] = front.notify_off[1] = 0;
    find();
    attach();
    ck_assert(!r.nif->failed);
    check_traffic();
}
END_TEST

START_TEST(test_capabilities_in_a_circle_end)
{
    init(FRONT_PCI);
    front_cap(CONFIG)[1] = FRONT_CAPS;
    find();
    attach();
    ck_assert(!r.nif->failed);
    check_traffic();
}
END_TEST

START_TEST(test_capability_at_the_end_of_the_space)
{
    init(FRONT_PCI);
    front_cap(CONFIG)[1] = 0xfc;
    front.space[0xfc] = PCI_CAP_VENDOR;
    front.space[0xfe] = 16;
    front.space[0xff] = CONFIG;
    find();
    attach();
    ck_assert(!r.nif->failed);
}
END_TEST

/* Beyond the end of a short configuration there are zeros. */
START_TEST(test_configuration_shorter_than_its_features)
{
    init(FRONT_PCI);
    set32(front_cap(CONFIG) + 12, _i ? 6 : 1);
    find();
    attach();
    ck_assert(r.nif->failed);
    ck_assert_str_eq(r.nif->failure,
                     _i ? "its MTU is below 68"
                        : "its MAC address is not that of one station");
    ck_assert_uint_eq(front.wild, 0);
}
END_TEST

START_TEST(test_legacy_without_enough_ports)
{
    static const struct pci_bar bar[] = {
        {FRONT_PORT, 20, true, false}, {0x10000, 0x40, true, false},
        {0xfff0, 0x40, true, false},   {FRONT_BASE, 0x1000, false, false},
        {FRONT_PORT, 0, true, false},
    };

    init(FRONT_PCI_LEGACY);
    front.bar[0] = bar[_i];
    find();
    attach();
    ck_assert(r.nif->failed);
    ck_assert_str_eq(r.nif->failure,
                     "its registers are not where its capabilities say");
}
END_TEST

/* What is not ours is left alone. */

START_TEST(test_scan_leaves_other_devices_alone)
{
    static const struct {
        uint16_t vendor, device, subdevice;
    } t[] = {{0x8086, 0x1000, 1}, {0x1af4, 0x1002, 5}, {0x1af4, 0x0fff, 1},
             {0x1af4, 0x1080, 1}, {0x1af4, 0x1045, 1}, {0x1af4, 0x1040, 1}};
    struct virtio_dev *found[4];

    init(FRONT_PCI);
    front.pci.vendor = t[_i].vendor;
    front.pci.device = t[_i].device;
    front.pci.subdevice = t[_i].subdevice;
    ck_assert_uint_eq(virtio_scan(found, 4, &r.arena), 0);
    ck_assert_uint_eq(front.enabled, 0);
}
END_TEST

START_TEST(test_scan_leaves_an_mmio_window_without_a_device_alone)
{
    struct virtio_dev *found[4];

    init(FRONT_MMIO);
    if (_i == 0)
        front.magic = 0;
    else if (_i == 1)
        front.device_id = 0;
    else if (_i == 2)
        front.device_id = 5; /* a balloon */
    else
        front.mmio.size = 0x100;
    ck_assert_uint_eq(virtio_scan(found, 4, &r.arena), 0);
}
END_TEST

START_TEST(test_mmio_of_an_unknown_version)
{
    init(FRONT_MMIO);
    front.version = _i ? 3 : 0;
    find();
    attach();
    ck_assert(r.nif->failed);
    ck_assert_str_eq(r.nif->failure, "its version is unknown");
}
END_TEST

START_TEST(test_scan_without_memory_or_room_finds_nothing)
{
    struct virtio_dev *found[4];
    uint8_t *end;

    init((enum front_kind)_i);
    ck_assert_uint_eq(virtio_scan(found, 0, &r.arena), 0);
    end = r.arena.end;
    r.arena.end = r.arena.p + 16;
    ck_assert_uint_eq(virtio_scan(found, 4, &r.arena), 0);
    r.arena.end = end;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("virtio transports");
    TCase *c = tcase_create("work"), *caps = tcase_create("capabilities");
    TCase *scan = tcase_create("scan");

    tcase_add_checked_fixture(c, NULL, tear_down);
    tcase_add_loop_test(c, test_device_comes_up_and_carries_frames, 0, 4);
    tcase_add_loop_test(c, test_interrupts_are_counted_and_told_apart, 0, 6);
    tcase_add_test(c, test_interrupt_of_another_device_is_not_counted);
    tcase_add_loop_test(c, test_refused_vector_falls_back_to_the_line, 0, 2);
    tcase_add_loop_test(c, test_no_interrupt_at_all_is_polled, 0, 2);
    tcase_add_loop_test(c, test_shut_off_device_is_kept_from_the_bus, 0, 4);
    tcase_add_loop_test(c, test_configuration_is_read_until_it_holds_still, 0,
                        4);
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(caps, NULL, tear_down);
    tcase_add_loop_test(caps, test_senseless_capability_is_as_good_as_none, 0,
                        40);
    tcase_add_loop_test(caps, test_notification_outside_its_structure, 0, 10);
    tcase_add_test(caps, test_notification_without_a_step);
    tcase_add_test(caps, test_capabilities_in_a_circle_end);
    tcase_add_test(caps, test_capability_at_the_end_of_the_space);
    tcase_add_loop_test(caps, test_configuration_shorter_than_its_features, 0,
                        2);
    tcase_add_loop_test(caps, test_legacy_without_enough_ports, 0, 5);
    suite_add_tcase(suite, caps);
    tcase_add_checked_fixture(scan, NULL, tear_down);
    tcase_add_loop_test(scan, test_scan_leaves_other_devices_alone, 0, 6);
    tcase_add_loop_test(
        scan, test_scan_leaves_an_mmio_window_without_a_device_alone, 0, 4);
    tcase_add_loop_test(scan, test_mmio_of_an_unknown_version, 0, 2);
    tcase_add_loop_test(scan, test_scan_without_memory_or_room_finds_nothing, 0,
                        4);
    suite_add_tcase(suite, scan);
    return suite_run(suite);
}
