/* SPDX-License-Identifier: ISC */
/*
 * serial.c - COM1, output only.
 */
#include "console.h"
#include "io.h"

enum {
    COM1 = 0x3f8,
    DATA = COM1,       /* divisor, low */
    ENABLE = COM1 + 1, /* interrupts; divisor, high */
    FIFO = COM1 + 2,
    LINE = COM1 + 3,
    MODEM = COM1 + 4,
    STATUS = COM1 + 5,
    STATUS_EMPTY = 1 << 5, /* there is room for FIFO_BYTES */
    STATUS_IDLE = 1 << 6,  /* the last bit is on the line */
    FIFO_BYTES = 16,
    /* A byte takes 87 us and a look at the port at least 0.1 us, so a UART
     * that works is never given up; one that does not costs 0.1 s, once. */
    LOOKS_MAX = 65536
};

static struct {
    bool present;
    bool stuck; /* look once only, until it has moved on */
    unsigned fifo;
} serial;

void serial_start(void)
{
    out8(ENABLE, 0);
    out8(LINE, 0x80);
    out8(DATA, 1); /* 115200 */
    out8(ENABLE, 0);
    out8(LINE, 3);
    out8(FIFO, 7);
    out8(MODEM, 3);
    serial.present = in8(STATUS) != 0xff;
    serial.fifo = (in8(FIFO) & 0xc0) == 0xc0 ? FIFO_BYTES : 1;
}

static bool wait_for(uint8_t status)
{
    unsigned looks = serial.stuck ? 1 : LOOKS_MAX;

    while (looks-- > 0) {
        if (in8(STATUS) & status) {
            serial.stuck = false;
            return true;
        }
        cpu_pause();
    }
    serial.stuck = true;
    return false;
}

/* False: what is left is lost. */
static bool put(struct span s, size_t *room)
{
    while (s.n > 0) {
        size_t n, left;

        if (*room == 0) {
            if (!wait_for(STATUS_EMPTY))
                return false;
            *room = serial.fifo;
        }
        left = n = s.n < *room ? s.n : *room;
        __asm__ volatile("rep outsb"
                         : "+S"(s.p), "+c"(left)
                         : "d"(DATA)
                         : "memory");
        s.n -= n;
        *room -= n;
    }
    return true;
}

void serial_write(struct span text)
{
    size_t room = 0;

    while (serial.present && text.n > 0) {
        const uint8_t *newline = memchr(text.p, '\n', text.n);
        size_t n = newline ? (size_t)(newline - text.p) : text.n;

        if (!put((struct span){text.p, n}, &room) ||
            (newline && !put(SPAN("\r\n"), &room)))
            return;
        n += newline ? 1 : 0;
        text = (struct span){text.p + n, text.n - n};
    }
}

void serial_finish(void)
{
    if (serial.present)
        (void)wait_for(STATUS_IDLE);
}
