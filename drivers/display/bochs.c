/* SPDX-License-Identifier: ISC */
/*
 * bochs.c - see bochs.h.
 */
#include <display/bochs.h>

enum reg {
    ID,
    XRES,
    YRES,
    BPP,
    ENABLE,
    BANK,
    VIRT_WIDTH,
    VIRT_HEIGHT,
    X_OFFSET,
    Y_OFFSET,
    MEMORY_64K
};
enum {
    ID_MASK = 0xfff0,
    ID_MAGIC = 0xb0c0,
    ID_LINEAR = 2, /* the first with a linear picture */
    ON = 1,
    LINEAR = 0x40,
    BITS = 32
};

const char *bochs_start(struct bochs_regs *r, uint32_t width, uint32_t height,
                        uint64_t bytes)
{
    uint64_t need = (uint64_t)width * height * 4;
    uint16_t id = r->read(r, ID);

    if ((id & ID_MASK) != ID_MAGIC || (id & ~ID_MASK) < ID_LINEAR)
        return "it is no Bochs display";
    if (need > bytes || need > (uint64_t)r->read(r, MEMORY_64K) << 16)
        return "its memory is too small";
    r->write(r, ENABLE, 0);
    r->write(r, XRES, (uint16_t)width);
    r->write(r, YRES, (uint16_t)height);
    r->write(r, BPP, BITS);
    r->write(r, BANK, 0);
    r->write(r, VIRT_WIDTH, (uint16_t)width);
    r->write(r, VIRT_HEIGHT, (uint16_t)height);
    r->write(r, X_OFFSET, 0);
    r->write(r, Y_OFFSET, 0);
    r->write(r, ENABLE, ON | LINEAR);
    if (r->read(r, XRES) != width || r->read(r, YRES) != height ||
        r->read(r, BPP) != BITS || r->read(r, VIRT_WIDTH) != width ||
        (r->read(r, ENABLE) & (ON | LINEAR)) != (ON | LINEAR)) {
        r->write(r, ENABLE, 0);
        return "it does not take that size";
    }
    return NULL;
}
