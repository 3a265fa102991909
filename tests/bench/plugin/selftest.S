/* SPDX-License-Identifier: ISC */
/*
 * selftest.S - a multiboot image whose instructions can be counted by hand.
 *
 * test_plugin.py knows the numbers.  No interrupt table is needed, for nothing
 * faults.  A write to isa-debug-exit ends it.
 */
        .set LOOPS, 1000
        .set COPY, 4096
        .set MAGIC, 0x1badb002

        .section .multiboot, "a"
        .long MAGIC, 0, -MAGIC

        .text
        .globl _start, loop_top, copied, work
_start: cli
        cld
        mov $LOOPS, %ecx
loop_top:
        dec %ecx
        jnz loop_top
        mov $0x100000, %esi
        mov $0x200000, %edi
        mov $COPY, %ecx
        nop
        rep movsb
copied: nop
        mov $8, %ecx
        call work
        mov $0x10, %al
        out %al, $0xf4
1:      hlt
        jmp 1b

work:   dec %ecx
        jnz work
        ret
