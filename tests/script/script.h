/* SPDX-License-Identifier: ISC */
/*
 * script.h - what the parts of the script runner share; README.md has the
 * language.
 *
 * The stack under test is a whole one (netstack_hosted); what it sends is
 * taken apart here by code of the runner's own, so that a stack which writes
 * and reads the same mistake is caught.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <base/bytes.h>
#include <base/pool.h>
#include <metrics/metrics_impl.h>
#include <net.h>

enum {
    FRAMES_MAX = 4096, /* sent and not yet expected */
    FRAME_MAX = 65600,
    CONNS_MAX = 64, /* c1 to c64 */
    VARS_MAX = 16,
    COUNTERS_MAX = 16,
    WORD_MAX = 160,
    MESSAGE_MAX = 1200
};

#define PEER_MAC UINT64_C(0x020000000002)
#define OUR_MAC  UINT64_C(0x020000000001)

struct frame {
    ns_t at;
    uint32_t n;
    uint8_t *b;
};

/* One connection as the script sees it: numbers count from both SYNs. */
struct conn_view {
    uint16_t ours, theirs; /* ports; 0: not known yet */
    uint32_t our_isn, peer_isn, our_ts, last_ts;
    bool our_isn_known, our_ts_known;
    bool listed; /* passive: waits for the application to accept */
    struct stream *stream;
    unsigned events; /* enum stream_event, all that came */
    enum err error;
    uint64_t written, read; /* bytes */
    bool closed;
};

struct variable {
    char name[24];
    uint8_t bytes[16];
    unsigned bits;
};

struct counted {
    char name[WORD_MAX];
    double value;
};

struct script {
    const char *file, *line;
    unsigned line_no;
    char message[MESSAGE_MAX];
    bool v6, wrap; /* which of the runs this is */

    ns_t zero, now, base; /* base: of the last line */
    ns_t tolerance;
    bool listening; /* on a port, any */
    bool started, settle, show_all, auto_read, refuse, held;
    struct limits limits;
    uint32_t caps, pkts;
    uint16_t mtu, peer_mtu;
    bool dhcp4, auto6, none6, no_peer, gateway;

    void *memory;
    struct arena arena;
    struct pool pkt_pool;
    struct block_pool rx, tx;
    struct netif dev;
    struct net *net;
    struct metrics metrics;
    struct pktq in;
    struct frame frame[FRAMES_MAX]; /* ring */
    unsigned first, last;
    struct ipaddr us_ll;

    struct conn_view conn[CONNS_MAX];
    uint16_t udp_port;
    unsigned udp_got;
    struct udp_dgram udp_last;
    char resolved[200];
    struct variable var[VARS_MAX];
    unsigned vars;
    struct counted counter[COUNTERS_MAX];
    unsigned counters;
};

/* Notes why the line fails, once; always false. */
bool bad(struct script *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- words ---- */
/* The next word of *at, which moves on; false at the end. */
bool word(const char **at, char out[WORD_MAX]);
/* The same if the next word is this. */
bool word_is(const char **at, const char *want);
bool number(const char *text, int64_t *out);
bool seconds(const char *text, ns_t *out, const char **end);

/* ---- host.c: the stack under test ---- */
bool host_start(struct script *);
/* Ends everything; false when memory is not back. */
bool host_end(struct script *);
void host_free(struct script *);
/* Takes a frame in; without a turn when `hold`. */
bool host_inject(struct script *, const uint8_t *b, uint32_t n, bool hold);
/* Turns until nothing is due. */
void host_rest(struct script *);
void host_run_to(struct script *, ns_t when);
/* Runs until a frame is there or it is `when`. */
bool host_run_for_frame(struct script *, ns_t when);
struct ipaddr addr_us(const struct script *, bool v6);
struct ipaddr addr_peer(const struct script *, bool v6);

/* ---- check.c: every frame sent is looked at ---- */
/* NULL, or what is wrong with its lengths and checksums. */
const char *frame_fault(const uint8_t *b, uint32_t n);
uint16_t sum16(uint32_t start, const uint8_t *b, size_t n);
uint32_t pseudo(const uint8_t *ip, uint8_t proto, uint32_t len);

/* ---- layers.c: frames field by field ---- */
bool layers_build(struct script *, const char *text, uint8_t *out, uint32_t *n);
bool layers_match(struct script *, const char *text, const struct frame *);
void frame_print(const struct script *, const struct frame *, char *out,
                 size_t n);

/* ---- segment.c: TCP in a line ---- */
bool segment_inject(struct script *, struct conn_view *, const char *text,
                    bool hold);
bool segment_match(struct script *, struct conn_view *, const char *text,
                   const struct frame *);
/* An ICMP error about a segment of ours. */
bool icmp_inject(struct script *, struct conn_view *, const char *text);
/* Whose it is by its ports; NULL. */
struct conn_view *conn_of(struct script *, uint16_t ours, uint16_t theirs);
/* Byte `i` of any stream. */
static inline uint8_t stream_byte(uint64_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

/* ---- run.c ---- */
/* The next frame sent, at once, is this. */
bool expect_segment(struct script *, struct conn_view *, const char *text);

/* ---- shake.c ---- */
bool shake_open(struct script *, struct conn_view *, const char *rest);
bool shake_dial(struct script *, struct conn_view *, const char *rest);

/* ---- calls.c: the application ---- */
bool call(struct script *, struct conn_view *, const char *verb,
          const char *rest);

#endif
