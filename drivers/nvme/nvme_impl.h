/* SPDX-License-Identifier: ISC */
/*
 * nvme_impl.h - shared by nvme.c, which runs, and nvme_start.c, which starts.
 */
#ifndef NVME_IMPL_H
#define NVME_IMPL_H

#include <base/bytes.h>
#include <nvme/nvme.h>

enum { /* registers, NVMe 1.4, 3.1 */
       REG_CAP = 0x00,
       REG_INTMS = 0x0c,
       REG_INTMC = 0x10,
       REG_CC = 0x14,
       REG_CSTS = 0x1c,
       REG_AQA = 0x24,
       REG_ASQ = 0x28,
       REG_ACQ = 0x30,
       REG_DOORBELLS = 0x1000
};
enum { CSTS_READY = 1, CSTS_FATAL = 2 };
enum { /* commands */
       ADMIN_CREATE_SQ = 0x01,
       ADMIN_CREATE_CQ = 0x05,
       ADMIN_IDENTIFY = 0x06,
       IO_FLUSH = 0x00,
       IO_WRITE = 0x01,
       IO_READ = 0x02,
       IO_DATASET = 0x09
};
enum {
    NVME_PAGE = 4096,
    NVME_ENTRIES = 64, /* of a queue: a page of commands */
    NVME_PRPS = 16,    /* pages of a request behind its first */
    NVME_IO = 1        /* the queue's number */
};

struct nvme_command {
    uint32_t word[16];
};
struct nvme_answer {
    uint32_t word[4];
};

struct nvme_queue {
    struct nvme_command *sq;
    struct nvme_answer *cq;
    uint16_t entries, tail, shown, head;
    uint16_t id;
    bool phase; /* of the answers that are new */
};

/* What the controller reads beside a command. */
struct nvme_frame {
    uint64_t prp[NVME_PRPS];
    uint8_t range[16];
    uint8_t spare[112]; /* a list may not cross a page */
};
_Static_assert(sizeof(struct nvme_frame) == 256, "sixteen to a page");

struct nvme {
    struct blk blk;
    struct regs *regs;
    struct nvme_queue admin, io;
    struct nvme_frame *frame; /* BLK_DEPTH of them, by slot */
    uint8_t *page;            /* what is identified */
    uint32_t space;           /* the namespace */
    uint32_t stride;          /* bytes between doorbells */
    uint8_t shift;            /* of a block: 9 to 12 */
};

void nvme_put64(uint32_t *words, uint64_t v);
/* The next command of a queue, all zero but its number. */
struct nvme_command *nvme_next(struct nvme_queue *, uint8_t op, uint16_t id);
void nvme_show(struct nvme *, struct nvme_queue *);
/* The next new answer, or false.  The words are a copy. */
MUST_USE bool nvme_take(struct nvme_queue *, struct nvme_answer *);
/* Tell the controller how far its answers were read. */
void nvme_taken(struct nvme *, const struct nvme_queue *);
bool nvme_has_answer(const struct nvme_queue *);
void nvme_stop(struct nvme *);

extern const struct blk_ops nvme_ops;

#endif
