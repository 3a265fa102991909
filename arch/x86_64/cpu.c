/* SPDX-License-Identifier: ISC */
/*
 * cpu.c - what this processor can do, and switching it on.
 */
#include "cpu.h"

#include <string.h>

#include "xen.h"

struct cpu cpu __attribute__((section(".bss.late_ro")));

enum {
    RANDOM_TRIES = 10, /* Intel's advice */
    LEAF_HYPERVISOR = 0x40000000,
    VENDOR_AMD = 0x68747541, /* "Auth", from here on in EBX */
    VENDOR_HYGON = 0x6f677948,
    CR4_MACHINE_CHECK = 1 << 6,
    CR4_UMIP = 1 << 11,
    CR4_OSXSAVE = 1 << 18,
    CR4_SMEP = 1 << 20,
    CR4_SMAP = 1 << 21,
    XCR0_X87_SSE_AVX = 7,
    S_CET_ENDBR = 1 << 2,
    S_CET_NO_TRACK = 1 << 4 /* tables of switch statements need no marks */
};
#define LEAF_EXTENDED 0x80000000u

static bool bit(uint32_t word, unsigned n)
{
    return word >> n & 1;
}

static void find_hypervisor(void)
{
    struct cpuid r = cpuid(LEAF_HYPERVISOR, 0);
    uint32_t name[3] = {r.b, r.c, r.d};

    cpu.hypervisor = HYPERVISOR_OTHER;
    if (memcmp(name, "KVMKVMKVM\0\0", sizeof(name)) == 0)
        cpu.hypervisor = HYPERVISOR_KVM;
    else if (memcmp(name, "TCGTCGTCGTCG", sizeof(name)) == 0)
        cpu.hypervisor = HYPERVISOR_TCG;
    else if ((cpu.xen_leaf = xen_find()))
        cpu.hypervisor = HYPERVISOR_XEN;
    /* KVM long said 0 and meant its one leaf. */
    cpu.hypervisor_max = r.a ? r.a : LEAF_HYPERVISOR + 1;
    if (cpu.hypervisor == HYPERVISOR_KVM)
        cpu.kvm_features = cpuid(LEAF_HYPERVISOR + 1, 0).a;
}

void cpu_find(void)
{
    struct cpuid r = cpuid(0, 0), extended = cpuid(LEAF_EXTENDED, 0);

    cpu.max_leaf = r.a;
    cpu.amd = r.b == VENDOR_AMD || r.b == VENDOR_HYGON;
    r = cpuid(1, 0);
    cpu.machine_check = bit(r.d, 7);
    cpu.apic = bit(r.d, 9);
    cpu.x2apic = bit(r.c, 21);
    cpu.tsc_deadline = bit(r.c, 24);
    cpu.xsave = bit(r.c, 26);
    cpu.rdrand = bit(r.c, 30);
    if (bit(r.c, 31))
        find_hypervisor();
    if (cpu.max_leaf >= 7) {
        r = cpuid(7, 0);
        cpu.smep = bit(r.b, 7);
        cpu.rdseed = bit(r.b, 18);
        cpu.smap = bit(r.b, 20);
        cpu.umip = bit(r.c, 2);
        cpu.ibt = bit(r.d, 20);
    }
    r = cpuid(LEAF_EXTENDED + 1, 0); /* the entry code has asked for it */
    cpu.nx = bit(r.d, 20);
    cpu.huge_pages = bit(r.d, 26);
    if (extended.a >= LEAF_EXTENDED + 7)
        cpu.steady_tsc = bit(cpuid(LEAF_EXTENDED + 7, 0).d, 8);
    cpu.address_bits = 36;
    if (extended.a >= LEAF_EXTENDED + 8)
        cpu.address_bits = (uint8_t)cpuid(LEAF_EXTENDED + 8, 0).a;
}

bool cpu_random(uint64_t *v)
{
    bool done = false;

    for (unsigned i = 0; i < RANDOM_TRIES && !done; i++) {
        if (cpu.rdseed)
            __asm__ volatile("rdseed %0" : "=r"(*v), "=@ccc"(done));
        if (!done && cpu.rdrand)
            __asm__ volatile("rdrand %0" : "=r"(*v), "=@ccc"(done));
    }
    return done;
}

void cpu_start(void)
{
    uint64_t cr4 = read_cr4();

    cr4 |= cpu.machine_check ? CR4_MACHINE_CHECK : 0;
    cr4 |= cpu.smep ? CR4_SMEP : 0;
    cr4 |= cpu.smap ? CR4_SMAP : 0;
    cr4 |= cpu.umip ? CR4_UMIP : 0;
    cr4 |= cpu.xsave ? CR4_OSXSAVE : 0;
    write_cr4(cr4);
    if (cpu.xsave)
        __asm__ volatile("xsetbv"
                         :
                         : "c"(0), "a"(cpuid(0xd, 0).a & XCR0_X87_SSE_AVX),
                           "d"(0));
}

void cpu_guard_branches(void)
{
#if defined(__CET__) && (__CET__ & 1)
    if (!cpu.ibt)
        return;
    wrmsr(MSR_S_CET, S_CET_ENDBR | S_CET_NO_TRACK);
    write_cr4(read_cr4() | CR4_CET);
#endif
}
