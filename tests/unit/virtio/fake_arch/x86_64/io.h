/* SPDX-License-Identifier: ISC */
/*
 * io.h - takes the place of arch/x86_64/io.h in the tests of the transports:
 * ports and registers are function calls, answered by front.c.
 */
#ifndef X86_64_IO_H
#define X86_64_IO_H

#include <billet/base.h>

uint32_t front_in(unsigned port, unsigned bytes);
void front_out(unsigned port, unsigned bytes, uint32_t v);
uint32_t front_read(uintptr_t at, unsigned bytes);
void front_write(uintptr_t at, unsigned bytes, uint32_t v);

#define FRONT_ACCESS(bits)                                                     \
    static inline uint##bits##_t in##bits(uint16_t port)                       \
    {                                                                          \
        return (uint##bits##_t)front_in(port, bits / 8);                       \
    }                                                                          \
    static inline void out##bits(uint16_t port, uint##bits##_t v)              \
    {                                                                          \
        front_out(port, bits / 8, v);                                          \
    }                                                                          \
    static inline uint##bits##_t mmio_read##bits(const volatile void *p)       \
    {                                                                          \
        return (uint##bits##_t)front_read((uintptr_t)p, bits / 8);             \
    }                                                                          \
    static inline void mmio_write##bits(volatile void *p, uint##bits##_t v)    \
    {                                                                          \
        front_write((uintptr_t)p, bits / 8, v);                                \
    }
FRONT_ACCESS(8)
FRONT_ACCESS(16)
FRONT_ACCESS(32)
#undef FRONT_ACCESS

#endif
