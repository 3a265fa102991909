/* SPDX-License-Identifier: ISC */
/*
 * ram.h - an array that stands for physical memory, and writing into it as
 * loaders and firmware do.
 */
#ifndef TEST_ARCH_RAM_H
#define TEST_ARCH_RAM_H

#include <phys.h>

enum { MEMORY_BYTES = 1 << 17 };
static uint8_t memory[MEMORY_BYTES];
static const struct phys phys = {.base = memory, .size = MEMORY_BYTES};

static inline void put8(size_t at, uint8_t v)
{
    memory[at] = v;
}

static inline void put16(size_t at, uint16_t v)
{
    put8(at, (uint8_t)v);
    put8(at + 1, (uint8_t)(v >> 8));
}

static inline void put32(size_t at, uint32_t v)
{
    put16(at, (uint16_t)v);
    put16(at + 2, (uint16_t)(v >> 16));
}

static inline void put64(size_t at, uint64_t v)
{
    put32(at, (uint32_t)v);
    put32(at + 4, (uint32_t)(v >> 32));
}

static inline void put_text(size_t at, const char *text)
{
    memcpy(memory + at, text, strlen(text) + 1);
}

/* A generator that repeats, for mutations. */
static inline uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*state >> 33);
}

#endif
