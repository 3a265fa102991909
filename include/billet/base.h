/* SPDX-License-Identifier: ISC */
/*
 * base.h - the vocabulary every module shares.
 *
 * Freestanding: needs only the compiler's own headers.  No other header of
 * this project may be required to read this one.
 */
#ifndef BILLET_BASE_H
#define BILLET_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Monotonic nanoseconds since boot.  64 bits do not wrap for 584 years. */
typedef uint64_t ns_t;
#define NS_NEVER   UINT64_MAX
#define NS_PER_US  UINT64_C(1000)
#define NS_PER_MS  UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)

/* Borrowed bytes.  A span never owns; its lender says how long it lasts. */
struct span {
    const uint8_t *p;
    size_t n;
};

/* The same, writable. */
struct mspan {
    uint8_t *p;
    size_t n;
};

/* A span over a string literal, without its terminating zero. */
#define SPAN(literal)                                                          \
    ((struct span){(const uint8_t *)(literal), sizeof(literal) - 1})

/* Why a call could not be done.  Zero is success, so `if (err)` reads well.
 * err_name() in lib/base/err.c has the words; keep the two in step. */
enum err {
    OK = 0,
    E_AGAIN,   /* nothing now; an event will say when to try again */
    E_FULL,    /* a hard limit was met; shed load or wait for room */
    E_INVAL,   /* the caller's argument; a bug or bad configuration */
    E_CLOSED,  /* orderly end, by either side */
    E_RESET,   /* abortive end, by the peer */
    E_REFUSED, /* the peer answered, and the answer was no */
    E_TIMEOUT, /* the peer fell silent */
    E_UNREACH, /* no route, or the network said no */
    E_PROTO,   /* the peer broke the protocol */
    E_NOENT,   /* no such name */
    E_IO       /* the device failed */
};

/* The words for an error, as a log line wants them: "timed out". */
const char *err_name(enum err);

#define MUST_USE __attribute__((warn_unused_result))
/* The object that `ptr` is a member of. */
#define CONTAINER(ptr, type, member)                                           \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
/* Of an array, never of a pointer. */
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* What is rare stays out of the functions that every packet runs through, for
 * it would take their registers: 40 instructions less for each frame. */
#define RARE __attribute__((noinline, cold))

/*
 * Bytes that several owners may hold at once: packet blocks, loans.  Counts
 * are plain integers, for there is one thread.  Embed; free() runs once, when
 * the last reference goes.
 */
struct buf {
    uint32_t refs;
    void (*free)(struct buf *);
};

/* One more holder. */
static inline struct buf *buf_hold(struct buf *b)
{
    b->refs++;
    return b;
}

/* One holder less; the last one frees it. */
static inline void buf_drop(struct buf *b)
{
    if (--b->refs == 0)
        b->free(b);
}

/* Memory that belongs to nobody just now, free objects of a pool for one: with
 * AddressSanitizer any access to it is reported, else these are nothing. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BASE_ASAN_ 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define BASE_ASAN_ 1
#endif
#ifdef BASE_ASAN_
void __asan_poison_memory_region(void const volatile *p, size_t n);
void __asan_unpoison_memory_region(void const volatile *p, size_t n);
#define MEM_POISON(p, n)   __asan_poison_memory_region(p, n)
#define MEM_UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#else
#define MEM_POISON(p, n)   ((void)(p), (void)(n))
#define MEM_UNPOISON(p, n) ((void)(p), (void)(n))
#endif

/* Debug builds fill memory that is free, and look at it when it is taken. */
#if defined(BILLET_DEBUG) && !defined(BASE_ASAN_)
#define MEM_FILLS 1
#else
#define MEM_FILLS 0
#endif

/* For a variable on the way of every packet or request that is large, and whole
 * before anybody reads it: all others are zeroed first. */
#define UNSET __attribute__((uninitialized))

/* For a function that changes the canary, which is compared when it returns. */
#define NO_CANARY __attribute__((no_stack_protector))

/* Ours, always compiled in: a broken promise inside this image stops it. */
_Noreturn void panic(const char *file, int line, const char *what);
#define ASSERT(claim) ((claim) ? (void)0 : panic(__FILE__, __LINE__, #claim))

#endif
