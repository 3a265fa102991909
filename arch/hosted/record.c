/* SPDX-License-Identifier: ISC */
/*
 * record.c - the file of a recorded run, written and read.
 *
 * A file is a first line and events: a letter, a length (32 bits, little end
 * first) and so many bytes.  It may have been cut anywhere, and may come from
 * anyone: it is read whole, and each length is checked before it is believed.
 */
#include "record.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ARGS_MAX = 64,    /* beyond: not a record of ours */
    STATE_EVERY = 16, /* turns from one look at the state to the next */
    HEAD_BYTES = 5,   /* of an event */
    DIFFERS = 1,      /* exit statuses */
    UNUSABLE = 2
};
#define FILE_BYTES_MAX (UINT64_C(1) << 40)

static const char magic[] = "billet record 1\n";

static struct {
    enum record_mode mode;
    bool loose; /* only what came in counts, not what was sent */
    const char *file;
    FILE *out;
    uint8_t *p; /* the whole file */
    size_t n, at;
    const char *args[ARGS_MAX + 1];
    unsigned long long turns, in, sent, states;
    uint64_t (*state)(void *user);
    void *user;
} record;

enum record_mode record_mode(void)
{
    return record.mode;
}

static _Noreturn void unusable(const char *why)
{
    fprintf(stderr, "%s: %s\n", record.file, why);
    exit(UNUSABLE);
}

/* ---- writing ---- */

void record_put(enum record_kind kind, struct span head, struct span tail)
{
    uint32_t n = (uint32_t)(head.n + tail.n);
    uint8_t b[HEAD_BYTES] = {(uint8_t)kind, (uint8_t)n, (uint8_t)(n >> 8),
                             (uint8_t)(n >> 16), (uint8_t)(n >> 24)};

    fwrite(b, 1, sizeof(b), record.out);
    if (head.n)
        fwrite(head.p, 1, head.n, record.out);
    if (tail.n)
        fwrite(tail.p, 1, tail.n, record.out);
    record.turns += kind == RECORD_TURN;
}

void record_flush(void)
{
    if (record.out && fflush(record.out))
        unusable("cannot be written");
}

static struct span text(const char *s)
{
    return (struct span){(const uint8_t *)s, strlen(s)};
}

static bool is_ours(const char *arg)
{
    return strncmp(arg, "--record", 8) == 0 || strncmp(arg, "--replay", 8) == 0;
}

static void begin_writing(const char *program, const char *const *args)
{
    static const struct span none;
    const char *name = strrchr(program, '/');
    int fd = open(record.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    record.out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!record.out)
        unusable("cannot be opened for writing");
    record.mode = RECORD_WRITE;
    fwrite(magic, 1, sizeof(magic) - 1, record.out);
    record_put(RECORD_PROGRAM, text(name ? name + 1 : program), none);
    for (unsigned n = 0; *args; args++) {
        if (is_ours(*args))
            continue;
        if (n == ARGS_MAX)
            unusable("too many arguments for a record");
        record.args[n++] = *args;
        record_put(RECORD_ARG, text(*args), none);
    }
}

/* ---- reading ---- */

static uint32_t length_at(size_t at)
{
    const uint8_t *p = record.p + at + 1;

    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

/* Whether a whole event stands there: a run may have been cut short. */
static bool whole(void)
{
    return record.n - record.at >= HEAD_BYTES &&
           record.n - record.at - HEAD_BYTES >= length_at(record.at);
}

/* What is not looked at is passed over. */
static void skip(void)
{
    while (record.loose && whole() &&
           memchr("OBSX", record.p[record.at], 4) != NULL)
        record_next();
}

bool record_at_end(void)
{
    skip();
    return !whole();
}

bool record_is_loose(void)
{
    return record.loose;
}

bool record_is(enum record_kind kind, struct span *out)
{
    skip();
    if (!whole() || record.p[record.at] != (uint8_t)kind)
        return false;
    *out =
        (struct span){record.p + record.at + HEAD_BYTES, length_at(record.at)};
    return true;
}

void record_next(void)
{
    uint8_t kind = record.p[record.at];

    record.turns += kind == RECORD_TURN;
    record.in += kind == RECORD_IN;
    record.sent += kind == RECORD_OUT;
    record.states += kind == RECORD_STATE;
    record.at += HEAD_BYTES + length_at(record.at);
}

static void load(void)
{
    int fd = open(record.file, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
        unusable("no file that can be read");
    if (st.st_size < (off_t)sizeof(magic) - 1 ||
        (uint64_t)st.st_size > FILE_BYTES_MAX)
        unusable("not a record");
    record.p = malloc((size_t)st.st_size);
    if (!record.p)
        unusable("too long for this machine's memory");
    while (record.n < (size_t)st.st_size) {
        ssize_t got =
            read(fd, record.p + record.n, (size_t)st.st_size - record.n);

        if (got <= 0)
            break;
        record.n += (size_t)got;
    }
    close(fd);
}

/* Arguments are taken into memory of their own, each ended by a zero. */
static void take_args(void)
{
    unsigned n = 0;
    struct span a;

    while (record_is(RECORD_ARG, &a)) {
        char *copy = n < ARGS_MAX ? malloc(a.n + 1) : NULL;

        if (!copy || memchr(a.p, 0, a.n))
            unusable("arguments that cannot be");
        memcpy(copy, a.p, a.n);
        copy[a.n] = 0;
        if (is_ours(copy))
            unusable("a record of a replay");
        record.args[n++] = copy;
        record_next();
    }
}

static void begin_reading(const char *program)
{
    const char *name = strrchr(program, '/');
    struct span p;

    load();
    if (record.n < sizeof(magic) - 1 ||
        memcmp(record.p, magic, sizeof(magic) - 1) != 0)
        unusable("not a record");
    record.at = sizeof(magic) - 1;
    name = name ? name + 1 : program;
    if (!record_is(RECORD_PROGRAM, &p))
        unusable("a record that does not say of what");
    if (p.n != strlen(name) || memcmp(p.p, name, p.n) != 0)
        unusable("a record of another program");
    record_next();
    take_args();
    record.mode = RECORD_READ;
}

const char *const *record_args(void)
{
    return record.args;
}

void record_init(const char *program, const char *const *args)
{
    for (const char *const *a = args; *a; a++) {
        bool reads = strncmp(*a, "--replay", 8) == 0;
        const char *eq = strchr(*a, '=');

        record.loose = strncmp(*a, "--replay-inputs=", 16) == 0;
        if (!eq || (!record.loose && strncmp(*a, "--replay=", 9) != 0 &&
                    strncmp(*a, "--record=", 9) != 0))
            continue;
        record.file = eq + 1;
        if (reads)
            begin_reading(program);
        else
            begin_writing(program, args);
        return;
    }
}

void record_differs(const char *format, ...)
{
    va_list args;

    fflush(NULL);
    fprintf(stderr,
            "replay: DIFFERENT in turn %llu, after %llu frames in and "
            "%llu out: ",
            record.turns, record.in, record.sent);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    _exit(DIFFERS);
}

void record_same(void)
{
    fflush(NULL);
    if (record.at != record.n && !whole())
        fprintf(stderr, "replay: the record ends in the middle of an event\n");
    fprintf(stderr,
            "replay: %s: %llu turns, %llu frames in, %llu frames "
            "out, %llu states\n",
            record.loose ? "ended in order" : "the same", record.turns,
            record.in, record.sent, record.states);
    _exit(0);
}

/* ---- the state ---- */

void record_watch(uint64_t (*state)(void *user), void *user)
{
    record.state = state;
    record.user = user;
}

void record_state(bool now)
{
    static const struct span none;
    uint64_t is;
    uint8_t b[8];
    struct span was;

    if (!record.state || record.loose || (!now && record.turns % STATE_EVERY))
        return;
    is = record.state(record.user);
    for (unsigned i = 0; i < sizeof(b); i++)
        b[i] = (uint8_t)(is >> 8 * i);
    if (record.mode == RECORD_WRITE) {
        record_put(RECORD_STATE, (struct span){b, sizeof(b)}, none);
        return;
    }
    if (!record_is(RECORD_STATE, &was)) {
        if (record_at_end())
            return;
        record_differs("no state was written here");
    }
    if (was.n != sizeof(b) || memcmp(was.p, b, sizeof(b)) != 0)
        record_differs("another state of the stack");
    record_next();
}
