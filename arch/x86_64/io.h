/* SPDX-License-Identifier: ISC */
/*
 * io.h - ports, device registers and memory order.  Inline, without state.
 */
#ifndef X86_64_IO_H
#define X86_64_IO_H

#include <billet/base.h>

static inline uint8_t in8(uint16_t port)
{
    uint8_t v;

    __asm__ volatile("inb %w1, %b0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}

static inline uint16_t in16(uint16_t port)
{
    uint16_t v;

    __asm__ volatile("inw %w1, %w0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t v;

    __asm__ volatile("inl %w1, %k0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}

static inline void in8_many(uint16_t port, void *p, size_t n)
{
    __asm__ volatile("rep insb" : "+D"(p), "+c"(n) : "d"(port) : "memory");
}

static inline void in16_many(uint16_t port, void *p, size_t n)
{
    __asm__ volatile("rep insw" : "+D"(p), "+c"(n) : "d"(port) : "memory");
}

static inline void out8(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %b0, %w1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void out16(uint16_t port, uint16_t v)
{
    __asm__ volatile("outw %w0, %w1" : : "a"(v), "Nd"(port) : "memory");
}

static inline void out32(uint16_t port, uint32_t v)
{
    __asm__ volatile("outl %k0, %w1" : : "a"(v), "Nd"(port) : "memory");
}

/*
 * Device registers.  Assembly, for a compiler may split or widen a volatile
 * access, and hypervisors decode only plain moves.
 */
static inline uint8_t mmio_read8(const volatile void *p)
{
    uint8_t v;

    __asm__ volatile("movb %1, %b0"
                     : "=q"(v)
                     : "m"(*(const volatile uint8_t *)p)
                     : "memory");
    return v;
}

static inline uint16_t mmio_read16(const volatile void *p)
{
    uint16_t v;

    __asm__ volatile("movw %1, %w0"
                     : "=r"(v)
                     : "m"(*(const volatile uint16_t *)p)
                     : "memory");
    return v;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
    uint32_t v;

    __asm__ volatile("movl %1, %k0"
                     : "=r"(v)
                     : "m"(*(const volatile uint32_t *)p)
                     : "memory");
    return v;
}

static inline uint64_t mmio_read64(const volatile void *p)
{
    uint64_t v;

    __asm__ volatile("movq %1, %q0"
                     : "=r"(v)
                     : "m"(*(const volatile uint64_t *)p)
                     : "memory");
    return v;
}

static inline void mmio_write8(volatile void *p, uint8_t v)
{
    __asm__ volatile("movb %b1, %0"
                     : "=m"(*(volatile uint8_t *)p)
                     : "q"(v)
                     : "memory");
}

static inline void mmio_write16(volatile void *p, uint16_t v)
{
    __asm__ volatile("movw %w1, %0"
                     : "=m"(*(volatile uint16_t *)p)
                     : "r"(v)
                     : "memory");
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
    __asm__ volatile("movl %k1, %0"
                     : "=m"(*(volatile uint32_t *)p)
                     : "r"(v)
                     : "memory");
}

static inline void mmio_write64(volatile void *p, uint64_t v)
{
    __asm__ volatile("movq %q1, %0"
                     : "=m"(*(volatile uint64_t *)p)
                     : "r"(v)
                     : "memory");
}

/* A hint inside a bounded wait for a device. */
static inline void cpu_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* Memory that a device reads or writes.  x86 keeps loads in order and stores
 * in order, so two of the three only hold back the compiler; a load may still
 * pass an older store, which barrier_full() prevents. */
static inline void barrier_read(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void barrier_write(void)
{
    __asm__ volatile("" : : : "memory");
}

static inline void barrier_full(void)
{
    __asm__ volatile("lock; addl $0, (%%rsp)" : : : "memory", "cc");
}

#endif
