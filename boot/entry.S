/* SPDX-License-Identifier: ISC */
/*
 * entry.S - from the boot loader's 32-bit jump to C in long mode.
 *
 * The loader puts the file, from its first byte on, at LOAD.  Only the 32-bit
 * code here knows that address, for it cannot address relative to itself; all
 * the rest is position-independent, and moves to a random address as soon as
 * there are page tables.
 */

#define LOAD 0x100000          /* image.ld starts there, too */
#define BOOT_AT (LOAD + 0x200) /* .boot: behind the ELF's own headers */
/* The address of a symbol in any section.  The assembler makes a distance from
 * here of it, which a position-independent link accepts. */
#define ABS(symbol) (symbol - boot_start + BOOT_AT)

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x10003 /* modules on pages, memory map, address fields */

#define STACK_BYTES 32768
#define FAULT_STACK_BYTES 8192
#define GUARD_BYTES 4096

    .section .boot, "ax", @progbits
    .globl boot_start
boot_start:

/* Multiboot 1: QEMU's -kernel on pc and q35, GRUB.  With address fields, for
 * QEMU takes a 64-bit ELF only as a flat file. */
    .balign 4
mb1:
    .long MB1_MAGIC
    .long MB1_FLAGS
    .long -(MB1_MAGIC + MB1_FLAGS)
    .long ABS(mb1)
    .long LOAD
    .long ABS(image_load_end)
    .long ABS(image_end)
    .long ABS(entry32)

    .code32
/* PVH (Xen, QEMU, cloud-hypervisor, Firecracker) is a note; image.ld makes it,
 * for a note cannot name an address in a position-independent link.
 *
 * The header of Multiboot 2 is there, too: what an image wants of a boot loader
 * is put together when it is linked.
 *
 * All three protocols enter here: flat segments, no paging, %ebx points at
 * what the loader has to say.  %eax is its magic, except by PVH.  OpenBSD's vmd
 * jumps here, too; what it has to say is on its stack, and it may have paging
 * on, with memory where it is. */
    .globl entry32
    .type entry32, @function
entry32:
    cli
    cld
    /* A loader need not have looked whether there is so much memory. */
    movl $MB1_MAGIC, ABS(image_end) - 4
    cmpl $MB1_MAGIC, ABS(image_end) - 4
    jne no_memory
    movl %esp, %ecx
    movl $ABS(boot_stack_top), %esp
    pushl $0
    pushl %ecx
    pushl %ebx
    pushl %eax
    movl %cr0, %eax
    andl $0x7fffffff, %eax
    movl %eax, %cr0

    pushfl /* CPUID is there when the ID flag can be changed */
    popl %eax
    movl %eax, %ecx
    xorl $0x200000, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    xorl %ecx, %eax
    testl $0x200000, %eax
    jz no_long_mode
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx
    jnc no_long_mode
    movl %edx, %ebp
    rdtsc /* the machine's time zero */
    pushl %edx
    pushl %eax

    /* The first 4 GiB where they are, for whatever the loader left there. */
    movl $ABS(boot_tables), %edi
    movl $3072, %ecx
    xorl %eax, %eax
    rep stosl /* the last page of these is for the image's new place */
    movl $ABS(boot_tables), %ebx
    leal 0x1003(%ebx), %eax
    movl %eax, (%ebx)
    addl $0x1000, %ebx
    btl $26, %ebp
    jnc small_pages
    movl $0x00000083, (%ebx) /* pages of 1 GiB */
    movl $0x40000083, 8(%ebx)
    movl $0x80000083, 16(%ebx)
    movl $0xc0000083, 24(%ebx)
    jmp tables_done
small_pages:
    leal 0x3(%edi), %eax /* %edi is behind the first three tables */
    movl %eax, (%ebx)
    addl $0x1000, %eax
    movl %eax, 8(%ebx)
    addl $0x1000, %eax
    movl %eax, 16(%ebx)
    addl $0x1000, %eax
    movl %eax, 24(%ebx)
    movl $0x83, %eax /* pages of 2 MiB */
    xorl %edx, %edx
    movl $1024, %ecx
1:  movl %eax, (%edi)
    movl %edx, 4(%edi)
    addl $0x200000, %eax
    movl %eax, 8(%edi)
    movl %edx, 12(%edi)
    addl $0x200000, %eax
    addl $16, %edi
    decl %ecx
    jnz 1b
tables_done:

    movl $0x620, %eax /* PAE, OSFXSR, OSXMMEXCPT */
    movl %eax, %cr4
    movl $ABS(boot_tables), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx /* EFER: long mode, and NX where there is one */
    rdmsr
    orl $0x100, %eax
    btl $20, %ebp
    jnc 1f
    orl $0x800, %eax
1:  wrmsr
    movl $0x80010033, %eax /* PG, WP, NE, ET, MP, PE */
    movl %eax, %cr0
    lgdt ABS(boot_gdt_pointer)
    pushl $8
    pushl $ABS(start64)
    lret

no_memory:
    movl $ABS(no_memory_text), %esi
    jmp say
no_long_mode:
    movl $ABS(no_long_mode_text), %esi
/* On COM1 and on the screen; there may be no stack. */
say:
    movl $0xb8000, %edi
    movb $0x4f, %ah
1:  lodsb
    testb %al, %al
    jz 2f
    stosw
    movw $0x3f8, %dx
    outb %al, %dx
    jmp 1b
2:  movw $0xf4, %dx /* isa-debug-exit reads as zero; nothing as ones */
    inb %dx, %al
    testb %al, %al
    jnz 3f
    movb $1, %al
    outb %al, %dx
3:  hlt
    jmp 3b
no_memory_text:
    .asciz "This image needs more memory.\r\n"
no_long_mode_text:
    .asciz "This image needs a 64-bit x86 processor.\r\n"

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 64-bit code, accessed */
    .quad 0x00cf93000000ffff /* data, accessed */
boot_gdt_pointer:
    .word 3 * 8 - 1
    .long ABS(boot_gdt)

    .size entry32, . - entry32

    .code64
    .type start64, @function
start64:
    popq %r12 /* time stamp counter */
    popq %r13 /* %eax below, %ebx above */
    popq %r14 /* %esp */
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    leaq boot_stack_top(%rip), %rsp
    fninit

    leaq bss_start(%rip), %rdi
    leaq bss_end(%rip), %rsi
    xorps %xmm0, %xmm0
    jmp 2f
1:  movaps %xmm0, (%rdi)
    movaps %xmm0, 16(%rdi)
    movaps %xmm0, 32(%rdi)
    movaps %xmm0, 48(%rdi)
    addq $64, %rdi
2:  cmpq %rsi, %rdi
    jb 1b

    /* A random multiple of 4 GiB in the upper half: there, the first GiB is
     * to be seen a second time. */
    movq %r12, %rdi
    call machine_place
    movl %eax, %ebx /* how much lower the stack begins */
    shrq $32, %rax
    shlq $32, %rax
    movq %rax, %rbp
    testq %rax, %rax
    jz 1f
    leaq boot_tables(%rip), %rcx
    shrq $39, %rax
    andl $511, %eax
    leaq 0x2003(%rcx), %rdx
    movq %rdx, (%rcx, %rax, 8)
    movq %rbp, %rax
    shrq $30, %rax
    andl $511, %eax
    movq 0x1000(%rcx), %rdx
    movq %rdx, 0x2000(%rcx, %rax, 8)
1:  movq %rbp, %rdi
    call relocate
    leaq 1f(%rip), %rax
    addq %rbp, %rax
    jmp *%rax
1:  leaq boot_stack_top(%rip), %rsp
    subq %rbx, %rsp

    movl %r13d, %edi
    movq %r13, %rsi
    shrq $32, %rsi
    movq %r12, %rdx
    movl %r14d, %ecx
    xorl %ebp, %ebp
    call machine_start
    ud2
    .size start64, . - start64

    .section .noinit, "aw", @nobits
    .balign 4096
    .globl boot_tables, boot_tables_end
boot_tables:
    .skip 7 * 4096
boot_tables_end:

/* Each stack has a page below it that faults; machine.c sees to it. */
    .globl boot_stack_guard, boot_stack_top
boot_stack_guard:
    .skip GUARD_BYTES
    .skip STACK_BYTES
boot_stack_top:

    .globl fault_stack_guard, fault_stack_top
fault_stack_guard:
    .skip GUARD_BYTES
    .skip FAULT_STACK_BYTES
fault_stack_top:

    .globl nmi_stack_guard, nmi_stack_top
nmi_stack_guard:
    .skip GUARD_BYTES
    .skip FAULT_STACK_BYTES
nmi_stack_top:

    .section .note.GNU-stack, "", @progbits
