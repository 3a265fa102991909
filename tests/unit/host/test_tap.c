/* SPDX-License-Identifier: ISC */
/*
 * The tap driver against the kernel, in a network namespace of each test's
 * own, so that nothing of the machine is touched or left behind.
 */
#include "pools.h"

#include <arpa/inet.h>
#include <base/bytes.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static uint8_t frame[65550];
static int wire; /* a packet socket on the kernel's side of the tap */

static struct ifreq request(void)
{
    struct ifreq r = {0};

    memcpy(r.ifr_name, "bt0", 4);
    return r;
}

static void interface(unsigned long what, struct ifreq r)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    ck_assert_int_eq(ioctl(s, what, &r), 0);
    close(s);
}

static void set_up(bool up)
{
    struct ifreq r = request();

    r.ifr_flags = up ? IFF_UP : 0;
    interface(SIOCSIFFLAGS, r);
}

static bool in_own_namespace(void)
{
    return unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", W_OK) == 0;
}

/* What `ip tuntap add dev bt0 mode tap` does, or del. */
static void persist(int on)
{
    struct ifreq r = request();
    int fd = open("/dev/net/tun", O_RDWR);

    r.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    ck_assert_int_eq(ioctl(fd, TUNSETIFF, &r), 0);
    ck_assert_int_eq(ioctl(fd, TUNSETPERSIST, on), 0);
    close(fd);
}

static void setup(int mtu)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(0x88b5)};
    struct timeval patience = {.tv_sec = 5};
    struct host_net_config c = pools("bt0");
    struct ifreq r = request();

    ck_assert(in_own_namespace());
    persist(1);
    r.ifr_mtu = mtu;
    interface(SIOCSIFMTU, r);
    set_up(true);
    ck_assert_msg(host_net_open(&c, &nif, why) == OK, "%s", why);
    wire = socket(AF_PACKET, SOCK_RAW, htons(0x88b5));
    at.sll_ifindex = (int)if_nametoindex("bt0");
    ck_assert_int_eq(bind(wire, (struct sockaddr *)&at, sizeof(at)), 0);
    setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

/* The next frame of our own type; the kernel sends some of its own. */
static struct pkt *receive(void)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        struct pktq in = {0};
        uint8_t type[2] = {0};
        struct pkt *p;

        if (nif->ops->rx(nif, &in, 1) == 0)
            return NULL;
        if (!(p = pktq_pop(&in)))
            return NULL;
        pkt_copy(p, 12, type, 2);
        if (type[0] == 0x88 && type[1] == 0xb5)
            return p;
        pkt_put(p);
    }
    return NULL;
}

START_TEST(test_frames_arrive_over_as_many_blocks_as_they_need)
{
    static const size_t sizes[] = {14, 60, 1514, 2048, 2049, 9014};

    setup(9000);
    ck_assert_uint_eq(nif->mtu, 9000);
    ck_assert(nif->link_up);
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        make_frame(frame, sizes[i], (uint8_t)i);
        ck_assert_int_eq(send(wire, frame, sizes[i], 0), (ssize_t)sizes[i]);
        is_frame(receive(), frame, sizes[i]);
    }
    ck_assert_ptr_null(receive());
    ck_assert_uint_eq(pkts.in_use, 0);
}
END_TEST

START_TEST(test_sent_frames_reach_the_kernel)
{
    static uint8_t got[10000];
    struct pktq out = {0};

    setup(9000);
    for (size_t n = 60; n < 9000; n = n * 2 + 1) {
        make_frame(frame, n, 1);
        pktq_push(&out, make_pkt(frame, n));
        ck_assert_uint_eq(nif->ops->tx(nif, &out), 1);
        nif->ops->flush(nif);
        ck_assert_int_eq(recv(wire, got, sizeof(got), 0), (ssize_t)n);
        ck_assert_mem_eq(got, frame, n);
    }
    ck_assert_uint_eq(pkts.in_use, 0);
    ck_assert_uint_eq(nif->counters.tx_drops, 0);
}
END_TEST

/* An IPv4 datagram to the address of the kernel's side, its UDP checksum left
 * to the device. */
static struct pkt *udp_with_partial_checksum(void)
{
    static const uint8_t head[42] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,  0,  0, 0, 0,  1, 8, 0, 0x45, 0,
        0,    33,   0,    0,    0,    0,    64, 17, 0, 0, 10, 9, 9, 2, 10,   9,
        9,    1,    0x12, 0x34, 0x43, 0x21, 0,  13, 0, 0};
    struct pkt *p;
    uint32_t sum = 0;

    memcpy(frame, head, sizeof(head));
    memcpy(frame + 42, "hello", 5);
    for (unsigned i = 14; i < 34; i += 2)
        sum += be16(frame + i);
    put_be16(frame + 24, (uint16_t) ~(sum % 65535));
    /* pseudo-header: addresses, protocol, length */
    sum = 17 + 13;
    for (unsigned i = 26; i < 34; i += 2)
        sum += be16(frame + i);
    put_be16(frame + 40, (uint16_t)(sum % 65535));
    p = make_pkt(frame, 47);
    p->flags = PKT_CSUM_PARTIAL;
    p->csum_start = 34;
    p->csum_off = 6;
    return p;
}

static int udp_socket(void)
{
    struct timeval patience = {.tv_sec = 5};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(0x4321)};
    struct ifreq r = request();
    int s = socket(AF_INET, SOCK_DGRAM, 0);

    at.sin_addr.s_addr = inet_addr("10.9.9.1");
    memcpy(&r.ifr_addr, &at, sizeof(at));
    interface(SIOCSIFADDR, r);
    ck_assert_int_eq(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return s;
}

START_TEST(test_the_kernel_takes_a_partial_checksum)
{
    struct pktq out = {0};
    char got[20];
    int s;

    setup(1500);
    ck_assert(nif->caps & NETIF_TX_CSUM);
    s = udp_socket();
    pktq_push(&out, udp_with_partial_checksum());
    ck_assert_uint_eq(nif->ops->tx(nif, &out), 1);
    ck_assert_int_eq(recv(s, got, sizeof(got), 0), 5);
    ck_assert_mem_eq(got, "hello", 5);
    ck_assert_uint_eq(nif->counters.tx_frames, 1);
}
END_TEST

START_TEST(test_lack_of_memory_loses_frames_and_not_the_device)
{
    setup(1500);
    make_frame(frame, 500, 1);
    pkts.fail_after = 0;
    ck_assert_int_eq(send(wire, frame, 500, 0), 500);
    ck_assert_ptr_null(receive());
    ck_assert_uint_ge(nif->counters.rx_no_memory, 1);
    pkts.fail_after = -1;
    ck_assert_int_eq(send(wire, frame, 500, 0), 500);
    is_frame(receive(), frame, 500);
}
END_TEST

START_TEST(test_no_block_at_all_loses_frames_and_not_the_device)
{
    setup(1500);
    make_frame(frame, 500, 1);
    blocks.blocks.fail_after = 0;
    ck_assert_int_eq(send(wire, frame, 500, 0), 500);
    ck_assert_ptr_null(receive());
    ck_assert_uint_ge(nif->counters.rx_no_memory, 1);
    blocks.blocks.fail_after = -1;
    ck_assert_int_eq(send(wire, frame, 500, 0), 500);
    is_frame(receive(), frame, 500);
}
END_TEST

START_TEST(test_an_interface_that_goes_down_and_up)
{
    struct pktq out = {0};

    setup(1500);
    make_frame(frame, 500, 1);
    set_up(false);
    pktq_push(&out, make_pkt(frame, 500));
    nif->ops->tx(nif, &out);
    ck_assert(!nif->link_up && !nif->failed);
    ck_assert_uint_eq(nif->counters.tx_drops, 1);
    ck_assert_uint_eq(pkts.in_use, 0);
    set_up(true);
    pktq_push(&out, make_pkt(frame, 500));
    nif->ops->tx(nif, &out);
    ck_assert(nif->link_up);
    ck_assert_uint_eq(nif->counters.tx_frames, 1);
}
END_TEST

START_TEST(test_a_tap_that_is_taken_away_shuts_the_device_off)
{
    setup(1500);
    close(wire);
    if (system("ip link del bt0") != 0)
        return;
    ck_assert_ptr_null(receive());
    ck_assert(nif->failed);
    ck_assert_str_eq(nif->failure, "the tap device is gone");
    ck_assert_uint_eq(blocks.blocks.in_use, 0);
}
END_TEST

START_TEST(test_reasons_why_a_device_cannot_be_opened)
{
    struct host_net_config c = pools("bt0");
    struct netif *second;

    ck_assert(in_own_namespace());
    ck_assert_int_eq(host_net_open(&c, &nif, why), E_NOENT);
    ck_assert_str_eq(why, "there is no interface bt0");
    persist(1);
    ck_assert_int_eq(host_net_open(&c, &nif, why), OK);
    ck_assert(!nif->link_up);
    ck_assert_int_eq(host_net_open(&c, &second, why), E_REFUSED);
    ck_assert_str_eq(why, "another process has bt0: Device or resource busy");
    c.device = "lo";
    ck_assert_int_eq(host_net_open(&c, &second, why), E_REFUSED);
    ck_assert_str_eq(why, "not a tap device: lo: Invalid argument");
    c.device = "a name";
    ck_assert_int_eq(host_net_open(&c, &second, why), E_INVAL);
    c.device = "";
    ck_assert_int_eq(host_net_open(&c, &second, why), E_INVAL);
    c.device = "sixteen-bytes-xx";
    ck_assert_int_eq(host_net_open(&c, &second, why), E_INVAL);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        test_frames_arrive_over_as_many_blocks_as_they_need,
        test_sent_frames_reach_the_kernel,
        test_the_kernel_takes_a_partial_checksum,
        test_lack_of_memory_loses_frames_and_not_the_device,
        test_no_block_at_all_loses_frames_and_not_the_device,
        test_an_interface_that_goes_down_and_up,
        test_a_tap_that_is_taken_away_shuts_the_device_off,
        test_reasons_why_a_device_cannot_be_opened};

    if (!in_own_namespace())
        return SKIPPED;
    return run_suite("tap", tests, ARRAY_LEN(tests), PANICS());
}
