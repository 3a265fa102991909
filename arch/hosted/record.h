/* SPDX-License-Identifier: ISC */
/*
 * record.h - a run of the process as a file: everything that came in from
 * outside, and what went out, so that it can be run again.
 *
 * docs/testing.md has the format.  Clock, randomness and arguments are
 * machine.c's; frames are drivers/host/tape.c's.  One run a process.
 */
#ifndef HOSTED_RECORD_H
#define HOSTED_RECORD_H

#include <billet/base.h>

enum record_mode { RECORD_OFF, RECORD_WRITE, RECORD_READ };

/* What an event is; the letter is its first byte in the file. */
enum record_kind {
    RECORD_PROGRAM = 'P',
    RECORD_ARG = 'A',
    RECORD_MACHINE = 'M', /* memory, clock, wall clock, name */
    RECORD_RANDOM = 'R',
    RECORD_FILE = 'F', /* one that the owner gave along */
    RECORD_NIC = 'N',
    RECORD_TURN = 'T',
    RECORD_IN = 'I',
    RECORD_OUT = 'O',
    RECORD_BLOCKED = 'B', /* the device took no more */
    RECORD_LINK = 'L',
    RECORD_STATE = 'S',
    RECORD_END = 'E', /* a signal asked for the end */
    RECORD_EXIT = 'X'
};

enum record_mode record_mode(void);

/* Looks for --record=FILE, --replay=FILE and --replay-inputs=FILE; ends the
 * process when the file cannot be used. */
void record_init(const char *program, const char *const *args);

/* Arguments of the run, without the one about recording. */
const char *const *record_args(void);

/* ---- writing ---- */
/* One event of two parts; the second may be empty. */
void record_put(enum record_kind, struct span head, struct span tail);
/* So that a run that ends badly is in the file up to here. */
void record_flush(void);

/* ---- reading ---- */
/* Whether the next event is of that kind; `out` is what it holds. */
bool record_is(enum record_kind, struct span *out);
bool record_at_end(void);
/* Whether only what came in counts (--replay-inputs). */
bool record_is_loose(void);
/* On to the next event. */
void record_next(void);
/* Says in what this run is another one, and ends the process with status 1. */
_Noreturn void record_differs(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
/* Says that it was the same, and ends the process. */
_Noreturn void record_same(void);

/* Works out a number for the state of everything, to compare; at most one. */
void record_watch(uint64_t (*state)(void *user), void *user);
/* Writes or compares it, if the time for it has come or `now` is true. */
void record_state(bool now);

#endif
