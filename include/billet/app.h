/* SPDX-License-Identifier: ISC */
/*
 * app.h - the one header an application must include.
 *
 * An application is a description and a start function.  start() runs on a
 * fiber: it may be a plain loop with fiber_sleep() in it, or register
 * listeners and timers and return.
 *
 *     static enum err start(struct env *env) { ... return OK; }
 *     BILLET_APP(start, .name = "hello");
 *
 * The image lives on after start() returned OK while anything is registered
 * (a listener, a bound UDP port, a set timer, a live fiber); when nothing is
 * left that could ever happen, it powers off with status 0.  Any other result
 * powers off with status 1, and the log says why.
 */
#ifndef BILLET_APP_H
#define BILLET_APP_H

#include <billet/blk.h>
#include <billet/fiber.h>
#include <billet/input.h>
#include <billet/key.h>
#include <billet/log.h>
#include <billet/loop.h>
#include <billet/metrics.h>
#include <billet/net.h>
#include <billet/screen.h>
#include <billet/stream.h>

enum { APP_ABI = 1, APP_NETS_MAX = 4, APP_BLKS_MAX = 4, APP_NAME_BYTES = 16 };

/* Hard limits.  Memory is reserved for all of them before start().  A zero
 * takes the default in the comment.  On a machine with too little memory for
 * the limits, boot scales the buffers down as far as the floors beside them;
 * below those it refuses to start and says how much is wanted. */
struct limits {
    uint32_t tcp_conns;     /* established or closing; 256, floor 64 */
    uint32_t tcp_half_open; /* beyond this, SYN cookies; 256, floor 64 */
    uint32_t tcp_listeners; /* 8 */
    /* What one connection may come to have in flight to us, and queued; it
     * begins with 64 KiB, and grows as its path and free memory have it. */
    uint32_t tcp_rcvbuf;  /* bytes; 4194304 */
    uint32_t tcp_sndbuf;  /* bytes; 4194304 */
    uint32_t rx_blocks;   /* 2 KiB each, shared by all; 4096, floor 160 */
    uint32_t tx_blocks;   /* 4 KiB each, shared by all; 2048, floor 80 */
    uint32_t udp_binds;   /* 8 */
    uint32_t fibers;      /* at once, start() included; 4 */
    uint32_t fiber_stack; /* bytes of stack each; 16384 */
    uint32_t arena_bytes; /* for the application's own NEW()s; 65536 */
    uint32_t conn_bytes;  /* the same again for each of tcp_conns; 0 */
};

/* What the ELF note of an image says: no pointers, little-endian, so that
 * `billet inspect` reads it from the file.  Names are zero-padded. */
struct manifest {
    uint32_t abi;
    char name[APP_NAME_BYTES];
    char nets[APP_NETS_MAX][APP_NAME_BYTES]; /* networks wanted: "uplink" */
    /* Disks wanted, likewise; "seed?" may be missing. */
    char blks[APP_BLKS_MAX][APP_NAME_BYTES];
    struct limits limits;
};

/* Everything an instance may touch.  No globals: two can share a process. */
struct env {
    struct loop *loop;
    const struct clock *clock;     /* wall time: <billet/clock.h> */
    struct net *net;               /* NULL unless BILLET_NET_APP */
    struct blk *blk[APP_BLKS_MAX]; /* BILLET_DISKS: in the manifest's order;
                                    * NULL: one that may be missing is */
    struct log *log;
    struct keys *keys;
    struct metrics *metrics;
    struct fibers *fibers;
    struct arena *arena; /* sealed when start() returns or first waits */
    const struct manifest *manifest; /* what the image asked for... */
    struct limits limits;            /* ...and what this machine has room for */
    void *app;                       /* the instance's own state */
    struct screen *screen;           /* BILLET_SCREEN; else NULL */
    struct input *input;             /* likewise */
};

/* How a network comes to its end, in this order. */
enum net_down {
    NET_DOWN_DEAF,  /* nobody can connect any more */
    NET_DOWN_CLOSE, /* all connections end by FIN; true until it has arrived */
    NET_DOWN_CUT,   /* what is left is reset */
    NET_DOWN_LEAVE  /* what was lent to us is given back; true: some frames more
                     * have to leave */
};

/* What an image brings besides its application.  A reference to the service
 * is what links it in; an image that does not refer to it does not hold it. */
struct service {
    const char *name;
    /* What the keys wish for instead of the manifest's limits. */
    void (*wish)(const struct env *, struct limits *);
    /* Bytes of the arena it wants under such limits, for the memory plan. */
    size_t (*bytes)(const struct limits *);
    enum err (*up)(struct env *env);
    /* Right after it: the generator of random numbers is seeded. */
    void (*seeded)(void);
    /* On the fiber that start() will run on: waits for keys that come over the
     * network. */
    void (*settle)(struct env *env);
    /* And for its devices: `n` NICs with so many buffers in a ring. */
    size_t (*nics_bytes)(unsigned n, unsigned ring);
    /* Whether the application has anything open there. */
    bool (*in_use)(const struct net *);
    /* A step to the end.  True: some turns more are wanted for it. */
    bool (*down)(struct net *, enum net_down how, ns_t now);
    /* Before what is said at an end: a console that is a device hears it. */
    void (*last_words)(struct env *);
};
extern const struct service billet_networking; /* netstack and NIC drivers */

struct app {
    const struct manifest *manifest;
    const struct service *networking; /* NULL: none */
    enum err (*start)(struct env *);
    /* What the keys wish for instead of the manifest's limits; may be NULL.  Of
     * `env` keys, log and manifest are there. */
    void (*wish)(const struct env *, struct limits *);
};
extern const struct app billet_app;

/* An ELF note: Elf64_Nhdr, the owner's name, the manifest. */
struct manifest_note {
    uint32_t owner_bytes, desc_bytes, type;
    char owner[8];
    struct manifest desc;
};
enum { MANIFEST_NOTE_TYPE = 1 };

#define BILLET_MANIFEST_(...)                                                  \
    __attribute__((                                                            \
        used, section(".note.billet"),                                         \
        aligned(4))) static const struct manifest_note billet_note_ = {        \
        .owner_bytes = 7,                                                      \
        .desc_bytes = sizeof(struct manifest),                                 \
        .type = MANIFEST_NOTE_TYPE,                                            \
        .owner = "Billet",                                                     \
        .desc = {.abi = APP_ABI, __VA_ARGS__}}

/* What is in an image that is not ours, once in a file that is linked wherever
 * it is: its name, version and licence (SPDX), for `billet inspect`. */
enum { PART_NOTE_TYPE = 4 };
#define BILLET_PART(text)                                                      \
    __attribute__((used, section(".note.billet"),                              \
                   aligned(4))) static const struct {                          \
        uint32_t owner_bytes, desc_bytes, type;                                \
        char owner[8], desc[sizeof(text)];                                     \
    } billet_part_ = {7, sizeof(text), PART_NOTE_TYPE, "Billet", text}

/* Define the image's application, without a network. */
#define BILLET_APP(start_fn, ...)                                              \
    BILLET_MANIFEST_(__VA_ARGS__);                                             \
    const struct app billet_app = {.manifest = &billet_note_.desc,             \
                                   .start = (start_fn)}

/* The same with the network stack; name the networks: .nets = {"uplink"}. */
#define BILLET_NET_APP(start_fn, ...)                                          \
    BILLET_MANIFEST_(__VA_ARGS__);                                             \
    const struct app billet_app = {.manifest = &billet_note_.desc,             \
                                   .networking = &billet_networking,           \
                                   .start = (start_fn)}

/* The same, with limits that depend on keys. */
#define BILLET_NET_APP_WISH(start_fn, wish_fn, ...)                            \
    BILLET_MANIFEST_(__VA_ARGS__);                                             \
    const struct app billet_app = {.manifest = &billet_note_.desc,             \
                                   .networking = &billet_networking,           \
                                   .start = (start_fn),                        \
                                   .wish = (wish_fn)}

/* Disk drivers, and what joins them to the loop. */
struct disks {
    /* Bytes of the arena that they want for so many disks. */
    size_t (*bytes)(void);
    MUST_USE enum err (*up)(struct env *env);
    /* Before it, and before memory is planned: finds the disks, and takes the
     * keys that are on one.  E_NOENT: there are none.  E_INVAL: `error` says
     * why; any other: the log says why. */
    MUST_USE enum err (*configure)(struct env *env, char *error, size_t size);
    bool (*in_use)(void);
    /* The end, in order: what was written and not flushed yet is.  True while
     * there is something to wait for. */
    bool (*down)(void);
    /* Disk number `i` of the machine, whoever has it; NULL: there are no more.
     */
    struct blk *(*nth)(unsigned i);
    /* Whether the boot loader took this image for the first time, to see
     * whether it stands (docs/update.md). */
    bool (*on_trial)(void);
    void (*last_words)(struct env *); /* as a service's */
};
extern const struct disks billet_disks;
extern const struct disks *const billet_app_disks; /* NULL: none */

/* Beside BILLET_APP or one like it: the image drives disks; .blks names them.
 * Without this line it holds nothing of all that. */
#define BILLET_DISKS const struct disks *const billet_app_disks = &billet_disks

/* A file that the owner of the machine gave along: QEMU's
 * -fw_cfg name=opt/billet/NAME,file=PATH; for a process NAME in the folder that
 * BILLET_FILES in its environment names; else what -Dfiles=FOLDER of the build
 * has.  As many of its first bytes as there
 * is room for; 0: there is none, or it is empty. */
size_t given_file(const char *name, struct mspan out);

/* The image and the machine it is on, for status pages. */
struct image_status {
    const char *name, *version, *commit, *machine;
    ns_t boot_ns;          /* from the first instruction to start()'s return;
                            * 0 while start() still runs its first stretch */
    ns_t uptime_ns;        /* since the first instruction */
    uint64_t wall_ns;      /* since 1970, UTC; 0: no clock */
    uint64_t memory_total; /* of the machine */
    uint64_t memory_plan;  /* reserved for this image's limits */
    uint64_t memory_used;  /* of the plan, now in use */
    uint64_t memory_high;  /* the most that ever was */
};
void image_status(const struct env *, struct image_status *out);

/* Memory for ever, zeroed.  Panics when sealed or when it runs out, for both
 * are the author's mistakes: raise limits.arena_bytes. */
void *arena_alloc(struct arena *, size_t n, size_t align);
/* The same, not zeroed: large memory that may never be touched costs nothing
 * at start. */
void *arena_raw(struct arena *, size_t n, size_t align);
#define NEW(env, type)                                                         \
    ((type *)arena_alloc((env)->arena, sizeof(type), _Alignof(type)))
#define NEW_ARRAY(env, type, count)                                            \
    ((type *)arena_alloc((env)->arena, sizeof(type) * (count), _Alignof(type)))

#endif
