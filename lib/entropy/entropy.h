/* SPDX-License-Identifier: ISC */
/*
 * entropy.h - the generator of this image: what is put in by whom, whether
 * that is enough, and bytes.  docs/entropy.md is its page.
 *
 * Each byte of each source is tested (health.h) and goes into one Hash_DRBG
 * (drbg.h).  Only a source that has not failed, and has passed a first 1,024
 * samples, counts; nothing comes out before 256 bits have been counted.
 */
#ifndef ENTROPY_ENTROPY_H
#define ENTROPY_ENTROPY_H

#include <entropy/drbg.h>
#include <entropy/health.h>

enum entropy_source {
    ENTROPY_CPU,    /* RDSEED, RDRAND */
    ENTROPY_DEVICE, /* virtio-rng */
    ENTROPY_HOST,   /* a seed by fw_cfg */
    ENTROPY_LOADER, /* a seed by the boot loader: may be the same each boot */
    ENTROPY_JITTER, /* how long things take */
    ENTROPY_SOURCES
};

enum {
    ENTROPY_BITS = 256,           /* to be counted before the first byte */
    ENTROPY_STARTUP_BYTES = 1024, /* SP 800-90B 4.3: to be passed first */
    ENTROPY_KINDS = 8, /* different samples of jitter among these, at least */
    ENTROPY_SEED_BYTES = 64 /* the same for a seed: it has so many only, */
                            /* and so many bytes have 256 bits as claimed */
};

struct entropy_from {
    struct health bytes, words;
    uint32_t samples; /* bytes tested; stays at its highest */
    bool failed;
};

/* Zeroed is its start. */
struct entropy {
    struct drbg drbg;
    struct entropy_from from[ENTROPY_SOURCES];
    uint32_t kinds[8]; /* bit i: a sample of jitter was i */
    bool ready;        /* and stays so: what is there is not lost */
    uint64_t drawn;    /* bytes since the last seed */
    struct entropy_counters {
        uint64_t reseeds, failed_sources, restores;
    } count;
};

/* Test and take in.  False: the source has failed, now or before; what it says
 * is taken in, too, for it can do no harm, but counts for nothing. */
bool entropy_add(struct entropy *, enum entropy_source, struct span);

/* Bits that a source is believed to have given. */
uint32_t entropy_bits(const struct entropy *, enum entropy_source);

/* At most DRBG_REQUEST_BYTES_MAX bytes; `more` goes in, too, uncounted.  False,
 * and nothing is written, before there is enough. */
MUST_USE bool entropy_draw(struct entropy *, struct mspan out,
                           struct span more);

#endif
