/* SPDX-License-Identifier: ISC */
/*
 * test_files.c - volumes as other programs make them (mtools, xorriso), in
 * partitions made here, and then with bytes of them changed.
 */
#include "../suite.h"

#include <disk/crc32.h>
#include <disk/volume.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MIB = 1 << 20, IMAGE_MAX = 40 * MIB, MUTATIONS = 800 };

static uint8_t *image;
static size_t image_bytes;
static struct files f;
static char folder[64];
static unsigned reads;

static enum err read_image(struct files *v, uint64_t sector, struct mspan into)
{
    uint64_t at = sector * BLK_SECTOR_BYTES;

    ck_assert_uint_eq(at % v->block, 0);
    ck_assert_uint_eq(into.n % v->block, 0);
    ck_assert_uint_le(at + into.n, image_bytes);
    memcpy(into.p, image + at, into.n);
    reads++;
    return OK;
}

static enum err look(const char *label)
{
    f.read = read_image;
    f.block = 512;
    f.cached = 0;
    return volume_search(&f, image_bytes, label);
}

static void sh(const char *line)
{
    char all[1024];

    snprintf(all, sizeof(all), "cd %s && exec 2>/dev/null && %s", folder, line);
    if (system(all) != 0) {
        fprintf(stderr, "%s: failed\n", line);
        exit(77); /* no such tool: skipped */
    }
}

static void load_image(const char *name, size_t at)
{
    char path[128];
    FILE *in;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    in = fopen(path, "rb");
    ck_assert_ptr_nonnull(in);
    image_bytes = at + fread(image + at, 1, IMAGE_MAX - at, in);
    image_bytes -= image_bytes % 512;
    fclose(in);
}

static void set_up(void)
{
    image = calloc(1, IMAGE_MAX);
    strcpy(folder, "/tmp/billet-files-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    sh("mkdir -p t/sub/deeper && printf 'key=value\\n' > t/user-data && "
       "printf 'id: 1' > t/meta-data && : > t/empty && "
       "seq 1 40000 > t/sub/numbers.txt && printf leaf > t/sub/deeper/Leaf && "
       "printf long > 't/a long name with Umlaut \xc3\xbc.text' && "
       "for i in $(seq 1 60); do printf $i > t/sub/file-number-$i; done");
}

static void tear_down(void)
{
    char line[128];

    snprintf(line, sizeof(line), "rm -rf %s", folder);
    (void)!system(line);
    free(image);
}

static void make_fat(int kind)
{
    static const char *const make[] = {
        "truncate -s 1440K i && mformat -i i -v CIDATA -f 1440 ::",
        "truncate -s 16M i && mformat -i i -v CIDATA -h 16 -t 32 -s 63 ::",
        "truncate -s 36M i && mformat -i i -F -c 1 -v CIDATA -h 16 -t 73 -s 63 "
        "::"};
    char line[256];

    snprintf(line, sizeof(line),
             "%s && LC_ALL=C.UTF-8 mcopy -s -i i t/* ::", make[kind]);
    sh(line);
    load_image("i", 0);
}

static void make_iso(int kind)
{
    static const char *const more[] = {"-J -R", "-J --norock", "--norock",
                                       "-R"};
    char line[256];

    snprintf(line, sizeof(line), "xorrisofs -quiet %s -V cidata -o i t 1>&2",
             more[kind]);
    sh(line);
    load_image("i", 0);
}

static void expect(const char *path, const char *what)
{
    static _Alignas(16) uint8_t text[1 << 19];
    size_t n;
    enum err err = files_read(&f, path, (struct mspan){text, sizeof(text)}, &n);

    ck_assert_msg(!err, "%s: %s", path, err_name(err));
    ck_assert_uint_eq(n, strlen(what));
    ck_assert_mem_eq(text, what, n);
}

static void expect_numbers(const char *path)
{
    static char want[1 << 19];
    static _Alignas(16) uint8_t text[1 << 19];
    size_t n, len = 0;
    struct file file;

    for (int i = 1; i <= 40000; i++)
        len += (size_t)sprintf(want + len, "%d\n", i);
    ck_assert_int_eq(
        files_read(&f, path, (struct mspan){text, sizeof(text)}, &n), OK);
    ck_assert_uint_eq(n, len);
    ck_assert_mem_eq(text, want, len);
    ck_assert_int_eq(files_read(&f, path, (struct mspan){text, 100}, &n),
                     E_FULL);
    ck_assert_int_eq(files_find(&f, path, &file), OK);
    for (uint64_t at = 200000; at > 60000; at -= 70000) { /* backwards, too */
        ck_assert_int_eq(
            files_get(&f, &file, at, (struct mspan){text + 1, 601}, &n), OK);
        ck_assert_uint_eq(n, 601);
        ck_assert_mem_eq(text + 1, want + at, n);
    }
    ck_assert_int_eq(
        files_get(&f, &file, len - 3, (struct mspan){text, 601}, &n), OK);
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(
        files_get(&f, &file, UINT64_MAX, (struct mspan){text, 601}, &n), OK);
    ck_assert_uint_eq(n, 0);
}

static void expect_all(void)
{
    struct file dir, e;
    uint64_t cursor = 0;
    unsigned n = 0;
    uint8_t byte;
    size_t got;

    expect("/user-data", "key=value\n");
    expect("meta-data", "id: 1");
    expect("empty", "");
    expect_numbers("sub/numbers.txt");
    expect("sub//deeper/Leaf", "leaf");
    expect("/sub/file-number-60", "60");
    ck_assert_int_eq(files_find(&f, "/nothing", &e), E_NOENT);
    ck_assert_int_eq(files_find(&f, "/user-data/x", &e), E_NOENT);
    ck_assert_int_eq(files_find(&f, "sub", &dir), OK);
    ck_assert(dir.dir);
    ck_assert_int_eq(files_get(&f, &dir, 0, (struct mspan){&byte, 1}, &got),
                     E_INVAL);
    while (!files_next(&f, &dir, &cursor, &e))
        n++;
    ck_assert_uint_eq(n, 62);
}

START_TEST(test_fat)
{
    static const uint8_t bits[] = {12, 16, 32};

    make_fat(_i);
    ck_assert_int_eq(look("nothing"), E_NOENT);
    ck_assert_int_eq(look("cidata"), OK);
    ck_assert_uint_eq(f.fat.bits, bits[_i]);
    expect_all();
    expect("A LONG name with Umlaut \xc3\xbc.TEXT", "long");
}
END_TEST

/* Written by who knows no file system: what is in pieces is not to be. */
START_TEST(test_where_a_file_lies)
{
    struct file file;
    uint64_t sector;

    sh("seq 1 9000 > n && seq 1 400 > a && truncate -s 16M i && "
       "mformat -i i -v CIDATA -h 16 -t 32 -s 63 -c 1 :: && "
       "mcopy -i i n ::one && mcopy -i i a ::two");
    load_image("i", 0);
    ck_assert_int_eq(look("cidata"), OK);
    ck_assert_int_eq(files_find(&f, "one", &file), OK);
    ck_assert_int_eq(files_run(&f, &file, &sector), OK);
    ck_assert_mem_eq(image + sector * 512, "1\n2\n3\n", 6);
    ck_assert_mem_eq(image + sector * 512 + file.size - 5, "9000\n", 5);
    image[f.fat.table + 2 * (file.start + 5)] ^= 1;
    f.cached = 0;
    ck_assert_int_ne(files_run(&f, &file, &sector), OK);
    ck_assert_int_eq(files_find(&f, "two", &file), OK);
    file.start = 0;
    file.at = 0;
    ck_assert_int_eq(files_run(&f, &file, &sector), E_PROTO);
    ck_assert_int_eq(files_run(&f, &f.root, &sector), E_REFUSED);
}
END_TEST

START_TEST(test_iso)
{
    make_iso(_i);
    ck_assert_int_eq(look("CIDATA"), OK);
    ck_assert_int_eq(f.iso.rock, _i == 0 || _i == 3);
    if (_i != 2) {
        expect_all();
        expect("a long name with Umlaut \xc3\xbc.text", "long");
    } else {
        expect("/user_dat", "key=value\n");
        expect_numbers("sub/numbers.txt");
    }
}
END_TEST

START_TEST(test_iso_on_a_disk_with_large_blocks)
{
    make_iso(0);
    image_bytes = (image_bytes + 4095) / 4096 * 4096;
    f.read = read_image;
    f.block = _i ? 4096 : 2048;
    f.cached = 0;
    ck_assert_int_eq(volume_search(&f, image_bytes, "cidata"), OK);
    expect_all();
}
END_TEST

/* Tables of partitions, made by hand. */
static void le(uint8_t *p, uint64_t v, unsigned n)
{
    while (n-- > 0) {
        *p++ = (uint8_t)v;
        v >>= 8;
    }
}

static void gpt_header_at(uint64_t lba, uint64_t entries)
{
    uint8_t *h = image + lba * 512;

    memset(h, 0, 512);
    memcpy(h, "EFI PART", 8);
    le(h + 8, 0x10000, 4);
    le(h + 12, 92, 4);
    le(h + 24, lba, 8);
    le(h + 72, entries, 8);
    le(h + 80, 8, 4);
    le(h + 84, 128, 4);
    le(h + 88, crc32(0, (struct span){image + entries * 512, 1024}), 4);
    le(h + 16, crc32(0, (struct span){h, 92}), 4);
}

static void gpt_entry(uint8_t *e, uint64_t first, uint64_t last)
{
    memset(e, 0, 128);
    e[0] = 1;
    le(e + 32, first, 8);
    le(e + 40, last, 8);
    le(e + 56, 's', 2);
}

static void in_gpt(void)
{
    uint64_t last;

    make_fat(0);
    memmove(image + MIB, image, image_bytes);
    memset(image, 0, MIB);
    image_bytes += 2 * MIB;
    last = image_bytes / 512 - 1;
    gpt_entry(image + 1024, 34, 100);             /* nothing readable */
    gpt_entry(image + 1024 + 256, 5, last + 100); /* beyond the disk */
    gpt_entry(image + 1024 + 384, 2048, 2048 + 2879);
    memcpy(image + (last - 4) * 512, image + 1024, 1024);
    gpt_header_at(1, 2);
    gpt_header_at(last, last - 4);
}

START_TEST(test_gpt_and_its_copy)
{
    in_gpt();
    if (_i == 1)
        image[512] ^= 1; /* no signature */
    else if (_i == 2)
        image[1024 + 130] ^= 1; /* entries that do not add up */
    ck_assert_int_eq(look("cidata"), OK);
    expect_all();
    if (_i == 1) {
        image[image_bytes - 512 + 30] ^= 1;
        ck_assert_int_eq(look("cidata"), E_NOENT);
    }
}
END_TEST

START_TEST(test_mbr_primary_and_logical)
{
    uint8_t *e = image + 446;

    make_fat(0);
    memmove(image + MIB, image, image_bytes);
    memset(image, 0, MIB);
    image_bytes += MIB;
    image[510] = image[66 * 512 + 510] = image[63 * 512 + 510] = 0x55;
    image[511] = image[66 * 512 + 511] = image[63 * 512 + 511] = 0xaa;
    if (_i == 0) {
        e[16 + 4] = 6;
        le(e + 16 + 8, 2048, 4);
        le(e + 16 + 12, 2880, 4);
    } else {
        e[4] = 5;
        le(e + 8, 63, 4);
        le(e + 12, 4000, 4);
        e = image + 63 * 512 + 446; /* empty, and the next: */
        e[16 + 4] = 5;
        le(e + 16 + 8, 3, 4);
        e = image + 66 * 512 + 446;
        e[4] = 6;
        le(e + 8, 2048 - 66, 4);
        le(e + 12, 2880, 4);
        e[16 + 4] = 5; /* and back to itself, for ever */
        le(e + 16 + 8, 3, 4);
    }
    ck_assert_int_eq(look("cidata"), OK);
    expect_all();
    ck_assert_int_eq(look("other"), E_NOENT);
}
END_TEST

START_TEST(test_a_chain_in_a_circle_ends)
{
    struct file file;
    uint8_t *table = image + 512;
    static uint8_t text[1 << 19];
    size_t n;

    make_fat(1);
    ck_assert_int_eq(look(NULL), OK);
    ck_assert_int_eq(files_find(&f, "sub/numbers.txt", &file), OK);
    table = image + f.fat.table;
    le(table + file.start * 2, file.start, 2);
    ck_assert_int_eq(look(NULL), OK);
    ck_assert_int_eq(files_read(&f, "sub/numbers.txt",
                                (struct mspan){text, sizeof(text)}, &n),
                     OK); /* as long as it says; nonsense within */
    ck_assert_int_eq(files_find(&f, "sub", &file), OK);
    le(table + file.start * 2, file.start, 2);
    ck_assert_int_eq(look(NULL), OK);
    ck_assert_int_eq(files_find(&f, "sub/none", &file), E_NOENT);
}
END_TEST

/* Everything that can be asked of a volume, with a bound. */
static void walk(struct file *dir, unsigned depth)
{
    static _Alignas(16) uint8_t text[4096];
    uint64_t cursor = 0;
    struct file e;
    size_t n;

    for (unsigned i = 0; i < 200 && !files_next(&f, dir, &cursor, &e); i++) {
        ck_assert_uint_lt(strlen(e.name), FILES_NAME_BYTES);
        if (e.dir && depth < 3)
            walk(&e, depth + 1);
        else if (!e.dir)
            (void)!files_get(&f, &e, e.size / 2,
                             (struct mspan){text, sizeof(text)}, &n);
    }
}

START_TEST(test_changed_bytes_do_no_harm)
{
    uint64_t dice = 88172645463325252u + (unsigned)_i;

    if (_i < 3)
        make_fat(_i);
    else if (_i == 3)
        in_gpt();
    else
        make_iso(_i - 4);
    for (unsigned i = 0; i < MUTATIONS; i++) {
        size_t at[3];
        uint8_t old[3];

        for (unsigned k = 0; k < 3; k++) {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            at[k] = (size_t)(dice >> 16) % (dice & 1 ? 4096 : 131072);
            if (_i > 3 && dice & 1)
                at[k] += 32768;
            at[k] %= image_bytes;
            old[k] = image[at[k]];
            image[at[k]] = (uint8_t)(dice >> 8);
        }
        if (!look(NULL))
            walk(&f.root, 0);
        for (unsigned k = 3; k-- > 0;)
            image[at[k]] = old[k];
    }
    ck_assert_int_eq(look(NULL), OK);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("files");
    TCase *tc = tcase_create("files");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, test_fat, 0, 3);
    tcase_add_test(tc, test_where_a_file_lies);
    tcase_add_loop_test(tc, test_iso, 0, 4);
    tcase_add_loop_test(tc, test_iso_on_a_disk_with_large_blocks, 0, 2);
    tcase_add_loop_test(tc, test_gpt_and_its_copy, 0, 3);
    tcase_add_loop_test(tc, test_mbr_primary_and_logical, 0, 2);
    tcase_add_test(tc, test_a_chain_in_a_circle_ends);
    tcase_add_loop_test(tc, test_changed_bytes_do_no_harm, 0, 8);
    suite_add_tcase(s, tc);
    if (system("mformat --version >/dev/null 2>&1") ||
        system("xorrisofs --version >/dev/null 2>&1"))
        return 77;
    return suite_run(s);
}
