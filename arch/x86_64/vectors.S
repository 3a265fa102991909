/* SPDX-License-Identifier: ISC */
/*
 * vectors.S - where the processor goes on an exception or an interrupt, and
 * the only two places where interrupts are open.
 *
 * The order of the pushes is struct registers in fault.h.
 */
#include "branch.h"

/* Every exception is the end: exception_panic() does not return. */
    .text
    .balign 16
    .globl exception_stubs
exception_stubs:
    .set vector, 0
    .rept 32
    .balign 16
    /* 8, 10 to 14, 17, 21, 29 and 30 come with an error code. */
    ENDBR
    .if !((0x60227d00 >> vector) & 1)
    pushq $0
    .endif
    pushq $vector
    jmp exception_common
    .set vector, vector + 1
    .endr

    .type exception_common, @function
exception_common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    andq $-16, %rsp
    call exception_panic
    ud2
    .size exception_common, . - exception_common

/* panic(file, line, what): keeps its caller's registers, as an exception at
 * the call would. */
    .globl panic
    .type panic, @function
panic:
    pushq %rax /* becomes ss */
    pushq %rax
    leaq 24(%rsp), %rax
    movq %rax, (%rsp) /* the caller's stack */
    pushfq
    pushq $8
    movq 32(%rsp), %rax
    pushq %rax /* return address */
    pushq $0
    pushq $-1 /* no vector */
    movq 56(%rsp), %rax
    movq $0x10, 56(%rsp)
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cli
    cld
    movq %rsp, %rcx
    andq $-16, %rsp
    call panic_with
    ud2
    .size panic, . - panic

/* What a function calls that finds its canary written over: a panic that has
 * the function's name, and no line. */
    .globl __stack_chk_fail
    .type __stack_chk_fail, @function
__stack_chk_fail:
    xorl %edi, %edi
    jmp panic
    .size __stack_chk_fail, . - __stack_chk_fail

/* Device interrupts: irq_dispatch(slot).  They come only from irq_sleep and
 * irq_window, which are called functions; so no register that a function may
 * change holds anything, and the wide ones need no saving. */
    .balign 16
    .globl irq_stubs
irq_stubs:
    .set slot, 0
    .rept 65 /* IRQ_HANDLERS_MAX, and the timer */
    .balign 16
    ENDBR
    pushq $slot
    jmp irq_common
    .set slot, slot + 1
    .endr

    .globl irq_spurious
irq_spurious:
    ENDBR
    iretq

    .type irq_common, @function
irq_common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    subq $8, %rsp
    movl 80(%rsp), %edi
    call irq_dispatch
    addq $8, %rsp
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    addq $8, %rsp
    iretq
    .size irq_common, . - irq_common

/* Halt until an interrupt has been served.  `sti` takes effect behind the next
 * instruction, so one that is already pending ends the `hlt`. */
    .globl irq_sleep
    .type irq_sleep, @function
irq_sleep:
    sti
    hlt
    cli
    ret
    .size irq_sleep, . - irq_sleep

/* Serve what is pending. */
    .globl irq_window
    .type irq_window, @function
irq_window:
    sti
    nop
    cli
    ret
    .size irq_window, . - irq_window

    .section .note.GNU-stack, "", @progbits
