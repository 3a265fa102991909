/* SPDX-License-Identifier: ISC */
/*
 * machine.c - a Linux process as a machine.
 */
#include <billet/machine.h>
#include <errno.h>
#include <execinfo.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "hosted.h"
#include "record.h"
#include "watch.h"

enum {
    MEMORY_MIB = 512, /* reserved, and touched only as far as it is used */
    MEMORY_MIB_MAX = 65536,
    FRAMES_MAX = 64
};
#define SEEN_NS NS_PER_SEC        /* to see a signal that asks for the end */
#define END_NS  (20 * NS_PER_SEC) /* and to end in order */
/* What is waited for exactly; up to there, in poll()'s milliseconds from the
 * clock as it was read last, which costs half. */
#define EXACT_NS (10 * NS_PER_MS)

static struct {
    const char *const *args;
    ns_t start;     /* CLOCK_MONOTONIC when main() began */
    ns_t ends;      /* 0: nobody has asked for the end */
    ns_t read;      /* the clock, as it was read last */
    ns_t suspended; /* of the time before, as it was seen last; 0: never */
    size_t memory_bytes;
    bool memory_taken, woken, ended, seen;
    /* Of a recorded run, or one that is run again: time stands still within a
     * turn, and the wall clock goes as the other does. */
    ns_t turn, wall_from;
    char name[128];
    struct pollfd watch[1 + WATCHES_MAX]; /* the first is end_event */
    nfds_t nwatches;
} process;

/* Set by SIGINT and SIGTERM; the loop looks at it through machine_now().  The
 * event ends a wait that began after the look, before the signal. */
static volatile sig_atomic_t asked_to_end;
static int end_event = -1;
static volatile sig_atomic_t hangups;

static ns_t clock_ns(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (ns_t)t.tv_sec * NS_PER_SEC + (ns_t)t.tv_nsec;
}

/* The first signal ends the process in order, between two turns of the loop; a
 * second one, should that not come about, at once. */
static void on_signal(int number)
{
    int before = errno;
    uint64_t one = 1;

    if (asked_to_end || write(end_event, &one, sizeof(one)) < 0)
        _exit(128 + number);
    asked_to_end = 1;
    errno = before;
}

static void on_hangup(int number)
{
    (void)number;
    hangups = hangups + 1;
}

static size_t memory_wanted(void)
{
    const char *text = getenv("BILLET_MEMORY_MB");
    unsigned long mib = text ? strtoul(text, NULL, 10) : 0;

    return (size_t)(mib == 0 || mib > MEMORY_MIB_MAX ? MEMORY_MIB : mib) << 20;
}

static void put_u64(uint8_t *b, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_u64(const uint8_t *b)
{
    uint64_t v = 0;

    for (unsigned i = 8; i-- > 0;)
        v = v << 8 | b[i];
    return v;
}

/* The machine itself, written down or taken from the record. */
static void take_machine(void)
{
    uint8_t b[24];
    struct span in;

    process.args = record_args();
    if (record_mode() == RECORD_WRITE) {
        const char *name = machine_name();

        process.turn = clock_ns(CLOCK_MONOTONIC) - process.start;
        process.wall_from = clock_ns(CLOCK_REALTIME) - process.turn;
        put_u64(b, process.memory_bytes);
        put_u64(b + 8, process.turn);
        put_u64(b + 16, process.wall_from);
        record_put(RECORD_MACHINE, (struct span){b, sizeof(b)},
                   (struct span){(const uint8_t *)name, strlen(name)});
        return;
    }
    if (!record_is(RECORD_MACHINE, &in) || in.n < sizeof(b) ||
        in.n - sizeof(b) >= sizeof(process.name))
        record_differs("the record has no machine");
    if (get_u64(in.p) >> 20 == 0 || get_u64(in.p) >> 20 > MEMORY_MIB_MAX)
        record_differs("a machine of so much memory cannot be");
    process.memory_bytes = get_u64(in.p) & ~(size_t)(MACHINE_PAGE_BYTES - 1);
    process.turn = get_u64(in.p + 8);
    process.wall_from = get_u64(in.p + 16);
    memcpy(process.name, in.p + sizeof(b), in.n - sizeof(b));
    record_next();
}

void hosted_init(const char *const *args)
{
    struct sigaction end = {.sa_handler = on_signal};
    struct sigaction again = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};

    process.args = args;
    process.start = clock_ns(CLOCK_MONOTONIC);
    process.memory_bytes = memory_wanted();
    end_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    process.watch[0] = (struct pollfd){.fd = end_event, .events = POLLIN};
    process.nwatches = 1;
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGHUP, &again, NULL);
    if (record_mode() != RECORD_OFF)
        take_machine();
}

/* Code that never comes back to the loop is ended from here, in the end. */
static ns_t real_now(void)
{
    ns_t now = clock_ns(CLOCK_MONOTONIC) - process.start;

    if (asked_to_end && process.ends == 0)
        process.ends = now + SEEN_NS;
    if (process.ends && now >= process.ends)
        exit(0);
    process.read = now;
    return now;
}

ns_t machine_now(void)
{
    return record_mode() == RECORD_OFF ? real_now() : process.turn;
}

ns_t machine_turn(void)
{
    uint8_t b[8];
    struct span in;

    if (record_mode() == RECORD_OFF)
        return real_now();
    if (record_mode() == RECORD_WRITE) {
        process.turn = real_now();
        put_u64(b, process.turn);
        record_put(RECORD_TURN, (struct span){b, sizeof(b)}, (struct span){0});
        record_flush();
        return process.turn;
    }
    if (asked_to_end)
        _exit(128 + SIGINT);
    if (record_at_end())
        record_same();
    if (!record_is(RECORD_TURN, &in) || in.n != 8)
        record_differs(record_is(RECORD_OUT, &in)
                           ? "a frame that was sent then is not sent now"
                           : "something that happened then does not now");
    if (get_u64(in.p) < process.turn || get_u64(in.p) >> 62)
        record_differs("a clock that goes backwards, or too far");
    process.turn = get_u64(in.p);
    record_next();
    return process.turn;
}

/* What CLOCK_MONOTONIC leaves out: the computer was suspended. */
ns_t machine_slept(void)
{
    ns_t suspended, slept;

    if (record_mode() != RECORD_OFF)
        return 0;
    suspended = clock_ns(CLOCK_BOOTTIME) - clock_ns(CLOCK_MONOTONIC);
    slept = suspended - process.suspended;
    if (process.suspended == 0 || slept >= UINT64_MAX / 2)
        slept = 0;
    if (process.suspended == 0 || slept >= 2 * NS_PER_SEC)
        process.suspended = suspended;
    return slept >= 2 * NS_PER_SEC ? slept : 0;
}

bool machine_ending(void)
{
    struct span none = {0};

    if (record_mode() == RECORD_READ && record_is(RECORD_END, &none)) {
        process.ended = true;
        record_next();
    } else if (record_mode() == RECORD_WRITE && asked_to_end &&
               !process.ended) {
        process.ended = true;
        record_put(RECORD_END, none, none);
    }
    if (asked_to_end && !process.seen) {
        process.seen = true;
        process.ends = process.read + END_NS;
    }
    return record_mode() == RECORD_OFF ? asked_to_end : process.ended;
}

/* Nothing catches its signal. */
bool machine_feed(unsigned seconds)
{
    alarm(seconds);
    return true;
}

uint64_t machine_hangups(void)
{
    return record_mode() == RECORD_OFF ? (uint64_t)hangups : 0;
}

uint64_t machine_wall_ns(void)
{
    if (record_mode() != RECORD_OFF)
        return process.wall_from + process.turn;
    return clock_ns(CLOCK_REALTIME);
}

const char *machine_clock(void)
{
    return "the host";
}

ns_t machine_boot_ns(void)
{
    return 0;
}

bool machine_watch(int fd)
{
    if (process.nwatches == ARRAY_LEN(process.watch))
        return false;
    process.watch[process.nwatches++] =
        (struct pollfd){.fd = fd, .events = POLLIN};
    return true;
}

static struct pollfd *find_watch(int fd)
{
    for (nfds_t i = 0; i < process.nwatches; i++)
        if (process.watch[i].fd == fd)
            return &process.watch[i];
    panic(__FILE__, __LINE__, "a descriptor that is not watched");
}

void machine_watch_writable(int fd, bool on)
{
    find_watch(fd)->events = on ? POLLIN | POLLOUT : POLLIN;
}

void machine_unwatch(int fd)
{
    struct pollfd *gone = find_watch(fd);

    *gone = process.watch[--process.nwatches];
}

static int wait_exactly(ns_t deadline)
{
    ns_t now = real_now();
    ns_t left = deadline > now ? deadline - now : 0;
    struct timespec t = {.tv_sec = (time_t)(left / NS_PER_SEC),
                         .tv_nsec = (long)(left % NS_PER_SEC)};

    return ppoll(process.watch, process.nwatches, &t, NULL);
}

/* Somewhat less than the whole of it. */
static int wait_roughly(ns_t deadline)
{
    ns_t left = (deadline - process.read - EXACT_NS / 2) / NS_PER_MS;

    return poll(process.watch, process.nwatches,
                left < INT_MAX ? (int)left : INT_MAX);
}

void machine_wait(ns_t deadline)
{
    int ready = 0;

    if (record_mode() == RECORD_READ)
        return; /* the next turn is in the record */
    if (deadline > process.read + EXACT_NS && !asked_to_end)
        ready = wait_roughly(deadline);
    if (ready == 0)
        ready = wait_exactly(deadline);
    if (ready > 0)
        process.woken = true;
}

bool machine_woken(void)
{
    bool woken = process.woken;

    process.woken = false;
    return woken;
}

static bool random_bytes(struct mspan out)
{
    while (out.n) {
        ssize_t got = getrandom(out.p, out.n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        out = (struct mspan){out.p + got, out.n - (size_t)got};
    }
    return true;
}

bool machine_random(struct mspan out)
{
    struct span was;
    bool good;

    if (record_mode() == RECORD_READ) {
        if (!record_is(RECORD_RANDOM, &was) && record_is_loose()) {
            memset(out.p, 0, out.n); /* other code asks at other times */
            return true;
        }
        if (!record_is(RECORD_RANDOM, &was) || was.n != out.n)
            record_differs("other random bytes are asked for");
        memcpy(out.p, was.p, was.n);
        record_next();
        return true;
    }
    good = random_bytes(out);
    if (good && record_mode() == RECORD_WRITE)
        record_put(RECORD_RANDOM, (struct span){out.p, out.n},
                   (struct span){0});
    return good;
}

/* A process has no part in what happens to its machine. */
const volatile uint64_t *machine_epoch(void)
{
    static const uint64_t never[2];

    return never;
}

const struct entropy *machine_entropy(void)
{
    return NULL;
}

/* The kernel's generator has better sources than a device could be. */
void machine_seed(struct span entropy)
{
    (void)entropy;
}

void machine_log(struct span text)
{
    while (text.n) {
        ssize_t n = write(STDOUT_FILENO, text.p, text.n);

        if (n < 0 && errno == EAGAIN) {
            struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

            poll(&out, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return; /* nobody is there to be told */
        } else if (n > 0) {
            text = (struct span){text.p + n, text.n - (size_t)n};
        }
    }
}

struct mspan machine_memory(void)
{
    void *p;

    if (process.memory_taken)
        return (struct mspan){0};
    process.memory_taken = true;
    p = mmap(NULL, process.memory_bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return (struct mspan){0};
    return (struct mspan){p, process.memory_bytes};
}

/* The kernel has chosen addresses and canary. */
size_t machine_scatter(size_t room)
{
    (void)room;
    return 0;
}

uint64_t machine_base(void)
{
    return 0;
}

void machine_new_canary(void)
{
}

uint64_t machine_memory_total(void)
{
    return process.memory_bytes;
}

size_t machine_config(struct mspan out)
{
    (void)out;
    return 0;
}

struct span machine_smbios(void)
{
    return (struct span){0}; /* the host's is not about this process */
}

/* That of Linux is the same for all of its processes. */
bool machine_id(uint8_t out[MACHINE_ID_BYTES])
{
    (void)out;
    return false;
}

void machine_guard(void *p, size_t n)
{
    if (mprotect(p, n, PROT_NONE))
        panic(__FILE__, __LINE__, "mprotect failed");
}

const char *const *machine_args(void)
{
    return process.args;
}

const char *machine_name(void)
{
    static char name[128];
    struct utsname u;

    if (process.name[0])
        return process.name;
    if (!name[0] && uname(&u) == 0)
        snprintf(name, sizeof(name), "%.32s %.64s, a process", u.sysname,
                 u.release);
    return name;
}

_Noreturn void machine_exit(int status)
{
    uint8_t b = (uint8_t)status;
    struct span was;

    if (record_mode() != RECORD_OFF)
        record_state(true);
    if (record_mode() == RECORD_WRITE)
        record_put(RECORD_EXIT, (struct span){&b, 1}, (struct span){0});
    if (record_mode() == RECORD_READ && record_is_loose())
        record_same();
    if (record_mode() == RECORD_READ && !record_at_end()) {
        if (!record_is(RECORD_EXIT, &was) || was.n != 1 || was.p[0] != b)
            record_differs("the process ends with status %d", status);
        record_next();
        record_same();
    }
    exit(status);
}

_Noreturn void machine_reset(void)
{
    exit(0);
}

_Noreturn void panic(const char *file, int line, const char *what)
{
    void *frame[FRAMES_MAX];

    fflush(NULL);
    fprintf(stderr, "panic: %s:%d: %s\n", file, line, what);
    backtrace_symbols_fd(frame, backtrace(frame, FRAMES_MAX), STDERR_FILENO);
    abort();
}
