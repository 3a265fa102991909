/* SPDX-License-Identifier: ISC */
/*
 * switch.S - from one stack to another, in a System V process.
 */

/* hosted_switch(void **save, void *to): what a callee must preserve goes onto
 * this stack, its pointer into *save; then the same backwards from `to`. */
    .text
    .globl  hosted_switch
    .type   hosted_switch, @function
hosted_switch:
    .cfi_startproc
    pushq   %rbp
    pushq   %rbx
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    subq    $8, %rsp
    stmxcsr (%rsp)
    fnstcw  4(%rsp)
    movq    %rsp, (%rdi)
    movq    %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw   4(%rsp)
    addq    $8, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    ret
    .cfi_endproc
    .size   hosted_switch, . - hosted_switch

/* Where a new context begins: r12 is the function to call, r13 its argument.
 * The return address of zero ends every backtrace. */
    .globl  hosted_begin
    .type   hosted_begin, @function
hosted_begin:
    .cfi_startproc
    .cfi_undefined rip
    movq    %r13, %rdi
    xorl    %ebp, %ebp
    pushq   $0
    jmpq    *%r12
    .cfi_endproc
    .size   hosted_begin, . - hosted_begin

    .section .note.GNU-stack, "", @progbits
