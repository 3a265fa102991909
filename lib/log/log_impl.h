/* SPDX-License-Identifier: ISC */
/*
 * log_impl.h - the log as its owner sees it; everyone else uses log.h.
 */
#ifndef LOG_IMPL_H
#define LOG_IMPL_H

#include <billet/log.h>
#include <billet/metrics.h>

enum {
    LOG_LINE_BYTES = 240,   /* of a line's text; longer ones are cut */
    LOG_PRINT_BYTES = 1024, /* of what print_line() takes at once */
    LOG_SOURCES_MAX = 32,   /* with a bucket or level of their own; all further
                             * sources share the last one */
    LOG_NAME_BYTES = 16,
    LOG_BURST = 100, /* lines of a source at once */
    LOG_RATE = 20    /* and lines a second after that */
};

#define LOG_METRICS(X)                                                         \
    X(COUNTER, lines, "", "Lines logged")                                      \
    X(COUNTER, held_back, "", "Lines held back because their source had many")
METRICS_STRUCT(log, LOG_METRICS);
extern const struct metrics_group log_metrics_group;

struct log_source {
    char name[LOG_NAME_BYTES];
    enum log_level level;
    uint32_t tokens, held_back;
    ns_t refilled;
};

struct log {
    void (*sink)(struct span line);
    ns_t (*clock)(void);
    struct log_metrics metrics;
    enum log_level level;   /* of sources that --logs does not name */
    enum log_level highest; /* of any source */
    unsigned nsources;
    struct log_source source[LOG_SOURCES_MAX];
    struct mspan ring;
    uint64_t begin, end; /* bytes ever written: the ring has [begin, end) */
    /* For whoever sends the lines on: the first that it has not taken, and how
     * many the ring forgot before it did.  NULL: nobody does. */
    uint64_t unsent, *lost;
};

/* `ring` keeps the newest lines and stays the log's; empty: none are kept.
 * `sink` gets each whole line with its '\n' (machine_log); `clock` dates it
 * (machine_now). */
void log_init(struct log *, struct mspan ring, void (*sink)(struct span),
              ns_t (*clock)(void));

/* The next line for who sends them on, without its '\n' and cut to `room`.
 * False when there is none. */
bool log_take(struct log *, char *out, size_t room, size_t *n);

/* "info,dhcp:debug", in place of the levels before; log_levels_check() has
 * found the text good. */
void log_levels(struct log *, struct span text);

/* For the key's `check`: NULL, or the words for what is accepted. */
const char *log_levels_check(struct span text);

#endif
