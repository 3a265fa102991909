/* SPDX-License-Identifier: ISC */
/*
 * context.S - flows of control with stacks of their own; see machine.h.
 */

#include "branch.h"

    .text
/* void context_switch(struct context *from, struct context *to) */
    .globl context_switch
    .type context_switch, @function
context_switch:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq (%rsi), %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
    .size context_switch, . - context_switch

/* void context_init(struct context *, struct mspan stack,
 *                   void (*entry)(void *), void *arg)
 * Leaves on the stack what context_switch takes off it. */
    .globl context_init
    .type context_init, @function
context_init:
    leaq (%rsi, %rdx), %rax
    andq $-16, %rax
    leaq context_start(%rip), %rdx
    movq %rdx, -8(%rax)
    xorl %edx, %edx
    movq %rdx, -16(%rax) /* rbx */
    movq %rdx, -24(%rax) /* rbp */
    movq %rcx, -32(%rax) /* r12 */
    movq %r8, -40(%rax)  /* r13 */
    movq %rdx, -48(%rax) /* r14 */
    movq %rdx, -56(%rax) /* r15 */
    movl $0x1f80, -64(%rax) /* as after a reset: all masked, to nearest */
    movl $0x037f, -60(%rax)
    subq $64, %rax
    movq %rax, (%rdi)
    ret
    .size context_init, . - context_init

    .type context_start, @function
context_start:
    ENDBR
    movq %r13, %rdi
    call *%r12
    ud2
    .size context_start, . - context_start

    .section .note.GNU-stack, "", @progbits
