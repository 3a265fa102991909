/* SPDX-License-Identifier: ISC */
/*
 * mem.S - memcpy, memmove, memset, memcmp, in few instructions.
 *
 * 16 bytes a move, 128 bytes a turn: 19 instructions for 128 bytes, where
 * `rep movsb` counts as many as there are bytes and takes long to start up.
 * Short ones are two overlapping moves and no loop.  MEM_NAME lets a test call
 * them beside the C library's.
 */
#include "branch.h"

#ifndef MEM_NAME
#define MEM_NAME(name) name
#endif

#define FUNCTION(name)                                                         \
    .globl MEM_NAME(name);                                                     \
    .type MEM_NAME(name), @function;                                           \
    MEM_NAME(name):

/* 128 bytes between eight registers and memory. */
    .macro load_low off, base:vararg
    movups (\off + 0)(\base), %xmm0
    movups (\off + 16)(\base), %xmm1
    movups (\off + 32)(\base), %xmm2
    movups (\off + 48)(\base), %xmm3
    movups (\off + 64)(\base), %xmm4
    movups (\off + 80)(\base), %xmm5
    movups (\off + 96)(\base), %xmm6
    movups (\off + 112)(\base), %xmm7
    .endm
    .macro store_low off, base:vararg
    movups %xmm0, (\off + 0)(\base)
    movups %xmm1, (\off + 16)(\base)
    movups %xmm2, (\off + 32)(\base)
    movups %xmm3, (\off + 48)(\base)
    movups %xmm4, (\off + 64)(\base)
    movups %xmm5, (\off + 80)(\base)
    movups %xmm6, (\off + 96)(\base)
    movups %xmm7, (\off + 112)(\base)
    .endm
    .macro load_high off, base:vararg
    movups (\off + 0)(\base), %xmm8
    movups (\off + 16)(\base), %xmm9
    movups (\off + 32)(\base), %xmm10
    movups (\off + 48)(\base), %xmm11
    movups (\off + 64)(\base), %xmm12
    movups (\off + 80)(\base), %xmm13
    movups (\off + 96)(\base), %xmm14
    movups (\off + 112)(\base), %xmm15
    .endm
    .macro store_high off, base:vararg
    movups %xmm8, (\off + 0)(\base)
    movups %xmm9, (\off + 16)(\base)
    movups %xmm10, (\off + 32)(\base)
    movups %xmm11, (\off + 48)(\base)
    movups %xmm12, (\off + 64)(\base)
    movups %xmm13, (\off + 80)(\base)
    movups %xmm14, (\off + 96)(\base)
    movups %xmm15, (\off + 112)(\base)
    .endm
    .macro store_same off, base:vararg
    movups %xmm0, (\off + 0)(\base)
    movups %xmm0, (\off + 16)(\base)
    movups %xmm0, (\off + 32)(\base)
    movups %xmm0, (\off + 48)(\base)
    movups %xmm0, (\off + 64)(\base)
    movups %xmm0, (\off + 80)(\base)
    movups %xmm0, (\off + 96)(\base)
    movups %xmm0, (\off + 112)(\base)
    .endm

    .text
/* One function for both: where areas may overlap, loads come before stores. */
    .balign 16
FUNCTION(memmove)
FUNCTION(memcpy)
    movq %rdi, %rax
    cmpq $16, %rdx
    jb 3f
    cmpq $32, %rdx
    ja 1f
    movups (%rsi), %xmm0
    movups -16(%rsi, %rdx), %xmm1
    movups %xmm0, (%rdi)
    movups %xmm1, -16(%rdi, %rdx)
    ret
1:  cmpq $64, %rdx
    ja 2f
    movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups -32(%rsi, %rdx), %xmm2
    movups -16(%rsi, %rdx), %xmm3
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, -32(%rdi, %rdx)
    movups %xmm3, -16(%rdi, %rdx)
    ret
2:  cmpq $128, %rdx
    ja copy_long
    movups (%rsi), %xmm0
    movups 16(%rsi), %xmm1
    movups 32(%rsi), %xmm2
    movups 48(%rsi), %xmm3
    movups -64(%rsi, %rdx), %xmm4
    movups -48(%rsi, %rdx), %xmm5
    movups -32(%rsi, %rdx), %xmm6
    movups -16(%rsi, %rdx), %xmm7
    movups %xmm0, (%rdi)
    movups %xmm1, 16(%rdi)
    movups %xmm2, 32(%rdi)
    movups %xmm3, 48(%rdi)
    movups %xmm4, -64(%rdi, %rdx)
    movups %xmm5, -48(%rdi, %rdx)
    movups %xmm6, -32(%rdi, %rdx)
    movups %xmm7, -16(%rdi, %rdx)
    ret
3:  cmpl $8, %edx
    jb 4f
    movq (%rsi), %rcx
    movq -8(%rsi, %rdx), %r8
    movq %rcx, (%rdi)
    movq %r8, -8(%rdi, %rdx)
    ret
4:  cmpl $4, %edx
    jb 5f
    movl (%rsi), %ecx
    movl -4(%rsi, %rdx), %r8d
    movl %ecx, (%rdi)
    movl %r8d, -4(%rdi, %rdx)
    ret
5:  testl %edx, %edx
    jz 6f
    movzbl (%rsi), %ecx /* one to three: first, middle, last */
    movzbl -1(%rsi, %rdx), %r8d
    movl %edx, %r9d
    shrl $1, %r9d
    movzbl (%rsi, %r9), %r10d
    movb %r8b, -1(%rdi, %rdx)
    movb %r10b, (%rdi, %r9)
    movb %cl, (%rdi)
6:  ret

copy_long:
    movq %rdi, %rcx
    subq %rsi, %rcx
    cmpq %rdx, %rcx
    jb copy_backward
    /* The last 128 bytes are loaded first and stored last. */
    leaq -128(%rdi, %rdx), %r8
    load_high -128, %rsi, %rdx
1:  load_low 0, %rsi
    store_low 0, %rdi
    subq $-128, %rsi
    subq $-128, %rdi
    cmpq %r8, %rdi
    jb 1b
    store_high 0, %r8
    ret
copy_backward:
    load_high 0, %rsi /* likewise the first */
1:  load_low -128, %rsi, %rdx
    store_low -128, %rdi, %rdx
    addq $-128, %rdx
    cmpq $128, %rdx
    ja 1b
    store_high 0, %rdi
    ret
    .size MEM_NAME(memmove), . - MEM_NAME(memmove)
    .size MEM_NAME(memcpy), . - MEM_NAME(memcpy)

    .balign 16
FUNCTION(memset)
    ENDBR /* a library calls it by its address */
    movq %rdi, %rax
    movzbl %sil, %esi
    movabsq $0x0101010101010101, %rcx
    imulq %rcx, %rsi
    cmpq $16, %rdx
    jb 3f
    movq %rsi, %xmm0
    punpcklqdq %xmm0, %xmm0
    cmpq $32, %rdx
    ja 1f
    movups %xmm0, (%rdi)
    movups %xmm0, -16(%rdi, %rdx)
    ret
1:  cmpq $128, %rdx
    ja set_long
    movups %xmm0, (%rdi)
    movups %xmm0, 16(%rdi)
    movups %xmm0, -32(%rdi, %rdx)
    movups %xmm0, -16(%rdi, %rdx)
    cmpq $64, %rdx
    jbe 2f
    movups %xmm0, 32(%rdi)
    movups %xmm0, 48(%rdi)
    movups %xmm0, -64(%rdi, %rdx)
    movups %xmm0, -48(%rdi, %rdx)
2:  ret
3:  cmpl $8, %edx
    jb 4f
    movq %rsi, (%rdi)
    movq %rsi, -8(%rdi, %rdx)
    ret
4:  cmpl $4, %edx
    jb 5f
    movl %esi, (%rdi)
    movl %esi, -4(%rdi, %rdx)
    ret
5:  testl %edx, %edx
    jz 6f
    movb %sil, (%rdi)
    movb %sil, -1(%rdi, %rdx)
    shrl $1, %edx
    movb %sil, (%rdi, %rdx)
6:  ret
set_long:
    leaq -128(%rdi, %rdx), %r8
1:  store_same 0, %rdi
    subq $-128, %rdi
    cmpq %r8, %rdi
    jb 1b
    store_same 0, %r8
    ret
    .size MEM_NAME(memset), . - MEM_NAME(memset)

    .balign 16
FUNCTION(memcmp)
    cmpq $16, %rdx
    jb 3f
    leaq -16(%rdx), %r8 /* the last 16 bytes overlap those before */
    xorl %ecx, %ecx
1:  movups (%rdi, %rcx), %xmm0
    movups (%rsi, %rcx), %xmm1
    pcmpeqb %xmm1, %xmm0
    pmovmskb %xmm0, %eax
    subl $0xffff, %eax
    jnz 2f
    addq $16, %rcx
    cmpq %r8, %rcx
    jb 1b
    movups (%rdi, %r8), %xmm0
    movups (%rsi, %r8), %xmm1
    movq %r8, %rcx
    pcmpeqb %xmm1, %xmm0
    pmovmskb %xmm0, %eax
    subl $0xffff, %eax
    jnz 2f
    ret
2:  negl %eax /* a one for each byte that differs */
    bsfl %eax, %eax
    addq %rax, %rcx
    movzbl (%rdi, %rcx), %eax
    movzbl (%rsi, %rcx), %edx
    subl %edx, %eax
    ret
3:  cmpl $8, %edx
    jb 4f
    movq (%rdi), %rax
    movq (%rsi), %rcx
    cmpq %rcx, %rax
    jne 6f
    movq -8(%rdi, %rdx), %rax
    movq -8(%rsi, %rdx), %rcx
    cmpq %rcx, %rax
    jne 6f
    xorl %eax, %eax
    ret
4:  cmpl $4, %edx
    jb 5f
    movl (%rdi), %eax /* eight bytes in order, some of them twice */
    movl -4(%rdi, %rdx), %r8d
    shlq $32, %r8
    orq %r8, %rax
    movl (%rsi), %ecx
    movl -4(%rsi, %rdx), %r8d
    shlq $32, %r8
    orq %r8, %rcx
    cmpq %rcx, %rax
    jne 6f
    xorl %eax, %eax
    ret
5:  xorl %ecx, %ecx
    xorl %eax, %eax
1:  cmpl %edx, %ecx
    je 7f
    movzbl (%rdi, %rcx), %eax
    movzbl (%rsi, %rcx), %r8d
    incl %ecx
    subl %r8d, %eax
    jz 1b
7:  ret
6:  bswapq %rax
    bswapq %rcx
    cmpq %rcx, %rax
    sbbl %eax, %eax
    orl $1, %eax
    ret
    .size MEM_NAME(memcmp), . - MEM_NAME(memcmp)

    .section .note.GNU-stack, "", @progbits
