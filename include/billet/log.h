/* SPDX-License-Identifier: ISC */
/*
 * log.h - lines for the owner of the machine.
 *
 * A source is a short name ("dhcp", "web"); `--logs=info,dhcp:debug` sets
 * levels.  Lines go to the console and into a ring buffer that an application
 * can show.  Each source has a token bucket (100 lines at once, 20 a second
 * after that), so nobody outside can make the machine spend its time talking;
 * what was held back is counted and said in the next line of that source.
 */
#ifndef BILLET_LOG_H
#define BILLET_LOG_H

#include <billet/base.h>

struct log;

/* From nothing at all to everything; each holds those before it. */
enum log_level { LOG_QUIET, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* printf's %s %c %d %i %u %x %X %p %% with h, hh, l, ll, z, width, precision
 * (`*` too), 0 and '-'.  A line longer than 240 bytes is cut.  Bytes below 0x20
 * and 0x7f from arguments are shown as '?', for a peer may have chosen them. */
void log_line(struct log *, enum log_level, const char *source,
              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether such a line would be written; for costly arguments. */
bool log_on(const struct log *, enum log_level, const char *source);

/* log_line() at a level. */
#define log_error(log, source, ...)                                            \
    log_line(log, LOG_ERROR, source, __VA_ARGS__)
#define log_warn(log, source, ...) log_line(log, LOG_WARN, source, __VA_ARGS__)
#define log_info(log, source, ...) log_line(log, LOG_INFO, source, __VA_ARGS__)
#define log_debug(log, source, ...)                                            \
    log_line(log, LOG_DEBUG, source, __VA_ARGS__)

/* What the application itself says, as it is, with no time or level before it:
 * "print" of a program.  Always shown, never rate-limited. */
void print_line(struct log *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The ring's text from `*at` on, oldest first; moves *at.  Empty when there is
 * no more.  Start with 0.  Valid until the next line is logged. */
struct span log_read(const struct log *, uint64_t *at);

#endif
