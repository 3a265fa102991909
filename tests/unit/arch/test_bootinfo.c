/* SPDX-License-Identifier: ISC */
/* What boot loaders hand over, honest and hostile. */
#include <bootinfo.h>
#include <lib/suite.h>

#include "ram.h"

enum {
    INFO = 0x1000,
    MAP = 0x2000,
    TEXT = 0x3000,
    MODULES = 0x4000,
    LOADER = 0x5000,
    STACK = 0x6fdc, /* vmd's: nine words to the end of its page */
    LIST = 0x7000,
    MB1 = 0x2badb002,
    MB2 = 0x36d76289,
    PVH = 0x336ec578
};
#define GIB (UINT64_C(1) << 30)

static struct boot_info b;

static const char *read_by(uint32_t magic)
{
    memset(&b, 0, sizeof(b));
    return boot_info_read(&b, &phys, magic, INFO, STACK);
}

static size_t entry(size_t at, uint64_t base, uint64_t n, uint32_t type)
{
    put64(at, base);
    put64(at + 8, n);
    put32(at + 16, type);
    return at + 24;
}

/* As QEMU's pc with 128 MiB: low memory, a hole, the rest. */
static size_t pc_map(size_t at)
{
    at = entry(at, 0, 0x9fc00, 1);
    at = entry(at, 0x9fc00, 0x400, 2);
    at = entry(at, 0xf0000, 0x10000, 2);
    at = entry(at, 0x100000, 0x7ee0000, 1);
    return entry(at, 0x7fe0000, 0x20000, 2);
}

static void multiboot1(const char *line, const char *loader)
{
    size_t end = MAP + 4;

    memset(memory, 0, sizeof(memory));
    put32(INFO, 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9);
    put32(INFO + 16, TEXT);
    put_text(TEXT, line);
    put32(INFO + 20, 1);
    put32(INFO + 24, MODULES);
    put32(MODULES, 0x800000);
    put32(MODULES + 4, 0x900000);
    put32(INFO + 64, LOADER);
    put_text(LOADER, loader);
    /* Each entry has its size before it. */
    end = pc_map(end);
    for (size_t at = MAP + 4; at < end; at += 24)
        put32(at - 4, 20);
    put32(INFO + 44, (uint32_t)(end - MAP - 4));
    put32(INFO + 48, MAP);
}

static size_t tag(size_t at, uint32_t type, size_t payload)
{
    put32(at, type);
    put32(at + 4, (uint32_t)payload + 8);
    return at + ((payload + 8 + 7) & ~(size_t)7);
}

/* Returns where the end tag is. */
static size_t multiboot2(void)
{
    size_t at = INFO + 8, start;

    memset(memory, 0, sizeof(memory));
    put_text(at + 8, "a \"b c\"");
    at = tag(at, 1, 8);
    put32(at + 8, 0x800000);
    put32(at + 12, 0x900000);
    at = tag(at, 3, 12);
    start = at;
    put32(at + 8, 24);
    at = tag(start, 6, pc_map(at + 16) - start - 8);
    put_text(at + 8, "RSD PTR ");
    at = tag(at, 14, 20);
    at = tag(at, 0, 0);
    put32(INFO, (uint32_t)(at - INFO));
    return at - 8;
}

static void pvh(void)
{
    memset(memory, 0, sizeof(memory));
    put32(INFO, PVH);
    put32(INFO + 4, 1);
    put32(INFO + 12, 1);
    put64(INFO + 16, MODULES);
    put64(MODULES, 0x800000);
    put64(MODULES + 8, 0x100000);
    put64(INFO + 24, TEXT);
    put_text(TEXT, "a \"b c\"");
    put64(INFO + 32, 0xf1234);
    put64(INFO + 40, MAP);
    put32(INFO + 48, (uint32_t)(pc_map(MAP) - MAP) / 24);
}

/* As vmd makes it: the map with an entry that ends it, the console, the end.
 * Returns where the console's block is. */
static size_t vmd(void)
{
    static const uint64_t map[][3] = {
        {0, 0x9fc00, 1}, {0x100000, 0x7ee0000, 1}, {0, 0, 0}};
    size_t at = LIST + 12;

    memset(memory, 0, sizeof(memory));
    put32(STACK + 4, 0);         /* howto */
    put32(STACK + 8, 0x400);     /* boot device */
    put32(STACK + 12, 0x0e);     /* API */
    put32(STACK + 16, 0x200000); /* the end of the image */
    put32(STACK + 32, LIST);
    for (unsigned i = 0; i < ARRAY_LEN(map); i++, at += 20) {
        put64(at, map[i][0]);
        put64(at + 8, map[i][1]);
        put32(at + 16, (uint32_t)map[i][2]);
    }
    put32(LIST + 4, (uint32_t)(at - LIST));
    put32(LIST + 8, (uint32_t)(at - LIST));
    put32(at, 5);
    put32(at + 4, 28);
    put32(at + 8, 28);
    put32(at + 28, UINT32_MAX);
    put32(STACK + 28, (uint32_t)(at + 28 - LIST));
    return at;
}

static void is_pc(void)
{
    ck_assert_uint_eq(b.total, 0x9fc00 + 0x7ee0000);
    ck_assert_uint_eq(b.memory.n, 2);
    ck_assert_uint_eq(b.memory.r[0].end, 0x9f000);
    ck_assert_uint_eq(b.memory.r[1].base, 0x100000);
    ck_assert_uint_eq(b.memory.r[1].end, 0x7fe0000);
    ck_assert(!regions_overlap(&b.free, INFO, INFO + 16));
    ck_assert(!regions_overlap(&b.free, 0x800000, 0x900000));
    ck_assert_uint_eq(b.module.base, 0x800000);
    ck_assert_uint_eq(b.module.end, 0x900000);
    ck_assert(regions_overlap(&b.free, 0x7fffff, 0x800000));
    ck_assert(regions_overlap(&b.free, 0x900000, 0x900001));
}

static void has_a_and_b_c(void)
{
    ck_assert_uint_eq(b.cmdline.n, 2);
    ck_assert_str_eq(b.cmdline.args[0], "a");
    ck_assert_str_eq(b.cmdline.args[1], "b c");
}

START_TEST(test_qemu_by_multiboot_puts_the_path_first)
{
    multiboot1("apps/hello.elf a \"b c\"", "qemu");
    ck_assert_ptr_null(read_by(MB1));
    ck_assert_int_eq(b.protocol, BOOT_MULTIBOOT1);
    is_pc();
    has_a_and_b_c();
    ck_assert(!regions_overlap(&b.free, MAP, MAP + 100));
}
END_TEST

START_TEST(test_grub_by_multiboot_does_not)
{
    multiboot1("a \"b c\"", "GRUB 2.06");
    ck_assert_ptr_null(read_by(MB1));
    has_a_and_b_c();
    multiboot1("path a \"b c\"", "GNU GRUB 0.97");
    ck_assert_ptr_null(read_by(MB1));
    has_a_and_b_c();
}
END_TEST

START_TEST(test_multiboot_without_a_map_has_two_sizes)
{
    multiboot1("x", "qemu");
    put32(INFO, 1);
    put32(INFO + 4, 639);
    put32(INFO + 8, 31744);
    ck_assert_ptr_null(read_by(MB1));
    ck_assert_uint_eq(b.total, (639 + 31744) * 1024);
    ck_assert_uint_eq(b.memory.r[1].base, 1 << 20);
    ck_assert_uint_eq(b.cmdline.n, 0);
    put32(INFO, 0);
    ck_assert_ptr_nonnull(read_by(MB1));
}
END_TEST

START_TEST(test_grub_by_multiboot2)
{
    multiboot2();
    ck_assert_ptr_null(read_by(MB2));
    ck_assert_int_eq(b.protocol, BOOT_MULTIBOOT2);
    is_pc();
    has_a_and_b_c();
    ck_assert(!b.efi);
    ck_assert_mem_eq(memory + b.rsdp, "RSD PTR ", 8);
}
END_TEST

START_TEST(test_uefi_and_framebuffer_tags)
{
    size_t at = multiboot2();
    uint64_t old;

    ck_assert_ptr_null(read_by(MB2));
    old = b.rsdp;
    at = tag(at, 12, 8);
    put8(at + 29, 1);
    at = tag(at, 8, 24);
    at = tag(at, 15, 36);
    at = tag(at, 0, 0);
    put32(INFO, (uint32_t)(at - INFO));
    ck_assert_ptr_null(read_by(MB2));
    ck_assert(b.efi);
    ck_assert_int_eq(b.display, DISPLAY_GRAPHICS);
    ck_assert_uint_ne(b.rsdp, old);
}
END_TEST

START_TEST(test_pvh_comes_first_whatever_eax_says)
{
    pvh();
    ck_assert_ptr_null(read_by(MB1));
    ck_assert_int_eq(b.protocol, BOOT_PVH);
    is_pc();
    has_a_and_b_c();
    ck_assert_uint_eq(b.rsdp, 0xf1234);
    put32(INFO + 4, 0); /* a version without a map */
    ck_assert_ptr_nonnull(read_by(MB1));
}
END_TEST

START_TEST(test_xens_first_domain_has_asked_for_the_map)
{
    uint8_t map[2 * BOOT_ENTRY_BYTES];
    struct phys small = phys;

    pvh();
    put32(INFO + 4, 0); /* the version; what it would not have is noise */
    put64(INFO + 40, UINT64_MAX);
    ck_assert_ptr_nonnull(read_by(0));
    memset(&b, 0, sizeof(b));
    memcpy(map, memory + MAP, BOOT_ENTRY_BYTES);
    memcpy(map + BOOT_ENTRY_BYTES, memory + MAP + 3 * 24, BOOT_ENTRY_BYTES);
    b.map = (struct span){map, sizeof(map)};
    small.size = INFO + 40; /* it is shorter, too */
    put64(INFO + 24, 0);
    put32(INFO + 12, 0);
    ck_assert_ptr_null(boot_info_read(&b, &small, 0, INFO, STACK));
    ck_assert_int_eq(b.protocol, BOOT_PVH);
    ck_assert_uint_eq(b.memory.n, 2);
    ck_assert_uint_eq(b.memory.r[1].end, 0x7fe0000);
    ck_assert_uint_eq(b.total, 0x9fc00 + 0x7ee0000);
    ck_assert(!regions_overlap(&b.free, INFO, INFO + 40));
}
END_TEST

START_TEST(test_vmd_says_it_on_its_stack)
{
    vmd();
    /* Its %ebx is 0. */
    ck_assert_ptr_null(boot_info_read(&b, &phys, 0, 0, STACK));
    memset(&b, 0, sizeof(b));
    ck_assert_ptr_null(read_by(0));
    ck_assert_int_eq(b.protocol, BOOT_OPENBSD);
    ck_assert_uint_eq(b.total, 0x9fc00 + 0x7ee0000);
    ck_assert_uint_eq(b.memory.n, 2);
    ck_assert_uint_eq(b.memory.r[0].end, 0x9f000);
    ck_assert_uint_eq(b.memory.r[1].base, 0x100000);
    ck_assert(!regions_overlap(&b.free, LIST, LIST + 100));
    ck_assert(regions_overlap(&b.memory, LIST, LIST + 100));
    ck_assert_uint_eq(b.cmdline.n, 0);
    ck_assert_ptr_null(b.cmdline.args[0]);
    ck_assert_uint_eq(b.rsdp, 0);
}
END_TEST

START_TEST(test_vmds_map_may_come_second)
{
    uint8_t block[72 + 28];
    size_t at = vmd(), n = at - LIST;

    memcpy(block, memory + at, 28);
    memcpy(block + 28, memory + LIST, n);
    memcpy(memory + LIST, block, 28 + n);
    ck_assert_ptr_null(read_by(0));
    ck_assert_uint_eq(b.memory.n, 2);
}
END_TEST

START_TEST(test_what_is_not_vmds_is_refused)
{
    size_t at;

    vmd();
    put32(STACK + 12, 2); /* an older API, without a map */
    ck_assert_ptr_nonnull(read_by(0));
    vmd();
    put32(STACK + 12, UINT32_MAX);
    ck_assert_ptr_nonnull(read_by(0));
    vmd();
    ck_assert_ptr_nonnull(boot_info_read(&b, &phys, 0, INFO, MEMORY_BYTES - 8));
    vmd();
    put32(STACK + 32, MEMORY_BYTES - 8);
    ck_assert_ptr_nonnull(read_by(0));
    vmd();
    put32(STACK + 28, UINT32_MAX);
    ck_assert_ptr_nonnull(read_by(0));
    vmd();
    put32(LIST + 4, 8); /* a block shorter than its head */
    ck_assert_ptr_nonnull(read_by(0));
    vmd();
    put32(LIST + 4, UINT32_MAX);
    ck_assert_ptr_nonnull(read_by(0));
    at = vmd();
    put32(LIST, 5); /* no map, only blocks without end */
    put32(at + 4, 28);
    ck_assert_ptr_nonnull(read_by(0));
    vmd();
    put32(LIST + 12 + 16, 0); /* an empty map */
    ck_assert_ptr_nonnull(read_by(0));
}
END_TEST

START_TEST(test_where_the_map_contradicts_itself_memory_is_not_usable)
{
    size_t at;

    pvh();
    at = entry(MAP, 0x100000, 0x1000000, 1);
    at = entry(at, 0x180000, 0x1000, 3);
    at = entry(at, 0x1000000, 0x200000, 1);     /* overlaps the first */
    at = entry(at, 4 * GIB, UINT64_MAX - 3, 1); /* wraps */
    at = entry(at, UINT64_MAX - 5, 100, 2);
    put32(INFO + 12, 0);
    put32(INFO + 48, (uint32_t)(at - MAP) / 24);
    ck_assert_ptr_null(read_by(MB1));
    ck_assert_uint_eq(b.memory.n, 3);
    ck_assert_uint_eq(b.memory.r[0].end, 0x180000);
    ck_assert_uint_eq(b.memory.r[1].base, 0x181000);
    ck_assert_uint_eq(b.memory.r[1].end, 0x1200000);
    ck_assert_uint_eq(b.memory.r[2].end, BOOT_ADDRESS_MAX);
    ck_assert_uint_eq(b.acpi.n, 1);
}
END_TEST

START_TEST(test_an_unknown_loader_or_no_information_is_refused)
{
    multiboot2();
    ck_assert_ptr_nonnull(read_by(0));
    ck_assert_ptr_nonnull(boot_info_read(&b, &phys, MB2, 0, 0));
    ck_assert_ptr_nonnull(boot_info_read(&b, &phys, MB2, MEMORY_BYTES - 4, 0));
    ck_assert_ptr_nonnull(boot_info_read(&b, &phys, MB1, 0xfffffff0, 0));
}
END_TEST

START_TEST(test_pointers_out_of_memory_are_refused)
{
    multiboot1("x", "qemu");
    put32(INFO + 16, 0xfffffff0);
    ck_assert_ptr_nonnull(read_by(MB1));
    multiboot1("x", "qemu");
    put32(INFO + 24, MEMORY_BYTES - 8);
    ck_assert_ptr_nonnull(read_by(MB1));
    multiboot1("x", "qemu");
    put32(INFO + 20, 65);
    ck_assert_ptr_nonnull(read_by(MB1));
    multiboot1("x", "qemu");
    put32(INFO + 48, 0xffff0000); /* no memory sizes either */
    ck_assert_ptr_nonnull(read_by(MB1));
    pvh();
    put64(INFO + 40, UINT64_MAX - 8);
    ck_assert_ptr_nonnull(read_by(0));
    pvh();
    put32(INFO + 48, 513);
    ck_assert_ptr_nonnull(read_by(0));
    pvh();
    put64(INFO + 24, UINT64_MAX);
    ck_assert_ptr_nonnull(read_by(0));
}
END_TEST

START_TEST(test_broken_tags_are_refused)
{
    size_t end = multiboot2();

    put32(end, 99); /* no end tag */
    ck_assert_ptr_nonnull(read_by(MB2));
    multiboot2();
    put32(INFO + 12, 7); /* a tag shorter than its head */
    ck_assert_ptr_nonnull(read_by(MB2));
    multiboot2();
    put32(INFO + 12, 0xfffffff8);
    ck_assert_ptr_nonnull(read_by(MB2));
    multiboot2();
    put32(INFO, 0xffffffff);
    ck_assert_ptr_nonnull(read_by(MB2));
    multiboot2();
    put32(INFO, 8);
    ck_assert_ptr_nonnull(read_by(MB2));
}
END_TEST

START_TEST(test_too_many_arguments_are_an_error_in_words)
{
    char line[2 * CMDLINE_ARGS + 8] = "path";

    for (unsigned i = 0; i <= CMDLINE_ARGS; i++)
        memcpy(line + 4 + 2 * i, " x", 2);
    multiboot1(line, "qemu");
    ck_assert_str_eq(read_by(MB1),
                     "the command line has more than 64 arguments");
}
END_TEST

START_TEST(test_a_long_command_line_is_not_cut_but_refused)
{
    static char line[3 * CMDLINE_BYTES];

    memset(line, 'x', CMDLINE_BYTES + 99);
    line[5] = ' '; /* the path is not counted */
    line[6 + CMDLINE_BYTES - 1] = 0;
    multiboot1("", "qemu");
    put32(INFO + 16, 0x10000);
    put_text(0x10000, line);
    ck_assert_ptr_null(read_by(MB1));
    ck_assert(!b.misused);
    ck_assert_uint_eq(strlen(b.cmdline.args[0]), CMDLINE_BYTES - 1);
    memset(line + 6, 'x', CMDLINE_BYTES);
    put_text(0x10000, line);
    ck_assert_str_eq(read_by(MB1),
                     "the command line is longer than 4095 bytes");
    ck_assert(b.misused);
    memset(line + 6, 'x', sizeof(line) - 7);
    line[2 * CMDLINE_BYTES - 9] = ' '; /* a path, and arguments without end */
    put_text(0x10000, line);
    ck_assert_str_eq(read_by(MB1),
                     "the command line is longer than 4095 bytes");
    ck_assert(b.misused);
}
END_TEST

/* Flip bytes of what is good; whatever comes out, free memory lies within
 * memory, and sanitizers see every access. */
START_TEST(test_twenty_thousand_mutations_are_survived)
{
    uint64_t seed = 1;

    for (unsigned i = 0; i < 20000; i++) {
        static const uint32_t magic[] = {MB1, MB2, PVH, 0};

        if (i % 4 == 0)
            multiboot1("path a \"b c\"", "qemu");
        else if (i % 4 == 1)
            multiboot2();
        else if (i % 4 == 2)
            pvh();
        else
            vmd();
        for (unsigned k = next_random(&seed) % 6 + 1; k > 0; k--) {
            size_t at = next_random(&seed) % 200;

            at += i % 4 == 3 ? STACK : next_random(&seed) % 2 ? INFO : MAP;
            put8(at, (uint8_t)next_random(&seed));
        }
        (void)read_by(magic[i % 4]);
        for (unsigned k = 0; k < b.free.n; k++) {
            ck_assert_uint_lt(b.free.r[k].base, b.free.r[k].end);
            ck_assert_uint_le(b.free.r[k].end, BOOT_ADDRESS_MAX);
            ck_assert(
                regions_overlap(&b.memory, b.free.r[k].base, b.free.r[k].end));
        }
        ck_assert_uint_le(b.cmdline.n, CMDLINE_ARGS);
        ck_assert_ptr_null(b.cmdline.args[b.cmdline.n]);
    }
}
END_TEST

RUN_TESTS("bootinfo", PANICS(), test_qemu_by_multiboot_puts_the_path_first,
          test_grub_by_multiboot_does_not,
          test_multiboot_without_a_map_has_two_sizes, test_grub_by_multiboot2,
          test_uefi_and_framebuffer_tags,
          test_pvh_comes_first_whatever_eax_says,
          test_xens_first_domain_has_asked_for_the_map, test_vmd_says_it_on_its_stack,
          test_vmds_map_may_come_second, test_what_is_not_vmds_is_refused,
          test_where_the_map_contradicts_itself_memory_is_not_usable,
          test_an_unknown_loader_or_no_information_is_refused,
          test_pointers_out_of_memory_are_refused, test_broken_tags_are_refused,
          test_too_many_arguments_are_an_error_in_words,
          test_a_long_command_line_is_not_cut_but_refused,
          test_twenty_thousand_mutations_are_survived)
