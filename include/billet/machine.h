/* SPDX-License-Identifier: ISC */
/*
 * machine.h - what arch/<machine> gives the rest; nothing else may know which
 * machine it runs on.
 *
 * Implemented by arch/x86_64 (bare metal) and arch/hosted (a Linux process).
 * Only boot/, lib/fiber, lib/log and crypto/ call it; the cores get time and
 * randomness as arguments.
 */
#ifndef BILLET_MACHINE_H
#define BILLET_MACHINE_H

#include <billet/base.h>

/* Monotonic time since the first instruction (bare) or start (hosted). */
ns_t machine_now(void);

/* The same for the loop, once a turn: where a run is recorded, machine_now()
 * says this until the next. */
ns_t machine_turn(void);

/* Nanoseconds since 1970-01-01 UTC; 0 when the machine has no clock. */
uint64_t machine_wall_ns(void);

/* How long the machine stood still while the world went on, since the last call:
 * it was stopped, or goes on from a snapshot.  To the second, by the clock of
 * the board; 0 below two of them.  Ask once a second, or less often. */
ns_t machine_slept(void);

/*
 * Sleep until the deadline or a wake-up, whichever is first; returns at once
 * when a wake-up is already pending.  NS_NEVER: only a wake-up ends it.
 * A wake-up is any device interrupt, or in a process any watched descriptor.
 */
void machine_wait(ns_t deadline);

/* Whether a wake-up came since the last call, which clears it. */
bool machine_woken(void);

/*
 * Fill `out` with random bytes, 65,536 at most, fit for keys.  False, and
 * nothing is written, while no source that can be believed has given 256 bits;
 * true once is true for ever.  docs/entropy.md.
 */
MUST_USE bool machine_random(struct mspan out);

/* Test and stir in bytes of a virtio-rng. */
void machine_seed(struct span entropy);

/* Two words that change when this machine goes on from a snapshot: what was
 * drawn before is no secret any more.  The same pointer for ever; the words
 * change under one's feet. */
const volatile uint64_t *machine_epoch(void);

/* What the bytes are made of (lib/entropy/entropy.h), for the log and for
 * counters.  NULL: the host's kernel makes them. */
struct entropy;
const struct entropy *machine_entropy(void);

/* Write to every console there is.  Never blocks for longer than the UART
 * takes; '\n' is expanded to "\r\n" where the console wants that. */
void machine_log(struct span text);

/* The largest region of free memory, page-aligned; what boot cuts the arena
 * from.  Not zeroed.  Takes it: a second call returns an empty span. */
struct mspan machine_memory(void);

/* How many of `room` bytes that are left over to leave free in front, in whole
 * pages: random, so that nobody knows where the rest is.  The same for the
 * same `room`. */
size_t machine_scatter(size_t room);

/* Where the image begins: random.  0: nobody here knows. */
uint64_t machine_base(void);

/* Let a function's frame be guarded by another random word, of
 * machine_random(), from here on: no function that is running may return. */
void machine_new_canary(void);

/* Bytes of memory the machine has in all, as its map says. */
uint64_t machine_memory_total(void);

/* Make [p, p+n) fault on any access; both page-aligned, inside
 * machine_memory().  Used below stacks. */
enum { MACHINE_PAGE_BYTES = 4096 };
void machine_guard(void *p, size_t n);

/* The command line's arguments: NULL-terminated, without the image's name.
 * Quotes are already taken off.  Valid for ever. */
const char *const *machine_args(void);

/* A file that the owner gave along by its name: opt/billet/NAME of QEMU's
 * -fw_cfg; for a process NAME in the folder that BILLET_FILES names.  As many
 * of its first bytes as there is room for; 0: no such file. */
size_t machine_file(const char *name, struct mspan out);

/* The keys that QEMU's -fw_cfg gives, as opt/org.billet/config or
 * opt/billet/config; else as machine_file().  A process has none. */
size_t machine_config(struct mspan out);

/* What the machine is, for logs and metrics: "QEMU q35 by multiboot". */
const char *machine_name(void);

/* What the host calls this machine, the same after each start and another for
 * each machine: the UUID of SMBIOS.  False when it says none. */
enum { MACHINE_ID_BYTES = 16 };
bool machine_id(uint8_t out[MACHINE_ID_BYTES]);

/* SMBIOS's structures, one after the other, as firmware has left them; empty:
 * there are none.  Nothing about them is checked. */
struct span machine_smbios(void);

/* How it knows the time and what wakes it, for the log: "kvmclock, woken by the
 * TSC".  Valid until the next call. */
const char *machine_clock(void);

/* When the first instruction ran, on machine_now()'s scale; normally 0. */
ns_t machine_boot_ns(void);

/* Whether the owner has asked for the end: the power button (bare), SIGINT or
 * SIGTERM (hosted), where who does not look for a second is ended, and who does
 * has 20 seconds. */
bool machine_ending(void);

/* How often the owner has asked that files be read again: by SIGHUP (hosted),
 * unless the run is recorded. */
uint64_t machine_hangups(void);

/* A watchdog ends the machine as the host has it (bare: i6300esb) or the
 * process (SIGALRM), unless it is fed again within so many seconds, at most
 * MACHINE_WATCHDOG_MAX.  Begins at the first call.  False: there is none. */
enum { MACHINE_WATCHDOG_MAX = 600 };
MUST_USE bool machine_feed(unsigned seconds);

/* Power off (bare) or exit (hosted).  Status 0 is success; any other leaves
 * through isa-debug-exit or pvpanic when there is one, so a host can see it. */
_Noreturn void machine_exit(int status);

/* Restart the machine (bare) or exit with status 0 (hosted). */
_Noreturn void machine_reset(void);

/* A flow of control with a stack of its own.  Zero is right for the flow that
 * already runs. */
struct context {
    void *sp;
    /* For AddressSanitizer in a process, which must know the stack. */
    const void *stack;
    size_t stack_bytes;
    void *fake;
};

/* Prepare `c` so that the first switch to it calls entry(arg) on `stack`.
 * entry never returns. */
void context_init(struct context *c, struct mspan stack,
                  void (*entry)(void *arg), void *arg);

/* Save this flow into `from`, go on with `to`.  Saves callee-saved registers
 * and the floating-point control words. */
void context_switch(struct context *from, struct context *to);

#endif
