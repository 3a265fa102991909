/* SPDX-License-Identifier: ISC */
/*
 * bootinfo.h - what the boot loader handed over, checked.
 *
 * Multiboot 1, Multiboot 2, PVH and OpenBSD's vmd say the same things in four
 * ways; from here on there is one.  Nothing is believed that does not lie in
 * bounds.
 */
#ifndef X86_64_BOOTINFO_H
#define X86_64_BOOTINFO_H

#include "cmdline.h"
#include "phys.h"
#include "regions.h"

enum boot_protocol {
    BOOT_NONE,
    BOOT_MULTIBOOT1,
    BOOT_MULTIBOOT2,
    BOOT_PVH,
    BOOT_OPENBSD
};
enum boot_display { DISPLAY_UNKNOWN, DISPLAY_TEXT, DISPLAY_GRAPHICS };

enum {
    BOOT_MODULES_MAX = 64, /* beyond: refused */
    BOOT_MAP_MAX = 512,    /* entries; beyond: refused */
    BOOT_ENTRY_BYTES = 20, /* base, length, type */
    BOOT_TAGS_MAX = 1024,  /* Multiboot 2; beyond: refused */
    BOOT_INFO_BYTES_MAX = 1 << 20,
    BOOT_CMDLINE_BYTES_MAX = 8192 /* with the image's path before it */
};
#define BOOT_ADDRESS_MAX (UINT64_C(1) << 46) /* memory beyond: not used */

struct boot_info {
    enum boot_protocol protocol;
    enum boot_display display;
    bool efi;
    uint64_t framebuffer;  /* where Multiboot 2's tag about it is; 0: none */
    uint64_t efi_table;    /* the system table of a 64-bit UEFI; 0: none */
    uint64_t rsdp;         /* ACPI's root pointer; 0: not said */
    uint64_t total;        /* bytes of memory there are */
    struct regions memory; /* all of it that may be used, in whole pages */
    struct regions free;   /* without what the loader put into it */
    struct regions acpi;   /* memory that holds ACPI's tables */
    struct span map;       /* for PVH without one; BOOT_ENTRY_BYTES each */
    struct region module;  /* the first one that was given; else empty */
    struct cmdline cmdline;
    bool misused; /* what is wrong is what somebody wrote on it */
};

/* Read it all.  %eax, %ebx and %esp as they were on entry.  NULL, or what is
 * wrong, in words; then only `protocol` and `misused` hold. */
const char *boot_info_read(struct boot_info *, const struct phys *,
                           uint32_t eax, uint32_t ebx, uint32_t esp);

/* Shared by the files that read one protocol each. */
struct boot_map {
    struct span entries;
    uint32_t stride; /* 0: each entry begins with its own size */
};
const char *boot_map_read(struct boot_info *, struct boot_map);
/* Text that ends with a zero, or with the span. */
const char *boot_cmdline_read(struct boot_info *, struct span, bool with_path);
/* The same at an address, 0 for none. */
const char *boot_cmdline_at(struct boot_info *, const struct phys *,
                            uint64_t text, bool with_path);
/* A module takes up memory. */
void boot_module_add(struct boot_info *, uint64_t base, uint64_t end);
const char *multiboot1_read(struct boot_info *, const struct phys *,
                            uint64_t info);
const char *multiboot2_read(struct boot_info *, const struct phys *,
                            uint64_t info);
/* Whether a stack looks like vmd's; and if so, what it says. */
bool openbsd_is(const struct phys *, uint64_t stack);
const char *openbsd_read(struct boot_info *, const struct phys *,
                         uint64_t stack);
const char *pvh_read(struct boot_info *, const struct phys *, uint64_t info);

#endif
