/* SPDX-License-Identifier: ISC */
/*
 * nvme_start.c - bringing an NVMe controller up (NVMe 1.4, 7.6.1): reset, the
 * admin queue, who it is, the first namespace, a pair of queues.
 */
#include <base/dma.h>
#include <nvme/nvme_impl.h>

enum {
    IDENTIFY_SPACE = 0,
    IDENTIFY_CONTROLLER = 1,
    IDENTIFY_SPACES = 2,
    LBA_FORMATS = 16,
    PAGES = 5 /* two queues of two parts, and what is identified */
};
#define ADMIN_NS (10 * NS_PER_SEC) /* for a command of the start */

static bool fail(struct nvme *v, const char *why)
{
    if (!v->blk.failed) {
        v->blk.failed = true;
        v->blk.failure = why;
        nvme_stop(v);
    }
    return false;
}

static bool is_down(void *user)
{
    struct nvme *v = user;

    return !(v->regs->read(v->regs, REG_CSTS) & CSTS_READY);
}

static bool is_up(void *user)
{
    struct nvme *v = user;

    return v->regs->read(v->regs, REG_CSTS) & (CSTS_READY | CSTS_FATAL);
}

static void put_register(struct nvme *v, unsigned at, uint64_t value)
{
    v->regs->write(v->regs, at, (uint32_t)value);
    v->regs->write(v->regs, at + 4, (uint32_t)(value >> 32));
}

static void quieten(struct regs *r)
{
    r->write(r, REG_INTMS, 1);
}

static bool reset(struct nvme *v, const struct blk_host *host)
{
    uint32_t low = v->regs->read(v->regs, REG_CAP);
    uint32_t high = v->regs->read(v->regs, REG_CAP + 4);
    ns_t patience = ((low >> 24) + 1) * 500 * NS_PER_MS;
    uint16_t entries = NVME_ENTRIES;

    if (low == UINT32_MAX || high >> 16 & 15)
        return fail(v, "its pages are not of 4096 bytes");
    v->stride = 4u << (high & 15);
    if (v->stride * 4 > v->regs->bytes - REG_DOORBELLS)
        return fail(v, "its doorbells are beyond its registers");
    if ((low & 0xffff) < entries - 1u)
        entries = (uint16_t)((low & 0xffff) + 1);
    if (entries < 2)
        return fail(v, "its queues are too short");
    v->admin.entries = v->io.entries = entries;
    v->admin.phase = v->io.phase = true;
    v->io.id = NVME_IO;
    v->regs->write(v->regs, REG_CC, 0);
    if (!regs_wait(host, patience, is_down, v))
        return fail(v, "its reset never completed");
    v->regs->write(v->regs, REG_AQA, (entries - 1u) << 16 | (entries - 1u));
    put_register(v, REG_ASQ, dma_address(v->admin.sq));
    put_register(v, REG_ACQ, dma_address(v->admin.cq));
    /* entries of 64 and 16 bytes, pages of 4096 */
    v->regs->write(v->regs, REG_CC, 4u << 20 | 6u << 16 | 1);
    if (!regs_wait(host, patience, is_up, v) ||
        v->regs->read(v->regs, REG_CSTS) & CSTS_FATAL)
        return fail(v, "it never became ready");
    return true;
}

static bool has_answer(void *user)
{
    return nvme_has_answer(&((struct nvme *)user)->admin);
}

/* Shows the command that was put last, and waits for its answer.  The status,
 * or -1 when there was none. */
static int ask(struct nvme *v, const struct blk_host *host)
{
    struct nvme_answer a;

    if (v->regs->line)
        v->regs->write(v->regs, REG_INTMC, 1);
    nvme_show(v, &v->admin);
    if (!regs_wait(host, ADMIN_NS, has_answer, v) ||
        !nvme_take(&v->admin, &a)) {
        fail(v, "it does not answer");
        return -1;
    }
    nvme_taken(v, &v->admin);
    if ((a.word[3] & 0xffff) != 0 || a.word[2] >> 16 != 0) {
        fail(v, "it answered what nobody asked");
        return -1;
    }
    return (int)(a.word[3] >> 17 & 0x7fff);
}

static bool identify(struct nvme *v, const struct blk_host *host, uint32_t what,
                     uint32_t space)
{
    struct nvme_command *c = nvme_next(&v->admin, ADMIN_IDENTIFY, 0);

    c->word[1] = space;
    nvme_put64(&c->word[6], dma_address(v->page));
    c->word[10] = what;
    memset(v->page, 0, NVME_PAGE);
    return ask(v, host) == 0;
}

static bool read_controller(struct nvme *v, const struct blk_host *host)
{
    uint8_t mdts;

    if (!identify(v, host, IDENTIFY_CONTROLLER, 0))
        return fail(v, "it does not say who it is");
    blk_name(v->blk.serial, v->page + 4, 20);
    mdts = v->page[77];
    v->blk.max_bytes = mdts == 0 || mdts > 4 ? (uint32_t)BLK_BYTES_MAX
                                             : (uint32_t)NVME_PAGE << mdts;
    v->blk.has_flush = v->page[525] & 1;
    v->blk.has_discard = v->page[520] & 4;
    return true;
}

/* The first namespace: how large, and how large its blocks are. */
static bool read_space(struct nvme *v, const struct blk_host *host)
{
    const uint8_t *format;

    v->space = 1;
    if (identify(v, host, IDENTIFY_SPACES, 0) && le32(v->page) != 0)
        v->space = le32(v->page);
    if (v->blk.failed || !identify(v, host, IDENTIFY_SPACE, v->space))
        return fail(v, "it has no namespace");
    format = v->page + 128 + (size_t)4 * (v->page[26] % LBA_FORMATS);
    if (le16(format) != 0)
        return fail(v, "its blocks carry data of their own");
    v->shift = format[2];
    if (v->shift < 9 || v->shift > 12)
        return fail(v, "its blocks are not of 512 to 4096 bytes");
    v->blk.block_size = 1u << v->shift;
    if (le64(v->page) > UINT64_MAX >> v->shift)
        return fail(v, "its size makes no sense");
    v->blk.sectors = le64(v->page) << (v->shift - 9);
    return true;
}

static bool make_queues(struct nvme *v, const struct blk_host *host)
{
    struct nvme_command *c = nvme_next(&v->admin, ADMIN_CREATE_CQ, 0);

    nvme_put64(&c->word[6], dma_address(v->io.cq));
    c->word[10] = (v->io.entries - 1u) << 16 | NVME_IO;
    c->word[11] = 2 | 1; /* interrupts, by message 0; in one piece */
    if (ask(v, host))
        return fail(v, "it refused a queue");
    c = nvme_next(&v->admin, ADMIN_CREATE_SQ, 0);
    nvme_put64(&c->word[6], dma_address(v->io.sq));
    c->word[10] = (v->io.entries - 1u) << 16 | NVME_IO;
    c->word[11] = NVME_IO << 16 | 1;
    if (ask(v, host))
        return fail(v, "it refused a queue");
    return true;
}

static bool begin(struct nvme *v, const struct blk_host *host)
{
    const char *why;

    if (!reset(v, host) || !read_controller(v, host) || !read_space(v, host) ||
        !make_queues(v, host))
        return false;
    v->blk.polled = !v->regs->interrupts;
    v->blk.depth = (uint8_t)(v->io.entries - 1u < BLK_DEPTH ? v->io.entries - 1u
                                                            : BLK_DEPTH);
    why = blk_init(&v->blk);
    return why ? fail(v, why) : true;
}

size_t nvme_bytes(void)
{
    return sizeof(struct nvme) + _Alignof(struct nvme) +
           sizeof(struct nvme_frame) * (BLK_DEPTH + 1) +
           (PAGES + 1) * (size_t)NVME_PAGE;
}

struct blk *nvme_attach(struct regs *regs, const struct blk_host *host)
{
    struct nvme *v = arena_try(host->arena, sizeof(*v), _Alignof(struct nvme));
    struct nvme_frame *frame =
        arena_try(host->arena, sizeof(*frame) * BLK_DEPTH, sizeof(*frame));
    uint8_t *pages =
        arena_try(host->arena, PAGES * (size_t)NVME_PAGE, NVME_PAGE);

    if (!v || !frame || !pages)
        return NULL;
    memset(pages, 0, PAGES * (size_t)NVME_PAGE);
    *v = (struct nvme){.blk = {.ops = &nvme_ops},
                       .regs = regs,
                       .frame = frame,
                       .page = pages,
                       .admin = {.sq = (void *)(pages + NVME_PAGE),
                                 .cq = (void *)(pages + 2 * NVME_PAGE)},
                       .io = {.sq = (void *)(pages + 3 * NVME_PAGE),
                              .cq = (void *)(pages + 4 * NVME_PAGE)}};
    memcpy(v->blk.device, regs->name, sizeof(v->blk.device));
    regs->quieten = quieten;
    (void)begin(v, host);
    return &v->blk;
}
