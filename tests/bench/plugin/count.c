/* SPDX-License-Identifier: ISC */
/*
 * count.c - a QEMU plugin that counts guest instructions, exactly.
 *
 * All numbers live in a file that QEMU and the bench script both have mapped
 * (the board), so the script reads them at any moment and nothing has to be
 * asked for.  The script makes the file and says in it what to look at; see
 * ../board.py for the other side.
 *
 * Each instruction is counted on its own, not by block: a block that an
 * exception leaves half-way would otherwise count in full.  `rep` counts once
 * a repetition.  One guest CPU (-accel tcg,thread=single); no locks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu_api.h"

#define EXPORT __attribute__((visibility("default")))

enum { MARKS_MAX = 16, HITS_AT = 4096 };
static const uint64_t BOARD_MAGIC =
    UINT64_C(0x31647262746c6c42); /* "Blltbrd1" */

/* An address of interest: how often it ran, and what `total` was then. */
struct mark {
    uint64_t pc, hits, first, last;
};

struct board {
    uint64_t magic;
    uint64_t lo, hi; /* the image's code: hits are kept for each address */
    uint64_t nmarks;
    uint64_t total;   /* instructions since the machine was switched on */
    uint64_t started; /* whether code of the image has run... */
    uint64_t start;   /* ...and `total` before its first instruction */
    struct mark mark[MARKS_MAX];
};
_Static_assert(sizeof(struct board) <= HITS_AT, "the header is one page");

/* QEMU gives its callbacks no pointer of ours, so this one is a variable. */
static struct board *board;
static uint64_t *hits;

EXPORT int qemu_plugin_version = QEMU_API_VERSION;

static void on_mark(unsigned cpu, void *user)
{
    struct mark *m = user;

    (void)cpu;
    if (m->hits++ == 0)
        m->first = board->total;
    m->last = board->total;
}

/* As the linker counted.  An image moves itself into the upper half of the
 * address space, by a multiple of 4 GiB. */
static uint64_t linked(struct qemu_plugin_insn *insn)
{
    uint64_t pc = qemu_plugin_insn_vaddr(insn);

    return pc >> 63 ? (uint32_t)pc : pc;
}

static void watch(struct qemu_plugin_insn *insn)
{
    uint64_t pc = linked(insn);

    for (uint64_t i = 0; i < board->nmarks; i++)
        if (board->mark[i].pc == pc)
            qemu_plugin_register_vcpu_insn_exec_cb(
                insn, on_mark, QEMU_PLUGIN_CB_NO_REGS, &board->mark[i]);
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                               &board->total, 1);
    if (pc >= board->lo && pc < board->hi)
        qemu_plugin_register_vcpu_insn_exec_inline(
            insn, QEMU_PLUGIN_INLINE_ADD_U64, &hits[pc - board->lo], 1);
}

/* A block is translated right before it first runs, so the first one inside
 * the image is the moment at which the firmware hands over. */
static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t pc = linked(insn);

        if (!board->started && pc >= board->lo && pc < board->hi) {
            board->start = board->total;
            board->started = 1;
        }
        watch(insn);
    }
}

static bool board_open(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *p = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size >= HITS_AT)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                 fd, 0);
    if (fd >= 0)
        close(fd);
    if (p == MAP_FAILED)
        return false;
    board = p;
    hits = (uint64_t *)(void *)((char *)p + HITS_AT);
    return board->magic == BOARD_MAGIC && board->nmarks <= MARKS_MAX &&
           board->lo <= board->hi &&
           board->hi - board->lo <= ((uint64_t)st.st_size - HITS_AT) / 8;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                               const struct qemu_info *info, int argc,
                               char **argv)
{
    static const char key[] = "board=";

    (void)info;
    if (argc != 1 || strncmp(argv[0], key, sizeof(key) - 1) != 0 ||
        !board_open(argv[0] + sizeof(key) - 1)) {
        fprintf(stderr, "count: give board=FILE, made by board.py\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
