/* SPDX-License-Identifier: ISC */
/*
 * xen.h - what a guest of Xen asks of it: a console, the TSC's rate, an end.
 *
 * Xen's public headers: arch-x86/cpuid.h, hvm/params.h, io/console.h, sched.h.
 * There are no drivers for Xen's network and disks.
 */
#ifndef X86_64_XEN_H
#define X86_64_XEN_H

#include <billet/base.h>

enum xen_shutdown { XEN_POWEROFF = 0, XEN_REBOOT = 1, XEN_CRASH = 3 };

enum { XEN_CONSOLE_BYTES = 2048 };

/* The page that guest and console share; the host counts `out_cons` on. */
struct xen_console {
    uint8_t in[1024];
    uint8_t out[XEN_CONSOLE_BYTES];
    uint32_t in_cons, in_prod, out_cons, out_prod;
};

/* Whether the two leaves where Xen's can begin have its name; then its first
 * leaf, else 0. */
uint32_t xen_find(void);

/* The console, if the processor says that this is Xen. */
void xen_start(void);
/* Once the final page tables are in force. */
void xen_remap(void);
/* Text, with \n as the end of a line.  What a console does not take within a
 * bounded wait is lost. */
void xen_write(struct span text);

/* As much of `text` as there is room for; \n becomes \r\n.  Returns the bytes
 * taken; none where the host's count is one that cannot be. */
size_t xen_console_put(volatile struct xen_console *, struct span text);

/* The map of memory, where the loader gives none: entries of BOOT_ENTRY_BYTES,
 * valid until the next call; empty when this is not Xen, or it has too many. */
struct span xen_memory_map(void);

/* What Xen says of the TSC's rate; 0 when it is not Xen, or does not say. */
uint64_t xen_tsc_hz(void);

/* End so.  Returns when this is not Xen. */
void xen_end(enum xen_shutdown);

#endif
