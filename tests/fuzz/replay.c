/* SPDX-License-Identifier: ISC */
/*
 * replay.c - runs a fuzzer's corpus through it, without a fuzzing engine.
 *
 *     replay_http [-m ROUNDS] FILE-OR-FOLDER...
 *
 * Built with every compiler and run in the fast tier: what once crashed stays
 * fixed.  Each input is also cut short at every length and changed ROUNDS
 * times, from a constant seed, which finds the plain mistakes without clang.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INPUT_MAX = 1 << 20, /* beyond: refused, a corpus holds small files */
    CUTS_MAX = 512       /* lengths to cut an input to; beyond: each 1/512th */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static unsigned long rounds = 64, ran;
static uint64_t dice = 1;
static const char *current; /* the file, and the input made of it */
static const uint8_t *input;
static size_t input_bytes;

static uint32_t roll(void)
{
    dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(dice >> 33);
}

/* A copy of exactly that size, so that a sanitizer sees one byte too far. */
static void run(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        abort();
    memcpy(copy, data, n);
    input = copy;
    input_bytes = n;
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    ran++;
}

static void change(uint8_t *data, size_t n)
{
    static const uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
    size_t at = roll() % n;

    switch (roll() % 3) {
    case 0:
        data[at] ^= (uint8_t)(1u << roll() % 8);
        break;
    case 1:
        data[at] = telling[roll() % sizeof(telling)];
        break;
    default:
        memmove(data + at, data + roll() % (at + 1), n - at > 8 ? 8 : n - at);
    }
}

static void vary(const uint8_t *data, size_t n)
{
    size_t step = n / CUTS_MAX + 1;
    uint8_t *work = malloc(n ? n : 1);

    if (!work)
        abort();
    run(data, n);
    for (size_t cut = 0; rounds > 0 && cut < n; cut += step)
        run(data, cut);
    for (unsigned long i = 0; n > 0 && i < rounds; i++) {
        memcpy(work, data, n);
        for (unsigned changes = 1 + roll() % 4; changes > 0; changes--)
            change(work, n);
        run(work, n);
    }
    free(work);
}

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX + 1);
    size_t n = file && data ? fread(data, 1, INPUT_MAX + 1, file) : 0;
    bool good = file && data && !ferror(file) && n <= INPUT_MAX;

    current = path;
    if (file)
        fclose(file);
    if (good)
        vary(data, n);
    else
        fprintf(stderr, "replay: cannot read %s\n", path);
    free(data);
    return good;
}

static bool replay(const char *path)
{
    struct stat st;
    struct dirent **names;
    bool good = true;
    int n;

    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return replay_file(path);
    n = scandir(path, &names, NULL, alphasort); /* the same order everywhere */
    if (n < 0) {
        fprintf(stderr, "replay: no such input: %s\n", path);
        return false;
    }
    for (int i = 0; i < n; i++) {
        char name[4096];

        snprintf(name, sizeof(name), "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            good &= replay_file(name);
        free(names[i]);
    }
    free(names);
    return good;
}

/* A crash says which input it was, and keeps it. */
static void keep_input(void)
{
    static const char name[] = "replay-crash.bin";
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t n = fd < 0 ? -1 : write(fd, input, input_bytes);

    fprintf(stderr, "replay: while at %s; the input is %s %s\n", current,
            n == (ssize_t)input_bytes ? "in" : "NOT in", name);
}

static void on_signal(int number)
{
    keep_input();
    signal(number, SIG_DFL);
    raise(number);
}

/* AddressSanitizer calls this by name. */
void __asan_on_error(void);
void __asan_on_error(void)
{
    keep_input();
}

int main(int argc, char **argv)
{
    static const int fatal[] = {SIGABRT, SIGILL, SIGTRAP, SIGFPE};
    bool good = true;
    int at = 1;

    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    if (argc > 2 && strcmp(argv[1], "-m") == 0) {
        rounds = strtoul(argv[2], NULL, 10);
        at = 3;
    }
    for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        signal(fatal[i], on_signal);
    for (; at < argc; at++)
        good &= replay(argv[at]);
    printf("%lu inputs\n", ran);
    return good && ran > 0 ? 0 : 1;
}
