/* SPDX-License-Identifier: ISC */
/*
 * cpu.h - the processor's own registers, and what it can do.
 */
#ifndef X86_64_CPU_H
#define X86_64_CPU_H

#include <billet/base.h>

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
    struct cpuid r;

    __asm__ volatile("cpuid"
                     : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                     : "a"(leaf), "c"(sub));
    return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
                     : "memory");
}

static inline uint64_t rdtsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

#define CPU_REGISTER(name)                                                     \
    static inline uint64_t read_##name(void)                                   \
    {                                                                          \
        uint64_t v;                                                            \
                                                                               \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(v) : : "memory");        \
        return v;                                                              \
    }                                                                          \
    static inline void write_##name(uint64_t v)                                \
    {                                                                          \
        __asm__ volatile("mov %0, %%" #name : : "r"(v) : "memory");            \
    }
CPU_REGISTER(cr0)
CPU_REGISTER(cr2)
CPU_REGISTER(cr3)
CPU_REGISTER(cr4)
#undef CPU_REGISTER

enum { /* model-specific registers */
       MSR_APIC_BASE = 0x1b,
       MSR_S_CET = 0x6a2,
       MSR_TSC_DEADLINE = 0x6e0,
       MSR_X2APIC = 0x800 /* + register / 16 */
};
#define MSR_EFER    0xc0000080u
#define MSR_FS_BASE 0xc0000100u
#define CR0_WP      (UINT64_C(1) << 16)
#define CR4_CET     (UINT64_C(1) << 23)

enum hypervisor {
    HYPERVISOR_NONE,
    HYPERVISOR_KVM,
    HYPERVISOR_TCG,
    HYPERVISOR_XEN,
    HYPERVISOR_OTHER
};

/* What CPUID says, read once. */
struct cpu {
    enum hypervisor hypervisor;
    uint32_t hypervisor_max; /* highest leaf from 0x40000000 on; 0: none */
    uint32_t kvm_features;
    uint32_t xen_leaf; /* Xen's first leaf; 0: it is not there */
    uint32_t max_leaf;
    bool nx, huge_pages, smep, smap, umip, ibt, steady_tsc, xsave,
        machine_check, amd;
    bool rdrand, rdseed, tsc_deadline, x2apic, apic;
    uint8_t address_bits; /* of physical memory */
};
extern struct cpu cpu;

/* Fill in `cpu`. */
void cpu_find(void);

/* A word of the processor's own random generator.  False when it has none, or
 * none just now. */
MUST_USE bool cpu_random(uint64_t *);

/* Switch on what protects and what speeds up: SMEP, SMAP,
 * UMIP, and the wide registers for libraries that test CPUID only. */
void cpu_start(void);

/* Between the two, memory that is read-only may be written.  WP cannot be taken
 * away from a processor that guards branches (CR4.CET), so that goes first. */
struct cpu_guards {
    uint64_t cr0, cr4;
};

static inline struct cpu_guards cpu_open_pages(void)
{
    struct cpu_guards was = {read_cr0(), read_cr4()};

    write_cr4(was.cr4 & ~CR4_CET);
    write_cr0(was.cr0 & ~CR0_WP);
    return was;
}

static inline void cpu_close_pages(struct cpu_guards was)
{
    write_cr0(was.cr0);
    write_cr4(was.cr4);
}

/* From here on an indirect jump or call must end at a mark, if the processor
 * looks and the compiler made marks. */
void cpu_guard_branches(void);

#endif
