/* SPDX-License-Identifier: ISC */
/*
 * vmd_loader.c - starts an ELF file as OpenBSD's vmd does: a multiboot kernel
 * whose first module is the file.  Its segments are put where they say, its
 * arguments on a stack; paging is on, in a 32-bit segment of long mode.
 */
#include <stdint.h>

enum {
    MULTIBOOT = 0x1badb002,
    MODULES_ON_PAGES = 1,
    API = 0x0e,
    MEMORY_END = 0x3f00000, /* of 64 MiB, less what a BIOS may want */
    LOAD = 1,
    PRESENT_WRITE = 3,
    LARGE = 0x80
};

__attribute__((section(".multiboot"), used)) static const uint32_t header[] = {
    MULTIBOOT, MODULES_ON_PAGES, 0u - (MULTIBOOT + MODULES_ON_PAGES)};

/* A map, its end, the console's block, the end. */
static uint32_t blocks[] = {
    0, 72, 72, 0,         0, 0x9fc00, 0, 1, 0x100000, 0,  MEMORY_END - 0x100000,
    0, 1,  0,  0,         0, 0,       0, 5, 28,       28, 0,
    0, 0,  0,  UINT32_MAX};
static uint32_t stack[1024];
static uint64_t tables[3][512] __attribute__((aligned(4096)));

void load(const uint32_t *info);

static uint32_t at(const void *p)
{
    return (uint32_t)(uintptr_t)p;
}

/* The entry point. */
static uint32_t put_segments(const uint8_t *elf)
{
    const uint8_t *head = elf + *(const uint32_t *)(elf + 32);

    for (unsigned n = *(const uint16_t *)(elf + 56); n > 0; n--, head += 56) {
        const uint32_t *h = (const uint32_t *)head;
        volatile uint8_t *to = (uint8_t *)(uintptr_t)h[6];

        for (uint32_t i = 0; h[0] == LOAD && i < h[10]; i++)
            to[i] = i < h[8] ? elf[h[2] + i] : 0;
    }
    return *(const uint32_t *)(elf + 24);
}

static uint32_t *push_arguments(void)
{
    const uint32_t words[] = {0, 0, 0x400,          API,       0x200000,
                              0, 0, sizeof(blocks), at(blocks)};
    uint32_t *sp = stack + 1024 - 9;

    for (unsigned i = 0; i < 9; i++)
        sp[i] = words[i];
    return sp;
}

void load(const uint32_t *info)
{
    const uint32_t *module = (const uint32_t *)(uintptr_t)info[6];
    uint32_t entry = put_segments((const uint8_t *)(uintptr_t)module[0]);
    uint32_t *sp = push_arguments();

    tables[0][0] = at(tables[1]) | PRESENT_WRITE;
    tables[1][0] = at(tables[2]) | PRESENT_WRITE;
    for (uint64_t i = 0; i < 512; i++)
        tables[2][i] = i << 21 | LARGE | PRESENT_WRITE;
    __asm__ volatile("movl %0, %%cr3\n"
                     "movl %%cr4, %%eax\n orl $0x20, %%eax\n"
                     "movl %%eax, %%cr4\n"
                     "movl $0xc0000080, %%ecx\n rdmsr\n orl $0x100, %%eax\n"
                     "wrmsr\n"
                     "movl %%cr0, %%eax\n orl $0x80000000, %%eax\n"
                     "movl %%eax, %%cr0\n"
                     "movl %2, %%esp\n xorl %%eax, %%eax\n"
                     "xorl %%ebx, %%ebx\n jmp *%1\n"
                     :
                     : "r"(tables), "D"(entry), "S"(sp)
                     : "eax", "ecx", "edx", "memory");
}

__asm__(".globl _start\n"
        "_start: movl $stack + 2048, %esp\n pushl %ebx\n call load\n");
