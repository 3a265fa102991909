/* SPDX-License-Identifier: ISC */
/*
 * machine.c - a Linux process as a machine.
 */
#include <billet/machine.h>
#include <errno.h>
#include <execinfo.h>
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
#include "watch.h"

enum {
    MEMORY_MIB = 512, /* reserved, and touched only as far as it is used */
    MEMORY_MIB_MAX = 65536,
    FRAMES_MAX = 64
};
#define END_NS NS_PER_SEC /* to end in order, after a signal */

static struct {
    const char *const *args;
    ns_t start; /* CLOCK_MONOTONIC when main() began */
    ns_t ends;  /* 0: nobody has asked for the end */
    size_t memory_bytes;
    bool memory_taken, woken;
    struct pollfd watch[1 + WATCHES_MAX]; /* the first is end_event */
    nfds_t nwatches;
} process;

/* Set by SIGINT and SIGTERM; the loop looks at it through machine_now().  The
 * event ends a wait that began after the look, before the signal. */
static volatile sig_atomic_t asked_to_end;
static int end_event = -1;

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

static size_t memory_wanted(void)
{
    const char *text = getenv("BILLET_MEMORY_MB");
    unsigned long mib = text ? strtoul(text, NULL, 10) : 0;

    return (size_t)(mib == 0 || mib > MEMORY_MIB_MAX ? MEMORY_MIB : mib) << 20;
}

void hosted_init(const char *const *args)
{
    struct sigaction end = {.sa_handler = on_signal};

    process.args = args;
    process.start = clock_ns(CLOCK_MONOTONIC);
    process.memory_bytes = memory_wanted();
    end_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    process.watch[0] = (struct pollfd){.fd = end_event, .events = POLLIN};
    process.nwatches = 1;
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
}

/* Code that never comes back to the loop is ended from here, in the end. */
ns_t machine_now(void)
{
    ns_t now = clock_ns(CLOCK_MONOTONIC) - process.start;

    if (asked_to_end && process.ends == 0)
        process.ends = now + END_NS;
    if (process.ends && now >= process.ends)
        exit(0);
    return now;
}

bool machine_ending(void)
{
    return asked_to_end;
}

uint64_t machine_wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
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

void machine_wait(ns_t deadline)
{
    ns_t now = machine_now();
    ns_t left = deadline > now ? deadline - now : 0;
    struct timespec t = {.tv_sec = (time_t)(left / NS_PER_SEC),
                         .tv_nsec = (long)(left % NS_PER_SEC)};

    if (ppoll(process.watch, process.nwatches, deadline == NS_NEVER ? NULL : &t,
              NULL) > 0)
        process.woken = true;
}

bool machine_woken(void)
{
    bool woken = process.woken;

    process.woken = false;
    return woken;
}

bool machine_random(struct mspan out)
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

uint64_t machine_memory_total(void)
{
    return process.memory_bytes;
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

    if (!name[0] && uname(&u) == 0)
        snprintf(name, sizeof(name), "%.32s %.64s, a process", u.sysname,
                 u.release);
    return name;
}

_Noreturn void machine_exit(int status)
{
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
